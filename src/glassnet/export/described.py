"""A model as plain data, for the engine in JavaScript: its layers with their arrays, equations and source."""

import base64
import math
from typing import Any

import numpy as np

from glassnet.explanation.backward import REMARKS, way_back
from glassnet.explanation.equations import equations
from glassnet.explanation.given import image_shape, output_names
from glassnet.explanation.source import lines_of, source_of
from glassnet.model.model import Model
from glassnet.nn.array import Array
from glassnet.nn.decision import Decision
from glassnet.nn.errors import InputError, require
from glassnet.nn.layer import Layer
from glassnet.nn.loss import Loss
from glassnet.nn.network import Network
from glassnet.nn.plain import plain
from glassnet.nn.settings import describe, to_table
from glassnet.tables.schema import Schema

CORE = "glassnet.nn."  # every layer and loss that is defined here has its like in `web/nn`


def described(network: Network, decision: Decision | None = None) -> dict[str, Any]:
    """A network as the engine takes it, with the choice between its two classes, if one was made.

    Raises:
        InputError: a layer or a loss of your own; outputs that are not flat; numbers that are not finite in float32.
    """
    for part in (*network.layers, network.loss):
        if not type(part).__module__.startswith(CORE):
            raise InputError(
                f"{type(part).__name__} has no form in JavaScript; only layers and losses of glassnet have"
            )
    require(
        len(network.output_shape) == 1,
        f"expected a network with flat outputs (M,), but these have shape {network.output_shape}: end it in Flatten() "
        "or Dense(classes)",
    )
    notes: list[dict[str, Any]] = []
    layers = [_layer(layer, notes) for layer in network.layers]
    return {
        "inputShape": list(network.input_shape),
        "outputShape": list(network.output_shape),
        "imageShape": image_shape(network.input_shape, network.input_shape),
        "classes": [] if network.task == "regression" else list(map(_shown, network.class_names)),
        "outputs": list(map(_shown, output_names(network))),
        "threshold": network.threshold,
        "decision": decision._asdict() if decision else None,
        "loss": loss_of(network.loss),
        "layers": layers,
        "notes": notes,
    }


def _shown(name: str) -> str:
    """A name as one plain line in which something can be seen."""
    return plain(name) if name.strip() else "(empty)"


def takes(model: Model) -> str:
    """What its input is: "writing", in the form of MNIST or of the UCI digits; "image"; "table"; or "numbers"."""
    shape = model.network.input_shape
    if model.schema:
        return "table"
    drawn = len(shape) in (2, 3) and image_shape(shape, shape) == shape
    if not drawn and not (model.about.get("data", {}).get("white") and image_shape(shape, shape)):
        return "numbers"
    signs = bool(model.classes) and all(len(name) == 1 for name in model.classes)
    sides = (image_shape(shape, shape) or ())[:2]
    return "writing" if signs and sides in ((28, 28), (8, 8)) and math.prod(sides) == math.prod(shape) else "image"


def table_of(schema: Schema) -> dict[str, Any]:
    """The columns of a table, and how their cells become inputs."""
    return {
        "target": plain(schema.target.name),
        "inputs": list(map(plain, schema.input_names)),
        "unknown": schema.unknown,
        "columns": [
            {
                "name": plain(column.name),
                "kind": column.kind,
                "unit": plain(column.form.unit),
                "categories": list(map(plain, column.categories)),
                "parts": [] if column.categories else column.parts,
                "fill": column.fill,
                "mean": column.mean,
            }
            for column in schema.inputs
        ],
    }


def _layer(layer: Layer, notes: list[dict[str, Any]]) -> dict[str, Any]:
    """A layer; what is the same for others of its kind stands in the notes once."""
    note = note_of(layer)
    if note not in notes:
        notes.append(note)
    arrays = {name: getattr(layer, name) for name in (*layer.parameters(), *layer.buffers())}
    return {
        "name": layer.name,
        "kind": type(layer).__name__,
        "description": describe(layer),
        "settings": plain_settings(layer),
        "inputShape": list(layer.input_shape),
        "outputShape": list(layer.output_shape),
        "parameters": list(layer.parameters()),
        "shapes": {name: list(array.shape) for name, array in arrays.items()},
        "arrays": {name: packed(array, f"{layer.name}.{name}") for name, array in arrays.items()},
        "note": notes.index(note),
    }


def note_of(layer: Layer) -> dict[str, Any]:
    """How a layer of a network computes, in its own words: its equations and its source."""
    x = np.zeros((1, *layer.input_shape), layer.dtype)
    return {
        "forward_equations": equations(type(layer), "Forward"),
        "backward_equations": equations(type(layer), "Backward"),
        "remark": REMARKS.get(way_back(layer, x), ""),
        "source": source_of(layer, x),
    }


def loss_of(loss: Loss) -> dict[str, Any]:
    """A loss as the engine takes it."""
    return {
        "kind": type(loss).__name__,
        "description": describe(loss),
        "settings": plain_settings(loss),
        "probabilistic": loss.probabilistic,
        "softmax": loss.softmax,
        "least_yes": loss.least_yes,
        "forward_equations": equations(type(loss), "Forward"),
        "backward_equations": equations(type(loss), "Backward"),
        "source": {"forward": lines_of(type(loss).predict), "backward": lines_of(type(loss).backward_each)},
    }


def plain_settings(part: Layer | Loss) -> dict[str, Any]:
    """The settings that are numbers, texts or lists of them; not how weights begin."""
    return {name: value for name, value in to_table(part).items() if name != "type" and not isinstance(value, dict)}


def packed(array: Array, name: str) -> dict[str, str]:
    """An array as base64, little-endian: float16 where that holds every number, else float32.

    Raises:
        InputError: it holds NaN, infinity or a number beyond float32.
    """
    with np.errstate(over="ignore"):
        single, half = array.astype("<f4"), array.astype("<f2")
    require(
        bool(np.isfinite(single).all()),
        f"{name} holds NaN, infinity or a number beyond float32, so the model is of no use in a page",
    )
    kind, chosen = ("f16", half) if np.array_equal(half.astype(np.float32), single) else ("f32", single)
    return {kind: base64.b64encode(np.ascontiguousarray(chosen).data).decode("ascii")}
