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
from dataclasses import asdict, dataclass
from typing import IO, Any

from glassnet.sweeps.storage import STORAGE
from glassnet.sweeps.training import Listener

PATIENCE = 15.0  # seconds in which a job that is told to end saves its training


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


def run_jobs(job: Job, count: int, listener: Listener, url: str | None) -> None:
    """Run so many jobs until all have ended.

    Raises:
        JobError: one has failed; the others have finished their trials.   KeyboardInterrupt: as it came.
    """
    told: queue.Queue[dict[str, Any] | None] = queue.Queue()
    environment = os.environ | ({STORAGE: url} if url else {})
    # The processors are shared out to the jobs, so each needs one thread for its matrix products.
    processes = [_start(job, environment, told) for _ in range(count)]
    failed: list[str] = []
    try:
        while any(process.poll() is None for process in processes) or not told.empty():
            try:
                event = told.get(timeout=0.5)
            except queue.Empty:
                continue
            if event and event["event"] == "fails":
                failed.append(str(event["message"]))
            elif event:
                listener(event)
    except BaseException:
        for process in processes:
            process.terminate()
        raise
    finally:
        _end(processes)
    codes = [process.returncode for process in processes if process.returncode]
    if failed or codes:
        raise JobError(failed[0] if failed else _how_it_ended(codes[0]))


def _start(
    job: Job, environment: dict[str, str], told: "queue.Queue[dict[str, Any] | None]"
) -> "subprocess.Popen[str]":
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-m", "glassnet.sweeps"], env=environment, **pipes)
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(asdict(job)))
    process.stdin.close()
    threading.Thread(target=_listen, args=(process.stdout, told), daemon=True).start()
    return process


def _listen(lines: IO[str], told: "queue.Queue[dict[str, Any] | None]") -> None:
    for line in lines:
        told.put(json.loads(line))
    told.put(None)


def _end(processes: "list[subprocess.Popen[str]]") -> None:
    for process in processes:
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"a job was ended by {signal.Signals(-code).name}; perhaps this machine has too little memory"
    return f"a job ended with code {code}; what it said stands above"


def read_job() -> Job:
    """What this process is to do."""
    return Job(**json.loads(sys.stdin.read()))


def say(event: dict[str, Any]) -> None:
    """Tell the process that started this one."""
    print(json.dumps(event), flush=True)
