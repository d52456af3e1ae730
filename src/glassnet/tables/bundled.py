"""The tables that come with scikit-learn: small, for first trials, and without a download."""

from typing import NamedTuple

from glassnet.data.errors import DataError
from glassnet.tables.table import Table, text_table


class Bundled(NamedTuple):
    """A table of scikit-learn: its function, the name of the column to predict, and a description."""

    function: str
    target: str
    about: str


BUNDLED = {
    "diabetes": Bundled("load_diabetes", "progression", "442 patients, 10 measurements; the disease a year later"),
    "iris": Bundled("load_iris", "species", "150 flowers, 4 lengths; 3 species"),
    "wine": Bundled("load_wine", "cultivar", "178 wines, 13 measurements; 3 cultivars"),
    "breast-cancer": Bundled("load_breast_cancer", "diagnosis", "569 tumours, 30 measurements; malignant or benign"),
}


def read_bundled(name: str) -> Table:
    """One of the tables, with the cells as text as in a CSV file; the target is the last column.

    Raises:
        DataError: scikit-learn is not installed.
    """
    try:
        from sklearn import datasets
    except ImportError:
        raise DataError(f"the table {name} comes with scikit-learn: pip install 'glassnet[sklearn]'") from None
    known = BUNDLED[name]
    settings = {"scaled": False} if name == "diabetes" else {}  # the measurements, which scikit-learn scales otherwise
    bunch = getattr(datasets, known.function)(**settings)
    columns = {
        str(feature): [f"{value:.12g}" for value in values]
        for feature, values in zip(bunch.feature_names, bunch.data.T.tolist(), strict=True)
    }
    if hasattr(bunch, "target_names"):
        columns[known.target] = [str(bunch.target_names[label]) for label in bunch.target]
    else:
        columns[known.target] = [f"{value:.12g}" for value in bunch.target.tolist()]
    return text_table(name, columns)
