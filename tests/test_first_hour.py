"""What a newcomer meets in the first hour: the command line without a manual."""

import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import glassnet as gn
from glassnet.cli import app
from glassnet.data.csv import write_csv
from glassnet.data.idx import write_idx
from glassnet.recipes.recipe import load_recipe

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def glassnet(in_tmp: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line in this process, in an empty folder: exit code, output, errors."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["glassnet", *arguments])
        code = app._run()
        out, error = capsys.readouterr()
        return code, out, error

    return run


def drawn(path: Path, *strokes: list[tuple[int, int]]) -> Path:
    """A picture of these strokes, dark on light."""
    page = Image.new("L", (160, 180), 245)
    for stroke in strokes:
        ImageDraw.Draw(page).line(stroke, fill=20, width=10, joint="curve")
    page.save(path)
    return path


SEVEN = [(40, 35), (110, 35), (75, 130)]
W = [(20, 40), (50, 120), (80, 60), (110, 120), (140, 40)]


@pytest.mark.parametrize("command", [[], ["data"]], ids=["glassnet", "glassnet data"])
def test_a_command_alone_shows_its_help(glassnet: Run, command: list[str]) -> None:
    code, out, error = glassnet(*command)
    assert (code, error) == (0, "")
    assert out == glassnet(*command, "--help")[1]
    assert "Commands" in out


def test_explain_needs_no_model_as_predict_does_not(glassnet: Run, in_tmp: Path) -> None:
    drawn(in_tmp / "photo.png", SEVEN)
    code, out, _ = glassnet("explain", "photo.png")
    assert code == 0
    assert "The network predicts 7" in out
    assert out == glassnet("explain", "cnn", "photo.png")[1]
    code, _, error = glassnet("explain", "cnn", "photo.png", "photo.png")
    assert code == 2
    assert "expected one file" in error


def test_a_refusal_says_how_much_evidence_there_was_and_how_much_is_needed(glassnet: Run, in_tmp: Path) -> None:
    answer = gn.Model.open("cnn").read(drawn(in_tmp / "w.png", W))
    needed = gn.Model.open("cnn").threshold
    code, out, _ = glassnet("predict", "w.png", "--no-draw")
    assert code == 2
    assert f"its evidence is {answer.evidence:.1f}, and an answer needs {needed:.1f}; most like" in out


def test_lines_count_from_1_and_rows_from_0_and_explain_takes_both(glassnet: Run, in_tmp: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (3, 4, 4), np.uint8)
    layers = [gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(3)]
    gn.save_network(gn.Network(layers, input_shape=(4, 4), seed=0), in_tmp / "m.safetensors")
    write_csv(in_tmp / "header.csv", x, np.arange(3))
    (in_tmp / "bare.csv").write_text("".join((in_tmp / "header.csv").read_text().splitlines(keepends=True)[1:]))
    write_idx(in_tmp / "images-idx3-ubyte", x)
    network = gn.load_network(in_tmp / "m.safetensors")
    for name, places in (
        ("header.csv", ["line 2", "line 3", "line 4"]),
        ("bare.csv", ["line 1", "line 2", "line 3"]),
        ("images-idx3-ubyte", ["row 0", "row 1", "row 2"]),
    ):
        said = glassnet("predict", "m.safetensors", name, "--no-draw")[1]
        assert re.findall(rf"{name}, (\w+ \d+): ", said) == places
        option, number = places[2].split()
        label = str(network.predict(x[2:])[0])
        explained = glassnet("explain", "m.safetensors", name, f"--{option}", number, "--label", label)[1]
        assert explained == gn.explain(network, x[2], int(label)).text(80)


@pytest.fixture
def offline(in_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No dataset at hand, and no network."""
    monkeypatch.delenv("GLASSNET_DATA", raising=False)
    monkeypatch.setenv("GLASSNET_MIRROR", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for variable in ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(in_tmp / "home"))


INSTEAD = (
    "warning: digits is used instead: mnist could not be downloaded; with a network try again: "
    "glassnet data get mnist\n"
)


@pytest.mark.usefixtures("offline", "digits")
@pytest.mark.parametrize(
    "command",
    [
        "summary classic",
        "summary tiny-deep",
        "check-gradients sigmoid-30 --examples 2",
        "train quick --epochs 1 --no-pictures --out run --set training.batch_size=64",
    ],
)
def test_a_named_recipe_without_its_data_takes_the_small_digits_and_says_so(
    glassnet: Run, command: str, in_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warnings, "showwarning", app._show_warning)  # as `main` does
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        code, out, error = glassnet(*command.split())
    assert code == 0
    assert error.startswith(INSTEAD)
    assert "(64,)" in out or "of digits" in out
    if command.startswith("train"):
        assert load_recipe(in_tmp / "run" / "recipe.toml").data.name == "digits"


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    "command", ["train classic --data mnist", "summary classic --set data.name=mnist", "data get mnist"]
)
def test_who_asks_for_mnist_is_told_in_a_short_line_how_to_get_it(glassnet: Run, command: str) -> None:
    code, _, error = glassnet(*command.split())
    first, *details = error.splitlines()
    assert code == 2
    assert first == "error: mnist could not be downloaded; with a network try again: glassnet data get mnist"
    assert all(line.startswith("  ") for line in details)
    assert 'the dataset "digits"' in details[0]
    assert "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz" in details[2]


@pytest.mark.usefixtures("offline")
def test_without_the_small_digits_too_the_short_line_is_left(glassnet: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)  # as Python marks what cannot be imported
    code, _, error = glassnet("summary", "classic")
    assert code == 2
    assert error.startswith(
        "error: mnist could not be downloaded; with a network try again: glassnet data get mnist\n  "
    )
    assert error.endswith("  the 8x8 digits come with scikit-learn: pip install 'glassnet[sklearn]'\n")
