"""The name of a picture that a command is to write: looked at before the work, not after."""

from pathlib import Path


def check_png(option: str, path: Path) -> None:
    """Raise an error in one line unless a PNG of this name can be written.

    Raises:
        PlotError: Matplotlib is not installed.   DataError: the name has another ending, or lies in no folder.
    """
    from glassnet import plots
    from glassnet.data.errors import DataError

    plots.require()
    if path.suffix.lower() != ".png":
        raise DataError(f"{option} {path}: expected the name of a picture that ends in .png")
    if path.is_dir() or not path.parent.is_dir():
        reason = "is a folder" if path.is_dir() else f"lies in {path.parent}, which is no folder"
        raise DataError(f"{option} {path}: expected the name of a file, but this {reason}")
