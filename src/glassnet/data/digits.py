"""Scikit-learn's 8x8 digits: 1,797 small images of real handwriting (UCI), with pixels from 0 to 16.

They need no download, so they also work without an internet connection.
"""

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array

WHITE = 16


def read_digits() -> tuple[Array, Array]:
    """All 1,797 images (N, 8, 8) uint8 from 0 to 16, and their labels (N,) int64.

    Raises:
        DataError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise DataError("the 8x8 digits come with scikit-learn: pip install 'glassnet[sklearn]'") from None
    digits = load_digits()
    return digits.images.astype(np.uint8), digits.target.astype(np.int64)
