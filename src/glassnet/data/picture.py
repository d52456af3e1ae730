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

MOST_PIXELS = 40_000_000
# Pillow opens more, but some with the help of other programs (PostScript), which a picture must not start.
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "ICO")


def read(path: str | Path) -> Array:
    """A picture as grey values (H, W), uint8: 0 is black, 255 is white.

    Colours become their luminance and what is transparent shows white paper; a photo is turned upright by its EXIF
    mark; of an animation the first frame is taken. 16 bits are scaled to 8.

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
    """The grey values (H, W) of an opened picture, upright and on white paper."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16") or image.mode == "I":
        return (np.clip(np.asarray(image, dtype=np.float32), 0, 65535) / 257).round().astype(np.uint8)
    if image.mode == "F":  # no standard says what white is
        values = np.nan_to_num(np.asarray(image, dtype=np.float32))
        return np.clip(values * (255 if values.max() <= 1 else 1), 0, 255).round().astype(np.uint8)
    if not image.has_transparency_data:
        return np.array(image.convert("L"))
    colours = image.convert("RGBA")
    paper = Image.new("L", image.size, "white")
    paper.paste(colours.convert("L"), mask=colours.getchannel("A"))
    return np.array(paper)


def _no_pillow() -> DataError:
    return DataError("pictures need Pillow: pip install 'glassnet[images]'")
