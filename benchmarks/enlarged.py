"""How well digits are read that other people wrote and that were stored far too small: scikit-learn's, enlarged.

    python benchmarks/enlarged.py             all 1,797 digits; prints the row of docs/benchmarks.md
    python benchmarks/enlarged.py --write     the same, and puts it there

Each of the 8x8 digits is enlarged to 120 pixels by bicubic interpolation, dark on light, with white paper of 30 pixels
around it, and read as a picture. Its writers are not MNIST's. No setting was chosen by these digits.
"""

import argparse
import platform
import sys
from pathlib import Path

import numpy as np
from hands import Shown
from PIL import Image
from places import put

import glassnet as gn

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
SIDE, PAPER = 120, 30  # pixels
SHOW = 200  # digits between two messages of progress


def picture(digit: np.ndarray, white: int) -> np.ndarray:
    """The grey values (180, 180), uint8, of a digit (8, 8)."""
    small = Image.fromarray((255 - digit * (255 / white)).astype(np.uint8))
    large = np.asarray(small.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    return np.pad(large, PAPER, constant_values=255)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="cnn", help="the model that reads; the pretrained cnn by default")
    parser.add_argument("--write", action="store_true", help="put the row into docs/benchmarks.md")
    options = parser.parse_args()
    model, data = gn.Model.open(options.model), gn.load_dataset("digits")
    best = answered = right = total = 0
    for split in (data.train, data.validation, data.test):
        assert split.y is not None
        for digit, label in zip(split.x, split.y.tolist(), strict=True):
            shown = Shown(Path(), str(label), "enlarged", model.read(picture(digit, data.white)))
            best += shown.guess == shown.label
            answered += shown.verdict != "refused"
            right += shown.verdict == "right"
            total += 1
            if total % SHOW == 0:
                print(f"{total:,} digits", file=sys.stderr, flush=True)
    shares = best / total, answered / total, right / answered
    text = (
        "| digits | best guess correct | answered | correct among the answers |\n|---|---|---|---|\n"
        f"| {total:,} | {' | '.join(f'{100 * share:.1f} %' for share in shares)} |\n\n"
        f"Network `{Path(options.model).stem}`; NumPy {np.__version__}, Python {platform.python_version()}."
    )
    print(text)
    if options.write:
        put(PAGE, "enlarged", text)


if __name__ == "__main__":
    main()
