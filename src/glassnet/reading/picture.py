"""Picture files: reads a PNG, JPEG or other picture as grey values, and writes an array as a PNG.

Only this module uses Pillow.
"""

import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from glassnet.data.errors import DataError
from glassnet.data.files import writing
from glassnet.nn.array import Array
from glassnet.nn.plain import brief

if TYPE_CHECKING:
    from PIL import Image

    Source = str | Path | bytes | bytearray | BinaryIO | Image.Image | Array

MARK = (200, 30, 30)  # the colour of what is drawn into a picture
LUMINANCE = np.array([0.299, 0.587, 0.114])  # of red, green, blue (ITU-R BT.601)
MUCH_MORE = 2  # a mixture of colours must have this number of times the contrast of luminance
MOST_PIXELS = 40_000_000
TOO_LARGE = f"the picture has more than {MOST_PIXELS:,} pixels: make it smaller"
SMALL = 256  # pixels per side are enough to choose paper and mixture
ROWS = 256  # rows converted at a time, so that a picture of four bytes per pixel is not held in memory twice
# Pillow opens more formats, but some by starting other programs (PostScript), which a picture must not do.
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "ICO")
# Threads take turns, because catch_warnings changes the filters of the whole process.
decoding = threading.Lock()


def read(source: "Source") -> Array:
    """Read a picture as grey values (H, W), uint8: 0 is black, 255 is white.

    Colours become their luminance. But if a mixture of red, green and blue has more than twice the contrast between
    neighbouring pixels, as for red ink on green paper, that mixture is used. Transparent parts become paper on which
    the rest stands out. A photo is rotated by its EXIF orientation. From an animation the first frame is used. 16 bits
    are scaled to 8.

    Args:
        source: the path of a file, the bytes of one, a file that is open for reading bytes, or a Pillow image; or
            grey values (H, W), uint8, of which a copy is returned.

    Raises:
        DataError: no such file, not a picture, a broken one, or one of more than 40 million pixels.
    """
    from PIL import Image

    if isinstance(source, str | Path):
        return _read_path(Path(source))
    if isinstance(source, bytes | bytearray):
        return _read_open(BytesIO(source), "")
    if isinstance(source, Image.Image):
        with _in_plain_words(""):
            _check_size(source)
            return _grey(source.copy())
    if isinstance(source, np.ndarray):
        if source.ndim != 2 or source.dtype != np.uint8:
            raise DataError(f"read: expected grey values (H, W), uint8, got {source.dtype} of shape {source.shape}")
        return source.copy()
    if hasattr(source, "read"):
        return _read_open(source, "")
    raise DataError(
        "read: expected a picture: a path, bytes, an open file, a Pillow image or an array of grey values, "
        f"got {type(source).__name__}"
    )


def _read_path(path: Path) -> Array:
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "is not a file" if path.exists() else "does not exist"
            raise DataError(f"{path}: expected a picture, but it {what}")
        with path.open("rb") as file:
            return _read_open(file, f"{path}: ")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None


def _read_open(file: BinaryIO, where: str) -> Array:
    """The grey values of the picture in an open file; messages begin with `where`."""
    from PIL import Image, UnidentifiedImageError

    try:
        file.seek(0)
        start = file.read(12)
        file.seek(0)
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(f"{where}expected a picture, but it cannot be read: {brief(error)}") from None
    if not start:
        raise DataError(f"{where}expected a picture, but the file is empty")
    with _in_plain_words(where):
        try:
            with Image.open(file, formats=FORMATS) as image:
                return _grey(image)
        except UnidentifiedImageError:
            if _is_heif(start):
                raise DataError("a HEIC or AVIF picture, which cannot be read: save it as JPEG or PNG") from None
            raise DataError(f"expected a picture ({', '.join(FORMATS)}), but the file is not one") from None


@contextmanager
def _in_plain_words(where: str) -> Iterator[None]:
    """What Pillow raises on a picture that is broken or too large becomes a DataError that begins with `where`."""
    from PIL import Image

    try:
        with decoding, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # harmless oddities of the file
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except DataError as error:
        raise DataError(f"{where}{error}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(f"{where}{TOO_LARGE}") from None
    except Exception as error:  # on a damaged file Pillow's decoders raise nearly anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{where}the picture is broken: {brief(reason)}") from None


def _check_size(image: "Image.Image") -> None:
    """Raise DataError if there are too many pixels; before any is decoded."""
    if image.width * image.height > MOST_PIXELS:
        raise DataError(TOO_LARGE)


def as_grey(image: Array, white: int) -> Array:
    """An image of a dataset whose pixels go up to `white`, as grey values from 0 to 255, uint8."""
    return (image.astype(float) * 255 / white).round().astype(np.uint8)


def as_png(grey: Array) -> bytes:
    """Grey values (H, W), uint8, as the bytes of a PNG; the same array gives the same bytes."""
    from PIL import Image

    file = BytesIO()
    Image.fromarray(np.ascontiguousarray(grey)).save(file, format="PNG", optimize=True)
    return file.getvalue()


def write(path: str | Path, array: Array) -> None:
    """Write grey values (H, W) or colours (H, W, 3), uint8, as a PNG; the same array gives the same bytes.

    Raises:
        DataError: the array is of another kind, or the file cannot be written.
    """
    from PIL import Image

    is_picture = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
    if array.dtype != np.uint8 or not is_picture or not array.size:
        raise DataError(
            f"{path}: expected grey values (H, W) or colours (H, W, 3), uint8, to write as a picture, "
            f"got {array.dtype} of shape {array.shape}"
        )
    with writing(path) as file:
        Image.fromarray(np.ascontiguousarray(array)).save(file, format="PNG")


def marked(grey: Array, marks: Sequence[tuple[tuple[int, int, int, int], str]]) -> Array:
    """A picture (H, W) in colours (H, W, 3), with boxes drawn around parts of it and a text above each.

    Args:
        marks: the box of each, as x, y, width and height in pixels, and its text.
    """
    from PIL import Image, ImageDraw, ImageFont

    image = Image.fromarray(grey).convert("RGB")
    draw = ImageDraw.Draw(image)
    line = max(1, min(image.size) // 200)
    for (x, y, width, height), text in marks:
        draw.rectangle((x - line, y - line, x + width + line, y + height + line), outline=MARK, width=line)
        face = ImageFont.load_default(size=max(10, min(height // 2, 60)))
        room = draw.textbbox((0, 0), text, font=face)[3] + 2 * line
        places = (y - room, y + height + 2 * line, y + line)  # above, or below, or within
        top = next((top for top in places if 0 <= top <= image.height - room), places[-1])
        draw.text((x + line, top), text, fill=MARK, font=face)
    return np.asarray(image)


def _grey(image: "Image.Image") -> Array:
    """The grey values (H, W) of an opened picture, upright, with transparent parts as paper."""
    from PIL import ImageOps

    _check_size(image)
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith("I;16") or image.mode == "I":
        return (np.clip(np.asarray(image, dtype=np.float32), 0, 65535) / 257).round().astype(np.uint8)
    if image.mode == "F":  # no standard defines white: 1 if no value is larger, else 255
        values = np.asarray(image, dtype=np.float32)
        values = np.where(np.isfinite(values), values, 0)
        return np.clip(values * (255 if values.max() <= 1 else 1), 0, 255).round().astype(np.uint8)
    if image.mode in ("1", "L") and not image.has_transparency_data:
        return np.array(image.convert("L"))
    transparent = image.has_transparency_data
    mode = "RGBA" if transparent else "RGB"
    colours = image if image.mode == mode else image.convert(mode)
    small = colours if max(colours.size) <= SMALL else colours.reduce(-(-max(colours.size) // SMALL))
    paper = _paper(np.asarray(small, dtype=np.float64)) if transparent else 255
    mixture = _mixture(np.asarray(_on(paper, small), dtype=np.float64))
    grey = np.empty((colours.height, colours.width), np.uint8)
    for top in range(0, colours.height, ROWS):
        band = _on(paper, colours.crop((0, top, colours.width, min(top + ROWS, colours.height))))
        grey[top : top + ROWS] = np.asarray(band.convert("L") if mixture is None else band.convert("L", mixture))
    return grey


def _paper(colours: Array) -> int:
    """The grey behind a transparent picture (H, W, 4): that of its own paper if most of it is opaque and has ink."""
    *_, alpha = channels = np.moveaxis(colours, -1, 0)
    seen = np.tensordot(LUMINANCE, channels[:3], 1)[alpha >= alpha.max() / 2]
    low, middle, high = np.quantile(seen, (0.05, 0.5, 0.95))
    is_sheet = seen.size > alpha.size / 2 and high - low > 64
    return round(middle) if is_sheet else 255 if seen.mean() < 128 else 0


def _on(paper: int, colours: "Image.Image") -> "Image.Image":
    """A picture on paper of this grey, which shows through its transparent parts."""
    from PIL import Image

    if colours.mode == "RGB":
        return colours
    page = Image.new("RGB", colours.size, (paper,) * 3)
    page.paste(colours.convert("RGB"), mask=colours.getchannel("A"))
    return page


def _mixture(colours: Array) -> tuple[float, float, float, float] | None:
    """The factors of red, green, blue and white with the most contrast in colours (H, W, 3); None to use luminance.

    The direction in which neighbouring pixels differ most is the first principal component of their differences. Noise
    of the same strength in each channel gives one channel at most 1.5 times the contrast of luminance.
    """
    steps = np.concatenate([np.diff(colours, axis=axis).reshape(-1, 3) for axis in (0, 1)])
    spread = steps.T @ steps
    main = np.linalg.eigh(spread).eigenvectors[:, -1]
    main /= np.abs(main).sum() * (1 if main @ LUMINANCE >= 0 else -1)
    if main @ spread @ main <= MUCH_MORE**2 * (LUMINANCE @ spread @ LUMINANCE):
        return None
    red, green, blue = main.tolist()
    return red, green, blue, -255 * float(np.minimum(main, 0).sum())


def _is_heif(start: bytes) -> bool:
    return start[4:8] == b"ftyp" and start[8:11] in (b"hei", b"hev", b"mif", b"avi")
