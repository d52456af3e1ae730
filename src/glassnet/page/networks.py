"""The trained networks that a page can show: the pretrained ones, and the one that the command named."""

from glassnet.explanation.given import image_shape, output_names
from glassnet.model.model import Model
from glassnet.model.path import MODEL
from glassnet.nn.errors import InputError
from glassnet.nn.network import Network
from glassnet.nn.plain import shown
from glassnet.nn.settings import describe
from glassnet.page.timeline import fingerprint
from glassnet.pretrained.models import pretrained_names, pretrained_path

DEFAULT = "cnn"  # of the pretrained ones, the one that reads best


class Networks:
    """Trained networks by name; a model is opened when it is first shown, once for all sessions.

    Args:
        given: the model that the command named; it is shown first.

    Attributes:
        names: of all.   first: of the one to show first.
    """

    def __init__(self, given: Model | None = None) -> None:
        pretrained = pretrained_names()
        self.first = DEFAULT if given is None else _name_of(given, pretrained)
        self.opened = {} if given is None else {self.first: given}
        self.names = list(dict.fromkeys([*self.opened, *pretrained]))

    def open(self, name: str) -> Model:
        """The model of this name.

        Raises:
            InputError: there is none.
        """
        if name not in self.names:
            raise InputError(f"expected one of the networks {', '.join(self.names)}, got {shown(name)}")
        if name not in self.opened:
            self.opened[name] = Model.open(name)
        return self.opened[name]


def _name_of(model: Model, pretrained: list[str]) -> str:
    """The name of a pretrained model; else that of its file, or of the folder of its run."""
    path = model.path
    if path in {pretrained_path(name) for name in pretrained}:
        return path.stem
    name = path.parent.name if path.name == MODEL else path.stem
    return f"{name} (given)" if name in pretrained else name


def facts(network: Network, *, white: int, can_refuse: bool) -> dict[str, object]:
    """What a page must know of a network before it draws it."""
    return {
        "classes": network.class_names,
        "outputs": output_names(network),
        "input": network.input_shape,
        "picture": image_shape(network.input_shape, network.input_shape),
        "white": white,
        "can_refuse": can_refuse,
        "parameters": network.theta.size,
        "fingerprint": fingerprint(network),
        "loss": describe(network.loss),
        "probabilistic": network.loss.probabilistic,
        "layers": [
            {
                "name": layer.name,
                "kind": type(layer).__name__,
                "description": describe(layer),
                "shape": layer.output_shape,
                "parameters": {name: getattr(layer, name).shape for name in layer.parameters()},
            }
            for layer in network.layers
        ],
    }
