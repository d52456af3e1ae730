"""The image before the network, and the other ways to read the picture that it comes from."""

import math
from dataclasses import dataclass, replace
from threading import Semaphore
from typing import Any

import numpy as np

from glassnet.data.errors import DataError
from glassnet.model.answer import Answer
from glassnet.model.judge import judge
from glassnet.model.model import Model
from glassnet.model.number import Page
from glassnet.nn.array import Array
from glassnet.nn.errors import InputError
from glassnet.nn.network import Network
from glassnet.page import limits
from glassnet.reading import picture
from glassnet.reading.drawing import form_for
from glassnet.reading.readings import Reading, readings
from glassnet.reading.steps import STEPS

DECODING = Semaphore(limits.DECODING)


@dataclass(frozen=True, eq=False)
class Image:
    """What is before the network: an image, or a picture in which none was found.

    Attributes:
        source: a picture file, or the grey values of an example: to be brought into the form of another network.
        shown: the reading of the picture that is shown; without an image it has a problem.
        readings: all readings of the picture, first the one that the network has chosen, then the digits of its
            numbers; none of an example.
        network: which has judged the readings; None if none has yet.
        truth: the number of its class, if it is known.
        page: the numbers in a picture of several digits.
    """

    source: bytes | Array
    shown: Answer
    readings: tuple[Answer, ...] = ()
    network: Network | None = None
    truth: int | None = None
    page: Page = Page()

    @property
    def pixels(self) -> Array | None:
        """In the form of the network."""
        return self.shown.image

    @property
    def offered(self) -> tuple[Answer, ...]:
        """The readings to choose from: those that have an image, unless it is only the one that was chosen."""
        seen = tuple(reading for reading in self.readings if reading.image is not None)
        return () if seen == self.readings[:1] else seen


def read(model: Model, file: bytes) -> Image:
    """A picture file, read by a network as `Model.read` does; where there is no single digit, as `Model.read_number`.

    Raises:
        DataError: this is no picture.
    """
    with DECODING:
        grey = picture.read(file)
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # by a network that has diverged: it chooses no reading
            answer = model.read(grey)
            page = _numbers(model, grey) if answer.image is None else Page()
    except InputError:
        return Image(file, _usual(model.network, grey))
    except DataError as error:
        return Image(file, Answer((), problem=str(error)))
    digits = (digit for number in page.numbers for digit in number.digits)
    return Image(file, answer, (answer, *digits, *answer.others), model.network, page=page)


def _numbers(model: Model, grey: Array) -> Page:
    """The numbers in a picture in which there is no single digit; none for a network that reads no numbers."""
    if not model.reads_numbers:
        return Page()
    with DECODING:  # a page takes as much memory as a picture that is decoded
        return model.read_number(grey)


def fitted(image: Image, model: Model) -> Image:
    """The image for another network: a picture is read anew, an example only brought into its form."""
    network, source = model.network, image.source
    if isinstance(source, bytes):
        return image if image.network is network else replace(read(model, source), truth=image.truth)
    if image.pixels is not None and image.pixels.shape == network.input_shape:
        return image
    return Image(source, _usual(network, source), truth=image.truth)


def said(image: Image, network: Network, pixels: Array) -> dict[str, Any]:
    """What a network says of the image, of which these are the pixels now, and of the readings to choose from.

    Raises:
        InputError: outputs are not finite.
    """
    offered = image.offered
    looked_at = offered if image.shown in offered else (image.shown, *offered)
    found = [
        Reading(one.left_out, pixels if one is image.shown and one.image is not None else one.image, one.problem)
        for one in looked_at
    ]
    with np.errstate(over="ignore", invalid="ignore"):  # by a changed weight; if outputs are not finite, it says so
        judged = looked_at if network is image.network else judge(network, found)
        own = None if image.pixels is None else network.loss.by_class(network.predict_proba(pixels[None]))[0]
    answers = dict(zip(looked_at, judged, strict=True))
    return {
        "image": None if image.pixels is None else pixels,
        "probabilities": own,
        "evidence": answers[image.shown].evidence,
        "threshold": network.threshold,
        "problem": answers[image.shown].problem,
        "left_out": _phrases(image.shown),
        "numbers": _numbers_in_short(image.page) if network is image.network else None,  # else: of another network
        "readings": [{**_in_short(answers[one]), "shown": one is image.shown} for one in offered],
    }


def said_by(model: Model, image: Image | None) -> dict[str, Any] | None:
    """What a model says of the image; None without an image, or if its outputs are not finite."""
    if image is None or image.pixels is None:
        return None
    try:
        image = fitted(image, model)
        return None if image.pixels is None else said(image, model.network, image.pixels)
    except InputError:
        return None


def _usual(network: Network, grey: Array) -> Answer:
    """The usual reading, which no network has judged."""
    try:
        reading = next(readings(grey, form_for(network.input_shape)))
    except DataError as error:
        return Answer((), problem=str(error))
    return Answer((), image=reading.image, problem=reading.problem)


def _in_short(answer: Answer) -> dict[str, Any]:
    return {
        "image": answer.image,
        "label": answer.ranking[0],
        "evidence": answer.evidence,
        "refused": bool(answer.problem),
        "left_out": _phrases(answer),
    }


def _numbers_in_short(page: Page) -> dict[str, Any] | None:
    if not page.numbers:
        return None
    return {
        "text": page.text,
        "probability": math.prod(number.probability for number in page.numbers),
        "problem": next((number.problem for number in page.numbers if number.problem), ""),
        "unknown": len(page.unknown),
    }


def _phrases(answer: Answer) -> list[str]:
    return [STEPS[name].without for name in answer.left_out]
