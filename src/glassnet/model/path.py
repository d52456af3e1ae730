"""Finds the model file for a name or a path."""

from pathlib import Path

from glassnet.data.idx import is_idx
from glassnet.modelfile import ModelFileError
from glassnet.pretrained.models import pretrained_names, pretrained_path

MODEL, RECIPE = "model.safetensors", "recipe.toml"  # in the folder of a run


def model_path(given: str | Path) -> Path:
    """The file for the folder of a run or the name of a pretrained model; anything else is already a path.

    Raises:
        ModelFileError: the run in the folder has no model yet.
    """
    given = Path(given)
    if (given / MODEL).is_file():
        return given / MODEL
    if (given / RECIPE).is_file():
        raise ModelFileError(
            f"{given}: this run has no model yet: it is still training, or was interrupted and continues with: "
            f"glassnet resume {given}"
        )
    known = str(given) in pretrained_names() and not given.exists()
    return pretrained_path(str(given)) if known else given


def is_model(path: Path) -> bool:
    """Whether a file is treated as a model: by its name, or because it begins like a safetensors file."""
    if path.suffix == ".safetensors":
        return True
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{" and not is_idx(path)
