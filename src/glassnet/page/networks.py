"""The trained networks that a page can show: the pretrained ones, and the one that the command named."""

from functools import cache

from glassnet.model.model import Model
from glassnet.nn.errors import InputError
from glassnet.nn.network import Network
from glassnet.nn.plain import shown
from glassnet.nn.settings import describe
from glassnet.page.timeline import fingerprint
from glassnet.pretrained.models import pretrained_names


class Networks:
    """Trained networks by name; a model is opened when it is first shown, once for all sessions.

    Args:
        given: the model that the command named; it stands first.
    """

    def __init__(self, given: Model | None = None) -> None:
        names = pretrained_names()
        self.given = {} if given is None else {_title(given, names): given}
        self.names = [*self.given, *names]

    def open(self, name: str) -> Model:
        """The model of this name.

        Raises:
            InputError: there is none.
        """
        if name not in self.names:
            raise InputError(f"expected one of the networks {', '.join(self.names)}, got {shown(name)}")
        return self.given[name] if name in self.given else _open(name)


@cache
def _open(name: str) -> Model:
    return Model.open(name)


def _title(model: Model, taken: list[str]) -> str:
    """The name of a given model: that of its file, or of the folder of its run."""
    path = model.path
    name = path.parent.name if path.name == "model.safetensors" else path.stem
    return f"{name} (given)" if name in taken else name


def facts(network: Network, *, white: int, can_refuse: bool) -> dict[str, object]:
    """What a page must know of a network before it draws it."""
    return {
        "classes": network.class_names,
        "input": network.input_shape,
        "white": white,
        "can_refuse": can_refuse,
        "parameters": network.theta.size,
        "fingerprint": fingerprint(network),
        "loss": describe(network.loss),
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
