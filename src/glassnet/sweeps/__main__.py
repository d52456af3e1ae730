"""A job of a sweep: see `glassnet.sweeps.jobs`."""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

from glassnet.nn.plain import plain
from glassnet.sweeps.jobs import read_job, say


def main() -> None:
    """Train trials until there are enough, or until the process that started this one ends or says so."""
    told = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal told
        if not told:  # a scheduler may tell it too, and twice is not more
            told = True
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started this one decides
    signal.signal(signal.SIGTERM, interrupt)

    def listen(event: dict[str, object]) -> None:
        try:
            say(event)
        except BrokenPipeError:  # the process that started this one was killed
            os.kill(os.getpid(), signal.SIGTERM)

    try:
        job = read_job()
        from glassnet.sweeps.run import work

        work(Path(job.folder), most=job.most, until=job.until, workers=job.workers, listener=listen)
    except KeyboardInterrupt:
        sys.exit(0)
    except (ValueError, RuntimeError, OSError, MemoryError) as error:  # all errors of ours, and a full disk
        listen({"event": "fails", "message": plain(str(error))})
        sys.exit(2)


if __name__ == "__main__":
    main()
