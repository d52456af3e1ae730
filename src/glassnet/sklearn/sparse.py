"""Sparse inputs: the first layer looks up its examples in a sparse matrix, and multiplies only entries that are not 0.

A network on such a matrix takes row numbers as its input. It shares its parameters with the network that takes the rows
themselves, so training one trains the other.
"""

import copy
from dataclasses import dataclass, field
from typing import Any, ClassVar, final

import numpy as np

from glassnet.nn.array import Array, Shape
from glassnet.nn.dense import Dense, ones
from glassnet.nn.layer import Declared, Layer
from glassnet.nn.network import Network
from glassnet.train.metrics import Examples


@final
@dataclass(eq=False)
class SparseDense(Layer):
    """Weighted sums of the entries of rows of a sparse matrix.

    Forward:   y = X[rows] W + b
    Backward:  dW = X[rows]^T dy      db = sum over the batch of dy

    Shapes: rows (N, 1), X (R, D), W (D, M), b (M,), y (N, M).

    Args:
        units: M.

    Attributes:
        matrix: X, a CSR matrix of SciPy; must be set before the layer is connected.
    """

    takes_raw: ClassVar[bool] = True

    units: int
    matrix: Any = field(init=False, repr=False)

    W: Array = field(init=False, repr=False)
    b: Array = field(init=False, repr=False)
    dW: Array = field(init=False, repr=False)
    db: Array = field(init=False, repr=False)

    def build(self, input_shape: Shape) -> Shape:
        return (self.units,)

    def parameters(self) -> dict[str, Declared]:
        D, M = self.matrix.shape[1], self.units
        return {"W": Declared((D, M), lambda rng: np.zeros((D, M))), "b": Declared((M,), lambda rng: np.zeros(M))}

    def forward(self, x: Array, *, training: bool = False) -> Array:
        rows = self.matrix[x[:, 0]]
        if training:
            self.saved = rows
        return rows @ self.W + self.b

    def backward(self, dy: Array) -> Array:
        self.backward_parameters(dy)
        return np.zeros((len(dy), 1), self.dtype)  # the output has no gradient by the row number

    def backward_parameters(self, dy: Array) -> None:
        self.dW[...] = self.saved.T @ dy
        np.matmul(ones(len(dy), self.dtype), dy, out=self.db)


def on_rows_of(matrix: Any, network: Network) -> Network:
    """A network that takes row numbers (N, 1) of a sparse matrix; it shares the parameters of `network`."""
    first, *others = network.layers
    assert isinstance(first, Dense)
    copies = [copy.copy(layer) for layer in others]
    for layer in copies:
        layer.release()
    entry = SparseDense(first.units)
    entry.matrix = matrix.tocsr().astype(network.dtype, copy=False)
    twin = Network(
        [entry, *copies],
        input_shape=1,
        seed=None,
        dtype=network.dtype,
        classes=network.classes,
    )
    twin.loss = network.loss
    twin.use_vectors(network.theta, network.grad, network.buffers)
    return twin


def row_numbers(matrix: Any) -> Array:
    """The input (R, 1) of such a network for all rows of its matrix."""
    return np.arange(matrix.shape[0])[:, None]


def stacked(train: Examples, validation: Examples | None) -> tuple[Any, Examples, Examples | None]:
    """One matrix with the rows of both, and the same examples as row numbers of this matrix."""
    from scipy.sparse import vstack

    if validation is None or validation.inputs is train.inputs:
        inputs = row_numbers(train.inputs)
        other = None if validation is None else validation._replace(inputs=inputs)
        return train.inputs, train._replace(inputs=inputs), other
    matrix = vstack([train.inputs, validation.inputs], format="csr")
    inputs, targets = row_numbers(matrix), np.concatenate([train.targets, validation.targets])
    rows = validation.rows + train.inputs.shape[0]
    return matrix, Examples(inputs, targets, train.rows), Examples(inputs, targets, rows)
