"""Picture files of every kind: read as grey values, or refused in one line."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from glassnet.data import picture
from glassnet.data.dataset import DataError

Image = pytest.importorskip("PIL.Image", reason="pictures need the extra 'images'")


@pytest.fixture
def grey() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)


def test_written_and_read_again(tmp_path: Path, grey: np.ndarray) -> None:
    for name in ("a.png", "b.png"):
        picture.write(tmp_path / name, grey)
    np.testing.assert_array_equal(picture.read(tmp_path / "a.png"), grey)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(
    ("mode", "value"), [("L", 100), ("RGB", (100, 100, 100)), ("CMYK", (0, 0, 0, 155)), ("P", 100)]
)
def test_modes(tmp_path: Path, mode: str, value) -> None:
    image = Image.new(mode, (9, 5), value)
    if mode == "P":
        image.putpalette([level for level in range(256) for _ in range(3)])
    path = tmp_path / ("x.tif" if mode == "CMYK" else "x.png")
    image.save(path)
    np.testing.assert_array_equal(picture.read(path), np.full((5, 9), 100))


def test_one_bit_and_sixteen_bits(tmp_path: Path) -> None:
    Image.new("1", (4, 4), 1).save(tmp_path / "one.png")
    assert (picture.read(tmp_path / "one.png") == 255).all()
    Image.fromarray(np.full((4, 4), 65535, np.uint16)).save(tmp_path / "sixteen.png")
    Image.fromarray(np.full((4, 4), 25700, np.uint16)).save(tmp_path / "middle.png")
    assert (picture.read(tmp_path / "sixteen.png") == 255).all()
    assert (picture.read(tmp_path / "middle.png") == 100).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_is_paper(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (4, 2), (0,) * len(mode))
    image.putpixel((1, 0), (0,) * (len(mode) - 1) + (255,))
    image.save(tmp_path / "x.png")
    np.testing.assert_array_equal(picture.read(tmp_path / "x.png"), [[255, 0, 255, 255], [255] * 4])


def test_a_photo_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the picture's right side is its top
    Image.new("L", (30, 20), 255).save(tmp_path / "x.jpg", exif=exif)
    assert picture.read(tmp_path / "x.jpg").shape == (30, 20)


def test_the_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("L", (4, 4), value) for value in (10, 200)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    assert (picture.read(tmp_path / "x.gif") == 10).all()


def huge_png(width: int, height: int) -> bytes:
    """A PNG header that claims this size, with next to nothing behind it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "contents", "message"),
    [
        ("empty.png", b"", "the file is empty"),
        ("text.png", b"hello", "expected a picture .* but the file is none"),
        ("large.png", huge_png(7_000, 6_000), "more than 40,000,000 pixels: make it smaller"),
        ("huge.png", huge_png(100_000, 100_000), "more than 40,000,000 pixels: make it smaller"),
        ("short.png", huge_png(10, 10), "the picture is broken"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.endswith(".png") else "",
)
def test_refusals(tmp_path: Path, name: str, contents: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(DataError, match=message) as error:
        picture.read(tmp_path / name)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        picture.read(tmp_path / "no.png")
    with pytest.raises(DataError, match="is a folder"):
        picture.read(tmp_path)


def test_every_truncation_of_a_picture_is_refused(tmp_path: Path, grey: np.ndarray) -> None:
    picture.write(tmp_path / "x.png", grey)
    whole = (tmp_path / "x.png").read_bytes()
    for length in range(0, len(whole) - 12, 23):  # the last 12 bytes are the empty end mark
        (tmp_path / "y.png").write_bytes(whole[:length])
        with pytest.raises(DataError):
            picture.read(tmp_path / "y.png")
