"""Writes an explanation as text, for example for a terminal, a mail or a blackboard.

The text has plain characters and lines of a chosen width; the picture of the input is drawn with characters too.
"""

import math
import re
import textwrap
from collections.abc import Iterator

import numpy as np

from glassnet.explanation.equations import at, number, plus, protected
from glassnet.explanation.records import ExampleNumbers, LayerNumbers, Neuron, Update, Worked
from glassnet.nn.array import Array
from glassnet.nn.plain import brief

RAMP = " .:-=+*#%@"
WIDTH = 80  # the width that the tables need
CLASSES = 12  # largest number of rows in the table of classes
INPUTS = 12  # largest number of rows in the table of inputs with names


def write(e: ExampleNumbers, width: int) -> str:
    """All of an explanation, in lines of at most `width` characters; it needs 80."""
    width = max(width, WIDTH)
    lines: list[str] = []
    lines += [*_title("The example"), *_input(e, width)]
    lines += _title("Forward")
    lines += _paragraph(
        "Each layer turns its input x into its output y, the x of the next. One output of each layer is written out: "
        "from the top down, the one with the largest effect on the output above it"
        + (", or carries the neuron." if e.neuron else "."),
        width,
    )
    for layer in e.layers:
        lines += _forward(layer, width)
    lines += [*_title("The loss"), *_loss(e, width)]
    if e.label is not None or not e.assumed:  # with its own number as the target, all gradients are 0
        lines += [*_title("Backward"), *_way_back(e, width)]
    if e.neuron is not None:
        lines += [*_title(f"The neuron {e.neuron.layer}:{','.join(map(str, e.neuron.index))}")]
        lines += _neuron(e.neuron, width)
    if e.update is not None:
        lines += [*_title("One step of gradient descent"), *_update(e.update, width, of_neuron=e.neuron is not None)]
    return "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"


def _way_back(e: ExampleNumbers, width: int) -> Iterator[str]:
    yield from _paragraph(
        "From the top layer down. dy is dLoss/dy, the slope of the loss along y: how much the loss grows for each unit "
        "that y grows, for a small change of y.",
        width,
    )
    for layer in reversed(e.layers):
        yield from _backward(layer, width)


def _title(title: str) -> list[str]:
    return ["", title, "=" * len(title)]


def _paragraph(text: str, width: int, first: str = "", later: str | None = None) -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=first if later is None else later, break_on_hyphens=False
    )


def _input(e: ExampleNumbers, width: int) -> Iterator[str]:
    if e.image_shape is not None:
        yield from characters(e.x.reshape(e.image_shape), width=min(width, 64))
    yield from _paragraph(f"x: {_range(e.x)}", width)
    if e.predicted is not None:
        sentence = f"The network predicts {e.classes[e.predicted]}"
        if len(e.prediction) > 1 and e.probabilistic:
            sentence += f" ({e.prediction[e.predicted]:.2%})"
        if e.label is not None and not e.assumed:
            sentence += f"; the truth is {e.classes[e.label]}"
        yield from _paragraph(f"{sentence}.", width)
    elif len(e.prediction) == 1:
        amount = e.amount or number
        truth = "" if e.assumed else f"; the truth is {amount(e.target[0])}"
        yield f"The network predicts {amount(e.prediction[0])}{truth}."
    if e.names:
        yield ""
        yield from _named(e, width)


def _named(e: ExampleNumbers, width: int) -> Iterator[str]:
    """The inputs with the largest effect on the output that is explained, by name."""
    says = e.says_for(e.output).ravel()
    by_effect = np.argsort(-np.abs(says), kind="stable")
    single = len(e.logits) == 1
    answers = np.array_equal(e.prediction, e.logits)
    moved = (
        f"the output z{'' if answers else ', from which the prediction is computed,'}"
        if e.label is None
        else f"the output z for {e.classes[1 if single else e.output]}"
    )
    if e.softmax or (single and e.probabilistic):
        moved = f"the log-odds of {e.classes[1 if single else e.output]}, log(p / (1 - p)),"
    product = "(x - mean), compared with an average row" if e.from_mean else "x"
    yield from _paragraph(f"Each input moves {moved} by about the slope there times {product}.", width)
    amount = e.amount if e.amount and answers else number
    shown, rest = by_effect[:INPUTS], by_effect[INPUTS:]
    moves = max(13, *(len(amount(float(says[i]))) + 2 for i in shown))
    column = min(max(map(len, e.names)), width - 34 - moves)
    yield f"    {'input':<{column + 10}}{'x':>12}{'moves it by':>{moves}}"
    for i in shown:
        name = brief(e.names[i], column)
        said = amount(float(says[i]))
        yield f"    {f'x[{i}]':<7}{name:<{column + 3}}{number(float(e.x.ravel()[i])):>12}{said:>{moves}}"
    if len(rest):
        together = amount(float(says[rest].sum()))
        yield f"    {f'and {len(rest):,} others together':<{column + 22}}{together:>{moves}}"


def _range(array: Array) -> str:
    """The number of values, their shape and their range."""
    values = array.astype(np.float64)
    zeros = int(np.sum(values == 0))
    many = f"{array.size:,} value{'s' if array.size > 1 else ''}" + (
        f" ({'x'.join(map(str, array.shape))})" if array.ndim > 1 else ""
    )
    if array.size == 1:
        return f"{many}, {number(values.flat[0])}"
    text = f"{many} from {number(values.min())} to {number(values.max())}, mean {number(values.mean())}"
    return text + (f"; {zeros:,} are 0" if zeros else "")


def _forward(layer: LayerNumbers, width: int) -> Iterator[str]:
    yield ""
    yield from _heading(layer, width)
    yield from _equations(layer.forward_equations, width)
    yield from _paragraph(layer.remark, width, "    ")
    for worked in layer.forward:
        yield from _worked(worked, width)
    yield from _paragraph(f"y: {_range(layer.y)}", width, "    ")


def _backward(layer: LayerNumbers, width: int) -> Iterator[str]:
    yield ""
    yield from _heading(layer, width)
    yield from _equations(layer.backward_equations, width)
    yield from _paragraph(layer.remark, width, "    ")
    for worked in layer.backward:
        yield from _worked(worked, width)
    for name, gradient in layer.gradients.items():
        yield from _paragraph(f"d{name}: {_range(gradient)}", width, "    ")
    yield from _paragraph(f"dx: {_range(layer.dx)}", width, "    ")


def _heading(layer: LayerNumbers, width: int) -> list[str]:
    return _paragraph(f"{layer.name}  {layer.description}", width, "", "        ")


def _equations(lines: tuple[str, ...], width: int) -> Iterator[str]:
    """The equations from the docstring, one below the other."""
    for line in lines:
        yield from _paragraph(line, width, "  | ", "  |     ")


def _worked(worked: Worked, width: int) -> Iterator[str]:
    """left = symbols = numbers = value, in one line if that fits."""
    parts = [part for part in (worked.symbols, worked.numbers) if part]
    result = number(worked.value)
    if not parts or parts[-1] != result:
        parts.append(result)
    whole = f"    {worked.left} = {' = '.join(parts)}"
    indent = " " * (4 + len(worked.left))
    if len(whole) <= width:
        yield whole
    else:
        for k, part in enumerate(parts):
            start = f"    {worked.left} = " if k == 0 else f"{indent} = "
            yield from _sum(part, width, start, f"{indent}   ")
    if worked.note:
        yield from _paragraph(f"with {worked.note}", width, f"{indent}   ")


def _sum(text: str, width: int, first: str, later: str) -> list[str]:
    """A long sum, with line breaks only before its signs."""
    whole = re.sub(r" (?![-+] )", "\N{NO-BREAK SPACE}", text)
    lines = textwrap.wrap(whole, width, initial_indent=first, subsequent_indent=later, break_on_hyphens=False)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def _loss(e: ExampleNumbers, width: int) -> Iterator[str]:
    yield e.loss_description
    yield from _equations((*e.loss_equations, *e.gradient_equations), width)
    yield ""
    yield from _table_of_outputs(e)
    yield ""
    if e.assumed:
        taken = (
            "prediction itself, so there is nothing to learn"
            if e.label is None
            else f"predicted label, {e.classes[e.label]}"
        )
        yield from _paragraph(f"No truth was given: the loss is that of the {taken}.", width, "    ")
    yield from _worked(e.worked_loss, width)


def _table_of_outputs(e: ExampleNumbers) -> Iterator[str]:
    """z, p, t and dz of every class, or of the largest."""
    shown = list(range(len(e.logits)))
    if len(shown) > CLASSES:
        size = np.abs(e.dlogits) + (np.arange(len(shown)) == e.label)
        shown = sorted(np.argsort(-size, kind="stable")[:CLASSES].tolist())
    exps = np.exp(e.logits - e.logits.max())
    names = [e.classes[k] for k in range(len(e.logits))] if len(e.logits) > 1 else ["output"]
    column = min(max(5, *map(len, names)), 16)
    heads = ["z", *(["exp(z - max z)"] if e.softmax else []), "p", "t", "dL/dz"]
    widths = [10, *([15] if e.softmax else []), 11, 8, 11]
    yield "    " + "class".ljust(column) + "".join(head.rjust(w) for head, w in zip(heads, widths, strict=True))
    for k in shown:
        values = [e.logits[k], *([exps[k]] if e.softmax else []), e.prediction[k], e.target[k], e.dlogits[k]]
        cells = "".join(number(value).rjust(w) for value, w in zip(values, widths, strict=True))
        yield f"    {names[k][:column].ljust(column)}{cells}"
    if len(shown) < len(e.logits):
        yield f"    and {len(e.logits) - len(shown):,} more classes, whose gradients are no larger"
    if e.softmax:
        yield f"    {'sum'.ljust(column)}{''.rjust(10)}{number(exps.sum()).rjust(15)}"


def _neuron(n: Neuron, width: int) -> Iterator[str]:
    rows = [("input", "x", "weight", "product", "gradient", "after")]
    for i in n.inputs:
        symbol = at("W", i.weight_index) if i.weight_index else "slope"
        learned = ("", "") if i.gradient is None or i.after is None else (number(i.gradient), number(i.after))
        rows.append((f"{at('x', i.index)} {symbol}", number(i.x), number(i.weight), number(i.product), *learned))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    gap = "  " if sum(widths) + 14 <= width else " "
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
        yield f"    {gap.join(cells)}"
    yield ""
    largest = number(sum(i.product for i in n.inputs))
    parts = f"z = {largest} (these)"
    if n.more:
        parts += f"{plus(n.rest)} ({n.more:,} others that are not 0)"
    yield from _sum(f"{parts}{plus(n.bias)} (bias) = {number(n.z)}", width, "    ", "      ")
    if n.activations:
        yield from _paragraph(f"a = {number(n.a)}, after {', '.join(n.activations)}", width, "    ", "      ")
    yield from _paragraph(
        f"dLoss/dz = {number(n.dz)}" + (f", dLoss/da = {number(n.da)}" if n.activations else ""), width, "    "
    )
    yield ""
    if not n.outgoing:
        yield "    It feeds no further weights."
        return
    through = f" through {', '.join(n.through)}" if n.through else ""
    sentence = f"It feeds {n.outgoing[0].layer}{through}. The largest weights that meet it, each times {number(n.fed)}:"
    yield from _paragraph(sentence, width, "    ")
    for o in n.outgoing:
        yield f"      {at('W', o.index)} = {number(o.weight)}, product {number(o.product)}"


def _update(u: Update, width: int, *, of_neuron: bool) -> Iterator[str]:
    symbol, gradient = at(u.parameter, u.index), at(f"d{u.parameter}", u.index)
    kind = "weight" if len(u.index) > 1 else "parameter"
    whose = f"the neuron's {kind}" if of_neuron else f"the {kind} of the network"
    yield from _paragraph(f"In {u.layer}, {whose} with the largest gradient:", width, "  ")
    yield from _worked(
        Worked(
            f"new {symbol}",
            f"{symbol} - lr {gradient}",
            f"{number(u.before)} - {number(u.lr)} * {protected(u.gradient)}",
            u.after,
        ),
        width,
    )
    if u.gradient == 0:
        yield from _paragraph("Its gradient is 0: from this example it learns nothing.", width, "  ")
    yield from _paragraph(
        f"The loss of this example is {number(u.loss_before)}. With this weight alone changed it is "
        f"{number(u.loss_after)}; with all of them changed so, {number(u.loss_after_all)}.",
        width,
        "  ",
    )


def characters(image: Array, *, white: float | None = None, width: int = WIDTH) -> list[str]:
    """A grey or colour image (H, W) or (H, W, C) as lines of characters, two rows of pixels per line.

    The darkest character is 0 (or the lowest value, if that is below), the lightest `white`, or the highest value.
    """
    grey = image.astype(np.float64)
    grey = grey.mean(axis=2) if grey.ndim == 3 else grey
    low = min(float(grey.min()), 0.0)
    high = float(grey.max()) if white is None else white
    grey = np.clip((grey - low) / max(high - low, 1e-300), 0, 1)
    step = math.ceil(grey.shape[1] / width)
    H, W = (-(-side // s) * s for side, s in zip(grey.shape, (2 * step, step), strict=True))
    whole = np.zeros((H, W))
    whole[: grey.shape[0], : grey.shape[1]] = grey
    cells = whole.reshape(H // (2 * step), 2 * step, W // step, step).mean(axis=(1, 3))
    levels = (cells * (len(RAMP) - 1)).round().astype(int)
    return ["".join(RAMP[level] for level in row).rstrip() for row in levels]
