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
from glassnet.nn.plain import brief, number_of, shown
from glassnet.tables.arrow_cells import cells_of, is_text
from glassnet.tables.cells import Cells, Unusable
from glassnet.tables.table import MOST_BYTES, Table, check_column_names, too_large

if TYPE_CHECKING:
    import pyarrow as pa

START = b"PAR1"  # the first bytes of a Parquet file, and its last
MOST_CELLS = 1 << 27  # each takes 8 bytes, or 4 and its share of the texts
UNREADABLE = (TypeError, ValueError, NotImplementedError, OverflowError)  # errors of pyarrow are of these types
INDEX = re.compile("__index_level_[0-9]+__")


def is_frame(given: object) -> bool:
    """Whether this is a frame: a table in memory that other programs can read."""
    if not hasattr(given, "__arrow_c_stream__") or hasattr(given, "collect"):
        return False
    return hasattr(given, "columns") or hasattr(given, "column_names")


def check_frame(given: object) -> None:
    """Raise DataError if this is nearly a frame: a lazy one, or a series; the message says how it becomes one."""
    name = type(given).__name__
    if hasattr(given, "collect") and hasattr(given, "lazy"):
        raise DataError(f"expected a frame, got {name}: collect it first, frame.collect()")
    if hasattr(given, "to_frame"):
        raise DataError(f"expected a frame, got {name}: make a frame of it, series.to_frame()")


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
        return _as_table(pa.table(frame).select(names), name)
    except UNREADABLE:
        parts = [_one_column(frame, column, pa) for column in names]
    return Table(name, dict(zip(map(str.strip, names), parts, strict=True)), len(frame))


def _one_column(frame: Any, name: str, pa: Any) -> Cells:
    """One column of a frame of which not all can be read."""
    try:
        return _as_table(pa.table(frame[[name]]).select([name]), "frame").columns[name.strip()]
    except UNREADABLE as error:
        said = brief(", ".join(map(str, error.args)))
        return Unusable(f"cannot be read ({said}): make it one type, such as text", len(frame))


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
        texts = [field.name for field in types if is_text(field.type)]
        with pyarrow.parquet.ParquetFile(contents, read_dictionary=texts) as file:
            table = file.read()
    except (pa.ArrowException, OSError, OverflowError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: a broken Parquet file, or one cut short: {brief(error)}; write it again") from None
    return _as_table(table, name, stated=types)


def plain_columns(path: Path, names: Sequence[str], separator: str, skipped: int) -> list[Cells] | None:
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
    columns = [cells_of(column, pa.string()) for column in table.columns]
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
    if not names:
        raise DataError(f"{where}: has no columns")
    if not rows:
        raise DataError(f"{where}: has {number_of(len(names), 'column')} but no rows")
    if rows * len(names) > MOST_CELLS:
        raise too_large(where, f"{rows:,} rows of {len(names):,} columns, at most {MOST_CELLS:,} cells")


def _as_table(table: "pa.Table", where: str, *, stated: "pa.Schema | None" = None) -> Table:
    """A table of Arrow columns; `stated` holds their declared types where they were read as others."""
    import pyarrow as pa

    columns, notes = {}, []
    for name, column, type_ in zip(table.column_names, table.columns, (stated or table.schema).types, strict=True):
        if INDEX.fullmatch(name):
            notes.append(f"its column {name}, the index of a frame, is left out")
            continue
        try:
            columns[name.strip()] = cells_of(column, type_)
        except (pa.ArrowException, ValueError, OverflowError, TypeError) as error:
            columns[name.strip()] = Unusable(f"cannot be read: {brief(error)}; write the column again", len(column))
    return Table(where, columns, table.num_rows, notes=tuple(notes))
