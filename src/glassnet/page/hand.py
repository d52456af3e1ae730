"""Digits that a person has drawn, and their labels, for a network to learn."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.data.csv import write_csv
from glassnet.data.dataset import Dataset
from glassnet.experiments.taught import Taught, held_out
from glassnet.nn.array import Array
from glassnet.nn.errors import InputError, require
from glassnet.nn.network import Network
from glassnet.nn.plain import shown
from glassnet.page import limits
from glassnet.train.metrics import evaluate


class Hand:
    """The digits of a person, in the order in which they were drawn."""

    def __init__(self) -> None:
        self.digits: list[tuple[Array, int]] = []  # the image, in the form of a network, and its label

    def add(self, image: Array, label: int, classes: Sequence[str]) -> None:
        """Keep a digit.

        Raises:
            InputError: there is no such class, the image has another form than those before, or there are too many.
        """
        known = 0 <= label < len(classes)
        require(known, f"label: expected the number of a digit, from 0 to {len(classes) - 1}, got {shown(label)}")
        most = limits.OWN_DIGITS
        require(len(self.digits) < most, f"{most} digits are kept already: remove some first")
        if self.digits and self.digits[0][0].shape != image.shape:
            raise InputError(
                f"the digits kept so far have {self.digits[0][0].shape} pixels, and this one has {image.shape}: "
                "choose the network that they were drawn for, or remove them"
            )
        self.digits.append((image.copy(), label))

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
        return np.stack([image for image, _ in self.digits])

    @property
    def labels(self) -> Array:
        """The label of each (n,)."""
        return np.array([label for _, label in self.digits], np.int64)

    def said(self) -> list[dict[str, Any]]:
        """All digits as a page shows them; those held out are not learned."""
        if not self.digits:
            return []
        apart = held_out(self.labels)
        return [
            {"image": image, "label": label, "held_out": bool(out)}
            for (image, label), out in zip(self.digits, apart, strict=True)
        ]

    def taught(self, network: Network) -> Taught:
        """These digits, for a network to learn from where it stands.

        Raises:
            InputError: there are none, or they have another form than its input.
        """
        require(bool(self.digits), "there is no digit to learn yet: draw some, and keep each with its label")
        if self.images.shape[1:] != network.input_shape:
            raise InputError(
                f"this network sees {network.input_shape} pixels, and the digits have {self.images.shape[1:]}: "
                "choose the network that they were drawn for"
            )
        return Taught(self.images, self.labels, network.theta, network.buffers, network.threshold)

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
    """How many digits each network reads correctly: own ones that are learned, own ones held out, and test digits."""
    out = taught.held_out
    parts: list[tuple[str, Any]] = [
        ("learned", (taught.images[~out], taught.labels[~out])),
        ("held_out", (taught.images[out], taught.labels[out])),
        ("test", dataset.test),
    ]
    rows = []
    for name, examples in parts:
        count = len(examples) if name == "test" else len(examples[1])
        if count:
            right = [round(count * (evaluate(network, examples).accuracy or 0.0)) for network in networks]
            rows.append({"of": name, "count": count, "right": right})
    return rows
