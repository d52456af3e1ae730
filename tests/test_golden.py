"""glassnet computes what PyTorch computes: the golden values of tools/golden.py."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn.init import Initializer
from glassnet.nn.settings import final_classes, from_table
from glassnet.nn.stream import random_stream

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden.json").read_text(encoding="utf-8"))

# The file has twelve digits, and float64 is good to sixteen: what is lost on the way is less than 1e-10 of the largest
# number. In float32, with seven digits, sums of a few dozen terms are good to 1e-5.
PRECISIONS = [(np.float64, 1e-10), (np.float32, 1e-5)]
both = pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS, ids=["float64", "float32"])


def entries(part: str) -> Any:
    return pytest.mark.parametrize(
        "entry", GOLDEN[part], ids=[f"{e.get('type', 'Clip')}-{e.get('settings', '')}" for e in GOLDEN[part]]
    )


def part_of(kind: type, entry: dict[str, Any]) -> Any:
    return from_table(kind, {"type": entry["type"], **entry["settings"]}, "golden")


def close(found: Any, expected: Any, tolerance: float) -> None:
    found, expected = np.asarray(found), np.asarray(expected, np.float64)
    assert found.shape == expected.shape
    scale = max(float(np.abs(expected).max(initial=0)), 1e-3)
    assert np.abs(found - expected).max(initial=0) <= tolerance * scale


@entries("layers")
@both
def test_layer(entry: dict[str, Any], dtype: type, tolerance: float) -> None:
    x, dy = (np.array(entry[name], dtype) for name in ("x", "dy"))
    network = gn.Network([part_of(gn.Layer, entry)], input_shape=x.shape[1:], dtype=dtype)
    layer = network.layers[0]
    if isinstance(layer, gn.Standardize):
        network.adapt(np.random.default_rng(99).standard_normal((20, *x.shape[1:])))
    assert set(entry["parameters"]) == set(layer.parameters())
    for name, values in entry["parameters"].items():
        getattr(layer, name)[...] = values
    if not isinstance(layer, gn.BatchNorm):  # whose prediction has golden values of its own
        close(layer.forward(x), entry["y"], tolerance)
    close(layer.forward(x, training=True), entry["y"], tolerance)
    close(layer.backward(dy), entry["dx"], tolerance)
    for name, gradient in entry["gradients"].items():
        close(getattr(layer, f"d{name}"), gradient, tolerance)


@pytest.mark.parametrize("entry", GOLDEN["running_statistics"], ids=["dense", "images"])
@both
def test_running_statistics(entry: dict[str, Any], dtype: type, tolerance: float) -> None:
    batches = [np.array(batch, dtype) for batch in entry["batches"]]
    network = gn.Network([gn.BatchNorm(momentum=0.9)], input_shape=batches[0].shape[1:], dtype=dtype)
    layer = network.layers[0]
    layer.gamma[...], layer.beta[...] = entry["gamma"], entry["beta"]
    for batch in batches:
        network.forward(batch, training=True)
        network.update_buffers()
    close(layer.mean, entry["mean"], tolerance)
    close(layer.variance, entry["variance"], tolerance)
    close(network.forward(batches[0]), entry["y"], tolerance)


@entries("losses")
@both
def test_loss(entry: dict[str, Any], dtype: type, tolerance: float) -> None:
    loss, z = part_of(gn.Loss, entry), np.array(entry["z"], dtype)
    targets = np.array(entry["targets"])
    weights = None if entry["weights"] is None else np.array(entry["weights"], dtype)
    value, prediction = loss.forward(z, targets, weights=weights)
    close(value, entry["value"], tolerance)
    close(loss.backward(prediction, targets, weights=weights), entry["dz"], tolerance)


@entries("optimizers")
@both
def test_ten_steps_of_an_optimizer(entry: dict[str, Any], dtype: type, tolerance: float) -> None:
    """To far less than a hundredth of the smallest step: the bound of a step is relative to theta's change."""
    optimizer, theta = part_of(gn.Optimizer, entry), np.array(entry["theta"], dtype)
    state, before = optimizer.start(theta), np.array(entry["theta"])
    for step, (gradient, after) in enumerate(zip(entry["gradients"], entry["path"], strict=True)):
        optimizer.update(theta, np.array(gradient, dtype), state, lr=optimizer.lr, step=step)
        change = np.abs(np.array(after) - before).max()
        assert np.abs(theta - after).max() <= min(100 * tolerance, 1e-2) * change
        before = np.array(after)
    assert step == 9


@entries("clipping")
def test_clipping(entry: dict[str, Any]) -> None:
    clip, g = gn.Clip(**entry["settings"]), np.array(entry["gradient"])
    clip.entries(g)
    norm = float(np.linalg.norm(g))
    g *= clip.factor(norm)
    close(g, entry["clipped"], 1.001e-6 / norm)  # PyTorch adds 1e-6 to the norm before it divides


@entries("schedules")
def test_schedule(entry: dict[str, Any]) -> None:
    schedule, steps = part_of(gn.Schedule, entry), len(entry["factors"])
    close([schedule.factor(step, steps) for step in range(steps)], entry["factors"], 1e-10)


@entries("initializers")
def test_moments_of_an_initialiser(entry: dict[str, Any]) -> None:
    """Two samples of 240,000: their means and deviations differ by less than seven standard errors."""
    init, (D, M) = part_of(Initializer, entry), entry["shape"]
    W = init.draw((D, M), D, M, random_stream(1, "weights", 0, 0))
    error = 7 * max(entry["std"], 1e-12) * np.sqrt(2 / W.size)
    assert abs(W.mean() - entry["mean"]) <= error
    assert abs(W.std() - entry["std"]) <= error
    # The largest of so many normal numbers lies between 4 and 6 deviations; a bound of a uniform one is met closely.
    assert np.abs(W).max() == pytest.approx(entry["largest"], rel=0.3 if "ormal" in entry["type"] else 1e-2) or (
        entry["type"] == "Orthogonal"
    )


def test_orthogonal_weights_are_orthogonal() -> None:
    for shape in ((6, 4), (4, 6)):
        W = gn.Orthogonal(gain=2.0).draw(shape, *shape, random_stream(1, "weights", 0, 0))
        small = W.T @ W if shape[0] > shape[1] else W @ W.T
        np.testing.assert_allclose(small, 4 * np.eye(4), atol=1e-12)


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        (gn.Layer, "layers"),
        (gn.Loss, "losses"),
        (gn.Optimizer, "optimizers"),
        (gn.Schedule, "schedules"),
        (Initializer, "initializers"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_class_has_golden_values(kind: type, part: str) -> None:
    ours = {name for name, cls in final_classes(kind).items() if cls.__module__.startswith("glassnet.nn.")}
    assert ours == {entry["type"] for entry in GOLDEN[part]}
