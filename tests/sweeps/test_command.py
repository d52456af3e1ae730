"""`glassnet sweep` as people use it."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commandline import glassnet, refused

pytest.importorskip("optuna", reason="sweeps need the extra 'sweep'")

DIGITS = ("classic", "--data", "digits", "--epochs", "150", "--no-pictures")


def test_a_table_is_swept_by_its_loss_and_a_file_may_say_what_is_searched(in_tmp: Path) -> None:
    rng = np.random.default_rng(0)
    with Path("table.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["a", "b", "price"])
        rows.writerows([a, b, 3 * a - b] for a, b in rng.standard_normal((200, 2)).round(3))
    Path("my.toml").write_text('seed = 5\n[search]\noptimizer.lr = "log(1e-3, 1e-1)"\n')
    again = ("--search", "network.hidden = [[4], [8]]", "--trials", "3", "--set", "training.epochs=4", "--no-pictures")
    done = glassnet("sweep", "--data", "table.csv", "--target", "price", "--searches", "my.toml", *again)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [["trial", f"{number}/3"] for number in (1, 2, 3)]
    assert "optimizer.lr=" in lines[0]
    assert "network.hidden=[" in lines[0]
    assert lines[3].startswith("measures trial ")
    assert "validation loss" in done.stdout
    assert "test R2" in done.stdout
    folder = Path("sweeps/table-table")
    assert "seed = 5\n" in (folder / "search.toml").read_text()
    best = done.stdout.partition("The best of 3 trials: trial ")[2].split()[0]
    with (folder / "trials.csv").open() as file:
        losses = {row["trial"]: float(row["validation_loss"]) for row in csv.DictReader(file)}
    assert losses[best] == min(losses.values())
    assert max(map(len, done.stdout.splitlines())) <= 80 or "glassnet train" in max(done.stdout.splitlines(), key=len)


def test_a_rising_rate_draws_its_picture_and_suggests(in_tmp: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra 'plots'")
    done = glassnet("sweep", "classic", "--data", "digits", "--rates", "--out", "here.png")
    assert done.returncode == 0, done.stderr
    suggested = float(done.stdout.partition("--set optimizer.lr=")[2].split()[0])
    assert 1e-3 < suggested < 10
    with Image.open("here.png") as picture:
        assert picture.size[0] > 400
    assert [path.name for path in in_tmp.iterdir()] == ["here.png"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "expected a recipe, such as glassnet sweep classic --search"),
        (["classic"], "glassnet sweep classic --rates"),
        (["classic", "--search", "optimizer.lr"], "expected KEY = RANGE"),
        (["classic", "--search", "optimizer.lrr = log(1e-3, 1)"], "did you mean 'lr'"),
        (["classic", "--searches", "none.toml"], "none.toml: cannot be read"),
        (["classic", "--rates", "--search", "optimizer.lr = [1, 2]"], "leave --search out"),
        (["classic", "--search", "optimizer.lr = [1, 2]", "--storage", "mysql://me@here/x"], "PostgreSQL"),
        (["classic", "--search", "optimizer.lr = [1, 2]", "--minutes", "0"], "minutes: expected more than 0"),
        (["classic", "--rates", "--out", "folder/here.txt"], "png"),
    ],
)
def test_what_cannot_be_swept_is_refused_in_one_line(arguments: list[str], why: str, in_tmp: Path) -> None:
    assert why in refused("sweep", *arguments, *(["--data", "digits"] if arguments else []))
    assert not list(in_tmp.iterdir())


@pytest.mark.posix
def test_in_a_terminal_there_is_a_bar_for_all_trials_and_one_for_each(tmp_path: Path) -> None:
    import pty

    reader, writer = pty.openpty()
    search = ("--search", "optimizer.lr = log(1e-2, 1)", "--trials", "2", "--out", str(tmp_path / "s"))
    command = [sys.executable, "-m", "glassnet", "sweep", *DIGITS, *search]
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "80"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=writer, env=environment)
    os.close(writer)
    said = b""
    while True:
        try:
            part = os.read(reader, 65_536)
        except OSError:  # its end on Linux
            break
        if not part:
            break
        said += part
    os.close(reader)
    assert process.wait() == 0
    text = said.decode()
    assert "all trials" in text
    assert "best " in text
    assert "epoch " in text
    assert "trial 2" in text
