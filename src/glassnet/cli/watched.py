"""A progress bar for a run; if the command is interrupted, a line tells how to continue the run."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassnet.progress import ProgressBar


@contextmanager
def watched(folder: Path) -> "Iterator[ProgressBar]":
    """A progress bar; if the command is interrupted, a line tells how to continue the run."""
    import sys

    from glassnet.cli import ranks
    from glassnet.progress import ProgressBar
    from glassnet.runs.folder import EVALUATION
    from glassnet.runs.folds import is_divided

    ranks.run = folder
    try:
        with ProgressBar() as progress:
            yield progress
    except KeyboardInterrupt:
        finished = (folder / EVALUATION).is_file() and is_divided(folder)
        how = f"the run is finished except for its report: glassnet report {folder}"
        print(f"interrupted; {how if finished else f'continue with: glassnet resume {folder}'}", file=sys.stderr)
        raise
