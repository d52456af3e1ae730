"""Any table as a dataset: its rows divided into training, validation and test examples."""

from collections.abc import Collection
from pathlib import Path

from glassnet.data.dataset import Dataset, Split
from glassnet.data.errors import DataError
from glassnet.data.files import Progress
from glassnet.data.split import stratified, tenths
from glassnet.tables.bundled import BUNDLED, read_bundled
from glassnet.tables.column_types import find_schema
from glassnet.tables.schema import Schema, Task
from glassnet.tables.table import read_table

FEWEST_ROWS = 10  # so that there are some to learn from, to choose by and to be judged by


def load_table(
    name: str | Path,
    *,
    target: str,
    task: Task | None = None,
    ignore: Collection[str] = (),
    categorical: Collection[str] = (),
    schema: Schema | None = None,
    validation: int = 5000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Dataset:
    """Load any table as a dataset: a CSV file with the names of its columns in the first line.

    A fifth of the rows are the test examples, always the same, and of the others up to a fifth are held out for
    validation: each class in proportion, or of a real target each tenth of its values.

    Args:
        name: the path of a file, plain or gzip; or a table that comes with scikit-learn: diabetes, iris, wine,
            breast-cancer.
        target: the column to predict.   task, ignore, categorical: as in `find_schema`.
        schema: what the columns mean, if it is known from a model; then the other three say nothing.
        validation, seed, progress: as in `load_dataset`.

    Raises:
        DataError: no such file, a fault in it, fewer than ten rows, or columns that do not fit.
    """
    if validation < 0:
        raise DataError(f"validation must not be negative, got {validation}")
    bundled = isinstance(name, str) and name in BUNDLED
    table = read_bundled(str(name)) if bundled else read_table(name, progress=progress)
    if len(table) < FEWEST_ROWS:
        raise DataError(f"{name}: expected at least {FEWEST_ROWS} rows to learn from, got {len(table)}")
    found = schema or find_schema(table, target, task=task, ignore=ignore, categorical=categorical)
    y = found.targets(table)
    strata = y if found.target.categories else tenths(y)
    rows, tested = stratified(strata, len(y) // 5, seed=0)
    train, held_out = stratified(strata[rows], min(validation, len(rows) // 5), seed=seed)
    schema = schema or found.filled_from(table, rows[train])
    x = schema.examples(table)
    return Dataset(
        Path(name).name.split(".")[0],
        Split(x, y, rows[train]),
        Split(x, y, rows[held_out]),
        Split(x, y, tested),
        schema.target.categories,
        white=1,
        schema=schema,
    )
