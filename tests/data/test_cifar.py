import gzip
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glassnet.data.cifar import CLASSES, TEST, TRAIN, read_cifar10
from glassnet.data.errors import DataError

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (6, 2, 32, 32, 3), dtype=np.uint8)  # six files of two images
LABELS = RANDOM.integers(0, 10, (6, 2))


def records(images: np.ndarray, labels: np.ndarray) -> bytes:
    """The format as its makers describe it: the label, then 1,024 red, 1,024 green and 1,024 blue bytes."""
    contents = b""
    for image, label in zip(images, labels, strict=True):
        contents += bytes([label]) + image[:, :, 0].tobytes() + image[:, :, 1].tobytes() + image[:, :, 2].tobytes()
    return contents


def files() -> dict[str, bytes]:
    return {name: records(IMAGES[i], LABELS[i]) for i, name in enumerate(TRAIN + TEST)}


def archive(tmp_path: Path, contents: dict[str, bytes]) -> Path:
    path = tmp_path / "cifar.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, data in contents.items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def test_records_become_images_in_the_order_of_the_files(tmp_path: Path) -> None:
    shuffled = dict(sorted(files().items(), reverse=True)) | {"readme.html": b"hello"}
    for contents in (files(), shuffled):
        back = read_cifar10(archive(tmp_path, contents))
        assert back["x_train"].dtype == np.uint8
        assert np.array_equal(back["x_train"], IMAGES[:5].reshape(10, 32, 32, 3))
        assert np.array_equal(back["y_train"], LABELS[:5].reshape(10))
        assert np.array_equal(back["x_test"], IMAGES[5])
        assert np.array_equal(back["y_test"], LABELS[5])
        assert back["y_test"].dtype == np.int64
    assert len(CLASSES) == 10


def test_files_of_other_sizes(tmp_path: Path) -> None:
    for size in (3072, 3073 * 10_001, 0):
        with pytest.raises(DataError, match=f"expected data_batch_2.bin to be .* got {size:,} bytes"):
            read_cifar10(archive(tmp_path, files() | {"data_batch_2.bin": bytes(size)}))


def test_a_link_in_place_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "cifar.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo("test_batch.bin")
        info.type, info.linkname, info.size = tarfile.SYMTYPE, "/etc/passwd", 3073
        tar.addfile(info)
    with pytest.raises(DataError, match=r"expected test_batch.bin to be"):
        read_cifar10(path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    contents = files()
    del contents["data_batch_3.bin"], contents["test_batch.bin"]
    with pytest.raises(DataError, match=r"data_batch_3.bin, test_batch.bin missing in the archive"):
        read_cifar10(archive(tmp_path, contents))


def test_what_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with pytest.raises(DataError, match="there is no such file"):
        read_cifar10(path)
    for contents in (b"", b"hello", bytes(2000), gzip.compress(b""), gzip.compress(b"hello" * 999)):
        path.write_bytes(contents)
        with pytest.raises(DataError, match=r"not a .tar.gz archive, or a broken one|missing in the archive"):
            read_cifar10(path)
    whole = archive(tmp_path, files()).read_bytes()
    for length in range(0, len(whole) - 2000, 3001):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"not a .tar.gz archive, or a broken one"):
            read_cifar10(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_cifar10(tmp_path)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_is_arrays_or_a_clear_error(tmp_path: Path, data: st.DataObject) -> None:
    whole = bytearray(archive(tmp_path, {name: bytes(3073) for name in TRAIN + TEST}).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "cifar.tar.gz").write_bytes(whole)
    try:
        read_cifar10(tmp_path / "cifar.tar.gz")
    except DataError as error:
        assert "\n" not in str(error)  # noqa: PT017 (that it is read is right too)
