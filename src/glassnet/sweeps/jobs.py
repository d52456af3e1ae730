"""Several trials at once: each job is a process of its own, and tells on its standard output how far it is.

    python -m glassnet.sweeps

It reads what it is to do, as one line of JSON. The address of a database, which may hold a password, comes in the
environment, where other people do not see it.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import IO, Any

from glassnet.sweeps.storage import STORAGE
from glassnet.sweeps.training import Event, Listener

MOMENTS = 15.0  # seconds in which a job that is told to end saves its training


class JobError(RuntimeError):
    """A job has ended before its time; the message says why, if it is known."""


@dataclass(frozen=True)
class Job:
    """What a job is to do.

    Attributes:
        folder: of the sweep.   most: the number of trials, all together.   until: seconds since 1970.
        workers: of each training.
    """

    folder: str
    most: int
    until: float
    workers: int


def run_jobs(job: Job, count: int, listener: Listener, url: str | None, lock: int | None) -> None:
    """Run so many jobs until all have ended.

    Args:
        lock: the file descriptor that locks the folder; the jobs hold it too, so it is locked until all are gone.

    Raises:
        JobError: one has failed; the others have finished their trials.   KeyboardInterrupt: as it came.
    """
    events: queue.Queue[Event | None] = queue.Queue()
    environment = os.environ | ({STORAGE: url} if url else {})
    processes: list[subprocess.Popen[str]] = []
    failed: list[str] = []
    try:
        processes.extend(_start(job, environment, events, () if lock is None else (lock,)) for _ in range(count))
        running = count
        while running:
            event = events.get()
            if event is None:
                running -= 1
            elif event["event"] == "fails":
                failed.append(str(event["message"]))
            else:
                listener(event)
    except BaseException:  # also Ctrl-C: no job outlives the sweep
        for process in processes:
            process.terminate()
        raise
    finally:
        _end(processes)
    codes = [process.returncode for process in processes if process.returncode]
    if failed or codes:
        raise JobError(failed[0] if failed else _how_it_ended(codes[0]))


def _start(
    job: Job, environment: dict[str, str], events: "queue.Queue[Event | None]", kept: Sequence[int]
) -> "subprocess.Popen[str]":
    settings: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    if os.name == "posix":  # Ctrl-C of a terminal goes to its own group alone, which this process decides for
        settings |= {"pass_fds": kept, "process_group": 0}
    process = subprocess.Popen([sys.executable, "-m", "glassnet.sweeps"], **settings)
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(asdict(job)))
    process.stdin.close()
    threading.Thread(target=_listen, args=(process.stdout, events), daemon=True).start()
    return process


def _listen(lines: IO[str], events: "queue.Queue[Event | None]") -> None:
    """Pass on the events of a job, and None at its end."""
    for line in lines:
        try:
            events.put(json.loads(line))
        except ValueError:  # what a library prints
            print(line, end="", file=sys.stderr)
    events.put(None)


def _end(processes: "list[subprocess.Popen[str]]") -> None:
    for process in processes:
        try:
            process.wait(MOMENTS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _how_it_ended(code: int) -> str:
    if code < 0:
        why = f"a job was ended by {signal.Signals(-code).name}; perhaps this machine has too little memory"
    else:
        why = f"a job ended with code {code}; what it said stands above"
    return f"{why}; the sweep continues when it is started again"


def read_job() -> Job:
    """What this process is to do."""
    return Job(**json.loads(sys.stdin.read()))


def say(event: Event) -> None:
    """Tell the process that started this one."""
    print(json.dumps(event), flush=True)
