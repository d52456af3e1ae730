"""Converts a network to a graph of ONNX operations, as plain data.

Each layer becomes the ONNX operation that computes the same, with the layer's name. If ONNX has no such operation,
several operations are combined. Images are N H W C in glassnet and N C H W in ONNX. They are transposed only where a
layer needs the other order, so a sequence of convolutions has one transposition before it and one after it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from glassnet.nn.activations import Identity, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from glassnet.nn.array import Array
from glassnet.nn.conv import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.dropout import Dropout
from glassnet.nn.errors import InputError, require
from glassnet.nn.layer import Layer
from glassnet.nn.norm import BatchNorm
from glassnet.nn.pool import AveragePool2D, GlobalAveragePool, MaxPool2D
from glassnet.nn.rectifiers import ELU, GELU, ROOT, SiLU, Softplus
from glassnet.nn.reshape import Flatten, Rescale, Reshape, Standardize
from glassnet.nn.settings import describe

FLOAT, INT64 = 1, 7  # the numbers of float32 and int64 among the types of ONNX


@dataclass(frozen=True)
class Node:
    """One operation: its name, which is also the name of its result, its inputs, its settings, and its description.

    `unused` are the names of further results, for which there is no use here.
    """

    operation: str
    name: str
    inputs: tuple[str, ...]
    attributes: dict[str, Any]
    doc: str
    unused: tuple[str, ...] = ()


class Graph:
    """Nodes in the order of computation; each `put` continues from the result of the last.

    Attributes:
        opset: the version of the operations.
        nodes, arrays: the operations, and the constants that they use, by name.
        tensor: the name of the last result; `x` at first.
        is_float: True if the last result is float32, False if it is still uint8, like the input, or float64.
        is_wide: True if the last result is float64, as inputs that are made of cells; they stay so until their mean is
            subtracted.
        channels_first: True if the last result has the channels before the other axes of an example, else False.
    """

    def __init__(self, *, is_float: bool, is_wide: bool, opset: int) -> None:
        self.opset = opset
        self.nodes: list[Node] = []
        self.arrays: dict[str, Array] = {}
        self.tensor = "x"
        self.is_float, self.is_wide = is_float, is_wide
        self.channels_first = False
        self.layer: Layer

    def follow(self, layer: Layer) -> None:
        """Append the operations of a layer.

        Raises:
            InputError: the layer has no ONNX form, or its parameters are not finite in float32.
        """
        self.layer = layer
        if not layer.takes_raw:
            self.to_float()
        operations_of(layer, self)

    def put(self, operation: str, *others: str, part: str = "", **attributes: Any) -> None:
        """Append an operation on the last result and others; `part` names an intermediate step of the layer."""
        name = f"{self.layer.name}.{part}" if part else self.layer.name
        self.tensor = self.node(operation, name, self.tensor, *others, doc=describe(self.layer), **attributes)

    def node(
        self, operation: str, name: str, *inputs: str, doc: str, unused: tuple[str, ...] = (), **attributes: Any
    ) -> str:
        """Append an operation with any inputs, and return the name of its result."""
        self.nodes.append(Node(operation, name, inputs, attributes, doc, unused))
        return name

    def array(self, name: str, values: ArrayLike, dtype: DTypeLike = np.float32) -> str:
        """Add a constant of the layer, and return its full name."""
        with np.errstate(over="ignore"):
            array = np.ascontiguousarray(values, dtype).reshape(np.shape(values))  # else a scalar becomes a vector
        full = f"{self.layer.name}.{name}"
        require(
            bool(np.isfinite(array).all()),
            f"{full} holds NaN, infinity or a number beyond float32, so the model is of no use in ONNX",
        )
        self.arrays[full] = array
        return full

    def rename(self, names: Mapping[str, str]) -> None:
        """Give other names to inputs, results and constants."""
        self.nodes = [
            replace(node, name=names.get(node.name, node.name), inputs=tuple(names.get(i, i) for i in node.inputs))
            for node in self.nodes
        ]
        self.arrays = {names.get(name, name): array for name, array in self.arrays.items()}
        self.tensor = names.get(self.tensor, self.tensor)

    def to_float(self) -> None:
        """Convert the last result to float32."""
        if not self.is_float:
            self.put("Cast", part="float32", to=FLOAT)
            self.is_float, self.is_wide = True, False

    def to_channels_first(self) -> None:
        """Transpose the last result, with the shape of the layer's input, to N C H W (or N C, or N C L)."""
        rank = len(self.layer.input_shape)
        if not self.channels_first and rank > 1:
            self.put("Transpose", part="channels_first", perm=[0, rank, *range(1, rank)])
            self.channels_first = True

    def to_channels_last(self, rank: int) -> None:
        """Transpose the last result, examples with `rank` axes, to N H W C, the order of glassnet."""
        if self.channels_first and rank > 1:
            self.put("Transpose", part="channels_last", perm=[0, *range(2, rank + 1), 1])
        self.channels_first = False


@singledispatch
def operations_of(layer: Layer, graph: Graph) -> None:
    """Append the operations of a layer to the graph; there is a function for each kind of layer below.

    Raises:
        InputError: this is not a layer of glassnet.
    """
    raise InputError(f"layer {layer.name}: {type(layer).__name__} has no ONNX form; only layers of glassnet have one")


@operations_of.register
def _(layer: Dense, graph: Graph) -> None:
    graph.put("Gemm", graph.array("W", layer.W), graph.array("b", layer.b))


@operations_of.register
def _(layer: Conv2D, graph: Graph) -> None:
    graph.to_channels_first()
    (top, bottom), (left, right) = (layer.margins(side) for side in layer.input_shape[:2])
    K, s = layer.kernel_size, layer.stride
    W = graph.array("W", layer.W.transpose(3, 2, 0, 1))  # (F, C, K, K)
    graph.put(
        "Conv",
        W,
        graph.array("b", layer.b),
        kernel_shape=[K, K],
        strides=[s, s],
        pads=[top, left, bottom, right],
    )


@operations_of.register
def _(layer: BatchNorm, graph: Graph) -> None:
    graph.to_channels_first()
    arrays = (graph.array(name, getattr(layer, name)) for name in ("gamma", "beta", "mean", "variance"))
    graph.put("BatchNormalization", *arrays, epsilon=layer.epsilon)


@operations_of.register(MaxPool2D)
@operations_of.register(AveragePool2D)
def _(layer: MaxPool2D | AveragePool2D, graph: Graph) -> None:
    graph.to_channels_first()
    s = layer.size
    graph.put(type(layer).__name__.removesuffix("2D"), kernel_shape=[s, s], strides=[s, s])


@operations_of.register
def _(layer: GlobalAveragePool, graph: Graph) -> None:
    axes = [2, 3] if graph.channels_first else [1, 2]
    if graph.opset < 18:
        graph.put("ReduceMean", axes=axes, keepdims=0)
    else:
        graph.put("ReduceMean", graph.array("axes", axes, np.int64), keepdims=0)
    graph.channels_first = False


@operations_of.register
def _(layer: Flatten, graph: Graph) -> None:
    graph.to_channels_last(len(layer.input_shape))
    graph.put("Flatten")


@operations_of.register
def _(layer: Reshape, graph: Graph) -> None:
    graph.to_channels_last(len(layer.input_shape))
    shape = layer.shape
    if len(shape) == 3 and shape[2] == 1:  # with one channel, both orders have the same numbers
        shape, graph.channels_first = (1, *shape[:2]), True
    graph.put("Reshape", graph.array("shape", [0, *shape], np.int64))  # 0 keeps N


@operations_of.register
def _(layer: Rescale, graph: Graph) -> None:
    graph.to_float()
    graph.put("Mul", graph.array("scale", layer.scale))


@operations_of.register
def _(layer: Standardize, graph: Graph) -> None:
    if not graph.is_wide:
        graph.to_float()
    dtype = np.float64 if graph.is_wide else np.float32
    graph.to_channels_last(len(layer.input_shape))
    graph.put("Sub", graph.array("mean", layer.mean, dtype), part="centred")
    graph.put("Mul", graph.array("factor", layer.factor, dtype))


@operations_of.register
def _(layer: Dropout, graph: Graph) -> None:
    pass  # Dropout does nothing in prediction


@operations_of.register
def _(layer: ReLU, graph: Graph) -> None:
    graph.put("Relu")


@operations_of.register(Identity)
@operations_of.register(Sigmoid)
@operations_of.register(Tanh)
@operations_of.register(Softplus)
def _(layer: Layer, graph: Graph) -> None:
    graph.put(type(layer).__name__)  # ONNX has the same names


@operations_of.register
def _(layer: LeakyReLU, graph: Graph) -> None:
    graph.put("LeakyRelu", alpha=layer.slope)


@operations_of.register
def _(layer: ELU, graph: Graph) -> None:
    graph.put("Elu", alpha=layer.alpha)


@operations_of.register
def _(layer: SiLU, graph: Graph) -> None:
    x = graph.tensor
    graph.put("Sigmoid", part="s")
    graph.put("Mul", x)


@operations_of.register
def _(layer: GELU, graph: Graph) -> None:
    x = graph.tensor
    graph.put("Mul", x, part="square")
    graph.put("Mul", graph.array("cubic", 0.044715 * ROOT), part="bend")
    graph.put("Add", graph.array("linear", ROOT), part="slope")
    graph.put("Mul", x, part="u")
    graph.put("Tanh", part="t")
    graph.put("Add", graph.array("one", 1), part="gate")
    graph.put("Mul", x, part="twice")
    graph.put("Mul", graph.array("half", 0.5))


@operations_of.register
def _(layer: Softmax, graph: Graph) -> None:
    graph.put("Softmax", axis=1 if graph.channels_first else -1)
