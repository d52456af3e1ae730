"""Progress: a moving bar in a terminal, a few lines elsewhere, nothing left behind."""

import io

import pytest

import glassnet as gn
from glassnet.progress import TaskBar, epoch_line

rich_console = pytest.importorskip("rich.console")


def console(*, terminal: bool):
    return rich_console.Console(file=io.StringIO(), force_terminal=terminal, width=80, color_system=None)


def test_lines_without_a_terminal(blobs) -> None:
    out = console(terminal=False)
    with gn.ProgressBar(out) as progress:
        gn.fit(gn.Network([gn.Dense(3)], input_shape=2), blobs, epochs=50, progress=progress)
    lines = out.file.getvalue().splitlines()
    assert lines[0].startswith("epoch  1/50  loss ")
    assert lines[-1].startswith("epoch 50/50  loss ")
    assert len(lines) <= 10  # fifty epochs take less than twenty seconds
    assert all(len(line) <= 80 for line in lines)


def test_a_bar_in_a_terminal(blobs) -> None:
    out = console(terminal=True)
    with gn.ProgressBar(out) as progress:
        gn.fit(gn.Network([gn.Dense(3)], input_shape=2), blobs, epochs=3, progress=progress)
    shown = out.file.getvalue()
    assert "epoch 1/3" in shown
    assert "100%" in shown
    assert "\x1b[?25h" in shown.rsplit("\x1b[?25l", 1)[-1]  # the cursor is shown again


def test_one_bar_serves_two_trainings(blobs) -> None:
    out = console(terminal=False)
    with gn.ProgressBar(out) as progress:
        for _ in range(2):
            gn.fit(gn.Network([gn.Dense(3)], input_shape=2), blobs, epochs=2, progress=progress)
        for _ in range(2):
            gn.fit(gn.Network([gn.Dense(3)], input_shape=2), blobs, epochs=1, progress=progress)
    assert out.file.getvalue().count("epoch 2/2") == 2
    assert out.file.getvalue().count("epoch 1/1") == 2


def test_an_epoch_in_a_line() -> None:
    record = {"epoch": 7, "training_loss": 0.25, "validation_loss": 0.5, "seconds": 1.5}
    assert epoch_line(record, 100) == "epoch   7/100  loss 0.2500  validation 0.5000  1.50 s"


def test_a_task_is_shown_in_a_terminal() -> None:
    out = console(terminal=True)
    with TaskBar(out) as progress:
        for done in range(0, 101, 10):
            progress("reading [odd] train.csv", done, 100)
    assert "reading [odd] train.csv" in out.file.getvalue()


@pytest.mark.parametrize(("seconds", "shown"), [(0, ""), (2, "reading train.csv ...\n")])
def test_elsewhere_only_a_long_task_is_named(seconds: float, shown: str) -> None:
    out = console(terminal=False)
    with TaskBar(out) as progress:
        progress.started -= seconds
        for done in range(0, 101, 10):
            progress("reading train.csv", done, 100)
    assert out.file.getvalue() == shown
