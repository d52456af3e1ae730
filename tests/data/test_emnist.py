import gzip
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from glassnet.data.emnist import CLASSES, read_emnist
from glassnet.data.errors import DataError

UPRIGHT = {part: np.random.default_rng(i).integers(0, 256, (5 - i, 28, 28), dtype=np.uint8)
           for i, part in enumerate(("train", "test"))}  # fmt: skip


def members(split: str, first_label: int = 0) -> dict[str, bytes]:
    contents = {}
    for part, images in UPRIGHT.items():
        stored = images.transpose(0, 2, 1).tobytes()  # rows and columns exchanged, as they are published
        labels = bytes(range(first_label, first_label + len(images)))
        name = f"gzip/emnist-{split}-{part}"
        header = struct.pack(">IIII", 2051, len(images), 28, 28)
        contents[f"{name}-images-idx3-ubyte.gz"] = gzip.compress(header + stored)
        contents[f"{name}-labels-idx1-ubyte.gz"] = gzip.compress(struct.pack(">II", 2049, len(images)) + labels)
    return contents


def archive(tmp_path: Path, contents: dict[str, bytes]) -> Path:
    path = tmp_path / "gzip.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name, data in contents.items():
            file.writestr(name, data)
    return path


@pytest.mark.parametrize("split", CLASSES)
def test_images_stand_upright_and_labels_count_from_0(tmp_path: Path, split: str) -> None:
    back = read_emnist(archive(tmp_path, members(split, first_label=1 if split == "letters" else 0)), split)
    for part, images in UPRIGHT.items():
        assert np.array_equal(back[f"x_{part}"], images)
        assert back[f"y_{part}"].tolist() == list(range(len(images)))
        assert back[f"y_{part}"].dtype == np.int64


def test_more_images_than_are_turned_at_a_time(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (4099, 28, 28), dtype=np.uint8)
    contents = members("mnist")
    name = "gzip/emnist-mnist-train"
    header = struct.pack(">IIII", 2051, len(images), 28, 28)
    contents[f"{name}-images-idx3-ubyte.gz"] = gzip.compress(header + images.transpose(0, 2, 1).tobytes(), 1)
    contents[f"{name}-labels-idx1-ubyte.gz"] = gzip.compress(struct.pack(">II", 2049, len(images)) + bytes(4099))
    assert np.array_equal(read_emnist(archive(tmp_path, contents), "mnist")["x_train"], images)


def test_class_names() -> None:
    assert {split: len(names) for split, names in CLASSES.items()} == {
        "balanced": 47,
        "letters": 26,
        "digits": 10,
        "mnist": 10,
        "byclass": 62,
        "bymerge": 47,
    }
    for names in CLASSES.values():
        assert len(set(names)) == len(names)
    assert (CLASSES["byclass"][10], CLASSES["byclass"][36], CLASSES["byclass"][61]) == ("A", "a", "z")
    assert CLASSES["balanced"][36:] == tuple("abdefghnqrt")
    assert (CLASSES["letters"][0], CLASSES["letters"][25]) == ("A", "Z")


def test_faults(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="EMNIST has no split 'capitals'; it has balanced, letters"):
        read_emnist(tmp_path / "gzip.zip", "capitals")
    with pytest.raises(DataError, match="there is no such file"):
        read_emnist(tmp_path / "gzip.zip", "mnist")
    (tmp_path / "gzip.zip").write_bytes(b"hello")
    with pytest.raises(DataError, match="not a zip archive"):
        read_emnist(tmp_path / "gzip.zip", "mnist")
    with pytest.raises(DataError, match=r"expected gzip/emnist-digits-train-images-idx3-ubyte.gz in the archive"):
        read_emnist(archive(tmp_path, members("mnist")), "digits")

    images, labels = "gzip/emnist-mnist-test-images-idx3-ubyte.gz", "gzip/emnist-mnist-test-labels-idx1-ubyte.gz"
    for name, data, message in [
        (images, members("mnist")[images][:-20], f"gzip.zip: {images}: truncated"),
        (images, members("mnist")[labels], f"{images}: expected images"),
        (
            images,
            gzip.compress(struct.pack(">IIII", 2051, 4, 2, 3) + bytes(24), mtime=0),
            "expected square images, got 2x3",
        ),
        (images, gzip.compress(struct.pack(">IIII", 2051, 2**31, 28, 28) + bytes(24), mtime=0), "can hold at most"),
        (labels, gzip.compress(struct.pack(">II", 2049, 3) + bytes(3), mtime=0), "holds 4 images, but .* 3 labels"),
        (labels, b"", f"{labels}: is empty"),
    ]:
        with pytest.raises(DataError, match=message):
            read_emnist(archive(tmp_path, members("mnist") | {name: data}), "mnist")
