"""The gradient check: does `backward` compute the derivative of `forward`?

A derivative is a slope, and a slope can be measured: change one number a little, up and down, and see how the loss
changes. This is far too slow for training. But it needs no calculus, so it shows whether the calculus is correct.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.network import Network
from glassnet.nn.stream import random_stream

STEP = 1e-6  # relative to the tensor's largest value; in float64 the slope is then exact to about 1e-9
TOLERANCE = 1e-6  # of the tensor's largest slope
ENTRIES = 40  # measured in each tensor, plus one direction that changes all entries; each takes two forward passes


@dataclass(frozen=True)
class TensorCheck:
    """One tensor's gradient, by backward and by finite differences, at some of its entries.

    Attributes:
        layer, tensor: which gradient it is, such as "dense1" and "W"; "input" and "x" for the input.
        shape: of the whole tensor.
        analytic, numeric: both slopes (1 + K,): along a random direction, then at the checked entries.
        errors: the differences (1 + K,), relative to the largest slope; 0 at a kink; infinite if the gradient is not
            finite, if it was added to old values, or if `backward_parameters` gives a different gradient.
        kinks: how many slopes were left out because there is a kink.
    """

    layer: str
    tensor: str
    shape: tuple[int, ...]
    analytic: Array
    numeric: Array
    errors: Array
    kinks: int

    @property
    def error(self) -> float:
        """The largest of the errors."""
        return float(self.errors.max())

    @property
    def passed(self) -> bool:
        return self.error <= TOLERANCE


@dataclass(frozen=True)
class GradientCheck:
    """The result of `check_gradients`: true if every tensor passed. Printed, it is a table of the tensors."""

    tensors: list[TensorCheck]

    @property
    def passed(self) -> bool:
        return all(tensor.passed for tensor in self.tensors)

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        lines = [f"{'layer':<14} {'tensor':<8} {'shape':<16} {'analytic':>12} {'numeric':>12} {'error':>9}"]
        for t in self.tensors:
            worst = np.argmax(t.errors)
            lines.append(
                f"{t.layer:<14} {t.tensor:<8} {t.shape!s:<16} {t.analytic[worst]:>12.4e} {t.numeric[worst]:>12.4e} "
                f"{t.error:>9.1e}{'' if t.passed else '  WRONG'}"
            )
        wrong = [f"{t.layer}.{t.tensor}" for t in self.tensors if not t.passed]
        verdict = (
            f"backward is NOT the derivative of forward at: {', '.join(wrong)}"
            if wrong
            else f"backward is the derivative of forward: every relative error is at most {TOLERANCE:.0e}"
        )
        kinks = sum(t.kinks for t in self.tensors)
        left_out = f" ({kinks} slopes lie at a kink, where there is none, and are left out)" if kinks else ""
        return "\n".join([*lines, verdict + left_out])


def check_gradients(network: Network, x: Array, y: Array, *, seed: int = 0) -> GradientCheck:
    """Compare the gradient of a network with finite differences, for every parameter and the input.

    The check differentiates L = loss + a random weighted sum of the logits. The loss alone would not test all
    directions, because the gradients of a softmax sum to 0. In each tensor, the slope is measured at up to 40 entries,
    and along one random direction that changes all entries: (L(v + h) - L(v - h)) / 2h, with h a millionth of the
    tensor's largest value. If the slopes on the two sides differ, there is a kink, and any slope between them is
    correct. The check works on a float64 copy; the network does not change.

    Args:
        x: a few examples (N, ...).
        y: their targets: labels (N,) or rows (N, M).
        seed: chooses the directions and entries.

    Raises:
        InputError: x or y do not fit the network; its forward gives a different result each time.
    """
    net = network.copy(dtype=np.float64)
    x = net.as_batch(x).astype(np.float64)
    y = np.asarray(y)
    require(len(x) > 0, "check_gradients needs at least one example")
    net.loss.check(y, net.output_shape[0], len(x))
    upstream = random_stream(seed, "probe", 0).standard_normal((len(x), *net.output_shape)) / len(x)

    def objective() -> float:
        logits = net.forward(x, training=True)
        return net.loss.forward(logits, y)[0] + float(np.sum(upstream * logits))

    def gradient(backward: Callable[[Array], Array | None]) -> tuple[Array, Array | None]:
        """Both gradients by one backward pass. NaN in grad shows a backward that adds to old values."""
        net.grad.fill(np.nan)
        _, prediction = net.loss.forward(net.forward(x, training=True), y)
        dx = backward(net.loss.backward(prediction, y) + upstream)
        return net.grad.copy(), None if dx is None else dx.copy()

    require(
        objective() == objective(),
        "the network gives another loss for the same input each time, so no slope can be measured: "
        "a layer that draws random numbers must draw them from self.random_numbers()",
    )
    grad, dx = gradient(net.backward)
    training_grad, _ = gradient(net.backward_parameters)  # training uses this one; it must be the same
    assert dx is not None
    places = [("input", "x", x, dx, dx)]
    for segment in net.segments:
        layer = net.layers[segment.layer]
        values, whole, training = (segment.view(vector) for vector in (net.theta, grad, training_grad))
        places.append((layer.name, segment.name, values, whole, training))
    return GradientCheck(
        [
            _check_tensor(
                objective, layer, name, values, whole_gradient, training_gradient, random_stream(seed, "probe", number)
            )
            for number, (layer, name, values, whole_gradient, training_gradient) in enumerate(places, 1)
        ]
    )


def _check_tensor(
    objective: Callable[[], float],
    layer: str,
    name: str,
    values: Array,
    gradient: Array,
    training_gradient: Array,
    rng: np.random.Generator,
) -> TensorCheck:
    h = STEP * (float(np.abs(values).max(initial=0)) or 1.0)
    before, here = values.copy(), objective()

    def slopes(direction: Array) -> tuple[float, float]:
        """The slopes on both sides."""
        np.copyto(values, before + h * direction)
        up = objective()
        np.copyto(values, before - h * direction)
        down = objective()
        np.copyto(values, before)
        return (up - here) / h, (here - down) / h

    chosen = rng.choice(values.size, min(ENTRIES, values.size), replace=False)
    direction = rng.choice([-1.0, 1.0], values.shape)
    analytic, pairs = [float(np.sum(gradient * direction))], [slopes(direction)]
    for entry in chosen:
        unit = np.zeros(values.size)
        unit[entry] = 1
        analytic.append(float(gradient.reshape(-1)[entry]))
        pairs.append(slopes(unit.reshape(values.shape)))
    sides, wanted = np.array(pairs), np.array(analytic)
    numeric = sides.mean(axis=1)
    # The slope along the direction is a sum of entries of both signs: about the root of the sum of their squares.
    largest = float(np.abs(numeric[1:]).max(initial=0)) or float(np.abs(numeric[0])) or 1e-12
    scale = np.array([max(abs(numeric[0]), largest * np.sqrt(values.size / len(chosen))), *[largest] * len(chosen)])
    noise = 16 * np.finfo(np.float64).eps * abs(here) / h  # what rounding adds to a measured slope
    kinked = np.abs(sides[:, 0] - sides[:, 1]) > 1e-3 * scale
    errors = np.abs(wanted - numeric) / scale
    errors[kinked] = 0
    if largest <= noise:  # all slopes are 0, as for a bias before BatchNorm: rounding is not an error
        errors[np.abs(wanted - numeric) <= noise] = 0
    if not (np.isfinite(gradient).all() and np.array_equal(gradient, training_gradient)):
        errors[:] = np.inf
    errors = np.nan_to_num(errors, nan=np.inf, posinf=np.inf)
    return TensorCheck(layer, name, values.shape, wanted, numeric, errors, int(kinked.sum()))
