"""The cells of an Arrow column, by its declared type."""

from typing import TYPE_CHECKING

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.plain import brief
from glassnet.tables.cells import A_DAY, Cells, Dates, Numbers, Texts, Unusable

if TYPE_CHECKING:
    import pyarrow as pa

BOOLEANS = ("False", "True")
MANY = 1 << 16  # rows; of fewer, finding the different cells takes no time
LATEST = (1 << 63) - 1
MICROSECONDS = {"s": 10**6, "ms": 10**3, "us": 1}


def is_text(type_: "pa.DataType") -> bool:
    """Whether a column of this type holds texts."""
    import pyarrow.types as of

    return of.is_string(type_) or of.is_large_string(type_) or of.is_string_view(type_)


def cells_of(column: "pa.ChunkedArray", type_: "pa.DataType") -> Cells:
    """The cells of a column that is declared to be of this type.

    Raises:
        ValueError, OverflowError, TypeError: a cell is not what the column declares, such as text that is not UTF-8.
    """
    import pyarrow.types as of

    missing = column.is_null().to_numpy() if column.null_count else np.zeros(len(column), bool)
    if of.is_null(type_):
        return Texts([""], np.zeros(len(column), np.int32))
    if is_text(type_):
        return _texts(column)
    if of.is_dictionary(type_):
        return _categories(column)
    if of.is_boolean(type_):
        return Texts([*BOOLEANS, ""], _filled(column.cast("int8"), 2), kind="boolean")
    if of.is_integer(type_):
        return Numbers(_filled(column, 0), missing)
    if of.is_decimal(type_):
        return _decimals(column, type_, missing)
    if of.is_floating(type_):
        values = _floats(column, type_)
        return Numbers(values, np.isnan(values))
    if of.is_date(type_) or of.is_timestamp(type_) or of.is_time(type_):
        return _dates(column, type_, missing)
    return Unusable(f"holds {brief(type_, 60)}, expected numbers, texts, booleans or dates", len(column))


def _filled(column: "pa.ChunkedArray | pa.Array", missing: float) -> Array:
    """The values of a column, with this one where they are missing."""
    return (column.fill_null(missing) if column.null_count else column).to_numpy()


def _floats(column: "pa.ChunkedArray", type_: "pa.DataType") -> Array:
    """Floats as float64; a shorter one is the number that its shortest text says, 0.1 and not 0.10000000149."""
    import pyarrow.types as of

    if not of.is_float64(type_):
        column = column.cast("float32").cast("string")
    return _filled(column.cast("float64"), np.nan)


def _decimals(column: "pa.ChunkedArray", type_: "pa.DataType", missing: Array) -> Cells:
    """Decimals: whole ones as integers, others as the nearest floats, by way of their texts."""
    import pyarrow as pa

    if type_.scale > 0:
        return Numbers(_filled(column.cast("string").cast("float64"), np.nan), missing)
    try:
        return Numbers(_filled(column.cast("int64"), 0), missing)
    except pa.ArrowInvalid:  # too large to be told apart as numbers: names of something
        return _texts(column.cast("string"))


def _texts(column: "pa.ChunkedArray") -> Texts:
    """Cells of text; a missing one is ""."""
    import pyarrow.types as of

    column = column if of.is_dictionary(column.type) else column.dictionary_encode()
    if 2 * sum(len(chunk.dictionary) for chunk in column.chunks) > len(column) > MANY:
        texts = [text or "" for text in column.cast("string").to_pylist()]  # nearly all are different
        return Texts(list(map(str.strip, texts)), np.arange(len(texts), dtype=np.int32))
    encoded = column.unify_dictionaries().combine_chunks()
    return _indexed([text or "" for text in encoded.dictionary.to_pylist()], encoded.indices, "")


def _categories(column: "pa.ChunkedArray") -> Cells:
    """Categories, whose values may be of any usable type; a missing one is ""."""
    import pyarrow as pa

    encoded = column.unify_dictionaries().combine_chunks()
    values = cells_of(pa.chunked_array([encoded.dictionary]), encoded.dictionary.type)
    if values.problem:
        return Unusable(f"holds categories, and each {values.problem}", len(column))
    return _indexed(list(values), encoded.indices, "category")


def _indexed(texts: list[str], indices: "pa.Array", kind: str) -> Texts:
    """Cells of which each is one of these texts, without the spaces around it; "" where there is no index."""
    codes = _filled(indices, len(texts))
    different: dict[str, int] = {}
    places = [different.setdefault(text.strip(), len(different)) for text in [*texts, ""]]  # the last for missing cells
    if places != list(range(len(places))):  # two texts are the same but for spaces
        codes = np.array(places, np.int32)[codes]
    return Texts(list(different), codes, kind=kind)


def _dates(column: "pa.ChunkedArray", type_: "pa.DataType", missing: Array) -> Dates:
    """Days, moments as the clocks of their time zone show them, or times of day."""
    import pyarrow as pa
    import pyarrow.compute as compute
    import pyarrow.types as of

    zone = ""
    if of.is_date(type_):
        moments = _microseconds(column.cast("date32").cast("int32"), A_DAY)
    elif of.is_time(type_):
        moments = _filled(compute.cast(column, pa.time64("us"), safe=False).cast("int64"), 0)
    else:
        local = compute.local_timestamp(column) if type_.tz else column
        if type_.tz:
            east = compute.subtract(local.cast("int64"), column.cast("int64"))  # in the unit of the column
            zone = _offset(compute.min(east).as_py() or 0, type_.unit)
        numbers = local.cast("int64")
        moments = (
            _filled(numbers, 0) // 1000 if type_.unit == "ns" else _microseconds(numbers, MICROSECONDS[type_.unit])
        )
    clock = of.is_time(type_) or (of.is_timestamp(type_) and bool((moments % A_DAY).any()))
    date = "" if of.is_time(type_) else "%Y-%m-%d"
    return Dates(moments.view("datetime64[us]"), missing, date=date, clock=clock, zone=zone)


def _microseconds(column: "pa.ChunkedArray", factor: int) -> Array:
    """Integers times this factor, int64; where that is too large, the largest, which no calendar has."""
    most = LATEST // factor
    return np.clip(_filled(column, 0).astype(np.int64), -most, most) * factor


def _offset(east: int, unit: str) -> str:
    """How far a time zone is ahead of UTC, as `+01:00`."""
    minutes = east // (60 * 10 ** {"s": 0, "ms": 3, "us": 6, "ns": 9}[unit])
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
