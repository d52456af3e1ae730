"""The section `network` of a recipe: layers and loss, for any dataset."""

from dataclasses import dataclass
from typing import Any, Literal

from glassnet.data.dataset import Dataset
from glassnet.nn.conv import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.entropy import CrossEntropy
from glassnet.nn.errors import require
from glassnet.nn.init import GlorotUniform, Initializer
from glassnet.nn.layer import Layer
from glassnet.nn.loss import Loss
from glassnet.nn.regression import SquaredError
from glassnet.nn.reshape import Flatten, Rescale, Reshape, Standardize
from glassnet.nn.settings import describe, from_table


@dataclass(frozen=True)
class NetworkSettings:
    """The layers: written in full, or in short as the layers between input and output, for any dataset.

    `hidden = [128]` stands for: scale the pixels, flatten, Dense(128), the activation, Dense(number of classes).
    The list may also contain layers, as in `layers`. If the first is a size, or Dense, images are flattened before it;
    if it is a convolution, grey images get their one channel. Tables are standardised unless `scaling` is set, and a
    real target gets Dense(1).

    Args:
        hidden: the layers between input and output: sizes of dense layers, or layers by name or as a table.
        scaling: pixels from 0 to 1, or every input with mean 0 and standard deviation 1; the default follows the data.
        activation: the layer after each size in `hidden`; ReLU by default.
        init: the initialiser of the dense layers given as sizes; GlorotUniform by default.
        layers: all layers in full, in place of the four settings above.
        loss: the value that training minimises; CrossEntropy becomes SquaredError if the target is a number.
    """

    hidden: tuple[int | str | dict[str, Any], ...] | None = None
    scaling: Literal["rescale", "standardize"] | None = None
    activation: str | dict[str, Any] | None = None
    init: Initializer | None = None
    layers: tuple[str | dict[str, Any], ...] | None = None
    loss: Loss = CrossEntropy()

    def __post_init__(self) -> None:
        given = (self.hidden is not None) + (self.layers is not None)
        require(given == 1, "expected either 'hidden', the sizes of the hidden layers, or 'layers', a list of layers")
        for position, entry in enumerate(self.hidden or ()):
            if isinstance(entry, int):
                require(entry >= 1, f"hidden[{position}] must be at least 1, got {entry}")
            else:
                from_table(Layer, entry, f"hidden[{position}]")
        for name in ("scaling", "activation", "init"):
            alone = self.layers is None or getattr(self, name) is None
            require(alone, f"{name!r} goes with 'hidden'; with 'layers' it has no effect, so write it in the layers")
        from_table(Layer, self.activation or "ReLU", "activation")
        for position, table in enumerate(self.layers or ()):
            from_table(Layer, table, f"layers[{position}]")

    def make(self, dataset: Dataset) -> list[Layer]:
        """New layers for examples and classes of this dataset."""
        if self.layers is not None:
            return [from_table(Layer, table, f"layers[{i}]") for i, table in enumerate(self.layers)]
        init = self.init or GlorotUniform()
        hidden: list[Layer] = []
        for position, entry in enumerate(self.hidden or ()):
            if isinstance(entry, int):
                hidden += [Dense(entry, init=init), from_table(Layer, self.activation or "ReLU", "activation")]
            else:
                hidden.append(from_table(Layer, entry, f"hidden[{position}]"))
        hidden.append(Dense(len(dataset.classes) or 1, init=init))
        scaling = self.scaling or ("standardize" if dataset.schema else "rescale")
        layers: list[Layer] = [Standardize() if scaling == "standardize" else Rescale(1 / dataset.white)]
        if isinstance(hidden[0], Dense) and len(dataset.input_shape) > 1:
            layers.append(Flatten())
        if isinstance(hidden[0], Conv2D) and len(dataset.input_shape) == 2:
            layers.append(Reshape((*dataset.input_shape, 1)))
        return [*layers, *hidden]

    def loss_for(self, dataset: Dataset) -> Loss:
        """The loss, but for real targets SquaredError in place of CrossEntropy.

        Raises:
            InputError: another loss of classes for real targets.
        """
        loss = SquaredError() if self.loss.softmax and not dataset.classes else self.loss
        fits = bool(dataset.classes) or loss.for_numbers
        require(fits, f"the loss {describe(loss)} is for classes, but the targets are real numbers")
        return loss
