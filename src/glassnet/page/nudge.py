"""Nudge one weight and watch the loss: is the slope that backward computes the slope of the loss?

A derivative is a slope, and a slope can be measured: (L(w + h) - L(w - h)) / 2h. As in `nn/gradcheck.py`, but for one
number, with the curve of the loss around it. All layers act as in prediction, in float64.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet.explanation.backward import back_to, pass_back
from glassnet.explanation.given import index_within, pixel_index, position_of, positive
from glassnet.explanation.passes import ForwardPass, LossPass
from glassnet.explanation.source import source_of
from glassnet.nn.array import Array
from glassnet.nn.errors import InputError, require
from glassnet.nn.gradcheck import STEP, TOLERANCE
from glassnet.nn.network import Network
from glassnet.nn.plain import nearest, shown
from glassnet.page.inside import INPUT

MOST = 1e6  # the largest step of a person
POINTS = 41  # of the curve
STEPS = 10.0 ** np.arange(-2, -7.1, -0.5)  # tried to measure the slope, relative to the tensor's largest value
SMALLEST = 1e-3  # of the tensor's size: a step that follows a smaller one is lost in rounding
VISIBLE = 0.01  # relative difference of two slopes that a person sees


def nudge(
    network: Network, x: Array, label: int, layer: str, parameter: str, index: Sequence[int], h: float = 1e-3
) -> dict[str, Any]:
    """The loss around one weight, its measured slope, and the slope by backward.

    Args:
        layer, parameter, index: the weight; "input" and "x" for a pixel.
        h: the step of the person, above 0, at most 1,000,000.

    Returns:
        "value", "loss": w and L(w).   "above", "below": L(w + h), L(w - h).   "measured": the slope with the step h.
        "backward": the slope by backward.   "best_step", "best_slope": the step whose slope agrees best with that of
        the next larger one, so that neither the bend of the curve nor rounding spoils it.   "difference",
        "measured_difference": of `best_slope` and `measured` from `backward`, relative to `scale`, the largest slope in
        the tensor.   "sides": the slopes just above and below w.   "kink": whether they differ.   "holds": whether
        `difference` is at most 1e-6, or too small to be measured; at a kink, whether `backward` lies between the sides,
        or None, if that cannot be told.   "hidden": whether rounding hides
        the slope.   "note": what one should know.   "curve": {"values", "losses"}, with w in the
        middle.   "source": the lines of backward.

    Raises:
        InputError: as `explain`; there is no such weight; h is out of range; the loss is not finite there.
    """
    h = positive(h, "h", MOST)
    forward = ForwardPass.of(network, x)
    end = LossPass.of(forward, label)
    position, values, gradient, place = _tensor(forward, end, layer, parameter, index)
    loss_at = _losses(forward, end, position, values, place)
    w, slope = float(values[place]), float(gradient[place])
    size = max(float(np.abs(values).max(initial=0)) or 1.0, SMALLEST)
    above, below = loss_at(w + h), loss_at(w - h)
    measured = (above - below) / (2 * h)
    best, best_slope = _best_slope(loss_at, w, size)
    scale = max(float(np.abs(gradient).max(initial=0)), abs(best_slope)) or 1e-12
    error = abs(best_slope - slope) / scale
    sides, kinked = _sides(loss_at, w, STEP * size, end.loss, scale)
    noise = rounding(end.loss) / best
    hidden = error > TOLERANCE and abs(best_slope - slope) <= noise
    holds: bool | None = error <= TOLERANCE or hidden
    if kinked:  # any slope between is right; of several kinks in one, backward may take another than both sides
        slack = max(noise, TOLERANCE * scale)
        holds = True if min(sides.values()) - slack <= slope <= max(sides.values()) + slack else None
    bent = abs(measured - best_slope) > VISIBLE * scale
    values_around = w + np.linspace(-1, 1, POINTS) * max(2 * size, 4 * h)
    return {
        "layer": layer,
        "parameter": parameter,
        "index": list(place),
        "h": h,
        "value": w,
        "loss": end.loss,
        "above": above,
        "below": below,
        "measured": measured,
        "backward": slope,
        "measured_difference": abs(measured - slope) / scale,
        "best_step": best,
        "best_slope": best_slope,
        "difference": error,
        "scale": scale,
        "holds": holds,
        "kink": kinked,
        "sides": sides,
        "hidden": hidden,
        "note": _note(kinked=kinked, hidden=hidden, bent=bent),
        "curve": {"values": values_around, "losses": np.array([loss_at(value) for value in values_around])},
        "source": source_of(forward.network.layers[max(position, 0)], forward.inputs[max(position, 0)])["backward"],
    }


def _tensor(
    forward: ForwardPass, end: LossPass, layer: str, parameter: str, index: Sequence[int]
) -> tuple[int, Array, Array, tuple[int, ...]]:
    """The position of the layer (-1 for the input), the values and the gradient of the tensor, and the index in it."""
    network = forward.network
    if layer == INPUT:
        require(parameter == "x", f"the input has pixels x, got {shown(parameter)}")
        dx = back_to(network, forward.inputs, end.dlogits)[0]
        values = forward.batch.astype(np.float64)
        return -1, values[0], dx, pixel_index(network, values[0].shape, index)
    position = position_of(network, layer)
    part = network.layers[position]
    if not isinstance(parameter, str) or parameter not in part.parameters():
        raise InputError(
            f"{layer}: expected the name of a parameter, got {shown(parameter)}; "
            f"{nearest(str(parameter), part.parameters())}"
        )
    pass_back(part, forward.inputs[position], back_to(network, forward.inputs, end.dlogits, position))
    values = getattr(part, parameter)
    return (
        position,
        values,
        getattr(part, f"d{parameter}").copy(),
        index_within(values.shape, index, f"{layer} {parameter}"),
    )


def _losses(
    forward: ForwardPass, end: LossPass, position: int, values: Array, place: tuple[int, ...]
) -> Callable[[float], float]:
    """The loss as a function of one number; layers below it are not computed again."""
    network, start = forward.network, max(position, 0)

    def loss_at(value: float) -> float:
        before = float(values[place])
        values[place] = value
        a = values[None] if position < 0 else forward.inputs[position]
        with np.errstate(over="ignore", invalid="ignore"):
            for part in network.layers[start:]:
                a = part.forward(a)
        values[place] = before
        require(bool(np.isfinite(a).all()), f"with {value:.4g} there the network computes numbers that are not finite")
        return network.loss.forward(a, end.targets)[0]

    return loss_at


def _best_slope(loss_at: Callable[[float], float], w: float, size: float) -> tuple[float, float]:
    """The step whose slope differs least from that of the step before, and that slope.

    A large step measures the bend of the curve too, a small one the rounding of the loss. The answer of backward takes
    no part in the choice.
    """
    steps = STEPS * size
    slopes = np.array([(loss_at(w + step) - loss_at(w - step)) / (2 * step) for step in steps.tolist()])
    best = int(np.abs(np.diff(slopes)).argmin()) + 1
    return float(steps[best]), float(slopes[best])


def rounding(loss: float) -> float:
    """How far rounding can move the difference of two losses of this size."""
    return float(16 * np.finfo(np.float64).eps * max(abs(loss), 1.0))


def _sides(
    loss_at: Callable[[float], float], w: float, step: float, here: float, scale: float
) -> tuple[dict[str, float], bool]:
    """The slopes just above and below w, and whether there is a kink between them.

    Where the curve only bends, the two slopes differ ten times as much for a step ten times as large. At a kink they
    differ by the same for any step.
    """

    def both(step: float) -> dict[str, float]:
        return {"above": (loss_at(w + step) - here) / step, "below": (here - loss_at(w - step)) / step}

    near, far = both(step), both(10 * step)
    gap, gap_far = (abs(slopes["above"] - slopes["below"]) for slopes in (near, far))
    return near, gap > max(TOLERANCE * scale, 2 * rounding(here) / step) and gap_far < 3 * gap


def _note(*, kinked: bool, hidden: bool, bent: bool) -> str:
    """What the person should know about the measured slope."""
    if kinked:
        return (
            "There is a kink here: the slopes to the two sides differ, as of a ReLU at 0 or of equal values in a "
            "maximum. The loss has no single slope here; backward takes one of the two."
        )
    if hidden:
        return "Rounding hides the slope. Within what can be measured, backward is right."
    if bent:
        return "The curve bends between w - h and w + h: a smaller h measures its slope better."
    return ""
