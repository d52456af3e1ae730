"""The gradient check: does `backward` compute the derivative of `forward`?

A derivative is a slope, and a slope can be measured: nudge one number up and down, see how the loss moves. That is far
too slow to train with, but it needs no calculus, so it tells whether the calculus was right.
"""

from dataclasses import dataclass

import numpy as np

from glassnet.nn.layer import Array
from glassnet.nn.network import Network
from glassnet.nn.stream import stream

STEP = 1e-6  # relative to the tensor's largest value; in float64 the slope is then good to about 1e-9
TOLERANCE = 1e-6
ENTRIES = 40  # measured in each tensor; two forward passes each


@dataclass(frozen=True)
class TensorCheck:
    """One tensor's gradient, by backward and by finite differences, at some of its entries.

    Attributes:
        layer, tensor: whose gradient it is, such as "dense1" and "W"; "input" and "x" for the input.
        shape: of the whole tensor.
        analytic, numeric: both gradients at the checked entries (K,).
        error: the largest difference, relative to the largest entry of the tensor's whole gradient.
    """

    layer: str
    tensor: str
    shape: tuple[int, ...]
    analytic: Array
    numeric: Array
    error: float

    @property
    def passed(self) -> bool:
        return self.error <= TOLERANCE


@dataclass(frozen=True)
class GradientCheck:
    """The result of `check_gradients`: truthy if every tensor passed; print it to read it."""

    tensors: list[TensorCheck]

    @property
    def passed(self) -> bool:
        return all(tensor.passed for tensor in self.tensors)

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        lines = [f"{'layer':<14} {'tensor':<8} {'shape':<16} {'analytic':>12} {'numeric':>12} {'error':>9}"]
        for t in self.tensors:
            worst = np.argmax(np.abs(t.analytic - t.numeric))
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
        return "\n".join([*lines, verdict])


def check_gradients(network: Network, x: Array, y: Array, *, seed: int = 0) -> GradientCheck:
    """Compare the gradient of the network's loss with finite differences, for every parameter and the input.

    Works on a float64 copy, so the network is left as it is. In each tensor up to 40 entries are measured, chosen by
    the seed: (L(v + h) - L(v - h)) / 2h with h = 1e-6 (times the tensor's
    largest value where that is above 1).

    Args:
        x: a few examples (N, ...); small batches keep far from the kinks of a ReLU, where no derivative exists.
        y: their targets.

    Raises:
        InputError: x or y do not fit the network.
    """
    net = network.copy(dtype=np.float64)
    x = net.as_batch(x).astype(np.float64)
    y = np.asarray(y)
    net.loss.check(y, net.output_shape[0], len(x))

    def loss() -> float:
        return net.loss.forward(net.forward(x, training=True), y)[0]

    _, prediction = net.loss.forward(net.forward(x, training=True), y)
    dx = net.backward(net.loss.backward(prediction, y)).copy()
    gradients = net.grad.copy()

    places = [("input", "x", x, dx)]
    for segment in net.segments:
        layer = net.layers[segment.layer]
        places.append((layer.name, segment.name, segment.view(net.theta), segment.view(gradients)))
    tensors = []
    for number, (layer_name, name, values, gradient) in enumerate(places):
        chosen = stream(seed, "probe", number).choice(values.size, min(ENTRIES, values.size), replace=False)
        flat = values.reshape(-1)
        h = STEP * max(1.0, float(np.abs(values).max()))
        numeric = np.empty(len(chosen))
        for i, entry in enumerate(chosen):
            before = flat[entry]
            flat[entry] = before + h
            up = loss()
            flat[entry] = before - h
            down = loss()
            flat[entry] = before
            numeric[i] = (up - down) / (2 * h)
        analytic = gradient.reshape(-1)[chosen]
        largest = max(float(np.abs(gradient).max()), float(np.abs(numeric).max()), 1e-12)
        error = float(np.abs(analytic - numeric).max()) / largest
        tensors.append(TensorCheck(layer_name, name, values.shape, analytic, numeric, error))
    return GradientCheck(tensors)
