"""Reads a table, wherever it is: a CSV or Parquet file, a pipe, or a frame in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glassnet.data.errors import DataError
from glassnet.data.files import Progress, is_pipe
from glassnet.tables.arrow import check_frame, is_frame, is_parquet, read_frame, read_parquet
from glassnet.tables.csv import read_csv_table
from glassnet.tables.table import Table


def read_table(given: Any, *, progress: Progress | None = None) -> Table:
    """Read a table: a file, CSV or Parquet, or a frame of pandas, polars, pyarrow or another library.

    A CSV file may be plain, gzip or zip, in UTF-8, UTF-16 or Windows-1252, with the names of the columns in its first
    line. The types of its columns are found from the cells. Parquet files and frames declare types, which are believed;
    only their text columns are examined.

    Args:
        given: the path of a file; "-" or /dev/stdin for standard input; or a frame.
        progress: called with a description, the number of bytes read and the total number of bytes.

    Raises:
        DataError: no such file, empty, no rows, too large, broken, changed while it was read, a column without a name
            or two with the same, a row with another number of cells. The message names the line, counted from 1.
    """
    if is_frame(given):
        return read_frame(given)
    check_frame(given)
    if not isinstance(given, str | Path):
        raise DataError(
            f"expected the path of a table or a frame, got {type(given).__name__}: pandas.DataFrame(...) makes a frame "
            "of rows and columns"
        )
    path = Path(given)
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())  # shorter in messages
    if path.is_dir():
        parts = f"{path}/*.parquet"
        join = f": polars.read_parquet('{parts}').write_parquet('whole.parquet') joins its parts"
        way = join if any(path.glob("*.parquet")) else ""
        raise DataError(f"{path}: expected a CSV or Parquet file, but it is a folder{way}")
    with _unchanged(path):
        return read_parquet(path) if is_parquet(path) else read_csv_table(path, progress=progress)


@contextmanager
def _unchanged(path: Path) -> Iterator[None]:
    """Raise DataError if a file changes meanwhile, instead of any other error that this leads to."""
    before, changed = _state(path), f"{path}: this file changed while it was read: read it when nothing writes to it"
    try:
        yield
    except DataError:
        if _state(path) != before:
            raise DataError(changed) from None
        raise
    if _state(path) != before:
        raise DataError(changed)


def _state(path: Path) -> tuple[int, ...] | None:
    """What changes when a file is written; None for a pipe, or where there is no file."""
    if is_pipe(path) or not path.exists():
        return None
    about = path.stat()
    return about.st_ino, about.st_size, about.st_mtime_ns
