"""Equations with numbers in them: what a layer computes, for one of its outputs, as one would do it by hand.

The equation of a layer is read from the docstring of its class, so what is shown is what stands beside the code. The
numbers are those of one example; of a long sum the largest terms are written out.
"""

import inspect
import re
from typing import Any

import numpy as np

from glassnet.explanation.records import Index, Term, Worked
from glassnet.nn.array import Array

WRITTEN = 3  # the terms of a sum that are written out
STARTS = re.compile(r"[\w/]+'?(\[[^\]]*\])? (=|collects)")
TOKEN = re.compile(r"[A-Za-z_]\w*'?|\d[\d.]*(?:e[+-]?\d+)?|\S")
WORDS = {"where", "else", "each", "is", "with", "of", "over", "and", "in", "at", "as", "if", "for", "the", "to", "sum"}


def equations(part: type, slot: str) -> tuple[str, ...]:
    """The equations in the docstring of a layer or loss, from its slot "Forward" or "Backward", one by one."""
    lines = (inspect.getdoc(part) or "").splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith(f"{slot}:")), None)
    if start is None:
        return ()
    found: list[str] = []
    for line in [lines[start].removeprefix(f"{slot}:"), *lines[start + 1 :]]:
        if line and not line[0].isspace():
            break
        if not line.strip():
            break
        if found and not STARTS.match(line.strip()):
            found[-1] += f" {line.strip()}"  # a long equation goes on
        else:
            found += re.split(r"\s{2,}", line.strip())
    return tuple(found)


def number(value: float) -> str:
    """Four digits, and no minus before a zero."""
    return f"{value + 0.0:.4g}"


def at(name: str, index: Index) -> str:
    """x[12], W[12,3]; a plain name where there is nothing to choose."""
    return f"{name}[{','.join(map(str, index))}]" if index else name


def weighted_sum(
    left: str, names: tuple[str, str], pairs: list[tuple[Index, Index]], factors: Array, **extra: Any
) -> Worked:
    """A sum of products a[i] b[j], with its largest terms written out.

    Args:
        left: what the sum is.
        names: of the two factors, such as x and W.
        pairs: the index of both factors in every term.
        factors: (terms, 2), their values.
        extra: `bias`, and `bias_name` for its symbol.
    """
    bias, bias_name = float(extra.get("bias", 0.0)), extra.get("bias_name", "")
    factors = np.asarray(factors, np.float64).reshape(-1, 2)
    products = factors[:, 0] * factors[:, 1]
    order = np.argsort(-np.abs(products), kind="stable")
    shown = [k for k in order[:WRITTEN] if products[k] != 0] or list(order[:1])
    terms = tuple(
        Term(
            f"{at(names[0], pairs[k][0])} {at(names[1], pairs[k][1])}",
            (float(factors[k, 0]), float(factors[k, 1])),
            float(products[k]),
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
    """A number as it is added to others: + 2, - 2."""
    return f" - {number(-value)}" if number(value).startswith("-") else f" + {number(value)}"


def protected(value: float) -> str:
    """A number as it stands after an operator: in brackets if it is negative."""
    return f"({number(value)})" if number(value).startswith("-") else number(value)


def substitute(right: str, values: dict[str, float]) -> str:
    """The right side of an equation, with numbers; side by side means times, and gets its sign."""
    pieces: list[str] = []
    before = ""
    for match in TOKEN.finditer(right):
        token = match[0]
        apart = right[match.start() - 1 : match.start()] == " "
        if apart and _is_factor(before, last=True) and _is_factor(token, last=False):
            pieces.append(" *")
        if token in values:
            after = right[match.end() : match.end() + 1]
            bare = before in ("", "(", ",", "where") and after != "^"
            text = number(values[token]) if bare else protected(values[token])
        else:
            text = token
        pieces.append((" " if apart else "") + text)
        before = token
    return "".join(pieces).strip()


def _is_factor(token: str, *, last: bool) -> bool:
    if token in WORDS:
        return False
    return token in ((")", "]") if last else ("(", "[")) or bool(re.match(r"\w", token))
