"""How people write true and false: `yes`, `NO`, `Wahr`, `0`."""

from collections.abc import Iterable

# The spellings of true and false in lower case, in some languages.
BOOLEANS = {
    **{"true": "false", "t": "f", "yes": "no", "y": "n", "on": "off", "1": "0"},
    **{"wahr": "falsch", "ja": "nein", "j": "n", "vrai": "faux", "oui": "non", "verdadero": "falso", "sí": "no"},
    **{"si": "no", "vero": "falso", "sì": "no", "verdadeiro": "falso", "sim": "não", "waar": "onwaar", "tak": "nie"},
}
FALSE = frozenset(BOOLEANS.values())


def as_boolean(cell: str) -> bool | None:
    """What a spelling of a boolean means; None for another text."""
    text = cell.casefold()
    return True if text in BOOLEANS else False if text in FALSE else None


def are_booleans(categories: Iterable[str]) -> bool:
    """Whether these are spellings of a boolean, both values, and not only the numbers 0 and 1.

    Words of several pairs may stand beside each other, but letters only of one: T, F and N are three categories.
    """
    texts = {category.casefold() for category in categories if category}
    if set(map(as_boolean, texts)) != {False, True} or texts <= {"0", "1"}:
        return False
    letters = {text for text in texts if len(text) == 1}
    return not letters or any(letters <= {true, false} for true, false in BOOLEANS.items())
