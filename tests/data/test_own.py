from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.csv import write_csv
from glassnet.data.errors import DataError
from glassnet.data.idx import FOUR_FILES, write_idx
from glassnet.data.own import classes_and_white, read_own

X = np.arange(4 * 9, dtype=np.uint8).reshape(4, 3, 3)
Y = np.array([0, 1, 2, 1])
FOUR = {"x_train": X, "y_train": Y, "x_test": X[:2], "y_test": Y[:2]}


def check(arrays: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert set(arrays) == set(expected)
    for name, array in expected.items():
        assert np.array_equal(arrays[name], array)


def write_four(folder: Path, names: list[str]) -> None:
    for name, array in zip(names, FOUR.values(), strict=True):
        write_idx(folder / name, array.astype(np.uint8))


@pytest.mark.parametrize(
    "names",
    [
        list(FOUR_FILES),
        [name.removesuffix(".gz") for name in FOUR_FILES],
        [name.removesuffix(".gz").replace("-idx", ".idx") for name in FOUR_FILES],
        [FOUR_FILES[0].removesuffix(".gz"), *FOUR_FILES[1:]],
    ],
)
def test_a_folder_of_idx_files(tmp_path: Path, names: list[str]) -> None:
    write_four(tmp_path, names)
    check(read_own(tmp_path), FOUR)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_csv_files_alone_or_in_a_folder(tmp_path: Path, name: str) -> None:
    write_csv(tmp_path / name, X, Y)
    seen: list[str] = []
    check(read_own(tmp_path / name, progress=lambda what, *_: seen.append(what)), {"x_train": X, "y_train": Y})
    assert seen == [f"reading {name}"]
    check(read_own(tmp_path), {"x_train": X, "y_train": Y})


def test_a_folder_of_csv_files_as_kaggle_names_them(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", X, Y)
    write_csv(tmp_path / "test.csv", X[:2], Y[:2])
    write_csv(tmp_path / "submission.csv", X[:1], Y[:1])
    check(read_own(tmp_path), FOUR)


def test_npz_files_alone_or_in_a_folder(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **FOUR)
    check(read_own(tmp_path / "a.npz"), FOUR)
    check(read_own(tmp_path), FOUR)


def test_other_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(DataError, match=r"a.txt: expected a file .csv, .csv.gz, .npz, or a folder"):
        read_own(tmp_path / "a.txt")
    with pytest.raises(
        DataError, match=r"expected one file .* \(there are 0\).* \(missing: train-images-idx3-ubyte.gz, "
    ):
        read_own(tmp_path)
    write_four(tmp_path, list(FOUR_FILES))
    (tmp_path / FOUR_FILES[2]).unlink()
    with pytest.raises(DataError, match=r"\(missing: t10k-images-idx3-ubyte.gz\)"):
        read_own(tmp_path)
    for name in ("a.csv", "b.csv"):
        write_csv(tmp_path / name, X, Y)
    with pytest.raises(DataError, match=r"there are 2"):
        read_own(tmp_path)


@pytest.mark.parametrize(("brightest", "white"), [(255, 255), (17, 255), (16, 16), (1, 1), (0, 1)])
def test_white_is_seen_from_the_pixels_where_they_leave_no_doubt(brightest: int, white: int) -> None:
    dark, bright = np.zeros((2, 3, 3), np.uint8), np.full((2, 3, 3), brightest, np.uint8)
    for x_train, x_test in ((dark, bright), (bright, dark)):
        arrays = {"x_train": x_train, "y_train": Y[:2], "x_test": x_test, "y_test": Y[:2]}
        assert classes_and_white(arrays, "a") == (("0", "1"), white)


def test_the_largest_label_counts_the_classes() -> None:
    arrays = {"x_train": X, "y_train": Y, "x_test": X, "y_test": Y + 3}
    assert classes_and_white(arrays, "a")[0] == ("0", "1", "2", "3", "4", "5")
    with pytest.raises(DataError, match="a: expected labels that number the classes from 0 on, got 1000000000"):
        classes_and_white({"x_train": X, "y_train": Y + 10**9 - 2}, "a")


def test_labels_from_1_on_are_named() -> None:
    with pytest.warns(UserWarning, match="its labels go from 1 to 10, and none is 0: .*subtract 1"):
        classes, _ = classes_and_white({"x_train": X, "y_train": np.arange(1, 11)}, "t.csv")
    assert len(classes) == 11


@pytest.mark.mnist
@pytest.mark.parametrize("transposed", [False, True])
def test_digits_that_lie_on_their_side_are_named(mnist: gn.Dataset, tmp_path: Path, transposed: bool) -> None:
    x, y = mnist.train.x[:500], mnist.train.y[:500]
    for name, array in zip(FOUR_FILES, (x, y, x, y), strict=True):
        turned = array.transpose(0, 2, 1) if transposed and array.ndim == 3 else array
        write_idx(tmp_path / name, turned.astype(np.uint8))
    with pytest.warns(UserWarning, match="each is transposed") if transposed else nullcontext():
        read_own(tmp_path)
