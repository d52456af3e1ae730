"""Which model file a person means by a name or a path."""

from pathlib import Path

from glassnet.data.idx import is_idx
from glassnet.modelfile import ModelFileError
from glassnet.pretrained.models import pretrained_names, pretrained_path

MODEL, RECIPE = "model.safetensors", "recipe.toml"  # in the folder of a run


def model_path(given: str | Path) -> Path:
    """The model of a run's folder, a pretrained model by its name; anything else is a path already.

    Raises:
        ModelFileError: the folder of a run that has no model yet.
    """
    given = Path(given)
    if (given / MODEL).is_file():
        return given / MODEL
    if (given / RECIPE).is_file():
        raise ModelFileError(
            f"{given}: this run has no model yet: it is still training, or was broken off and goes on with: "
            f"glassnet resume {given}"
        )
    known = str(given) in pretrained_names() and not given.exists()
    return pretrained_path(str(given)) if known else given


def is_model(path: Path) -> bool:
    """Whether a file is meant as a model: by its name, or by how safetensors begin."""
    if path.suffix == ".safetensors":
        return True
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{" and not is_idx(path)
