"""Writes a model as one HTML file, which shows and runs the network in any browser, without a server or a network."""

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from glassnet.export.described import described, table_of, takes
from glassnet.export.trainable import trainable
from glassnet.model.model import Model
from glassnet.modelfile import ModelFileError, is_model_file
from glassnet.nn.errors import InputError, require
from glassnet.nn.plain import plain, shown
from glassnet.version import __version__
from glassnet.web.joined import WEB, bare, joined
from glassnet.wholefile import write_whole

PANELS = ("inside", "words")  # what can be left out besides the drawing and the answer


def export_html(
    model: Model,
    path: str | Path,
    *,
    title: str = "",
    text: str = "",
    panels: Sequence[str] = PANELS,
    training: bool = False,
) -> None:
    """Write a model to one HTML file: a person draws a digit or drops a photo, and sees the answer and every number.

    The file needs no server and sends nothing: it can be opened from a disk, sent by mail, or put on a site. The same
    model gives the same bytes.

    Args:
        model: from `Model.open`.   path: usually ends in .html.
        title: the heading; by default the name of the model.   text: a line below it, such as a task for a class.
        panels: those shown besides the drawing and the answer: "inside" and "words".
        training: whether the file trains networks of its own too, on 5,000 images of MNIST that it takes along.

    Raises:
        InputError: a layer or loss of your own; parameters that are not finite in float32; an unknown panel; with
            `training`, a network for something else than digits of 28x28 pixels.
        ModelFileError: the file cannot be written, or is a model.   MissingDataError: MNIST is not on this machine.
    """
    if not isinstance(model, Model):
        raise InputError(f'expected a Model, such as gn.Model.open("cnn"), got {type(model).__name__}')
    panels = [panels] if isinstance(panels, str) else list(panels)
    unknown = [panel for panel in panels if panel not in PANELS]
    require(not unknown, f"panels: expected some of {', '.join(PANELS)}, got {shown(unknown)}")
    for name, value in (("title", title), ("text", text)):
        require(isinstance(value, str), f"{name}: expected a text, got {shown(value)}")
    if is_model_file(path):
        raise ModelFileError(f"{path}: not written, because a model of glassnet is there: choose another name")
    page = {"title": plain(title.strip()), "text": plain(text.strip()), "panels": panels}
    given = {"name": name_of(model), **data_of(model), "page": page, "about": about(model)}
    if training:
        network = model.network
        fits = network.input_shape == (28, 28) and network.class_names == tuple("0123456789")
        require(fits, "training: expected a network for digits of 28x28 pixels, because the file trains on such digits")
        require(set(panels) == set(PANELS), "panels: a file that trains has all of them")
        given["training"] = trainable()
    contents = page_of(given)
    try:
        write_whole(path, contents.encode())
    except (OSError, ValueError) as error:  # ValueError: a path with a null in it
        reason = getattr(error, "strerror", None) or error
        raise ModelFileError(f"{path}: cannot be written: {reason}") from None


def name_of(model: Model) -> str:
    """The name of its file, or of the folder of its run."""
    return plain(model.path.parent.name if model.path.name == "model.safetensors" else model.path.stem)


def about(model: Model) -> list[str]:
    """What the file says of its model: what it was trained on, and how good it was on the test examples."""
    said = []
    if model.trained_on.name and not model.schema:
        said.append(f"It was trained on {plain(model.trained_on.name)}.")
    figures, what = model.figures, "rows" if model.schema else "images"
    accuracy, examples = figures.get("accuracy"), figures.get("examples")
    if isinstance(accuracy, float) and isinstance(examples, int):
        said.append(f"Of {examples:,} test {what}, which it had not seen, it answered {100 * accuracy:.2f} % right.")
    if isinstance(error := figures.get("mean_absolute_error"), float) and isinstance(examples, int):
        said.append(f"On {examples:,} test rows, which it had not seen, it was off by {_amount(error)} on average.")
    return said


def _amount(value: float) -> str:
    """An amount as people write it: 19,009 or 4.127."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def data_of(model: Model) -> dict[str, Any]:
    """All that the engine must know of a model."""
    network = described(model.network, model.decision)
    if model.schema and model.predicts_numbers:
        network["outputs"] = [plain(model.schema.target.name)]
    return {
        "takes": takes(model),
        "network": network,
        "white": model.white,
        "table": None if model.schema is None else table_of(model.schema),
    }


def page_of(model: dict[str, Any]) -> str:
    """The whole page around a model."""
    style, script, worker = _program(model["takes"], trains="training" in model)
    policy = {
        "default-src": "'none'",
        "script-src": _hash(script),
        "style-src": _hash(style),
        "img-src": "blob: data:",
        "worker-src": "blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return Template((WEB / "file" / "page.html").read_text(encoding="utf-8")).substitute(
        policy="; ".join(f"{name} {value}" for name, value in policy.items()),
        version=escape(__version__),
        title=escape(model["page"]["title"] or model["name"]),
        icon=f"data:image/svg+xml,{quote((WEB / 'icon.svg').read_text(encoding='utf-8'))}",
        style=style,
        model=_inert(json.dumps(model, ensure_ascii=False, separators=(",", ":"), allow_nan=False)),
        worker=worker,
        script=script,
    )


@cache
def _program(takes: str, *, trains: bool) -> tuple[str, str, str]:
    """The style, the script of the page, and that of its worker."""
    style = (WEB / "page.css").read_text(encoding="utf-8")
    if trains:
        style += (WEB / "training.css").read_text(encoding="utf-8")
        script, worker = joined("main", {"engine": "file/training_engine"}), joined("file/training_worker")
    else:
        script, worker = joined("file/main", {"file/writing": f"file/{takes}"}), joined("file/worker")
    return bare(style), bare(script), bare(worker)


def _hash(text: str) -> str:
    """How a Content-Security-Policy names the one script or style that it allows."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _inert(text: str) -> str:
    """JSON that can end no element, and begin none: so nothing in it becomes HTML or script."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
