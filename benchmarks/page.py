"""How quick the page and the exported file are, and what they take: in a real browser, and by clients that draw.

    python benchmarks/page.py [--only page file experiments] [--write]

Needs the packages of the tests, Chromium and MNIST. Prints for each measure its goal and its value; 13 minutes on a
machine that does nothing else. Times are in milliseconds by the clock, medians where nothing else is said.
"""

import argparse
import io
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from places import put
from playwright.sync_api import Browser, Page, sync_playwright
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

import glassnet as gn
from glassnet.experiments.experiment import load_experiments
from glassnet.export.html import data_of
from glassnet.export.trainable import trainable
from glassnet.page.app import read_files
from glassnet.web.joined import joined

PLACE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
SEVEN = [(0.25, 0.2), (0.72, 0.2), (0.4, 0.85)]
STROKES = 30  # whose answer is waited for
STARTS = 5  # of the command
ROUNDS = 7  # of trainings, by the command, by the server, and in the browser
EPOCHS = 10  # of the training that steps back
BACK = 30  # steps back, here and there in the training
PASSED = 30  # passes through a network in a file
EPOCHS_IN_FILE = 5
SESSIONS, SECONDS = 10, 20  # that draw a stroke a second, for so long

# What is told in the page: from the end of a stroke to the frame that shows the last change of the answer.
WATCH = """() => {
  const bars = document.querySelector(".bars");
  if (window.strokes) {
    window.strokes = [];
    return;
  }
  window.strokes = [];
  document.querySelector(".paper canvas").addEventListener("pointerup", () => {
    const ended = performance.now();
    let shown = ended;
    const watcher = new MutationObserver(() => requestAnimationFrame(() => (shown = performance.now())));
    watcher.observe(bars, { subtree: true, attributes: true, childList: true, characterData: true });
    setTimeout(() => {
      watcher.disconnect();
      window.strokes.push(shown - ended);
    }, 400);
  });
}"""


# Milliseconds of passes through a network in the file, and of the answer from five views.
PASSES = """([model, digit]) => {
  const { network } = $file_model.modelOf(model);
  const x = Float32Array.from(digit);
  const image = { shape: [28, 28], values: Uint8Array.from(digit) };
  const took = (work) => {
    const began = performance.now(); // a browser's clock is coarse
    for (let k = 0; k < 10; k++) work();
    return (performance.now() - began) / 10;
  };
  const times = (work) => Array.from({ length: 3 + PASSED }, () => took(work)).slice(3);
  return [
    times(() => $nn_network.logits(network, x)),
    times(() => $model_judge.judge(network, { image, problem: "", leftOut: [] })),
  ];
}""".replace("PASSED", str(PASSED))
# Milliseconds of epochs of `classic` in the file, on images like one digit, each with other pixels.
EPOCH = """([given, digit]) => {
  const images = Array.from({ length: given.data.count }, (_, k) =>
    Float32Array.from(digit, (__, j) => digit[(j + 7 * k) % digit.length]));
  const train = { images, labels: images.map((_, k) => k % 10) };
  const data = { train, validation: { images: images.slice(0, 1000), labels: train.labels.slice(0, 1000) } };
  const setup = $train_setup.setupOf(given, { recipe: "classic" });
  const training = $train_training.trainingOf(setup, given, data, () => {});
  return Array.from({ length: EPOCHS }, () => {
    const began = performance.now();
    do training.timeline.step();
    while (training.timeline.position() % 40);
    return performance.now() - began;
  });
}""".replace("EPOCHS", str(EPOCHS_IN_FILE))


# Whether all trainings of the experiment are over: each has promises, and says what came of them.
OVER = """(trainings) => {
  const names = [...document.querySelectorAll(".came li:not(.note)")].map((line) => line.textContent.split(":")[0]);
  return new Set(names).size === trainings;
}"""


@contextmanager
def served(folder: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The page in a process of its own, and the address that it prints."""
    command = [sys.executable, "-m", "glassnet", "page", "--no-browser"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()


class Client:
    """A page that asks through its WebSocket, without a browser."""

    def __init__(self, address: str) -> None:
        origin, _, token = address.partition("/?token=")
        port = origin.rpartition(":")[2]
        opening = connect(
            f"{origin.replace('http', 'ws')}/session",
            origin=Origin(origin),
            additional_headers={"Cookie": f"glassnet-{port}={token}"},
            max_size=None,
            proxy=None,
        )
        self.socket: ClientConnection = ExitStack().enter_context(opening)  # closed with the process
        self.number = 0
        self.state: dict[str, Any] = {}
        self.socket.send(json.dumps({"ask": "hello", "session": None}))
        self.until(lambda message: message.get("event") == "welcome")

    def until(self, fulfils: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first message that fulfils this."""
        while True:
            message: dict[str, Any] = json.loads(self.socket.recv(300))
            if message.get("event") == "training":
                self.state = message["state"]
            if fulfils(message):
                return message

    def ask(self, name: str, **fields: Any) -> dict[str, Any]:
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "ask": name, **fields}))
        return self.answered()

    def read(self, picture: bytes) -> dict[str, Any]:
        self.number += 1
        self.socket.send(self.number.to_bytes(4, "big") + picture)
        return self.answered()

    def answered(self) -> dict[str, Any]:
        answer = self.until(lambda message: message.get("id") == self.number)
        if "problem" in answer:
            raise RuntimeError(answer["problem"])
        return answer

    def move(self, by: str) -> None:
        """Move the training, and wait until it stands again."""
        self.ask("move", by=by)
        self.until(lambda message: message.get("event") == "training" and message["state"]["busy"] is None)


def strokes(page: Page) -> list[float]:
    """Milliseconds from the end of each of many strokes to its answer on the screen."""
    page.evaluate(WATCH)
    box = page.get_by_label("Drawing", exact=True).bounding_box()
    assert box is not None
    for _ in range(STROKES):
        page.get_by_role("button", name="Clear", exact=True).click()
        page.wait_for_timeout(100)
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in SEVEN]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=8)
        page.mouse.up()
        page.wait_for_timeout(450)
    taken: list[float] = page.evaluate("window.strokes")
    return taken


def usable(browser: Browser, address: str) -> float:
    """Milliseconds from navigation until the page can be used."""
    page = browser.new_page()
    started = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator(".answer .bars li").nth(9).wait_for()
    taken = 1000 * (time.perf_counter() - started)
    page.close()
    return taken


def starts(browser: Browser, folder: str) -> tuple[list[float], list[float]]:
    """Milliseconds until the address is printed, and until the page is usable, for several starts of the command."""
    printed, opened = [], []
    for _ in range(STARTS):
        started = time.perf_counter()
        with served(folder) as (_process, address):
            printed.append(1000 * (time.perf_counter() - started))
            time.sleep(2)
            opened.append(usable(browser, address))
    return printed, opened


def by_command(out: str) -> float:
    """Seconds of `glassnet train classic`, from its start to its end."""
    command = [sys.executable, "-m", "glassnet", "train", "classic", "--no-pictures"]
    started = time.perf_counter()
    subprocess.run([*command, "--quiet", "--out", out], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def by_server(folder: str) -> float:
    """Seconds of the same training by the server of the page, from Train to its end, without a browser."""
    with served(folder) as (_process, address):
        client = Client(address)
        started = time.perf_counter()
        client.ask("begin", values={"recipe": "classic"})
        client.move("train")
        assert client.state["finished"]
        return time.perf_counter() - started


def by_browser(folder: str, browser: Browser) -> float:
    """Seconds of the same training in the page, which draws it on the same processors."""
    with served(folder) as (_process, address):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        started = time.perf_counter()
        page.get_by_role("button", name="Train", exact=True).click()
        where = page.get_by_role("status", name="Where the training is", exact=True)
        where.filter(has_text="finished").wait_for(timeout=300_000)
        taken = time.perf_counter() - started
        page.close()
        return taken


def trainings(folder: str, browser: Browser) -> tuple[list[float], list[float], list[float]]:
    """Seconds of several trainings by the command, by the server, and in the browser, in turn."""
    commands, servers, browsers = [], [], []
    for k in range(ROUNDS):
        commands.append(by_command(f"{folder}/run-{k}"))
        servers.append(by_server(folder))
        browsers.append(by_browser(folder, browser))
    return commands, servers, browsers


def steps_back(folder: str) -> list[float]:
    """Milliseconds of steps back at several places of a training of `classic`, as a page waits for them."""
    taken = []
    with served(folder) as (_process, address):
        client = Client(address)
        client.ask("begin", values={"recipe": "classic", "epochs": EPOCHS})
        client.move("train")
        furthest = client.state["furthest"]
        for k in range(BACK):
            if k % 10 == 0:
                client.ask("go", position=furthest * (k + 10) // (BACK + 10))
                client.until(lambda m: m.get("event") == "training" and m["state"]["busy"] is None)
            started = time.perf_counter()
            client.move("back")
            taken.append(1000 * (time.perf_counter() - started))
    return taken


def drawing_sessions(folder: str) -> tuple[list[float], int, float]:
    """Sessions that draw a stroke a second: milliseconds to each answer, errors, the server's peak in MB."""
    from PIL import Image, ImageDraw

    image = Image.new("L", (140, 140), 255)
    ImageDraw.Draw(image).line([(140 * x, 140 * y) for x, y in SEVEN], fill=0, width=10)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    taken: list[float] = []
    errors: list[Exception] = []

    def draw(address: str, k: int) -> None:
        try:
            client = Client(address)
            time.sleep(k / SESSIONS)
            for _ in range(SECONDS):
                started = time.perf_counter()
                client.read(buffer.getvalue())
                taken.append(1000 * (time.perf_counter() - started))
                time.sleep(max(0.0, 1 - (time.perf_counter() - started)))
        except Exception as error:  # whatever goes wrong for a client is what is counted
            errors.append(error)

    with served(folder) as (process, address):
        people = [threading.Thread(target=draw, args=(address, k)) for k in range(SESSIONS)]
        for person in people:
            person.start()
        for person in people:
            person.join()
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return taken, len(errors), peak / 1024


def _seconds(taken: list[float]) -> str:
    return f"{statistics.mean(taken):.1f} ± {statistics.stdev(taken):.1f} s"


Row = Callable[[str, str, str], None]


def measure_file(folder: str, row: Row) -> None:
    """How quick the engine of the exported file computes, in the browser."""
    digit = gn.load_dataset("mnist").test[:1].x[0].ravel().tolist()
    page_file = Path(folder) / "engine.html"
    page_file.write_text(f"<!doctype html><meta charset=utf-8><script>{joined('file/training_worker')}</script>")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(page_file.as_uri())
        for name, bar in (("classic", 2), ("cnn", 40)):
            model = json.dumps(data_of(gn.Model.open(name)))
            once, views = page.evaluate(PASSES, [model, digit])
            row(f"a forward pass of `{name}`", f"<= {bar} ms", _middle(once))
            row(f"five views of `{name}`", f"<= {5 * bar} ms", _middle(views))
        epochs = page.evaluate(EPOCH, [trainable(), digit])
        row("an epoch of 784-128-10 on 5,000 images", "<= 4000 ms", _middle(epochs))
        browser.close()


def measure_experiments(folder: str, row: Row) -> None:
    """What comes of the experiments in the exported file, whose networks have fewer images."""
    gn.export_html(gn.Model.open("classic"), Path(folder) / "lesson.html", training=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto((Path(folder) / "lesson.html").as_uri())
        chosen = page.get_by_label("Experiment", exact=True)
        chosen.wait_for()
        for name in chosen.evaluate("(list) => [...list.options].map(({ value }) => value).filter(Boolean)"):
            chosen.select_option(name)
            started = time.perf_counter()
            page.get_by_role("button", name="Run the experiment").click()
            trainings = len(load_experiments()[name].trainings)
            page.wait_for_function(OVER, arg=trainings, timeout=300_000)
            taken = time.perf_counter() - started
            for line in page.locator(".came li:not(.note)").all_text_contents():
                came, _, expected = line.rpartition(" – ")
                row(f"{name}: {came}", expected.partition("(")[2].rstrip(")"), expected.partition(" (")[0])
            row(f"{name}: both trainings", "<= 60 s", f"{taken:.0f} s")
        browser.close()


def _middle(taken: list[float]) -> str:
    digits = 0 if statistics.median(taken) >= 10 else 2
    return f"{statistics.median(taken):.{digits}f} ms, at most {max(taken):.{digits}f}"


def measure_page(folder: str, row: Row) -> None:
    """How quick the page is with its server."""
    size = sum(len(file.content) for file in read_files().values()) / 1000
    row("all files of the page", "<= 250 KB", f"{size:.0f} KB")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        printed, opened = starts(browser, folder)
        row("the address is printed", "<= 1000 ms", f"{statistics.median(printed):.0f} ms, at most {max(printed):.0f}")
        row("the page is usable", "<= 500 ms", f"{statistics.median(opened):.0f} ms, at most {max(opened):.0f}")
        with served(folder) as (_process, address):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(address)
            for name, bar in (("classic", 60), ("cnn", 120)):
                page.get_by_label("Network", exact=True).select_option(name)
                page.wait_for_timeout(500)
                taken = strokes(page)
                came = f"{statistics.median(taken):.0f} ms, at most {max(taken):.0f}"
                row(f"from the end of a stroke to the answer of `{name}` on the screen", f"<= {bar} ms", came)
            page.close()
        base, *others = trainings(folder, browser)
        for what, seconds in zip(("by the server", "in the browser"), others, strict=True):
            ratio = statistics.median(seconds) / statistics.median(base)
            came = f"{ratio:.2f} x ({_seconds(seconds)} and {_seconds(base)})"
            row(f"a training of `classic` {what}, compared with `glassnet train`", "<= 1.15 x", came)
        browser.close()
    back = steps_back(folder)
    row("a step back on `classic`", "<= 150 ms", f"{statistics.median(back):.0f} ms, at most {max(back):.0f}")
    taken, errors, memory = drawing_sessions(folder)
    late = statistics.quantiles(taken, n=20)[-1]
    row(f"{SESSIONS} sessions that draw a stroke a second, 95 % of answers", "<= 250 ms", f"{late:.0f} ms")
    row("their errors", "0", str(errors))
    row("the memory of the server with them", "<= 600 MB", f"{memory:.0f} MB")


MEASURES = {"page": measure_page, "file": measure_file, "experiments": measure_experiments}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    parser.add_argument("--only", nargs="+", default=list(MEASURES), choices=MEASURES, help="what to measure")
    arguments = parser.parse_args()
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    taken = {
        "page": f"{STROKES} strokes, {STARTS} starts, {BACK} steps back, {ROUNDS} rounds of trainings (mean ± "
        "deviation; the ratio is that of the medians)",
        "file": f"{PASSED} times ten passes, {EPOCHS_IN_FILE} epochs; in Chromium",
        "experiments": "one run in Chromium",
    }
    for name in arguments.only:
        lines = ["| what | goal | measured |", "|---|---|---|"]

        def row(what: str, bar: str, came: str, lines: list[str] = lines) -> None:
            lines.append(f"| {what} | {bar} | {came} |")
            print(f"{what}: {came} (goal: {bar})", flush=True)

        with tempfile.TemporaryDirectory() as folder:
            MEASURES[name](folder, row)
        lines += ["", f"Medians; {taken[name]}; {machine}."]
        if arguments.write and name != "experiments":
            put(PLACE, name, "\n".join(lines))


if __name__ == "__main__":
    main()
