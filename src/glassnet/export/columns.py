"""The operations that turn the cells of a table into the inputs of a network, in ONNX.

The columns that are read alike are read together. Each becomes inputs of the network, and a text for each row: what is
wrong with its cell, or nothing.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glassnet.export.cells import DOUBLE, CellGraph, literal
from glassnet.export.date_cells import read_moment
from glassnet.export.graph import FLOAT, Graph
from glassnet.export.number_cells import read_number, whole
from glassnet.nn.array import Array
from glassnet.nn.plain import brief
from glassnet.tables.boolean_form import BOOLEANS, FALSE, as_boolean
from glassnet.tables.column import GAPS, LARGEST, Column, UnknownPolicy, whole_number
from glassnet.tables.schema import Schema
from glassnet.tables.table import text_table

NAN = np.array(np.nan, np.float32)
UNKNOWN = -1  # the number of a category that the column does not have
ENCODERS = "ai.onnx.ml"  # where ONNX has the operation that looks texts up
NO_ANSWER = {"label": np.array(-1), "probabilities": NAN, "outputs": NAN, "class": ""}  # to a row that is refused
PROBLEM = "problem"  # the name of the result that says what is wrong with a row
Place = tuple[str, int]


@dataclass(frozen=True)
class Inputs:
    """What columns became: numbers (N, width), and what is wrong with each cell (N, C), empty if nothing is.

    Attributes:
        places: what each of the numbers is: the name of its column, and its place among the inputs of the column.
    """

    numbers: str
    problems: str
    places: list[Place]


def encode(schema: Schema, graph: Graph) -> None:
    """Append what turns cells into the inputs of a network, float64, the graph's last result, and `problem`."""
    groups: dict[Any, list[int]] = {}
    for place, column in enumerate(schema.inputs):
        alike = place if column.categories else (column.form, column.date, column.zone, column.clock, column.missing)
        groups.setdefault(alike, []).append(place)
    found = [_read(schema, graph, number, places) for number, places in enumerate(groups.values(), start=1)]
    on = CellGraph(graph, "columns", "The columns in the order of the table.")
    order = [place for places in groups.values() for place in places]
    _first_problem(on, _in_order(on, [each.problems for each in found], order, sorted(order)))
    places = [place for each in found for place in each.places]
    wanted = [(column.name, place) for column in schema.inputs for place in range(len(column.inputs))]
    graph.tensor = _in_order(on, [each.numbers for each in found], places, wanted)


def refuse(graph: Graph, outputs: Sequence[str]) -> None:
    """Append what takes the answers to rows with a problem out of these outputs."""
    graph.rename({name: f"{name}.answered" for name in outputs})
    on = CellGraph(graph, "rows", "Whether a row is answered.")
    answered = on.put("Equal", PROBLEM, on.constant(""))
    each = {"label": answered, "class": answered}
    for name in outputs:
        rows = each.get(name) or on.put("Unsqueeze", answered, on.constant(np.array([1])))
        doc = f"The {name} of a row that is answered; nothing of others."
        graph.node("Where", name, rows, f"{name}.answered", on.constant(NO_ANSWER[name]), doc=doc)


def name_cells(schema: Schema, graph: Graph, outputs: Sequence[str]) -> list[str]:
    """Name the inputs of the graph as their columns, and return their names.

    A column that is called as an output gets `_` behind its name. All else that is called as a column gives way.
    """
    inner = [*(node.name for node in graph.nodes), *graph.arrays]
    taken = {*outputs, *inner, *(column.name for column in schema.inputs)}
    names = {
        _cells(place): _free(column.name, taken) if column.name in ("", *outputs) else column.name
        for place, column in enumerate(schema.inputs)
    }
    inputs = list(names.values())
    graph.rename(names | {name: _free(name, taken) for name in inner if name in inputs})
    return inputs


def _free(name: str, taken: set[str]) -> str:
    """A name that is not taken yet, as like this one as can be."""
    while not name or name in taken:
        name += "_"
    taken.add(name)
    return name


def _cells(place: int) -> str:
    """What the cells of a column are called until their names are known."""
    return f"cells.{place}"


def _in_order(on: CellGraph, blocks: list[str], keys: Sequence[Hashable], wanted: Sequence[Hashable]) -> str:
    """The columns of several blocks as one, in the order that is wanted."""
    found = {key: place for place, key in enumerate(keys)}
    together = on.put("Concat", *blocks, axis=1)
    return on.put("Gather", together, on.constant(np.array([found[key] for key in wanted])), axis=1)


def _first_problem(on: CellGraph, of_cells: str) -> None:
    """What is wrong with the first cell of each row with which something is wrong."""
    wrong = on.put("Not", on.put("Equal", of_cells, on.constant("")))
    first = on.put("ArgMax", on.put("Cast", wrong, to=FLOAT), axis=1, keepdims=1)
    problem = on.put("GatherElements", of_cells, first, axis=1)
    doc = "What is wrong with a row; empty for a row that is answered."
    on.graph.node("Squeeze", PROBLEM, problem, on.constant(np.array([1])), doc=doc)


def _read(schema: Schema, graph: Graph, number: int, places: list[int]) -> Inputs:
    """What columns that are read alike become."""
    columns = [schema.inputs[place] for place in places]
    names = ", ".join(column.name for column in columns)
    on = CellGraph(graph, f"cells{number}", brief(f"{columns[0].kind}: {names}", 60))
    axis = on.constant(np.array([1]))
    cells = on.put("Concat", *(on.put("Unsqueeze", _cells(place), axis) for place in places), axis=1)
    if columns[0].categories:
        return _read_category(on, cells, columns[0], schema.unknown)
    return _read_numbers(on, cells, columns, schema.unknown)


def _read_numbers(on: CellGraph, cells: str, columns: list[Column], unknown: UnknownPolicy) -> Inputs:
    """Columns of numbers or dates. A gap becomes what the column makes of one."""
    column = columns[0]
    if column.date is None:
        values = month = read_number(on, cells, column.form)
    else:
        values, month = read_moment(on, cells, column.date, column.zone)
    gap = _is_missing(on, cells, column)
    for value in _values_of_gaps(column):
        gap = on.either(gap, on.with_number("Equal", values, value))
    valid = on.with_number("LessOrEqual", on.put("Abs", values), LARGEST)  # which NaN is not
    expected = on.choose(
        valid,
        on.constant(""),
        on.constant(np.array([_said(each, f"expected a {each.kind}") for each in columns], object)),
    )
    refused = ["" if _answers_gap(each, unknown) else _said(each, "missing") for each in columns]
    problems = on.choose(gap, on.constant(np.array(refused, object)), expected)
    of_gaps = np.array([_inputs_of_gap(each)[: len(column.parts)] for each in columns]).T
    blocks = [
        on.choose(gap, on.constant(numbers), _PARTS[part](on, values, month))
        for part, numbers in zip(column.parts, of_gaps, strict=True)
    ]
    blocks.append(on.put("Cast", gap, to=DOUBLE))
    places = [(each.name, place) for place in range(len(blocks)) for each in columns]
    return Inputs(on.put("Concat", *blocks, axis=1), problems, places)


def _read_category(on: CellGraph, cells: str, column: Column, unknown: UnknownPolicy) -> Inputs:
    """A column of categories: an indicator for each of them."""
    gap = _is_missing(on, cells, column)
    code = _code(on, on.choose(gap, on.constant(""), cells), column)
    numbers = on.put("Equal", code, on.constant(np.arange(len(column.categories))))
    said = [_said(column, problem) if unknown == "refuse" else "" for problem in ("missing", "unknown category")]
    of_unknown = on.choose(gap, *map(on.constant, said))
    problems = on.choose(on.put("Equal", code, on.constant(UNKNOWN)), of_unknown, on.constant(""))
    places = [(column.name, place) for place in range(len(column.categories))]
    return Inputs(on.put("Cast", numbers, to=DOUBLE), problems, places)


def _code(on: CellGraph, text: str, column: Column) -> str:
    """The number of the category in each cell; the first of these ways that finds one decides."""
    numbers = {category: number for number, category in enumerate(column.categories)}
    codes = [_looked_up(on, text, numbers)]
    if any(map(_is_whole, numbers)):
        codes.append(_looked_up(on, whole(on, text), numbers))
    if column.kind == "boolean":
        booleans = {as_boolean(category): number for category, number in numbers.items() if category}
        yes, no = (on.matches(text, _in_any_case(spellings)) for spellings in (BOOLEANS, FALSE))
        of_no = on.choose(no, on.constant(booleans[False]), on.constant(UNKNOWN))
        codes.append(on.choose(yes, on.constant(booleans[True]), of_no))
    code = codes[0]
    for other in codes[1:]:
        code = on.choose(on.put("Equal", code, on.constant(UNKNOWN)), other, code)
    return code


def _looked_up(on: CellGraph, text: str, numbers: dict[str, int]) -> str:
    """The number that a text has in a dictionary."""
    known = {"keys_strings": list(numbers), "values_int64s": list(numbers.values()), "default_int64": UNKNOWN}
    return on.put("LabelEncoder", text, domain=ENCODERS, **known)


def _is_missing(on: CellGraph, cells: str, column: Column) -> str:
    """Whether a cell counts as missing, as `Column.is_missing`."""
    markers = "|".join(map(literal, column.missing))
    usual = "" if column.kind == "category" else _in_any_case(GAPS)
    missing = on.matches(cells, f"{usual}|{markers}" if markers else usual)
    if any(map(_is_whole, column.missing)):
        return on.either(missing, on.matches(whole(on, cells), markers))
    return missing


def _in_any_case(texts: Iterable[str]) -> str:
    return f"(?i:{'|'.join(map(literal, sorted(texts)))})"


def _is_whole(text: str) -> bool:
    """Whether another way to write a whole number, such as 1.0, could mean this text."""
    return text.removeprefix("-").isdecimal() and whole_number(text) == text


def _values_of_gaps(column: Column) -> list[float]:
    """The numbers or days in the cells that count as missing: -9, which may stand there as -9,0."""
    table = text_table("", {column.name: column.missing})
    values = replace(column, missing=()).read(table).values
    return [float(value) for value in values if np.isfinite(value)]


def _inputs_of_gap(column: Column) -> Array:
    """What the column makes of a missing number or date, if it makes anything of it."""
    x = np.zeros((1, len(column.inputs)))
    column.write(text_table("", {column.name: [""]}), x, "answer")
    return x[0]


def _answers_gap(column: Column, unknown: UnknownPolicy) -> bool:
    return column.fill is not None or (unknown == "answer" and column.mean is not None)


def _said(column: Column, problem: str) -> str:
    return f"column {brief(repr(column.name))}: {problem}"


def _weekday(on: CellGraph, days: str, month: str) -> str:
    since = on.with_number("Add", on.put("Floor", days), 3)
    weeks = on.put("Floor", on.with_number("Div", since, 7))
    return on.put("Sub", since, on.with_number("Mul", weeks, 7))


def _hour(on: CellGraph, days: str, month: str) -> str:
    return on.with_number("Mul", on.put("Sub", days, on.put("Floor", days)), 24)


# What becomes of a number, or of days since 1970-01-01 and their month, as in `Column`.
_PARTS: dict[str, Callable[[CellGraph, str, str], str]] = {
    "number": lambda on, number, month: number,
    "day": lambda on, days, month: on.put("Floor", days),
    "month": lambda on, days, month: month,
    "weekday": _weekday,
    "hour": _hour,
}
