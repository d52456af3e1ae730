"""The contract that every layer follows: read this file first.

A layer turns a batch into a batch (`forward`). Directly below it is its derivative (`backward`). The network, the
losses and the optimizers use nothing of a layer except what is described here.

The life of a layer:

1. It is made from its settings alone: `Dense(128)`. It has no weights yet, because it does not know the size of its
   input.
2. `build(input_shape)` gives it the shape of one example. It returns the shape of one output. Afterwards
   `parameters()` names the arrays that it learns.
3. The network keeps all parameters in one vector `theta`, and all gradients in one vector `grad`. Each layer gets views
   of them, which share their memory: for a parameter `W` the attributes `W` and `dW`. A change of `theta` changes the
   layers.
4. `forward(x, training=True)` stores in `saved` the values that the derivative needs. `backward(dy)` reads them, writes
   `dW`, and returns `dx`. `backward_parameters(dy)` only writes `dW`: the `dx` of the lowest layer is not needed.
5. A result is written into an array from `space`. In training this is the array of the step before, so training needs
   hardly any new memory. The result of a layer is valid until its next call of the same kind.
6. `forward(x)` without training changes nothing in the layer, and `space` gives a new array. So many threads can use
   one network at once.

A layer never changes x or dy in place, because the layer before or after may still need them. `backward` writes dW and
never adds to it.

Shapes: x (N, ...) is a batch, one example a row; dy has the shape of y, dx of x, dW of W, in the network's
dtype (float32 or float64).

This is enough for a first reading. The rest of a training step needs more:

7. Some layers have `buffers()`: arrays that belong to the model but are not learned by gradient descent. `adapt` sets
   them from all training inputs, before the first step.
8. A batch is divided into shards, and several workers may compute them at once. Each worker has a replica: the same
   parameters and buffers, but its own gradient, `saved` and `spaces`. So a layer stores nothing else, and draws its
   random numbers from `random_numbers()`, which depend on step, shard and layer.
9. A layer that measures each batch, such as BatchNorm, has a view `batch_mean` for its buffer `mean`. The training
   forward writes the measured values of its shard there. When all shards are done, `update_buffers` updates the
   buffers with them, shard after shard. Nothing else changes a buffer during training.
10. For prediction there is a `prepared` copy, which reuses its `space`; only one thread uses it.
"""

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import DTypeLike

from glassnet.nn.array import Array, Shape
from glassnet.nn.settings import convert_settings
from glassnet.nn.stream import random_stream


class Declared(NamedTuple):
    """An array that a layer needs: its shape, and a function that draws its first values from a random stream."""

    shape: Shape
    draw: Callable[[np.random.Generator], Array]


@dataclass(eq=False)
class Layer(ABC):
    """A differentiable function from a batch to a batch; its dataclass fields are its settings."""

    takes_raw: ClassVar[bool] = False  # whether it takes raw values, such as uint8; others get the network's dtype
    is_random: ClassVar[bool] = False  # whether its training forward draws random numbers
    measures_batches: ClassVar[bool] = False  # whether it has `update_buffers`, which uses measurements of each shard

    name: str = field(init=False, default="", repr=False)
    input_shape: Shape = field(init=False, default=(), repr=False)
    output_shape: Shape = field(init=False, default=(), repr=False)
    dtype: np.dtype[Any] = field(init=False, default=np.dtype(np.float64), repr=False)
    address: tuple[int, int, int, int] = field(init=False, default=(0, 0, 0, 0), repr=False)
    saved: Any = field(init=False, default=None, repr=False)
    spaces: dict[str, Array] = field(init=False, default_factory=dict, repr=False)
    reuses: bool = field(init=False, default=False, repr=False)  # whether prediction, too, reuses its spaces

    def __post_init__(self) -> None:
        convert_settings(self)

    def build(self, input_shape: Shape) -> Shape:
        """Check the shape of one example and return the shape of one output.

        Raises:
            InputError: the layer does not accept such examples; the message states which it accepts.
        """
        return input_shape

    def parameters(self) -> dict[str, Declared]:
        """The arrays that are learned by gradient descent, by name; known after `build`."""
        return {}

    @abstractmethod
    def forward(self, x: Array, *, training: bool = False) -> Array:
        """y = f(x)."""

    @abstractmethod
    def backward(self, dy: Array) -> Array:
        """dx = dLoss/dx from dy = dLoss/dy; also writes the gradients of the parameters."""

    def __getattr__(self, name: str) -> Array:
        """Raise AttributeError: Python calls this only for a missing attribute, such as W before there is a network."""
        if hasattr(type(self), name):
            return object.__getattribute__(self, name)  # a property, whose own error is more precise
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}; arrays such as W come with the network")

    # The rest serves the training step, and describes the layer to other code.

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.measures_batches = cls.update_buffers is not Layer.update_buffers

    def backward_parameters(self, dy: Array) -> None:
        """Only the gradients of the parameters: for the lowest layer of a training step, whose dx is not needed."""
        self.backward(dy)

    def space(self, name: str, shape: Shape, dtype: DTypeLike | None = None, *, keep: bool = True) -> Array:
        """An array to write a result into, of the layer's dtype or another; its values are arbitrary.

        Args:
            keep: whether the array is kept for the next step, as in training; a shorter batch then gets its first rows.
                If not, it is new: prediction changes nothing in the layer, so many threads can use it at once.
        """
        keep = keep or self.reuses
        kept = self.spaces.get(name) if keep else None
        if kept is not None and kept.shape == shape:
            return kept
        if kept is None or len(kept) < shape[0] or kept.shape[1:] != shape[1:]:
            kept = np.empty(shape, dtype or self.dtype)
            if keep:
                self.spaces[name] = kept
        return kept[: shape[0]]

    def affine(self) -> tuple[Array, Array] | None:
        """The factor and the shift (C,) of each channel, if prediction is y = factor x + shift; else None."""
        return None

    def absorb(self, factor: Array, shift: Array) -> bool:
        """Change the parameters to make the output factor y + shift instead of y; False, unchanged, if it cannot."""
        return False

    def working_values(self) -> int:
        """The number of values of memory that prediction uses in addition to its result; known after `build`."""
        return 0

    def prepared(self, memory: Array) -> Self:
        """A copy that predicts with the same parameters and reuses its memory: for one thread at a time.

        Args:
            memory: `working_values` numbers or more, which other layers use too, before and after.
        """
        other = copy.copy(self)
        for name in (*self.parameters(), *self.buffers()):
            setattr(other, name, getattr(self, name))
        other.reuses = True
        return other

    def buffers(self) -> dict[str, Declared]:
        """The arrays that belong to the model but are not learned by gradient descent; known after `build`."""
        return {}

    def check_buffers(self) -> None:
        """Raise InputError if the buffers hold impossible values, such as a negative variance."""

    def adapt(self, batches: Iterable[Array]) -> None:
        """Set the buffers from all training inputs, which come in batches (N, ...), before the first step."""

    def update_buffers(self) -> None:
        """Update the buffers with the measurements of the last training forward."""

    def input_scale(self) -> float | None:
        """The constant by which it multiplies inputs; NaN if it measures the scale; None if it does not scale."""
        return None

    def output_range(self) -> tuple[float, float]:
        """The lowest and the highest value that its outputs can have."""
        return -math.inf, math.inf

    def multiply_adds(self) -> int:
        """The number of products, each added to a sum, for one example in forward; known after `build`."""
        return 0

    def short_size(self) -> str:
        """Its size in the short name of a network: "128" in 784-128-10; "" for a layer without weights."""
        return ""

    def random_numbers(self) -> np.random.Generator:
        """The layer's random numbers at the address (seed, step, shard, layer) that the network has set.

        The same address gives the same numbers. So a training forward can be repeated, and its slope measured.
        """
        seed, step, shard, layer = self.address
        return random_stream(seed, "dropout", step, shard, layer)  # all layers use this purpose

    def release(self) -> None:
        """Forget the network: its construction has failed."""
        self.name, self.input_shape, self.output_shape = "", (), ()

    def __getstate__(self) -> dict[str, Any]:
        """The state for a copy or a pickle. The copy of a network binds the arrays again; a copied layer has none."""
        bound = {name for own in (self.parameters(), self.buffers()) for name in own} if self.output_shape else set()
        bound |= {f"{prefix}{name}" for name in bound for prefix in ("d", "batch_")}
        state = {key: value for key, value in self.__dict__.items() if key not in bound}
        return state | {"saved": None, "spaces": {}}
