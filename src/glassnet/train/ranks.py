"""Ranks: processes that train one network together, perhaps on several machines, and exchange numbers by MPI.

A batch is divided into shards as usual, and the shards are divided among the ranks. Each rank owns a part of the
parameters. It receives the gradients of all shards for its part, adds them in shard order, updates its part and sends
it to the others. So the number of ranks changes no bit of the result. Only the owner of a part has the current
optimizer state for it.

A span is a piece of at most BLOCK parameters, and a part is one or more spans. All ranks must call each method that
sends something, in the same order. If one of them calls it alone, it waits for the others.

Only buffers of numbers and JSON are exchanged. A rank that waits still handles signals.
"""

import json
import os
import platform
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.plain import shown
from glassnet.nn.threads import libraries, processors
from glassnet.train.pieces import BLOCK, cut
from glassnet.version import __version__

POLLS = 1_000  # number of polls of a waiting rank before it sleeps between polls
NAP = 50e-6  # seconds
# Seconds that a rank waits for others after it was told to end. mpirun of Open MPI kills it after 0.25 seconds.
PATIENCE = 0.1 if "OMPI_COMM_WORLD_SIZE" in os.environ else 10.0


class RankError(RuntimeError):
    """The ranks cannot train together, or one of them has ended; the message states which and why."""


class DifferentRanksError(RankError):
    """The ranks differ in something that affects the result; all of them raise it."""


class Ranks:
    """All ranks of a communicator, as one of them sees them.

    Args:
        comm: an intracommunicator of mpi4py, such as MPI.COMM_WORLD.

    Attributes:
        rank, size: the number of this rank, from 0, and the number of all ranks.
        told_to_end: returns whether this process was told to end, and the others do not know it yet.
        passed: bytes that this rank has sent and received so far.   waited: seconds that it has waited for others.
    """

    def __init__(self, comm: Any) -> None:
        fits = all(hasattr(comm, name) for name in ("Get_rank", "Get_size", "Isend", "Irecv"))
        require(fits, f"ranks: expected a communicator of mpi4py, such as MPI.COMM_WORLD, got {shown(comm)}")
        self.comm, self.rank, self.size = comm, int(comm.Get_rank()), int(comm.Get_size())
        self.told_to_end: Callable[[], bool] = lambda: False
        self.passed, self.waited = 0, 0.0

    def workers(self) -> int:
        """The number of workers for this rank, if the ranks of one machine share its processors."""
        beside = self.gather(platform.node()).count(platform.node())
        return min(processors(), max(1, (os.cpu_count() or 1) // beside))  # mpirun may have divided them already

    @property
    def leads(self) -> bool:
        """Whether this is rank 0, which alone prints and writes."""
        return self.rank == 0

    def spans_of(self, rank: int, length: int) -> slice:
        """The spans that a rank owns, of `length` parameters; a span has at most BLOCK of them."""
        count = -(-length // BLOCK) or 1
        return slice(count * rank // self.size, count * (rank + 1) // self.size)

    def part_of(self, rank: int, length: int) -> slice:
        """The part that a rank owns, of `length` parameters; it may be empty."""
        spans = cut(length, -(-length // BLOCK) or 1)[self.spans_of(rank, length)]
        return slice(spans[0].start, spans[-1].stop) if spans else slice(0, 0)

    def exchange(self, gradients: Sequence[Array]) -> None:
        """Send each rank its part of the gradient of each shard; shard k was computed by rank k % size."""
        length = len(gradients[0])
        parts = [self.part_of(rank, length) for rank in range(self.size)]
        self._pass(
            (gradient[parts[to]], shard % self.size, to)
            for shard, gradient in enumerate(gradients)
            for to in range(self.size)
        )

    def share(self, arrays: Sequence[Array]) -> None:
        """Send array k from rank k % size to all ranks, in place."""
        self._pass((array, k % self.size, to) for k, array in enumerate(arrays) for to in range(self.size))

    def share_parts(self, vector: Array) -> None:
        """Send each rank's part of a vector of the parameters to all ranks, in place."""
        self.share([vector[self.part_of(rank, len(vector))] for rank in range(self.size)])

    def any(self, flag: bool) -> bool:
        """Whether the flag is true for any rank."""
        flags = np.zeros(self.size, np.uint8)
        flags[self.rank] = flag
        self.share([flags[k : k + 1] for k in range(self.size)])
        return bool(flags.any())

    def gather(self, value: Any) -> list[Any]:
        """A plain value of each rank, in the order of ranks."""
        texts = [np.zeros(0, np.uint8)] * self.size
        texts[self.rank] = np.frombuffer(json.dumps(value).encode(), np.uint8)
        lengths = np.zeros(self.size, np.int64)
        lengths[self.rank] = len(texts[self.rank])
        self.share([lengths[k : k + 1] for k in range(self.size)])
        texts = [text if k == self.rank else np.zeros(lengths[k], np.uint8) for k, text in enumerate(texts)]
        self.share(texts)
        return [json.loads(text.tobytes()) for text in texts]

    def from_rank_0(self, value: Any) -> Any:
        """The plain value of rank 0."""
        return self.gather(value if self.leads else None)[0]

    def check_same(self, values: dict[str, Any]) -> None:
        """Check that these plain values are the same for all ranks.

        Raises:
            DifferentRanksError: one differs; the message names it, with the value of each rank. All ranks raise it.
        """
        first, *others = self.gather(values)
        for rank, other in enumerate(others, start=1):
            for name, value in first.items():
                if other.get(name) != value:
                    raise DifferentRanksError(
                        f"rank {rank} cannot train with rank 0: its {name} is {shown(other.get(name))}, there it is "
                        f"{shown(value)}; make them the same"
                    )

    def check_enough(self, shards: int) -> None:
        """Check that there is a shard for each rank.

        Raises:
            InputError: there are fewer.
        """
        require(
            self.size <= shards,
            f"there are {self.size} ranks, and a batch of this training has {shards} shards: use at most {shards} "
            f"ranks, or train with shards={self.size} (a recipe: training.shards), which changes the last bits",
        )

    def _pass(self, messages: Iterable[tuple[Array, int, int]]) -> None:
        """Send arrays from rank to rank: (array, from, to), in the same order on all ranks."""
        requests = []
        for tag, (array, source, target) in enumerate(messages):
            if source == target or not array.size or self.rank not in (source, target):
                continue
            start = self.comm.Isend if self.rank == source else self.comm.Irecv
            requests.append(start(array, target if self.rank == source else source, tag))
            self.passed += array.nbytes
        self._wait(requests)

    def _wait(self, requests: list[Any]) -> None:
        """Wait until all requests are done.

        Raises:
            RankError: this process was told to end, and another one does not respond.
        """
        started, looks, told = time.perf_counter(), 0, 0.0
        while requests and not requests[0].Testall(requests):
            looks += 1
            if looks < POLLS:
                continue
            time.sleep(NAP)
            now = time.perf_counter()
            told = told or (now if self.told_to_end() else 0.0)
            if told and now - told > PATIENCE:
                raise RankError("another rank has ended, and this training with it")
        self.waited += time.perf_counter() - started


def bits_depend_on(*vectors: Array) -> dict[str, str]:
    """The things, other than settings, on which the bits of a training depend: arithmetic, and the first vectors."""
    blas = (f"{one.internal_api} {one.version} {getattr(one, 'architecture', None)}" for one in libraries())
    checksum = 0
    for vector in vectors:
        checksum = zlib.crc32(np.ascontiguousarray(vector).tobytes(), checksum)
    known = {"glassnet": __version__, "NumPy": np.__version__, "BLAS": ", ".join(blas)}
    return {**known, "initial weights": f"{checksum:08x}"}


def world() -> Ranks:
    """All ranks that `mpirun` has started.

    Raises:
        RankError: mpi4py, or the MPI library that it needs, is not installed.
    """
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise RankError(
            f"training on several ranks needs mpi4py and an MPI library ({error}): pip install 'glassnet[mpi]'"
        ) from None
    return Ranks(MPI.COMM_WORLD)
