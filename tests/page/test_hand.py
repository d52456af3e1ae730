"""The digits that a person keeps for a network to learn."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("anyio", reason="the page needs the extra 'page'")

import glassnet as gn
from glassnet.model.model import Model
from glassnet.page import limits
from glassnet.page.hand import Hand, learned

CLASSES = tuple("0123456789")


def image(value: int) -> np.ndarray:
    return np.full((28, 28), value, np.uint8)


def test_of_each_label_every_third_is_held_out_and_stays_so_when_others_are_removed() -> None:
    hand = Hand()
    for k, label in enumerate([3, 3, 7, 3, 7, 7, 3]):
        hand.add(image(k), label, CLASSES)
    assert [one["held_out"] for one in hand.said()] == [False, False, False, True, False, True, False]
    hand.drop(1)
    assert [int(one["image"][0, 0]) for one in hand.said()] == [0, 2, 3, 4, 5, 6]
    assert [one["held_out"] for one in hand.said()] == [False, False, True, False, True, False]
    hand.add(image(7), 3, CLASSES)
    hand.add(image(8), 3, CLASSES)
    assert [one["held_out"] for one in hand.said()][-2:] == [False, True]
    taught = hand.taught(gn.load_pretrained("classic"))
    np.testing.assert_array_equal(np.flatnonzero(taught.held_out), [2, 4, 7])


def test_what_is_held_out_alone_cannot_be_learned() -> None:
    hand = Hand()
    for k in range(3):
        hand.add(image(k), 3, CLASSES)
    hand.drop(0)
    hand.drop(0)
    with pytest.raises(gn.InputError, match="there is no digit to learn yet"):
        hand.taught(gn.load_pretrained("classic"))


def test_what_cannot_be_kept_is_one_line() -> None:
    hand = Hand()
    for label in (-1, 10):
        with pytest.raises(gn.InputError, match="label: expected the number of a digit, from 0 to 9"):
            hand.add(image(0), label, CLASSES)
    hand.add(image(0), 9, CLASSES)
    with pytest.raises(gn.InputError, match="choose the network that they were drawn for"):
        hand.add(np.zeros((8, 8), np.uint8), 9, CLASSES)
    with pytest.raises(gn.InputError, match="expected the number of a digit that is kept, got 1"):
        hand.drop(1)
    hand.digits *= limits.OWN_DIGITS
    with pytest.raises(gn.InputError, match="300 digits are kept already"):
        hand.add(image(0), 9, CLASSES)


def test_they_go_with_networks_that_see_as_many_pixels() -> None:
    hand = Hand()
    with pytest.raises(gn.InputError, match="there is no digit to learn yet"):
        hand.taught(gn.load_pretrained("classic"))
    hand.add(image(0), 0, CLASSES)
    small = gn.Network([gn.Flatten(), gn.Dense(10)], input_shape=(8, 8))
    with pytest.raises(gn.InputError, match="this network sees"):
        hand.taught(small)


def test_the_file_is_a_dataset(tmp_path: Path) -> None:
    hand = Hand()
    with pytest.raises(gn.InputError, match="there is no digit to save yet"):
        hand.as_csv()
    for k in range(10):
        hand.add(image(k), k, CLASSES)
    (tmp_path / "digits.csv").write_bytes(hand.as_csv())
    saved = gn.load_dataset(tmp_path / "digits.csv", validation=0)
    assert len(saved.train) + len(saved.test) == 10
    np.testing.assert_array_equal(saved.train.x[:, 0, 0], saved.train.y)


@pytest.mark.mnist
def test_what_is_learned_and_forgotten_is_counted(mnist: gn.Dataset) -> None:
    hand, network = Hand(), gn.load_pretrained("classic")
    for row in range(30):
        hand.add(mnist.validation.x[row], int(mnist.validation.y[row]), CLASSES)
    blank = network.copy()
    blank.theta[:] = 0
    strict = network.copy()
    strict.threshold = 12.0
    rows = {row["of"]: row for row in learned(hand.taught(network), mnist, (blank, network, strict))}
    own = [rows["learned"], rows["held_out"]]
    assert sum(row["count"] for row in own) == 30
    for k, one in enumerate((blank, network, strict)):
        answers = [Model(Path("model"), one, None, {}).judge(x) for x in mnist.validation.x[:30]]
        read = [answer.label == str(y) for answer, y in zip(answers, mnist.validation.y[:30], strict=True)]
        assert sum(row["right"][k] for row in own) == sum(read)
        assert sum(row["refused"][k] for row in own) == sum(bool(answer.problem) for answer in answers)
    assert sum(row["refused"][0] for row in own) == 30
    assert 1 < sum(row["refused"][2] for row in own) < 30
    assert rows["test"]["right"][:2] == [980, round(10_000 * gn.evaluate(network, mnist.test).accuracy)]
