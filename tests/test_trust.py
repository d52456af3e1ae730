"""What is no digit: the pictures are seeded and keep their promises, and refusals are counted as they should be."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import glassnet as gn

pytest.importorskip("matplotlib", reason="the letters' fonts come with the extra 'plots'")

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
import nodigits
import places
import trust

from glassnet.reading.readings import Reading

INK = (95.0, 125.0)  # so narrow that every second scribble has too much or too little
MAKE = {
    "letters": lambda: nodigits.letters(fonts=nodigits.FONTS[3:4], per_letter=1),
    "scribbles": lambda: nodigits.scribbles(INK, count=6),
    "marks": lambda: nodigits.marks(count=24),
}
AGAIN = {
    "scribbles": lambda seed: nodigits.scribbles(INK, seed, count=2),
    "marks": lambda seed: nodigits.marks(seed, 6),
}


@pytest.fixture(scope="module")
def others() -> dict[str, nodigits.Group]:
    return {name: make() for name, make in MAKE.items()}


@pytest.mark.parametrize("name", AGAIN)
def test_pictures_follow_from_the_seed(name: str, others) -> None:
    first = AGAIN[name](0).images
    np.testing.assert_array_equal(first, others[name].images[: len(first)])
    assert not np.array_equal(AGAIN[name](1).images, first)


@pytest.mark.parametrize("font", nodigits.FONTS)
def test_letters_follow_from_the_seed(font: str) -> None:
    def printed(seed: int) -> np.ndarray:
        return nodigits.printed("R", font, nodigits._stream(seed, 0))

    np.testing.assert_array_equal(printed(3), printed(3))
    assert not np.array_equal(printed(3), printed(4))


def test_a_group_is_large_enough() -> None:
    assert len(nodigits.LETTERS) * len(nodigits.FONTS) * nodigits.PER_LETTER >= 1000
    assert nodigits.COUNT >= 1000


@pytest.mark.parametrize("name", MAKE)
def test_pictures_are_dark_on_white_and_as_large_as_a_users(name: str, others) -> None:
    for picture in others[name].pictures:
        assert picture.dtype == np.uint8
        assert all(100 <= side <= 200 for side in picture.shape)
        edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
        assert edge.min() == 255  # all of it is on the paper
        assert picture.min() < 100


@pytest.mark.parametrize("name", MAKE)
def test_images_have_mnists_form(name: str, others) -> None:
    group = others[name]
    assert group.images.shape == (group.taken.sum(), 28, 28)
    assert len(group.taken) == len(group.kinds) == len(group.pictures)
    for image in group.images:
        rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)  # the faintest row may round to 0
        assert image.max() == 255


def test_scribbles_have_a_digits_ink(others) -> None:
    ink = others["scribbles"].images.sum(axis=(1, 2)) / 255
    assert ink.min() >= INK[0]
    assert ink.max() <= INK[1]
    assert set(others["scribbles"].kinds) == set(nodigits.SCRIBBLES)


@pytest.mark.mnist
def test_a_digits_ink_is_that_of_most_digits(mnist) -> None:
    low, high = trust.limits_of_ink(mnist.train)
    ink = mnist.test.x.sum(axis=(1, 2)) / 255
    assert np.mean((low <= ink) & (ink <= high)) == pytest.approx(0.9, abs=0.02)  # four deviations of 10,000, and more


def test_letters_like_digits_are_left_out(others) -> None:
    shown = set(others["letters"].kinds)
    assert not shown & set("OIlSZBqg")
    assert len(shown) == 52 - 8
    assert {"o", "s", "z", "b", "Q", "i", "L", "G"} <= shown  # these only


def test_crossings_by_hand() -> None:
    eight = np.array([[0, 0], [1, 1], [0, 1], [1, 0]])
    assert nodigits.crossings(eight) == 1
    star = np.array([[np.sin(4 * np.pi * k / 5), np.cos(4 * np.pi * k / 5)] for k in range(6)])
    assert nodigits.crossings(star) == 5
    assert nodigits.crossings(np.array([[0, 0], [10, 0], [10, 1], [0, -0.5]])) == 0  # too flat to be seen
    assert nodigits.crossings(np.array([[0, 0], [1, 0], [1, 1], [0, 1]])) == 0


def test_a_picture_without_ink_is_refused_and_counted() -> None:
    blank = np.full((100, 100), 255, np.uint8)
    mark = nodigits.drawn([np.array([[0, 0], [1, 1]])], np.random.default_rng(0), nodigits.PEN)
    group = nodigits._group(iter([("mark", mark), ("nothing", blank), ("mark", mark)]))
    assert group.taken.tolist() == [True, False, True]
    sure = gn.Network([gn.Flatten(), gn.Dense(2)], input_shape=(28, 28))
    sure.layers[1].W[...], sure.layers[1].b[...] = 0, np.log([0.2, 0.8])
    sure.threshold = 0.69  # the evidence is log 2
    counted = trust.refusals(sure, group)
    assert counted["refused"] == pytest.approx(1 / 3)
    assert counted["refused_without_ink"] == 1
    assert counted["kinds"] == [
        {"kind": "mark", "pictures": 2, "accepted": 2, "as": [1]},
        {"kind": "nothing", "pictures": 1, "accepted": 0, "as": []},
    ]
    sure.threshold = 0.7
    assert trust.refusals(sure, group)["refused"] == 1


def test_the_measure_by_hand(others) -> None:
    """A network that looks at one pixel, and is as sure as that is bright: what is refused is known."""
    network = gn.Network([gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(2)], input_shape=(1, 1))
    network.layers[2].W[...] = [[0, 50]]
    x = np.arange(0, 250, dtype=np.uint8)[:, None, None]  # of one pixel all views are the same
    y = (x[:, 0, 0] > 20).astype(int)
    few = nodigits.Group([], ["a", "b"], [[Reading((), np.array([[grey]], np.uint8))] for grey in (0, 255)])
    data = SimpleNamespace(validation=gn.Split(x, y, np.arange(200)), test=gn.Split(x, y, np.arange(250)))
    result, bins = trust.measure("one", network, data, {"few": few}, 0.1)
    assert result["refused_test_digits"] == 20 / 250  # a tenth of the 200 for validation, and no more is as dark
    # It says 1 of every pixel but the black one, which is right of those above 20 and of the black one.
    assert result["test_accuracy"] == (229 + 1) / 250
    assert result["test_accuracy_of_answered"] == 229 / 230
    assert result["groups"]["few"]["refused"] == 1 / 2
    assert result["groups"]["few"]["kinds"][0] == {"kind": "b", "pictures": 1, "accepted": 1, "as": [1]}
    assert result["expected_calibration_error"] == bins.error
    assert "digits refused" in trust.missed(result)
    shown = trust.table([result])
    assert "| `one` | 8.00 % |" in shown
    assert "50.0 %" in shown
    assert "| b | 100 % (as 1) |" in trust.most_accepted([result], "few")


def test_the_table_goes_between_its_marks(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text("before\n<!-- trust -->\nold\n<!-- /trust -->\nafter\n")
    places.put(file, "trust", "new")
    assert file.read_text() == "before\n<!-- trust -->\nnew\n<!-- /trust -->\nafter\n"
    file.write_text("no marks\n")
    with pytest.raises(SystemExit, match="no place for the table"):
        places.put(file, "trust", "new")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("docs/benchmarks.md", "accuracy"),
        ("docs/benchmarks.md", "speed"),
        ("docs/benchmarks.md", "trust"),
        ("docs/benchmarks.md", "wild"),
        ("docs/benchmarks.md", "hands"),
        ("docs/guide/sklearn.md", "estimators"),
        ("docs/guide/table.md", "figures"),
        ("docs/decisions/augmentation.md", "cost"),
        ("docs/experiments.md", "machine"),
    ],
)
def test_every_table_has_its_place(file: str, name: str) -> None:
    assert places.between(trust.ROOT / file, name)


def test_look_alikes_are_left_out_of_the_second_figure_alone() -> None:
    kinds = [{"kind": kind, "pictures": 10, "accepted": accepted} for kind, accepted in (("o", 10), ("k", 1), ("w", 0))]
    result = {"model": "cnn", "groups": {"letters": {"kinds": kinds}}}
    assert "Share of the other letters that is refused: `cnn` 95.0 %." in trust.without_look_alikes([result])
