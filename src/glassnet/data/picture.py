"""Picture files: a PNG, a JPEG or another picture becomes an array of grey values, and an array becomes a PNG.

The only home of Pillow.
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.dataset import Array, DataError
from glassnet.data.files import writing

if TYPE_CHECKING:
    from PIL import Image

LUMINANCE = np.array([0.299, 0.587, 0.114])  # of red, green, blue (ITU-R BT.601)
MUCH_MORE = 2  # times the contrast of luminance
MOST_PIXELS = 40_000_000
# Pillow opens more, but some with the help of other programs (PostScript), which a picture must not start.
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "ICO")


def read(path: str | Path) -> Array:
    """A picture as grey values (H, W), uint8: 0 is black, 255 is white.

    Colours become their luminance, or the mixture of red, green and blue in which neighbouring pixels differ most where
    that is more than twice as much: red ink on green paper. Behind what is transparent comes paper on which the rest is
    seen. A photo is turned upright by its EXIF mark; of an animation the first frame is taken. 16 bits are scaled to 8.

    Raises:
        DataError: no such file, not a picture, a broken one, or one of more than 40 million pixels; Pillow is missing.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise _no_pillow() from None

    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: expected a picture, but it {'is a folder' if path.is_dir() else 'does not exist'}")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: expected a picture, but the file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of oddities that do no harm
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with path.open("rb") as file, Image.open(file, formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise Image.DecompressionBombError
                return _grey(image)
    except PermissionError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except UnidentifiedImageError:
        if _is_heif(path):
            raise DataError(f"{path}: a HEIC or AVIF picture, which cannot be read: save it as JPEG or PNG") from None
        raise DataError(f"{path}: expected a picture ({', '.join(FORMATS)}), but the file is none") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # ours, or Pillow's for far more pixels
        raise DataError(f"{path}: the picture has more than {MOST_PIXELS:,} pixels: make it smaller") from None
    except Exception as error:  # on a damaged file Pillow's decoders raise nearly anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: the picture is broken: {reason}") from None


def write(path: str | Path, array: Array) -> None:
    """Write grey values (H, W) or colours (H, W, 3), uint8, as a PNG; the same array gives the same bytes.

    Raises:
        DataError: another kind of array, Pillow is missing, or the file cannot be written.
    """
    try:
        from PIL import Image
    except ImportError:
        raise _no_pillow() from None
    is_picture = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
    if array.dtype != np.uint8 or not is_picture or not array.size:
        raise DataError(
            f"{path}: expected grey values (H, W) or colours (H, W, 3), uint8, to write as a picture, "
            f"got {array.dtype} of shape {array.shape}"
        )
    with writing(path) as file:
        Image.fromarray(np.ascontiguousarray(array)).save(file, format="PNG")


def _grey(image: "Image.Image") -> Array:
    """The grey values (H, W) of an opened picture, upright and on paper."""
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16") or image.mode == "I":
        return (np.clip(np.asarray(image, dtype=np.float32), 0, 65535) / 257).round().astype(np.uint8)
    if image.mode == "F":  # no standard says what white is
        values = np.nan_to_num(np.asarray(image, dtype=np.float32))
        return np.clip(values * (255 if values.max() <= 1 else 1), 0, 255).round().astype(np.uint8)
    if image.mode in ("1", "L") and not image.has_transparency_data:
        return np.array(image.convert("L"))
    colours = _on_paper(image.convert("RGBA")) if image.has_transparency_data else image.convert("RGB")
    mixture = _mixture(_thumbnail(colours))
    return np.array(colours.convert("L") if mixture is None else colours.convert("L", mixture))


def _on_paper(colours: "Image.Image") -> "Image.Image":
    """A transparent picture on paper: its own grey if most of it is opaque and holds ink, else black or white."""
    from PIL import Image

    *_, alpha = channels = np.moveaxis(_thumbnail(colours), -1, 0)
    seen = np.tensordot(LUMINANCE, channels[:3], 1)[alpha >= alpha.max() / 2]
    low, middle, high = np.quantile(seen, (0.05, 0.5, 0.95))
    is_sheet = seen.size > alpha.size / 2 and high - low > 64
    grey = round(middle) if is_sheet else 255 if seen.mean() < 128 else 0
    paper = Image.new("RGB", colours.size, (grey,) * 3)
    paper.paste(colours.convert("RGB"), mask=colours.getchannel("A"))
    return paper


def _mixture(colours: Array) -> tuple[float, float, float, float] | None:
    """How much of red, green, blue and white gives the most contrast in colours (H, W, 3); None if luminance will do.

    The direction in which neighbouring pixels differ most is the first principal component of their differences. Noise
    alone, as strong in each channel, gives one channel at most 1.5 times the contrast of luminance.
    """
    steps = np.concatenate([np.diff(colours, axis=axis).reshape(-1, 3) for axis in (0, 1)])
    spread = steps.T @ steps
    main = np.linalg.eigh(spread).eigenvectors[:, -1]
    main /= np.abs(main).sum() * (1 if main @ LUMINANCE >= 0 else -1)
    if main @ spread @ main <= MUCH_MORE**2 * (LUMINANCE @ spread @ LUMINANCE):
        return None
    red, green, blue = main.tolist()
    return red, green, blue, -255 * float(np.minimum(main, 0).sum())


def _thumbnail(image: "Image.Image") -> Array:
    """Its channels (h, w, C), float64, of at most 256 pixels a side."""
    small = image if max(image.size) <= 256 else image.reduce(-(-max(image.size) // 256))
    return np.asarray(small, dtype=np.float64)


def _no_pillow() -> DataError:
    return DataError("pictures need Pillow: pip install 'glassnet[images]'")


def _is_heif(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(12)
    return start[4:8] == b"ftyp" and start[8:11] in (b"hei", b"hev", b"mif", b"avi")
