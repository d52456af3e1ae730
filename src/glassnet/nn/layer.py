"""The contract that every layer follows: read this file first.

A layer turns a batch into a batch (`forward`). Directly under it stands its derivative (`backward`). The network, the
losses and the optimizers know no more of a layer than what is written here.

How a layer lives:

1. It is made from its settings alone: `Dense(128)`. It has no weights yet, because it does not know how wide its input
   is.
2. `build(input_shape)` tells it the shape of one example. It returns the shape of one output. From then on
   `parameters()` says which arrays it learns.
3. The network keeps all parameters in one vector `theta`, and all gradients in one vector `grad`. Each layer gets views
   of them, which share their memory: for a parameter `W` the attributes `W` and `dW`. Whoever changes `theta` changes
   the layers.
4. `forward(x, training=True)` leaves in `saved` what the derivative will need. `backward(dy)` reads it, writes `dW`,
   and returns `dx`. `backward_parameters(dy)` only writes `dW`: nobody needs the `dx` of the lowest layer.
5. A result is written into an array from `space`. In training this is the array of the step before, so that training
   needs hardly any new memory. What a layer returns is valid until its next call of the same kind.
6. `forward(x)` without training writes nothing on the layer, and `space` gives a new array. So many threads can use
   one network at once.

A layer never changes x or dy in place: the layer before or after may still need them. `backward` writes dW and never
adds to it.

Shapes: x (N, ...) is a batch, one example a row; dy has the shape of y, dx of x, dW of W, in the network's
dtype (float32 or float64).

This is all that a first reader needs. The rest of a training step asks for more:

7. Some layers have `buffers()`: arrays that belong to the model but are not learned by gradient descent. `adapt` sets
   them from all training inputs, before the first step.
8. A batch is cut into shards, and several workers may compute them at once. Each worker has a replica: the same
   parameters and buffers, but a gradient, `saved` and `spaces` of its own. So a layer keeps nothing else, and draws
   its random numbers from `random_numbers()`, which are addressed by step, shard and layer.
9. A layer that measures each batch, such as BatchNorm, has a view `batch_mean` for its buffer `mean`. The training
   forward writes there what it measured in its shard. When all shards are done, `update_buffers` takes it into the
   buffers, shard after shard. Nothing else changes a buffer during training.
10. For prediction there is a `prepared` copy, which keeps its `space`; one thread owns it.
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
    """An array that a layer needs: its shape, and how to draw its first values from a random stream."""

    shape: Shape
    draw: Callable[[np.random.Generator], Array]


@dataclass(eq=False)
class Layer(ABC):
    """A differentiable function from a batch to a batch; its dataclass fields are its settings."""

    takes_raw: ClassVar[bool] = False  # whether it takes stored values, such as uint8; others get the network's dtype
    is_random: ClassVar[bool] = False  # whether its training forward draws random numbers
    measures_batches: ClassVar[bool] = False  # whether it has `update_buffers`, for what each shard measures

    name: str = field(init=False, default="", repr=False)
    input_shape: Shape = field(init=False, default=(), repr=False)
    output_shape: Shape = field(init=False, default=(), repr=False)
    dtype: np.dtype[Any] = field(init=False, default=np.dtype(np.float64), repr=False)
    address: tuple[int, int, int, int] = field(init=False, default=(0, 0, 0, 0), repr=False)
    saved: Any = field(init=False, default=None, repr=False)
    spaces: dict[str, Array] = field(init=False, default_factory=dict, repr=False)
    reuses: bool = field(init=False, default=False, repr=False)  # whether prediction, too, uses its spaces again

    def __post_init__(self) -> None:
        convert_settings(self)

    def build(self, input_shape: Shape) -> Shape:
        """Check the shape of one example and return the shape of one output.

        Raises:
            InputError: the layer cannot work on such examples; the message says which it takes.
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
        """Raise AttributeError: Python asks here only for what is not there, such as W before there is a network."""
        if hasattr(type(self), name):
            return object.__getattribute__(self, name)  # a property, whose own error says more
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}; arrays such as W come with the network")

    # What follows serves the training step and those who ask what a layer is.

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.measures_batches = cls.update_buffers is not Layer.update_buffers

    def backward_parameters(self, dy: Array) -> None:
        """Only the gradients of the parameters: for the lowest layer of a training step, whose dx nobody asks for."""
        self.backward(dy)

    def space(self, name: str, shape: Shape, dtype: DTypeLike | None = None, *, keep: bool = True) -> Array:
        """An array to write a result into, of the layer's dtype or another; its values are whatever was left there.

        Args:
            keep: whether the array is kept for the next step, as in training; a shorter batch then gets its first rows.
                Without, it is new: prediction writes nothing on the layer, so that many threads can use it at once.
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
        """Change the parameters so that it answers factor y + shift for y; False if it cannot: nothing is changed."""
        return False

    def working_values(self) -> int:
        """How many values of memory prediction uses besides its result; known after `build`."""
        return 0

    def prepared(self, memory: Array) -> Self:
        """A copy that predicts with the same parameters and uses its memory again: for one thread at a time.

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
        """Raise InputError if the buffers hold what they can never hold, such as a negative variance."""

    def adapt(self, batches: Iterable[Array]) -> None:
        """Set the buffers from all training inputs, which come in batches (N, ...), before the first step."""

    def update_buffers(self) -> None:
        """Take what the last training forward has measured into the buffers."""

    def input_scale(self) -> float | None:
        """The constant that it multiplies inputs by; NaN if it measures how to scale; None if it does not scale."""
        return None

    def output_range(self) -> tuple[float, float]:
        """The lowest and the highest value that its outputs can have."""
        return -math.inf, math.inf

    def multiply_adds(self) -> int:
        """How many products, each added to a sum, one example takes in forward; known after `build`."""
        return 0

    def short_size(self) -> str:
        """Its size as people name a network by it: "128" in 784-128-10; "" for a layer without weights."""
        return ""

    def random_numbers(self) -> np.random.Generator:
        """The layer's random numbers at the address (seed, step, shard, layer) that the network has set.

        They are the same again at the same address. So a training forward can be repeated, and its slope measured.
        """
        seed, step, shard, layer = self.address
        return random_stream(seed, "dropout", step, shard, layer)  # the purpose of all layers, named after the first

    def release(self) -> None:
        """Forget the network: its construction has failed."""
        self.name, self.input_shape, self.output_shape = "", (), ()

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle keeps. The copy of a network binds the arrays again; that of one layer has none."""
        bound = {name for own in (self.parameters(), self.buffers()) for name in own} if self.output_shape else set()
        bound |= {f"{prefix}{name}" for name in bound for prefix in ("d", "batch_")}
        state = {key: value for key, value in self.__dict__.items() if key not in bound}
        return state | {"saved": None, "spaces": {}}
