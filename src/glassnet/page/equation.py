"""An equation with its numbers as plain data, and where each number comes from, so that it can be opened."""

from collections.abc import Sequence
from typing import Any

from glassnet.explanation.records import Index, Term, Worked
from glassnet.nn.layer import Layer


def equation(
    worked: Worked, layer: Layer | None = None, *, places: Sequence[Index] = (), above: Sequence[Index] = ()
) -> dict[str, Any]:
    """A worked equation of a layer.

    If it has no terms that say where their factors come from, `places` are the inputs that it reads, and `above` the
    outputs whose dy it reads.
    """
    return {
        "left": worked.left,
        "symbols": worked.symbols,
        "numbers": worked.numbers,
        "value": worked.value,
        "note": worked.note,
        "terms": [_term(layer, term) for term in worked.terms],
        "more": worked.more,
        "rest": worked.rest,
        "bias": worked.bias,
        "places": [] if worked.terms else [list(place) for place in places],
        "above": [] if worked.terms else [list(place) for place in above],
    }


def _term(layer: Layer | None, term: Term) -> dict[str, Any]:
    """A product with the place of its factors: in x, in y (`above`, of a factor dy), or in a parameter."""
    where = dict(term.parts)
    learned = layer.parameters() if layer else ()
    weight = next(({"parameter": name, "index": list(where[name])} for name in learned if name in where), None)
    return {
        "symbol": term.symbol,
        "factors": list(term.factors),
        "value": term.value,
        "place": list(where["x"]) if "x" in where else None,
        "above": list(where["dy"]) if "dy" in where else None,
        "weight": weight,
    }
