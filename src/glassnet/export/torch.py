"""Writes the parameters of a network as a state_dict of PyTorch in a safetensors file, and reads them back.

The state_dict fits an nn.Sequential whose entries have the names of the layers. PyTorch transposes weights, and has the
channels of an image first. So each tensor is described by an array of indices into the network's vector of numbers.
Writing is `tensor = numbers[indices]`, and reading is `numbers[indices] = tensor`.
"""

import math
from functools import singledispatch
from pathlib import Path

import numpy as np

from glassnet.export.statedict import COUNTER, Tensors, read_tensors
from glassnet.modelfile import ModelFileError, check_network
from glassnet.nn.activations import Identity, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from glassnet.nn.array import Array, Shape
from glassnet.nn.conv import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.dropout import Dropout
from glassnet.nn.errors import InputError, require
from glassnet.nn.layer import Layer
from glassnet.nn.network import Network
from glassnet.nn.norm import BatchNorm
from glassnet.nn.pool import AveragePool2D, GlobalAveragePool, MaxPool2D
from glassnet.nn.rectifiers import ELU, GELU, SiLU, Softplus
from glassnet.nn.reshape import Flatten, Rescale, Reshape, Standardize
from glassnet.wholefile import write_whole

ACTIVATIONS = (Identity, ReLU, LeakyReLU, Sigmoid, Tanh, Softmax, ELU, GELU, SiLU, Softplus)


def export_torch(network: Network, path: str | Path) -> None:
    """Write the parameters and buffers of a network as a state_dict of PyTorch. The same network gives the same bytes.

    Dense        weight (M, D), bias (M,)
    Conv2D       weight (F, C, K, K), bias (F,)
    BatchNorm    weight, bias, running_mean, running_var (C,), num_batches_tracked ()
    Standardize  mean, factor, in the shape of one example: y = (x - mean) factor

    The name of the layer comes first: `dense1.weight`. Images are N C H W in PyTorch, so after Flatten the values of an
    image have another order. The weights of the following layers are written in that order.

    Args:
        path: usually ends in .safetensors; safetensors.torch.load_file reads it.

    Raises:
        InputError: a layer of your own, or reshaped images, which have no PyTorch form.
        ModelFileError: the file cannot be written; parameters are not finite.
    """
    import safetensors.numpy

    check_network(network)
    numbers = np.concatenate([network.theta, network.buffers])
    tensors = {}
    for layer, indices in _indices(network).items():
        for name, index in indices.items():
            tensors[f"{layer}.{name}"] = np.ascontiguousarray(numbers[index])
            if not np.isfinite(tensors[f"{layer}.{name}"]).all():
                raise ModelFileError(f"{path}: not written, because {layer}.{name} holds NaN or infinity")
        if "running_var" in indices:
            tensors[f"{layer}.{COUNTER}"] = np.array(0, np.int64)
    try:
        write_whole(path, safetensors.numpy.save(tensors, {"format": "pt"}))
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be written: {error.strerror or error}") from None


def import_torch(network: Network, path: str | Path) -> None:
    """Fill a network with a state_dict of PyTorch from a safetensors file, as `export_torch` writes it.

    If the layers have other names in the file, such as `0` or `model.fc1`, they are matched in natural order (fc2
    before fc10) among the layers whose `weight` has the same number of axes. Settings that are not tensors, such as the
    epsilon of a BatchNorm, are not in the file: the network must have the same.

    Raises:
        ModelFileError: no such file, not a safetensors file, or tensors that are missing, belong to no layer, have
            another shape, or are not finite. The network is then unchanged.
        InputError: as export_torch.
    """
    needed = _indices(network)
    shapes = {layer: {name: i.shape for name, i in indices.items()} for layer, indices in needed.items()}
    tensors = read_tensors(path, shapes)
    numbers = np.concatenate([network.theta, network.buffers])
    for layer, indices in needed.items():
        for name, index in indices.items():
            with np.errstate(over="ignore"):
                numbers[index] = tensors[layer][name]
            if not np.isfinite(numbers[index]).all():
                raise ModelFileError(f"{path}: the tensor for {layer}.{name} holds NaN, infinity or too large numbers")
            if name == "running_var" and (numbers[index] < 0).any():
                raise ModelFileError(f"{path}: the tensor for {layer}.{name} holds a negative number, not a variance")
    network.theta[...], network.buffers[...] = np.split(numbers, [len(network.theta)])
    for part in network.layers:
        if isinstance(part, Standardize):
            part.seen[...] = np.maximum(part.seen, 1)  # so that `fit` keeps these values and does not measure again


def _indices(network: Network) -> Tensors:
    """For each tensor the indices of its numbers in theta followed by the buffers, in the shape of the tensor.

    Raises:
        InputError: as export_torch.
    """
    places: list[dict[str, Array]] = [{} for _ in network.layers]
    for segments, start in ((network.segments, 0), (network.buffer_segments, len(network.theta))):
        for segment in segments:
            span = np.arange(start + segment.start, start + segment.stop)
            places[segment.layer][segment.name] = span.reshape(segment.declared.shape)
    indices: Tensors = {}
    order = _order_of(network.input_shape)
    for layer, place in zip(network.layers, places, strict=True):
        if place:
            indices[layer.name] = _indices_of(layer, place, order)
        order = _order_after(layer, order)
    return indices


@singledispatch
def _indices_of(layer: Layer, place: dict[str, Array], order: Array) -> dict[str, Array]:
    """The indices for one layer, from those of its arrays; `order` is the order of its input values in PyTorch."""
    raise _formless(layer)


@_indices_of.register
def _(layer: Dense, place: dict[str, Array], order: Array) -> dict[str, Array]:
    return {"weight": place["W"][order].T, "bias": place["b"]}


@_indices_of.register
def _(layer: Conv2D, place: dict[str, Array], order: Array) -> dict[str, Array]:
    return {"weight": place["W"].transpose(3, 2, 0, 1), "bias": place["b"]}


@_indices_of.register
def _(layer: BatchNorm, place: dict[str, Array], order: Array) -> dict[str, Array]:
    features = order if order.ndim == 1 else np.arange(layer.input_shape[-1])
    names = {"weight": "gamma", "bias": "beta", "running_mean": "mean", "running_var": "variance"}
    return {theirs: place[ours][features] for theirs, ours in names.items()}


@_indices_of.register
def _(layer: Standardize, place: dict[str, Array], order: Array) -> dict[str, Array]:
    return {name: place[name].reshape(-1)[order] for name in ("mean", "factor")}


def _order_of(shape: Shape) -> Array:
    """The index in glassnet of each value of an example, in the shape of PyTorch: (C, H, W) for images."""
    order = np.arange(math.prod(shape)).reshape(shape)
    return order.transpose(2, 0, 1) if len(shape) == 3 else order


@singledispatch
def _order_after(layer: Layer, order: Array) -> Array:
    """The order of a layer's output, from the order of its input."""
    raise _formless(layer)


@_order_after.register(Dense)
@_order_after.register(Conv2D)
@_order_after.register(MaxPool2D)
@_order_after.register(AveragePool2D)
@_order_after.register(GlobalAveragePool)
def _(layer: Layer, order: Array) -> Array:
    return _order_of(layer.output_shape)


@_order_after.register
def _(layer: Flatten, order: Array) -> Array:
    return order.reshape(-1)


@_order_after.register
def _(layer: Reshape, order: Array) -> Array:
    if len(layer.shape) == 1:
        return order.reshape(-1)
    same = np.array_equal(order.reshape(-1), np.arange(order.size))
    require(same, f"layer {layer.name}: images that are reshaped by a layer other than Flatten have no PyTorch form")
    return _order_of(layer.shape)


def _same_order(layer: Layer, order: Array) -> Array:
    return order


for kind in (*ACTIVATIONS, Rescale, Standardize, Dropout, BatchNorm):
    _order_after.register(kind, _same_order)


def _formless(layer: Layer) -> InputError:
    return InputError(
        f"layer {layer.name}: {type(layer).__name__} has no PyTorch form; only layers of glassnet have one"
    )
