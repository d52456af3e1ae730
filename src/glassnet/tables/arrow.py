"""Tables with declared types: Parquet files, and frames of pandas, polars, pyarrow and others.

These libraries export their frames through the Arrow C stream (`__arrow_c_stream__`), so only Arrow is read here. The
declared type of a column is believed. A column of text declares nothing, and is examined as in a CSV file.
"""

import mmap
import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.errors import DataError
from glassnet.data.files import is_pipe, reading
from glassnet.nn.array import Array
from glassnet.nn.plain import brief, number_of, shown
from glassnet.tables.cells import A_DAY, Cells, Dates, Numbers, Texts, Unusable
from glassnet.tables.table import MOST_BYTES, Table, check_column_names, too_large

if TYPE_CHECKING:
    import pyarrow as pa

START = b"PAR1"  # the first bytes of a Parquet file, and its last
MOST_CELLS = 1 << 27  # each takes 8 bytes, or 4 and its share of the texts
MANY = 1 << 16  # rows; of fewer, finding the different cells takes no time
BOOLEANS = ("False", "True")
INDEX = re.compile("__index_level_[0-9]+__")


def is_frame(given: object) -> bool:
    """Whether this is a frame: a table in memory that other programs can read."""
    return hasattr(given, "__arrow_c_stream__") and (hasattr(given, "columns") or hasattr(given, "column_names"))


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet, by its first bytes."""
    with reading(path) as (stream, _, _):
        return stream.read(len(START)) == START


def read_frame(frame: Any) -> Table:
    """A table of the columns of a frame; the index of a pandas frame is left out.

    Raises:
        DataError: pyarrow is not installed; no rows; names that are not text, or twice the same; more than 2**27 cells.
    """
    pa = _pyarrow("a frame")
    name = "frame"
    names = list(frame.column_names if hasattr(frame, "column_names") else frame.columns)
    for column in names:
        if not isinstance(column, str):
            raise DataError(
                f"{name}: expected the names of columns as texts, got {shown(column)}: frame.columns = "
                "[str(name) for name in frame.columns] makes them so"
            )
    _check(names, len(frame), name)
    try:
        table = frame if isinstance(frame, pa.Table) else pa.table(frame)
    except (pa.ArrowException, TypeError, ValueError, NotImplementedError) as error:
        raise DataError(f"{name}: a column cannot be read: {brief(error)}; make it one type, such as text") from None
    return _as_table(table.select(names), name)


def read_parquet(path: Path) -> Table:
    """A table of the columns of a Parquet file.

    Raises:
        DataError: pyarrow is not installed; a broken file, or one cut short; as `read_frame`.
    """
    pa = _pyarrow(f"{path}: a Parquet file")
    import pyarrow.parquet

    name = str(path)
    with reading(path) as (stream, raw, _):
        contents = path if raw is stream and not is_pipe(path) else pa.BufferReader(stream.read(MOST_BYTES))
    try:
        with pyarrow.parquet.ParquetFile(contents) as file:
            types, about = file.schema_arrow, file.metadata
        _check(types.names, about.num_rows, name)
        size = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
        if size > MOST_BYTES:
            raise too_large(name, f"{size:,} bytes, at most {MOST_BYTES:,}")
        # Texts stay encoded as in the file, so that a long one, repeated a million times, is held once.
        texts = [field.name for field in types if _is_text(field.type)]
        with pyarrow.parquet.ParquetFile(contents, read_dictionary=texts) as file:
            table = file.read()
    except (pa.ArrowException, OSError, OverflowError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: a broken Parquet file, or one cut short: {brief(error)}; write it anew") from None
    return _as_table(table, name, stated=types)


def plain_columns(path: Path, names: Sequence[str], separator: str, skipped: int) -> list[Texts] | None:
    """The cells of a text in which each line is a row, read at once; None where the csv module must parse the text.

    Without quotes there is nothing to interpret: a separator ends a cell, and an end of line ends a row.

    Args:
        names: of the columns.   skipped: the lines before the first row.

    Returns:
        None too if pyarrow is not installed, the text is not UTF-8, or a row has another number of cells.
    """
    if not find_spec("pyarrow"):
        return None
    import pyarrow as pa
    import pyarrow.csv

    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        if text.find(b'"') >= 0 or text.find(b"\0") >= 0:
            return None
    encoded = pa.dictionary(pa.int32(), pa.string())
    try:
        table = pyarrow.csv.read_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(column_names=names, skip_rows=skipped),
            parse_options=pyarrow.csv.ParseOptions(delimiter=separator, quote_char=False, ignore_empty_lines=False),
            convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, encoded), null_values=[]),
        )
    except pa.ArrowException:
        return None
    columns = [_texts(column, kind="") for column in table.columns]
    if all("" in column.texts for column in columns):  # else no row is empty
        blank = np.logical_and.reduce([column.are({""}) for column in columns])
        return None if blank.any() else columns
    return columns


def _pyarrow(what: str) -> Any:
    try:
        import pyarrow
    except ImportError:
        raise DataError(f"{what} is read by pyarrow: pip install 'glassnet[tables]'") from None
    return pyarrow


def _check(names: Sequence[str], rows: int, where: str) -> None:
    """Raise DataError unless there are rows, not too many, and columns with different names."""
    check_column_names(names, where)
    if not rows:
        raise DataError(f"{where}: has {number_of(len(names), 'column')} but no rows")
    if rows * len(names) > MOST_CELLS:
        raise too_large(where, f"{rows:,} rows of {len(names):,} columns, at most {MOST_CELLS:,} cells")


def _as_table(table: "pa.Table", where: str, *, stated: "pa.Schema | None" = None) -> Table:
    """A table of Arrow columns; `stated` holds their declared types where they were read as others.

    Raises:
        DataError: a cell that is not what its column declares, such as text that is not UTF-8.
    """
    import pyarrow as pa

    columns, notes = {}, []
    for name, column, type_ in zip(table.column_names, table.columns, (stated or table.schema).types, strict=True):
        if INDEX.fullmatch(name):
            notes.append(f"its column {name}, the index of a frame, is left out")
            continue
        try:
            columns[name.strip()] = _cells(column, type_)
        except (pa.ArrowException, ValueError, OverflowError, TypeError) as error:
            raise DataError(f"{where}: column {brief(repr(name))} cannot be read: {brief(error)}") from None
    return Table(where, columns, table.num_rows, notes=tuple(notes))


def _is_text(type_: "pa.DataType") -> bool:
    import pyarrow.types as of

    return of.is_string(type_) or of.is_large_string(type_) or of.is_string_view(type_)


def _cells(column: "pa.ChunkedArray", type_: "pa.DataType") -> Cells:
    """The cells of a column that is declared to be of this type."""
    import pyarrow.types as of

    missing = column.is_null().to_numpy() if column.null_count else np.zeros(len(column), bool)
    if of.is_null(type_):
        return Texts([""], np.zeros(len(column), np.int32))
    if _is_text(type_) or of.is_dictionary(type_):
        return _texts(column, kind="category" if of.is_dictionary(type_) else "")
    if of.is_boolean(type_):
        return Texts([*BOOLEANS, ""], _filled(column.cast("int8"), 2), kind="boolean")
    if of.is_integer(type_):
        return Numbers(_filled(column, 0), missing)
    if of.is_floating(type_) or of.is_decimal(type_):
        values = _filled(column.cast("float64"), np.nan)
        return Numbers(values, np.isnan(values))
    if of.is_date(type_) or of.is_timestamp(type_) or of.is_time(type_):
        return _dates(column, type_, missing)
    return Unusable(f"holds {brief(type_, 60)}, expected numbers, texts, booleans or dates", len(column))


def _filled(column: "pa.ChunkedArray | pa.Array", missing: float) -> Array:
    """The values of a column, with this one where they are missing."""
    return (column.fill_null(missing) if column.null_count else column).to_numpy()


def _texts(column: "pa.ChunkedArray", *, kind: str) -> Texts:
    """Cells of text, or the categories of a column; a missing one is "".

    A category that is a number or a date becomes its text.
    """
    import pyarrow.types as of

    column = column if of.is_dictionary(column.type) else column.dictionary_encode()
    if not kind and 2 * sum(len(chunk.dictionary) for chunk in column.chunks) > len(column) > MANY:
        texts = [text or "" for text in column.cast("string").to_pylist()]  # nearly all are different
        return Texts(list(map(str.strip, texts)), np.arange(len(texts), dtype=np.int32))
    encoded = column.unify_dictionaries().combine_chunks()
    texts = ["" if value is None else str(value) for value in encoded.dictionary.to_pylist()]
    codes = _filled(encoded.indices, len(texts))
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

    moment, zone = pa.timestamp("us"), ""
    if of.is_time(type_):
        moments = compute.cast(column, pa.time64("us"), safe=False).cast("int64").cast(moment)
    elif of.is_timestamp(type_) and type_.tz:
        local = compute.local_timestamp(column)
        east = compute.subtract(local.cast("int64"), column.cast("int64"))  # in the unit of the column
        zone = _offset(compute.min(east).as_py() or 0, type_.unit)
        moments = compute.cast(local, moment, safe=False)
    else:
        moments = compute.cast(column, moment, safe=False)
    values = _filled(moments.cast("int64"), 0)
    clock = of.is_time(type_) or (of.is_timestamp(type_) and bool((values % A_DAY).any()))
    date = "" if of.is_time(type_) else "%Y-%m-%d"
    return Dates(values.view("datetime64[us]"), missing, date=date, clock=clock, zone=zone)


def _offset(east: int, unit: str) -> str:
    """How far a time zone is ahead of UTC, as `+01:00`."""
    minutes = east // (60 * 10 ** {"s": 0, "ms": 3, "us": 6, "ns": 9}[unit])
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
