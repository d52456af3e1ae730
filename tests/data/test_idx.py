import gzip
import math
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from glassnet.data.errors import DataError
from glassnet.data.idx import FOUR_FILES, TYPES, idx_names, images_and_labels, read_four, read_idx, write_idx

many = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
any_array = st.sampled_from(list(TYPES.values())).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4))
)


def idx_bytes(code: int, shape: tuple[int, ...], data: bytes) -> bytes:
    """A file written from the description of the format, not by the code under test."""
    return bytes((0, 0, code, len(shape))) + struct.pack(f">{len(shape)}I", *shape) + data


@many
@given(any_array, st.booleans(), st.booleans())
def test_what_is_written_is_read(tmp_path: Path, array: np.ndarray, zipped: bool, big_endian: bool) -> None:
    path = tmp_path / ("a.gz" if zipped else "a")
    write_idx(path, array.astype(array.dtype.newbyteorder(">")) if big_endian else array)
    back = read_idx(path)
    assert back.shape == array.shape
    assert back.dtype == array.dtype
    assert back.dtype.isnative
    assert back.tobytes() == array.tobytes()  # bit by bit: NaN too


@pytest.mark.parametrize(
    ("code", "values", "expected"),
    [
        (0x08, struct.pack(">3B", 0, 200, 255), np.array([0, 200, 255], np.uint8)),
        (0x09, struct.pack(">3b", -128, 0, 127), np.array([-128, 0, 127], np.int8)),
        (0x0B, struct.pack(">3h", -300, 2, 300), np.array([-300, 2, 300], np.int16)),
        (0x0C, struct.pack(">3i", -70000, 2, 70000), np.array([-70000, 2, 70000], np.int32)),
        (0x0D, struct.pack(">3f", -0.5, 2, 1e30), np.array([-0.5, 2, 1e30], np.float32)),
        (0x0E, struct.pack(">3d", -0.1, 2, 1e300), np.array([-0.1, 2, 1e300], np.float64)),
    ],
)
def test_each_type_is_read_and_written_as_the_format_says(
    tmp_path: Path, code: int, values: bytes, expected: np.ndarray
) -> None:
    contents = idx_bytes(code, (3,), values)
    (tmp_path / "given").write_bytes(contents)
    back = read_idx(tmp_path / "given")
    assert back.dtype == expected.dtype
    assert np.array_equal(back, expected)
    write_idx(tmp_path / "made", expected)
    assert (tmp_path / "made").read_bytes() == contents


def test_dimensions_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(idx_bytes(8, (2, 3, 4), bytes(range(24))))
    assert np.array_equal(read_idx(tmp_path / "a"), np.arange(24).reshape(2, 3, 4))


def test_an_array_in_another_memory_order_is_written_by_its_values(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4).transpose(2, 0, 1)[::2]
    write_idx(tmp_path / "a", array)
    assert np.array_equal(read_idx(tmp_path / "a"), array)


def test_what_is_read_can_be_written_to(tmp_path: Path) -> None:
    write_idx(tmp_path / "a.gz", np.zeros(3, np.uint8))
    read_idx(tmp_path / "a.gz")[0] = 1


@pytest.mark.parametrize("dtype", [np.int64, np.bool_, np.complex128, np.uint16, "U3"])
def test_types_that_idx_does_not_know_are_refused(tmp_path: Path, dtype: object) -> None:
    with pytest.raises(DataError, match=r"IDX cannot store .*; convert to one of uint8"):
        write_idx(tmp_path / "a", np.zeros(3, dtype))
    assert not list(tmp_path.iterdir())


GOOD = idx_bytes(8, (3, 2, 2), bytes(12))


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "is empty"),
        (GOOD[:3], "not an IDX file"),
        (b"<htm" + GOOD[4:], r"not an IDX file: expected it to begin with two zero bytes, got b'<htm'"),
        (b"\0\1" + GOOD[2:], "not an IDX file"),
        (b"\0\0\x0a" + GOOD[3:], r"unknown type code 0x0A; IDX knows 0x08 uint8, .*0x0E float64"),
        (GOOD[:9], "truncated: the header has 16 bytes, got 9"),
        (GOOD[:-1], "truncated: the header promises 3x2x2 uint8|truncated or not IDX: the header promises 3x2x2"),
        (GOOD + b"\0", "the header promises 3x2x2 uint8 .*but more bytes follow"),
        (idx_bytes(8, (3, 2, 3), bytes(12)), "truncated"),
        (idx_bytes(8, (2, 2, 2), bytes(12)), "more bytes follow"),
        (idx_bytes(0x0B, (3, 2, 2), bytes(12)), "truncated"),
        (idx_bytes(8, (0, 2**32 - 1, 2**32 - 1, 2**32 - 1), b""), "does not fit into an array"),
        (idx_bytes(8, (1,) * 65, b"\0"), "expected at most 64 dimensions, the header promises 65"),
    ],
)
def test_files_that_are_not_idx(tmp_path: Path, contents: bytes, message: str, zipped: bool) -> None:
    path = tmp_path / "bad"
    path.write_bytes(gzip.compress(contents) if zipped else contents)
    with pytest.raises(DataError, match=f"bad: .*{message}") as caught:
        read_idx(path)
    assert "\n" not in str(caught.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        read_idx(tmp_path / "absent")


def test_truncated_gzip(tmp_path: Path) -> None:
    whole = gzip.compress(idx_bytes(8, (1000,), np.random.default_rng(0).bytes(1000)))
    for length in range(2, len(whole), 97):
        (tmp_path / "bad").write_bytes(whole[:length])
        with pytest.raises(DataError, match="truncated"):
            read_idx(tmp_path / "bad")
    (tmp_path / "bad").write_bytes(whole[:-1])  # the values are all there, the sum is not
    with pytest.raises(DataError, match="truncated"):
        read_idx(tmp_path / "bad")


def test_wrong_sum_of_gzip(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress(GOOD))
    whole[-8] ^= 1
    (tmp_path / "bad").write_bytes(whole)
    with pytest.raises(DataError, match=r"broken gzip: .*incorrect data check"):
        read_idx(tmp_path / "bad")


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("shape", [(2**31, 28, 28), (2**31,), (2**32 - 1,) * 60])
def test_a_header_that_claims_too_much_is_refused_before_memory_is_taken(
    tmp_path: Path, shape: tuple[int, ...], zipped: bool
) -> None:
    contents = idx_bytes(8, shape, bytes(100_000))
    (tmp_path / "bad").write_bytes(gzip.compress(contents) if zipped else contents)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=f"promises {shape[0]}.*the file can hold at most"):
            read_idx(tmp_path / "bad")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_no_more_is_unzipped_than_the_header_claims(tmp_path: Path) -> None:
    contents = idx_bytes(8, (10,), bytes(50_000_000))
    (tmp_path / "bomb").write_bytes(gzip.compress(contents, 1))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="more bytes follow"):
            read_idx(tmp_path / "bomb")
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@many
@given(st.data(), st.booleans())
def test_a_damaged_file_is_an_array_or_a_clear_error(tmp_path: Path, data: st.DataObject, zipped: bool) -> None:
    contents = bytearray(gzip.compress(GOOD, mtime=0) if zipped else GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        contents[data.draw(st.integers(0, len(contents) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "a"
    path.write_bytes(contents[: data.draw(st.integers(0, len(contents)))])
    try:
        array = read_idx(path)
    except DataError:
        return
    assert math.prod(array.shape) <= 10_000


def test_sizes_in_the_wrong_byte_order_are_named(tmp_path: Path) -> None:
    path = tmp_path / "i"
    path.write_bytes(bytes((0, 0, 8, 3)) + np.array([2, 3, 3], "<u4").tobytes() + bytes(18))
    with pytest.raises(DataError, match="its sizes are in little-endian byte order: expected big-endian"):
        read_idx(path)


def test_images_and_labels_must_fit_together() -> None:
    images, labels = np.zeros((3, 2, 2), np.uint8), np.zeros(3, np.uint8)
    assert images_and_labels(images, labels, "i", "l")[1].dtype == np.int64
    for wrong_images, wrong_labels, message in [
        (images, labels[:2], "i holds 3 images, but l 2 labels"),
        (labels, labels, r"i: expected images, uint8 in 3 dimensions \(magic 2051\), got uint8 in 1"),
        (images.transpose(1, 2, 0), labels, "i: its dimensions, 2x2x3, are transposed: expected the 3 images first"),
        (images.astype(np.int8), labels, "i: expected images.*got int8"),
        (images, images, r"l: expected labels, uint8 in 1 dimension \(magic 2049\), got uint8 in 3"),
        (images, labels.astype(np.int32), "l: expected labels.*got int32"),
    ]:
        with pytest.raises(DataError, match=message):
            images_and_labels(wrong_images, wrong_labels, "i", "l")


def test_the_four_files_of_a_dataset(tmp_path: Path) -> None:
    sizes = {"train": 5, "t10k": 2}
    files = {}
    for name in FOUR_FILES:
        files[name] = tmp_path / name
        count = sizes[name.split("-")[0]]
        shape = (count, 3, 3) if "images" in name else (count,)
        write_idx(files[name], np.arange(math.prod(shape), dtype=np.uint8).reshape(shape))
    arrays_read = read_four(files)
    assert {name: array.shape for name, array in arrays_read.items()} == {
        "x_train": (5, 3, 3),
        "y_train": (5,),
        "x_test": (2, 3, 3),
        "y_test": (2,),
    }
    write_idx(files[FOUR_FILES[3]], np.zeros(3, np.uint8))
    with pytest.raises(DataError, match=r"t10k-images.* holds 2 images, but .*t10k-labels.* 3 labels"):
        read_four(files)


def test_the_names_a_file_goes_by() -> None:
    assert idx_names(FOUR_FILES[0]) == (
        "train-images-idx3-ubyte.gz",
        "train-images-idx3-ubyte",
        "train-images.idx3-ubyte.gz",
        "train-images.idx3-ubyte",
    )
