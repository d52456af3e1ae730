"""What a browser may ask: each message is one of these classes, checked field by field before anything is done."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from glassnet.nn.errors import InputError
from glassnet.nn.plain import shown
from glassnet.nn.settings import from_table

Index = tuple[int, ...]


@dataclass(frozen=True)
class Hello:
    """The first message on a new WebSocket: which session the page had before, if it had one."""

    session: str | None = None


@dataclass(frozen=True)
class Show:
    """Show another network: a model by its name, or "training"."""

    network: str


@dataclass(frozen=True)
class Clear:
    """Forget the drawing."""


@dataclass(frozen=True)
class Reading:
    """Show another reading of the same picture, by its number in the list of the answer."""

    number: int


@dataclass(frozen=True)
class Example:
    """Take an image of the test split in place of a drawing, the next one of this label if one is given."""

    label: int | None = None


@dataclass(frozen=True)
class Answer:
    """What the network says of the image."""


@dataclass(frozen=True)
class Layers:
    """The output of every layer; with a label also its gradient."""

    label: int | None = None


@dataclass(frozen=True)
class Layer:
    """One layer: its arrays, its equations, its source."""

    layer: str
    label: int | None = None


@dataclass(frozen=True)
class Unit:
    """One unit of a layer, or one pixel of the layer "input": its equation with the numbers in it."""

    layer: str
    index: Index
    label: int | None = None


@dataclass(frozen=True)
class Speaks:
    """Which pixels speak for and against each class."""


@dataclass(frozen=True)
class Weights:
    """The weights of the units of a layer, as pictures."""

    layer: str
    first: int = 0
    count: int = 64


@dataclass(frozen=True)
class Change:
    """What if this parameter, or this pixel (layer and parameter left out), had another value?"""

    index: Index
    value: float
    layer: str | None = None
    parameter: str | None = None


@dataclass(frozen=True)
class Undo:
    """Take the last change back, or all."""

    all: bool = False


@dataclass(frozen=True)
class Nudge:
    """Is the slope that backward gives the slope of the loss? Measured for one parameter."""

    layer: str
    parameter: str
    index: Index
    label: int
    h: float = 1e-3


@dataclass(frozen=True)
class Compare:
    """Two trainings side by side: the settings that differ, and what each says of the image."""


@dataclass(frozen=True)
class Keep:
    """Keep the image that is shown as a digit of the person's own hand, with this label."""

    label: int


@dataclass(frozen=True)
class Drop:
    """Remove a kept digit by its number."""

    number: int


@dataclass(frozen=True)
class Digits:
    """The kept digits as a file."""


@dataclass(frozen=True)
class Learned:
    """How the digits are read before and after they were learned."""


@dataclass(frozen=True)
class Teach:
    """Begin a training of the network that is shown, from where it stands, on the kept digits beside its dataset."""


@dataclass(frozen=True)
class Begin:
    """A new training, with the values of the form; with other values a second one beside it."""

    values: dict[str, Any]
    other: dict[str, Any] | None = None


@dataclass(frozen=True)
class Perform:
    """Begin the trainings of an experiment."""

    experiment: str


@dataclass(frozen=True)
class Move:
    """Move the training: one step or epoch on, back, to the start, or let it go on by itself and pause it."""

    by: Literal["train", "pause", "step", "epoch", "back", "start"]


@dataclass(frozen=True)
class Go:
    """To a step that was taken already."""

    position: int


@dataclass(frozen=True)
class Share:
    """The link to the trainings, where they stand."""


@dataclass(frozen=True)
class Follow:
    """Begin the trainings of a link, and train to its step."""

    link: str


@dataclass(frozen=True)
class Save:
    """The network in training as a model file, or the training as the folder of a run.

    Args:
        other: whether the second training is meant.
    """

    what: Literal["model", "run"]
    other: bool = False


# Each of the three kinds is answered in its order: a training that begins holds up no drawing, and one that is saved,
# which may have to wait until others have trained, can be paused.
Look = (
    Show
    | Clear
    | Reading
    | Example
    | Answer
    | Layers
    | Layer
    | Unit
    | Speaks
    | Weights
    | Change
    | Undo
    | Nudge
    | Compare
    | Keep
    | Drop
    | Digits
    | Learned
)
Train = Begin | Perform | Teach | Move | Go | Share | Follow
Ask = Look | Train | Save

ASKS: dict[str, type[Ask]] = {kind.__name__.lower(): kind for kind in get_args(Ask)}


def hello_of(message: dict[str, Any]) -> Hello:
    """The first message of a browser.

    Raises:
        InputError: it is another one.
    """
    if message.get("ask") != "hello":
        raise InputError(f"expected first the ask hello, got {shown(message.get('ask'))}")
    return from_table(Hello, {key: value for key, value in message.items() if key not in ("id", "ask")}, "hello")


def ask_of(message: dict[str, Any]) -> Ask:
    """The message of a browser as one of the classes above.

    Raises:
        InputError: an unknown ask; a field that is unknown, missing, or of another type.
    """
    fields = {key: value for key, value in message.items() if key not in ("id", "ask")}
    name = message.get("ask")
    if not isinstance(name, str) or name not in ASKS:
        raise InputError(f"expected one of the asks {', '.join(ASKS)}, got {shown(name)}")
    return from_table(ASKS[name], fields, name)
