"""How well digits are recognised on pictures as phones and scanners make them: a table of docs/benchmarks.md.

    python benchmarks/wild.py                     the pictures of the test seed, read and recognised; prints the table
    python benchmarks/wild.py --write             the same, kept in benchmarks/wild.json and put into docs/benchmarks.md
    python benchmarks/wild.py --development       other pictures of other digits: those to mend the reader with
    python benchmarks/wild.py --development --failures FOLDER     each that went wrong, beside what the network saw
    python benchmarks/wild.py --sheet FOLDER      look at the pictures: a sheet for each effect, one of combinations

The pictures are those of wild_pictures.py; each is written as a file and read again, so that JPEG, EXIF and
transparency are real. The test seed shows MNIST's test digits and serves for the reported figure alone; the development
seed shows digits held out of the training examples. "Plain resize" is the same network on the whole picture shrunk to
28x28, inverted if its border is light: were it good, the pictures would be too easy.
"""

import argparse
import hashlib
import importlib.metadata
import io
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import wild_pictures
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps
from places import put
from wild_pictures import EFFECTS, WildPicture, wild_picture

import glassnet as gn
from glassnet.model.answer import Answer
from glassnet.model.judge import judge, read
from glassnet.reading import picture
from glassnet.reading.drawing import to_mnist
from glassnet.reading.readings import Reading, readings
from glassnet.runs.run import environment

HERE = Path(__file__).parent
RESULTS = HERE / "wild.json"
PAGE = HERE.parent / "docs" / "benchmarks.md"
TEST_SEED, DEVELOPMENT_SEED = 20_000, 1
COUNT = 2_000
PLAIN_AT_MOST = 0.6  # accuracy of the plain resize; above it the pictures say little
CELL, COLUMNS, ROWS = 128, 12, 6  # pixels and pictures, of a sheet
PAGES = 3  # sheets of combinations
SHOW = 50  # pictures between two words on how far it is
REFUSED = -1  # instead of a label

Array = NDArray[Any]
Reader = Callable[[gn.Network, Array], Answer]  # of grey values (H, W)


@dataclass(frozen=True)
class Source:
    """The pictures of a seed, by number; each is made when it is asked for.

    Attributes:
        x: (n, 28, 28), the digits in the order shown.   y: their labels (n,).
    """

    seed: int
    x: Array
    y: Array

    @classmethod
    def of(cls, seed: int) -> "Source":
        mnist = gn.load_dataset("mnist")
        split = mnist.test if seed == TEST_SEED else mnist.validation
        order = np.random.default_rng(seed).permutation(len(split))
        assert split.y is not None
        return cls(seed, split.x[order], split.y[order])

    def picture(self, number: int, effects: Collection[str] | None = None) -> WildPicture:
        return wild_picture(self.x[number % len(self.x)], self.seed, number, effects)

    def labels(self, count: int) -> Array:
        return self.y[np.arange(count) % len(self.y)]


def read_as_predict(network: gn.Network, grey: Array) -> Answer:
    return read(network, readings(grey, to_mnist))


def read_plainly(network: gn.Network, grey: Array) -> Answer:
    return judge(network, [Reading((), plain_resize(grey))])[0]


def plain_resize(grey: Array) -> Array:
    """The whole picture shrunk to 28x28, inverted if its border is light: a reader that knows nothing."""
    small = np.asarray(Image.fromarray(grey).resize((28, 28), Image.Resampling.BICUBIC))
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    return 255 - small if np.median(border) > 127 else small


def read_file(wild: WildPicture, folder: Path) -> Array:
    """The grey values (H, W) that the library finds in the picture, as a file in this folder."""
    path = folder / wild.name
    path.write_bytes(wild.data)
    return picture.read(path)


@dataclass(frozen=True)
class Measured:
    """What became of the pictures of a seed.

    Attributes:
        has: (n, effects), which effects a picture has.   labels: (n,).
        seen: for each reader what the network was shown, (n, 28, 28).
        found: for each reader the labels (n,) that the network gave, REFUSED where the reader gave up.
        doubted: for each reader where (n,) the network has a guess, and refuses to answer.
    """

    has: Array
    labels: Array
    seen: dict[str, Array]
    found: dict[str, Array]
    doubted: dict[str, Array]


def measure(
    network: gn.Network, source: Source, count: int, readers: dict[str, Reader], *, progress: bool = False
) -> Measured:
    """Show each reader the first `count` pictures, and the network what it makes of them."""
    has = np.zeros((count, len(EFFECTS)), bool)
    seen = {name: np.zeros((count, 28, 28), np.uint8) for name in readers}
    found = {name: np.full(count, REFUSED) for name in readers}
    doubted = {name: np.zeros(count, bool) for name in readers}
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            wild = source.picture(number)
            has[number] = [name in wild.effects for name in EFFECTS]
            with suppress(gn.DataError):
                grey = read_file(wild, Path(folder))
                for name, reader in readers.items():
                    answer = reader(network, grey)
                    if answer.image is not None:
                        seen[name][number], found[name][number] = answer.image, answer.ranking[0]
                        doubted[name][number] = bool(answer.problem)
            if progress and (number + 1) % SHOW == 0:
                took = time.perf_counter() - started
                print(f"\r{number + 1:,} of {count:,} pictures, {took:.0f} s", end="", file=sys.stderr, flush=True)
    if progress:
        print(file=sys.stderr)
    return Measured(has, source.labels(count), seen, found, doubted)


def figures(labels: Array, found: dict[str, Array], rows: Array) -> dict[str, Any]:
    """Accuracy on some of the pictures; its standard error is that of a share."""
    count = int(rows.sum())
    result: dict[str, Any] = {"count": count}
    for name, answers in found.items():
        accuracy = float((answers == labels)[rows].mean()) if count else math.nan
        result[name] = {
            "accuracy": round(accuracy, 5),
            "standard_error": round(math.sqrt(accuracy * (1 - accuracy) / count), 5) if count else math.nan,
            "refused": int((answers == REFUSED)[rows].sum()),
        }
    return result


def report(measured: Measured) -> dict[str, Any]:
    """The figures of all pictures, and of those that have an effect, by its name."""
    everything = np.ones(len(measured.labels), bool)
    right = {name: answers == measured.labels for name, answers in measured.found.items()}
    return {
        "overall": figures(measured.labels, measured.found, everything),
        "doubted": {
            name: {"right": int((doubted & right[name]).sum()), "wrong": int((doubted & ~right[name]).sum())}
            for name, doubted in measured.doubted.items()
        },
        "effects": {
            name: figures(measured.labels, measured.found, measured.has[:, column])
            for column, name in enumerate(EFFECTS)
        },
    }


def percent(figure: dict[str, Any]) -> str:
    return f"{100 * figure['accuracy']:.1f} ± {100 * figure['standard_error']:.1f} %"


def table(result: dict[str, Any]) -> str:
    names = [name for name in (READ, PLAIN) if name in result["overall"]]
    lines = [
        "| effect | what it is | pictures | " + " | ".join(names) + " |",
        "|---|---|---|" + "---|" * len(names),
    ]
    rows = [("**any**", "a random combination of the effects below", result["overall"])]
    rows += [(name, EFFECTS[name].about, row) for name, row in result["effects"].items()]
    for effect, about, row in rows:
        accuracies = " | ".join(percent(row[name]) for name in names)
        lines.append(f"| {effect} | {about} | {row['count']:,} | {accuracies} |")
    return "\n".join(lines)


def remark(result: dict[str, Any]) -> str:
    """Where the table comes from, in a few sentences."""
    e = result["environment"]
    refused = result["overall"].get(READ, {}).get("refused", 0)
    doubted = result["doubted"].get(READ, {"right": 0, "wrong": 0})
    overall = result["overall"].get(READ, result["overall"][PLAIN])
    count, right = result["overall"]["count"], round(overall["accuracy"] * result["overall"]["count"])
    unsure = doubted["right"] + doubted["wrong"]
    answered = count - refused - unsure
    share = 100 * (right - doubted["right"]) / answered if answered else math.nan
    return (
        f"`glassnet predict` answers {answered:,} of these {count:,} pictures, and {share:.1f} % of the answers are "
        f"correct. It refuses {refused:,} pictures because it does not find a single digit, and {unsure:,} because it "
        f"is not sure enough. In the table the {refused:,} count as wrong, and {doubted['right']:,} of the {unsure:,} "
        f"as correct.\n\n"
        f"`{result['command']}`, network `{result['model']}`. The row of an effect includes all pictures that have it, "
        f"with or without other effects; ± is the standard error. "
        f"{e['processors']} cores, NumPy {e['numpy']}, Pillow {e['pillow']}, SciPy {e['scipy']}, "
        f"Python {e['python'].rsplit('.', 1)[0]}."
    )


def pictures_fingerprint() -> str:
    """Of the file that makes the pictures: a result is one on these pictures."""
    return hashlib.sha256(Path(wild_pictures.__file__).read_bytes()).hexdigest()[:16]


# ------------------------------------------------------------------------------------------------- sheets


def upright(wild: WildPicture) -> Image.Image:
    """As a viewer shows it; what is transparent shows a checkerboard."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(wild.data)))
    if image.mode not in ("LA", "RGBA"):
        return image.convert("RGB")
    y, x = np.mgrid[: image.height, : image.width] * 10 // max(image.size)
    board = Image.fromarray(np.where((x + y) % 2, 255, 222).astype(np.uint8)).convert("RGB")
    board.paste(image.convert("RGB"), mask=image.getchannel("A"))
    return board


def fitted(image: Image.Image, side: int) -> Image.Image:
    """Made to fit a square: large pictures shrunk, small ones with their pixels as squares."""
    scale = side / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS)


def sheet(pictures: list[WildPicture]) -> Image.Image:
    """Pictures side by side, each with its sides in pixels."""
    rows = -(-len(pictures) // COLUMNS)
    paper = Image.new("RGB", (COLUMNS * (CELL + 6), rows * (CELL + 18)), (128, 128, 128))
    draw = ImageDraw.Draw(paper)
    for place, wild in enumerate(pictures):
        left, top = place % COLUMNS * (CELL + 6) + 3, place // COLUMNS * (CELL + 18) + 3
        paper.paste(fitted(upright(wild), CELL), (left, top))
        draw.text((left, top + CELL), f"{wild.width}x{wild.height}", fill="white")
    return paper


def write_sheets(source: Source, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in EFFECTS:
        alone = [source.picture(number, [name]) for number in range(COLUMNS * ROWS)]
        sheet(alone).save(folder / f"{name.replace(' ', '-')}.png")
    for page in range(PAGES):
        numbers = range(page * COLUMNS * ROWS, (page + 1) * COLUMNS * ROWS)
        sheet([source.picture(number) for number in numbers]).save(folder / f"combinations-{page + 1}.png")


def write_failures(source: Source, measured: Measured, folder: Path) -> None:
    """For each picture recognised wrongly: the picture, and beside it the 28x28 that the network saw."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in np.flatnonzero(measured.found[READ] != measured.labels):
        wild, found = source.picture(int(number)), measured.found[READ][number]
        pair = Image.new("RGB", (2 * 280 + 6, 280), (128, 128, 128))
        pair.paste(fitted(upright(wild), 280), (0, 0))
        pair.paste(fitted(Image.fromarray(measured.seen[READ][number]), 280), (286, 0))
        answer = "refused" if found == REFUSED else f"read-as-{found}"
        effects = "+".join(effect.replace(" ", "-") for effect in wild.effects)
        pair.save(folder / f"{number:05d}-is-{measured.labels[number]}-{answer}-{effects}.png")


READ, PLAIN = "recognised", "plain resize"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--model", type=Path, help="a model file or run folder; default: the cnn that ships with glassnet"
    )
    parser.add_argument("--development", action="store_true", help=f"seed {DEVELOPMENT_SEED}, to mend the reader with")
    parser.add_argument("--seed", type=int, help="pictures of another seed, of the development digits")
    parser.add_argument("--count", type=int, default=COUNT, help=f"pictures; default {COUNT:,}")
    parser.add_argument("--plain", action="store_true", help="the plain resize alone: are the pictures hard enough?")
    parser.add_argument(
        "--sheet", type=Path, metavar="FOLDER", help="write sheets of development pictures, measure nothing"
    )
    parser.add_argument("--failures", type=Path, metavar="FOLDER", help="write the pictures that went wrong")
    parser.add_argument(
        "--write", action="store_true", help="keep the result and put the table into docs/benchmarks.md"
    )
    options = parser.parse_args()
    if options.development and options.seed is not None:
        parser.error("--development is a seed: leave one of --development and --seed out")
    seed = DEVELOPMENT_SEED if options.development or options.sheet else TEST_SEED
    seed = options.seed if options.seed is not None else seed
    if options.count < 1 or seed < 0:
        parser.error("--count must be at least 1, --seed at least 0")
    if options.failures and seed == TEST_SEED:
        parser.error("nobody looks at the failures of the test seed: add --development")
    if options.write and (seed != TEST_SEED or options.count != COUNT or options.plain):
        parser.error(f"--write is for all {COUNT:,} pictures of the test seed and both readers")

    source = Source.of(seed)
    if options.sheet:
        write_sheets(source, options.sheet)
        return
    network = gn.load_network(options.model) if options.model else gn.load_pretrained("cnn")
    readers: dict[str, Reader] = {PLAIN: read_plainly}
    if not options.plain:
        readers[READ] = read_as_predict
    measured = measure(network, source, options.count, readers, progress=True)
    result = {
        "command": "python benchmarks/wild.py" + (f" --model {options.model.name}" if options.model else ""),
        "model": options.model.name if options.model else "cnn",
        "seed": seed,
        "pictures": pictures_fingerprint(),
        **report(measured),
        "environment": environment() | {name: importlib.metadata.version(name) for name in ("pillow", "scipy")},
    }
    text = f"{table(result)}\n\n{remark(result)}"
    print(text)
    if result["overall"][PLAIN]["accuracy"] >= PLAIN_AT_MOST:
        print(f"The plain resize reaches {100 * PLAIN_AT_MOST:.0f} %: the pictures are too easy.")
    if options.failures:
        write_failures(source, measured, options.failures)
    if options.write:
        RESULTS.write_text(json.dumps(result, indent=1) + "\n")
        put(PAGE, "wild", text)


if __name__ == "__main__":
    main()
