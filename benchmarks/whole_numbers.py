"""How well whole numbers are read: numbers of MNIST's test digits on paper, and pages without a number.

    python benchmarks/whole_numbers.py                    numbers of MNIST's test digits; prints the table
    python benchmarks/whole_numbers.py --write            the same, and puts it into docs/benchmarks.md
    python benchmarks/whole_numbers.py --development      numbers of validation digits: those to mend the reader with
    python benchmarks/whole_numbers.py --sheets FOLDER    also draws what was read rightly and wrongly, by class of gap
    python benchmarks/whole_numbers.py --page             how long `glassnet read` takes for a page of 50 numbers

A number has two to eight digits. In 40 % the gaps are wide, in 40 % close, and in 20 % two neighbours touch. What is
drawn follows from the seed and the number of the picture alone. (A file numbers.py here would hide Python's module.)
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodigits
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from places import put

import glassnet as gn

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
COUNT, PAGES = 1_000, 100
TEST_SEED, DEVELOPMENT_SEED = 30_000, 2
CLASSES = ("wide", "close", "touching")
SHARES = (0.4, 0.4, 0.2)
# All ranges are from least to most; gaps and other lengths are shares of the height of the digits.
LENGTH = (2, 8)  # digits
HEIGHT = (36, 96)  # pixels
WIDE, CLOSE = (0.25, 0.6), (0.03, 0.15)  # the gap between the ink of two neighbours
OVERLAP = (0.0, 0.05)  # of a touching pair, beyond the first contact
SIZE = 0.1  # the limit of the logarithm of a digit's size
RISE = 0.05  # standard deviation of a digit's place up or down
SLOPE = 3.0  # the limit of the slope of the row, in degrees
MARGIN = (0.5, 2.5)  # around the number
PAPER, INK = (190, 255), (10, 100)  # grey values
SHADOW = 0.25  # the largest share of light that is missing on one side
NOISE = (0.0, 5.0)  # grey values
BLUR = (0.0, 1.5)  # standard deviation, in pixels
QUALITY = (60, 95)  # of JPEG
LINES, IN_A_LINE, PAGE_HEIGHT = 10, 5, 48  # of the page whose reading is timed; the height in pixels
TIMES = 5  # that it is read
# A small process starts the command, for Linux counts the memory of the process that starts another one as its own.
WATCHED = """
import resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run(sys.argv[1:])
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, file=sys.stderr)
"""

Array = NDArray[Any]
Rng = np.random.Generator


@dataclass(frozen=True, eq=False)
class Written:
    """A picture, its number, and what kind it is: a class of gap, or what stands on a page without a number."""

    picture: Array
    text: str
    kind: str


def numbers(x: Array, y: Array, seed: int, count: int) -> Iterator[Written]:
    """Pictures of numbers of the digits x (N, 28, 28) with the labels y (N,)."""
    for k in range(count):
        rng = np.random.Generator(np.random.Philox(key=[seed, k]))
        kind = CLASSES[rng.choice(len(CLASSES), p=SHARES)]
        rows = rng.integers(len(x), size=rng.integers(LENGTH[0], LENGTH[1] + 1))
        ink = row_of([x[row] for row in rows], kind, rng, rng.uniform(*HEIGHT))
        yield Written(photographed(ink, rng), "".join(str(y[row]) for row in rows), kind)


def row_of(digits: list[Array], kind: str, rng: Rng, height: float) -> Array:
    """The ink of a row of digits of about this height (H, W), from 0 to 1, with its margins."""
    pair = rng.integers(len(digits) - 1) if kind == "touching" else -1
    parts = [_scaled(digit, height * np.exp(rng.uniform(-SIZE, SIZE))) for digit in digits]
    rises = [round(height * rng.normal(0, RISE)) for _ in parts]
    tall = round(2 * height)
    line = np.zeros((tall, 0))
    for k, (part, rise) in enumerate(zip(parts, rises, strict=True)):
        top = min(max((tall - len(part)) // 2 + rise, 0), tall - len(part))
        own = np.zeros((tall, part.shape[1]))
        own[top : top + len(part)] = part
        if not line.shape[1]:
            line = own
            continue
        if k - 1 == pair:
            gap = max(-(_free(line, own) + round(height * rng.uniform(*OVERLAP))), -line.shape[1])
        else:
            gap = max(1, round(height * rng.uniform(*(WIDE if kind == "wide" else CLOSE))))
        line = _beside(line, own, gap)
    return np.pad(line, [(round(height * rng.uniform(*MARGIN)),) * 2 for _ in range(2)])


def _scaled(digit: Array, height: float) -> Array:
    """The ink of a digit, cropped, 20 pixels of MNIST being so many pixels here."""
    rows, columns = (np.flatnonzero(digit.any(axis=axis)) for axis in (1, 0))
    ink = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    size = [max(2, round(side * height / 20)) for side in ink.shape]
    return np.asarray(Image.fromarray(ink).resize((size[1], size[0]), Image.Resampling.BICUBIC), float) / 255


def _free(line: Array, own: Array) -> int:
    """By how many pixels a digit can be moved to the left, from beside the row, until their ink meets."""
    right = np.where(line > 0.3, np.arange(line.shape[1]), -1).max(axis=1)
    left = np.where(own > 0.3, np.arange(own.shape[1]), 10**6).min(axis=1)
    both = (right >= 0) & (left < 10**6)
    if not both.any():
        return 0
    free = left[both] + line.shape[1] - 1 - right[both]
    return int(min(free.min(), own.shape[1] // 2, line.shape[1] // 2))


def _beside(line: Array, own: Array, gap: int) -> Array:
    width = line.shape[1] + gap + own.shape[1]
    both = np.zeros((len(line), max(width, line.shape[1])))
    both[:, : line.shape[1]] = line
    start = line.shape[1] + gap
    both[:, start : start + own.shape[1]] = np.maximum(both[:, start : start + own.shape[1]], own)
    return both


def photographed(ink: Array, rng: Rng) -> Array:
    """The grey values (H, W), uint8, of ink on paper: sloping, in uneven light, blurred, noisy, as JPEG."""
    from io import BytesIO

    cover = Image.fromarray((255 * np.clip(ink, 0, 1)).astype(np.uint8))
    cover = cover.rotate(rng.uniform(-SLOPE, SLOPE), Image.Resampling.BICUBIC, expand=True)
    cover = cover.filter(ImageFilter.GaussianBlur(rng.uniform(*BLUR)))
    paper, pen = rng.uniform(*PAPER), rng.uniform(*INK)
    grey = paper + (pen - paper) * np.asarray(cover, float) / 255
    y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in grey.shape), indexing="ij")
    angle = rng.uniform(0, 2 * np.pi)
    grey *= 1 - rng.uniform(0, SHADOW) * (1 + (np.sin(angle) * y + np.cos(angle) * x) / np.sqrt(2)) / 2
    grey += rng.normal(0, rng.uniform(*NOISE), grey.shape)
    file = BytesIO()
    quality = int(rng.integers(*QUALITY, endpoint=True))
    Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def pages(seed: int, count: int) -> Iterator[Written]:
    """Pages without a number: words, scribbles, rows of marks, and empty paper, by turns."""
    for k in range(count):
        rng = np.random.Generator(np.random.Philox(key=[seed + 1, k]))
        kind = ("word", "word", "scribble", "marks", "nothing")[k % 5]
        height = rng.uniform(*HEIGHT)
        if kind == "word":
            ink = word(rng, height)
        elif kind == "nothing":
            ink = np.zeros((round(4 * height), round(8 * height)))
        else:
            ink = drawn_row(kind, rng, height)
        yield Written(photographed(ink, rng), "", kind)


def full_page(x: Array, y: Array, seed: int) -> tuple[Array, list[str]]:
    """A page (H, W) with LINES lines of numbers, and their texts in reading order."""
    rng = np.random.Generator(np.random.Philox(key=[seed, 0]))
    inks, texts = [], []
    for _ in range(LINES * IN_A_LINE):
        rows = rng.integers(len(x), size=rng.integers(LENGTH[0], LENGTH[1] + 1))
        ink = row_of([x[row] for row in rows], str(rng.choice(CLASSES[:2])), rng, PAGE_HEIGHT)
        middle = len(ink) // 2
        inks.append(ink[middle - PAGE_HEIGHT : middle + PAGE_HEIGHT])
        texts.append("".join(str(y[row]) for row in rows))
    wide = max(ink.shape[1] for ink in inks)
    cells = [np.pad(ink, [(0, 0), (0, wide - ink.shape[1])]) for ink in inks]
    lines = [np.concatenate(cells[k : k + IN_A_LINE], axis=1) for k in range(0, len(cells), IN_A_LINE)]
    return photographed(np.pad(np.concatenate(lines), PAGE_HEIGHT), rng), texts


def word(rng: Rng, height: float) -> Array:
    """The ink of a word of up to eight letters, in one of the fonts; without letters like digits but o, s and z."""
    from matplotlib import get_data_path

    letters = "".join(rng.choice(nodigits.LETTERS, rng.integers(3, 9)))
    text = letters.capitalize() if rng.random() < 0.5 else letters.lower()
    text = "".join(letter for letter in text if letter not in nodigits.LIKE_DIGITS) or "word"
    face = ImageFont.truetype(Path(get_data_path()) / "fonts" / "ttf" / str(rng.choice(nodigits.FONTS)), int(height))
    left, top, right, bottom = (int(side) for side in face.getbbox(text))
    room = int(height)
    page = Image.new("L", (right - left + 2 * room, bottom - top + 2 * room))
    ImageDraw.Draw(page).text((room - left, room - top), text, fill=255, font=face)
    return np.asarray(page, float) / 255


def drawn_row(kind: str, rng: Rng, height: float) -> Array:
    """The ink of a scribble, or of a row of two to five marks."""
    count = 1 if kind == "scribble" else int(rng.integers(2, 6))
    kinds = [*nodigits.MARKS, "crossing", "pair"]
    row = []
    for _ in range(count):
        strokes = [nodigits.tangle(rng)] if kind == "scribble" else nodigits.mark(str(rng.choice(kinds)), rng)
        picture = 255 - np.asarray(nodigits.drawn(strokes, rng, nodigits.PEN), float)
        side = round(height * (2 if kind == "scribble" else 1))
        small = Image.fromarray(picture.astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
        row.append(np.asarray(small, float) / 255)
    return np.pad(np.concatenate(row, axis=1), round(height * 0.5))


# Measuring


@dataclass(frozen=True, eq=False)
class Result:
    """A picture, and what was read in it.

    Attributes:
        text: of all numbers, with "?" for a digit that is refused.   guess: the same with the best guess in its place;
            of a row that is refused as a whole, what it is most like.
        accepted: whether no digit is refused.
    """

    written: Written
    text: str = ""
    guess: str = ""
    accepted: bool = False

    @property
    def right(self) -> bool:
        return self.guess == self.written.text


def read_all(model: gn.Model, pictures: Iterator[Written], total: int) -> list[Result]:
    found = []
    for number, written in enumerate(pictures, 1):
        page = model.read_number(written.picture)
        found.append(Result(written, page.text, page.guess, page.accepted))
        if number % 50 == 0:
            print(f"{number} of {total}", file=sys.stderr, flush=True)
    return found


def timed(picture: Array, texts: list[str], model: str) -> str:
    """How long the whole process of `glassnet read` takes for a page, what memory it needs, and what it reads."""
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.png"
        Image.fromarray(picture).save(file)
        command = [sys.executable, "-c", WATCHED, sys.executable, "-m", "glassnet", "read", model, str(file), "--json"]
        for _ in range(TIMES):
            done = subprocess.run(command, capture_output=True, text=True)
            runs.append([float(figure) for figure in done.stderr.split()])
    seconds, sizes = zip(*runs, strict=True)
    said = done.stdout
    found = [
        (number.get("guess", number["text"]), "problem" not in number) for number in json.loads(said)[0]["numbers"]
    ]
    right = len(texts) - len(set(texts) - {guess for guess, _ in found})  # lines that slope may change the order
    accepted = sum(accepted for _, accepted in found)
    height, width = picture.shape
    return (
        f"A page of {len(texts)} numbers ({width} x {height} pixels), the whole process, {TIMES} times: "
        f"{min(seconds):.2f} to {max(seconds):.2f} s, median {statistics.median(seconds):.2f} s, at most "
        f"{max(sizes):.0f} MB; {len(found)} numbers found, {accepted} accepted, best guess right {right}."
    )


def table(numbers_: list[Result], pages_: list[Result]) -> str:
    lines = [
        "| pictures | | best guess exactly correct | accepted | correct among the accepted |",
        "|---|---|---|---|---|",
    ]
    for kind in (*CLASSES, "all"):
        of = [result for result in numbers_ if kind in (result.written.kind, "all")]
        accepted = [result for result in of if result.accepted]
        lines.append(
            f"| numbers, {kind} | {len(of)} | {share(result.right for result in of)} | {share(r.accepted for r in of)} "
            f"| {share(result.right for result in accepted)} |"
        )
    lines += ["", "| pages without a number | | refused |", "|---|---|---|"]
    for kind in (*dict.fromkeys(result.written.kind for result in pages_), "all"):
        of = [result for result in pages_ if kind in (result.written.kind, "all")]
        lines.append(f"| {kind} | {len(of)} | {share(not result.text for result in of)} |")
    return "\n".join(lines)


def share(of: Iterable[bool]) -> str:
    values = list(of)
    return f"{100 * sum(values) / len(values):.1f} %" if values else ""


def draw_sheets(results: list[Result], folder: Path) -> None:
    """One sheet for each class of gap and page: what was read rightly and wrongly, with the truth."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in dict.fromkeys(result.written.kind for result in results):
        of = [result for result in results if result.written.kind == kind]
        chosen = [result for result in of if not result.right][:36] + [result for result in of if result.right][:24]
        sheet = Image.new("L", (3 * 400, -(-len(chosen) // 3) * 130), 128)
        draw, face = ImageDraw.Draw(sheet), ImageFont.load_default(size=16)
        for k, result in enumerate(chosen):
            left, top = k % 3 * 400, k // 3 * 130
            small = Image.fromarray(result.written.picture)
            small.thumbnail((390, 100))
            sheet.paste(small, (left, top))
            said = f"{result.text or 'refused'} ({result.guess})" if result.text != result.guess else result.text
            draw.text((left, top + 104), said if result.right else f"{said}, not {result.written.text}", 255, face)
        sheet.save(folder / f"{kind}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="cnn", help="the model that reads; the pretrained cnn by default")
    parser.add_argument("--development", action="store_true", help="numbers of validation digits")
    parser.add_argument("--count", type=int, default=COUNT, help="how many numbers; a tenth as many pages")
    parser.add_argument("--sheets", type=Path, metavar="FOLDER", help="draw what was read into this folder")
    parser.add_argument("--page", action="store_true", help="only time a page of numbers")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    if options.write and options.development:
        parser.error("--write is for the figures, which are those of test digits")
    model = gn.Model.open(options.model)
    dataset = gn.load_dataset("mnist")
    part, seed = (dataset.validation, DEVELOPMENT_SEED) if options.development else (dataset.test, TEST_SEED)
    count, others = options.count, options.count * PAGES // COUNT
    if part.y is None:
        raise SystemExit("expected digits with labels")
    page = timed(*full_page(part.x, part.y, seed), options.model)
    if options.page:
        print(page)
        return
    numbers_ = read_all(model, numbers(part.x, part.y, seed, count), count)
    pages_ = read_all(model, pages(seed, others), others)
    made_with = f"Seed {seed}; NumPy {np.__version__}, Python {platform.python_version()}."
    text = f"{table(numbers_, pages_)}\n\n{page}\n\n{made_with}"
    print(text)
    if options.sheets:
        draw_sheets([*numbers_, *pages_], options.sheets)
    if options.write:
        put(PAGE, "whole-numbers", text)


if __name__ == "__main__":
    main()
