"""A look inside: every number beside `explain`, or recomputed here in plain NumPy without a call of a layer."""

import dataclasses
import inspect
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from cases import LAYERS, LayerCase
from glassnet.explanation.equations import number
from glassnet.nn.layer import Layer
from glassnet.page import inside
from networks import LABEL, NETWORKS, made, some_pixels

EXACT = {"rtol": 1e-9, "atol": 1e-12}  # the same sums in float64, in another order
SINGLE = {"rtol": 1e-4, "atol": 1e-5}  # sums in float32


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return some_pixels()


@pytest.fixture(scope="module", params=[*NETWORKS, "classic", "cnn"])
def network(request: pytest.FixtureRequest) -> gn.Network:
    return gn.load_pretrained(request.param) if request.param in ("classic", "cnn") else made(request.param)


def middle(layer: Layer) -> list[int]:
    return [side // 2 for side in layer.output_shape]


# Beside `explain`


def test_the_whole_network_is_that_of_explain(network: gn.Network, x: np.ndarray) -> None:
    e = gn.explain(network, x, LABEL)
    seen = inside.layers(network, x, LABEL)
    for mine, its in zip(seen["layers"], e.layers, strict=True):
        assert (mine["name"], mine["description"], mine["shape"]) == (its.name, its.description, list(its.y.shape))
        np.testing.assert_array_equal(mine["y"], its.y)
        np.testing.assert_array_equal(mine["dy"], its.dy)
    np.testing.assert_array_equal(seen["input"]["dy"], e.layers[0].dx)
    np.testing.assert_array_equal(seen["logits"], e.logits)
    np.testing.assert_array_equal(seen["prediction"], e.prediction)
    np.testing.assert_array_equal(seen["dlogits"], e.dlogits)
    assert (seen["loss"], seen["label"]) == (e.loss, LABEL)


def test_without_a_label_there_is_no_way_back(network: gn.Network, x: np.ndarray) -> None:
    seen, e = inside.layers(network, x), gn.explain(network, x)
    for mine, its in zip(seen["layers"], e.layers, strict=True):
        np.testing.assert_allclose(mine["y"], its.y, **SINGLE)
        assert mine["y"].dtype != np.float64
        assert mine["dy"] is None
    np.testing.assert_allclose(seen["prediction"], network.predict_proba(x[None])[0], **SINGLE)
    assert seen["loss"] is seen["dlogits"] is seen["label"] is seen["input"]["dy"] is None
    for layer in network.layers:
        unit = inside.unit(network, x, layer.name, middle(layer))
        assert unit["dy"] is unit["gradient"] is unit["update"] is unit["dy_from"] is None
        assert unit["backward"] == []
        assert unit["forward"]
        assert all(own["gradient"] is own["update"] is None for own in unit["parameters"])
        whole = inside.layer(network, x, layer.name)
        assert whole["dx"] is whole["dy"] is None
        assert set(whole["gradients"].values()) <= {None}


def test_every_array_of_every_layer_is_that_of_explain(network: gn.Network, x: np.ndarray) -> None:
    e = gn.explain(network, x, LABEL)
    below = "input"
    for its in e.layers:
        seen = inside.layer(network, x, its.name, LABEL, lr=0.5)
        for key in ("x", "y", "dx", "dy"):
            np.testing.assert_allclose(seen[key], getattr(its, key), **EXACT)
        assert seen["parameters"].keys() == seen["gradients"].keys() == seen["updates"].keys() == its.gradients.keys()
        for name, gradient in its.gradients.items():
            np.testing.assert_array_equal(seen["parameters"][name], its.parameters[name])
            np.testing.assert_allclose(seen["gradients"][name], gradient, **EXACT)
            np.testing.assert_allclose(seen["updates"][name], -0.5 * gradient, **EXACT)
        assert seen["left_out"] == []
        assert (seen["below"], seen["remark"]) == (below, its.remark)
        assert tuple(seen["forward_equations"]) == its.forward_equations
        assert tuple(seen["backward_equations"]) == its.backward_equations
        below = its.name


def written(equations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The part of the equations that `explain` has too."""
    keys = ("left", "symbols", "numbers", "value", "note", "more", "rest", "bias")
    return [
        {key: e[key] for key in keys} | {"terms": [(t["symbol"], t["factors"], t["value"]) for t in e["terms"]]}
        for e in equations
    ]


def test_a_unit_is_written_as_explain_writes_a_neuron(network: gn.Network, x: np.ndarray) -> None:
    learning = [layer for layer in network.layers if layer.parameters()]
    large = len(learning) > 6
    for layer in learning[::3] if large else learning:
        corners = [0] * len(layer.output_shape), [side - 1 for side in layer.output_shape]
        for index in (middle(layer), *(() if large else corners)):
            e = gn.explain(network, x, LABEL, neuron=f"{layer.name}:{','.join(map(str, index))}", lr=0.2)
            its, n = next(p for p in e.layers if p.name == layer.name), e.neuron
            assert n is not None
            seen = inside.unit(network, x, layer.name, index, LABEL, lr=0.2)
            for mine, theirs in (("forward", its.forward), ("backward", its.backward)):
                records = [dataclasses.asdict(worked) for worked in theirs]
                for record in records:
                    record["terms"] = [(t["symbol"], list(t["factors"]), t["value"]) for t in record["terms"]]
                assert written(seen[mine]) == records
            np.testing.assert_array_equal(seen["weights"], its.slopes)
            assert [seen["y"], seen["dy"]] == [n.z, n.dz]
            assert f"dLoss/dz = {number(seen['dy'])}" in str(e)
            for equation in (*seen["forward"], *seen["backward"]):
                assert number(equation["value"]) in str(e)
            for given in n.inputs:
                if given.gradient is not None:
                    assert seen["gradient"][given.index] == given.gradient
                    after = given.weight + seen["update"][given.index]
                    np.testing.assert_allclose(after, given.after, **EXACT)
            assert [(f["layer"], tuple(f["weight_index"]), f["weight"], f["product"]) for f in seen["feeds"]] == [
                (o.layer, o.index, o.weight, o.product) for o in n.outgoing
            ]


# By hand


def test_a_unit_of_784_12_10_by_hand(x: np.ndarray) -> None:
    network = made("dense")
    W1, b1, W2, b2 = np.split(network.theta.astype(np.float64), np.cumsum([784 * 12, 12, 120]))
    W1, W2 = W1.reshape(784, 12), W2.reshape(12, 10)
    pixels = x.ravel() / 255
    z = pixels @ W1 + b1
    a = np.maximum(z, 0)
    logits = a @ W2 + b2
    p = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    dz2 = p - np.eye(10)[LABEL]
    dz = (W2 @ dz2) * (z > 0)
    j = int(np.abs(dz).argmax())

    seen = inside.unit(network, x, "dense1", [j], LABEL, lr=0.3)
    np.testing.assert_allclose([seen["y"], seen["dy"], seen["bias"]], [z[j], dz[j], b1[j]], **EXACT)
    np.testing.assert_allclose(seen["weights"], W1[:, j], **EXACT)
    np.testing.assert_allclose(seen["gradient"], pixels * dz[j], **EXACT)
    np.testing.assert_allclose(seen["update"], -0.3 * pixels * dz[j], **EXACT)
    (bias,) = seen["parameters"]
    assert (bias["parameter"], bias["index"]) == ("b", [j])
    np.testing.assert_allclose([bias["value"], bias["gradient"], bias["update"]], [b1[j], dz[j], -0.3 * dz[j]], **EXACT)
    assert [f["index"] for f in seen["feeds"]] == [[int(k)] for k in np.argsort(-np.abs(W2[j]))[:6]]
    np.testing.assert_allclose(
        [f["product"] for f in seen["feeds"]], [a[j] * f["weight"] for f in seen["feeds"]], **EXACT
    )

    assert seen["dy_from"]["layer"] == "relu1"
    np.testing.assert_allclose(seen["dy_from"]["equation"]["value"], dz[j], **EXACT)
    relu = inside.unit(network, x, "relu1", [j], LABEL)
    assert relu["forward"][0]["places"] == [[j]]
    assert relu["dy_from"]["layer"] == "dense2"
    for term in relu["dy_from"]["equation"]["terms"]:
        (k,) = term["above"]
        assert term["weight"] == {"parameter": "W", "index": [j, k]}
        np.testing.assert_allclose(term["factors"], [dz2[k], W2[j, k]], **EXACT)
    top = inside.unit(network, x, "dense2", [LABEL], LABEL)
    assert (top["dy_from"]["layer"], top["feeds"]) == ("loss", [])
    assert top["dy_from"]["equation"]["symbols"] == f"p[{LABEL}] - t[{LABEL}]"
    assert top["dy_from"]["equation"]["numbers"] == f"{p[LABEL]:.4g} - 1"
    np.testing.assert_allclose(top["dy_from"]["equation"]["value"], dz2[LABEL], **EXACT)

    r, c = map(int, np.unravel_index(int(np.abs(W1 @ dz).argmax()), (28, 28)))
    pixel = inside.unit(network, x, "input", [r, c], LABEL)
    np.testing.assert_allclose([pixel["y"], pixel["dy"]], [x[r, c], (W1 @ dz)[28 * r + c] / 255], **EXACT)
    assert pixel["below"] is None
    assert {f["layer"] for f in pixel["feeds"]} == {"dense1"}
    assert [f["weight_index"] for f in pixel["feeds"]] == [[28 * r + c, *f["index"]] for f in pixel["feeds"]]


def test_a_pixel_of_a_network_that_takes_rows(x: np.ndarray) -> None:
    network = gn.Network([gn.Rescale(1 / 255), gn.Dense(10)], input_shape=784, seed=4)
    by_place, by_index = (inside.unit(network, x, "input", index, LABEL) for index in ([9, 5], [9 * 28 + 5]))
    assert by_place == by_index
    assert (by_place["index"], by_place["pixel"], by_place["y"]) == ([257], [9, 5], x[9, 5])
    assert inside.speaks(network, x)["effects"].shape == (10, 28, 28)
    assert inside.weights(network, "dense1")["weights"].shape == (10, 28, 28)


def test_smoothing_moves_the_target(x: np.ndarray) -> None:
    network = made("dense")
    network.loss = gn.CrossEntropy(smoothing=0.1)
    equation = inside.unit(network, x, "dense2", [LABEL], LABEL)["dy_from"]["equation"]
    assert (equation["symbols"], equation["numbers"].split(" - ")[1]) == (f"p[{LABEL}] - t'[{LABEL}]", "0.91")
    network.loss = gn.Hinge()
    equation = inside.unit(network, x, "dense2", [LABEL], LABEL)["dy_from"]["equation"]
    assert (equation["symbols"], equation["numbers"]) == ("", "")


def test_which_pixels_speak_for_a_class(network: gn.Network, x: np.ndarray) -> None:
    e = gn.explain(network, x, LABEL)
    effects = inside.speaks(network, x)["effects"]
    assert effects.shape == (10, 28, 28)
    np.testing.assert_allclose(effects, [e.says_for(k).reshape(28, 28) for k in range(10)], **EXACT)


def test_weights_are_pictures_of_units(x: np.ndarray) -> None:
    network = made("dense")
    W = network.layers[2].W
    seen = inside.weights(network, "dense1", first=5, count=100)
    assert (seen["units"], seen["first"], seen["weights"].shape) == (12, 5, (7, 28, 28))
    np.testing.assert_array_equal(seen["weights"][1].ravel(), W[:, 6])
    assert inside.weights(network, "dense2")["weights"].shape == (10, 12)
    conv = made("conv")
    filters = inside.weights(conv, "conv2d2")
    assert filters["units"] == 4
    np.testing.assert_array_equal(filters["weights"][2], conv.layers[6].W[..., 2])
    assert inside.weights(conv, "dense1")["weights"].shape == (10, 16)  # it sees no image
    for name in ("batchnorm1", "relu1"):
        with pytest.raises(gn.InputError, match=f"{name}: expected a layer with weights"):
            inside.weights(conv, name)
    bad: tuple[Any, ...] = ((12, 1), (-1, 1), (0, 0), (0, 10**9), (True, 1), ("0", 1), (0.0, 1))
    for first, count in bad:
        with pytest.raises(gn.InputError, match="dense1: expected a first unit from 0 to 11 and a count from 1 to"):
            inside.weights(network, "dense1", first, count)


# Every number can be opened, until only pixels and weights are left


def test_every_number_opens_down_to_the_pixels(network: gn.Network, x: np.ndarray) -> None:
    names = ["input", *(layer.name for layer in network.layers)]
    name, index, value = names[-1], [LABEL], None
    while True:
        seen = inside.unit(network, x, name, index)
        if value is not None:
            np.testing.assert_allclose(seen["y"], value, **EXACT)
        if name == "input":
            break
        assert seen["below"] == names[names.index(name) - 1]
        (equation,) = seen["forward"]
        terms = [(term["place"], term["factors"][0]) for term in equation["terms"]]
        places = terms or [(place, seen["x"][tuple(place)]) for place in equation["places"]]
        assert places
        (index, value), name = places[0], seen["below"]


def test_every_gradient_opens_up_to_the_loss(network: gn.Network, x: np.ndarray) -> None:
    name, index, value = "input", [14, 13], None
    passed = []
    while True:
        seen = inside.unit(network, x, name, index, LABEL)
        if value is not None:
            np.testing.assert_allclose(seen["dy"], value, **EXACT)
        source, equation = seen["dy_from"]["layer"], seen["dy_from"]["equation"]
        np.testing.assert_allclose(equation["value"], seen["dy"], **EXACT)
        if source == "loss":
            break
        passed.append(source)
        opened = [(term["above"], term["factors"][0]) for term in equation["terms"]]
        opened = opened or [(place, None) for place in equation["above"]]
        assert opened
        (index, value), name = opened[0], source
    assert passed == [layer.name for layer in network.layers]


def test_equations_without_terms_say_what_they_read(x: np.ndarray) -> None:
    network = made("conv")

    def places(name: str, *index: int) -> list[list[int]]:
        (equation,) = inside.unit(network, x, name, index, LABEL)["forward"]
        assert equation["terms"] == [] or equation["places"] == []
        return equation["places"]

    assert places("rescale1", 3, 4) == [[3, 4]]
    assert places("reshape1", 3, 4, 0) == [[3, 4]]
    assert places("batchnorm1", 3, 4, 1) == [[3, 4, 1]]
    assert places("relu1", 3, 4, 1) == [[3, 4, 1]]
    assert places("maxpool2d1", 1, 2, 2) == [[2, 4, 2], [2, 5, 2], [3, 4, 2], [3, 5, 2]]
    assert places("flatten1", 5) == [[0, 1, 1]]
    assert places("softmax1", 2) == [[k] for k in range(10)]
    assert places("conv2d1", 0, 0, 0) == []  # its terms say it


def test_the_window_of_a_unit(x: np.ndarray) -> None:
    """With stride 2 and padding "same" (1 before, 2 after) the windows of 5x5 at the edges are cut off."""
    network = made("conv")

    def window(name: str, *index: int) -> list[int] | None:
        return inside.unit(network, x, name, index)["window"]

    assert window("conv2d1", 0, 0, 0) == [0, 0, 0, 4, 4, 1]
    assert window("conv2d1", 3, 5, 1) == [5, 9, 0, 10, 14, 1]
    assert window("conv2d1", 13, 13, 2) == [25, 25, 0, 28, 28, 1]
    assert window("maxpool2d1", 1, 2, 0) == [2, 4, 0, 4, 6, 1]
    assert window("dense1", 0) is window("relu1", 0, 0, 0) is window("input", 0, 0) is None
    seen = inside.unit(network, x, "conv2d1", [3, 5, 1])
    W = network.layers[2].W.astype(np.float64)
    np.testing.assert_array_equal(seen["weights"][5:10, 9:14], W[..., 1])
    assert np.count_nonzero(seen["weights"]) == 25


def test_only_so_many_places_are_listed(x: np.ndarray) -> None:
    network = gn.Network([gn.Flatten(), gn.Softmax(), gn.Dense(10)], input_shape=(28, 28), seed=0)
    (equation,) = inside.unit(network, x, "softmax1", [7])["forward"]
    assert equation["places"] == [[k] for k in range(64)]


@pytest.mark.parametrize("case", LAYERS, ids=[case.id for case in LAYERS])
def test_every_unit_of_every_layer_has_its_numbers(case: LayerCase) -> None:
    """Each output of a layer of each kind, with the network around it, and all of it fit for JSON."""
    network = gn.Network([case.layer, gn.Flatten(), gn.Dense(3)], input_shape=case.input_shape, seed=2)
    x = np.random.default_rng(1).normal(0, 1, case.input_shape)
    layer = network.layers[0]
    outputs = network.copy(dtype=np.float64).trace(x[None])
    for index in list(np.ndindex(*layer.output_shape))[:30]:
        seen = inside.unit(network, x, layer.name, index, 1)
        np.testing.assert_allclose(seen["y"], outputs[0][0][index], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(seen["forward"][0]["value"], seen["y"], rtol=1e-6, atol=1e-9)
        assert seen["weights"].shape == case.input_shape
        json.dumps(seen, default=np.ndarray.tolist, allow_nan=False)
    for index in list(np.ndindex(*case.input_shape))[:30]:
        seen = inside.unit(network, x, "input", index, 1)
        np.testing.assert_allclose(seen["dy_from"]["equation"]["value"], seen["dy"], rtol=1e-6, atol=1e-9)


# The code beside the numbers


def test_the_source_is_the_code_that_ran(network: gn.Network, x: np.ndarray) -> None:
    package = Path(gn.__file__).parent
    for layer in network.layers:
        source = inside.layer(network, x, layer.name)["source"]
        assert source == inside.unit(network, x, layer.name, middle(layer))["source"]
        for slot in ("forward", "backward"):
            lines = (package / source[slot]["file"]).read_text().splitlines()
            text = source[slot]["text"].splitlines()
            there = lines[source[slot]["line"] - 1 :][: len(text)]
            assert [line.strip() for line in there] == [line.strip() for line in text]
        assert source["forward"]["text"].startswith("def forward(self, x: Array")
        assert source["forward"]["line"] == inspect.getsourcelines(type(layer).forward)[1]
    dense = inside.layer(network, x, network.layers[-1].name)["source"]
    if isinstance(network.layers[-1], gn.Dense):
        assert dense["backward"]["file"] == "nn/dense.py"
        assert "dW" in dense["backward"]["text"]  # backward_parameters stands under it
        assert "multiply_output" not in dense["backward"]["text"]
    norms = [layer.name for layer in network.layers if isinstance(layer, gn.BatchNorm)]
    for name in norms:  # in prediction it is an affine map
        assert inside.layer(network, x, name)["source"]["backward"]["file"] == "explanation/backward.py"


# What is left out, what is refused, what stays


def test_large_arrays_are_left_out_and_named(x: np.ndarray) -> None:
    layers = [gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(400), gn.ReLU(), gn.Dense(10)]
    network = gn.Network(layers, input_shape=(28, 28))
    seen = inside.layer(network, x, "dense1", LABEL)
    assert seen["left_out"] == ["W"]
    assert seen["parameters"]["W"] is seen["gradients"]["W"] is seen["updates"]["W"] is None
    assert seen["parameters"]["b"].shape == seen["gradients"]["b"].shape == (400,)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda n, x: inside.unit(n, x, "dens1", [0]),
            "expected the name of a layer, got 'dens1'; did you mean 'dense1'",
        ),
        (lambda n, x: inside.layer(n, x, ["dense1"]), r"expected the name of a layer, got \['dense1'\]"),
        (lambda n, x: inside.unit(n, x, "dense1", [12]), r"dense1: expected an index from \[0\] to \[11\], got \[12\]"),
        (lambda n, x: inside.unit(n, x, "dense1", [-1]), r"dense1: expected an index from \[0\] to \[11\], got \[-1\]"),
        (lambda n, x: inside.unit(n, x, "dense1", [1, 2]), r"to \[11\], got \[1, 2\]"),
        (lambda n, x: inside.unit(n, x, "dense1", [1.0]), r"to \[11\], got \[1.0\]"),
        (lambda n, x: inside.unit(n, x, "dense1", [True]), r"to \[11\], got \[True\]"),
        (lambda n, x: inside.unit(n, x, "dense1", "1"), r"to \[11\], got '1'"),
        (lambda n, x: inside.unit(n, x, "dense1", None), r"to \[11\], got None"),
        (lambda n, x: inside.unit(n, x, "input", [28, 0]), r"input: expected an index from \[0,0\] to \[27,27\]"),
        (lambda n, x: inside.unit(n, x, "input", [1]), r"input: expected an index from \[0,0\] to \[27,27\]"),
        (lambda n, x: inside.unit(n, x, "input", {}), r"input: expected an index from \[0,0\] to \[27,27\]"),
        (lambda n, x: inside.unit(n, x, "dense1", [1], 10), "labels must be 0 to 9"),
        (lambda n, x: inside.layers(n, x, -1), "labels must be 0 to 9"),
        (lambda n, x: inside.layers(n, x, "3"), "expected integer labels"),
        (lambda n, x: inside.layers(n, x, [[1], [2, 3]]), "expected one label"),
        (lambda n, x: inside.layers(n, x[:5]), "784 values"),
        (lambda n, x: inside.unit(n, x, "dense1", [1], 1, lr=0), "lr must be a number above 0, got 0"),
        (lambda n, x: inside.layer(n, x, "dense1", 1, lr="1"), "lr must be a number above 0, got '1'"),
        (lambda n, x: inside.layer(n, x, "dense1", 1, lr=float("nan")), "lr must be a number above 0, got nan"),
    ],
)
def test_bad_input_gets_one_line(ask: Callable[[gn.Network, np.ndarray], Any], message: str, x: np.ndarray) -> None:
    with pytest.raises(gn.InputError, match=message) as caught:
        ask(made("dense"), x)
    assert "\n" not in str(caught.value)


def test_a_network_that_has_diverged_is_refused(x: np.ndarray) -> None:
    network = made("dense")
    network.theta[:] = np.nan
    for ask in (inside.layers, inside.speaks):
        with pytest.raises(gn.InputError, match="finite"):
            ask(network, x)


def test_the_network_stays_as_it_is(network: gn.Network, x: np.ndarray) -> None:
    before = [array.copy() for array in (network.theta, network.grad, network.buffers, x)]
    inside.layers(network, x)
    inside.layers(network, x, LABEL)
    inside.speaks(network, x)
    for layer in network.layers:
        inside.layer(network, x, layer.name, LABEL)
        inside.unit(network, x, layer.name, middle(layer), LABEL)
    for was, now in zip(before, (network.theta, network.grad, network.buffers, x), strict=True):
        np.testing.assert_array_equal(was, now)
    assert all(layer.saved is None and not layer.spaces for layer in network.layers)


def test_many_threads_look_at_one_network(network: gn.Network, x: np.ndarray) -> None:
    pictures = [x, x[::-1].copy(), x.T.copy(), 255 - x]

    def look(picture: np.ndarray) -> list[Any]:
        name = network.layers[-1].name
        index = middle(network.layers[-1])
        return [inside.layers(network, picture)["logits"], inside.unit(network, picture, name, index, LABEL)["update"]]

    alone = [look(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as threads:
        for _ in range(3):
            for mine, expected in zip(threads.map(look, pictures), alone, strict=True):
                np.testing.assert_array_equal(mine[0], expected[0])
                np.testing.assert_array_equal(mine[1], expected[1])
