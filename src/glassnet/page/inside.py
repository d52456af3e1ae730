"""A look inside: the whole network, one layer, or one unit, with the numbers of one example.

Everything is plain data that `wire` can send. The numbers are those of `explain`. The network stays as it is, so that
several threads may look at once.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.explanation.backward import REMARKS, back_to, pass_back, slopes_of, way_back
from glassnet.explanation.equations import at, equations
from glassnet.explanation.example import attributed, worked_dlogit
from glassnet.explanation.given import (
    image_shape,
    index_within,
    one_example,
    pixel_index,
    position_of,
    positive,
)
from glassnet.explanation.neuron import outgoing_weights
from glassnet.explanation.passes import ForwardPass, LossPass
from glassnet.explanation.reads import reads
from glassnet.explanation.records import Index, LayerPass, Worked, effect_on
from glassnet.explanation.source import source_of
from glassnet.explanation.thread import carried, layer_pass, path_of, strongest_input
from glassnet.explanation.worked import meetings, worked_backward, worked_forward
from glassnet.nn.array import Array
from glassnet.nn.conv import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.errors import require
from glassnet.nn.layer import Layer
from glassnet.nn.network import Network
from glassnet.nn.norm import BatchNorm
from glassnet.nn.pool import Pool2D
from glassnet.nn.settings import describe
from glassnet.page.equation import equation
from glassnet.page.prediction import PREDICTION, prediction

INPUT = "input"  # the name under which the picture stands below the first layer
MOST_VALUES = 300_000  # of an array that is sent
MOST_PLACES = 64  # inputs listed for an equation without terms
MOST_UNITS = 256  # units whose weights are sent at once


def layers(network: Network, x: Array, label: int | None = None) -> dict[str, Any]:
    """What each layer makes of the example; with a label also the loss, and its gradient at each layer.

    Raises:
        InputError: as `explain`.
    """
    if label is None:
        logits, ys = _forward(network, x)
        dx = loss = dlogits = None
        dys: Sequence[Array | None] = [None] * len(ys)
    else:
        forward = ForwardPass.of(network, x)
        end = LossPass.of(forward, label)
        ys, logits, loss, dlogits = [y[0] for y in forward.outputs], forward.logits, end.loss, end.dlogits[0]
        dx, *dys = _gradients(forward, end)
    return {
        "layers": [{**_about(layer), "y": y, "dy": dy} for layer, y, dy in zip(network.layers, ys, dys, strict=True)],
        "input": {"shape": list(network.input_shape), "dy": dx},
        "logits": logits[0],
        "prediction": network.loss.predict(logits)[0],
        "label": label,
        "loss": loss,
        "dlogits": dlogits,
    }


def layer(network: Network, x: Array, name: str, label: int | None = None, lr: float = 0.1) -> dict[str, Any]:
    """All arrays of one layer, its equations, and the lines of source behind them.

    Raises:
        InputError: as `explain`; there is no such layer.
    """
    lr, position = positive(lr, "lr"), position_of(network, name)
    forward = ForwardPass.of(network, x)
    part, x_in = forward.network.layers[position], forward.inputs[position]
    arrays: dict[str, Array | None] = {"x": x_in[0], "y": forward.outputs[position][0], "dx": None, "dy": None}
    parameters = {key: getattr(part, key) for key in part.parameters()}
    gradients: dict[str, Array | None] = dict.fromkeys(parameters)
    if label is not None:
        dy = _dy(forward, LossPass.of(forward, label), position)
        arrays |= {"dx": pass_back(part, x_in, dy)[0].copy(), "dy": dy[0]}
        gradients = {key: getattr(part, f"d{key}").copy() for key in parameters}
    updates = {key: None if gradient is None else -lr * gradient for key, gradient in gradients.items()}
    groups = {"parameters": parameters, "gradients": gradients, "updates": updates}
    left_out = [key for key, array in (arrays | parameters).items() if array is not None and array.size > MOST_VALUES]
    return {
        **_about(part),
        "below": _below(network, position),
        **{key: _unless_large(array) for key, array in arrays.items()},
        **{group: {key: _unless_large(array) for key, array in of.items()} for group, of in groups.items()},
        "left_out": left_out,
        "forward_equations": list(equations(type(part), "Forward")),
        "backward_equations": list(equations(type(part), "Backward")),
        "remark": REMARKS.get(way_back(part, x_in), ""),
        "source": source_of(part, x_in),
    }


def unit(
    network: Network, x: Array, name: str, index: Sequence[int], label: int | None = None, lr: float = 0.1
) -> dict[str, Any]:
    """One unit of a layer, a pixel of the "input", or a "prediction": its number, where it comes from, where it goes.

    Args:
        index: in the output of the layer; a pixel also as its row and column.

    Raises:
        InputError: as `explain`; there is no such layer or unit.
    """
    lr = positive(lr, "lr")
    if name == INPUT:
        return _pixel(network, x, index, label)
    if name == PREDICTION:
        return prediction(network, x, index, label)
    position = position_of(network, name)
    place = index_within(network.layers[position].output_shape, index, name)
    forward = ForwardPass.of(network, x)
    end = None if label is None else LossPass.of(forward, label)
    part, p = forward.network.layers[position], _pass(forward, position, end, place)
    gradient = None if end is None else gradient_like_weights(part, p)
    read = reads(part, place, p.slopes)
    return {
        **_about(part),
        "index": list(place),
        "below": _below(network, position),
        "y": float(p.y[place]),
        "dy": None if end is None else float(p.dy[place]),
        "forward": [equation(worked, part, places=read[:MOST_PLACES]) for worked in worked_forward(part, p)],
        "backward": []
        if end is None
        else [equation(worked, part, above=[place]) for worked in worked_backward(part, p)],
        "dy_from": None if end is None else _dy_from(forward, end, position, place),
        "forward_equations": list(equations(type(part), "Forward")),
        "backward_equations": list(equations(type(part), "Backward")),
        "remark": p.remark,
        "x": p.x,
        "window": _window(read) if isinstance(part, Conv2D | Pool2D) else None,
        "corner": _corner(part, place),
        "weights": p.slopes,
        "gradient": gradient,
        "update": None if gradient is None else -lr * gradient,
        "bias": _bias(part, place),
        "parameters": _own_parameters(part, p, lr, learns=end is not None),
        "feeds": _feeds(forward, position, place),
        "source": source_of(part, forward.inputs[position]),
    }


def speaks(network: Network, x: Array) -> dict[str, Any]:
    """Which pixels speak for and against each class: {"effects": (classes, H, W)}.

    Raises:
        InputError: as `explain`.
    """
    forward = ForwardPass.of(network, x)
    attributions, _ = attributed(forward, named=False)
    logits = forward.logits[0]
    effects = np.array(
        [effect_on(k, attributions, logits if network.loss.softmax else None) for k in range(len(logits))]
    )
    return {"effects": effects.reshape(len(logits), *(image_shape(np.shape(x), network.input_shape) or np.shape(x)))}


def weights(network: Network, name: str, first: int = 0, count: int = 64) -> dict[str, Any]:
    """The weights of `count` units of a layer from the unit `first` on, one picture for each unit.

    Returns:
        "weights": for a dense layer (n, D), or (n, H, W) if the layer is the first with weights and sees an image; for
        a convolution (n, K, K, C), its filters. "units": the number of all units.

    Raises:
        InputError: there is no such layer, it has no weights, or the range is wrong.
    """
    position = position_of(network, name)
    part = network.layers[position]
    require(isinstance(part, Dense | Conv2D), f"{name}: expected a layer with weights W, such as Dense or Conv2D")
    units = part.output_shape[-1]
    whole = type(first) is int and type(count) is int
    require(
        whole and 0 <= first < units and 1 <= count <= MOST_UNITS,
        f"{name}: expected a first unit from 0 to {units - 1} and a count from 1 to {MOST_UNITS}",
    )
    chosen = np.moveaxis(part.W[..., first : first + count], -1, 0)
    shape = image_shape(network.input_shape, network.input_shape)
    is_first = not any(below.parameters() for below in network.layers[:position])
    if isinstance(part, Dense) and is_first and shape and part.input_shape[0] == np.prod(shape):
        chosen = chosen.reshape(len(chosen), *shape)
    return {**_about(part), "weights": np.ascontiguousarray(chosen), "first": first, "units": units}


def first_weights(network: Network, count: int = 24) -> Array | None:
    """The weights of the first units of the first layer with weights, as in `weights`; None if there is none."""
    first = next((layer.name for layer in network.layers if isinstance(layer, Dense | Conv2D)), None)
    found: Array | None = None if first is None else weights(network, first, 0, count)["weights"]
    return found


def gradient_like_weights(part: Layer, p: LayerPass) -> Array | None:
    """dLoss/dweight for the weight of each input of the unit, in the shape of x; None if inputs have no weights."""
    if isinstance(part, Dense):
        return p.gradients["W"][:, p.unit[0]].copy()
    if isinstance(part, Conv2D):
        return _filter_at(part, p, p.gradients["W"])
    return None


def _filter_at(part: Conv2D, p: LayerPass, W: Array) -> Array:
    """Values (K, K, C, F) of the unit's filter at the inputs that it meets, else 0, in the shape of x."""
    spread = np.zeros(p.x.shape)
    for place, weight in zip(*meetings(part, p.unit), strict=True):
        spread[place] = W[weight]
    return spread


def _forward(network: Network, x: Array) -> tuple[Array, list[Array]]:
    """The logits (1, M) and the output of each layer, in the network's own dtype: quick, for it follows the stroke."""
    outputs = network.trace(one_example(network, x))
    return outputs[-1], [y[0] for y in outputs]


def _gradients(forward: ForwardPass, end: LossPass) -> list[Array]:
    """dLoss/dx of the network, then dLoss/dy of each layer."""
    dy = end.dlogits
    found = [dy[0]]
    for part, x in zip(reversed(forward.network.layers), reversed(forward.inputs), strict=True):
        dy = pass_back(part, x, dy)
        found.append(dy[0].copy())
    return found[::-1]


def _dy(forward: ForwardPass, end: LossPass, position: int) -> Array:
    """dLoss/dy of the layer at this position (1, ...)."""
    return back_to(forward.network, forward.inputs, end.dlogits, position).copy()


def _pass(
    forward: ForwardPass, position: int, end: LossPass | None, unit: Index, place: Index | None = None
) -> LayerPass:
    """The numbers of one layer around a unit; without a loss, all gradients are 0."""
    part, x, y = forward.network.layers[position], forward.inputs[position], forward.outputs[position]
    slopes = slopes_of(part, x, unit)
    dy = np.zeros_like(y, dtype=np.float64) if end is None else _dy(forward, end, position)
    return layer_pass(part, x, y, dy, unit, place or strongest_input(part, x, unit, slopes), slopes)


def _about(part: Layer) -> dict[str, Any]:
    return {
        "name": part.name,
        "description": describe(part),
        "kind": type(part).__name__,
        "shape": list(part.output_shape),
        "input_shape": list(part.input_shape),
    }


def _below(network: Network, position: int) -> str:
    return network.layers[position - 1].name if position > 0 else INPUT


def _unless_large(array: Array | None) -> Array | None:
    return None if array is None or array.size > MOST_VALUES else array


def _bias(part: Layer, place: Index) -> float | None:
    name = {Dense: "b", Conv2D: "b", BatchNorm: "beta"}.get(type(part))
    return None if name is None else float(getattr(part, name)[place[-1]])


def _window(read: list[Index]) -> list[int]:
    """The part of an image that a unit sees: first row, column and channel, and those after the last."""
    sides = list(zip(*read, strict=True))
    return [*map(min, sides), *(max(side) + 1 for side in sides)]


def _corner(part: Layer, place: Index) -> list[int] | None:
    """Where the window of a convolution begins: its row and column, below 0 in the padding."""
    if not isinstance(part, Conv2D):
        return None
    (top, _), (left, _) = (part.margins(side) for side in part.input_shape[:2])
    return [place[0] * part.stride - top, place[1] * part.stride - left]


def _own_parameters(part: Layer, p: LayerPass, lr: float, *, learns: bool) -> list[dict[str, Any]]:
    """The parameters that belong to the unit's channel alone, such as its bias."""
    own = []
    for name, values in p.parameters.items():
        if values.shape == p.y.shape[-1:]:
            k = p.unit[-1]
            gradient = float(p.gradients[name][k]) if learns else None
            update = None if gradient is None else -lr * gradient
            own.append(
                {"parameter": name, "index": [k], "value": float(values[k]), "gradient": gradient, "update": update}
            )
    return own


def _feeds(forward: ForwardPass, position: int, unit: Index) -> list[dict[str, Any]]:
    """The largest weights of the next layer with weights that multiply the number of this unit."""
    path = path_of(forward.network, forward.inputs, (position, unit), pooled=True)
    top = max(path)
    if top + 1 == len(forward.network.layers):
        return []
    number = float((forward.outputs[top] if top >= 0 else forward.batch)[0][path[top]])
    return [
        {
            "layer": o.layer,
            "index": list(o.unit),
            "weight": o.weight,
            "weight_index": list(o.index),
            "product": o.product + 0.0,
        }
        for o in outgoing_weights(forward.network.layers[top + 1], path[top], number)
    ]


def _dy_from(forward: ForwardPass, end: LossPass, position: int, place: Index) -> dict[str, Any]:
    """How dLoss/dy of a unit comes from the layer above, where it is dx, or from the loss."""
    if position + 1 == len(forward.network.layers):
        loss = forward.network.loss
        return {"layer": "loss", "description": describe(loss), "equation": equation(worked_dlogit(end, loss, place))}
    part = forward.network.layers[position + 1]
    above = carried(part, place, pooled=True)  # the unit that reads it
    if above is None and isinstance(part, Dense | Conv2D):
        above = (0,) * len(part.output_shape)  # its dx is the same sum whatever the unit
    p = _pass(forward, position + 1, end, above or (0,) * len(part.output_shape), place)
    left = at("dx", place)
    found = () if above is None else worked_backward(part, p)
    worked = next((w for w in found if w.left == left), Worked(left, "", "", float(p.dx[place])))
    shown = equation(worked, part, above=[] if above is None else [above])
    return {"layer": part.name, "description": describe(part), "equation": shown}


def _pixel(network: Network, x: Array, index: Sequence[int], label: int | None) -> dict[str, Any]:
    """A pixel as a unit below the first layer."""
    place = pixel_index(network, np.shape(x), index)
    forward = ForwardPass.of(network, x)
    end = None if label is None else LossPass.of(forward, label)
    return {
        "name": INPUT,
        "description": "a pixel of the picture, as the network sees it",
        "kind": "Input",
        "shape": list(network.input_shape),
        "input_shape": None,
        "index": list(place),
        "pixel": [int(i) for i in np.unravel_index(np.ravel_multi_index(place, network.input_shape), np.shape(x))],
        "below": None,
        "y": float(forward.batch[0][place]),
        "dy": None if end is None else float(_dy(forward, end, -1)[0][place]),
        "forward": [],
        "backward": [],
        "dy_from": None if end is None else _dy_from(forward, end, -1, place),
        **dict.fromkeys(("x", "window", "corner", "weights", "gradient", "update", "bias", "source")),
        "forward_equations": [],
        "backward_equations": [],
        "remark": "",
        "parameters": [],
        "feeds": _feeds(forward, -1, place),
    }
