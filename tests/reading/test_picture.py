"""Picture files of every kind: read as grey values, or refused in one line."""

import os
import struct
import subprocess
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from glassnet.data.errors import DataError
from glassnet.reading import picture


@pytest.fixture
def grey() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)


def test_written_and_read_again(tmp_path: Path, grey: np.ndarray) -> None:
    for name in ("a.png", "b.png"):
        picture.write(tmp_path / name, grey)
    again = picture.read(tmp_path / "a.png")
    np.testing.assert_array_equal(again, grey)
    again[0, 0] = 1  # an array of one's own
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_colours_are_written_and_read_as_luminance(tmp_path: Path) -> None:
    picture.write(tmp_path / "x.png", np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8))
    np.testing.assert_array_equal(picture.read(tmp_path / "x.png"), [[76, 150, 29]])  # 0.299, 0.587, 0.114 of 255


@pytest.mark.parametrize("shape", [(3,), (2, 2, 4), (0, 5)])
def test_only_pictures_are_written(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"x\.png: expected grey values .* got uint8 of shape"):
        picture.write(tmp_path / "x.png", np.zeros(shape, np.uint8))
    with pytest.raises(DataError, match="got float64"):
        picture.write(tmp_path / "x.png", np.zeros((4, 4)))
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, grey: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"missing.x\.png: cannot be written"):
        picture.write(tmp_path / "missing" / "x.png", grey)


@pytest.mark.parametrize(
    ("mode", "value", "name"),
    [
        ("L", 100, "x.png"),
        ("L", 100, "x.bmp"),
        ("L", 100, "x.pgm"),
        ("RGB", (100, 100, 100), "x.png"),
        ("RGB", (100, 100, 100), "x.jpg"),
        ("RGB", (100, 100, 100), "x.webp"),
        ("RGBA", (100, 100, 100, 255), "x.png"),
        ("LA", (100, 255), "x.png"),
        ("CMYK", (0, 0, 0, 155), "x.tif"),
        ("P", 100, "x.png"),
        ("I;16", 25700, "x.png"),
        ("I", 25700, "x.tif"),
        ("F", 100.0, "x.tif"),
    ],
)
def test_modes(tmp_path: Path, mode: str, value: object, name: str) -> None:
    image = Image.new(mode, (9, 5), value)
    if mode == "P":
        image.putpalette([level for level in range(256) for _ in range(3)])
    image.save(tmp_path / name)
    read = picture.read(tmp_path / name)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, np.full((5, 9), 100))


def test_one_bit(tmp_path: Path) -> None:
    image = Image.new("1", (4, 3), 1)
    image.putpixel((2, 1), 0)
    image.save(tmp_path / "x.png")
    np.testing.assert_array_equal(picture.read(tmp_path / "x.png"), [[255] * 4, [255, 255, 0, 255], [255] * 4])


def test_sixteen_bits_are_scaled_by_their_range_not_by_what_is_in_the_picture(tmp_path: Path) -> None:
    """A nearly black picture stays so."""
    Image.fromarray(np.array([[0, 200, 257, 65535]], np.uint16)).save(tmp_path / "x.png")
    np.testing.assert_array_equal(picture.read(tmp_path / "x.png"), [[0, 1, 1, 255]])
    Image.fromarray(np.array([[0, 200]], np.uint16)).save(tmp_path / "dark.png")
    np.testing.assert_array_equal(picture.read(tmp_path / "dark.png"), [[0, 1]])


def test_numbers_without_a_range(tmp_path: Path) -> None:
    """Shares of 1, or grey values where one is above 1; what is no number is black."""
    Image.fromarray(np.array([[0.0, 0.5, 1.0, np.nan]], np.float32)).save(tmp_path / "x.tif")
    np.testing.assert_array_equal(picture.read(tmp_path / "x.tif"), [[0, 128, 255, 0]])
    Image.fromarray(np.array([[0.0, 0.5, 1.0, np.inf]], np.float32)).save(tmp_path / "x.tif")
    np.testing.assert_array_equal(picture.read(tmp_path / "x.tif"), [[0, 128, 255, 0]])


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_is_paper(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (4, 2), (0,) * len(mode))
    image.putpixel((1, 0), (0,) * (len(mode) - 1) + (255,))
    image.putpixel((2, 0), (0,) * (len(mode) - 1) + (55,))
    image.save(tmp_path / "x.png")
    np.testing.assert_array_equal(picture.read(tmp_path / "x.png"), [[255, 0, 200, 255], [255] * 4])


def test_a_transparent_colour_is_paper(tmp_path: Path) -> None:
    image = Image.new("P", (3, 1), 0)
    image.putpalette([0, 0, 0, 90, 90, 90])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "x.png", transparency=0)
    np.testing.assert_array_equal(picture.read(tmp_path / "x.png"), [[255, 90, 255]])


def square(paper: tuple[int, ...], ink: tuple[int, ...]) -> "Image.Image":
    """A page of 40x40 pixels with 10x10 pixels of ink."""
    image = Image.new("RGB" if len(paper) == 3 else "RGBA", (40, 40), paper)
    image.paste(ink, (15, 15, 25, 25))
    return image


@pytest.mark.parametrize(
    ("paper", "ink"),
    [((40, 128, 40), (210, 40, 40)), ((255, 255, 255), (255, 235, 0)), ((90, 90, 255), (0, 150, 60))],
    ids=["red on green", "yellow on white", "green on blue"],
)
def test_colours_of_the_same_luminance_are_told_apart(tmp_path: Path, paper: object, ink: object) -> None:
    image = square(paper, ink)
    image.save(tmp_path / "x.png")
    by_luminance = np.ptp(np.asarray(image.convert("L")).astype(int))
    assert np.ptp(picture.read(tmp_path / "x.png").astype(int)) > max(100, 2 * by_luminance)


def test_noise_in_colours_leaves_luminance(tmp_path: Path) -> None:
    """Whatever channel happens to be noisiest."""
    for seed in range(5):
        noise = np.random.default_rng(seed).normal(128, 20, (60, 60, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(noise).save(tmp_path / "x.png")
        np.testing.assert_array_equal(picture.read(tmp_path / "x.png"), Image.fromarray(noise).convert("L"))


@pytest.mark.parametrize("ink", [(0, 0, 0, 255), (255, 255, 255, 255), (250, 240, 120, 255), (128, 128, 128, 255)])
def test_ink_on_nothing_is_seen(tmp_path: Path, ink: tuple[int, ...]) -> None:
    """Light ink comes on black paper, dark ink on white."""
    square((0, 0, 0, 0), ink).save(tmp_path / "x.png")
    read = picture.read(tmp_path / "x.png").astype(int)
    assert abs(read[20, 20] - read[2, 2]) > 100


def test_a_sheet_with_transparent_corners_goes_on_beyond_them(tmp_path: Path) -> None:
    image = square((240, 240, 240, 255), (20, 20, 20, 255))
    image.paste((0, 0, 0, 0), (0, 0, 6, 6))
    image.save(tmp_path / "x.png")
    read = picture.read(tmp_path / "x.png")
    assert (read[:6, :6] == 240).all()
    assert (read[15:25, 15:25] == 20).all()


def test_nothing_but_transparency_is_one_grey(tmp_path: Path) -> None:
    Image.new("RGBA", (5, 4), (9, 9, 9, 0)).save(tmp_path / "x.png")
    assert np.ptp(picture.read(tmp_path / "x.png")) == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (5000, 1)])
def test_thin_pictures(tmp_path: Path, size: tuple[int, int]) -> None:
    for mode, colour in (("RGB", (200, 10, 10)), ("RGBA", (9, 9, 200, 200)), ("CMYK", (9, 9, 9, 9)), ("P", 3)):
        image = Image.new(mode, size, colour)
        image.save(tmp_path / ("x.tif" if mode == "CMYK" else "x.png"))
        assert picture.read(tmp_path / ("x.tif" if mode == "CMYK" else "x.png")).shape == size[::-1]


def test_a_truncated_photo_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "x.jpg")
    whole = (tmp_path / "x.jpg").read_bytes()
    (tmp_path / "x.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"x\.jpg: the picture is broken: "):
        picture.read(tmp_path / "x.jpg")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_a_photo_is_turned_upright(tmp_path: Path, dtype: type, orientation: int, turns: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    values = np.arange(6, dtype=dtype).reshape(2, 3) * (10 if dtype is np.uint8 else 2570)
    Image.fromarray(values).save(tmp_path / "x.png", exif=exif)
    np.testing.assert_array_equal(picture.read(tmp_path / "x.png"), np.rot90(np.arange(6).reshape(2, 3) * 10, turns))


def test_the_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("L", (4, 4), value) for value in (10, 200)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    assert (picture.read(tmp_path / "x.gif") == 10).all()


def huge_png(width: int, height: int, *, whole: bool = False) -> bytes:
    """A PNG header that claims this size, with next to nothing behind it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes((width + 1) * height if whole else 0)))
        + chunk(b"IEND", b"")
    )


def icon(png: bytes) -> bytes:
    """An icon of 16x16 pixels, as it says."""
    return struct.pack("<3H4B2H2I", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(png), 22) + png


@pytest.mark.parametrize(
    ("name", "contents", "message"),
    [
        ("empty.png", b"", "the file is empty"),
        ("text.png", b"hello", "expected a picture .* but the file is not one"),
        ("drawing.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "but the file is not one"),
        ("large.png", huge_png(7_000, 6_000), "more than 40,000,000 pixels: make it smaller"),
        ("warned.png", huge_png(10_000, 10_000), "more than 40,000,000 pixels: make it smaller"),
        ("huge.png", huge_png(100_000, 100_000), "more than 40,000,000 pixels: make it smaller"),
        ("icon.ico", icon(huge_png(7_000, 6_000, whole=True)), "more than 40,000,000 pixels: make it smaller"),
        ("short.png", huge_png(10, 10), "the picture is broken"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.endswith((".png", ".eps", ".ico")) else "",
)
def test_refusals(tmp_path: Path, name: str, contents: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(DataError, match=message) as error:
        picture.read(tmp_path / name)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no\.png: expected a picture, but it does not exist"):
        picture.read(tmp_path / "no.png")
    with pytest.raises(DataError, match="is a folder"):
        picture.read(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
        with pytest.raises(DataError, match="is not a file"):
            picture.read(tmp_path / "pipe.png")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is counted in another unit, or not at all")
def test_the_largest_picture_is_held_once(tmp_path: Path) -> None:
    """Four bytes a pixel of the picture and one of its grey, twice at most; 20 bytes a pixel would be 720 MB."""
    Image.new("RGBA", (6000, 6000), (200, 20, 60, 255)).save(tmp_path / "large.png", compress_level=1)
    code = (
        "import resource, sys; from glassnet.reading import picture; from PIL import Image\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak(); shape = picture.read(sys.argv[1]).shape; print(shape, peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "large.png"], capture_output=True, text=True)
    assert done.stdout.startswith("(6000, 6000)"), done.stderr
    assert int(done.stdout.split()[-1]) < 10 * 36_000  # KiB


def test_every_truncation_of_a_picture_is_refused(tmp_path: Path, grey: np.ndarray) -> None:
    picture.write(tmp_path / "x.png", grey)
    whole = (tmp_path / "x.png").read_bytes()
    for length in range(0, len(whole) - 12, 23):  # the last 12 bytes are the empty end mark
        (tmp_path / "y.png").write_bytes(whole[:length])
        with pytest.raises(DataError):
            picture.read(tmp_path / "y.png")


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.gif", "x.bmp", "x.tif", "x.webp", "x.pgm", "x.ico"])
def test_damage_is_refused_in_one_line_or_read_as_a_picture(tmp_path: Path, name: str, grey: np.ndarray) -> None:
    """Nothing but a DataError comes out, whatever Pillow's decoders stumble over."""
    Image.fromarray(grey).save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    rng = np.random.default_rng(1)
    refusals = []
    for _ in range(40):
        damaged = bytearray(whole)
        for place in rng.integers(0, min(len(whole), 120), 6):
            damaged[place] = rng.integers(256)
        (tmp_path / name).write_bytes(damaged)
        try:
            assert picture.read(tmp_path / name).dtype == np.uint8
        except DataError as error:
            refusals.append(str(error))
    assert refusals
    for refusal in refusals:
        assert refusal.startswith(str(tmp_path / name))
        assert "\n" not in refusal


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.gif", "x.bmp", "x.tif", "x.webp", "x.pgm"])
def test_the_bytes_of_a_picture_and_an_open_file_are_read_as_its_file(
    tmp_path: Path, grey: np.ndarray, name: str
) -> None:
    Image.fromarray(grey).save(tmp_path / name)
    expected = picture.read(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    for given in (whole, bytearray(whole), BytesIO(whole)):
        np.testing.assert_array_equal(picture.read(given), expected)
    with (tmp_path / name).open("rb") as file:
        np.testing.assert_array_equal(picture.read(file), expected)
        assert not file.closed


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "expected a picture, but the file is empty"),
        (b"hello", r"expected a picture \(PNG, .*\), but the file is not one"),
        (huge_png(7_000, 6_000), "the picture has more than 40,000,000 pixels: make it smaller"),
        (b"\0\0\0\x18ftypheic" + bytes(50), "a HEIC or AVIF picture, which cannot be read: save it as JPEG or PNG"),
        (huge_png(20, 20), "the picture is broken: "),
    ],
)
def test_of_bytes_that_are_no_picture_the_message_names_no_file(contents: bytes, message: str) -> None:
    for given in (contents, BytesIO(contents)):
        with pytest.raises(DataError, match=f"^{message}"):
            picture.read(given)


def test_what_is_no_open_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("some text")
    with (tmp_path / "x.txt").open(encoding="utf-8") as text, pytest.raises(DataError, match="picture"):
        picture.read(text)  # type: ignore[arg-type]
    closed = BytesIO(b"x")
    closed.close()
    with pytest.raises(DataError, match="expected a picture, but it cannot be read: I/O operation on closed file"):
        picture.read(closed)


def test_threads_that_read_leave_the_filters_of_warnings_as_they_are() -> None:
    colours = Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8))
    colours.save(file := BytesIO(), "PNG")
    picture.read(file)
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(picture.read, [file.getvalue()] * 40))
    assert warnings.filters == before
