"""Equations with numbers: the computation of one output of a layer, as one would do it by hand.

The equation of a layer is read from the docstring of its class, so it is the one beside the code. The numbers are those
of one example. Of a long sum, only the largest terms are written out.
"""

import inspect
import re
from typing import Any

import numpy as np

from glassnet.explanation.records import Index, Term, Worked
from glassnet.nn.array import Array

WRITTEN = 3  # number of terms of a sum that are written out
STARTS = re.compile(r"[\w/]+'?(\[[^\]]*\])? (=|collects)")
TOKEN = re.compile(r"[A-Za-z_]\w*'?|\d[\d.]*(?:e[+-]?\d+)?|\S")
WORDS = {"where", "else", "each", "is", "with", "of", "over", "and", "in", "at", "as", "if", "for", "the", "to", "sum"}


def equations(part: type, slot: str) -> tuple[str, ...]:
    """The equations in the slot "Forward" or "Backward" of the docstring of a layer or loss."""
    lines = (inspect.getdoc(part) or "").splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith(f"{slot}:")), None)
    if start is None:
        return ()
    result: list[str] = []
    for line in [lines[start].removeprefix(f"{slot}:"), *lines[start + 1 :]]:
        if line and not line[0].isspace():
            break
        if not line.strip():
            break
        if result and not STARTS.match(line.strip()):
            result[-1] += f" {line.strip()}"  # the second line of a long equation
        else:
            result += re.split(r"\s{2,}", line.strip())
    return tuple(result)


def number(value: float) -> str:
    """A number as text: four digits, and no minus sign previous a zero."""
    return f"{value + 0.0:.4g}"


def at(name: str, index: Index) -> str:
    """A name with its index: x[12], W[12,3]; only the name if the index is empty."""
    return f"{name}[{','.join(map(str, index))}]" if index else name


def weighted_sum(
    left: str, names: tuple[str, str], pairs: list[tuple[Index, Index]], factors: Array, **extra: Any
) -> Worked:
    """A sum of products a[i] b[j], with its largest terms written out.

    Args:
        left: the left side of the equation.
        names: the names of the two factors, such as x and W.
        pairs: the index of both factors in every term.
        factors: (terms, 2), their values.
        extra: `bias`, and `bias_name` for its symbol.
    """
    bias, bias_name = float(extra.get("bias", 0.0)), extra.get("bias_name", "")
    factors = np.asarray(factors, np.float64).reshape(-1, 2)
    products = factors[:, 0] * factors[:, 1]
    by_size = np.argsort(-np.abs(products), kind="stable")
    shown = [k for k in by_size[:WRITTEN] if products[k] != 0] or list(by_size[:1])
    terms = tuple(
        Term(
            f"{at(names[0], pairs[k][0])} {at(names[1], pairs[k][1])}",
            (float(factors[k, 0]), float(factors[k, 1])),
            float(products[k]),
            ((names[0], pairs[k][0]), (names[1], pairs[k][1])),
        )
        for k in shown
    )
    others = np.delete(products, shown)
    more, rest = int(np.count_nonzero(others)), float(others.sum())
    symbols = [term.symbol for term in terms] + (["..."] if len(others) else [])
    numbers = " + ".join(f"{protected(term.factors[0])} * {protected(term.factors[1])}" for term in terms)
    if more:
        numbers += f"{plus(rest)} ({more:,} smaller term{'s' if more > 1 else ''})"
    if bias_name:
        symbols.append(bias_name)
        numbers += plus(bias)
    value = float(products.sum()) + bias
    return Worked(left, " + ".join(symbols), numbers, value, terms, more, rest, bias)


def plus(value: float) -> str:
    """A number as a further term of a sum: + 2, - 2."""
    return f" - {number(-value)}" if number(value).startswith("-") else f" + {number(value)}"


def protected(value: float) -> str:
    """A number after an operator: in brackets if it is negative."""
    return f"({number(value)})" if number(value).startswith("-") else number(value)


def substitute(right: str, values: dict[str, float]) -> str:
    """The right side of an equation with numbers; factors side by side get a multiplication sign."""
    pieces: list[str] = []
    previous = ""
    for match in TOKEN.finditer(right):
        token = match[0]
        apart = right[match.start() - 1 : match.start()] == " "
        if apart and _is_factor(previous, last=True) and _is_factor(token, last=False):
            pieces.append(" *")
        if token in values:
            after = right[match.end() : match.end() + 1]
            bare = previous in ("", "(", ",", "where") and after != "^"
            text = number(values[token]) if bare else protected(values[token])
        else:
            text = token
        pieces.append((" " if apart else "") + text)
        previous = token
    return "".join(pieces).strip()


def _is_factor(token: str, *, last: bool) -> bool:
    if token in WORDS:
        return False
    return token in ((")", "]") if last else ("(", "[")) or bool(re.match(r"\w", token))
