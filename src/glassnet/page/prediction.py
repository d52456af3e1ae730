"""The last step, from logits to the prediction and the loss, as a unit that can be opened like those of a layer."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.explanation.equations import at, equations, number, protected
from glassnet.explanation.example import worked_loss
from glassnet.explanation.given import index_within
from glassnet.explanation.passes import ForwardPass, LossPass
from glassnet.explanation.records import Worked
from glassnet.explanation.source import lines_of
from glassnet.nn.array import Array
from glassnet.nn.loss import Loss
from glassnet.nn.network import Network
from glassnet.nn.settings import describe
from glassnet.page.equation import equation

PREDICTION = "prediction"  # the name under which it stands above the last layer


def prediction(network: Network, x: Array, index: Sequence[int], label: int | None = None) -> dict[str, Any]:
    """One prediction, such as the probability of a class: how it comes from the logits, and the loss that follows.

    The dict has the keys of `inside.unit`.

    Raises:
        InputError: as `explain`; there is no such output.
    """
    place = index_within(network.output_shape, index, PREDICTION)
    forward, loss = ForwardPass.of(network, x), network.loss
    logits, answers = forward.logits[0], loss.predict(forward.logits)[0]
    worked = [equation(_worked(loss, logits, answers, place), places=_read(loss, len(logits), place))]
    if label is not None:
        end = LossPass.of(forward, label)
        worked.append(equation(worked_loss(network, end.loss, end.prediction[0], end.label)))
    return {
        "name": PREDICTION,
        "kind": type(loss).__name__,
        "description": describe(loss),
        "shape": list(network.output_shape),
        "input_shape": list(network.output_shape),
        "index": list(place),
        "below": network.layers[-1].name,
        "y": float(answers[place]),
        "dy": None,
        "forward": worked,
        "backward": [],
        "dy_from": None,
        "forward_equations": list(equations(type(loss), "Forward")),
        "backward_equations": list(equations(type(loss), "Backward")),
        "remark": "",
        "x": logits,
        **dict.fromkeys(("window", "corner", "weights", "gradient", "update", "bias")),
        "parameters": [],
        "feeds": [],
        "source": {"forward": lines_of(type(loss).predict), "backward": lines_of(type(loss).backward_each)},
    }


def _worked(loss: Loss, logits: Array, answers: Array, place: tuple[int, ...]) -> Worked:
    """How one output becomes its prediction."""
    value, left, z = float(answers[place]), at("p", place), at("z", place)
    if not loss.softmax:
        return Worked(left, z if np.array_equal(answers, logits) else f"predict({z})", "", value)
    exps = np.exp(logits - logits.max())
    symbols = f"exp({z} - max z) / sum_k exp(z[k] - max z)"
    numbers = f"exp({number(logits[place])} - {protected(logits.max())}) / {number(exps.sum())}"
    return Worked(left, symbols, numbers, value)


def _read(loss: Loss, outputs: int, place: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The logits that a prediction reads."""
    return [(k,) for k in range(outputs)] if loss.softmax else [place]
