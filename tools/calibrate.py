"""Calibrate the models that ship, and choose when they refuse, by what people show.

    python tools/calibrate.py FOLDER              pictures of digits, with truth.csv (see benchmarks/hands.py)
    python tools/calibrate.py FOLDER --only cnn

MNIST's writers filled in a form, and a threshold chosen on their digits alone refuses many digits of other writers. So
temperature and threshold are chosen on MNIST's validation digits and on the `choose` half of the folder together, each
counting the same: the temperature with the least calibration error on both, and the threshold at which digits refused
and signs accepted cost least (benchmarks/nodigits.py, the development groups).
Nothing is trained. The new numbers go into the card of each model, with its weaknesses.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import glassnet as gn
from glassnet import plots
from glassnet.data.hand import draw
from glassnet.data.skeletons import WAYS
from glassnet.data.strokes import digit_ways
from glassnet.model.answer import Answer
from glassnet.model.judge import LEAST_PROBABILITY, read
from glassnet.modelfile import read_about
from glassnet.nn.activations import softmax
from glassnet.nn.array import Array
from glassnet.pretrained.models import FOLDER
from glassnet.reading import picture
from glassnet.reading.drawing import to_mnist
from glassnet.reading.readings import Reading, readings
from glassnet.recipes.recipe import load_recipe

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

from hands import MANY, rows_of  # noqa: E402
from nodigits import development_groups  # noqa: E402
from trust import SHARE, judged  # noqa: E402

NAMES = ("classic", "strong", "cnn")
WORSE = 3  # refusing a digit costs this many times as much as taking something else for a digit
TINY = 1e-38  # instead of a probability of 0, which has no logarithm
ANY = 1e-6  # a threshold that refuses nothing, but has the network look at five views

WEAK = "## Weaknesses"
PICTURES = ROOT / "docs" / "pictures"
SHOWN = 25  # misread digits, on the picture
DRAWN, DRAWN_SEED = 200, 9  # digits for each way to write one; a seed that no training uses
WORST = 6  # ways that are named

Readings = list[Reading]


def answers(network: gn.Network, pictures: Sequence[Readings]) -> list[Answer]:
    """What the network says of pictures of which the readings are known."""
    return [read(network, iter(found)) for found in pictures]


def trust(name: str, hands: Sequence[Readings], labels: Array, others: Sequence[Readings], mnist: gn.Dataset) -> None:
    """Calibrate a model, choose its threshold, save it and bring its card up to date."""
    path = FOLDER / f"{name}.safetensors"
    network = gn.load_network(path)
    about = {key: value for key, value in read_about(path).items() if isinstance(value, dict)}
    network.threshold = ANY
    groups = (judged(network, mnist.validation.x), mnist.validation.y), (answers(network, hands), labels)
    factor = _temperature(groups)
    network.layers[-1].divide_output(factor)
    temperature = factor * about["trust"]["temperature"]
    network.theta[...] = network.theta.astype(np.float16)

    digits = (judged(network, mnist.validation.x), mnist.validation.y), (answers(network, hands), labels)
    signs = answers(network, others)
    network.threshold = _threshold(digits, signs)
    about["trust"] = {"temperature": temperature}
    test = gn.evaluate(network, mnist.test)
    about["test"] = test.figures
    gn.save_network(network, path, about=about)
    tested = judged(network, mnist.test.x)
    shares = [_refused(said, network.threshold) for said in (digits[0][0], tested, digits[1][0], signs)]
    views, _ = _probabilities(tested, test.truth)
    by_hand = _probabilities(*digits[1])
    rows = {
        "the mean over five views (`gn.predict_views`)": (
            f"{100 * np.mean(views.argmax(axis=1) == test.truth):.2f} % of the test split, "
            f"calibration error {100 * gn.expected_calibration_error(views, test.truth):.2f} %"
        ),
        "temperature": (
            f"{temperature:.4f}, chosen on MNIST's validation digits and on digits by other writers; included in the "
            "weights of the last Dense (`tools/calibrate.py`)"
        ),
        "expected calibration error": (
            f"{100 * gn.expected_calibration_error(test.probabilities, test.truth):.2f} % on the test split; "
            f"{100 * gn.expected_calibration_error(*by_hand):.1f} % on {len(by_hand[1])} digits by other writers, on "
            "which the temperature was chosen (15 bins)"
        ),
        "threshold": (
            f"evidence of {network.threshold:.3f} over five views. With this and a probability of at least "
            f"{100 * LEAST_PROBABILITY:.0f} % it refuses {100 * shares[0]:.2f} % of the validation digits, "
            f"{100 * shares[1]:.2f} % of the test digits, {100 * shares[2]:.1f} % of {len(hands)} digits by other "
            f"writers and {100 * shares[3]:.1f} % of {len(others)} pictures that are not digits; it was chosen on all "
            "of these but the test digits"
        ),
    }
    card = FOLDER / f"{name}.md"
    text = _with_rows(card.read_text(encoding="utf-8").partition(WEAK)[0].rstrip() + "\n", rows)
    card.write_text(f"{text}\n{weaknesses(name, network, mnist.test, test)}", encoding="utf-8")
    print(card.read_text(encoding="utf-8"))


def weaknesses(name: str, network: gn.Network, split: gn.Split, test: gn.Evaluation) -> str:
    """The part of a card that names the weaknesses of its model, with a picture of the digits that it misreads."""
    wrong = len(test.mistakes())
    figure = PICTURES / f"misread-{name}.png"
    plots.save(plots.mistakes(split.x, test, count=SHOWN), figure)
    every = [(digit, way.name) for digit, of in WAYS.items() for way in of]
    way_numbers = np.repeat(np.arange(len(every)), DRAWN)
    drawings = draw(digit_ways(), way_numbers, 28, np.random.default_rng(DRAWN_SEED))
    said = judged(network, np.rint(255 * drawings).astype(np.uint8))
    lines = []
    for k, (digit, way) in enumerate(every):
        of = [answer.label for answer in said[k * DRAWN : (k + 1) * DRAWN]]
        right, refused = (sum(label == wanted for label in of) / DRAWN for wanted in (str(digit), None))
        lines.append((right, f"| {digit} {way} | {100 * right:.1f} % | {100 * refused:.1f} % |"))
    lines.sort(key=lambda pair: pair[0])
    table = "\n".join(line for _, line in lines[:WORST])
    trained = " It was also trained on drawings in these styles." if load_recipe(name).strokes else ""
    return (
        f"{WEAK}\n\nIt reads {wrong} of {len(test.truth):,} test digits wrongly. These are {min(wrong, SHOWN)} of them:"
        "\n\n"
        f"![misread digits](../../../docs/pictures/{figure.name})\n\n"
        f"Of digits drawn in code in {len(every)} styles (`glassnet.data.strokes`), {DRAWN} of each, it reads "
        f"{100 * np.mean([right for right, _ in lines]):.1f} % correctly.{trained} These styles are the hardest:\n\n"
        f"| drawn digit | read correctly | refused |\n|---|---|---|\n{table}\n\n"
        "Anything with the shape of a digit is read as one: a slash as a 1, an O as a 0. A picture of several digits "
        "is refused; read it with `glassnet read`.\n"
    )


def _probabilities(said: list[Answer], labels: Array) -> tuple[Array, Array]:
    """The probabilities (N, C) in these answers, and the labels (N,); without pictures in which no digit was seen."""
    known = [(a.probabilities, y) for a, y in zip(said, labels, strict=True) if a.probabilities is not None]
    return np.stack([p for p, _ in known]).astype(np.float64), np.array([y for _, y in known])


def _temperature(groups: Sequence[tuple[list[Answer], Array]]) -> float:
    """The temperature with the least sum of the calibration errors of the groups.

    Not by the likelihood: a few certain mistakes would give a weak network a far too high temperature.
    """
    given = [_probabilities(*group) for group in groups]

    def error(T: float) -> float:
        return sum(gn.expected_calibration_error(softmax(np.log(p + TINY) / T), y) for p, y in given)

    return float(min(np.arange(0.5, 3, 0.02), key=error).round(2))


def _threshold(digits: Sequence[tuple[list[Answer], Any]], others: list[Answer]) -> float:
    """The threshold at which refused digits and accepted other things cost least, both as shares.

    Only digits count that would be read rightly: it is no loss if others are refused. Of the first group, MNIST's
    validation digits, no more than SHARE are refused, if that can be.
    """
    groups = [[a for a, y in zip(*group, strict=True) if a.ranking and a.ranking[0] == y] for group in digits]

    def cost(threshold: float) -> float:
        refused = np.mean([_refused(said, threshold) for said in groups])  # of those that would be right
        return float(WORSE * refused + 1 - _refused(others, threshold))

    tried = np.arange(0.5, 10, 0.05)
    allowed = [threshold for threshold in tried if _refused(digits[0][0], threshold) <= SHARE]
    return float(min(allowed or tried[:1], key=cost).round(2))


def _refused(said: list[Answer], threshold: float) -> float:
    """The share of these that is refused at a threshold."""
    taken = [
        (a.evidence or 0.0) >= threshold and (a.probability or 0.0) >= LEAST_PROBABILITY
        for a in said
        if a.evidence is not None
    ]
    return 1 - sum(taken) / len(said)


def _with_rows(card: str, rows: dict[str, str]) -> str:
    lines = card.splitlines()
    for key, value in rows.items():
        place = next(k for k, line in enumerate(lines) if line.startswith(f"| {key} |"))
        lines[place] = f"| {key} | {value} |"
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="pictures of digits, and truth.csv")
    parser.add_argument("--only", choices=NAMES)
    options = parser.parse_args()
    mnist = gn.load_dataset("mnist")
    rows = [row for row in rows_of(options.folder, "choose") if row["label"] != MANY]
    hands = [list(readings(picture.read(options.folder / row["file"]), to_mnist)) for row in rows]
    labels = np.array([int(row["label"]) for row in rows])
    others = [found for group in development_groups().values() for found in group.readings]
    for name in NAMES:
        if options.only in (None, name):
            trust(name, hands, labels, others, mnist)


if __name__ == "__main__":
    main()
