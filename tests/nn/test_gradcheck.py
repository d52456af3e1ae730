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
    assert "NOT the derivative" in repr(check)
    assert "dense1.W" in str(check).splitlines()[-1]


def added(layer, dy, before):
    layer.dW += before


def one_entry_negated(layer, dy, before):
    layer.dW[1, 1] *= -1


def one_entry_infinite(layer, dy, before):
    layer.dW[0, 0] = np.inf


def one_entry_huge_and_all_too_large(layer, dy, before):
    layer.dW *= 1.5
    layer.dW[0, 0] = 1e9


def row_forgotten(layer, dy, before):
    layer.dW[-1] = 0


def bias_of_one_example(layer, dy, before):
    layer.db[...] = dy[0]


def row_sums_added(layer, dy, before):  # nothing for a softmax, whose rows sum to 0
    np.matmul(layer.saved.T, dy + 5 * dy.sum(axis=1, keepdims=True), out=layer.dW)


FAULTS = [
    added,
    one_entry_negated,
    one_entry_infinite,
    one_entry_huge_and_all_too_large,
    row_forgotten,
    bias_of_one_example,
    row_sums_added,
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("seed", range(5))
def test_a_wrong_gradient_of_a_parameter_is_rejected(fault, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    right = gn.Dense.backward_parameters

    def wrong(self, dy):
        before = self.dW.copy()
        right(self, dy)
        fault(self, dy, before)

    monkeypatch.setattr(gn.Dense, "backward_parameters", wrong)
    assert not gn.check_gradients(*example(), seed=seed)


def test_a_gradient_that_only_training_gets_wrong_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    right = gn.Dense.backward_parameters

    def backward(self, dy):
        right(self, dy)
        return dy @ self.W.T

    monkeypatch.setattr(gn.Dense, "backward", backward)
    assert gn.check_gradients(*example())
    monkeypatch.setattr(gn.Dense, "backward_parameters", lambda self, dy: self.dW.fill(1))
    assert not gn.check_gradients(*example())
    monkeypatch.setattr(gn.Network, "backward_parameters", lambda self, dlogits: None)
    assert not gn.check_gradients(*example())


@pytest.mark.parametrize("seed", range(10))
def test_kinks_raise_no_false_alarm(seed: int) -> None:
    layers = [gn.Flatten(), gn.Dense(4), gn.ReLU(), gn.Dense(4), gn.ReLU(), gn.Dense(3)]
    network = gn.Network(layers, input_shape=(4, 4), seed=seed)
    black = np.zeros((3, 4, 4))  # every pre-activation lies exactly on the kink of its ReLU
    for x in (black, np.random.default_rng(seed).random((8, 4, 4))):
        check = gn.check_gradients(network, x, np.arange(len(x)) % 3, seed=seed)
        assert check, str(check)


def test_tiny_and_huge_inputs_are_measured_at_their_own_scale() -> None:
    for scale in (1e-5, 1e5):
        x = scale * np.random.default_rng(0).standard_normal((6, 4))
        network = gn.Network([gn.Standardize(), gn.Dense(5), gn.Tanh(), gn.Dense(3)], input_shape=4)
        network.adapt(x)
        assert gn.check_gradients(network, x, np.arange(6) % 3)


def test_dropout_and_convolution_pass() -> None:
    layers = [gn.Conv2D(3, 3, padding="same"), gn.ReLU(), gn.MaxPool2D(2), gn.Flatten(), gn.Dropout(0.4), gn.Dense(3)]
    network = gn.Network(layers, input_shape=(6, 6, 2))
    check = gn.check_gradients(network, np.random.default_rng(0).standard_normal((3, 6, 6, 2)), np.array([0, 1, 2]))
    assert check, str(check)


def test_a_forward_that_is_another_each_time_is_refused() -> None:
    class Noisy(gn.Layer):
        def forward(self, x, *, training=False):
            return x + 1e-3 * np.random.default_rng().standard_normal(x.shape)

        def backward(self, dy):
            return 7 * dy

    network = gn.Network([gn.Dense(3), Noisy()], input_shape=4)
    with pytest.raises(gn.InputError, match=r"must draw them from self.random_numbers\(\)"):
        gn.check_gradients(network, np.ones((2, 4)), np.array([0, 1]))


def test_rows_that_sum_to_one_but_for_rounding_have_their_true_gradient() -> None:
    network, x, _ = example()
    rows = np.array([[0.33, 0.33, 0.3395], [0.5, 0.25, 0.2505], [1, 0, 0], [0, 0.9995, 0]])
    for loss in (gn.CrossEntropy(), gn.CrossEntropy(smoothing=0.2)):
        network.loss = loss
        assert gn.check_gradients(network, x, rows)


def test_no_examples() -> None:
    with pytest.raises(gn.InputError, match="at least one example"):
        gn.check_gradients(example()[0], np.zeros((0, 4, 3)), np.zeros(0, int))


def test_a_loss_without_its_1_over_n_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    right = gn.Loss.backward
    monkeypatch.setattr(gn.Loss, "backward", lambda self, p, t, total=None: len(p) * right(self, p, t))
    assert not gn.check_gradients(*example())


def test_bad_labels_are_named() -> None:
    network, x, _ = example()
    with pytest.raises(gn.InputError, match="label 7"):
        gn.check_gradients(network, x, np.array([0, 1, 2, 7]))


def test_a_slope_that_is_0_everywhere_is_no_error() -> None:
    """A bias before BatchNorm changes nothing: what is measured of it is rounding."""
    network = gn.Network([gn.Dense(6), gn.BatchNorm(), gn.ReLU(), gn.Dense(3)], input_shape=5)
    x = np.random.default_rng(0).standard_normal((12, 5))
    check = gn.check_gradients(network, x, np.arange(12) % 3)
    bias = next(tensor for tensor in check.tensors if (tensor.layer, tensor.tensor) == ("dense1", "b"))
    assert np.abs(bias.numeric).max() < 1e-7
    assert check.passed, str(check)
