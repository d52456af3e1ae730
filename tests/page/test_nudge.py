"""Nudge a weight: the measured slope beside that of backward, and what happens where backward is wrong."""

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn.array import Array
from glassnet.page.nudge import nudge
from networks import LABEL, NETWORKS, made, some_pixels


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return some_pixels()


def some_weights(network: gn.Network, count: int) -> list[tuple[str, str, list[int]]]:
    rng = np.random.default_rng(1)
    return [
        (layer.name, name, [int(rng.integers(side)) for side in getattr(layer, name).shape])
        for layer in network.layers
        for name in layer.parameters()
        for _ in range(count)
    ]


@pytest.mark.parametrize("name", [*NETWORKS, "classic", "cnn"])
def test_backward_holds_for_every_kind_of_weight(name: str, x: np.ndarray) -> None:
    network = made(name) if name in NETWORKS else gn.load_pretrained(name)
    numbers = {p.name: p for p in gn.explain(network, x, LABEL).layers}
    for layer, parameter, index in some_weights(network, 1 if name == "cnn" else 3):
        seen = nudge(network, x, LABEL, layer, parameter, index)
        assert seen["holds"], seen
        its = numbers[layer]
        assert seen["backward"] == pytest.approx(its.gradients[parameter][tuple(index)], rel=1e-9, abs=1e-15)
        assert seen["value"] == its.parameters[parameter][tuple(index)]


def test_the_losses_by_hand(x: np.ndarray) -> None:
    network = made("dense")
    W1, b1, W2, b2 = np.split(network.theta.astype(np.float64), np.cumsum([784 * 12, 12, 120]))
    W1, W2 = W1.reshape(784, 12), W2.reshape(12, 10)
    j = int((x.ravel() / 255 @ W1 + b1).argmax())  # a unit that is not silent

    def loss(w: float) -> float:
        moved = W2.copy()
        moved[j, 7] = w
        z = np.maximum(x.ravel() / 255 @ W1 + b1, 0) @ moved + b2
        return float(np.log(np.exp(z - z.max()).sum()) + z.max() - z[LABEL])

    seen, w, h = nudge(network, x, LABEL, "dense2", "W", [j, 7], h=0.05), W2[j, 7], 0.05
    wanted = [w, loss(w), loss(w + h), loss(w - h), (loss(w + h) - loss(w - h)) / (2 * h)]
    shown = [seen[key] for key in ("value", "loss", "above", "below", "measured")]
    np.testing.assert_allclose(shown, wanted, rtol=1e-9)
    assert abs(seen["best_slope"] - seen["backward"]) < 1e-3 * abs(seen["measured"] - seen["backward"])
    curve = seen["curve"]
    assert len(curve["values"]) == len(curve["losses"]) == 41
    assert (curve["values"][20], curve["losses"][20]) == (w, seen["loss"])
    np.testing.assert_allclose(curve["losses"], [loss(value) for value in curve["values"]], rtol=1e-9)
    assert curve["values"][0] <= w - 4 * h
    assert seen["source"]["file"] == "nn/dense.py"
    assert seen["source"]["text"].startswith("def backward(self, dy: Array)")


def test_a_pixel_can_be_nudged_too(x: np.ndarray) -> None:
    network = made("dense")
    seen = nudge(network, x, LABEL, "input", "x", [9, 5])
    assert seen["holds"]
    assert seen["backward"] == gn.explain(network, x, LABEL).layers[0].dx[9, 5] != 0
    assert (seen["value"], seen["index"]) == (x[9, 5], [9, 5])


def test_a_wrong_backward_is_found(x: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    right = gn.Dense.backward_parameters

    def wrong(self: gn.Dense, dy: Array) -> None:
        right(self, dy)
        self.dW *= 1.0001

    monkeypatch.setattr(gn.Dense, "backward_parameters", wrong)
    gradient = gn.explain(made("dense"), x, LABEL).layers[-1].gradients["W"]
    index = [int(i) for i in np.unravel_index(int(np.abs(gradient).argmax()), gradient.shape)]
    seen = nudge(made("dense"), x, LABEL, "dense2", "W", index)
    assert seen["holds"] is False
    assert seen["difference"] == pytest.approx(1e-4, rel=1e-2)
    assert (seen["kink"], seen["note"]) == (False, "")


def test_a_kink_is_told(x: np.ndarray) -> None:
    """A bias that brings a ReLU to exactly 0: to one side the loss changes, to the other it does not."""
    network = made("dense").copy(dtype=np.float64)
    z = network.trace(x[None])[2][0]
    network.layers[2].b[4] -= z[4]
    network.layers[2].b[4] -= network.trace(x[None])[2][0][4]
    assert network.trace(x[None])[2][0][4] == 0
    seen = nudge(network, x, LABEL, "dense1", "b", [4])
    assert seen["kink"]
    assert seen["backward"] == 0 == seen["sides"]["below"]
    assert seen["sides"]["above"] != 0
    assert seen["holds"] is True  # 0 lies between the sides
    assert "kink" in seen["note"]


def test_what_a_large_step_and_rounding_do(x: np.ndarray) -> None:
    network = made("dense")
    bent = nudge(network, x, LABEL, "dense2", "b", [LABEL], h=3.0)
    assert bent["holds"]
    assert bent["measured_difference"] > 0.01
    assert "smaller h" in bent["note"]
    network.layers[-1].b[LABEL] += 60  # so sure that the loss is 0 but for rounding
    sure = nudge(network, x, LABEL, "dense2", "b", [1])
    assert (sure["holds"], sure["backward"] > 0) == (True, True)
    assert "Rounding" in sure["note"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((LABEL, "dense3", "W", [0, 0]), "expected the name of a layer, got 'dense3'; did you mean"),
        ((LABEL, "relu1", "W", [0, 0]), "relu1: expected the name of a parameter, got 'W'; there are none"),
        ((LABEL, "dense1", "theta", [0, 0]), "dense1: expected the name of a parameter, got 'theta'; known: W, b"),
        ((LABEL, "dense1", {}, [0, 0]), "dense1: expected the name of a parameter, got {}"),
        ((LABEL, "dense1", "W", [784, 0]), r"dense1 W: expected an index from \[0,0\] to \[783,11\], got \[784, 0\]"),
        ((LABEL, "input", "W", [0, 0]), "the input has pixels x, got 'W'"),
        ((LABEL, "input", "x", [0, 28]), r"input: expected an index from \[0,0\] to \[27,27\]"),
        ((10, "dense1", "b", [0]), "labels must be 0 to 9"),
        ((LABEL, "dense1", "b", [0], 0.0), "h must be a number above 0 and at most 1,000,000, got 0.0"),
        ((LABEL, "dense1", "b", [0], "1"), "h must be a number above 0 and at most 1,000,000, got '1'"),
        ((LABEL, "dense1", "b", [0], True), "h must be a number above 0 and at most 1,000,000, got True"),
        ((LABEL, "dense1", "b", [0], 1e308), r"h must be a number above 0 and at most 1,000,000, got 1e\+308"),
        ((LABEL, "dense1", "b", [0], 10**400), "h must be a number above 0 and at most 1,000,000, got 1"),
    ],
)
def test_bad_input_gets_one_line(arguments: tuple[Any, ...], message: str, x: np.ndarray) -> None:
    with pytest.raises(gn.InputError, match=message):
        nudge(made("dense"), x, *arguments)


def test_the_network_stays_as_it_is(x: np.ndarray) -> None:
    network, before = made("conv"), x.copy()
    theta, grad = network.theta.copy(), network.grad.copy()
    nudge(network, x, LABEL, "conv2d1", "W", [0, 0, 0, 0])
    nudge(network, x, LABEL, "input", "x", [3, 3])
    np.testing.assert_array_equal(network.theta, theta)
    np.testing.assert_array_equal(network.grad, grad)
    np.testing.assert_array_equal(x, before)
