"""What holds for any number: `make test` tries a few of each property, `make fuzz` thousands.

A property is a function of a number, which chooses all that is random, and of a folder for its files. It raises if it
does not hold.
"""

import base64
import csv
import hashlib
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from html.parser import HTMLParser
from itertools import islice
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

import glassnet as gn
import mpirun
import postgres
import written
from browsers import find_browser
from cases import LAYERS, LOSSES, LayerCase, network_of, targets_for
from drawn import draw, drawn
from encoded import same_inputs
from glassnet.experiments.experiment import load_experiments, outcome
from glassnet.experiments.setup import Setup
from glassnet.nn.plain import plain
from glassnet.nn.settings import to_table
from glassnet.reading.drawing import to_digits, to_mnist
from glassnet.reading.readings import readings
from glassnet.reading.rows import rows_of
from glassnet.reading.steps import Steps
from glassnet.tables.column import Column, UnknownPolicy
from glassnet.tables.date_form import DAYS
from glassnet.tables.schema import Schema
from glassnet.tables.table import text_table
from hostile.messages import drawing, random_message

# Of the course: those that train often.
LONG_PAGES = ("what-can-go-wrong", "augment", "dropout", "average", "calibration", "schedule", "penalty", "init")
ALL = 8  # of every so many pages all readings are made, of the others the usual one
NO_POISSON = [loss for loss in LOSSES if not isinstance(loss, gn.Poisson)]  # e^10000 is none of its numbers
DTYPES = ((np.float32, 1e-5), (np.float64, 1e-12))  # and the error of an output, relative to the largest


def batch(number: int, folder: Path) -> None:
    """For any layer, see `examples_one_by_one`."""
    rng = np.random.default_rng(number)
    case = LAYERS[rng.integers(len(LAYERS))]
    examples_one_by_one(case, *DTYPES[rng.integers(2)], number)


def examples_one_by_one(case: LayerCase, dtype: type, tolerance: float, number: int) -> None:
    """What a layer makes of a batch is what it makes of its examples one by one, whatever their neighbours."""
    rng = np.random.default_rng(number)
    N, scale = int(rng.integers(1, 10)), rng.choice([1e-3, 1.0, 30.0])
    layer = network_of(case, dtype=dtype).layers[0]
    x = (scale * rng.standard_normal((N, *case.input_shape))).astype(dtype)
    together = layer.forward(x)
    alone = np.concatenate([layer.forward(x[n : n + 1]) for n in range(N)])
    others = (1e3 * rng.standard_normal(x.shape)).astype(dtype)
    others[N // 2] = x[N // 2]
    among_others = layer.forward(others)[N // 2]
    size = max(float(np.abs(together).max()), 1.0)  # errors are relative to the largest output
    assert np.abs(together - alone).max() <= tolerance * size, (case.id, dtype)
    assert np.abs(together[N // 2] - among_others).max() <= tolerance * size, (case.id, dtype)


def logits(number: int, folder: Path) -> None:
    """For any loss, see `huge_logits`."""
    rng = np.random.default_rng(number)
    huge_logits(NO_POISSON[rng.integers(len(NO_POISSON))], DTYPES[rng.integers(2)][0], number)


def huge_logits(loss: gn.Loss, dtype: type, number: int) -> None:
    """No warning and no overflow at huge logits."""
    rng = np.random.default_rng(number)
    M = int(rng.integers(2, 7))
    z = rng.choice([-1e4, -1.0, 0, 1, 1e4], (5, M)).astype(dtype)
    for targets in targets_for(loss, 5, M, seed=number):
        with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
            warnings.simplefilter("error")
            value, prediction = loss.forward(z, targets)
            gradient = loss.backward(prediction, targets)
        assert math.isfinite(value), (loss, dtype)
        assert np.isfinite(gradient).all(), (loss, dtype)
        assert np.isfinite(loss.predict(z)).all(), (loss, dtype)


def dropout(number: int, folder: Path) -> None:
    """Dropout keeps the expectation."""
    rng = np.random.default_rng(number)
    size, rate = 40_000, float(rng.uniform(0.05, 0.95))
    network = gn.Network([gn.Dropout(rate)], input_shape=size, dtype=np.float64)
    network.set_address(seed=int(rng.integers(2**32)), step=int(rng.integers(2**32)))
    mean = network.forward(np.ones((1, size)), training=True).mean()
    # m / (1 - rate) has the variance rate / (1 - rate); seven standard errors are passed once in 4e11 draws.
    assert abs(mean - 1) <= 7 * math.sqrt(rate / (1 - rate) / size)


def grey(number: int, folder: Path) -> None:
    """Any array of grey values, of any size, noise, stripes, specks, takes the form of a digit, or is refused."""
    any_grey(number)


def any_grey(number: int) -> int:
    """See `grey`; how many of the forms it took."""
    rng = np.random.default_rng(number)
    height, width = (int(2 ** rng.uniform(0, 7.5)) for _ in range(2))
    page = [
        rng.integers(0, 256, (height, width)),
        rng.integers(0, 156) + 100 * (rng.random((height, width)) < 0.02),
        np.tile(np.linspace(0, 255, width), (height, 1)),
        rng.integers(0, 2, (height, 1)) * np.full((height, width), 200),
    ][number % 4].astype(np.uint8)
    taken = 0
    for form, shape in ((to_mnist, (28, 28)), (to_digits, (8, 8))):
        found = list(islice(readings(page, form), None if number % ALL == 0 else 1))
        taken += found[0].image is not None
        for image in (reading.image for reading in found if reading.image is not None):
            assert image.shape == shape
            assert image.dtype == np.uint8
            assert image.any()
    return taken


def rows(number: int, folder: Path) -> None:
    """Any page of lines and rings, noise or stripes gives rows whose parts lead from end to end, or is refused."""
    from PIL import Image, ImageDraw

    rng = np.random.default_rng(number)
    height, width = (int(2 ** rng.uniform(3, 9)) for _ in range(2))
    picture = Image.fromarray(rng.integers(250 - 80 * (number % 3), 256, (height, width)).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for _ in range(rng.integers(1, 40)):
        corners = (rng.uniform(-0.1, 1.1, (2, 2)) * (width, height)).astype(int)
        (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        shape = (left, top, right, bottom)
        pen = int(rng.integers(1, 9))
        draw.line(shape, 30, pen) if rng.random() < 0.5 else draw.ellipse(shape, None, 30, pen)
    try:
        found = rows_of(np.asarray(picture), Steps())
    except gn.DataError:
        return
    for row in found:
        reached = {0}
        for candidate in sorted(row.candidates, key=lambda candidate: candidate.first):
            assert candidate.first < candidate.past <= row.parts
            if candidate.first in reached:
                reached.add(candidate.past)
            if candidate.image is not None:
                assert candidate.image.shape == (28, 28)
                assert candidate.image.any()
        assert reached == set(range(row.parts + 1))
        for side, length in zip(row.place, (height, width), strict=True):
            assert 0 <= side.start < side.stop <= length


def scene(number: int, folder: Path) -> None:
    """A digit in a scene, each time on another page, takes the form of MNIST and is read by the shipped network."""
    from data.handmade import SCENES

    rng = np.random.default_rng(number)
    name, digit = list(SCENES)[rng.integers(len(SCENES))], int(rng.integers(10))
    assert read_in_scene(name, digit, number, folder) == digit, (name, digit)


def read_in_scene(name: str, digit: int, number: int, folder: Path) -> int:
    """What the shipped network reads: an image that is as large, as bright, and has as much ink as MNIST's digits."""
    from PIL import Image

    from data.handmade import picture

    Image.fromarray(picture(name, digit, number)).save(folder / "x.png", compress_level=1)
    answer = gn.Model.open("cnn").read(folder / "x.png")
    image = answer.image
    assert image is not None, (name, digit)
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20, (name, digit)
    assert image.max() == 255, (name, digit)
    assert 0.025 < image.mean() / 255 < 0.3, (name, digit)
    return answer.ranking[0]


class CrashError(Exception):
    """Nothing is done any more."""


class Crash(gn.Callback):
    """A crash after the step of this epoch and batch."""

    def __init__(self, epoch: int, batch: int) -> None:
        self.place = (epoch, batch)

    def on_batch(self, training: gn.Training) -> None:
        if (training.epoch, training.batch) == self.place:
            raise CrashError


def resume(number: int, folder: Path) -> None:
    """A training by any plan that is broken off, again and again, ends in the same bits as one that never stopped."""
    rng = np.random.default_rng(number)
    y = rng.integers(0, 3, 46)
    x = rng.standard_normal((46, 5)) + y[:, None]

    def chosen(*values: Any) -> Any:
        return values[rng.integers(len(values))]

    normalised, dropped = chosen((), (gn.BatchNorm,)), chosen((), (gn.Dropout,))
    settings = {
        "epochs": 4,
        "batch_size": int(chosen(5, 9, 40)),
        "shards": int(chosen(1, 2, 3)),
        "seed": int(rng.integers(2**32)),
        "optimizer": chosen(gn.SGD(0.1), gn.SGD(0.1, momentum=0.9, nesterov=True), gn.Adam(0.01), gn.RMSProp(0.01)),
        "schedule": chosen(gn.ConstantRate(), gn.CosineDecay(), gn.OneCycle(), gn.StepDecay(7)),
        "average": chosen(None, gn.WeightAverage(0.8)),
        "clip": chosen(None, gn.Clip(norm=1)),
        "penalties": chosen((), (gn.L1(1e-4),), (gn.L2(1e-3), gn.MaxNorm(2))),
        "class_weights": chosen(None, "balanced"),
    }
    patience = int(chosen(1, 2, 9))
    checkpoint, minutes = folder / f"checkpoint-{number}", float(chosen(0, 1e-12))

    def train(*callbacks: gn.Callback) -> tuple[gn.Network, gn.History]:
        hidden = [gn.Dense(6), *(kind() for kind in normalised), gn.ReLU(), *(kind(0.3) for kind in dropped)]
        network = gn.Network([gn.Standardize(), *hidden, gn.Dense(3)], input_shape=5)
        kept = [gn.EarlyStopping("validation_loss", patience=patience), gn.ReduceOnPlateau(patience=1)]
        data, held_out = (x[:36], y[:36]), (x[36:], y[36:])
        history = gn.fit(network, data, validation=held_out, callbacks=[*callbacks, *kept], workers=1, **settings)
        return network, history

    whole, told = train()
    batches = -(-36 // settings["batch_size"])
    for _ in range(3):
        place = int(rng.integers(1, 5)), int(rng.integers(1, batches + 1))
        with suppress(CrashError):
            train(gn.Checkpoint(checkpoint, minutes=minutes), Crash(*place))
    network, history = train(gn.Checkpoint(checkpoint, minutes=minutes))
    checkpoint.unlink()
    np.testing.assert_array_equal(network.theta, whole.theta)
    np.testing.assert_array_equal(network.buffers, whole.buffers)
    assert (history.stopped, history.best_epoch, len(history)) == (told.stopped, told.best_epoch, len(told))


def messages(number: int, folder: Path, count: int = 100) -> None:
    """A hundred messages to the page, good and bad: each is answered in one line, and the session lives on.

    At the end the server has told of no fault, and stops as it should.
    """
    from served import Served

    rng = random.Random(number)
    with Served("classic", cwd=folder) as served:
        with served.page() as page:
            assert page.read(drawing())["answer"]["image"] is not None
            for _ in range(count):
                message = random_message(rng)
                page.send(message)
                while "event" in (answer := page.receive()):
                    pass
                line = answer.get("problem", "")
                fine = answer.keys() in ({"id", "answer"}, {"id", "problem"}) and line == plain(line)
                assert fine, (message[:1000], answer)
                assert not line.startswith("this is a fault"), (message[:1000], line)
            assert "answer" in page.ask("clear")
        code, out, err = served.stop()
    assert (code, out.splitlines()[-1], err) == (0, "stopped", "")


def killed_ranks(number: int, folder: Path) -> None:
    """A training of which any rank is killed at any instant ends with the same bits on another number of ranks."""
    rng, folder = random.Random(number), Path(mkdtemp(dir=folder))
    ranks, others = rng.sample((1, 2, 3, 4), 2)
    command = ("-m", "glassnet", "train", "sixteen", "--data", "digits", "--no-pictures", "--epochs", "120", "--mpi")
    command += ("--set", "training.shards=4", "--set", "training.checkpoint_minutes=0", "--out")
    assert mpirun.run(others, *command, "whole", cwd=folder).returncode == 0
    process = mpirun.start(ranks, *command, "broken", cwd=folder)
    checkpoint = folder / "broken" / "checkpoint.safetensors"
    try:
        while process.poll() is None and not checkpoint.exists():
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 1.5))
        with suppress(IndexError, ProcessLookupError):  # it may be over already
            os.kill(rng.choice(mpirun.ranks_of(process)), signal.SIGKILL)
        process.communicate(timeout=15)
    finally:
        process.kill()
    if not (folder / "broken" / "evaluation.json").exists():
        done = mpirun.run(others, "-m", "glassnet", "resume", "broken", "--no-pictures", "--mpi", cwd=folder)
        assert done.returncode == 0, done.stderr
    whole, broken = ((folder / name / "model.safetensors").read_bytes() for name in ("whole", "broken"))
    assert whole == broken


SWEPT = ["--search", "optimizer.lr=log(1e-3, 3)", "--search", "network.hidden=[[16], [64], [64, 32]]"]
SWEPT += ["--data", "digits", "--no-pictures", "--set", "training.checkpoint_minutes=0"]
# Other machines wait for minutes before they take a trial over; here seconds must do.
HASTY = (
    "from glassnet.sweeps import trials; trials.BEAT, trials.GRACE = 0.5, 4; from glassnet.cli.app import main; main()"
)


def killed_sweep(number: int, folder: Path) -> None:
    """A sweep that is killed at any instants ends as if it had never stopped."""
    rng, folder = random.Random(number), Path(mkdtemp(dir=folder))
    command = [sys.executable, "-m", "glassnet", "sweep", "classic", *SWEPT, "--trials", "10", "--epochs", "200"]
    command += ["--seed", str(number % 1000), "--out"]
    subprocess.run([*command, "whole"], cwd=folder, check=True, capture_output=True)
    hit = 0
    for trial in (1, 3, 5, 8):
        process = subprocess.Popen(
            [*command, "broken"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while not (folder / "broken" / "trials" / f"{trial:03d}").is_dir() and process.poll() is None:
            time.sleep(0.002)
        with suppress(subprocess.TimeoutExpired):
            process.wait(rng.uniform(0, 0.4))
        hit += process.poll() is None
        process.kill()
        process.wait()
    assert hit >= 2
    subprocess.run([*command, "broken"], cwd=folder, check=True, capture_output=True)
    assert _trials_of(folder / "broken") == _trials_of(folder / "whole")
    assert (folder / "broken" / "best.toml").read_bytes() == (folder / "whole" / "best.toml").read_bytes()
    models = [sorted((folder / name / "trials").glob("*/model.safetensors")) for name in ("whole", "broken")]
    assert [path.read_bytes() for path in models[0]] == [path.read_bytes() for path in models[1]]


def killed_jobs(number: int, folder: Path) -> None:
    """Jobs end soon after the command that started them was killed, and the same command goes on."""
    rng, folder = random.Random(number), Path(mkdtemp(dir=folder))
    command = [sys.executable, "-m", "glassnet", "sweep", "classic", *SWEPT, "--trials", "6", "--epochs", "400"]
    command += ["--jobs", "2", "--out", "sweep"]
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
    while not (folder / "sweep" / "trials" / "002").is_dir():
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(rng.uniform(0, 1))
    jobs = children_of(process.pid)
    assert len(jobs) == 2
    process.kill()
    process.wait()
    deadline = time.monotonic() + 15
    while any(map(is_running, jobs)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert "Traceback" not in (folder / "said").read_text()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    assert {row["state"] for row in _trials_of(folder / "sweep")} <= {"complete", "pruned"}


def children_of(process: int) -> list[int]:
    """The processes that this one has started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == process:
                found.append(int(folder.name))
    return found


def is_running(process: int) -> bool:
    """Whether this process has not ended."""
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def shared_sweeps(number: int, folder: Path) -> None:
    """Two machines share a sweep in one database; one is killed, and the other loses none of the trials."""
    rng, folder = random.Random(number), Path(mkdtemp(dir=folder))
    command = [sys.executable, "-c", HASTY, "sweep", "classic", *SWEPT, "--trials", "8", "--epochs", "400"]
    with postgres.server() as url:
        quiet: dict[str, Any] = {"env": os.environ | {"GLASSNET_STORAGE": url}, "stdout": subprocess.DEVNULL}
        quiet["stderr"] = subprocess.DEVNULL
        both = [
            subprocess.Popen([*command, "--out", f"{name}/sweep"], cwd=folder, **quiet)
            for name in ("a", "a" if number % 2 else "b")  # in one folder that both see, or in one on each
        ]
        while not list(folder.glob("a/sweep/trials/*/history.jsonl")):
            assert both[0].poll() is None
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 1.5))
        both[0].kill()
        both[0].wait()
        assert both[1].wait(100) == 0
        again = subprocess.run([*command, "--out", "a/sweep"], cwd=folder, timeout=100, **quiet)
    assert again.returncode == 0
    assert len(list(folder.glob("*/sweep/trials/*/evaluation.json"))) == 1
    rows = _trials_of(folder / ("a" if number % 2 else "b") / "sweep")
    assert [(row["trial"], row["state"] in ("complete", "pruned")) for row in rows] == [
        (str(k), True) for k in range(1, 9)
    ]


def _trials_of(sweep: Path) -> list[dict[str, str]]:
    """The table of trials, without what time they took."""
    with (sweep / "trials.csv").open() as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def promises(number: int, folder: Path) -> None:
    """Each experiment, from its shipped seed and others, shows what it promises."""
    every = load_experiments()
    one = [*every.values()][number % len(every)]
    mnist = gn.load_dataset("mnist")
    for variant, setup in zip(one.trainings, one.setups, strict=True):
        recipe = setup.recipe.changed({"training.seed": number // len(every)})
        came = run_to_its_end(replace(setup, recipe=recipe), mnist)
        for promise in one.promises:
            if promise.training == variant.name:
                assert promise.holds(came[promise.value]), (one.title, promise, came)


def long_pages(number: int, folder: Path) -> None:
    """The examples of the pages that train often print what the pages say."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
    import docs

    name = LONG_PAGES[number % len(LONG_PAGES)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the pages show warnings
        assert docs.differences(docs.DOCS / "maths" / f"{name}.md") == []


def notebook(number: int, folder: Path) -> None:
    """The notebook that trains several networks prints what it keeps."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
    import notebooks

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert notebooks.differences(notebooks.FOLDER / "digits.ipynb") == []


def run_to_its_end(setup: Setup, dataset: gn.Dataset) -> dict[str, float]:
    """What a training shows at its end; the library warns of some of its faults."""
    dataset = setup.planted(dataset)
    network, first, diverged = setup.make_network(dataset), None, False
    warnings.filterwarnings("ignore", message=".*(no layer scales them|computes the softmax itself)")
    with gn.Trainer(network, dataset.train, setup.plan(dataset), validation=dataset.validation, workers=1) as trainer:
        try:
            trainer.step()
            first = trainer.training.loss_sum / trainer.training.weight
            while not trainer.finished:
                trainer.step()
        except gn.DivergenceError:
            diverged = True
        return outcome(first, trainer.history.records, diverged=diverged)


# What could end a text, or begin an element, where a file holds it.
NASTY = (
    *(
        "</script>",
        "<script>alert(1)</script>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "</title>",
        "</style>",
        "<svg/onload=x>",
    ),
    *(
        '"',
        "'",
        "`",
        "\\",
        "&lt;",
        "&#60;",
        "$title",
        "${x}",
        "\u2028",
        "\u202e",
        "\x00",
        "\r\n",
        "é",
        "",
        " ",
        "__proto__",
    ),
)
TAGS = ["html", "head", *["meta"] * 5, "title", "link", "style", "body", "noscript", *["script"] * 3]


class _Elements(HTMLParser):
    """The elements of a file, in order, and the text in each script."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.policy, self.texts, self.inside = "", dict[int, str](), False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.inside = True
        given = dict(attrs)
        if given.get("http-equiv"):
            self.policy = given["content"] or ""

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.texts[len(self.tags)] = self.texts.get(len(self.tags), "") + data


def hostile_html(number: int, folder: Path) -> None:
    """Whatever names and figures a model file holds, its HTML has no other elements, and no other script may run."""
    rng = random.Random(number)

    def text() -> str:
        return "".join(rng.choice(NASTY) for _ in range(rng.randint(0, 4)))

    def value() -> Any:
        return rng.choice([text(), 0.5, 3, None, [text()], {text(): text()}, True, 1e300])

    columns = tuple(Column(f"{text()}{k}", (text() + "a", "b") if k % 2 else ()) for k in range(4))
    target = Column(f"{text()}target", (text() + "a", "b") if number % 3 else ())
    schema = Schema(columns, target) if number % 2 else None
    shape: Any = (len(schema.input_names),) if schema else rng.choice([(28, 28), (8, 8), (3, 4, 3), (5,)])
    outputs = 2 if target.categories or not schema else 1
    network = gn.Network([gn.Flatten(), gn.Dense(outputs)], input_shape=shape, seed=number)
    network.classes = (target.categories or None) if schema else (f"{text()}0", f"{text()}1")
    network.loss = gn.CrossEntropy() if network.classes else gn.SquaredError()
    about: dict[str, Any] = {"recipe": {"data": {"name": value()}, text(): value()}, text() + "x": {text(): value()}}
    about |= {"test": {"accuracy": value(), "examples": value(), "mean_absolute_error": value()}}
    about |= {"table": to_table(schema)} if schema else {}
    path = folder / f"{plain(text()).replace('/', '-')}m.safetensors"
    gn.save_network(network, path, about=about)
    gn.export_html(gn.Model.open(path), folder / "file.html", title=text(), text=text())
    path.unlink()
    html = (folder / "file.html").read_text(encoding="utf-8")
    found = _Elements()
    found.feed(html)
    assert found.tags == TAGS, found.tags
    *_, data, _, script = (found.texts[k + 1] for k, tag in enumerate(found.tags) if tag == "script")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in found.policy
    assert json.loads(data)["network"]["classes"] == [plain(name) for name in network.classes or ()]


def repeats(number: int, folder: Path) -> None:
    """The tests hold that show once more what others show, or need large packages."""
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "repeats"]
    command = [
        *run,
        *(f"tests/{folder}" for folder in ("page", "export/test_html.py", "train/test_ranks.py", "sweeps")),
        *("tests/test_notebook.py", "tests/test_trackers.py", "tests/test_tutorials.py"),
    ]
    ran = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-3000:]


def drawings(number: int, folder: Path) -> None:
    """Twenty drawings in the exported `cnn` are seen and answered as in Python."""
    from playwright.sync_api import sync_playwright

    model = gn.Model.open("cnn")
    gn.export_html(model, folder / "cnn.html")
    away = []
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=find_browser()).new_page()
        page.goto((folder / "cnn.html").as_uri())
        page.locator("main").wait_for()
        for strokes, pen in drawn(20, seed=1000 + number):
            picture, image, said = draw(page, strokes, pen)
            answer = model.read(base64.b64decode(picture.partition(",")[2]))
            assert said == answer.problem if answer.problem else said.startswith(f"{answer.label} "), (said, answer)
            assert (image is None) == (answer.image is None)
            if answer.image is not None and image is not None:
                away.append(np.abs(np.array(image) - answer.image.ravel().astype(int)))
    assert (np.array(away) <= 1).mean() >= 0.99


def frames(number: int, folder: Path) -> None:
    """A table of random columns gives the same inputs as CSV, as Parquet, and as a frame of three libraries."""
    import polars as pl

    rng = np.random.default_rng(number)
    count = int(rng.integers(20, 200))
    makers: list[Callable[[], Any]] = [
        lambda: rng.integers(-1000, 1000, count),
        lambda: rng.normal(0, 10.0 ** rng.integers(-3, 6), count).astype(rng.choice(["f4", "f8"])).astype(float),
        lambda: rng.random(count) < 0.3,
        lambda: rng.choice(["red", " green ", "Ünder", "none", "NA", "1", "a,b", 'say "x"'], count).tolist(),
        lambda: np.datetime64("1999-12-25") + rng.integers(0, 9000, count).astype("timedelta64[D]"),
        lambda: (
            np.datetime64("2020-01-01T00:00:00", "us")
            + rng.integers(0, 10**8, count).astype("timedelta64[s]").astype("timedelta64[us]")
        ),
    ]
    columns: dict[str, Any] = {}
    for place in range(int(rng.integers(1, 7))):
        cells = pl.Series(makers[rng.integers(len(makers))]())
        gaps = pl.Series(rng.random(count) < rng.choice([0, 0.2]))
        columns[f"column {place}"] = pl.select(pl.when(~gaps).then(cells)).to_series()
    columns["y"] = rng.normal(0, 1, count) if rng.random() < 0.5 else rng.choice(["no", "yes"], count).tolist()
    frame = pl.DataFrame(columns)
    frame.write_csv(folder / "t.csv")
    frame.write_parquet(folder / "t.parquet")

    def read(given: Any) -> Any:
        try:
            dataset = gn.load_table(given, target="y", dates=True)
        except gn.DataError as error:
            return str(error).partition(":")[2]
        names = [name.lower() for name in dataset.schema.input_names]  # polars writes true, and Python True
        return names, dataset.train.inputs.tobytes(), dataset.train.targets.tobytes()

    wanted = read(folder / "t.parquet")
    for given in (folder / "t.csv", frame, frame.to_pandas(), frame.to_arrow()):
        found = read(given)
        assert found == wanted, (type(given).__name__, frame.schema, found[0], wanted[0])


def cells(number: int, folder: Path) -> None:
    """Any column reads any cells in ONNX as the schema reads them."""
    rng = random.Random(number)
    form, date = rng.choice(written.FORMS), rng.choice([*DAYS, None, None])
    zone = rng.choice([None, "", "+01:00", "EST"]) if date else ""
    fill = rng.choice([None, 1.5])
    column = Column("n", form=form, date=date, clock=date is not None, zone=zone, fill=fill, mean=1.5)
    texts = written.numbers(form) if date is None else written.dates(date, 500, rng)
    unknown: UnknownPolicy = rng.choice(["refuse", "answer"])
    table = text_table("t", {"n": [*texts, *written.GAPS, *written.garbage(200, rng)]})
    same_inputs(Schema((column,), Column("target"), unknown), table, folder)


PROPERTIES: dict[str, Callable[[int, Path], None]] = {
    property_.__name__: property_
    for property_ in (
        *(batch, logits, dropout, grey, rows, scene, resume, messages),
        *(promises, killed_ranks, killed_sweep, killed_jobs, shared_sweeps, long_pages, notebook),
        *(hostile_html, drawings, repeats, frames, cells),
    )
}
