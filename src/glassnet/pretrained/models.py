"""Pretrained models: small networks that come with the package, so that a digit can be recognised in the first minute.

Each is a model file with a card beside it, a page that says how good it is, how that was measured and what it is bad
at. `tools/pretrained.py` in the repository makes both.
"""

from pathlib import Path

from glassnet.modelfile import load_network
from glassnet.nn.errors import InputError
from glassnet.nn.network import Network
from glassnet.nn.plain import nearest

FOLDER = Path(__file__).parent


def pretrained_names() -> list[str]:
    """The models that come with the package, by name."""
    return sorted(path.stem for path in FOLDER.glob("*.safetensors"))


def pretrained_path(name: str) -> Path:
    """The file of a pretrained model.

    Raises:
        InputError: there is none of this name.
    """
    if name not in pretrained_names():
        raise InputError(f"there is no pretrained model {name!r}; {nearest(str(name), pretrained_names())}")
    return FOLDER / f"{name}.safetensors"


def load_pretrained(name: str = "cnn") -> Network:
    """A trained network that comes with the package: "cnn", "strong" or "classic".

    It takes MNIST's images as they are stored, uint8; `reading.drawing.to_mnist` makes one of a drawing or a photo. Its
    probabilities are calibrated, and `threshold` says below which an image is better called no digit.

    Raises:
        InputError: there is none of this name.
    """
    return load_network(pretrained_path(name))
