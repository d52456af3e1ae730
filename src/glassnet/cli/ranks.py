"""The command line on several ranks: rank 0 speaks, and an error of any rank ends them all."""

import os
import signal
import sys
import time
import warnings
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glassnet.train.ranks import Ranks

HEAD_START = 1.0  # seconds for rank 0 to say what is wrong, where it is wrong for all
SOON = 0.05  # seconds for rank 0 to say that another rank has ended; if it is gone itself, rank 1 says so

STARTED = "OMPI_COMM_WORLD_SIZE"  # how many mpirun of Open MPI has started

ranks: "Ranks | None" = None  # those of this command
run: Path | None = None  # the folder in which they leave what a training can go on from
told = False  # whether the person knows that they end


def begin(wanted: bool, *, quiet: bool = False) -> "Ranks | None":
    """Become one of the ranks that `mpirun` has started, if that is wanted; all but rank 0 fall silent.

    Raises:
        RankError: MPI is not installed; or mpirun has started several, and nobody wants ranks.
    """
    global ranks
    from glassnet.cli.terminal import console
    from glassnet.train.ranks import world

    console.quiet = quiet
    if not wanted:
        check_alone("add --mpi")
        return None

    ranks = world()
    if not ranks.leads:
        console.quiet = True
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # until the process ends
        warnings.showwarning = lambda *args, **kwargs: None
    else:
        _say_when_told_to_end()
    return ranks


def check_alone(remedy: str) -> None:
    """Raise RankError if mpirun has started this command several times."""
    from glassnet.train.ranks import RankError

    started = os.environ.get(STARTED, "1")
    if started != "1":
        raise RankError(f"mpirun has started this command {started} times, and each would train alone: {remedy}")


def _say_when_told_to_end() -> None:
    """Say at once that this command ends: mpirun asks with SIGTERM, and kills a quarter of a second later."""
    before = signal.getsignal(signal.SIGTERM)

    def say(number: int, frame: FrameType | None) -> None:
        global told
        if not told:
            told = True
            print(f"told to end, or another rank has ended{how_it_goes_on()}", file=sys.stderr, flush=True)
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, say)


def how_it_goes_on() -> str:
    """How the training goes on, once there is a checkpoint."""
    from glassnet.runs.folder import CHECKPOINT

    if run is None or not (run / CHECKPOINT).is_file():
        return ""
    return f"; continue the run with any number of ranks: glassnet resume {run}"


def speaks() -> bool:
    """Whether this process says how the command goes."""
    return ranks is None or ranks.leads


def say_error(error: Exception, message: str) -> int:
    """Say what is wrong; a rank other than 0 lets rank 0 speak first. Returns the exit code."""
    from glassnet.train.history import DivergenceError
    from glassnet.train.ranks import DifferentRanksError, RankError

    if ranks is None or ranks.leads:
        if not (told and isinstance(error, RankError)):
            print(f"error: {message}", file=sys.stderr)
        return 2
    if isinstance(error, DivergenceError | DifferentRanksError):  # rank 0 has it too, and may have to save something
        return 0
    time.sleep(SOON if isinstance(error, RankError) and ranks.rank == 1 else HEAD_START)
    print(f"rank {ranks.rank}: error: {message}", file=sys.stderr)
    return 2


def end_all(code: int) -> None:
    """After an error, end all ranks: the others may wait for this one."""
    if ranks is not None and code:
        sys.stderr.flush()
        ranks.comm.Abort(code)
