"""Trainings on several ranks: the same bits on any number of them, and how they end when one of them does."""

import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from commandline import glassnet, refused
from glassnet.train import loop
from glassnet.train.checkpoint import read_checkpoint
from glassnet.train.pieces import BLOCK
from glassnet.train.ranks import Ranks
from mpirun import ours, ranks_of, run, start
from train import on_ranks

PROGRAM = Path(__file__).parent / "on_ranks.py"
pytestmark = [pytest.mark.mpi]


class Alone:
    """A communicator of which only rank and size are asked."""

    Isend = Irecv = None

    def __init__(self, rank: int, size: int) -> None:
        self.Get_rank, self.Get_size = (lambda: rank), (lambda: size)


def test_a_signal_that_comes_while_ranks_agree_is_not_lost() -> None:
    training = SimpleNamespace(interrupted=False)

    class Agreeing:
        """The other ranks know of no signal; this one comes while they are asked."""

        def any(self, flag: bool) -> bool:
            training.interrupted = True
            return flag

    ranks: Any = Agreeing()
    assert not loop._interrupted(training, ranks, [])  # the others go on, so this one does
    assert training.interrupted
    assert loop._interrupted(training, ranks, [])


def test_what_is_no_communicator_is_refused() -> None:
    with pytest.raises(gn.InputError, match="ranks: expected a communicator of mpi4py, such as"):
        gn.fit(on_ranks.network(), on_ranks.data(), ranks=2)


@pytest.mark.parametrize("length", [0, 1, 1000, BLOCK, BLOCK + 1, 10 * BLOCK + 7])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 64])
def test_every_parameter_is_owned_once(length: int, size: int) -> None:
    owned = np.zeros(length, int)
    for rank in range(size):
        owned[Ranks(Alone(rank, size)).part_of(rank, length)] += 1
    assert (owned == 1).all()


@pytest.mark.long
@pytest.mark.parametrize(
    ("ranks", "kind"), [pytest.param(2, "usual", marks=pytest.mark.repeats), (3, "limits"), (4, "usual")]
)
def test_the_number_of_ranks_changes_no_bit(ranks: int, kind: str, tmp_path: Path) -> None:
    done = run(ranks, PROGRAM, kind, tmp_path, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "result").read_text() == on_ranks.trained(None, kind == "limits", workers=2)


@pytest.mark.long
def test_callbacks_decide_in_rank_0_for_all(tmp_path: Path) -> None:
    """With two workers a rank, which are threads."""
    (tmp_path / "alone").mkdir()
    expected = on_ranks.fitted(None, tmp_path / "alone")
    assert "a callback has seen enough" in expected
    done = run(2, PROGRAM, "fit", tmp_path, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "result").read_text() == expected
    there, here = (read_checkpoint(folder / "checkpoint") for folder in (tmp_path, tmp_path / "alone"))
    for name, vector in here.arrays.items():
        np.testing.assert_array_equal(there.arrays[name], vector, name)


@pytest.mark.parametrize(
    ("ranks", "kind", "message"),
    [
        (5, "usual", "there are 5 ranks, and a batch of this training has 4 shards: use at most 4 ranks, or"),
        (2, "other data", "rank 1 cannot train with rank 0: its data is '"),
        (2, "other rate", "rank 1 cannot train with rank 0: its optimizer is "),
    ],
)
def test_ranks_that_do_not_fit_are_refused_before_the_first_step(
    ranks: int, kind: str, message: str, tmp_path: Path
) -> None:
    done = run(ranks, PROGRAM, kind, tmp_path, cwd=tmp_path)
    assert done.returncode != 0
    assert message in done.stderr
    assert not (tmp_path / "result").exists()


TRAIN = ("-m", "glassnet", "train", "sixteen", "--data", "digits", "--no-pictures", "--set", "training.shards=3")


@pytest.mark.long
def test_the_command_trains_on_ranks_and_rank_0_alone_writes(digits: gn.Dataset, tmp_path: Path) -> None:
    command = (*TRAIN, "--epochs", "3", "--out")
    assert glassnet(*command[2:], "r1", cwd=tmp_path).returncode == 0
    done = run(3, *command, "r3", "--mpi", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.count("test accuracy") == 1
    assert len({line.partition("  ")[0] for line in done.stderr.splitlines()}) == len(done.stderr.splitlines())
    models = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("r1", "r3")]
    assert models[0] == models[1]
    alone = refused(*command[2:], "r2", cwd=tmp_path, env={"OMPI_COMM_WORLD_SIZE": "2"})  # as mpirun of Open MPI says
    assert alone == "error: mpirun has started this command 2 times, and each would train alone: add --mpi"
    assert not (tmp_path / "r2").exists()
    done = run(2, *command, "r1", "--mpi", cwd=tmp_path)
    assert ours(done.stderr)[0].startswith("error: r1 exists already and is not empty")


@pytest.mark.repeats
@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_a_rank_that_is_killed_ends_all_and_the_run_goes_on_with_another_number(
    digits: gn.Dataset, tmp_path: Path
) -> None:
    """`make fuzz` kills others too, at random instants."""
    command = (*TRAIN, "--epochs", "25", "--set", "training.checkpoint_minutes=0", "--out")
    assert glassnet(*command[2:], "whole", cwd=tmp_path).returncode == 0
    process = start(2, *command, "broken", "--mpi", cwd=tmp_path)
    try:
        checkpoint = tmp_path / "broken" / "checkpoint.safetensors"
        while not checkpoint.exists():
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(ranks_of(process)[1], signal.SIGKILL)
        out, err = process.communicate(timeout=15)
    finally:
        process.kill()
    assert process.returncode != 0
    line = "told to end, or another rank has ended; continue the run with any number of ranks: glassnet resume broken"
    assert [said for said in ours(err) if not said.startswith("epoch")] == [line]
    assert "Traceback" not in out + err
    done = run(3, "-m", "glassnet", "resume", "broken", "--no-pictures", "--mpi", cwd=tmp_path)
    assert done.returncode == 0
    models = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "broken")]
    assert models[0] == models[1]
