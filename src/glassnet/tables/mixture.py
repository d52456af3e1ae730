"""A column of which most cells are numbers or dates, and the others are not, or are written in another way."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from glassnet.tables.date_form import find_date_forms
from glassnet.tables.number_form import find_forms, split

MOST_LOOKED_AT = 1000  # different cells, each by itself: enough to tell whether most are dates
MANY = 5  # different numbers


@dataclass(frozen=True)
class Mixture:
    """What most cells are, and what does not fit.

    Attributes:
        most: what most cells are: "number", "number in kg", "date".   others: the cells that are none.
        pair: if there are no others, two cells that share no form, or one cell without a form, twice.
    """

    most: str
    others: frozenset[str]
    pair: tuple[str, str]


def find_mixture(present: Counter[str], *, only_numbers: bool = False) -> Mixture | None:
    """What is mixed in a column that has no single form; None if it is text.

    Args:
        present: how often each cell that is not missing stands there.
        only_numbers: whether a person says that the column holds numbers.
    """
    units = Counter[str]()
    for cell, count in present.items():
        if (parts := split(cell)) is not None:
            units[parts.unit] += count
    usual = {unit for unit, _ in units.most_common(2)}  # street and number are in many units, and are text
    different = [cell for cell in present if (parts := split(cell)) is not None and parts.unit in usual]
    most = 2 * sum(present[cell] for cell in different) > present.total()
    most = most or (len(different) >= MANY and 2 * len(different) > len(present))  # words repeat, numbers do not
    if most or only_numbers:
        unit = max(units, key=lambda unit: (units[unit], unit), default="")
        numbers = {cell for cell in present if (parts := split(cell)) is not None and parts.unit == unit}
        in_unit = f" in {unit}" if unit else " without a unit" if len(units) > 1 else ""
        return Mixture(f"number{in_unit}", frozenset(present) - numbers, _unlike(numbers))
    first = list(present)[:MOST_LOOKED_AT]
    dates = [cell for cell in first if find_date_forms([cell])]
    if 2 * sum(present[cell] for cell in dates) <= sum(present[cell] for cell in first):
        return None
    others = frozenset(cell for cell in present if not find_date_forms([cell]))
    return Mixture("date", others, _unlike_dates(set(present) - others))


def _unlike(numbers: Collection[str]) -> tuple[str, str]:
    ordered = sorted(numbers) or [""]
    odd = next((cell for cell in ordered if not find_forms([cell])), None)
    if odd is not None:
        return odd, odd
    return ordered[0], next((cell for cell in ordered if not find_forms([ordered[0], cell])), ordered[-1])


def _unlike_dates(dates: Collection[str]) -> tuple[str, str]:
    ordered = sorted(dates)
    return ordered[0], next((cell for cell in ordered if not find_date_forms([ordered[0], cell])), ordered[-1])
