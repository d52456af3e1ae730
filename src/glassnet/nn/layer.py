"""The contract that every layer follows: read this file first.

A layer turns a batch into a batch (`forward`), and directly under it stands its derivative (`backward`). Everything
else, the network, the losses, the optimizers, knows layers only by what is written here.

How a layer lives:

1. It is made from its settings alone: `Dense(128)`. It has no weights yet, for it does not know how wide its input is.
2. `build(input_shape)` tells it the shape of one example; it answers with the shape of one output. From then on
   `parameters()` and `buffers()` say which arrays it needs.
3. The network lays all parameters out in one vector `theta`, all gradients in one vector `grad`, and hands each layer
   its views: for a parameter `W` the attributes `W` and `dW`. So whoever changes `theta` changes the layers, in one
   line.
4. `forward(x, training=True)` leaves what the derivative will need in `saved`, and nowhere else. `backward(dy)` reads
   it, writes `dW` (never adds to it, never touches `W`) and returns `dx`. Both write into `space`, arrays that are kept
   from step to step, so that training allocates next to nothing; what they return is valid until the next call of the
   same kind.
5. Several workers may compute shards of a batch at once, each on a replica: the same parameters and buffers, but a
   gradient, `saved` and `spaces` of its own. So a layer keeps nothing else, and what it draws at random comes from
   `stream()`, which is addressed by step, shard and layer.
6. A layer that measures its training inputs, such as BatchNorm, has a view `batch_mean` for its buffer `mean`: the
   training forward writes there what it measured in its shard. When all shards are there, `fold` takes it into the
   buffers, shard after shard. Nothing else changes a buffer during training.
7. `forward(x)` without training writes nothing on the layer: one network can serve many threads.

A layer never changes x or dy in place, for the layer before or after may still need them.

Shapes: x (N, ...) is a batch, one example a row; dy has the shape of y, dx of x, dW of W, in the network's dtype.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from glassnet.nn.settings import settle
from glassnet.nn.stream import stream

Array = NDArray[Any]
Shape = tuple[int, ...]


class Declared(NamedTuple):
    """An array that a layer needs: its shape, and how to draw its first values from a random stream."""

    shape: Shape
    draw: Callable[[np.random.Generator], Array]


@dataclass(eq=False)
class Layer(ABC):
    """A differentiable function from a batch to a batch; its dataclass fields are its settings."""

    # Whether the layer takes stored values, such as uint8 pixels, as they are; others get the network's dtype.
    takes_raw: ClassVar[bool] = False

    name: str = field(init=False, default="", repr=False)
    input_shape: Shape = field(init=False, default=(), repr=False)
    output_shape: Shape = field(init=False, default=(), repr=False)
    dtype: np.dtype[Any] = field(init=False, default=np.dtype(np.float32), repr=False)
    address: tuple[int, int, int, int] = field(init=False, default=(0, 0, 0, 0), repr=False)
    saved: Any = field(init=False, default=None, repr=False)
    spaces: dict[str, Array] = field(init=False, default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        settle(self)

    def release(self) -> None:
        """Forget the network: its construction has failed."""
        self.name, self.input_shape, self.output_shape = "", (), ()

    def build(self, input_shape: Shape) -> Shape:
        """Check the shape of one example and return the shape of one output.

        Raises:
            InputError: the layer cannot work on such examples; the message says which it takes.
        """
        return input_shape

    def parameters(self) -> dict[str, Declared]:
        """The arrays that are learned by gradient descent, by name; known after `build`."""
        return {}

    def buffers(self) -> dict[str, Declared]:
        """The arrays that belong to the model but are not learned by gradient descent; known after `build`."""
        return {}

    def adapt(self, batches: Iterable[Array]) -> None:
        """Set the buffers from all training inputs, which come in batches (N, ...), before the first step."""

    def fold(self) -> None:
        """Take what the last training forward has measured into the buffers."""

    def multiply_adds(self) -> int:
        """How many products, each added to a sum, one example takes in forward; known after `build`."""
        return 0

    @abstractmethod
    def forward(self, x: Array, *, training: bool = False) -> Array:
        """y = f(x)."""

    @abstractmethod
    def backward(self, dy: Array) -> Array:
        """dx = dLoss/dx from dy = dLoss/dy; also writes the gradients of the parameters."""

    def backward_parameters(self, dy: Array) -> None:
        """Only the gradients of the parameters: for the lowest layer of a training step, whose dx nobody asks for."""
        self.backward(dy)

    def space(self, name: str, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        """An array, of the layer's dtype or another, kept from step to step; its values are whatever was left there.

        A batch that is shorter than one before it gets the first rows of the same memory.
        """
        kept = self.spaces.get(name)
        if kept is not None and kept.shape == shape:
            return kept
        if kept is None or len(kept) < shape[0] or kept.shape[1:] != shape[1:]:
            kept = self.spaces[name] = np.empty(shape, dtype or self.dtype)
        return kept[: shape[0]]

    def stream(self) -> np.random.Generator:
        """The layer's random numbers at the address (seed, step, shard, layer) that the network has set.

        They are the same again at the same address, so a training forward can be repeated, and its slope measured.
        """
        seed, step, shard, layer = self.address
        return stream(seed, "dropout", step, shard, layer)

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle keeps: the network binds the arrays again, the rest comes with the next forward."""
        bound = {name for own in (self.parameters(), self.buffers()) for name in own} if self.output_shape else set()
        bound |= {f"{prefix}{name}" for name in bound for prefix in ("d", "batch_")}
        state = {key: value for key, value in self.__dict__.items() if key not in bound}
        return state | {"saved": None, "spaces": {}}
