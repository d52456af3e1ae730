"""Operations on the cells of a table, as ONNX has them: its cells are strings.

ONNX cannot cut a text at a place. It says whether a text matches a regular expression, and splits a text at a mark. So
a digit is found by asking which values it could have, and a mark is taken out by splitting and joining.
"""

from collections.abc import Mapping
from functools import reduce
from typing import Any

import numpy as np

from glassnet.export.graph import Graph

STRING, DOUBLE = 8, 11  # the numbers of strings and of float64 among the types of ONNX
NEVER = r"\b\B"  # a pattern that no text matches
BITS = ("[13579]", "[2367]", "[4567]", "[89]")  # the digits that have 1, 2, 4 and 8 in them


class CellGraph:
    """Operations on cells (N, C), a column for each of C columns of the table that are read alike.

    What the operations take and return are names of results and of constants.

    Attributes:
        graph: where they are appended.   part: their names begin so, and a number follows.   doc: what they are for.
    """

    def __init__(self, graph: Graph, part: str, doc: str) -> None:
        self.graph, self.part, self.doc = graph, part, doc
        self.count = 0
        self.constants: dict[str, str] = {}

    def put(self, operation: str, *inputs: str, **attributes: Any) -> str:
        """Append an operation, and return the name of its result."""
        return self.graph.node(operation, self._name(operation.lower()), *inputs, doc=self.doc, **attributes)

    def constant(self, values: Any) -> str:
        """A text, a number or an array of them; the same constant stands in the graph once."""
        array = np.asarray(values, object if isinstance(values, str) else None)
        key = f"{array.dtype} {array.tolist()!r}"
        if key not in self.constants:
            self.constants[key] = self._name("constant")
            self.graph.arrays[self.constants[key]] = array
        return self.constants[key]

    def _name(self, what: str) -> str:
        self.count += 1
        return f"{self.part}.{what}{self.count}"

    def matches(self, text: str, pattern: str) -> str:
        """Whether all of the text is as the pattern says, in the syntax of RE2; a point is any character."""
        return self.put("RegexFullMatch", text, pattern=f"(?s){pattern}")

    def choose(self, condition: str, yes: str, no: str) -> str:
        """The one where the condition holds, the other elsewhere."""
        return self.put("Where", condition, yes, no)

    def either(self, *conditions: str) -> str:
        """Whether one of the conditions holds."""
        return reduce(lambda a, b: self.put("Or", a, b), conditions)

    def both(self, *conditions: str) -> str:
        """Whether all the conditions hold."""
        return reduce(lambda a, b: self.put("And", a, b), conditions)

    def joined(self, *texts: str) -> str:
        """The texts, one behind the other."""
        return reduce(lambda a, b: self.put("StringConcat", a, b), texts)

    def without(self, text: str, mark: str, halvings: int = 1) -> str:
        """The text without a mark, which stands in it less than 2 ** halvings times.

        Marks that are appended make enough pieces. The pieces are joined in pairs, until one is left.
        """
        pieces = self._pieces(text, mark, 2**halvings)
        for level in reversed(range(halvings)):
            first = np.arange(0, 2 ** (level + 1), 2)
            sides = [self.constant(places if level else places[0]) for places in (first, first + 1)]
            pieces = self.joined(*(self.put("Gather", pieces, side, axis=-1) for side in sides))
        return pieces

    def replaced(self, text: str, mark: str, new: str) -> str:
        """The text with something else for a mark, which stands in it at most once."""
        pieces = self._pieces(text, mark, 2)
        first, second = (self.put("Gather", pieces, self.constant(place), axis=-1) for place in (0, 1))
        return self.joined(first, self.choose(self.put("Equal", first, text), self.constant(""), new), second)

    def _pieces(self, text: str, mark: str, count: int) -> str:
        """The pieces of a text between the marks: at least so many, the last ones empty."""
        text = self.joined(text, self.constant(mark * (count - 1)))
        return self.put("StringSplit", text, delimiter=mark, unused=(self._name("count"),))

    def total(self, text: str, values: Mapping[str, float]) -> str:
        """The sum of the values whose patterns the text matches."""
        terms = ((self.matches(text, pattern), self.constant(value)) for pattern, value in values.items())
        return self.put("Sum", *(self.choose(matches, value, self.constant(0.0)) for matches, value in terms))

    def with_number(self, operation: str, values: str, number: float) -> str:
        """What an operation makes of values and a number."""
        return self.put(operation, values, self.constant(float(number)))


def digits(count: int, before: str, after: str, unit: float = 1.0) -> dict[str, float]:
    """By pattern what each digit of a number of so many digits adds to it: four questions for each."""
    return {
        f"{before}[0-9]{{{place}}}{bit}[0-9]{{{count - 1 - place}}}{after}": unit * 2**power * 10 ** (count - 1 - place)
        for place in range(count)
        for power, bit in enumerate(BITS)
    }


def one_or_two_digits(before: str, after: str, unit: float = 1.0) -> dict[str, float]:
    """The same of a number of one or two digits."""
    ones = {f"{before}[ 0-9]?{bit}{after}": unit * 2**power for power, bit in enumerate(BITS)}
    return ones | {f"{before}{bit}[0-9]{after}": unit * 10 * 2**power for power, bit in enumerate(BITS)}


def any_of(letters: str) -> str:
    """A pattern for one of these characters."""
    return "[" + "".join(f"\\x{{{ord(letter):x}}}" for letter in letters) + "]"


def literal(text: str) -> str:
    """A pattern for this text."""
    return "".join(letter if letter.isalnum() else f"\\x{{{ord(letter):x}}}" for letter in text)
