"""State_dicts of other people: matched with the layers, or refused in one line, and nothing is changed then."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

import glassnet as gn


def renamed(state: dict[str, np.ndarray], name: Callable[[str], str]) -> dict[str, np.ndarray]:
    """The same tensors under other names of their layers."""
    return {
        ".".join(filter(None, (name(full.rpartition(".")[0]), full.split(".")[-1]))): t for full, t in state.items()
    }


def images(seed: int) -> gn.Network:
    layers = [
        gn.Standardize(),
        gn.Conv2D(3, 2, padding="same"),
        gn.BatchNorm(),
        gn.ReLU(),
        gn.Conv2D(2, 2),
        gn.Flatten(),
        gn.BatchNorm(),
        gn.Dense(3),
    ]
    network = gn.Network(layers, input_shape=(4, 5, 2), seed=seed)
    network.buffers[...] = np.random.default_rng(seed).uniform(0.5, 2, len(network.buffers))
    return network


NAMES = {
    "module": ["module.standardize1", "module.conv2d1", "module.conv2d2", "module.batchnorm1", "module.batchnorm2"],
    "sequential": ["0", "1", "4", "2", "6"],
    "nine before ten": ["scale", "conv9", "conv10", "bn9", "bn10"],
    "nested": ["norm", "features.2.conv", "features.11.conv", "features.3.bn", "head.bn"],
}


@pytest.mark.parametrize("names", NAMES)
def test_layers_with_other_names(names: str, tmp_path: Path) -> None:
    ours = ["standardize1", "conv2d1", "conv2d2", "batchnorm1", "batchnorm2"]
    theirs = dict(zip(ours, NAMES[names], strict=True)) | {"dense1": "7"}
    network, other = images(seed=1), images(seed=2)
    gn.export_torch(network, tmp_path / "state.safetensors")
    state = safetensors.numpy.load_file(tmp_path / "state.safetensors")
    safetensors.numpy.save_file(renamed(state, theirs.__getitem__), tmp_path / "state.safetensors")
    gn.import_torch(other, tmp_path / "state.safetensors")
    np.testing.assert_array_equal(other.theta, network.theta)
    x = np.random.default_rng(0).standard_normal((3, 4, 5, 2))
    np.testing.assert_array_equal(other.logits(x), network.logits(x))


def test_a_layer_without_a_name(tmp_path: Path) -> None:
    safetensors.numpy.save_file({"weight": np.array([[1.0, 2]]), "bias": np.array([3.0])}, tmp_path / "s.safetensors")
    network = gn.Network([gn.Dense(1)], input_shape=2)
    gn.import_torch(network, tmp_path / "s.safetensors")
    np.testing.assert_array_equal(network.logits(np.array([[10.0, 100]])), [[213]])


def without(name: str) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
    return lambda state: {key: tensor for key, tensor in state.items() if key != name}


def deep(units: int = 3) -> gn.Network:
    layers = [gn.Standardize(), gn.Dense(3), gn.BatchNorm(), gn.ReLU(), gn.Dense(3), gn.ReLU(), gn.Dense(units)]
    return gn.Network(layers, input_shape=3, seed=4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("dense2.bias"), "the tensors do not fit the network: dense2.bias is missing"),
        (
            lambda s: without("dense2.bias")(without("dense2.weight")(s)),
            "the tensors do not fit the network: dense2.bias is missing; dense2.weight is missing",
        ),
        (
            lambda s: {},
            "standardize1.factor is missing; standardize1.mean is missing; dense1.bias is missing; and 9 more",
        ),
        (lambda s: s | {"dense2.scale": np.ones(3)}, "dense2 has no use for dense2.scale"),
        (lambda s: s | {"dense2.weight": np.ones((3, 4))}, r"dense2.weight is \(3, 4\), dense2 needs \(3, 3\)"),
        (
            lambda s: s | {"dense2.bias": np.ones(3, np.int32)},
            "dense2.bias is I32, expected floats of 16, 32 or 64 bits",
        ),
        (
            lambda s: s | {"dense2.bias": np.array([1, np.nan, 0])},
            "tensor for dense2.bias holds NaN, infinity or too",
        ),
        (
            lambda s: s | {"dense2.bias": np.array([1, 1e300, 0])},
            "tensor for dense2.bias holds NaN, infinity or too",
        ),
        (
            lambda s: s | {"a\nb.weight": np.ones(3)},
            r"expected names such as .*, but one is 'a\\nb.weight'",
        ),
        (lambda s: s | {9 * 1000 * "1": np.ones(3)}, "expected names such as model.fc1.weight, but one is '1{40}'"),
        (
            lambda s: s | {"dense4.weight": np.ones((3, 3))},
            r"the network has 3 layers \(dense1, dense2, dense3\) with a weight of 2 axes, but the file has 4 layers "
            r"\(dense1, dense2, dense3, ...\)",
        ),
        (
            lambda s: s | {"conv.weight": np.ones((3, 3, 1, 1))},
            r"the network has no layer with a weight of 4 axes, but the file has 1 layers \(conv\)",
        ),
        (
            lambda s: renamed(s, lambda name: {"dense1": "first", "dense2": "middle"}.get(name, name)),
            "dense3 and first have the same shapes, and their names do not say which comes first: name them as the "
            "network does, such as dense1",
        ),
        (
            lambda s: renamed(without("dense3.bias")(s), lambda name: f"net.{name}"),
            "the tensors do not fit the network: net.dense3.bias is missing",
        ),
    ],
)
def test_what_does_not_fit_changes_nothing(change: Callable[..., Any], message: str, tmp_path: Path) -> None:
    gn.export_torch(deep(), tmp_path / "state.safetensors")
    state = safetensors.numpy.load_file(tmp_path / "state.safetensors")
    safetensors.numpy.save_file(change(state), tmp_path / "changed.safetensors")
    network = deep()
    network.theta[...], network.buffers[...] = 7, 8
    with pytest.raises(gn.ModelFileError, match=rf"changed\.safetensors: .*{message}") as caught:
        gn.import_torch(network, tmp_path / "changed.safetensors")
    assert "\n" not in str(caught.value)
    assert (network.theta == 7).all()
    assert (network.buffers == 8).all()


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (
            b"PK\x03\x04 and a pickle",
            r"is a pickle, .*, so it is not opened; convert it .*save_file\(",
        ),
        (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9", "is a pickle, which could run code"),
        (b"", "the file is another kind or truncated"),
        (b"\x10\0\0\0\0\0\0\0{", "the file is another kind or truncated"),
        (None, "it does not exist"),
    ],
)
def test_files_that_are_no_state_dict(contents: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    if contents is not None:
        path.write_bytes(contents)
    with pytest.raises(
        gn.ModelFileError, match=rf"model\.pt: expected a state_dict of PyTorch \(safetensors\).*{message}"
    ):
        gn.import_torch(deep(), path)


def test_models_of_glassnet_and_folders_are_no_state_dict(tmp_path: Path) -> None:
    gn.save_network(deep(), tmp_path / "net.safetensors")
    with pytest.raises(gn.ModelFileError, match="but it is a model of glassnet: load_network reads it"):
        gn.import_torch(deep(), tmp_path / "net.safetensors")
    with pytest.raises(gn.ModelFileError, match="but it is a folder"):
        gn.import_torch(deep(), tmp_path)
    gn.export_torch(deep(), tmp_path / "state.safetensors")
    with pytest.raises(gn.ModelFileError, match="this safetensors file holds no glassnet model"):
        gn.load_network(tmp_path / "state.safetensors")


def test_files_of_torch_save_are_not_opened(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="made by PyTorch, which needs the extra 'bench'")
    for name, new in (("new.pt", True), ("old.pt", False)):
        torch.save({"dense1.weight": torch.ones(2, 3)}, tmp_path / name, _use_new_zipfile_serialization=new)
        with pytest.raises(gn.ModelFileError, match="is a pickle, which could run code, so it is not opened"):
            gn.import_torch(deep(), tmp_path / name)


def test_numbers_of_bfloat16_are_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="made by PyTorch, which needs the extra 'bench'")
    from safetensors import torch as files

    files.save_file({"weight": torch.ones(2, 3, dtype=torch.bfloat16), "bias": torch.ones(2)}, tmp_path / "state")
    with pytest.raises(gn.ModelFileError, match="state: weight is BF16, expected floats of 16, 32 or 64 bits"):
        gn.import_torch(gn.Network([gn.Dense(2)], input_shape=3), tmp_path / "state")
