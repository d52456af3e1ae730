"""Picture files: a PNG, JPEG or other picture becomes an array of grey values. The only home of Pillow."""

import warnings
from pathlib import Path

import numpy as np

from glassnet.data.dataset import Array, DataError

MOST_PIXELS = 40_000_000


def read(path: str | Path) -> Array:
    """A picture as grey values (H, W), uint8: 0 is black, 255 is white.

    Colours become their luminance, transparent parts white, as on paper; a photo is turned upright by its EXIF mark; of
    an animation the first frame is taken.

    Raises:
        DataError: no such file, not a picture, a broken one, or one of more than 40 million pixels; Pillow is missing.
    """
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        raise DataError("pictures need Pillow: pip install 'glassnet[images]'") from None

    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: expected a picture, but it {'is a folder' if path.is_dir() else 'does not exist'}")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: expected a picture, but the file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures; the limit below is ours
            with Image.open(path) as image:
                width, height = image.size
                if width * height > MOST_PIXELS:
                    raise Image.DecompressionBombError
                if image.mode.startswith("I") or image.mode == "F":
                    return _scaled(np.asarray(image, dtype=np.float64))
                upright = ImageOps.exif_transpose(image)
                if upright.has_transparency_data:
                    paper = Image.new("RGBA", upright.size, "white")
                    upright = Image.alpha_composite(paper, upright.convert("RGBA"))
                return np.asarray(upright.convert("L"))
    except Image.DecompressionBombError:
        raise DataError(f"{path}: the picture has more than {MOST_PIXELS:,} pixels: make it smaller") from None
    except UnidentifiedImageError:
        raise DataError(f"{path}: expected a picture (PNG, JPEG, ...), but the file is none") from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise DataError(f"{path}: the picture is broken: {error}") from None


def _scaled(values: Array) -> Array:
    """Values of more than 8 bits as 0..255: by 65,535, or by the largest where it is above that."""
    top = max(65535.0, float(values.max(initial=0))) if values.max(initial=0) > 255 else 255.0
    return np.clip(values * (255 / top), 0, 255).round().astype(np.uint8)


def write(path: str | Path, array: Array) -> None:
    """Write grey values (H, W) or colours (H, W, 3), uint8, as a PNG; the same array gives the same bytes.

    Raises:
        DataError: Pillow is missing, or the file cannot be written.
    """
    try:
        from PIL import Image
    except ImportError:
        raise DataError("pictures need Pillow: pip install 'glassnet[images]'") from None
    try:
        Image.fromarray(np.ascontiguousarray(array)).save(path, format="PNG")
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from None
