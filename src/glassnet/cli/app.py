"""The program `glassnet`: its commands, and how it ends.

Each command is a function in a module of its own name; what it needs is imported when it runs, so that help is quick.
"""

import io
import os
import signal
import sys
import traceback
import warnings
from types import FrameType
from typing import Annotated

import typer

from glassnet.cli import (
    check_gradients,
    compare,
    data,
    demo,
    doctor,
    ensemble,
    evaluate,
    explain,
    export,
    page,
    predict,
    ranks,
    read,
    recipes,
    report,
    summary,
    sweep,
    threshold,
    train,
)
from glassnet.doctor import use_kept
from glassnet.version import __version__

app = typer.Typer(
    name="glassnet",
    invoke_without_command=True,  # then it shows its help
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo.demo)
app.command()(train.train)
app.command()(train.resume)
app.command()(evaluate.evaluate)
app.command()(threshold.threshold)
app.command()(sweep.sweep)
app.command()(compare.compare)
app.command()(report.report)
app.command()(ensemble.ensemble)
app.command()(predict.predict)
app.command()(read.read)
app.command()(explain.explain)
app.command()(page.page)
app.command()(export.export)
app.command()(recipes.recipes)
app.command()(summary.summary)
app.command()(check_gradients.check_gradients)
app.command()(doctor.doctor)
app.add_typer(data.app, name="data")


@app.callback()
def top(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    """A neural network you can see through: train, look, evaluate, predict. Start with: glassnet demo"""
    if version:
        typer.echo(f"glassnet {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


class Terminated(KeyboardInterrupt):
    """SIGTERM, as an interrupt of its own.

    If a KeyboardInterrupt itself ends code that Python runs from a text, as it does to make a dataclass, then
    `python -m` ends by SIGINT at last, whatever the exit code.
    """


def main() -> None:
    """Run the command line: bad input ends in one line and exit code 2, never in a traceback.

    SIGTERM, which `kill` and schedulers send, ends a command as Ctrl-C does, with exit code 143.
    """
    terminated = False

    def terminate(number: int, frame: FrameType | None) -> None:
        nonlocal terminated
        terminated = True
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)
    warnings.showwarning = _show_warning
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # an old terminal gets \\xfc, not an error
    if problem := use_kept():
        print(f"warning: {problem}", file=sys.stderr)
    try:
        code = _run()
        ranks.end_all(code)
        sys.exit(143 if terminated else code)
    except BrokenPipeError:  # the reader of our output went away: `glassnet ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        if ranks.speaks():
            print("terminated" if terminated else "interrupted", file=sys.stderr)
        ranks.end_all(143 if terminated else 130)
        sys.exit(143 if terminated else 130)


def _show_warning(message: Warning | str, *where: object, **more: object) -> None:
    """A warning of the library as one line, without the place in the code."""
    from glassnet.nn.plain import plain

    print(f"warning: {plain(str(message))}", file=sys.stderr)


def _run() -> int:
    """The exit code of the command."""
    try:
        code = app(prog_name="glassnet", standalone_mode=False)
    except Exception as error:  # our classes of errors are imported only after one: importing them is slow
        message = _message(error)
        if message is None:
            if ranks.ranks is None:
                raise
            traceback.print_exc()
            return 1
        from glassnet.nn.plain import plain

        code = ranks.say_error(error, plain(message))
        for note in getattr(error, "__notes__", ()):
            print(f"  {plain(note)}", file=sys.stderr)
        return code
    return code if isinstance(code, int) else 0


def _message(error: Exception) -> str | None:
    """What to tell the person, in one line; None for an error that is ours."""
    if hasattr(error, "format_message"):  # Typer's own, for unknown commands, options and values
        return f"{error.format_message()} (see glassnet --help)".replace("\n", " ")
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    from glassnet.cli.columns import in_options
    from glassnet.data.errors import DataError
    from glassnet.modelfile import ModelFileError
    from glassnet.nn.errors import InputError
    from glassnet.plots import PlotError
    from glassnet.recipes.toml import RecipeError, UnknownKeyError
    from glassnet.runs.folder import RunError
    from glassnet.sweeps.jobs import JobError
    from glassnet.sweeps.storage import StorageError
    from glassnet.tables.undecided import UndecidedError
    from glassnet.train.checkpoint import CheckpointError
    from glassnet.train.crew import WorkerError
    from glassnet.train.history import DivergenceError
    from glassnet.train.ranks import RankError

    ours = (DataError, ModelFileError, InputError, PlotError, RecipeError, RunError, CheckpointError, DivergenceError)
    if isinstance(error, UndecidedError):
        return in_options(error)
    if isinstance(error, UnknownKeyError):  # ready to be pasted
        quote = '"' if set(error.form) & set(" '{}[]") else ""
        return f"{error.reason}: --set {quote}{error.form}{quote}"
    return str(error) if isinstance(error, (*ours, WorkerError, RankError, StorageError, JobError)) else None
