"""Messages as a page may send them: good ones, ones with other values in them, broken ones, and pictures.

The same generator of random numbers always gives the same messages.
"""

import io
import json
import random
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

import glassnet as gn
from hostile.mutations import HUGE, VALUES

LAYERS = ("dense1", "relu1", "dense2", "softmax", "input", "conv2d1", "maxpool2d1", "flatten1", "batchnorm1", "nothing")
RECIPES = ("tiny", "sixteen", "sigmoid-30", "classic", "quick", "cnn", "table")
NETWORKS = ("cnn", "classic", "strong", "training", "nothing")
HIDDEN: tuple[Any, ...] = (
    *([], [5], [30, 20], [0], [-3], [10**7], [5] * 40, "x", [[5]], [None], {"type": "Dense"}),
    [{"type": "Conv2D", "filters": 4, "kernel_size": 3}, {"type": "MaxPool2D", "size": 2}],
    [{"type": "Conv2D", "filters": 4, "kernel_size": 99}],
    *([{"type": "Dropout", "rate": 2}], [{"type": "BatchNorm"}, 9], [{"type": "Reshape", "shape": [2]}]),
)
FORM: dict[str, tuple[Any, ...]] = {
    "dataset": ("mnist", "digits", "kmnist", "cifar10", "/etc/passwd"),
    "hidden": HIDDEN,
    "activation": ("ReLU", "Tanh", "Softmax", "Dense"),
    "init": ("HeNormal", "GlorotUniform", "x"),
    "loss": ("CrossEntropy", "SquaredError", "Hinge", "Poisson"),
    "optimizer": ("SGD", "Adam", "AdamW", "LBFGS"),
    "lr": (0.1, 1e-3, 100.0, 0, -1, 1e300),
    "momentum": (0, 0.9, 1, -1),
    "batch_size": (1, 32, 128, 4096, 4097, "full", 0),
    "penalty": ("L2", "L1", "MaxNorm", "x", None),
    "strength": (0, 1e-4, 3.0, -1),
    "dropout": (0, 0.5, 1, 2),
    "schedule": ("ConstantRate", "OneCycle", "x"),
    "epochs": (1, 3, 1000, 0, 10**9),
    "seed": (0, 1, 2**53, -1),
    "scaling": ("rescale", "standardize", "x"),
}


def random_message(rng: random.Random) -> str | bytes:
    """The next message: a text, or the bytes of a picture with its number."""
    kind = rng.random()
    if kind < 0.1:
        return rng.randrange(2**32).to_bytes(4, "big") + _picture(rng)
    text = json.dumps(_ask(rng)).replace(f'"{HUGE}"', "9" * 5000)
    return _broken(rng, text) if kind < 0.25 else text


def _ask(rng: random.Random) -> dict[str, Any]:
    """An ask; in every fourth of them something is of another kind."""
    fields: dict[str, dict[str, Any]] = {
        "show": {"network": rng.choice(NETWORKS)},
        "clear": {},
        "reading": {"number": rng.choice([0, 1, 7, -1, 10**6])},
        "example": {"label": rng.choice([None, *range(11)])},
        "answer": {},
        "layers": {"label": _label(rng)},
        "layer": {"layer": rng.choice(LAYERS), "label": _label(rng)},
        "unit": {**_unit(rng), "label": _label(rng)},
        "speaks": {},
        "weights": {
            "layer": rng.choice(LAYERS),
            "first": rng.randrange(-1, 40),
            "count": rng.choice([0, 1, 64, 10**6]),
        },
        "change": {"value": rng.choice([0, 1, 255, 256, -0.5, 1e30]), **_parameter(rng)},
        "undo": {"all": rng.random() < 0.5},
        "nudge": {"label": rng.randrange(10), **_parameter(rng), "h": rng.choice([1e-3, 1.0, 1e-9])},
        "begin": {"values": _values(rng), **({"other": _values(rng)} if rng.random() < 0.2 else {})},
        "compare": {},
        "perform": {"experiment": rng.choice(["wrong-gradient", "zero-weights", "../x", ""])},
        "share": {},
        "follow": {"link": rng.choice(LINKS)},
        "keep": {"label": rng.choice([*range(10), -1, 10, 10**6])},
        "drop": {"number": rng.choice([0, 1, -1, 10**6])},
        "digits": {},
        "teach": {},
        "learned": {},
        "move": {"by": rng.choice(["train", "pause", "step", "epoch", "back", "start"])},
        "go": {"position": rng.choice([0, 1, 5, 10**6, -1])},
        "save": {"what": rng.choice(["model", "run"])},
    }
    name = rng.choice([*fields, "example", "unit", "unit", "change", "nudge", "move"])
    message = {"id": rng.randrange(2**32), "ask": name, **fields[name]}
    if rng.random() < 0.25:
        message[rng.choice([*message, "more"])] = rng.choice(VALUES)
    return message


LINKS = (
    *("", "#", "recipe=sixteen&step=3", "#recipe=tiny&hidden=[8]&step=1&prints=1.aaaaaa", "experiment=zero-weights"),
    *("experiment=none&step=1", "recipe=/etc/passwd", "a=b", "recipe=tiny&step=-1", "recipe=tiny&lr=[[[[", "%00"),
)


def _label(rng: random.Random) -> int | None:
    return rng.choice([None, rng.randrange(10)])


@cache
def _shapes() -> tuple[dict[str, tuple[int, ...]], dict[tuple[str | None, str | None], tuple[int, ...]]]:
    """The units of each layer, and the parameters, of the network that is shown first; a pixel has neither name."""
    network = gn.load_pretrained("classic")
    units = {layer.name: layer.output_shape for layer in network.layers}
    parameters = {
        (layer.name, name): getattr(layer, name).shape for layer in network.layers for name in layer.parameters()
    }
    return units | {"input": (28, 28)}, parameters | {(None, None): (28, 28)}


def _unit(rng: random.Random) -> dict[str, Any]:
    layer, shape = rng.choice([*_shapes()[0].items()])
    return {"layer": layer if rng.random() < 0.8 else rng.choice(LAYERS), "index": _index(rng, shape)}


def _parameter(rng: random.Random) -> dict[str, Any]:
    (layer, name), shape = rng.choice([*_shapes()[1].items()])
    if rng.random() < 0.2:
        layer, name = rng.choice(LAYERS), rng.choice(["W", "b", "gamma", "forward"])
    return {"layer": layer, "parameter": name, "index": _index(rng, shape)}


def _index(rng: random.Random, shape: tuple[int, ...]) -> list[int]:
    if rng.random() < 0.8:
        return [rng.choice([0, size - 1, rng.randrange(size)]) for size in shape]
    return [rng.choice([0, 1, 5, 27, 28, -1, 100, 10**9]) for _ in range(rng.randrange(5))]


def _values(rng: random.Random) -> dict[str, Any]:
    values: dict[str, Any] = {"recipe": rng.choice(RECIPES)}
    for key in rng.sample([*FORM], rng.choice([0, 1, 1, 2, 5])):
        values[key] = rng.choice(FORM[key]) if rng.random() < 0.8 else rng.choice(VALUES)
    return values


def _broken(rng: random.Random, text: str) -> str:
    """The text with some of it cut out, doubled or replaced."""
    first, last = sorted(rng.randrange(len(text) + 1) for _ in range(2))
    inner = rng.choice(
        ["", text[first:last] * 2, "\0", "NaN", "\x1b", "\u202e", '"', "[" * rng.choice([1, 5000]), "1e999"]
    )
    return text[:first] + inner + text[last:]


@cache
def drawing() -> bytes:
    """A 7, drawn on white."""
    image = np.full((100, 100), 255, np.uint8)
    image[20:28, 25:75] = 0
    for row in range(28, 85):
        image[row, 72 - (row - 28) // 2 : 80 - (row - 28) // 2] = 0
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def _picture(rng: random.Random) -> bytes:
    data = bytearray(drawing())
    for _ in range(rng.choice([0, 0, 1, 10])):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data[: rng.choice([len(data), len(data), rng.randrange(len(data))])])
