"""Shows progress: a bar in a terminal, else a line from time to time."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from glassnet.nn.plain import plain
from glassnet.train.history import Record
from glassnet.train.training import Training

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

REFRESH = 0.1  # seconds between two updates of the bar
LINE = 2.0  # seconds between two lines without a terminal


class Bar:
    """What all bars share: they are removed at the end of a with block."""

    console: "Console"
    bar: "Progress"

    def stop(self) -> None:
        """Remove the bars."""
        if self.console.is_terminal:  # elsewhere rich would print an empty line
            self.bar.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class ProgressBar(Bar):
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


class SweepBar(Bar):
    """Shows a line for each trial of a sweep that has ended; in a terminal also a bar for each that runs, and for all.

    Give it to `sweep` as `progress=SweepBar()`.
    """

    def __init__(self, console: "Console | None" = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.console = console or Console(file=sys.stderr, highlight=False, markup=False, emoji=False)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(compact=True),
            console=self.console,
            transient=True,
        )
        self.tasks: dict[int, TaskID] = {}
        self.every: TaskID | None = None
        self.total = self.done = 0
        self.best: float | None = None
        self.rises = True  # whether higher values are better: accuracies
        self.waiting = False

    def __call__(self, event: dict[str, Any]) -> None:
        getattr(self, f"_{event['event']}")(event)

    def _known(self, event: dict[str, Any]) -> None:
        self.total, self.done, self.best, self.rises = (event[key] for key in ("total", "done", "best", "rises"))
        if self.done:
            self.console.print(f"{self.done} of {self.total} trials are done already")
        if self.console.is_terminal:
            self.every = self.bar.add_task("all trials", total=self.total, completed=self.done, figures=self._best())
            self.bar.start()

    def _begins(self, event: dict[str, Any]) -> None:
        pass  # its bar appears with its first step

    def _step(self, event: dict[str, Any]) -> None:
        if not self.console.is_terminal:
            return
        number = event["trial"]
        if number not in self.tasks:
            self.tasks[number] = self.bar.add_task(f"trial {number}", total=event["total"], figures="")
        figures = f"epoch {event['epoch']}/{event['epochs']}"
        self.bar.update(self.tasks[number], completed=event["done"], figures=figures)

    def _ends(self, event: dict[str, Any]) -> None:
        self._remove(event)
        self.done += 1
        self.console.print(self._line(event), soft_wrap=not self.console.is_terminal)
        if self.every is not None:
            self.bar.update(self.every, completed=self.done, figures=self._best())

    def _lost(self, event: dict[str, Any]) -> None:
        self._remove(event)
        self.console.print(f"trial {event['trial']} runs elsewhere")

    def _waits(self, event: dict[str, Any]) -> None:
        if not self.waiting:
            self.waiting = True
            self.console.print(f"waits for {event['running']} of the trials, which run elsewhere")

    def _measures(self, event: dict[str, Any]) -> None:
        self.stop()
        self.console.print(f"measures trial {event['trial']} on the test split ...")

    def _remove(self, event: dict[str, Any]) -> None:
        if event["trial"] in self.tasks:
            self.bar.remove_task(self.tasks.pop(event["trial"]))

    def _best(self) -> str:
        return "" if self.best is None else f"best {value_text(self.best, rises=self.rises)}"

    def _line(self, event: dict[str, Any]) -> str:
        value, width = event["value"], len(str(self.total))
        settings = "  ".join(f"{key}={text}" for key, text in event["settings"].items())
        start = f"trial {event['trial']:>{width}}/{self.total}"
        if value is None:
            how, _, why = event["ended"].partition(" ")
            return plain(f"{start}   {how.rstrip(':'):>8}  {settings}  {why}")
        better = self.best is None or (value > self.best if self.rises else value < self.best)
        self.best = value if better else self.best
        return plain(f"{start} {'*' if better else ' '} {value_text(value, rises=self.rises):>8}  {settings}")


def value_text(value: float, *, rises: bool) -> str:
    """The value of a trial as people read it: an accuracy in %, a loss as a number."""
    return f"{100 * value:.2f} %" if rises else f"{value:#.4g}"


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


class TaskBar(Bar):
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
