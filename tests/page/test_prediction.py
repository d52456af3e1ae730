"""The last step: from logits to the prediction and the loss."""

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn.activations import softmax
from glassnet.nn.errors import InputError
from glassnet.page.inside import unit
from networks import LABEL, made, some_pixels


def test_a_probability_is_a_softmax_of_the_logits_and_the_loss_its_logarithm() -> None:
    network, x = gn.Model.open("classic").network, some_pixels()
    logits = network.copy(dtype=np.float64).trace(x[None])[-1]
    p = softmax(logits)[0]
    said = unit(network, x, "prediction", [LABEL], LABEL)
    assert said["y"] == pytest.approx(p[LABEL], rel=1e-12)
    assert said["below"] == "dense2"
    np.testing.assert_array_equal(said["x"], logits[0])
    first, loss = said["forward"]
    assert first["symbols"] == f"exp(z[{LABEL}] - max z) / sum_k exp(z[k] - max z)"
    assert first["places"] == [[k] for k in range(10)]
    assert (loss["symbols"], loss["value"]) == (f"-log p[{LABEL}]", pytest.approx(-np.log(p[LABEL]), rel=1e-12))
    assert said["source"]["forward"]["text"].startswith("def predict")
    written = str(gn.explain(network, x, LABEL))
    assert f"L = -log p[{LABEL}] = {loss['numbers']} = {loss['value']:.4g}" in written
    assert len(unit(network, x, "prediction", [LABEL])["forward"]) == 1


def test_a_loss_without_a_softmax_reads_its_own_output_only() -> None:
    network = gn.Network([gn.Flatten(), gn.Dense(3)], input_shape=(2, 2), classes=("a", "b", "c"))
    network.loss = gn.SquaredError()
    x = np.arange(4, dtype=np.uint8).reshape(2, 2)
    said = unit(network, x, "prediction", [1])
    assert said["y"] == pytest.approx(float(network.copy(dtype=np.float64).trace(x[None])[-1][0, 1]))
    assert (said["forward"][0]["symbols"], said["forward"][0]["places"]) == ("z[1]", [[1]])


def test_there_are_as_many_as_outputs() -> None:
    network = made("dense")
    with pytest.raises(InputError, match="prediction"):
        unit(network, some_pixels(), "prediction", [99])
