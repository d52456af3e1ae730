"""What-if changes: they stand on copies, they do what they say, and what cannot stand anywhere is refused."""

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.page import changes, inside
from glassnet.page.changes import Change
from networks import made


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (28, 28), dtype=np.uint8)


def test_changes_stand_on_copies(x: np.ndarray) -> None:
    network = made("dense")
    theta, pixels = network.theta.copy(), x.copy()
    wanted = [
        Change("dense1", "W", [5, 2], 0.5),
        Change("dense2", "b", [3], -2.0),
        Change(None, None, [4, 9], 255),
        Change("dense1", "W", [5, 2], 0.25),  # the last holds
    ]
    other, y = changes.apply(network, x, wanted)
    np.testing.assert_array_equal(network.theta, theta)
    np.testing.assert_array_equal(x, pixels)
    theta[5 * 12 + 2], theta[-7], pixels[4, 9] = 0.25, -2, 255
    np.testing.assert_array_equal(other.theta, theta)
    np.testing.assert_array_equal(y, pixels)
    assert y.dtype == np.uint8
    assert (changes.before(network, x, wanted[0]), changes.before(network, x, wanted[2])) == (
        network.layers[2].W[5, 2],
        x[4, 9],
    )


def test_what_follows_is_what_the_changed_network_does(x: np.ndarray) -> None:
    network = made("conv")
    other, y = changes.apply(network, x, [Change("conv2d1", "b", [1], 3.0), Change("batchnorm1", "gamma", [0], 0)])
    assert inside.unit(other, y, "conv2d1", [0, 0, 1])["bias"] == 3
    assert (inside.layers(other, y)["layers"][3]["y"][..., 0] == other.layers[3].beta[0] - 0).all()
    assert not np.array_equal(inside.layers(other, y)["logits"], inside.layers(network, x)["logits"])
    same, _ = changes.apply(network, x, [])
    np.testing.assert_array_equal(inside.layers(same, x)["logits"], inside.layers(network, x)["logits"])


def test_changes_are_described_in_one_line() -> None:
    assert changes.describe(Change("dense1", "W", [3, 7], 0.5), 0.12345678) == "dense1 W[3,7]: 0.1235 becomes 0.5"
    assert changes.describe(Change(None, None, (3, 7), 255), 0.0) == "pixel[3,7]: 0 becomes 255"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("dense9", "W", [0, 0], 1.0), "expected the name of a layer, got 'dense9'; did you mean"),
        (("relu1", "W", [0, 0], 1.0), "relu1: expected the name of a parameter, got 'W'; there are none"),
        (
            ("dense1", "__class__", [0], 1.0),
            "dense1: expected the name of a parameter, got '__class__'; known: W, b",
        ),
        (("dense1", None, [0], 1.0), "dense1: expected the name of a parameter, got None"),
        (("dense1", "W", [0], 1.0), r"dense1 W: expected an index from \[0,0\] to \[783,11\], got \[0\]"),
        (("dense1", "b", [-1], 1.0), r"dense1 b: expected an index from \[0\] to \[11\], got \[-1\]"),
        (("dense1", "b", [0], float("nan")), "dense1 b: expected a finite number, got nan"),
        (("dense1", "b", [0], 1e39), r"dense1 b: expected a finite number, got 1e\+39"),  # not in float32
        (("dense1", "b", [0], -1e39), r"dense1 b: expected a finite number, got -1e\+39"),
        (("dense1", "b", [0], 10**400), "dense1 b: expected a finite number"),
        (("dense1", "b", [0], "1"), "dense1 b: expected a finite number, got '1'"),
        (("dense1", "b", [0], True), "dense1 b: expected a finite number, got True"),
        ((None, None, [0, 28], 1), r"pixel: expected an index from \[0,0\] to \[27,27\], got \[0, 28\]"),
        ((None, None, [0, 0], 16.5), "a pixel is a whole number from 0 to 16, got 16.5"),
        ((None, None, [0, 0], 3.5), "a pixel is a whole number from 0 to 16, got 3.5"),
        ((None, None, [0, 0], 17), "a pixel is a whole number from 0 to 16, got 17"),
        ((None, None, [0, 0], -1), "a pixel is a whole number from 0 to 16, got -1"),
        ((None, None, [0, 0], float("inf")), "a pixel is a whole number from 0 to 16, got inf"),
        ((None, None, [0, 0], 10**400), "a pixel is a whole number from 0 to 16, got"),
        ((None, None, [0, 0], [1]), r"a pixel is a whole number from 0 to 16, got \[1\]"),
    ],
)
def test_bad_changes_get_one_line(change: tuple[Any, ...], message: str, x: np.ndarray) -> None:
    with pytest.raises(gn.InputError, match=message) as caught:
        changes.apply(made("dense"), x, [Change(*change)], white=16)
    assert "\n" not in str(caught.value)
