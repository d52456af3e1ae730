"""Explanations: every number recomputed here in plain NumPy, without a call of a layer."""

import re
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from cases import LAYERS, LOSSES, LayerCase, targets_for
from glassnet.explanation.equations import Worked, equations, substitute

EXACT = {"rtol": 1e-9, "atol": 1e-12}  # the same sums in float64, in another order


def softmax(z: np.ndarray) -> np.ndarray:
    return np.exp(z - z.max()) / np.exp(z - z.max()).sum()


def relu(z: np.ndarray) -> np.ndarray:
    return z * (z > 0)


# 784-10-10, all by hand


@dataclass
class ByHand:
    """784-10-10 with ReLU: every quantity from the weights and the pixels."""

    x: np.ndarray  # pixels, 0 to 255
    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray
    label: int

    def __post_init__(self) -> None:
        self.scaled = self.x / 255
        self.z1 = self.scaled @ self.W1 + self.b1
        self.a1 = relu(self.z1)
        self.z2 = self.a1 @ self.W2 + self.b2
        self.p = softmax(self.z2)
        self.loss = -np.log(self.p[self.label])
        self.dz2 = self.p - np.eye(10)[self.label]
        self.dW2, self.db2 = np.outer(self.a1, self.dz2), self.dz2
        self.da1 = self.W2 @ self.dz2
        self.dz1 = self.da1 * (self.z1 > 0)
        self.dW1, self.db1 = np.outer(self.scaled, self.dz1), self.dz1
        self.dscaled = self.W1 @ self.dz1
        self.dx = self.dscaled / 255


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """Something like a digit: a third of the pixels are not 0."""
    rng = np.random.default_rng(3)
    return (rng.integers(1, 256, 784) * (rng.random(784) < 0.3)).astype(np.uint8)


@pytest.fixture(scope="module")
def tiny() -> gn.Network:
    layers = [gn.Rescale(1 / 255), gn.Dense(10, bias_init=gn.Normal(0.1)), gn.ReLU(), gn.Dense(10)]
    return gn.Network(layers, input_shape=784, seed=4)


@pytest.fixture(scope="module")
def by_hand(tiny: gn.Network, pixels: np.ndarray) -> ByHand:
    theta = tiny.theta.astype(np.float64)
    W1, b1, W2, b2 = np.split(theta, np.cumsum([7840, 10, 100]))
    return ByHand(pixels.astype(float), W1.reshape(784, 10), b1, W2.reshape(10, 10), b2, label=6)


def test_forward_and_backward_of_784_10_10(tiny: gn.Network, pixels: np.ndarray, by_hand: ByHand) -> None:
    h, e = by_hand, gn.explain(tiny, pixels, 6)
    rescale, dense1, relu1, dense2 = e.layers
    for shown, expected in [
        (e.x, h.x),
        (rescale.y, h.scaled),
        (dense1.y, h.z1),
        (relu1.y, h.a1),
        (dense2.y, h.z2),
        (e.logits, h.z2),
        (e.prediction, h.p),
        (e.target, np.eye(10)[6]),
        (e.loss, h.loss),
        (e.dlogits, h.dz2),
        (dense2.dy, h.dz2),
        (dense2.gradients["W"], h.dW2),
        (dense2.gradients["b"], h.db2),
        (dense2.dx, h.da1),
        (relu1.dx, h.dz1),
        (dense1.gradients["W"], h.dW1),
        (dense1.gradients["b"], h.db1),
        (dense1.dx, h.dscaled),
        (rescale.dx, h.dx),
        (dense1.parameters["W"], h.W1),
        (dense2.parameters["b"], h.b2),
    ]:
        np.testing.assert_allclose(shown, expected, **EXACT)
    assert (e.label, e.predicted, e.assumed) == (6, int(h.p.argmax()), False)
    for below, above in zip(e.layers, e.layers[1:], strict=False):
        np.testing.assert_array_equal(below.y, above.x)
        np.testing.assert_array_equal(below.dy, above.dx)


def test_the_thread_follows_the_largest_products(tiny: gn.Network, pixels: np.ndarray, by_hand: ByHand) -> None:
    h, e = by_hand, gn.explain(tiny, pixels, 6)
    rescale, dense1, relu1, dense2 = e.layers
    unit = int(np.abs(h.a1 * h.W2[:, 6]).argmax())
    pixel = int(np.abs(h.scaled * h.W1[:, unit]).argmax())
    assert [layer.unit for layer in e.layers] == [(pixel,), (unit,), (unit,), (6,)]
    assert [layer.place for layer in e.layers] == [(pixel,), (pixel,), (unit,), (unit,)]
    np.testing.assert_allclose(dense1.slopes, h.W1[:, unit], **EXACT)

    (z,) = dense1.forward
    products = h.scaled * h.W1[:, unit]
    order = np.argsort(-np.abs(products))[:3]
    assert [term.symbol for term in z.terms] == [f"x[{i}] W[{i},{unit}]" for i in order]
    np.testing.assert_allclose([term.value for term in z.terms], products[order], **EXACT)
    np.testing.assert_allclose(z.rest, products.sum() - products[order].sum(), **EXACT)
    assert z.more == np.count_nonzero(products) - 3
    np.testing.assert_allclose([z.bias, z.value], [h.b1[unit], h.z1[unit]], **EXACT)
    assert f"{h.scaled[order[0]]:.4g} * " in z.numbers

    assert relu1.forward[0].numbers == f"max({h.z1[unit]:.4g}, 0)"
    assert rescale.forward[0].numbers == f"{1 / 255:.4g} * {h.x[pixel]:.4g}"

    dW, db, dx = dense2.backward
    np.testing.assert_allclose([dW.value, db.value, dx.value], [h.dW2[unit, 6], h.dz2[6], h.da1[unit]], **EXACT)
    assert dW.left == f"dW[{unit},6]"
    np.testing.assert_allclose(sum(term.value for term in dx.terms) + dx.rest, h.da1[unit], **EXACT)
    (back,) = relu1.backward
    np.testing.assert_allclose(back.value, h.dz1[unit], **EXACT)
    assert back.numbers == f"{h.da1[unit]:.4g} where {h.a1[unit]:.4g} > 0, else 0"


def test_attributions_are_gradient_times_input(tiny: gn.Network, pixels: np.ndarray, by_hand: ByHand) -> None:
    h, e = by_hand, gn.explain(tiny, pixels)
    slopes = (h.W1 * (h.z1 > 0)) @ h.W2 / 255  # dlogit_k/dx, a column for each k
    np.testing.assert_allclose(e.attributions, (slopes * h.x[:, None]).T, **EXACT)


@pytest.mark.parametrize("loss", [gn.SquaredError(), gn.Huber(), gn.Poisson()])
def test_a_number_is_explained_without_its_truth(loss: gn.Loss) -> None:
    network = gn.Network([gn.Dense(1)], input_shape=3, dtype=np.float64)
    network.loss = loss
    e = gn.explain(network, np.ones(3))
    assert (e.label, e.predicted, e.assumed, e.update) == (None, None, True, None)
    np.testing.assert_allclose(e.dlogits, 0, atol=1e-15)
    text = e.text()
    assert f"\nThe network predicts {e.prediction[0]:.4g}.\n" in text
    assert "\nForward\n" in text
    assert "\nBackward\n" not in text
    assert "the loss is that of the prediction itself" in text
    assert "\nBackward\n" in gn.explain(network, np.ones(3), 2.0).text()


@pytest.fixture
def houses() -> gn.Network:
    """A price that is linear in 15 columns, whose means are known."""
    rng = np.random.default_rng(0)
    network = gn.Network([gn.Standardize(), gn.Dense(1)], input_shape=15, dtype=np.float64, seed=0)
    network.loss = gn.SquaredError()
    network.layers[0].adapt([rng.normal(100, 5, (50, 15))])
    return network


def test_named_inputs_are_counted_from_their_mean(houses: gn.Network) -> None:
    x = np.arange(90.0, 105)
    names = ["area", "a name of a column " * 8, *map(str, range(13))]
    e = gn.explain(houses, x, 7.5, names=names)
    standardize, dense = houses.layers
    says = dense.W[:, 0] * standardize.factor * (x - standardize.mean)
    np.testing.assert_allclose(e.attributions[0], says, **EXACT)
    np.testing.assert_allclose(says.sum() + dense.b[0], e.prediction[0], **EXACT)  # of a linear network, all there is
    lines = e.text(80).splitlines()
    assert max(map(len, lines)) <= 80
    assert f"The network predicts {e.prediction[0]:.4g}; the truth is 7.5." in lines
    start = next(i for i, line in enumerate(lines) if line.startswith("    input"))
    order = np.argsort(-np.abs(says))
    assert [int(line.split("[")[1].split("]")[0]) for line in lines[start + 1 : start + 13]] == order[:12].tolist()
    shown = [float(line.split()[-1]) for line in lines[start + 1 : start + 14]]
    np.testing.assert_allclose(shown, [*says[order[:12]], says[order[12:]].sum()], rtol=1e-3)
    assert lines[start + 13].startswith("    and 3 others together")
    plain = gn.explain(houses, x, 7.5)  # the slope times x, as of a picture
    np.testing.assert_allclose(plain.attributions[0], dense.W[:, 0] * standardize.factor * x, **EXACT)
    assert "moves it by" not in plain.text()
    np.testing.assert_array_equal(e.says_for(0), e.attributions[0])
    with pytest.raises(gn.InputError, match="expected names of 15 inputs, or none, got 2"):
        gn.explain(houses, x, 7.5, names=["area", "garden"])


def test_of_a_softmax_the_inputs_say_what_they_do_to_the_log_odds() -> None:
    network = gn.Network([gn.Standardize(), gn.Dense(4), gn.Tanh(), gn.Dense(3)], input_shape=15, dtype=np.float64)
    network.layers[0].adapt([np.random.default_rng(0).normal(100, 5, (50, 15))])
    x = np.arange(90.0, 105)
    e = gn.explain(network, x, 2, names=[f"column {i}" for i in range(15)])
    h = 1e-5
    for i in range(15):
        up, down = x.copy(), x.copy()
        up[i], down[i] = x[i] + h, x[i] - h
        low, high = network.predict_proba(np.stack([down, up]))[:, 2]
        slope = (np.log(high / (1 - high)) - np.log(low / (1 - low))) / (2 * h)
        assert e.says_for(2)[i] == pytest.approx(slope * (x[i] - network.layers[0].mean[i]), rel=1e-5)
    assert "Each input moves the log-odds of 2, log(p / (1 - p))," in e.text()


def test_the_figure_names_the_inputs_that_say_most(houses: gn.Network) -> None:
    pytest.importorskip("matplotlib", reason="figures need the extra 'plots'")
    from glassnet import plots

    x = np.arange(90.0, 105)
    e = gn.explain(houses, x, 7.5, names=[f"column {i}" for i in range(15)])
    axes = plots.explanation(e).axes[0]
    most = np.argsort(-np.abs(e.attributions[0]))[:7][::-1]
    assert [label.get_text() for label in axes.get_yticklabels()] == [f"column {i} = {x[i]:.4g}" for i in most]
    assert [bar.get_width() for bar in axes.patches] == e.attributions[0][most].tolist()
    network = gn.Network([gn.Dense(3)], input_shape=2, classes=["a", "b", "c"])
    e = gn.explain(network, [1.0, 2.0], 1, names=["left", "right"])
    figure = plots.explanation(e)
    (heat,) = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    np.testing.assert_allclose(heat, [e.says_for(k) for k in range(3)])
    assert figure.axes[0].get_title() == "the inputs with the largest effect on b"


def test_the_update_is_a_step_of_the_weight_with_the_largest_gradient(
    tiny: gn.Network, pixels: np.ndarray, by_hand: ByHand
) -> None:
    h, u = by_hand, gn.explain(tiny, pixels, 6, lr=0.02).update
    assert u is not None
    largest = max(np.abs(h.dW1).max(), np.abs(h.dW2).max())
    gradient, weights = {"dense1": (h.dW1, h.W1), "dense2": (h.dW2, h.W2)}[u.layer]
    assert (u.parameter, u.lr) == ("W", 0.02)
    assert abs(gradient[u.index]) == pytest.approx(largest, rel=1e-9)
    after = weights[u.index] - 0.02 * gradient[u.index]
    np.testing.assert_allclose([u.before, u.gradient, u.after], [weights[u.index], gradient[u.index], after], **EXACT)

    changed = weights.copy()
    changed[u.index] = after
    W1, W2 = (changed, h.W2) if u.layer == "dense1" else (h.W1, changed)
    alone = ByHand(h.x, W1, h.b1, W2, h.b2, 6).loss
    step = [w - 0.02 * d for w, d in ((h.W1, h.dW1), (h.b1, h.db1), (h.W2, h.dW2), (h.b2, h.db2))]
    np.testing.assert_allclose(
        [u.loss_before, u.loss_after, u.loss_after_all], [h.loss, alone, ByHand(h.x, *step, 6).loss], **EXACT
    )


def test_a_neuron_of_784_10_10(tiny: gn.Network, pixels: np.ndarray, by_hand: ByHand) -> None:
    h, j = by_hand, int(by_hand.z1.argmax())
    e = gn.explain(tiny, pixels, 6, neuron=f"dense1:{j}", lr=0.5)
    n, u = e.neuron, e.update
    assert n is not None
    assert u is not None
    products = h.scaled * h.W1[:, j]
    order = np.argsort(-np.abs(products))[: len(n.inputs)]
    assert [i.index for i in n.inputs] == [(i,) for i in order]
    assert [i.weight_index for i in n.inputs] == [(i, j) for i in order]
    shown = [(i.x, i.weight, i.product, i.gradient, i.after) for i in n.inputs]
    expected = [(h.scaled[i], h.W1[i, j], products[i], h.dW1[i, j], h.W1[i, j] - 0.5 * h.dW1[i, j]) for i in order]
    np.testing.assert_allclose(shown, expected, **EXACT)
    np.testing.assert_allclose(
        [n.rest, n.bias, n.z, n.a, n.dz, n.da, n.fed],
        [products.sum() - products[order].sum(), h.b1[j], h.z1[j], h.a1[j], h.dz1[j], h.da1[j], h.a1[j]],
        rtol=1e-9,
        atol=1e-9,  # the bias is what is left of a sum of 784 products
    )
    assert n.more == np.count_nonzero(products) - len(order)
    assert n.activations == ("relu1",)
    strongest = np.argsort(-np.abs(h.W2[j]))[: len(n.outgoing)]
    assert [(o.layer, o.index) for o in n.outgoing] == [("dense2", (j, k)) for k in strongest]
    np.testing.assert_allclose([o.weight for o in n.outgoing], h.W2[j, strongest], **EXACT)
    np.testing.assert_allclose([o.product for o in n.outgoing], h.a1[j] * h.W2[j, strongest], **EXACT)
    assert (u.layer, u.parameter) == ("dense1", "W")
    assert u.index == (int(np.abs(h.dW1[:, j]).argmax()), j)
    assert [layer.unit for layer in e.layers[1:3]] == [(j,), (j,)]  # the thread takes the neuron's way
    assert "The neuron dense1" in repr(e)


def test_a_silent_neuron_learns_nothing(tiny: gn.Network, pixels: np.ndarray, by_hand: ByHand) -> None:
    j = int(by_hand.z1.argmin())
    e = gn.explain(tiny, pixels, 6, neuron=f"dense1:{j}")
    assert e.neuron is not None
    assert e.update is not None
    assert by_hand.z1[j] < 0
    assert (e.neuron.a, e.neuron.dz, e.update.gradient) == (0, 0, 0)
    assert e.update.index[1] == j
    assert e.update.before == e.update.after
    assert "it learns nothing" in str(e)


# A small convolutional network, by loops


@pytest.fixture(scope="module")
def conv() -> gn.Network:
    layers = [
        gn.Conv2D(3, 3, stride=2, padding="same", bias_init=gn.Normal(0.1)),
        gn.ReLU(),
        gn.MaxPool2D(2),
        gn.Dropout(0.5),
        gn.Flatten(),
        gn.Dense(4, bias_init=gn.Normal(0.1)),
    ]
    return gn.Network(layers, input_shape=(8, 8, 2), seed=1, dtype=np.float64)


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(8).standard_normal((8, 8, 2))


def passed(network: gn.Network, x: np.ndarray, dz_of: Any) -> dict[str, Any]:
    """Everything about the network above, by loops; dz_of gives dlogits for the logits."""
    Wc, bc, Wd, bd = np.split(network.theta, np.cumsum([54, 3, 48]))
    Wc, Wd = Wc.reshape(3, 3, 2, 3), Wd.reshape(12, 4)
    padded = np.zeros((9, 9, 2))  # 8 pixels, windows of 3 at every second: one is missing, after the last
    padded[:8, :8] = x
    z = np.zeros((4, 4, 3))
    for i in range(4):
        for j in range(4):
            window = padded[2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
            z[i, j] = np.einsum("klc,klcf->f", window, Wc) + bc
    a = relu(z)
    pooled = np.array(
        [[[a[2 * i : 2 * i + 2, 2 * j : 2 * j + 2, f].max() for f in range(3)] for j in range(2)] for i in range(2)]
    )
    flat = pooled.reshape(-1)
    logits = flat @ Wd + bd
    dlogits = dz_of(logits)
    dpooled = (Wd @ dlogits).reshape(2, 2, 3)
    da = np.zeros_like(a)
    for i in range(2):
        for j in range(2):
            for f in range(3):
                block = a[2 * i : 2 * i + 2, 2 * j : 2 * j + 2, f]
                k, m = np.unravel_index(block.argmax(), (2, 2))
                da[2 * i + k, 2 * j + m, f] = dpooled[i, j, f]
    dz = da * (z > 0)
    dWc, dpadded = np.zeros_like(Wc), np.zeros_like(padded)
    for i in range(4):
        for j in range(4):
            window = padded[2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
            dWc += window[..., None] * dz[i, j]
            dpadded[2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += Wc @ dz[i, j]
    return {
        "z": z,
        "a": a,
        "pooled": pooled,
        "logits": logits,
        "dlogits": dlogits,
        "dWd": np.outer(flat, dlogits),
        "dpooled": dpooled,
        "da": da,
        "dz": dz,
        "dWc": dWc,
        "dbc": dz.sum(axis=(0, 1)),
        "dx": dpadded[:8, :8],
        "Wc": Wc,
        "bc": bc,
        "Wd": Wd,
    }


def test_forward_and_backward_of_a_convolutional_network(conv: gn.Network, image: np.ndarray) -> None:
    h = passed(conv, image, lambda z: softmax(z) - np.eye(4)[2])
    e = gn.explain(conv, image, 2)
    conv2d, relu1, pool, dropout, flatten, dense = e.layers
    for shown, expected in [
        (conv2d.y, h["z"]),
        (relu1.y, h["a"]),
        (pool.y, h["pooled"]),
        (dropout.y, h["pooled"]),  # as in prediction
        (e.logits, h["logits"]),
        (e.loss, -np.log(softmax(h["logits"])[2])),
        (dense.gradients["W"], h["dWd"]),
        (dense.gradients["b"], h["dlogits"]),
        (flatten.dx, h["dpooled"]),
        (dropout.dx, h["dpooled"]),
        (pool.dx, h["da"]),
        (relu1.dx, h["dz"]),
        (conv2d.gradients["W"], h["dWc"]),
        (conv2d.gradients["b"], h["dbc"]),
        (conv2d.dx, h["dx"]),
    ]:
        np.testing.assert_allclose(shown, expected, **EXACT)
    assert dropout.remark.startswith("Shown as in prediction")
    assert not any(layer.remark for layer in e.layers if layer is not dropout)
    for k in range(4):
        slopes = passed(conv, image, lambda z, k=k: np.eye(4)[k])["dx"]
        np.testing.assert_allclose(e.attributions[k], slopes * image, **EXACT)


def test_the_numbers_in_a_convolution(conv: gn.Network, image: np.ndarray) -> None:
    """A window in the corner lies partly in the padding; its terms are those inside."""
    h = passed(conv, image, lambda z: softmax(z) - np.eye(4)[2])
    for unit in [(0, 0, 1), (3, 3, 2), (1, 2, 0)]:
        i, j, f = unit
        e = gn.explain(conv, image, 2, neuron=f"conv2d1:{i},{j},{f}")
        layer, n = e.layers[0], e.neuron
        assert n is not None
        assert layer.unit == unit
        (z,) = layer.forward
        np.testing.assert_allclose([z.value, z.bias], [h["z"][unit], h["bc"][f]], **EXACT)
        products = {
            (2 * i + k, 2 * j + m, c): image[2 * i + k, 2 * j + m, c] * h["Wc"][k, m, c, f]
            for k in range(3)
            for m in range(3)
            for c in range(2)
            if 2 * i + k < 8 and 2 * j + m < 8
        }
        order = sorted(products, key=lambda place: -abs(products[place]))
        assert z.more == len(products) - 3
        np.testing.assert_allclose([term.value for term in z.terms], [products[p] for p in order[:3]], **EXACT)
        assert [given.index for given in n.inputs] == order[: len(n.inputs)]
        for given in n.inputs:
            weight = (given.index[0] - 2 * i, given.index[1] - 2 * j, given.index[2], f)
            assert given.weight_index == weight
            np.testing.assert_allclose([given.weight, given.gradient], [h["Wc"][weight], h["dWc"][weight]], **EXACT)
        np.testing.assert_allclose([n.z, n.a, n.dz, n.da], [h[key][unit] for key in ("z", "a", "dz", "da")], **EXACT)
        assert n.through == ("maxpool2d1", "dropout1", "flatten1")
        fed = h["pooled"][i // 2, j // 2, f]
        row = (i // 2 * 2 + j // 2) * 3 + f
        np.testing.assert_allclose(n.fed, fed, **EXACT)
        assert {o.index for o in n.outgoing} == {(row, k) for k in range(4)}
        for o in n.outgoing:
            np.testing.assert_allclose([o.weight, o.product], [h["Wd"][o.index], fed * h["Wd"][o.index]], **EXACT)
        dW, db, dx = layer.backward
        place = layer.place
        weight = (place[0] - 2 * i, place[1] - 2 * j, place[2], f)
        assert dW.left == f"dW[{','.join(map(str, weight))}]"
        np.testing.assert_allclose(
            [dW.value, db.value, dx.value], [h["dWc"][weight], h["dbc"][f], h["dx"][place]], **EXACT
        )


# Every layer, every loss


def values_in(part: Any) -> list[Worked]:
    """Every worked equation of an explanation."""
    if isinstance(part, Worked):
        return [part]
    if isinstance(part, tuple):
        return [worked for item in part for worked in values_in(item)]
    return [w for f in fields(part) for w in values_in(getattr(part, f.name))] if is_dataclass(part) else []


@pytest.mark.parametrize("case", LAYERS, ids=lambda case: case.id)
def test_every_layer_can_be_explained(case: LayerCase) -> None:
    """In the middle of a network, as it is in prediction; gradients against differences of the loss."""
    size = int(np.prod(case.input_shape))
    layers = [gn.Dense(size), gn.Reshape(case.input_shape), case.layer, gn.Flatten(), gn.Dense(3)]
    network = gn.Network(layers, input_shape=4, seed=2, dtype=np.float64)
    rng = np.random.default_rng(0)
    network.adapt(rng.standard_normal((20, 4)))
    for segment in network.buffer_segments:
        if segment.name in ("mean", "variance"):  # as after a training
            segment.view(network.buffers)[...] = rng.uniform(0.5, 1.5, segment.declared.shape)
    x = rng.standard_normal(4)
    e = gn.explain(network, x, 1)
    layer = e.layers[2]
    assert e.logits == pytest.approx(network.logits(x[None])[0], rel=1e-9)

    for worked in layer.forward:
        assert worked.value == pytest.approx(layer.y[layer.unit], rel=1e-9, abs=1e-12)
        assert worked.left == f"y[{','.join(map(str, layer.unit))}]"
    dx = next(worked for worked in layer.backward if worked.left.startswith("dx"))
    assert dx.left == f"dx[{','.join(map(str, layer.place))}]"
    assert dx.value == pytest.approx(layer.dx[layer.place], rel=1e-9, abs=1e-12)

    def loss() -> float:
        return network.loss.forward(network.forward(x[None]), np.array([1]))[0]

    kept, h = network.theta.copy(), 1e-6
    gradient = np.concatenate([g.ravel() for part in e.layers for g in part.gradients.values()])
    for k in rng.choice(len(kept), min(len(kept), 60), replace=False):
        losses = []
        for sign in (1, -1):
            network.theta[k] = kept[k] + sign * h
            losses.append(loss())
        network.theta[k] = kept[k]
        # central differences with h = 1e-6: about 1e-16 / 1e-6 of rounding, 1e-12 of curvature
        assert gradient[k] == pytest.approx((losses[0] - losses[1]) / (2 * h), rel=1e-5, abs=1e-8)
    assert max(map(len, str(e).splitlines())) <= 80


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_every_loss_can_be_explained(loss: gn.Loss) -> None:
    network = gn.Network([gn.Dense(4), gn.Tanh(), gn.Dense(3)], input_shape=5, seed=1, dtype=np.float64)
    network.loss = loss
    x = np.random.default_rng(1).standard_normal(5)
    for targets in targets_for(loss, 1, 3):
        y = targets[0]
        e = gn.explain(network, x, y)
        value, prediction = loss.forward(network.logits(x[None]), targets)
        np.testing.assert_allclose(e.loss, value, **EXACT)
        np.testing.assert_allclose(e.dlogits, loss.backward(prediction, targets)[0], **EXACT)
        np.testing.assert_allclose(e.target, np.eye(3)[y] if np.ndim(y) == 0 else y, **EXACT)
        assert e.label == (y if np.ndim(y) == 0 else None)
        assert max(map(len, str(e).splitlines())) <= 80


@dataclass(eq=False)
class Doubled(gn.Layer):
    """A layer of one's own that trains otherwise than it predicts, and whose backward knows training only."""

    def forward(self, x: np.ndarray, *, training: bool = False) -> np.ndarray:
        return 5 * x if training else x**2 + x[:, ::-1]

    def backward(self, dy: np.ndarray) -> np.ndarray:
        return 5 * dy


def test_a_layer_of_ones_own_is_explained_as_it_predicts() -> None:
    x = np.array([1.0, 2.0, -0.5, 0.25])
    e = gn.explain(gn.Network([Doubled()], input_shape=4, dtype=np.float64), x, 1)
    z = x**2 + x[::-1]
    np.testing.assert_allclose(e.logits, z)
    dz = softmax(z) - np.eye(4)[1]
    # central differences of a parabola are exact but for rounding, 1e-16 / 1e-5
    np.testing.assert_allclose(e.layers[0].dx, 2 * x * dz + dz[::-1], rtol=1e-9, atol=1e-10)
    assert "measured" in e.layers[0].remark
    assert "measured" in str(e)
    assert e.update is None


def test_batch_norm_is_the_affine_map_of_prediction() -> None:
    network = gn.Network([gn.BatchNorm()], input_shape=3, dtype=np.float64)
    network.theta[:] = [2, 1, -1, 0.5, 0, 0.25]
    network.buffers[:] = [1, 2, 3, 4, 0.25, 9]
    x = np.array([3.0, 1.0, 2.0])
    layer = gn.explain(network, x, 0).layers[0]
    r = 1 / np.sqrt(np.array([4, 0.25, 9]) + 1e-5)
    h = (x - [1, 2, 3]) * r
    np.testing.assert_allclose(layer.y, [2, 1, -1] * h + [0.5, 0, 0.25])
    dy = softmax(layer.y) - np.eye(3)[0]
    np.testing.assert_allclose(layer.dx, [2, 1, -1] * r * dy)
    np.testing.assert_allclose(layer.gradients["gamma"], h * dy)
    np.testing.assert_allclose(layer.gradients["beta"], dy)
    assert layer.unit == layer.place == (0,)
    shown = [worked.value for worked in (*layer.forward, *layer.backward)]
    np.testing.assert_allclose(shown, [2 * h[0] + 0.5, h[0] * dy[0], dy[0], 2 * r[0] * dy[0]], **EXACT)
    assert "constants" in layer.remark


def test_batch_norm_at_its_mean_where_training_and_prediction_agree() -> None:
    """There both give beta, so the slope cannot be told from the values."""
    layer = gn.explain(gn.Network([gn.BatchNorm()], input_shape=3, dtype=np.float64), np.zeros(3), 0).layers[0]
    np.testing.assert_allclose(layer.dx, (1 / 3 - np.eye(3)[0]) / np.sqrt(1 + 1e-5))


def test_the_numbers_in_a_softmax() -> None:
    network = gn.Network([gn.Softmax()], input_shape=3, dtype=np.float64)
    network.loss = gn.SquaredError()
    x = np.array([1.0, 3.0, 2.0])
    layer = gn.explain(network, x, [0.0, 1.0, 0.0]).layers[0]
    (y,), (dx,) = layer.forward, layer.backward
    assert y.numbers == f"exp(3 - 3) / {1 + np.exp(-1) + np.exp(-2):.4g}"
    p = softmax(x)
    dy = p - [0, 1, 0]
    np.testing.assert_allclose([y.value, dx.value], [p[1], p[1] * (dy[1] - p @ dy)], **EXACT)


def test_the_weights_of_a_convolution_that_take_up_a_neuron() -> None:
    layers = [gn.Conv2D(3, 2), gn.ReLU(), gn.Conv2D(4, 2), gn.Flatten(), gn.Dense(2)]
    network = gn.Network(layers, input_shape=(5, 5, 1), seed=3, dtype=np.float64)
    n = gn.explain(network, np.random.default_rng(2).random((5, 5, 1)), neuron="conv2d1:1,2,1").neuron
    assert n is not None
    W = network.theta[15 : 15 + 48].reshape(2, 2, 3, 4)
    strongest = np.sort(np.abs(W[:, :, 1]).ravel())[::-1][: len(n.outgoing)]
    np.testing.assert_array_equal([abs(o.weight) for o in n.outgoing], strongest)
    assert all(o.layer == "conv2d2" and o.index[2] == 1 and W[o.index] == o.weight for o in n.outgoing)


def test_the_network_stays_as_it_is(conv: gn.Network, image: np.ndarray) -> None:
    theta, grad, buffers = conv.theta.copy(), conv.grad.copy(), conv.buffers.copy()
    gn.explain(conv, image, 2, neuron="dense1:1")
    np.testing.assert_array_equal(conv.theta, theta)
    np.testing.assert_array_equal(conv.grad, grad)
    np.testing.assert_array_equal(conv.buffers, buffers)
    assert all(layer.saved is None and not layer.spaces for layer in conv.layers)


def test_the_form_of_the_example_does_not_matter(tiny: gn.Network, pixels: np.ndarray) -> None:
    texts = {str(gn.explain(tiny, form)) for form in (pixels, pixels[None], pixels.reshape(28, 28))}
    assert len(texts) == 1


def test_without_a_truth_the_prediction_is_taken_for_it(tiny: gn.Network, pixels: np.ndarray, by_hand: ByHand) -> None:
    e = gn.explain(tiny, pixels)
    said = int(by_hand.p.argmax())
    assert (e.label, e.predicted, e.assumed) == (said, said, True)
    np.testing.assert_allclose(e.loss, -np.log(by_hand.p[said]), **EXACT)
    assert f"the loss is that of the predicted label, {said}" in " ".join(str(e).split())


@pytest.mark.parametrize("y", [2, 2.0, [2.0], [[2.0]], np.float32(2)], ids=repr)
def test_one_output_and_its_target(y: Any) -> None:
    network = gn.Network([gn.Dense(1)], input_shape=2, dtype=np.float64)
    network.loss = gn.SquaredError()
    e = gn.explain(network, [3, 4], y)
    z = network.theta[:2] @ [3, 4]
    np.testing.assert_allclose([e.loss, e.dlogits[0], e.target[0]], [(z - 2) ** 2 / 2, z - 2, 2], **EXACT)


# Equations


def test_equations_come_from_the_docstring() -> None:
    assert equations(gn.Dense, "Forward") == ("y = x W + b",)
    assert equations(gn.Dense, "Backward") == ("dW = x^T dy", "db = sum over the batch of dy", "dx = dy W^T")
    assert equations(gn.Conv2D, "Backward")[2].endswith("of every i,j,k,l that meet it")  # two lines there
    assert equations(gn.CrossEntropy, "Backward") == ("dl/dz = p - t",)
    assert equations(Doubled, "Forward") == ()


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        ("max(x, 0)", "max(-2, 0)"),
        ("1 / (1 + exp(-x))", "1 / (1 + exp(-(-2)))"),
        ("dy y (1 - y)", "0.5 * 3 * (1 - 3)"),
        ("dy (1 - x^2)", "0.5 * (1 - (-2)^2)"),
        ("x where x > 0, else slope x", "-2 where -2 > 0, else slope * (-2)"),
        ("dy [(1 + t) / 2 + x (1 - t^2) u' / 2]", "0.5 * [(1 + t) / 2 + (-2) * (1 - t^2) * u' / 2]"),
    ],
)
def test_numbers_take_the_place_of_names(right: str, expected: str) -> None:
    assert substitute(right, {"x": -2.0, "y": 3.0, "dy": 0.5}) == expected


# Bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": np.zeros((3, 784))}, "takes one example, got a batch of 3"),
        ({"x": np.zeros(783)}, "784 values per example"),
        ({"x": [[1], [2, 3]]}, "rows of different lengths"),
        ({"x": np.full(784, np.nan)}, "finite"),
        ({"x": np.full(784, "a")}, "array of numbers"),
        ({"y": 10}, "labels must be 0 to 9"),
        ({"y": -1}, "labels must be 0 to 9"),
        ({"y": [1, 2]}, "one label or a row of 10 targets"),
        ({"y": np.ones(10)}, "probability distribution"),
        ({"lr": 0}, "lr must be a number above 0"),
        ({"lr": float("nan")}, "lr must be a number above 0"),
        ({"neuron": "dens1:3"}, "'dens1' is not a layer; did you mean 'dense1'"),
        ({"neuron": "relu1:3"}, "'relu1' has no weights; "),
        ({"neuron": "dense1:10"}, "expected dense1:0 to dense1:9"),
        ({"neuron": "dense1:-1"}, "expected dense1:0 to dense1:9"),
        ({"neuron": "dense1:1,2"}, "expected dense1:0 to dense1:9"),
        ({"neuron": "dense1"}, "expected dense1:0 to dense1:9"),
        ({"neuron": ""}, "is not a layer"),
    ],
    ids=str,
)
def test_bad_input(tiny: gn.Network, pixels: np.ndarray, arguments: dict[str, Any], message: str) -> None:
    arguments = {"x": pixels} | arguments
    with pytest.raises(gn.InputError, match=re.escape(message)):
        gn.explain(tiny, **arguments)


def test_bad_networks(image: np.ndarray) -> None:
    with pytest.raises(gn.InputError, match="flat outputs"):
        gn.explain(gn.Network([gn.Conv2D(2, 3)], input_shape=(8, 8, 2)), image)
    with pytest.raises(gn.InputError, match="no layer with weights"):
        gn.explain(gn.Network([gn.ReLU()], input_shape=3), np.ones(3), neuron="relu1:0")


# As text


@pytest.mark.parametrize("width", [80, 100, 132])
def test_text_fits_the_width_and_is_plain(tiny: gn.Network, pixels: np.ndarray, width: int) -> None:
    text = gn.explain(tiny, pixels, 6, neuron="dense1:3").text(width)
    assert max(map(len, text.splitlines())) <= width
    assert text.isascii()
    assert text == "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
    for layer in tiny.layers:
        assert text.count(f"\n{layer.name}  ") == 2  # forward and backward


def test_the_input_is_drawn(tiny: gn.Network) -> None:
    bar = np.zeros((28, 28), np.uint8)
    bar[4:8, 5:20] = 255
    lines = str(gn.explain(tiny, bar)).splitlines()
    assert lines[2:16] == ["", "", " " * 5 + "@" * 15, " " * 5 + "@" * 15, *[""] * 10]


def test_plots_show_what_is_explained(tiny: gn.Network, pixels: np.ndarray, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="figures need the extra 'plots'")
    from glassnet import plots

    e = gn.explain(tiny, pixels, 6, neuron="dense1:3")
    figure = plots.explanation(e)
    images = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    maps = [image for image in images[1:] if image.shape == (28, 28)]
    np.testing.assert_array_equal(images[0], pixels.reshape(28, 28))
    np.testing.assert_array_equal(maps, e.attributions.reshape(10, 28, 28))
    limits = {axes.images[0].get_clim() for axes in figure.axes if axes.images and axes.get_title().count("logit")}
    top = np.abs(e.attributions).max()
    assert limits == {(-top, top)}  # one scale for all
    heights = [[bar.get_height() for bar in axes.patches] for axes in figure.axes]
    for shown in (e.prediction, e.layers[1].y, e.layers[2].y, e.logits):
        assert any(len(h) == len(shown) and np.allclose(h, shown) for h in heights)
    plots.save(figure, tmp_path / "e.png")
    assert (tmp_path / "e.png").read_bytes().startswith(b"\x89PNG")


def test_plots_of_images_and_of_rows(conv: gn.Network, image: np.ndarray, blobs: tuple[np.ndarray, np.ndarray]) -> None:
    pytest.importorskip("matplotlib", reason="figures need the extra 'plots'")
    from glassnet import plots

    e = gn.explain(conv, image, 1, neuron="conv2d1:1,2,0")
    shown = [axes.images[0].get_array() for axes in plots.explanation(e).axes if axes.images]
    for layer in e.layers[:3]:
        for channel in np.moveaxis(layer.y, 2, 0):
            assert any(tile.shape == channel.shape and np.array_equal(tile, channel) for tile in shown)
    network = gn.Network([gn.Dense(3)], input_shape=2, classes=["a", "b", "c"])
    e = gn.explain(network, blobs[0][0])
    (heat,) = [axes.images[0].get_array() for axes in plots.explanation(e).axes if axes.images]
    np.testing.assert_array_equal(heat, e.attributions)
