"""Any table as a dataset: its rows divided into training, validation and test examples."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from glassnet.data.dataset import Dataset, Split
from glassnet.data.errors import DataError
from glassnet.data.files import Progress, is_pipe
from glassnet.data.split import stratified, tenths
from glassnet.tables.bundled import BUNDLED, read_bundled
from glassnet.tables.column import UnknownPolicy
from glassnet.tables.column_types import find_schema
from glassnet.tables.read import read_table
from glassnet.tables.schema import Schema, Task
from glassnet.tables.summary import summarise

FEWEST_ROWS = 10  # enough for training, validation and test examples


def load_table(
    name: Any,
    *,
    target: str,
    task: Task | None = None,
    ignore: Collection[str] = (),
    categorical: Collection[str] = (),
    missing: Collection[str] = (),
    dates: bool = False,
    date_order: str | None = None,
    decimal: str | None = None,
    columns: Mapping[str, Any] | None = None,
    unknown: UnknownPolicy = "refuse",
    schema: Schema | None = None,
    validation: int = 5000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Dataset:
    """Load any table as a dataset: a CSV or Parquet file, or a frame of pandas, polars or pyarrow.

    A fifth of the rows are the test examples; they are always the same. Up to a fifth of the others are held out for
    validation. Each class, or for a real target each tenth of its sorted values, is held out in proportion.

    Args:
        name: the path of a file or a frame, as `read_table` takes it; or a table that comes with scikit-learn:
            diabetes, iris, wine, breast-cancer.
        target: the column to predict.   task: as in `find_schema`.
        ignore: columns to leave out, such as the names of the rows.   categorical: columns whose numbers are codes.
        missing: cells that count as missing, such as "-9", besides empty ones, NA, ? and other usual markers.
        dates: whether to make numbers of dates: the day, the month, the weekday, the hour.
        date_order: what 03/04/24 says, "dmy", "mdy" or "ymd".   decimal: the decimal mark where 1,250 leaves it open.
        columns: what single columns hold, by name, such as {"price": {"kind": "number", "decimal": ","}}.
        unknown: what becomes of new rows with an unknown or missing value, as in `Schema`.
        schema: the meaning of the columns, if it is known from a model; then nothing of this is used.
        validation, seed, progress: as in `load_dataset`.

    Raises:
        DataError: no such file, a file with a fault, fewer than ten rows, or columns that do not fit.
    """
    if validation < 0:
        raise DataError(f"validation must not be negative, got {validation}")
    bundled = isinstance(name, str) and name in BUNDLED
    table = read_bundled(str(name)) if bundled else read_table(name, progress=progress)
    if len(table) < FEWEST_ROWS:
        raise DataError(f"{table.name}: expected at least {FEWEST_ROWS} rows to learn from, got {len(table)}")
    options = {"ignore": ignore, "categorical": categorical, "missing": missing, "dates": dates}
    options |= {"date_order": date_order, "decimal": decimal, "columns": columns or {}}
    detected = schema or find_schema(table, target, task=task, progress=progress, **options)
    y = detected.targets(table)
    strata = y if detected.target.categories else tenths(y)
    rows, test_rows = stratified(strata, len(y) // 5, seed=0)
    train, held_out = stratified(strata[rows], min(validation, len(rows) // 5), seed=seed)
    schema = schema or replace(detected.with_means(table, rows[train]), unknown=unknown)
    x = schema.examples(table)
    return Dataset(
        "input" if table.name == "-" or is_pipe(table.name) else Path(table.name).name.split(".")[0],
        Split(x, y, rows[train]),
        Split(x, y, rows[held_out]),
        Split(x, y, test_rows),
        schema.target.categories,
        white=1,
        schema=schema,
        columns=summarise(table, schema),
        table=table,
    )
