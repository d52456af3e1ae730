"""PyTorch's state_dicts, out and in: what PyTorch computed once, and where it is installed, PyTorch itself."""

import json
import os
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

import glassnet as gn
from cases import LAYERS, NETWORKS, Doubled, LayerCase, examples_for, network_named, network_of, shaken
from glassnet.nn.settings import from_table

GOLDEN: list[dict[str, Any]] = json.loads((Path(__file__).parent.parent / "golden.json").read_text())["networks"]


def golden_network(entry: dict[str, Any], *, dtype: type = np.float64, seed: int | None = 1) -> gn.Network:
    layers = [from_table(gn.Layer, table, "golden") for table in entry["layers"]]
    return gn.Network(layers, input_shape=entry["input_shape"], dtype=dtype, seed=seed)


def state_of(entry: dict[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.array(values) for name, values in entry["state"].items()}


def close(found: np.ndarray, expected: Any, tolerance: float) -> None:
    """To so much of the largest number."""
    expected = np.asarray(expected, np.float64)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= tolerance * np.abs(expected).max()


golden = pytest.mark.parametrize("entry", GOLDEN, ids=["dense", "images", "strides"])


@golden
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-10), (np.float32, 1e-5)])  # as in test_golden.py
def test_in_predicts_what_pytorch_did(entry: dict[str, Any], dtype: type, tolerance: float, tmp_path: Path) -> None:
    safetensors.numpy.save_file(state_of(entry), tmp_path / "state.safetensors")
    network = golden_network(entry, dtype=dtype)
    gn.import_torch(network, tmp_path / "state.safetensors")
    close(network.logits(np.array(entry["x"])), entry["y"], tolerance)


@golden
def test_in_and_out_again_is_the_same_state(entry: dict[str, Any], tmp_path: Path) -> None:
    safetensors.numpy.save_file(state_of(entry), tmp_path / "state.safetensors")
    network = golden_network(entry)
    gn.import_torch(network, tmp_path / "state.safetensors")
    gn.export_torch(network, tmp_path / "again.safetensors")
    again = safetensors.numpy.load_file(tmp_path / "again.safetensors")
    state = state_of(entry)
    counters = {name.replace("running_var", "num_batches_tracked") for name in state if "running_var" in name}
    assert again.keys() == state.keys() | counters
    for name, tensor in state.items():
        np.testing.assert_array_equal(again[name], tensor)
    assert all(again[name] == 0 and again[name].dtype == np.int64 and again[name].shape == () for name in counters)


@golden
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_out_and_in_again_is_the_same_network(entry: dict[str, Any], dtype: type, tmp_path: Path) -> None:
    network, other = golden_network(entry, dtype=dtype, seed=1), golden_network(entry, dtype=dtype, seed=2)
    network.buffers[...] = np.random.default_rng(0).uniform(0.5, 2, len(network.buffers))
    gn.export_torch(network, tmp_path / "state.safetensors")
    gn.import_torch(other, tmp_path / "state.safetensors")
    np.testing.assert_array_equal(other.theta, network.theta)
    x = np.array(entry["x"])
    np.testing.assert_array_equal(other.logits(x), network.logits(x))


def test_what_standardize_got_is_not_measured_anew(tmp_path: Path) -> None:
    safetensors.numpy.save_file(state_of(GOLDEN[0]), tmp_path / "state.safetensors")
    network = golden_network(GOLDEN[0])
    gn.import_torch(network, tmp_path / "state.safetensors")
    before = network.buffers.copy()
    network.adapt(np.random.default_rng(0).standard_normal((20, 5)))
    np.testing.assert_array_equal(network.buffers, before)


def test_no_variance_is_negative(tmp_path: Path) -> None:
    network, path = gn.Network([gn.BatchNorm()], input_shape=2), tmp_path / "state.safetensors"
    network.layers[0].variance[...] = [1, -1]
    before = network.theta.copy()
    gn.export_torch(network, path)
    with pytest.raises(gn.ModelFileError, match=r"batchnorm1.running_var holds a negative number"):
        gn.import_torch(network, path)
    np.testing.assert_array_equal(network.theta, before)


def test_what_has_no_form_in_pytorch(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    with pytest.raises(gn.InputError, match="layer doubled1: Doubled has no PyTorch form; only layers of glassnet"):
        gn.export_torch(gn.Network([gn.Dense(2), Doubled()], input_shape=3), path)
    network = gn.Network([gn.Conv2D(2, 1), gn.Reshape((2, 9)), gn.Flatten(), gn.Dense(2)], input_shape=(3, 3, 1))
    with pytest.raises(gn.InputError, match="layer reshape1: images that are reshaped by a layer other than Flatten"):
        gn.export_torch(network, path)
    network = gn.Network([gn.Dense(2)], input_shape=3)
    network.theta[0] = np.inf
    with pytest.raises(gn.ModelFileError, match=r"state\.safetensors: not written, because dense1\.weight holds NaN"):
        gn.export_torch(network, path)
    with pytest.raises(gn.ModelFileError, match=r"nowhere.x: cannot be written: No such file"):
        gn.export_torch(gn.Network([gn.Dense(2)], input_shape=3), tmp_path / "nowhere" / "x")
    assert list(tmp_path.iterdir()) == []


def test_the_same_network_gives_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    script = "import glassnet as gn; gn.export_torch(gn.load_pretrained('classic'), 'again')"
    gn.export_torch(gn.load_pretrained("classic"), tmp_path / "state")
    for hash_seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True)
        assert (tmp_path / "again").read_bytes() == (tmp_path / "state").read_bytes()


# With PyTorch itself, for it says what a state_dict is.


def module_of(layer: gn.Layer) -> Any:
    """What computes the same as a layer in PyTorch, on images N C H W."""
    import torch
    from torch import nn

    class Function(nn.Module):
        """Of x and its buffers: what PyTorch has no module for."""

        def __init__(self, function: Callable[..., Any], **buffers: Any) -> None:
            super().__init__()
            self.function = function
            for name, values in buffers.items():
                self.register_buffer(name, values)

        def forward(self, x: Any) -> Any:
            return self.function(x, *self.buffers())

    shape, C, to = layer.input_shape, layer.input_shape[-1], layer.output_shape
    ones = torch.ones((C, *shape[:-1]) if len(shape) == 3 else shape)
    make: dict[type, Callable[[], Any]] = {
        gn.Dense: lambda: nn.Linear(C, layer.units),
        gn.Conv2D: lambda: nn.Conv2d(C, layer.filters, layer.kernel_size, layer.stride),
        gn.BatchNorm: lambda: (nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d)(C, eps=layer.epsilon),
        gn.Standardize: lambda: Function(lambda x, mean, factor: (x - mean) * factor, mean=ones, factor=ones.clone()),
        gn.Rescale: lambda: Function(lambda x: layer.scale * x),
        gn.Flatten: nn.Flatten,
        gn.Reshape: lambda: Function(lambda x: channels_first(x.reshape(len(x), *to))),
        gn.MaxPool2D: lambda: nn.MaxPool2d(layer.size),
        gn.AveragePool2D: lambda: nn.AvgPool2d(layer.size),
        gn.GlobalAveragePool: lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        gn.Dropout: lambda: nn.Dropout(layer.rate),
        gn.Identity: nn.Identity,
        gn.ReLU: nn.ReLU,
        gn.LeakyReLU: lambda: nn.LeakyReLU(layer.slope),
        gn.Sigmoid: nn.Sigmoid,
        gn.Tanh: nn.Tanh,
        gn.ELU: lambda: nn.ELU(layer.alpha),
        gn.GELU: lambda: nn.GELU(approximate="tanh"),
        gn.SiLU: nn.SiLU,
        gn.Softplus: nn.Softplus,
        gn.Softmax: lambda: nn.Softmax(dim=1 if len(shape) == 3 else -1),
    }
    module = make[type(layer)]()
    if isinstance(layer, gn.Conv2D):
        (top, bottom), (left, right) = (layer.margins(side) for side in shape[:2])
        module.register_forward_pre_hook(lambda _, x: nn.functional.pad(x[0], (left, right, top, bottom)))
    return module


def channels_first(x: Any) -> Any:
    return x.permute(0, 3, 1, 2) if x.ndim == 4 else x


def twin(network: gn.Network) -> Any:
    """The same architecture in PyTorch, with parameters of its own."""
    import torch

    modules = OrderedDict((layer.name, module_of(layer)) for layer in network.layers)
    return torch.nn.Sequential(modules).to(torch.float64 if network.dtype == np.float64 else torch.float32).eval()


def logits_of(module: Any, x: np.ndarray) -> np.ndarray:
    """What PyTorch makes of N H W C, in that order."""
    import torch

    with torch.no_grad():
        y = module(channels_first(torch.tensor(x)))
    return (y.permute(0, 2, 3, 1) if y.ndim == 4 else y).numpy()


def randomize(module: Any) -> None:
    """Other parameters and buffers, above 0 where a variance must be."""
    import torch

    rng = np.random.default_rng(0)
    for name, tensor in module.state_dict().items():
        values = rng.standard_normal(tensor.shape)
        if tensor.ndim:
            tensor.copy_(torch.tensor(np.abs(values) + 0.5 if name.endswith("running_var") else values))


def there_and_back(network: gn.Network, x: np.ndarray, path: Path) -> None:
    """A network and its twin predict the same, the twin filled from the network, and the network from the twin."""
    from safetensors import torch as files

    x = x.astype(network.dtype)
    tolerance = 1e-10 if network.dtype == np.float64 else 1e-5
    module = twin(network)
    gn.export_torch(network, path)
    module.load_state_dict(files.load_file(path), strict=True)
    close(logits_of(module, x), network.logits(x), tolerance)
    randomize(module)
    files.save_file(module.state_dict(), path)
    gn.import_torch(network, path)
    close(network.logits(x), logits_of(module, x), tolerance)


both = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@both
@pytest.mark.parametrize("case", LAYERS, ids=lambda case: case.id)
def test_every_layer_there_and_back(case: LayerCase, dtype: type, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="compared with PyTorch, which needs the extra 'bench'")
    alone = network_of(case, dtype=dtype)
    dense = [gn.Dense(2)] if len(alone.output_shape) == 1 else []  # the order of flat images is seen behind it
    network = shaken(gn.Network([case.layer, *dense], input_shape=case.input_shape, dtype=dtype))
    there_and_back(network, examples_for(case, 3), tmp_path / "state.safetensors")


@both
@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "back and forth"])  # which reshapes images
def test_networks_there_and_back(name: str, dtype: type, tmp_path: Path, rng: np.random.Generator) -> None:
    pytest.importorskip("torch", reason="compared with PyTorch, which needs the extra 'bench'")
    network = shaken(network_named(name, dtype=dtype))
    there_and_back(network, rng.standard_normal((3, *network.input_shape)), tmp_path / "state.safetensors")
