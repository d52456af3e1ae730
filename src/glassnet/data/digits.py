"""Scikit-learn's 8x8 digits: 1,797 small images of real handwriting (UCI), with pixels from 0 to 16.

They need no download, so they also work without an internet connection.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array

WHITE = 16


def read_digits() -> tuple[Array, Array]:
    """All 1,797 images (N, 8, 8) uint8 from 0 to 16, and their labels (N,) int64.

    Raises:
        DataError: scikit-learn is not installed.
    """
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise DataError("the 8x8 digits come with scikit-learn: pip install 'glassnet[sklearn]'")
    # Without importing scikit-learn, which takes more than a second, in every process of a training.
    table = np.loadtxt(Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz", np.int64, delimiter=",")
    return table[:, :-1].reshape(-1, 8, 8).astype(np.uint8), table[:, -1].copy()
