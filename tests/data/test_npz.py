import io
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from glassnet.data.errors import DataError
from glassnet.data.npz import read_npz

many = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])


def four(**changes: Any) -> dict[str, Any]:
    return {
        "x_train": np.arange(12, dtype=np.uint8).reshape(3, 2, 2),
        "y_train": np.array([0, 1, 2], np.uint8),
        "x_test": np.zeros((1, 2, 2), np.uint8),
        "y_test": np.array([2], np.uint8),
    } | changes


def saved(tmp_path: Path, contents: dict[str, Any], compressed: bool = False) -> Path:
    path = tmp_path / "a.npz"
    (np.savez_compressed if compressed else np.savez)(path, **contents)
    return path


@many
@given(st.data(), st.booleans())
def test_what_numpy_saves_is_read(tmp_path: Path, data: st.DataObject, compressed: bool) -> None:
    contents = {}
    for part in ("train", "test"):
        shape = data.draw(arrays.array_shapes(min_dims=2, max_dims=4, min_side=0, max_side=4))
        order = data.draw(st.sampled_from("CF"))
        contents[f"x_{part}"] = np.array(data.draw(arrays.arrays(np.uint8, shape)), order=order)
        dtype = data.draw(st.sampled_from(["u1", "<i8", ">i8", ">u2", "i4"]))
        contents[f"y_{part}"] = data.draw(arrays.arrays(dtype, shape[0], elements=st.integers(0, 99)))
    back = read_npz(saved(tmp_path, contents, compressed))
    for name, array in contents.items():
        assert np.array_equal(back[name], array)
        assert back[name].dtype == (np.uint8 if name[0] == "x" else np.int64)


def test_labels_in_one_column_as_keras_has_those_of_cifar(tmp_path: Path) -> None:
    assert read_npz(saved(tmp_path, four(y_test=np.array([[2]]))))["y_test"].tolist() == [2]


class Harmful:
    """What a pickle would run when it is opened."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("harm"),))


def test_python_objects_are_refused_and_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, four(y_test=np.array([Harmful()], object)))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="y_test holds Python objects"):
        read_npz(path)
    assert not Path("harm").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": np.zeros((3, 2, 2))}, r"expected x_train as uint8 pixels .*got float64 .*np.round\(255 \* x\)"),
        ({"x_test": np.zeros(1, np.uint8)}, r"expected x_test .*got uint8 of shape \(1,\)"),
        ({"y_train": np.zeros(3)}, r"expected y_train as integers \(N,\), got float64"),
        ({"y_train": np.zeros((3, 10), int)}, r"expected y_train as integers"),
        ({"y_train": np.zeros(4, int)}, "x_train holds 3 examples, but y_train 4 labels"),
    ],
)
def test_other_types_and_counts(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_npz(saved(tmp_path, four(**changes)))


def test_a_missing_array_is_named(tmp_path: Path) -> None:
    contents = four()
    del contents["y_test"]
    with pytest.raises(
        DataError, match=r"expected y_test.npy in the archive, got x_train.npy, y_train.npy, x_test.npy"
    ):
        read_npz(saved(tmp_path, contents))


def test_files_that_are_no_npz(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with pytest.raises(DataError, match=r"a.npz: there is no such file"):
        read_npz(path)
    for contents in (b"", b"hello", bytes(1000)):
        path.write_bytes(contents)
        with pytest.raises(DataError, match=r"a.npz: not a zip archive, or a broken one"):
            read_npz(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x_train.npy", b"no array")
    with pytest.raises(DataError, match="x_train is not a NumPy array"):
        read_npz(path)
    np.save(path.with_suffix(".npy"), np.zeros(3))
    with pytest.raises(DataError, match="not a zip archive"):
        read_npz(path.with_suffix(".npy"))
    with pytest.raises(DataError, match="cannot be read"):
        read_npz(tmp_path)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_truncated_or_damaged_file(tmp_path: Path, compressed: bool) -> None:
    path = saved(tmp_path, four(), compressed)
    whole = path.read_bytes()
    for length in range(0, len(whole), 61):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match="not a zip archive, or a broken one"):
            read_npz(path)
    path.write_bytes(whole)
    with zipfile.ZipFile(path) as archive:
        check_sum = struct.pack("<I", archive.getinfo("x_train.npy").CRC)
    path.write_bytes(whole.replace(check_sum, b"\1\2\3\4"))
    with pytest.raises(DataError, match="Bad CRC-32"):
        read_npz(path)


def npy_header(shape: tuple[int, ...], dtype: str = "|u1", version: int = 1) -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY" + bytes((version, 0)) + struct.pack("<H", len(text)) + text.encode()


def with_x_train(tmp_path: Path, contents: bytes, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """A file in which x_train is these bytes."""
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("x_train.npy", contents)
        for name, array in four().items():
            if name != "x_train":
                stream = io.BytesIO()
                np.save(stream, array)
                archive.writestr(f"{name}.npy", stream.getvalue())
    return path


@pytest.mark.parametrize("shape", [(2**31, 28, 28), (3, 2, 3), (-3, -2, 2), (1,)])
def test_a_header_that_promises_another_size_is_refused_before_memory_is_taken(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    path = with_x_train(tmp_path, npy_header(shape) + bytes(12))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"x_train (promises .* bytes .* but 12 follow|is not a NumPy array)"):
            read_npz(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_zip_that_claims_more_than_deflate_can_do_is_refused(tmp_path: Path) -> None:
    shape = (3_000_000_000, 1)
    path = with_x_train(tmp_path, npy_header(shape) + bytes(12))
    claimed = len(npy_header(shape)) + 3_000_000_000
    with zipfile.ZipFile(path) as archive:
        true = archive.getinfo("x_train.npy").file_size
    contents = path.read_bytes().replace(struct.pack("<I", true), struct.pack("<I", claimed))
    path.write_bytes(contents)
    with pytest.raises(DataError, match=r"x_train.npy: claims 3,000,000,128 bytes, more than can come out of"):
        read_npz(path)


def test_unusual_compression_and_versions_are_refused(tmp_path: Path) -> None:
    good = npy_header((3, 2, 2)) + bytes(12)
    read_npz(with_x_train(tmp_path, good))
    with pytest.raises(DataError, match="expected it stored or deflated"):
        read_npz(with_x_train(tmp_path, good, zipfile.ZIP_BZIP2))
    with pytest.raises(DataError, match=r"x_train is not a NumPy array: version \(3, 0\)"):
        read_npz(with_x_train(tmp_path, npy_header((3, 2, 2), version=3) + bytes(12)))


@many
@given(st.data(), st.booleans())
def test_a_damaged_file_is_four_arrays_or_a_clear_error(tmp_path: Path, data: st.DataObject, compressed: bool) -> None:
    path = saved(tmp_path, four(), compressed)
    contents = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        contents[data.draw(st.integers(0, len(contents) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(contents)
    try:
        back = read_npz(path)
    except DataError as error:
        assert "\n" not in str(error)  # noqa: PT017
        return
    assert len(back["x_train"]) == len(back["y_train"])
