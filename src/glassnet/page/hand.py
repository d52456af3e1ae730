"""Digits that a person has drawn, and their labels, for a network to learn."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from glassnet.data.csv import write_csv
from glassnet.data.dataset import Dataset
from glassnet.experiments.taught import Taught
from glassnet.model.judge import judge
from glassnet.nn.array import Array
from glassnet.nn.errors import InputError, require
from glassnet.nn.network import Network
from glassnet.nn.plain import shown
from glassnet.page import limits
from glassnet.reading.readings import Reading
from glassnet.train.metrics import evaluate

HELD_OUT = 3  # of each label, every third digit is not learned, and shows how new ones are read


class Kept(NamedTuple):
    """A digit that a person has drawn: the image, in the form of a network, its label, and whether it is held out."""

    image: Array
    label: int
    held_out: bool


class Hand:
    """The digits of a person, in the order in which they were drawn.

    Whether a digit is held out is settled when it is kept: what was learned once never counts as new later.
    """

    def __init__(self) -> None:
        self.digits: list[Kept] = []
        self.drawn: Counter[int] = Counter()  # of each label, also those that were removed

    def add(self, image: Array, label: int, classes: Sequence[str]) -> None:
        """Keep a digit.

        Raises:
            InputError: there is no such class, the image has another form than those before, or there are too many.
        """
        known = 0 <= label < len(classes)
        require(known, f"label: expected the number of a digit, from 0 to {len(classes) - 1}, got {shown(label)}")
        most = limits.OWN_DIGITS
        require(len(self.digits) < most, f"{most} digits are kept already: remove some first")
        if self.digits and self.digits[0].image.shape != image.shape:
            raise InputError(
                f"the digits kept so far have {self.digits[0].image.shape} pixels, and this one has {image.shape}: "
                "choose the network that they were drawn for, or remove them"
            )
        self.drawn[label] += 1
        self.digits.append(Kept(image.copy(), label, self.drawn[label] % HELD_OUT == 0))

    def drop(self, number: int) -> None:
        """Remove a digit by its number in the list, from 0.

        Raises:
            InputError: there is none with this number.
        """
        require(0 <= number < len(self.digits), f"expected the number of a digit that is kept, got {shown(number)}")
        del self.digits[number]

    @property
    def images(self) -> Array:
        """All images (n, H, W)."""
        return np.stack([digit.image for digit in self.digits])

    @property
    def labels(self) -> Array:
        """The label of each (n,)."""
        return np.array([digit.label for digit in self.digits], np.int64)

    def said(self) -> list[dict[str, Any]]:
        """All digits as a page shows them."""
        return [digit._asdict() for digit in self.digits]

    def taught(self, network: Network) -> Taught:
        """These digits, for a network to learn from where it stands.

        Raises:
            InputError: there are none to learn, or they have another form than its input.
        """
        some = not all(digit.held_out for digit in self.digits)
        require(some, "there is no digit to learn yet: draw some, and keep each with its label")
        if self.images.shape[1:] != network.input_shape:
            raise InputError(
                f"this network sees {network.input_shape} pixels, and the digits have {self.images.shape[1:]}: "
                "choose the network that they were drawn for"
            )
        held_out = np.array([digit.held_out for digit in self.digits])
        return Taught(self.images, self.labels, held_out, network.theta, network.buffers, network.threshold)

    def as_csv(self) -> bytes:
        """The digits as a file that `glassnet train --data` reads.

        Raises:
            InputError: there are none.
        """
        require(bool(self.digits), "there is no digit to save yet")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "digits.csv"
            write_csv(path, self.images, self.labels)
            return path.read_bytes()


def learned(taught: Taught, dataset: Dataset, networks: Sequence[Network]) -> list[dict[str, Any]]:
    """How many digits each network reads correctly: own ones that are learned, own ones held out, and test digits.

    An own digit that the network refuses is not read, though its best guess may be right; a test digit is read always.
    """
    rows = []
    for name, part in ("learned", ~taught.held_out), ("held_out", taught.held_out):
        if part.any():
            images, labels = taught.images[part], taught.labels[part]
            answers = [judge(network, [Reading((), image) for image in images]) for network in networks]
            right = [
                sum(
                    not answer.problem and answer.ranking[0] == label
                    for answer, label in zip(each, labels, strict=True)
                )
                for each in answers
            ]
            refused = [sum(bool(answer.problem) for answer in each) for each in answers]
            rows.append({"of": name, "count": len(labels), "right": right, "refused": refused})
    count = len(dataset.test)
    right = [round(count * (evaluate(network, dataset.test).accuracy or 0.0)) for network in networks]
    return [*rows, {"of": "test", "count": count, "right": right, "refused": [0] * len(right)}]
