"""What the shell offers for an argument after the Tab key. Where nothing here fits, it offers files.

It reads the names of files only, because a shell waits for it: the recipes and the models are files of this package.
"""

from pathlib import Path

import typer

PACKAGE = Path(__file__).parent.parent


def recipes() -> list[str]:
    """The named recipes."""
    return _stems("recipes", "*.toml")


def runs() -> list[str]:
    """The runs in the folder of runs."""
    return sorted(str(path.parent) for path in Path("runs").glob("*/recipe.toml"))


def models() -> list[str]:
    """The pretrained models, and the runs that have a model."""
    return _stems("pretrained", "*.safetensors") + sorted(
        str(path.parent) for path in Path("runs").glob("*/model.safetensors")
    )


def model_first(context: typer.Context) -> list[str]:
    """The models for the first of several arguments; what follows are files."""
    return [] if context.params.get("files") else models()


def recipes_and_models() -> list[str]:
    """What a network can be made from or read from."""
    return recipes() + models()


def datasets() -> list[str]:
    """The registered datasets."""
    from glassnet.data.registry import dataset_names

    return dataset_names()


def _stems(folder: str, pattern: str) -> list[str]:
    return sorted(path.stem for path in (PACKAGE / folder).glob(pattern))
