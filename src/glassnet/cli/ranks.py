"""The command line on several ranks: rank 0 speaks, and an error of any rank ends them all."""

import os
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glassnet.train.ranks import Ranks

HEAD_START = 1.0  # seconds for rank 0 to say what is wrong, where it is wrong for all
SOON = 0.05  # seconds for rank 0 to say that another rank has ended; if it is gone itself, rank 1 says so

ranks: "Ranks | None" = None  # those of this command


def begin(wanted: bool, *, quiet: bool = False) -> "Ranks | None":
    """Become one of the ranks that `mpirun` has started, if that is wanted; all but rank 0 fall silent.

    Raises:
        RankError: MPI is not installed.
    """
    global ranks
    from glassnet.cli.terminal import console

    console.quiet = quiet
    if not wanted:
        return None
    from glassnet.train.ranks import world

    ranks = world()
    if not ranks.leads:
        console.quiet = True
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # until the process ends
        warnings.showwarning = lambda *args, **kwargs: None
    return ranks


def speaks() -> bool:
    """Whether this process says how the command goes."""
    return ranks is None or ranks.leads


def before_error(error: Exception) -> str:
    """What stands before the message of an error; a rank other than 0 lets rank 0 speak first."""
    from glassnet.train.ranks import RankError

    if ranks is None or ranks.leads:
        return ""
    time.sleep(SOON if isinstance(error, RankError) and ranks.rank == 1 else HEAD_START)
    return f"rank {ranks.rank}: "


def end_all(code: int) -> None:
    """After an error, end all ranks: the others may wait for this one."""
    if ranks is not None and code:
        sys.stderr.flush()
        ranks.comm.Abort(code)
