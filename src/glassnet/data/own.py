"""The user's own files read as a dataset: a CSV file, a Keras file, or a folder of files named like those of MNIST.

No names of classes and no checksums are known, so the classes are "0" to the largest label, and only the form is
checked.
"""

from pathlib import Path

from glassnet.data.csv import read_train_and_test
from glassnet.data.errors import DataError
from glassnet.data.files import Progress
from glassnet.data.idx import FOUR_FILES, idx_names, read_four
from glassnet.data.npz import read_npz
from glassnet.nn.array import Array
from glassnet.warn import warn

ENDINGS = (".csv", ".csv.gz", ".npz")
MOST_CLASSES = 1024  # a larger label is taken for a mistake


def read_own(path: Path, *, progress: Progress | None = None) -> dict[str, Array]:
    """Read training examples and, if there are any, test examples.

    Args:
        path: a file .csv, .csv.gz or .npz; or a folder that holds the four IDX files named like those of MNIST (.gz or
            not), or train.csv and perhaps test.csv, or exactly one .csv, .csv.gz or .npz file.

    Returns:
        x_train uint8, y_train int64; also x_test and y_test if there are test examples.

    Raises:
        DataError: another kind of file, or a file with a fault.
    """
    if path.is_file():
        if not path.name.endswith(ENDINGS):
            raise DataError(f"{path}: expected a file {', '.join(ENDINGS)}, or a folder")
        return read_npz(path) if path.suffix == ".npz" else read_train_and_test(path, progress=progress)
    located = {name: next((path / n for n in idx_names(name) if (path / n).is_file()), None) for name in FOUR_FILES}
    files = {name: file for name, file in located.items() if file}
    if len(files) == len(FOUR_FILES):
        arrays = read_four(files)
        _warn_of_transposed(arrays["x_train"], arrays["y_train"], path)
        return arrays
    if train_and_test := csv_files(path):
        return read_train_and_test(*train_and_test, progress=progress)
    others = [file for file in sorted(path.iterdir()) if file.name.endswith(ENDINGS)]
    if len(others) == 1:
        return read_own(others[0], progress=progress)
    missing = ", ".join(name for name in FOUR_FILES if name not in files)
    raise DataError(
        f"{path}: expected one file {', '.join(ENDINGS)} (there are {len(others)}), or train.csv and test.csv, or the "
        f"four IDX files (missing: {missing})"
    )


def _warn_of_transposed(images: Array, labels: Array, path: Path) -> None:
    """Warn if the ones (N, H, W) lie on their side: other programs store an image column by column.

    Ten classes that are no digits are hardly ever so: the images of class 1 are at least 1.5 times as wide as high.
    """
    ones = images[labels == 1][:1000] > 64
    wide, high = ones.any(axis=1).sum(axis=1), ones.any(axis=2).sum(axis=1)
    if labels.max(initial=0) == 9 and images.shape[1] == images.shape[2] and 2 * wide.sum() > 3 * high.sum() > 0:
        warn(
            f"{path}: its images of class 1 are {wide.mean():.0f} pixels wide and {high.mean():.0f} high: if these are "
            "digits, each is transposed; images.transpose(0, 2, 1) turns them"
        )


def csv_files(folder: Path) -> list[Path]:
    """The paths of train.csv and, if it exists, test.csv; empty without train.csv."""
    train, test = folder / "train.csv", folder / "test.csv"
    return [path for path in (train, test) if path.is_file()] if train.is_file() else []


def classes_and_white(arrays: dict[str, Array], where: str) -> tuple[tuple[str, ...], int]:
    """The names of the classes, "0" to the largest label, and the largest value that a pixel may have.

    That value is 255. But if no pixel is above 16, it is the largest pixel, as in images of 16 greys or of 0 and 1.

    Raises:
        DataError: a label is too large for the number of a class.
    """
    labels = [int(arrays[name].max(initial=0)) for name in ("y_train", "y_test") if name in arrays]
    pixels = [int(arrays[name].max(initial=0)) for name in ("x_train", "x_test") if name in arrays]
    if max(labels) >= MOST_CLASSES:
        raise DataError(f"{where}: expected labels that number the classes from 0 on, got {max(labels)}")
    least = min(int(arrays[name].min(initial=MOST_CLASSES)) for name in ("y_train", "y_test") if name in arrays)
    if least == 1 and max(labels) > 1:
        warn(
            f"{where}: its labels go from 1 to {max(labels)}, and none is 0: labels number the classes from 0 on, so "
            "there is a class 0 without any example; subtract 1, unless class 0 is only absent here"
        )
    classes = tuple(str(label) for label in range(max(labels) + 1))
    return classes, 255 if max(pixels) > 16 else max(1, *pixels)
