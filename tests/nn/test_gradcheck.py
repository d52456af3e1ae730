"""The gradient check itself: it passes what is right and rejects every planted fault."""

import numpy as np
import pytest

import glassnet as gn


def example() -> tuple[gn.Network, np.ndarray, np.ndarray]:
    layers = [gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(6), gn.Tanh(), gn.Dense(5), gn.Sigmoid(), gn.Dense(3)]
    network = gn.Network(layers, input_shape=(4, 3))
    rng = np.random.default_rng(0)
    return network, rng.integers(0, 256, (4, 4, 3), dtype=np.uint8), np.array([0, 2, 1, 1])


@pytest.mark.parametrize("loss", [gn.CrossEntropy(), gn.BinaryCrossEntropy(), gn.SquaredError()])
def test_a_right_network_passes_and_is_left_as_it_was(loss: gn.Loss) -> None:
    network, x, y = example()
    network.loss = loss
    theta, grad = network.theta.copy(), network.grad.copy()
    check = gn.check_gradients(network, x, y)
    assert check, str(check)
    assert [f"{t.layer}.{t.tensor}" for t in check.tensors] == [
        "input.x",
        *(f"dense{i}.{name}" for i in (1, 2, 3) for name in "Wb"),
    ]
    np.testing.assert_array_equal(network.theta, theta)
    np.testing.assert_array_equal(network.grad, grad)
    assert network.dtype == np.float32


def wrong_sign(layer, dy):
    return -layer.right(dy)


def diagonal_missing(layer, dy):
    return dy * layer.saved  # y instead of y (1 - y)


def off_by_one(layer, dy):
    return np.roll(layer.right(dy), 1, axis=1)


def forgets_an_example(layer, dy):
    dx = layer.right(dy).copy()
    dx[0] = 0
    return dx


def a_thousandth_too_large(layer, dy):
    return 1.001 * layer.right(dy)


@pytest.mark.parametrize(
    "fault", [wrong_sign, diagonal_missing, off_by_one, forgets_an_example, a_thousandth_too_large]
)
def test_a_wrong_backward_of_an_activation_is_rejected(fault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gn.Sigmoid, "right", gn.Sigmoid.backward, raising=False)
    monkeypatch.setattr(gn.Sigmoid, "backward", fault)
    check = gn.check_gradients(*example())
    assert not check
    assert "NOT the derivative" in str(check)
    assert "dense1.W" in str(check).splitlines()[-1]


@pytest.mark.parametrize("fault", ["transposed", "not summed", "added"])
def test_a_wrong_gradient_of_a_parameter_is_rejected(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = gn.Dense.backward_parameters

    def wrong(self, dy):
        before = self.dW.copy(), self.db.copy()
        right(self, dy)
        if fault == "transposed":
            self.dW[...] = self.dW.T.reshape(self.dW.shape).copy()
        elif fault == "not summed":
            self.db[...] = dy[0]
        else:
            self.dW += 0.01 + before[0]

    monkeypatch.setattr(gn.Dense, "backward_parameters", wrong)
    assert not gn.check_gradients(*example())


def test_a_loss_without_its_1_over_n_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    right = gn.Loss.backward
    monkeypatch.setattr(gn.Loss, "backward", lambda self, p, t, total=None: len(p) * right(self, p, t))
    assert not gn.check_gradients(*example())


def test_bad_labels_are_named() -> None:
    network, x, _ = example()
    with pytest.raises(gn.InputError, match="label 7"):
        gn.check_gradients(network, x, np.array([0, 1, 2, 7]))
