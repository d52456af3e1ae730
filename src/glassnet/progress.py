"""Shows progress: a bar in a terminal, else a line from time to time."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from glassnet.nn.plain import plain
from glassnet.train.history import Record
from glassnet.train.training import Training

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

REFRESH = 0.1  # seconds between two updates of the bar
LINE = 2.0  # seconds between two lines without a terminal


class ProgressBar:
    """Shows the progress of training; give it to `fit` as `progress=ProgressBar()`.

    In a terminal it shows a bar, with lines of finished epochs above it. Elsewhere it prints a line for the first and
    the last epoch, and between them at most one every two seconds.
    """

    def __init__(self, console: "Console | None" = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        self.console = console or Console(file=sys.stderr)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[figures]}"),
            console=self.console,
            transient=True,
        )
        self.task = self.bar.add_task("", total=None, figures="")
        self.shown = 0.0
        self.line_at = 0.0
        self.last_epoch = 0

    def __call__(self, training: Training) -> None:
        now = time.perf_counter()
        record = training.history.records[-1] if training.history.records else None
        finished = int(record["epoch"]) if record else 0
        self.last_epoch = min(self.last_epoch, finished)  # smaller again when another training starts
        if record and finished != self.last_epoch:
            self.last_epoch = finished
            last = finished == training.epochs or training.history.stopped is not None
            if finished == 1 or last or now - self.line_at >= LINE:
                self.line_at = now
                self.console.print(epoch_line(record, training.epochs), highlight=False)
        elif now - self.shown < REFRESH:
            return
        self.shown = now
        if self.console.is_terminal:
            self.bar.start()
            done = (training.epoch - 1) * training.batches + training.batch
            self.bar.update(
                self.task,
                description=f"epoch {training.epoch}/{training.epochs}",
                completed=done,
                total=training.epochs * training.batches,
                figures=f"loss {training.loss:.4f}",
            )
        if finished == training.epochs or training.history.stopped:
            self.stop()

    def stop(self) -> None:
        """Remove the bar."""
        if self.console.is_terminal:  # elsewhere rich would print an empty line
            self.bar.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def epoch_line(record: Record, epochs: int) -> str:
    """The record of an epoch as one line of text."""
    parts = [f"epoch {record['epoch']:>{len(str(epochs))}}/{epochs}", f"loss {record['training_loss']:.4f}"]
    if "training_accuracy" in record:
        parts.append(f"accuracy {record['training_accuracy']:.2%}")
    if "validation_loss" in record:
        parts.append(f"validation {record['validation_loss']:.4f}")
    if "validation_accuracy" in record:
        parts.append(f"{record['validation_accuracy']:.2%}")
    return "  ".join([*parts, f"{record['seconds']:.2f} s"])


class TaskBar:
    """Shows the progress of a task that calls it as `progress(what, done, total)`, for example in bytes or rows."""

    def __init__(self, console: "Console | None" = None, *, quiet: bool = False) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self.console = console or Console(file=sys.stderr, quiet=quiet)
        self.bar = Progress(console=self.console, transient=True)
        self.tasks: dict[str, TaskID] = {}
        self.started = time.perf_counter()
        self.named: set[str] = set()
        self.shown = 0.0

    def __call__(self, what: str, done: int, total: int | None) -> None:
        from rich.markup import escape

        what = plain(what)  # it may contain the name of any file
        now = time.perf_counter()
        if what not in self.tasks:
            self.tasks[what] = self.bar.add_task(escape(what), total=total)
        if not self.console.is_terminal:
            if what not in self.named and now - self.started >= 1:  # a task of less than a second needs no line
                self.named.add(what)
                self.console.print(f"{what} ...", highlight=False, markup=False)
            return
        if now - self.shown < REFRESH and done != total:
            return
        self.shown = now
        self.bar.start()
        self.bar.update(self.tasks[what], completed=done, total=total)

    def stop(self) -> None:
        """Remove the bar."""
        if self.console.is_terminal:  # elsewhere rich would print an empty line
            self.bar.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
