"""What a network says of pictures: which reading of a picture is the answer, and when it is refused."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from glassnet.model.answer import Answer
from glassnet.nn.array import Array
from glassnet.nn.network import Network
from glassnet.nn.plain import brief
from glassnet.reading.readings import Reading, different
from glassnet.reading.views import evidence, predict_views

LEAST_PROBABILITY = 0.8  # of an answer; with less, a picture could well be two digits
SURE = 0.98  # an answer with this probability convinces


def read(network: Network, found: Iterator[Reading]) -> Answer:
    """The answer to a picture, with those to its other readings in `others`.

    The first two readings are looked at first: the usual one, and the one without all steps that did something. An
    answer convinces if it is accepted, with a probability of at least 98 %. If neither of the two convinces, or if both
    do and contradict each other, all readings are looked at. A network whose loss gives no evidence cannot choose, and
    looks at the usual reading alone.

    Args:
        found: the readings of the picture, from `readings`.

    Raises:
        InputError: a reading does not fit the network, or outputs are not finite.
    """
    seen = different(islice(found, 2 if network.loss.softmax else 1))
    answers = judge(network, seen)
    if network.loss.softmax and len({answer.label for answer in answers if _convinces(answer)}) != 1:
        first = len(seen)
        seen = different([*seen, *found])
        answers += judge(network, seen[first:])
    chosen = _choose(answers, seen)
    rest = [answer for k, answer in enumerate(answers) if k != chosen]
    rest.sort(key=lambda answer: -1.0 if answer.evidence is None else answer.evidence, reverse=True)
    return replace(answers[chosen], others=tuple(rest))


def judge(network: Network, found: Sequence[Reading]) -> list[Answer]:
    """The answer of the network to each reading.

    Raises:
        InputError: a reading does not fit the network, or outputs are not finite.
    """
    images = [reading.image for reading in found if reading.image is not None]
    predict = predict_views if network.loss.softmax and network.threshold > 0 else Network.predict_proba
    outputs = iter(network.loss.by_class(predict(network, np.stack(images))) if images else ())
    return [_answer(network, reading, None if reading.image is None else next(outputs)) for reading in found]


def _answer(network: Network, reading: Reading, outputs: Array | None) -> Answer:
    names, loss = network.class_names, network.loss
    if outputs is None:
        return Answer(names, problem=reading.problem, left_out=reading.left_out)
    its_evidence = float(evidence(outputs[None])[0]) if loss.softmax else None
    answer = Answer(
        names, outputs, reading.image, its_evidence, probabilistic=loss.probabilistic, left_out=reading.left_out
    )
    doubt = "" if its_evidence is None or not network.threshold else _doubt(answer, its_evidence, network.threshold)
    return replace(answer, problem=doubt)


def _doubt(answer: Answer, its_evidence: float, threshold: float) -> str:
    """Why an answer is refused; "" if it is not."""
    first, second = (brief(answer.classes[k]) for k in answer.ranking[:2])
    if its_evidence < threshold:
        return (
            f"not recognised as a digit: its evidence is {its_evidence:.1f}, and an answer needs {threshold:.1f}; "
            f"most like {first}"
        )
    if (answer.probability or 0.0) < LEAST_PROBABILITY:
        return (
            f"it could be {first} or {second}, and an answer needs a probability of {100 * LEAST_PROBABILITY:.0f} %; "
            f"most like {first}"
        )
    return ""


def _convinces(answer: Answer) -> bool:
    """Whether the answer is accepted, and the network is sure of it."""
    return not answer.problem and answer.evidence is not None and (answer.probability or 0.0) >= SURE


def _choose(answers: Sequence[Answer], found: Sequence[Reading]) -> int:
    """Which of the answers to the readings of a picture is the answer to the picture.

    Readings that convince come first. The parts of a digit can be digits too, such as the ring and the stem of a 9, so
    of several it is that with most ink; but not with ink around the digit of another, which is its frame, or its paper.
    If none convinces, it is the first that is accepted, or else that with most evidence; but if the usual reading finds
    no single digit, it stays so. An inverted reading counts only if it convinces and no other is accepted: there paper
    is ink, and the inside of a 0 looks like a 1. Of the readings accepted with the label found, the first is shown.
    """
    upright = [k for k, reading in enumerate(found) if "dark paper" not in reading.left_out]
    accepted = [k for k in upright if answers[k].label is not None]
    convincing = [k for k in accepted or range(len(answers)) if _convinces(answers[k])]
    convincing = [k for k in convincing if not any(found[k].surrounds(found[other]) for other in convincing)]
    if convincing:
        best = max(convincing, key=lambda k: found[k].inked)
    elif answers[0].image is None:
        return 0
    elif accepted:
        return accepted[0]
    else:
        return max(upright, key=lambda k: answers[k].evidence or 0.0)
    return next((k for k in accepted if answers[k].label == answers[best].label), best)
