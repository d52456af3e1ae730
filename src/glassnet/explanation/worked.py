"""The equations of each layer with the numbers of one example, for one of its outputs.

For an elementwise layer, the equation is taken from its docstring. Sums over many inputs, maxima and batch
normalisation have a function here. For any other layer, the output is written as inputs times slopes.
"""

import math
import re
from functools import singledispatch

import numpy as np

from glassnet.explanation.equations import (
    at,
    equations,
    number,
    plus,
    protected,
    substitute,
    weighted_sum,
)
from glassnet.explanation.records import Index, LayerPass, Term, Worked
from glassnet.nn.activations import Softmax
from glassnet.nn.array import Array
from glassnet.nn.conv import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.layer import Layer
from glassnet.nn.norm import BatchNorm
from glassnet.nn.pool import GlobalAveragePool, MaxPool2D, Pool2D
from glassnet.nn.reshape import Standardize


def values_at(layer: Layer, index: Index, known: dict[str, Array]) -> dict[str, float]:
    """The values of the names in the equation of a layer at one place: x, y, dy, its settings, its arrays."""
    values = {name: float(array[index]) for name, array in known.items()}
    for name, value in vars(layer).items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            values.setdefault(name, float(value))
    for name in (*layer.parameters(), *layer.buffers()):
        try:
            values[name] = float(np.broadcast_to(getattr(layer, name), layer.input_shape)[index])
        except ValueError:
            continue
    if isinstance(layer, Standardize):  # it stores 1 / std
        values["std"] = 1 / values["factor"] if values["factor"] else math.inf
    return values


def by_place(layer: Layer, slot: str, name: str, index: Index, known: dict[str, Array], value: float) -> Worked | None:
    """The equation of an elementwise layer, with the numbers of one place; None if it has no equation.

    The slot may hold other equations, such as `s = 1 / (1 + exp(-x))`: they become the note.
    """
    values = values_at(layer, index, known)
    equation = next((e for e in equations(type(layer), slot) if e.startswith(f"{name} = ")), None)
    if equation is None:
        return None
    lines = equations(type(layer), slot) + (equations(type(layer), "Forward") if slot == "Backward" else ())
    helpers = [line.partition(" = ")[::2] for line in lines if re.match(r"[\w']+ = ", line)]
    helpers = [(left, right) for left, right in helpers if left not in values and left not in ("y", "dx")]
    note = ", ".join(f"{left} = {substitute(right, values)}" for left, right in helpers)
    right_side = equation.partition(" = ")[2]
    indexed = re.sub(r"\b(x|y|dy)\b", lambda match: at(match[0], index), right_side)
    return Worked(at(name, index), indexed, substitute(right_side, values), value, note=note)


@singledispatch
def worked_forward(layer: Layer, p: LayerPass) -> tuple[Worked, ...]:
    """How the output y[unit] of a layer is computed from its input x."""
    x, unit, slopes = p.x.astype(np.float64), p.unit, p.slopes
    value, left = float(p.y[unit]), at("y", unit)
    touched = np.argwhere(slopes)
    if x.shape == p.y.shape and all(tuple(place) == unit for place in touched):
        if np.array_equal(x, p.y) and (not len(touched) or slopes[unit] == 1):
            return (Worked(left, at("x", unit), number(float(x[unit])), value),)
        worked = by_place(layer, "Forward", "y", unit, {"x": x}, value)
        if worked:
            return (worked,)
    if len(touched) == 1 and slopes[tuple(touched[0])] == 1 and x[tuple(touched[0])] == value:
        return (Worked(left, at("x", tuple(map(int, touched[0]))), number(value), value),)
    return (_from_slopes(left, x, value, slopes),)


def _from_slopes(left: str, x: Array, value: float, slopes: Array) -> Worked:
    """For any layer: its output as the inputs times their slopes, plus a rest (0 or a bias if the layer is linear)."""
    places = [tuple(map(int, place)) for place in np.argwhere(slopes)]
    factors = [(float(x[place]), float(slopes[place])) for place in places]
    bias = value - sum(a * b for a, b in factors)
    small = abs(bias) <= 1e-12 * max(abs(value), sum(abs(a * b) for a, b in factors), 1e-300)
    extra = {} if small and places else {"bias": bias, "bias_name": "the rest"}
    return weighted_sum(left, ("x", "slope"), [(place, place) for place in places], np.array(factors), **extra)


@worked_forward.register
def _(layer: Dense, p: LayerPass) -> tuple[Worked, ...]:
    x, unit = p.x.astype(np.float64), p.unit
    (j,) = unit
    pairs: list[tuple[Index, Index]] = [((i,), (i, j)) for i in range(len(x))]
    factors = np.stack([x, layer.W[:, j]], axis=1)
    bias = {"bias": layer.b[j], "bias_name": at("b", unit)}
    return (weighted_sum(at("y", unit), ("x", "W"), pairs, factors, **bias),)


@worked_forward.register
def _(layer: Conv2D, p: LayerPass) -> tuple[Worked, ...]:
    x, unit = p.x.astype(np.float64), p.unit
    (places, weights), f = meetings(layer, unit), unit[2]
    factors = np.array([(x[place], layer.W[weight]) for place, weight in zip(places, weights, strict=True)])
    bias = {"bias": layer.b[f], "bias_name": at("b", (f,))}
    return (weighted_sum(at("y", unit), ("x", "W"), list(zip(places, weights, strict=True)), factors, **bias),)


def meetings(layer: Conv2D, unit: Index) -> tuple[list[Index], list[Index]]:
    """The pairs of input and weight that one output of a convolution multiplies, without those in the padding."""
    (H, W, C), K, s = layer.input_shape, layer.kernel_size, layer.stride
    i, j, f = unit
    (top, _), (left, _) = (layer.margins(side) for side in (H, W))
    pairs = [
        ((i * s + k - top, j * s + m - left, c), (k, m, c, f)) for k in range(K) for m in range(K) for c in range(C)
    ]
    inside = [(place, weight) for place, weight in pairs if 0 <= place[0] < H and 0 <= place[1] < W]
    return [place for place, _ in inside], [weight for _, weight in inside]


@worked_forward.register
def _(layer: MaxPool2D, p: LayerPass) -> tuple[Worked, ...]:
    x, unit = p.x.astype(np.float64), p.unit
    (i, j, c), s = unit, layer.size
    block = x[i * s : i * s + s, j * s : j * s + s, c].ravel()
    corners = f"{at('x', (i * s, j * s, c))}, ..., {at('x', (i * s + s - 1, j * s + s - 1, c))}"
    return (Worked(at("y", unit), f"max({corners})", f"max({', '.join(map(number, block))})", float(p.y[unit])),)


@worked_forward.register
def _(layer: Softmax, p: LayerPass) -> tuple[Worked, ...]:
    x, unit = p.x, p.unit
    row = x[unit[:-1]]
    exps = np.exp(row - row.max())
    symbols = f"exp({at('x', unit)} - max x) / sum_k exp(x[k] - max x)"
    numbers = f"exp({number(row[unit[-1]])} - {protected(row.max())}) / {number(exps.sum())}"
    return (Worked(at("y", unit), symbols, numbers, float(p.y[unit])),)


@worked_forward.register
def _(layer: BatchNorm, p: LayerPass) -> tuple[Worked, ...]:
    x, unit = p.x.astype(np.float64), p.unit
    c = unit[-1]
    m, r, h = _normalised(layer, x, unit)
    numbers = f"{number(layer.gamma[c])} * {protected(h)}{plus(layer.beta[c])}"
    note = f"h = ({number(x[unit])} - {protected(m)}) * {number(r)} = {number(h)}"
    symbols = f"{at('gamma', (c,))} h + {at('beta', (c,))}"
    return (Worked(at("y", unit), symbols, numbers, float(layer.gamma[c] * h + layer.beta[c]), note=note),)


def _normalised(layer: BatchNorm, x: Array, unit: Index) -> tuple[float, float, float]:
    """m, r and h at one place, as in prediction."""
    c = unit[-1]
    m, r = float(layer.mean[c]), 1 / math.sqrt(layer.variance[c] + layer.epsilon)
    return m, r, float((x[unit] - m) * r)


@singledispatch
def worked_backward(layer: Layer, p: LayerPass) -> tuple[Worked, ...]:
    """How the gradients at x[place], and of the parameters of y[unit], are computed from dy."""
    x, dx, dy, unit, place = p.x.astype(np.float64), p.dx, p.dy, p.unit, p.place
    value, left, above = float(dx[place]), at("dx", place), at("dy", unit)
    if value == dy[unit] and (dx.size != dy.size or np.array_equal(dx.ravel(), dy.ravel())):
        return (Worked(left, above, number(value), value),)
    known = {"x": x, "y": p.y, "dy": dy}
    worked = by_place(layer, "Backward", "dx", unit, known, value) if unit == place else None
    if worked and not p.gradients and dx.shape == dy.shape:
        return (worked,)
    return (Worked(left, "", "", value), *(largest(name, array) for name, array in p.gradients.items()))


@worked_backward.register(Pool2D)
@worked_backward.register(GlobalAveragePool)
def _(layer: Layer, p: LayerPass) -> tuple[Worked, ...]:
    slope = p.slopes[p.place]
    if slope in (0, 1):
        return worked_backward.dispatch(Layer)(layer, p)
    numbers = f"{number(p.dy[p.unit])} * {protected(slope)}"  # an input has one output
    return (Worked(at("dx", p.place), f"{at('dy', p.unit)} slope", numbers, float(p.dx[p.place])),)


@worked_backward.register
def _(layer: Softmax, p: LayerPass) -> tuple[Worked, ...]:
    y, dy, unit = p.y, p.dy, p.unit
    row, back, j = y[unit[:-1]], dy[unit[:-1]], unit[-1]
    mean = float(back @ row)
    numbers = f"{number(row[j])} * ({number(back[j])} - {protected(mean)})"
    symbols = f"{at('y', unit)} ({at('dy', unit)} - sum_k dy[k] y[k])"
    return (Worked(at("dx", unit), symbols, numbers, float(row[j] * (back[j] - mean))),)


@worked_backward.register
def _(layer: BatchNorm, p: LayerPass) -> tuple[Worked, ...]:
    x, dy, unit, gradients = p.x, p.dy, p.unit, p.gradients
    c = unit[-1]
    _, r, h = _normalised(layer, x, unit)
    numbers = f"{number(layer.gamma[c])} * {number(r)} * {protected(dy[unit])}"
    terms = f" (one of {x.size // x.shape[-1]:,} terms of the sum)" if x.ndim > 1 else ""
    return (
        Worked(at("dgamma", (c,)), f"sum of dy {at('h', unit)}{terms}", "", float(gradients["gamma"][c]))
        if terms
        else Worked(
            at("dgamma", (c,)), f"{at('dy', unit)} h", f"{number(dy[unit])} * {protected(h)}", float(dy[unit] * h)
        ),
        Worked(at("dbeta", (c,)), "sum of dy" if terms else at("dy", unit), "", float(gradients["beta"][c])),
        Worked(
            at("dx", unit), f"{at('gamma', (c,))} r {at('dy', unit)}", numbers, float(layer.gamma[c] * r * dy[unit])
        ),
    )


def largest(name: str, gradient: Array) -> Worked:
    """The entry of a gradient with the largest absolute value."""
    index = tuple(map(int, np.unravel_index(int(np.abs(gradient).argmax()), gradient.shape)))
    return Worked(at(f"d{name}", index), "", "", float(gradient[index]))


@worked_backward.register
def _(layer: Dense, p: LayerPass) -> tuple[Worked, ...]:
    x, dy, unit, place = p.x.astype(np.float64), p.dy, p.unit, p.place
    (j,), (i,) = unit, place
    product = float(x[i] * dy[j])
    pairs: list[tuple[Index, Index]] = [((m,), (i, m)) for m in range(len(dy))]
    return (
        Worked(
            at("dW", (i, j)),
            f"{at('x', place)} {at('dy', unit)}",
            f"{number(x[i])} * {protected(dy[j])}",
            product,
            (
                Term(
                    f"{at('x', place)} {at('dy', unit)}",
                    (float(x[i]), float(dy[j])),
                    product,
                    (("x", place), ("dy", unit)),
                ),
            ),
        ),
        Worked(at("db", unit), at("dy", unit), number(dy[j]), float(dy[j])),
        weighted_sum(at("dx", place), ("dy", "W"), pairs, np.stack([dy, layer.W[i]], axis=1)),
    )


@worked_backward.register
def _(layer: Conv2D, p: LayerPass) -> tuple[Worked, ...]:
    x, dy, unit, place = p.x.astype(np.float64), p.dy, p.unit, p.place
    f = unit[2]
    H1, W1, F = layer.output_shape
    weight = next((w for q, w in zip(*meetings(layer, unit), strict=True) if q == place), (0, 0, place[2], f))
    shared: list[tuple[Index, Index]] = []  # pairs of x and dy for this weight
    meeting: list[tuple[Index, Index]] = []  # pairs of dy and W for this input
    for i in range(H1):
        for j in range(W1):
            for q, w in zip(*meetings(layer, (i, j, 0)), strict=True):
                if w[:3] == weight[:3]:
                    shared.append((q, (i, j, f)))
                if q == place:
                    meeting += [((i, j, g), (*w[:3], g)) for g in range(F)]
    return (
        weighted_sum(at("dW", weight), ("x", "dy"), shared, np.array([(x[p], dy[q]) for p, q in shared])),
        Worked(at("db", (f,)), f"sum of dy[i,j,{f}]", f"sum of {H1 * W1:,} values", float(dy[..., f].sum())),
        weighted_sum(at("dx", place), ("dy", "W"), meeting, np.array([(dy[p], layer.W[q]) for p, q in meeting])),
    )
