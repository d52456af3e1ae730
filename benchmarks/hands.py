"""How well digits by any hand are read: a folder of pictures, with what each shows.

    python benchmarks/hands.py FOLDER                     prints how many pictures of each kind are read rightly
    python benchmarks/hands.py FOLDER --sheets FOLDER     also writes each that went wrong, beside what was seen
    python benchmarks/hands.py FOLDER --half report --write       also puts the table into docs/benchmarks.md

The folder has a file truth.csv with the columns file, label and kind. The label is a digit, or "many" for a picture of
several digits, which is right if it is refused. An optional column `half` splits the pictures into those to choose
settings by and those for the figures: --half choose or --half report.
"""

import argparse
import csv
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from places import put

import glassnet as gn
from glassnet.model.answer import Answer

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
MANY = "many"
SIDE, COLUMNS = 112, 6  # pixels of a picture, and pictures side by side, on a sheet


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture, what it shows, and what was said of it.

    Attributes:
        label: a digit, or "many".   answer: of the model.
    """

    path: Path
    label: str
    kind: str
    answer: Answer

    @property
    def verdict(self) -> str:
        """right, wrong or refused; of several digits, refused is right."""
        label = MANY if self.answer.label is None and self.label == MANY else self.answer.label
        return "refused" if label is None else "right" if label == self.label else "wrong"

    @property
    def best(self) -> Answer:
        """The reading with most evidence, whether it is refused or not."""
        seen = [answer for answer in (self.answer, *self.answer.others) if answer.evidence is not None]
        return max(seen, key=lambda answer: answer.evidence or 0.0, default=self.answer)

    @property
    def guess(self) -> str | None:
        return self.best.classes[self.best.ranking[0]] if self.best.ranking else None


def rows_of(folder: Path, half: str | None = None) -> list[dict[str, str]]:
    """The rows of truth.csv, or those of one half."""
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if half is None or row.get("half") == half]


def read_all(folder: Path, half: str | None, model: gn.Model) -> list[Shown]:
    """Read each picture that truth.csv names, or those of one half."""
    rows, shown = rows_of(folder, half), []
    for number, row in enumerate(rows, 1):
        path = folder / row["file"]
        shown.append(Shown(path, row["label"], row["kind"], model.read(path)))
        if sys.stderr.isatty():
            print(f"\r{number} of {len(rows)} ", end="", file=sys.stderr)
    return shown


def table(shown: list[Shown]) -> str:
    """A row for each kind, and one for all pictures."""
    lines = [
        "| kind | pictures | correct | wrong | refused | correct among the answers | best guess correct |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in [*dict.fromkeys(one.kind for one in shown), None]:
        some = [one for one in shown if kind in (one.kind, None)]
        digits = [one for one in some if one.label != MANY]
        share = {what: sum(one.verdict == what for one in some) for what in ("right", "wrong", "refused")}
        guessed = sum(one.guess == one.label for one in digits)
        answered = [one for one in some if one.answer.label is not None]
        true = sum(one.verdict == "right" for one in answered)
        lines.append(
            f"| {kind or '**all**'} | {len(some)} | {100 * share['right'] / len(some):.1f} % | {share['wrong']} "
            f"| {share['refused']} | {100 * true / max(len(answered), 1):.1f} % "
            f"| {100 * guessed / max(len(digits), 1):.1f} % |"
        )
    return "\n".join(lines)


def remark(shown: list[Shown], model: gn.Model) -> str:
    """What the table does not say, in a few sentences."""
    answered = [one for one in shown if one.answer.label is not None]
    digits = [one for one in shown if one.label != MANY and one.answer.probabilities is not None]
    p = np.stack([one.answer.probabilities for one in digits if one.answer.probabilities is not None])
    error = gn.expected_calibration_error(p, np.array([int(one.label) for one in digits]))
    usual = sum(not one.answer.left_out for one in answered)
    return (
        f"{usual} answers come from the usual reading, {len(answered) - usual} from another. The probabilities have an "
        f"expected calibration error of {100 * error:.1f} % ({len(digits)} digits). A picture is refused if its "
        f"evidence is below {model.threshold:.2f}, or if two digits are possible.\n\n"
        f"Network `{model.path.stem}`; {os.cpu_count()} cores, NumPy {np.__version__}, "
        f"Python {platform.python_version()}."
    )


def write_sheets(shown: list[Shown], folder: Path) -> None:
    """For each kind a sheet of the pictures that were not read rightly, each beside what was seen."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in dict.fromkeys(one.kind for one in shown):
        wrong = [one for one in shown if one.kind == kind and one.verdict != "right"]
        if not wrong:
            continue
        width, height = 2 * SIDE + 12, SIDE + 30
        paper = Image.new("L", (min(COLUMNS, len(wrong)) * width, -(-len(wrong) // COLUMNS) * height), 255)
        draw = ImageDraw.Draw(paper)
        for place, one in enumerate(wrong):
            left, top = place % COLUMNS * width, place // COLUMNS * height
            paper.paste(_fitted(_on_white(one.path)), (left, top))
            if one.best.image is not None:
                paper.paste(_fitted(Image.fromarray(255 - one.best.image)), (left + SIDE + 2, top))
            said = (
                f"{one.label}, {one.verdict}: {one.guess} {one.best.evidence or 0:.1f} {one.best.probability or 0:.2f}"
            )
            draw.text((left, top + SIDE), f"{one.path.stem[-24:]}\n{said} {' '.join(one.best.left_out)}", fill=0)
        paper.save(folder / f"{kind}.png")
        print(folder / f"{kind}.png")


def _on_white(path: Path) -> Image.Image:
    image = Image.open(path).convert("RGBA")
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image)
    return paper.convert("L")


def _fitted(image: Image.Image) -> Image.Image:
    scale = SIDE / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="pictures, and truth.csv")
    parser.add_argument("--model", default="cnn", help="a pretrained model, a model file or a run; default: cnn")
    parser.add_argument("--half", choices=("choose", "report"), help="only the pictures of this half")
    parser.add_argument("--sheets", type=Path, metavar="FOLDER", help="write what was not read rightly")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    if not (options.folder / "truth.csv").is_file():
        parser.error(f"{options.folder}: expected a folder with a file truth.csv")
    model = gn.Model.open(options.model)
    shown = read_all(options.folder, options.half, model)
    text = f"{table(shown)}\n\n{remark(shown, model)}"
    print(text)
    if options.sheets:
        write_sheets(shown, options.sheets)
    if options.write:
        put(PAGE, "hands", text)


if __name__ == "__main__":
    main()
