"""The command line as people use it: real files, exit codes and messages."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from commandline import glassnet, process, refused
from glassnet.data.csv import write_csv
from glassnet.data.idx import write_idx

pytest.importorskip("sklearn", reason="the 8x8 digits need the extra 'sklearn'")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of a small network on the 8x8 digits in `run`."""
    folder = tmp_path_factory.mktemp("trained")
    quick = ["--data", "digits", "--set", "training.batch_size=16", "--epochs", "15", "--no-pictures", "--out", "run"]
    done = glassnet("train", "classic", *quick, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^test accuracy \d\d\.\d\d %$", done.stdout, re.MULTILINE)
    return folder


def test_help_has_examples(tmp_path: Path) -> None:
    top = process("--help", cwd=tmp_path).stdout
    for command in (
        "demo",
        "train",
        "evaluate",
        "predict",
        "explain",
        "export",
        "recipes",
        "summary",
        "check-gradients",
        "data",
    ):
        assert command in top
        assert glassnet(command, "--help", cwd=tmp_path).returncode == 0
    assert "glassnet train classic --set" in glassnet("train", "--help", cwd=tmp_path).stdout


def test_train_writes_lines_without_a_terminal(trained: Path) -> None:
    done = process(
        "train", "classic", "--data", "digits", "--epochs", "2", "--workers", "2", "--no-pictures", cwd=trained
    )
    assert done.returncode == 0, done.stderr
    assert "epoch 1/2" in done.stderr
    assert "epoch 2/2" in done.stderr
    assert max(map(len, (done.stdout + done.stderr).splitlines())) <= 100
    assert (trained / "runs" / "classic-digits" / "model.safetensors").is_file()


def test_in_a_terminal_a_bar_moves_and_goes(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty", reason="terminals of this kind are of Unix")
    leader, terminal = pty.openpty()
    given = ["train", "tiny", "--data", "digits", "--epochs", "2", "--no-pictures", "--out", "run"]
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "80"}
    running = subprocess.Popen(
        [sys.executable, "-m", "glassnet", *given], cwd=tmp_path, env=environment, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # which is how the other end says that it has gone
        while part := os.read(leader, 1 << 16):
            shown += part
    os.close(leader)
    assert running.wait(timeout=60) == 0, shown
    assert b"epoch 2/2" in shown
    assert "\u2501".encode() in shown  # the bar
    assert b"\x1b[?25h" in shown.rsplit(b"\x1b[?25l", 1)[-1]  # the cursor is shown again
    assert b"\x1b[1mtest accuracy " in shown


def test_quiet_prints_the_accuracy_only(tmp_path: Path) -> None:
    done = glassnet("train", "classic", "--data", "digits", "--epochs", "1", "--no-pictures", "-q", cwd=tmp_path)
    assert re.fullmatch(r"test accuracy \d\d\.\d\d %\n", done.stdout)
    assert done.stderr == ""


def test_no_pictures_are_drawn_where_none_are_wanted_or_matplotlib_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = ["train", "tiny", "--data", "digits", "--epochs", "1", "--out"]
    done = glassnet(*quick, "unwanted", "--no-pictures", cwd=tmp_path)  # the demo draws them
    assert done.returncode == 0, done.stderr
    assert not {"pictures", "report.html"} & {path.name for path in (tmp_path / "unwanted").iterdir()}
    assert "no pictures" not in done.stdout
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = glassnet(*quick, "without", cwd=tmp_path)
    assert done.stdout.endswith("no pictures: they need Matplotlib, pip install 'glassnet[plots]'\n")


def test_training_begins_with_the_weights_of_a_model(trained: Path) -> None:
    given = ["--data", "digits", "--epochs", "1", "--set", "optimizer.lr=1e-12", "--no-pictures", "--from", "run"]
    done = glassnet("train", "classic", *given, "--out", "from", cwd=trained)
    assert done.returncode == 0, done.stderr
    first, second = (gn.load_network(trained / name / "model.safetensors").theta for name in ("run", "from"))
    np.testing.assert_allclose(second, first, atol=1e-9)


def test_a_command_leaves_nothing_behind(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For it is run in the process of all other tests."""
    import warnings

    import threadpoolctl

    def state() -> list[object]:
        handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        threads = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
        said = [*warnings.filters, warnings.showwarning, sys.stdout, sys.stderr, sys.argv]
        return [*handlers, *said, threads, np.geterr(), dict(os.environ), Path.cwd(), threading.active_count()]

    monkeypatch.setenv("XDG_CONFIG_HOME", str(trained / "config"))
    glassnet("evaluate", "run", cwd=trained)
    before = state()
    odd = ["train", "classic", "--data", "digits", "--epochs", "1", "--set", "optimizer.lr=100", "--no-pictures"]
    assert "warning: this training has failed" in glassnet(*odd, "-q", cwd=trained).stderr
    refused("evaluate", "nothing.safetensors", cwd=trained)
    assert state() == before


def test_evaluate_agrees_with_training(trained: Path) -> None:
    done = glassnet("evaluate", "run", cwd=trained)
    told = json.loads((trained / "run" / "evaluation.json").read_text())
    assert f"test accuracy {100 * told['accuracy']:.2f} %" in done.stdout
    as_json = json.loads(glassnet("evaluate", "run", "--json", cwd=trained).stdout)
    assert as_json == told


def test_predict_pictures_as_in_memory(trained: Path) -> None:
    glassnet("data", "export", "digits", "pictures", "--png", "--split", "test", "--count", "30", cwd=trained)
    pictures = sorted((trained / "pictures").glob("*.png"))
    assert len(pictures) == 30
    said = json.loads(glassnet("predict", "run", "--json", *pictures, cwd=trained).stdout)
    assert [row["file"] for row in said] == list(map(str, pictures))
    assert all(row["probability"] >= row["runner_up_probability"] for row in said)


def test_predict_draws_and_names_the_runner_up(trained: Path) -> None:
    glassnet("data", "export", "digits", "pictures", "--png", "--split", "test", "--count", "1", cwd=trained)
    (picture,) = list((trained / "pictures").glob("test-00000-*.png"))
    done = glassnet("predict", "run", picture, cwd=trained)
    assert re.search(r"\.png: \d \(\d+\.\d%\), then \d \(\d+\.\d%\)", done.stdout)
    assert re.search(r"[-=+*#%@]{3}", done.stdout.splitlines()[0])  # the digit, drawn in characters


def test_predict_idx_and_csv_and_submission(trained: Path) -> None:
    digits = gn.load_dataset("digits")
    network = gn.load_network(trained / "run" / "model.safetensors")
    labels = network.predict(digits.test.x)
    write_idx(trained / "test-idx3-ubyte.gz", digits.test.x)
    write_csv(trained / "test.csv", digits.test.x, None)
    write_csv(trained / "labelled.csv", digits.test.x, digits.test.y)
    for name in ("test-idx3-ubyte.gz", "test.csv"):
        said = json.loads(glassnet("predict", "run", name, "--json", cwd=trained).stdout)
        assert [int(row["label"]) for row in said] == labels.tolist()
    done = glassnet("predict", "run", "test.csv", "--submission", "submission.csv", cwd=trained)
    assert done.returncode == 0
    lines = (trained / "submission.csv").read_text().splitlines()
    assert lines[0] == "ImageId,Label"
    assert lines[1:] == [f"{i},{label}" for i, label in enumerate(labels, 1)]
    accuracy = gn.evaluate(network, digits.test).accuracy
    assert f"accuracy {100 * accuracy:.2f} %" in glassnet("predict", "run", "labelled.csv", cwd=trained).stdout


def drawn(path: Path, *strokes: list[tuple[int, int]], side: int = 160) -> Path:
    """A picture of strokes with a round pen, dark on white."""
    from PIL import Image, ImageDraw

    page = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(page)
    for stroke in strokes:
        pen.line(stroke, fill=20, width=11, joint="curve")
        for x, y in stroke:
            pen.ellipse((x - 5, y - 5, x + 5, y + 5), fill=20)
    page.save(path)
    return path


SEVEN = [(40, 35), (110, 35), (75, 130)]
W = [(20, 40), (50, 120), (80, 60), (110, 120), (140, 40)]


def test_predict_needs_no_model(tmp_path: Path) -> None:
    drawn(tmp_path / "seven.png", SEVEN)
    done = glassnet("predict", "seven.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^seven\.png: 7 \(\d+\.\d%\), then \d", done.stdout, re.MULTILINE)
    assert glassnet("predict", "cnn", "seven.png", cwd=tmp_path).stdout == done.stdout
    by_default, by_name = (glassnet("predict", *which, "seven.png", "--json", cwd=tmp_path) for which in ((), ("cnn",)))
    assert by_default.stdout == by_name.stdout  # to the last digit
    assert "seven.png: 7" in glassnet("predict", "strong", "seven.png", cwd=tmp_path).stdout


def test_predict_refuses_what_is_no_digit_and_answers_the_others(tmp_path: Path) -> None:
    drawn(tmp_path / "blank.png")
    drawn(tmp_path / "seven.png", SEVEN)
    drawn(tmp_path / "w.png", W)
    done = glassnet("predict", "blank.png", "seven.png", "w.png", "--json", cwd=tmp_path)
    blank, seven, w = json.loads(done.stdout)
    assert done.returncode == 2
    assert blank["label"] is None
    assert "no ink" in blank["problem"]
    assert (seven["label"], "problem" in seven) == ("7", False)
    assert w["label"] is None
    assert "not recognised as a digit" in w["problem"]
    said = glassnet("predict", "blank.png", "seven.png", "w.png", "--no-draw", cwd=tmp_path)
    assert said.returncode == 2
    assert said.stderr.startswith("error: blank.png: no ink found")
    assert said.stdout.startswith("seven.png: 7 (")
    assert f"and an answer needs {gn.load_pretrained('cnn').threshold:.1f}; most like" in said.stdout
    assert glassnet("predict", "w.png", cwd=tmp_path).returncode == 2
    for name, problem in (("blank.png", "no ink found"), ("w.png", "not recognised as a digit")):
        message = refused("predict", "seven.png", name, "--submission", "labels.csv", cwd=tmp_path)
        assert message.startswith(f"error: {name}: {problem}")
        assert "labels.csv is not written" in message
        assert not (tmp_path / "labels.csv").exists()


def test_a_file_that_is_read_is_never_written(tmp_path: Path) -> None:
    drawn(tmp_path / "seven.png", SEVEN)
    before = (tmp_path / "seven.png").read_bytes()
    assert "expected a new file" in refused("predict", "seven.png", "--submission", "seven.png", cwd=tmp_path)
    assert (tmp_path / "seven.png").read_bytes() == before
    assert "but it is a folder" in refused("predict", "seven.png", "--submission", ".", cwd=tmp_path)


def test_an_icon_is_a_picture_and_stops_no_other(tmp_path: Path) -> None:
    from PIL import Image

    drawn(tmp_path / "seven.png", SEVEN)
    Image.open(tmp_path / "seven.png").resize((64, 64)).save(tmp_path / "seven.ico")
    (tmp_path / "broken.ico").write_bytes(b"\0\0\1\0\1")
    done = glassnet("predict", "seven.ico", "broken.ico", "seven.png", "--json", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert [answer["label"] for answer in json.loads(done.stdout)] == ["7", None, "7"]


def test_a_threshold_is_for_classes(tmp_path: Path) -> None:
    """Scores of another loss are no probabilities, and have no evidence."""
    network = gn.Network([gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(10)], input_shape=(28, 28))
    network.loss, network.threshold = gn.SquaredError(), 0.1
    gn.save_network(network, tmp_path / "scores.safetensors")
    drawn(tmp_path / "seven.png", SEVEN)
    done = glassnet("predict", "scores.safetensors", "seven.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "score" in done.stdout


def test_what_the_network_saw_is_never_written_over_a_picture(tmp_path: Path) -> None:
    drawn(tmp_path / "seven.png", SEVEN)
    drawn(tmp_path / "seven-seen.png", SEVEN, side=200)
    before = (tmp_path / "seven-seen.png").read_bytes()
    glassnet("predict", "seven.png", "seven-seen.png", "--save-seen", ".", cwd=tmp_path)
    assert (tmp_path / "seven-seen.png").read_bytes() == before
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "seven-seen.png").symlink_to(tmp_path / "seven-seen.png")
    glassnet("predict", "seven.png", "linked/seven-seen.png", "--save-seen", "linked", cwd=tmp_path)
    assert (tmp_path / "linked" / "seven-seen.png").is_symlink()
    assert {path.name for path in tmp_path.glob("*-seen*")} >= {"seven-seen.png", "seven-seen-2.png"}
    assert "seven.png: expected a folder" in refused("predict", "seven.png", "--save-seen", "seven.png", cwd=tmp_path)


def test_predict_saves_what_the_network_saw(tmp_path: Path) -> None:
    from glassnet.reading.drawing import to_mnist
    from glassnet.reading.picture import read

    (tmp_path / "other").mkdir()
    for folder in (tmp_path, tmp_path / "other"):
        drawn(folder / "seven.png", SEVEN)
    done = glassnet("predict", "seven.png", "other/seven.png", "--save-seen", "seen", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "seen").iterdir()) == ["seven-seen-2.png", "seven-seen.png"]
    np.testing.assert_array_equal(read(tmp_path / "seen" / "seven-seen.png"), to_mnist(read(tmp_path / "seven.png")))


def test_a_model_that_says_odd_things_of_itself_is_measured_on_what_is_named(trained: Path) -> None:
    network = gn.load_network(trained / "run" / "model.safetensors")
    gn.save_network(network, trained / "odd.safetensors", about={"recipe": {"data": 3}})
    assert "name a dataset (data)" in refused("evaluate", "odd.safetensors", cwd=trained)
    assert glassnet("evaluate", "odd.safetensors", "--data", "digits", cwd=trained).returncode == 0


def test_an_ensemble_says_what_it_gained(trained: Path) -> None:
    for seed in (0, 1):
        given = ["--data", "digits", "--epochs", "3", "--seed", seed, "--no-pictures", "--out", f"e{seed}"]
        glassnet("train", "classic", *given, cwd=trained)
    done = glassnet("ensemble", "e0", "e1", cwd=trained)
    assert done.returncode == 0, done.stderr
    test = gn.load_dataset("digits").test
    each = [gn.evaluate(gn.load_network(trained / f"e{seed}" / "model.safetensors"), test) for seed in (0, 1)]
    for result in (*each, gn.ensemble(each)):
        assert f"{100 * result.accuracy:.2f} %" in done.stdout
    gain = 100 * (gn.ensemble(each).accuracy - max(e.accuracy for e in each))
    assert f"{gain:+.2f} against the best of them" in " ".join(done.stdout.split())


def test_show_previews_the_augmentation_of_a_recipe(tmp_path: Path) -> None:
    done = glassnet("data", "show", "digits", "--augment", "cnn", "--out", "sheet.png", cwd=tmp_path)
    assert done.stdout == "100 examples drawn in sheet.png\n"
    assert (tmp_path / "sheet.png").stat().st_size > 10_000
    few = glassnet("data", "show", "digits", "--augment", "cnn", cwd=tmp_path)
    assert few.returncode == 0, few.stderr
    assert re.findall(r"(?<!\S)\d(?!\S)", few.stdout)[:3] == ["0", "1", "2"], few.stdout


def test_explain_prints_the_numbers_of_the_library(trained: Path) -> None:
    digits = gn.load_dataset("digits")
    network = gn.load_network(trained / "run" / "model.safetensors")
    write_csv(trained / "labelled.csv", digits.test.x, digits.test.y)
    done = glassnet("explain", "run", "labelled.csv", "--line", "9", "--neuron", "dense1:3", cwd=trained)
    assert done.returncode == 0, done.stderr
    assert done.stdout == gn.explain(network, digits.test.x[7], digits.test.y[7], neuron="dense1:3").text()
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_explain_a_picture_into_a_picture(trained: Path) -> None:
    pytest.importorskip("matplotlib", reason="figures need the extra 'plots'")
    glassnet("data", "export", "digits", "pictures", "--png", "--split", "test", "--count", "1", cwd=trained)
    (picture,) = list((trained / "pictures").glob("test-00000-*.png"))
    done = glassnet("explain", "run", picture, "--label", "3", "--picture", "explained.png", cwd=trained)
    assert done.returncode == 0, done.stderr
    assert "the truth is 3" in done.stdout
    assert done.stdout.endswith("Drawn into explained.png\n")
    assert (trained / "explained.png").read_bytes().startswith(b"\x89PNG")
    unlabelled = glassnet("explain", "run", picture, cwd=trained).stdout
    assert "No truth was given" in unlabelled


def test_a_recipe_of_ones_own(trained: Path) -> None:
    (trained / "my.toml").write_text(glassnet("recipes", "classic", cwd=trained).stdout)
    given = ["--data", "digits", "--epochs", "1", "--set", "network.hidden=[9,7]", "--seed", "5", "--no-pictures"]
    done = glassnet("train", "my.toml", *given, cwd=trained)
    assert done.returncode == 0, done.stderr
    assert "Dense(units=7" in done.stdout
    assert "seed = 5" in (trained / "runs" / "my-digits" / "recipe.toml").read_text()


def test_train_on_a_csv_file(trained: Path) -> None:
    done = glassnet("data", "export", "digits", "--csv", cwd=trained)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in trained.glob("digits-*.csv")) == ["digits-test.csv", "digits-train.csv"]
    done = glassnet("train", "tiny-deep", "--data", "digits-train.csv", "--epochs", "2", "--no-pictures", cwd=trained)
    assert done.returncode == 0, done.stderr
    assert "1,150 train" in done.stdout or "train" in done.stdout


def test_summary_of_a_recipe_and_of_a_run(trained: Path) -> None:
    made = glassnet("summary", "classic", "--data", "digits", cwd=trained).stdout
    assert made == glassnet("summary", "run", cwd=trained).stdout
    assert re.search(r"^dense1 +Dense\(units=128\) +\(128,\) +8,320 +8,192$", made, re.MULTILINE)
    assert re.search(r"^total +9,610 +9,472$", made, re.MULTILINE)
    assert "are for recipes" in refused("summary", "run", "--data", "digits", cwd=trained)
    assert "no recipe 'clasic'" in refused("summary", "clasic", cwd=trained)


def test_check_gradients_of_a_recipe(trained: Path) -> None:
    settings = ["--data", "digits", "--set", "network.activation=GELU", "--set", "network.loss=Huber"]
    done = glassnet("check-gradients", "classic", *settings, cwd=trained)
    assert done.returncode == 0, done.stderr
    assert "loss Huber()" in done.stdout
    assert re.search(r"^dense2 +b +\(10,\) +-?\d", done.stdout, re.MULTILINE)
    assert done.stdout.splitlines()[-1].startswith("backward is the derivative of forward")


def test_check_gradients_of_a_wrong_layer_fails(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = gn.ReLU.backward
    monkeypatch.setattr(gn.ReLU, "backward", lambda self, dy: 2 * right(self, dy))
    done = glassnet("check-gradients", "classic", "--data", "digits", cwd=trained)
    assert done.returncode == 1, done.stderr
    assert "NOT the derivative of forward at: input.x, dense1.W, dense1.b" in done.stdout


def test_data_show_and_list(trained: Path) -> None:
    shown = glassnet("data", "show", "digits", cwd=trained).stdout
    assert all(f" {digit}" in shown or f"{digit} " in shown for digit in range(10))
    assert max(map(len, shown.splitlines())) <= 80
    listed = glassnet("data", "list", cwd=trained).stdout
    for name in ("mnist", "fashion-mnist", "kmnist", "emnist-letters", "cifar-10", "digits"):
        assert name in listed
    assert glassnet("data", "show", "digits", "--out", "sheet.png", cwd=trained).returncode == 0
    assert (trained / "sheet.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.long
def test_the_demo_without_network_and_mnist_ends_well(tmp_path: Path) -> None:
    nowhere = {
        "GLASSNET_DATA": "",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "GLASSNET_MIRROR": "http://127.0.0.1:9",  # the discard port: refused at once
    }
    done = glassnet("demo", cwd=tmp_path, env=nowhere)
    assert done.returncode == 0, done.stderr
    assert "Falling back" in done.stdout
    accuracy = float(re.search(r"^test accuracy (\S+) %$", done.stdout, re.MULTILINE).group(1))
    assert accuracy >= 96
    assert "it predicts" in done.stdout
    drawn = find_spec("matplotlib") is not None
    assert ("  pictures/curves.png\n" in done.stdout) == ("  report.html\n" in done.stdout) == drawn


@pytest.mark.mnist
def test_predict_on_pictures_of_mnist_gives_the_answers_of_memory(tmp_path: Path, mnist: gn.Dataset) -> None:
    done = glassnet("train", "classic", "--epochs", "1", "--no-pictures", "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    glassnet("data", "export", "mnist", "pictures", "--png", "--split", "test", "--count", "200", cwd=tmp_path)
    pictures = sorted((tmp_path / "pictures").glob("*.png"))
    said = json.loads(glassnet("predict", "run", "--json", *pictures, cwd=tmp_path).stdout)
    network = gn.load_network(tmp_path / "run" / "model.safetensors")
    p = network.predict_proba(mnist.test.x[:200])
    assert [int(row["label"]) for row in said] == p.argmax(axis=1).tolist()
    np.testing.assert_allclose([row["probability"] for row in said], p.max(axis=1), atol=1e-5)


@pytest.mark.posix
def test_ctrl_c_keeps_the_best_so_far(tmp_path: Path) -> None:
    given = ["--data", "digits", "--epochs", "1000000", "--no-pictures", "--out", "run"]
    running = subprocess.Popen(
        [sys.executable, "-m", "glassnet", "train", "classic", *given],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job would ignore it
    )
    try:
        history = tmp_path / "run" / "history.jsonl"
        deadline = time.monotonic() + 60
        while not (history.is_file() and history.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        out, error = running.communicate(timeout=60)
    finally:
        running.kill()
        running.communicate()
    assert running.returncode == 0, error
    assert "interrupted in epoch" in out
    assert re.search(r"^test accuracy \d\d\.\d\d %$", out, re.MULTILINE)
    assert (tmp_path / "run" / "model.safetensors").is_file()


@pytest.mark.posix
def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m glassnet recipes classic | true"  # which is gone before anything is written
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == ""


def test_sigterm_while_python_runs_code_from_a_text_has_its_exit_code(in_tmp: Path) -> None:
    """As while it makes a dataclass. The command is one that sends the signal to itself there."""
    Path("ending.py").write_text(
        "import signal, sys\n"
        "from glassnet.cli import app\n"
        "def command(**settings):\n"
        "    try:\n"
        '        exec("signal.raise_signal(signal.SIGTERM)\\nwhile True: pass")\n'
        "    except KeyboardInterrupt:\n"
        "        return 0\n"
        "app.app = command\n"
        "app.main()\n"
    )
    ended = subprocess.run([sys.executable, "-m", "ending"], timeout=60, check=False)
    assert ended.returncode == 143


@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_broken_off_outside_of_a_training(
    number: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing holds the signal back it ends the command at once, and a line tells how to continue the run."""
    from glassnet.runs import run

    def broken_off(*arguments: object, **more: object) -> None:
        signal.raise_signal(getattr(signal, number))

    quick = ["train", "tiny", "--data", "digits", "--epochs", "1", "--no-pictures", "--out"]
    for name, folder, how in (
        ("evaluate", "unfinished", "continue with: glassnet resume unfinished"),
        ("Run", "finished", "the run is finished except for its report: glassnet report finished"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(run, name, broken_off)
            done = glassnet(*quick, folder, cwd=tmp_path)
        assert done.returncode == code, done.stderr
        assert done.stderr.splitlines()[-1] == f"interrupted; {how}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "clasic"], "did you mean 'classic'"),
        (["train", "classic", "--data", "mnits"], "did you mean 'mnist'"),
        (["train", "classic", "--set", "optimizer.lr"], "expected KEY=VALUE"),
        (["train", "classic", "--set", "optimizer.learning_rate=1"], "unknown key 'learning_rate'"),
        (["train", "classic", "--data", "digits", "--out", "taken"], "exists already and is not empty"),
        (
            [
                "train",
                "classic",
                "--data",
                "digits",
                "--set",
                "network.layers=['Flatten', {type = 'Dense', units = 3}]",
            ],
            "3",
        ),
        (["evaluate", "nothing.safetensors"], "does not exist"),
        (["evaluate", "text.txt"], "expected a glassnet model"),
        (["predict", "run"], "expected a file with examples besides the model"),
        (["predict"], "Missing argument"),
        (["predict", "cnnn", "missing.png"], "neither a model nor a file with examples"),
        (["predict", "taken", "missing.png"], "neither a model nor a file with examples"),
        (["ensemble", "run"], "expected at least two networks"),
        (["ensemble", "run", "nothing"], "nothing"),
        (["data", "show", "digits", "--augment", "classic"], "this recipe changes no examples"),
        (["predict", "run", "missing.png"], "missing.png"),
        (["predict", "run", "text.txt"], "text.txt"),
        (["predict", "run", "empty.png"], "empty.png"),
        (["predict", "run", "wide.csv"], "the model takes 64 values per example"),
        (["predict", "run", "bad.csv"], "bad.csv"),
        (["explain", "run"], "expected a file with examples besides the model: glassnet explain run"),
        (["explain", "run", "missing.png"], "missing.png"),
        (["explain", "run", "wide.csv"], "the model takes 64 values per example"),
        (["explain", "run", "row.csv", "--line", "4"], "holds 2 examples, lines 2 to 3"),
        (["explain", "run", "row.csv", "--row", "2"], "holds 2 examples, rows 0 to 1"),
        (["explain", "run", "row.csv", "--row", "1", "--line", "3"], "name one of them"),
        (["explain", "run", "row.csv", "--line", "-1"], "the examples of row.csv begin on line 2"),
        (["explain", "run", "row.csv", "--line", "3"], "line 3: label 12, which the model does not know"),
        (["explain", "run", "row.csv", "--label", "eleven"], "--label 'eleven': no such class"),
        (["explain", "run", "row.csv", "--neuron", "dens1:1"], "did you mean 'dense1'"),
        (["explain", "run", "row.csv", "--lr", "0"], "lr must be a number above 0"),
        (["explain", "run", "row.csv", "--picture", "nowhere/a.png"], "nowhere/a.png"),
        (["data", "show", "nothing"], "unknown dataset 'nothing'"),
        (["data", "show", "digits", "--split", "tset"], "expected train, validation or test"),
        (["data", "show", "few.csv", "--split", "validation"], "few.csv: its validation split is empty"),
        (["data", "export", "digits"], "--csv or --png"),
        (["data", "export", "digits", "text.txt", "--png"], "text.txt: File exists"),
        (["recipes", "nothing"], "no recipe 'nothing'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_exit_code_2(trained: Path, arguments: list[str], message: str) -> None:
    (trained / "taken").mkdir(exist_ok=True)
    (trained / "taken" / "note").write_text("mine")
    (trained / "text.txt").write_text("not a model, not a picture\n")
    (trained / "empty.png").write_bytes(b"")
    write_csv(trained / "wide.csv", np.zeros((2, 9, 9), np.uint8), None)
    write_csv(trained / "row.csv", np.ones((2, 8, 8), np.uint8), np.array([3, 12]))
    (trained / "bad.csv").write_text("1,2,3\n1,2\n")
    write_csv(trained / "few.csv", np.ones((4, 2, 2), np.uint8), np.array([0, 1, 0, 1]))
    assert message in refused(*arguments, cwd=trained)


def test_export_to_onnx_and_to_torch(trained: Path) -> None:
    pytest.importorskip("onnx", reason="ONNX files need the extra 'export'")
    network = gn.load_network(trained / "run" / "model.safetensors")
    for name, export in (("digits.onnx", gn.export_onnx), ("torch.safetensors", gn.export_torch)):
        done = glassnet("export", "run", name, cwd=trained)
        assert done.returncode == 0, done.stderr
        assert re.fullmatch(rf"{name}: .*, \d+ kB\n", done.stdout)
        export(network, trained / "again")
        assert (trained / name).read_bytes() == (trained / "again").read_bytes()
    glassnet("export", "run", "digits.onnx", "--input", "uint8", cwd=trained)
    gn.export_onnx(network, trained / "again", input_type="uint8")
    assert (trained / "digits.onnx").read_bytes() == (trained / "again").read_bytes()


def test_export_writes_over_no_model(trained: Path) -> None:
    before = (trained / "run" / "model.safetensors").read_bytes()
    for model in ("run", "cnn"):
        message = refused("export", model, "run/model.safetensors", cwd=trained)
        assert "model.safetensors: not written, because a model of glassnet is there: choose another name" in message
    assert (trained / "run" / "model.safetensors").read_bytes() == before


def test_export_refuses_what_it_cannot_write(trained: Path) -> None:
    message = refused("export", "run", "digits.pt", cwd=trained)
    assert "digits.pt: expected a name that ends in .html for a browser, .onnx, or .safetensors for PyTorch" in message
    message = refused("export", "run", "x.onnx", "--input", "int8", cwd=trained)
    assert "'int8' is not one of 'uint8', 'float32'" in message
    message = refused("export", "run", "x.safetensors", "--input", "uint8", cwd=trained)
    assert "--input uint8: this is for ONNX; a file that ends in .safetensors has no such choice" in message
    message = refused("export", "run", "x.onnx", "--title", "Digits", cwd=trained)
    assert "are for HTML, but x.onnx ends in .onnx" in message
    message = refused("export", "run", "x.html", "--without", "inner", cwd=trained)
    assert "--without inner: there is no such panel; known: inside, words" in message
    message = refused("export", "run", "no/x.safetensors", cwd=trained)
    assert "no/x.safetensors: cannot be written: No such file" in message
    assert not list(trained.glob("x.*"))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with diabetes.csv and iris.csv, and a run on each: `numbers` and `classes`."""
    folder = tmp_path_factory.mktemp("tables")
    for name, target, out in (("diabetes", "progression", "numbers"), ("iris", "species", "classes")):
        said = glassnet("data", "export", name, "--csv", cwd=folder).stdout
        assert f"rows written to {name}.csv" in said
        given = ["--data", f"{name}.csv", "--target", target, "--epochs", "20", "--no-pictures", "--out", out]
        done = glassnet("train", *given, cwd=folder)
        assert done.returncode == 0, done.stderr
        (folder / f"{out}.txt").write_text(done.stdout)
    return folder


def test_training_on_a_table_says_what_it_takes_it_for(tables: Path) -> None:
    numbers, classes = ((tables / name).read_text() for name in ("numbers.txt", "classes.txt"))
    assert "task: regression, because 'progression' is a number\n" in numbers
    assert "columns: 10, which become 10 inputs\n" in numbers
    assert re.search(
        r"^test R2 0\.\d{4}, mean absolute error \d\d\.\d+, root mean squared error", numbers, re.MULTILINE
    )
    assert "accuracy" not in numbers
    assert "task: classification, because 'species' is one of 3 classes: setosa, versicolor, virginica\n" in classes
    assert re.search(r"^test accuracy \d\d\.\d\d %$", classes, re.MULTILINE)


@pytest.mark.parametrize(("run", "data"), [("numbers", "diabetes.csv"), ("classes", "iris.csv")])
def test_evaluate_agrees_with_training_on_a_table(tables: Path, run: str, data: str) -> None:
    told = json.loads((tables / run / "evaluation.json").read_text())
    assert json.loads(glassnet("evaluate", run, "--data", data, "--json", cwd=tables).stdout) == told
    figures = glassnet("evaluate", run, "--data", data, cwd=tables).stdout.splitlines()[-1]
    assert figures in (tables / f"{run}.txt").read_text().splitlines()
    done = glassnet("evaluate", run, cwd=tables)  # its path stands in the model file, and is not followed
    assert done.returncode == 2
    assert f"{data}', which is not a registered dataset; a path in a model file is not opened" in done.stderr


def test_a_report_is_not_made_with_another_table(tables: Path) -> None:
    text = (tables / "iris.csv").read_text()
    (tables / "less.csv").write_text("\n".join(text.splitlines()[:-1]))
    done = glassnet("report", "classes", "--data", "less.csv", cwd=tables)
    assert done.returncode == 2
    assert done.stderr == "error: less.csv: this is not the table that the run was trained and measured on\n"
    assert "written to" in glassnet("report", "classes", "--data", "iris.csv", cwd=tables).stdout


def test_another_table_is_measured_as_a_whole(tables: Path) -> None:
    text = (tables / "iris.csv").read_text()
    (tables / "copy.csv").write_text(text)
    said = glassnet("evaluate", "classes", "--data", "copy.csv", cwd=tables).stdout
    assert "30 test" in said  # the same table, wherever it lies
    (tables / "other.csv").write_text("\n".join(text.splitlines()[:-1]))
    said = glassnet("evaluate", "classes", "--data", "other.csv", cwd=tables).stdout
    assert " ".join(said.split()).startswith(
        "classes/model.safetensors on all 149 rows of other.csv, not the table it was trained on"
    )
    lines = text.splitlines()
    (tables / "gaps.csv").write_text("\n".join([*lines[:3], lines[3][lines[3].index(",") :], *lines[4:9]]))
    done = glassnet("evaluate", "classes", "--data", "gaps.csv", cwd=tables)
    assert done.stderr.startswith("left out: gaps.csv, line 4, column 'sepal length (cm)': the number is missing")
    assert " on 7 of 8 rows of gaps.csv, " in " ".join(done.stdout.split())
    (tables / "gaps.csv").write_text("\n".join([lines[0], lines[3][lines[3].index(",") :]]))
    message = refused("evaluate", "classes", "--data", "gaps.csv", cwd=tables)
    assert "error: no row can be measured: gaps.csv, line 2, column 'sepal length (cm)': the number is" in message
    (tables / "gaps.csv").write_text("\n".join([lines[0], *(line[: line.rindex(",") + 1] for line in lines[1:4])]))
    message = refused("evaluate", "classes", "--data", "gaps.csv", cwd=tables)
    assert "gaps.csv, line 2, column 'species': the target is missing" in message
    nameless = lines[2][: lines[2].rindex(",") + 1]
    (tables / "gaps.csv").write_text(
        "\n".join([*lines[:2], nameless, "?" + lines[4].replace("setosa", "rosea"), lines[5]])
    )
    done = glassnet("evaluate", "classes", "--data", "gaps.csv", "--json", cwd=tables)
    assert [line.split(":")[1] for line in done.stderr.splitlines()] == [
        " gaps.csv, line 3, column 'species'",
        " gaps.csv, line 4, column 'sepal length (cm)'",
    ]
    figures = json.loads(done.stdout)
    assert (figures["examples"], figures["left_out"]) == (2, 2)
    done = glassnet("predict", "classes", "gaps.csv", cwd=tables)
    assert done.returncode == 2  # one row gets no prediction
    assert done.stdout.splitlines()[-1] == "gaps.csv: accuracy 100.00 %"
    assert done.stdout.count("truth setosa") == 2
    assert "2 rows not counted in the figures; the first: gaps.csv, line 3, column 'species': the target" in done.stderr
    message = refused("evaluate", "classes", "--data", "gaps.csv", "--split", "train", cwd=tables)
    assert "split train: gaps.csv is not the table the model was trained on" in message


def test_rows_are_predicted_by_the_names_of_their_columns(tables: Path) -> None:
    lines = (tables / "iris.csv").read_text().splitlines()[:4]
    rows = [line.split(",") for line in lines]
    turned = [",".join([row[3], f"extra{i}", *row[:3]]) for i, row in enumerate(rows)]  # without the species
    (tables / "turned.csv").write_text("\n".join(turned))
    (tables / "straight.csv").write_text("\n".join(lines))
    one = json.loads(glassnet("predict", "classes", "turned.csv", "--json", cwd=tables).stdout)
    two = json.loads(glassnet("predict", "classes", "straight.csv", "--json", cwd=tables).stdout)
    assert [row["probability"] for row in one] == [row["probability"] for row in two]
    assert [row["truth"] for row in two] == ["setosa"] * 3
    assert all("truth" not in row for row in one)
    said = glassnet("predict", "classes", "straight.csv", cwd=tables).stdout
    pattern = r"straight.csv, line 2: setosa \(\d+\.\d%\), then \w+ \(\d+\.\d%\), truth setosa"
    assert re.match(pattern, said)
    assert said.splitlines()[-1] == "straight.csv: accuracy 100.00 %"


def test_a_row_that_cannot_be_predicted_costs_no_other_its_prediction(tables: Path) -> None:
    header, *lines = (tables / "iris.csv").read_text().splitlines()
    lines[1] = "long" + lines[1][lines[1].index(",") :]
    (tables / "odd.csv").write_text("\n".join([header, *lines[:3]]))
    done = glassnet("predict", "classes", "odd.csv", cwd=tables)
    assert done.returncode == 2
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "odd.csv, line 2",
        "odd.csv, line 4",
        "odd.csv",
    ]
    assert "odd.csv: accuracy 100.00 %" in done.stdout
    assert re.fullmatch(
        r"error: odd.csv, line 3, column '.*': expected a number such as 1234.5, got 'long'\n"
        r"1 of 3 rows have no prediction\n",
        done.stderr,
    )
    rows = json.loads(glassnet("predict", "classes", "odd.csv", "--json", cwd=tables).stdout)
    assert [row["prediction"] for row in rows] == ["setosa", None, "setosa"]
    done = glassnet("predict", "classes", "odd.csv", "--submission", "said2.csv", cwd=tables)
    assert done.returncode == 2
    assert "said2.csv is not written" in done.stderr
    assert not (tables / "said2.csv").exists()


@pytest.mark.parametrize(
    ("loss", "lines", "keys"),
    [
        (
            gn.BinaryCrossEntropy(),
            ["line 2: yes (95.3%), then no (4.7%)", "line 3: no (73.1%), then yes (26.9%)"],
            ["probability", "runner_up_probability", "probabilities"],
        ),
        (
            gn.Hinge(),
            ["line 2: yes (score 3.00), then no (score -3.00)", "line 3: no (score 1.00), then yes (score -1.00)"],
            ["score", "runner_up_score", "scores"],
        ),
    ],
)
def test_a_network_with_one_output_tells_two_classes_apart(
    tmp_path: Path, loss: gn.Loss, lines: list[str], keys: list[str]
) -> None:
    network = gn.Network([gn.Dense(1)], input_shape=1, classes=["no", "yes"])
    network.layers[0].W[...], network.layers[0].b[...] = 1, 0
    network.loss = loss
    schema = {"inputs": [{"name": "x"}], "target": {"name": "y", "categories": ["no", "yes"]}}
    gn.save_network(network, tmp_path / "one.safetensors", about={"table": schema})
    (tmp_path / "rows.csv").write_text("x\n3\n-1\n")
    said = glassnet("predict", "one.safetensors", "rows.csv", cwd=tmp_path)
    assert said.stdout.splitlines() == [f"rows.csv, {line}" for line in lines], said.stderr
    rows = json.loads(glassnet("predict", "one.safetensors", "rows.csv", "--json", cwd=tmp_path).stdout)
    wanted = ["file", "row", "line", "target", "prediction", keys[0], "runner_up", *keys[1:]]
    assert [list(row) for row in rows] == [wanted] * 2
    assert all(row[keys[2]][row["prediction"]] == row[keys[0]] == max(row[keys[2]].values()) for row in rows)


def test_a_class_that_was_never_seen_is_no_reason_to_predict_nothing(tables: Path) -> None:
    lines = (tables / "iris.csv").read_text().splitlines()[:3]
    (tables / "new.csv").write_text("\n".join(lines).replace("setosa", "rosea"))
    done = glassnet("predict", "classes", "new.csv", cwd=tables)
    assert done.returncode == 0
    assert done.stdout.count("setosa") == 2
    assert done.stderr.startswith("no figures: new.csv, line 2, column 'species': unknown category 'rosea'")


def test_predictions_of_a_table_as_csv_and_in_python(tables: Path) -> None:
    done = glassnet("predict", "numbers", "diabetes.csv", "--submission", "said.csv", cwd=tables)
    assert "442 predictions written to said.csv" in done.stdout
    model = tables / "numbers" / "model.safetensors"
    table = gn.read_table(tables / "diabetes.csv")
    outputs = gn.load_network(model).predict(gn.load_schema(model).examples(table))
    with pytest.raises(gn.InputError, match=r"the name of a file, 'diabetes.csv': read_table\(file\) makes"):
        gn.Model.open(model).predict("diabetes.csv")
    written = gn.read_table(tables / "said.csv").texts()
    assert written["row"] == list(map(str, range(442)))
    np.testing.assert_allclose(np.array(written["progression"], float), outputs[:, 0], rtol=1e-6)  # 7 digits
    lines = (tables / "diabetes.csv").read_text().splitlines()
    (tables / "whole.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]))  # another table: all rows count
    whole = glassnet("evaluate", "numbers", "--data", "whole.csv", cwd=tables).stdout.splitlines()[-1]
    assert whole.removeprefix("table ") == done.stdout.splitlines()[0].removeprefix("diabetes.csv: ")


def test_a_submission_names_the_rows_by_a_column(tables: Path) -> None:
    lines = (tables / "iris.csv").read_text().splitlines()
    (tables / "named.csv").write_text(
        "\n".join(["id," + lines[0], *(f"f{i}," + line for i, line in enumerate(lines[1:5]))])
    )
    given = ["predict", "classes", "named.csv"]
    assert glassnet(*given, "--submission", "by-id.csv", "--key", "id", cwd=tables).returncode == 0
    written = gn.read_table(tables / "by-id.csv").texts()
    assert written == {"id": ["f0", "f1", "f2", "f3"], "species": ["setosa"] * 4}
    message = refused(*given, "--submission", "again.csv", "--key", "idd", cwd=tables)
    assert "there is no column 'idd'; did you mean 'id'?" in message
    message = refused(*given, "--submission", "again.csv", "--key", "species", cwd=tables)
    assert "but this is the target" in message
    assert "in the file that --submission writes" in refused(*given, "--key", "id", cwd=tables)
    assert not (tables / "again.csv").exists()


def test_explain_takes_a_row_of_a_table(tables: Path) -> None:
    said = glassnet("explain", "numbers", "diabetes.csv", "--line", "5", cwd=tables)
    assert said.returncode == 0, said.stderr
    assert "standardize1" in said.stdout
    assert (
        "dense1        Dense(units=64)    (64,)          704"
        in glassnet("summary", "table", "--data", "diabetes.csv", "--target", "progression", cwd=tables).stdout
    )
    assert re.search(r"x\[2\]   bmi +25\.3 +-?\d", said.stdout)
    header, *lines = (tables / "diabetes.csv").read_text().splitlines()
    (tables / "later.csv").write_text("\n".join([header, *lines[:3], lines[3].replace(lines[3][:2], "old")]))
    said = glassnet("explain", "numbers", "later.csv", "--row", "2", cwd=tables)
    assert said.returncode == 0, said.stderr  # what is wrong with another row does not matter
    assert "line 5, column 'age': expected a number" in refused(
        "explain", "numbers", "later.csv", "--line", "5", cwd=tables
    )
    assert "holds 4 rows, lines 2 to 5" in refused("explain", "numbers", "later.csv", "--line", "6", cwd=tables)


def test_quiet_prints_the_figures_of_a_regression_only(tables: Path) -> None:
    given = ["--data", "diabetes", "--target", "progression", "--epochs", "1", "--no-pictures", "-q", "--out", "quiet"]
    done = glassnet("train", *given, cwd=tables)
    assert re.fullmatch(r"test R2 -?\d\.\d+, mean absolute error .*, root mean squared error .*\n", done.stdout)


def test_what_is_wrong_with_a_table_is_one_line(tables: Path) -> None:
    (tables / "less.csv").write_text("sepal length (cm)\n1\n")
    assert "columns are missing: 'sepal width (cm)'" in refused("predict", "classes", "less.csv", cwd=tables)
    assert "; this model was trained on a table" in refused(
        "predict", "classes", "numbers/model.safetensors", cwd=tables
    )
    assert "did you mean 'species'" in refused("train", "--data", "iris.csv", "--target", "specie", cwd=tables)
    assert "expected a recipe" in refused("train", cwd=tables)
    assert "say which table with --data" in refused("train", "--target", "species", cwd=tables)
    assert "--ignore is for tables" in refused("train", "classic", "--ignore", "id", cwd=tables)
    assert "(target)" in refused("train", "classic", "--data", "diabetes.csv", cwd=tables)
    assert "written as a whole" in refused("data", "export", "iris", "--png", cwd=tables)
    from glassnet.modelfile import read_about

    model = tables / "classes" / "model.safetensors"
    forged = read_about(model)["table"]
    forged["target"]["categories"].pop()
    gn.save_network(gn.load_network(model), tables / "forged.safetensors", about={"table": forged})
    for command in (["predict"], ["explain"], ["evaluate", "--data"]):
        assert "do not fit its network" in refused(
            command[0], "forged.safetensors", *command[1:], "iris.csv", cwd=tables
        )
    assert "do not fit its network" in refused("export", "forged.safetensors", "forged.onnx", cwd=tables)
    (tables / "fewer.csv").write_text("\n".join((tables / "iris.csv").read_text().splitlines()[:-1]))
    done = glassnet("ensemble", "classes", "classes", "--data", "fewer.csv", cwd=tables)
    assert " of 149 table examples" in " ".join(done.stdout.split())
    assert "the rows of a table are for the model that was trained on it" in refused("predict", "iris.csv", cwd=tables)
    message = refused("ensemble", "classes", "classic", "--data", "fewer.csv", cwd=tables)
    assert "expected a model that takes the columns of the first one" in message
    message = refused("ensemble", "numbers", "numbers", "--data", "diabetes.csv", cwd=tables)
    assert "an ensemble averages the probabilities of classes, but this network predicts numbers" in message
    assert "--draw and --save-seen are for pictures" in refused("predict", "classes", "iris.csv", "--draw", cwd=tables)
    assert "split: expected train" in refused("evaluate", "classes", "--data", "said.csv", "--split", "all", cwd=tables)
    assert "--submission said.csv: expected a new file" in refused(
        "predict", "classes", "said.csv", "--submission", "said.csv", cwd=tables
    )
