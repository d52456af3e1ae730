"""Saves a network in one file that is safe to open: arrays in safetensors, everything else as JSON in its metadata.

Nothing in such a file is executed. Before any array is allocated, the file's table of arrays is compared with what the
layers need, so a damaged or forged file is refused, not partly loaded.
"""

import json
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import InputError, require
from glassnet.nn.layer import Layer
from glassnet.nn.loss import Loss
from glassnet.nn.network import Network
from glassnet.nn.plain import brief, shown
from glassnet.nn.segments import Segment, connect
from glassnet.nn.settings import UnknownTypeError, from_table, to_table
from glassnet.version import __version__
from glassnet.wholefile import write_whole

FORMAT = 1
MOST_LAYERS = 10_000  # because making a layer takes time
KEY = "glassnet"  # only one key: the order of several is not defined, and the file should always have the same bytes


class ModelFileError(ValueError):
    """A model file cannot be used; the message names the file and its fault."""


def check_network(network: Any) -> None:
    """Raise InputError unless this is a Network; for a fitted estimator or a pipeline, say where its network is."""
    inside = ": that of a fitted estimator is its attribute network_" if hasattr(network, "fit") else ""
    require(isinstance(network, Network), f"expected a Network, got {type(network).__name__}{inside}")


def save_network(network: Network, path: str | Path, *, about: dict[str, Any] | None = None) -> None:
    """Write a network to a file: its arrays, layers, loss, input shape and class names.

    The same network and `about` give the same bytes; there is no time stamp. The file appears only when it is complete.
    Parameters are stored exactly. They take half the space if all of them are exact float16 numbers, as after
    `network.theta[...] = network.theta.astype(np.float16)`.

    Args:
        path: usually ends in .safetensors.
        about: other information on the model, tables of plain values: {"test": {"accuracy": 0.98}}.

    Raises:
        ModelFileError: the file cannot be written; a parameter is not finite; `about` holds a value that is not plain.
        InputError: this is not a network.
    """
    check_network(network)
    metadata = {
        "format": FORMAT,
        "version": __version__,
        "dtype": network.dtype.name,
        "input_shape": list(network.input_shape),
        "layers": [to_table(layer) for layer in network.layers],
        "loss": to_table(network.loss),
        "classes": None if network.classes is None else list(network.classes),
        "threshold": _threshold(network.threshold),
        "about": about or {},
    }
    vectors = ((network.segments, _compact(network.theta)), (network.buffer_segments, network.buffers))
    arrays = {name: part.view(v) for parts, v in vectors for name, part in _names(network.layers, parts).items()}
    bad = [name for name, array in arrays.items() if not np.isfinite(array).all()]
    if bad:
        raise ModelFileError(f"{path}: not saved, because {bad[0]} holds NaN or infinity, so the model is of no use")
    try:
        write_arrays(path, arrays, KEY, metadata)
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be written: {error.strerror or error}") from None
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: not saved, because `about` must hold plain finite values: {error}") from None


def load_network(path: str | Path) -> Network:
    """Read a network from a file, exactly as it was saved.

    Raises:
        ModelFileError: no such file, not a model file, damaged, or made by a newer version.
    """
    with _opened(path := Path(path)) as (file, metadata):
        return _network(path, file, metadata)


def begin_with(network: Network, start: Network) -> None:
    """Copy the parameters of `start` into a network, and the buffers that both have, such as the means of BatchNorm.

    Raises:
        InputError: their arrays differ; the message names missing and extra arrays, and those with another shape.
    """
    needed, given = (_names(part.layers, part.segments) for part in (network, start))
    missing, extra = sorted(needed.keys() - given.keys()), sorted(given.keys() - needed.keys())
    faults = [f"it lacks {', '.join(missing)}"] if missing else []
    faults += [f"it has {', '.join(extra)} besides"] if extra else []
    faults += [
        f"its {name} is {given[name].declared.shape}, expected {segment.declared.shape}"
        for name, segment in needed.items()
        if name in given and given[name].declared.shape != segment.declared.shape
    ]
    require(not faults, f"the weights of that model do not fit this network: {brief('; '.join(faults), 600)}")
    for name, segment in needed.items():
        segment.view(network.theta)[...] = given[name].view(start.theta)
    needed, given = (_names(part.layers, part.buffer_segments) for part in (network, start))
    for name, segment in needed.items():
        if name in given and given[name].declared.shape == segment.declared.shape:
            segment.view(network.buffers)[...] = given[name].view(start.buffers)


def read_about(path: str | Path) -> dict[str, Any]:
    """What the file says about the model besides the network: recipe, accuracy, version; errors: as `load_network`."""
    with _opened(Path(path)) as (_, metadata):
        return _about(path, metadata)


def read_model(path: str | Path) -> tuple[Network, dict[str, Any]]:
    """The results of `load_network` and `read_about`, with the file opened only once; errors: as `load_network`."""
    with _opened(path := Path(path)) as (file, metadata):
        return _network(path, file, metadata), _about(path, metadata)


def is_model_file(path: str | Path) -> bool:
    """Whether this is a file from `save_network`, of any version, damaged or not."""
    import safetensors

    if not Path(path).is_file():  # a pipe would be waited for
        return False
    with suppress(OSError, safetensors.SafetensorError), safetensors.safe_open(path, framework="numpy") as file:
        return KEY in (file.metadata() or {})
    return False


def write_arrays(path: str | Path, arrays: dict[str, Array], key: str, metadata: dict[str, Any]) -> None:
    """Write arrays and a description to a safetensors file. The same values give the same bytes.

    The file appears only when it is complete.

    Args:
        key: the name of the description in the file; it shows the kind of file.

    Raises:
        OSError: the file cannot be written.   ValueError: the description holds NaN or infinity.
    """
    import safetensors.numpy

    text = json.dumps(metadata, sort_keys=True, allow_nan=False)
    contents = safetensors.numpy.save({name: np.ascontiguousarray(a) for name, a in arrays.items()}, {key: text})
    write_whole(path, contents)


def read_arrays(path: str | Path, key: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """All arrays and the description in a file from `write_arrays`.

    Raises:
        ModelFileError: no such file, a damaged one, or one of another kind.
    """
    import safetensors

    with _opened(Path(path), key) as (file, metadata):
        try:
            return {name: file.get_tensor(name) for name in list(file.keys())}, metadata
        except (safetensors.SafetensorError, TypeError, AttributeError) as error:  # also: a type that NumPy lacks
            raise ModelFileError(f"{path}: the file is damaged: {brief(error)}") from None


@contextmanager
def _opened(path: Path, key: str = KEY) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Open a file from `write_arrays`; yields the file and its description."""
    import safetensors

    kind = "glassnet model" if key == KEY else "checkpoint"
    if not path.is_file():
        inside = sorted(path.glob("*.safetensors"), key=lambda file: (file.stem != "model", file))[:1]
        hint = f"; did you mean {brief(inside[0].name)} in it" if inside else ""
        reason = f"is a folder{hint}" if path.is_dir() else "does not exist"
        raise ModelFileError(f"{path}: expected a {kind}, but it {reason}")
    try:
        opened = safetensors.safe_open(path, framework="numpy")
    except (safetensors.SafetensorError, OSError) as error:
        raise ModelFileError(
            f"{path}: expected a {kind} (safetensors), but the file is another kind or truncated ({brief(error)})"
        ) from None
    with opened as file:
        yield file, _description(path, kind, (file.metadata() or {}).get(key))


def _description(path: Path, kind: str, text: str | None) -> dict[str, Any]:
    if text is None:
        raise ModelFileError(f"{path}: this safetensors file holds no {kind}")
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict) or type(metadata.get("format")) is not int:
        raise ModelFileError(f"{path}: this {kind} is damaged: its description cannot be read")
    if metadata["format"] < 1:
        raise ModelFileError(f"{path}: this {kind} is damaged: its format is {metadata['format']}")
    if metadata["format"] > FORMAT:
        raise ModelFileError(
            f"{path}: this {kind} was saved by glassnet {brief(metadata.get('version'))} in format "
            f"{brief(metadata['format'])}; glassnet {__version__} reads up to format {FORMAT}: "
            "pip install --upgrade glassnet"
        )
    return metadata


def _network(path: Path, file: Any, metadata: dict[str, Any]) -> Network:
    """The network in an opened file; before any array is read, all of them are compared with the layers."""
    import safetensors

    try:
        shape = tuple(metadata["input_shape"])
        if not all(type(size) is int and size >= 1 for size in shape):
            raise InputError(f"input_shape must hold whole numbers above 0, got {shown(metadata['input_shape'])}")
        if metadata["dtype"] not in ("float32", "float64"):
            raise InputError(f"dtype must be float32 or float64, got {shown(metadata['dtype'])}")
        segments = connect(layers := _layers(metadata), shape)
        needed = {name: segment for part in segments for name, segment in _names(layers, part).items()}
        present = {name: file.get_slice(name) for name in list(file.keys())}
        _compare(path, present, needed, metadata["dtype"], _names(layers, segments[1]).keys())
        arrays = {name: file.get_tensor(name) for name in needed}
        classes = metadata["classes"]
        if classes is not None and not (isinstance(classes, list) and all(isinstance(name, str) for name in classes)):
            raise InputError(f"classes must be a list of names, got {shown(classes)}")
        network = Network(_layers(metadata), input_shape=shape, dtype=metadata["dtype"], classes=classes, seed=None)
        network.loss = from_table(Loss, metadata["loss"], "loss")
        network.threshold = _threshold(metadata.get("threshold", 0.0))
    except UnknownTypeError as error:  # nobody misspells in a file that was written by `save_network`
        reason = brief(error).partition("; ")[0]
        raise ModelFileError(
            f"{path}: {reason}; a class of your own must be imported before its model is read"
        ) from None
    except (InputError, KeyError, TypeError, RecursionError, safetensors.SafetensorError) as error:
        reason = f"its description lacks {error}" if isinstance(error, KeyError) else brief(error)
        raise ModelFileError(f"{path}: this model file is damaged: {reason}") from None
    for part, vector in ((network.segments, network.theta), (network.buffer_segments, network.buffers)):
        for name, segment in _names(network.layers, part).items():
            if not np.isfinite(arrays[name]).all():
                raise ModelFileError(f"{path}: array {name} holds NaN or infinity, so the model is of no use")
            segment.view(vector)[...] = arrays[name]
    for layer in network.layers:
        try:
            layer.check_buffers()
        except InputError as error:
            raise ModelFileError(f"{path}: array {layer.name}.{error}") from None
    return network


def _about(path: str | Path, metadata: dict[str, Any]) -> dict[str, Any]:
    about = metadata.get("about")
    if not isinstance(about, dict) or not all(isinstance(value, dict) for value in about.values()):
        raise ModelFileError(f"{path}: this model file is damaged: its `about` is not a table of tables")
    return {"version": metadata.get("version"), **about}


def _compact(theta: Array) -> Array:
    """The parameters as float16 if that is exact, else unchanged."""
    with np.errstate(over="ignore"):
        half = theta.astype(np.float16)
    return half if theta.any() and np.array_equal(half, theta) else theta


def _layers(metadata: dict[str, Any]) -> list[Layer]:
    tables = metadata["layers"]
    if not isinstance(tables, list):
        raise InputError("its layers are not a list")
    if len(tables) > MOST_LAYERS:
        raise InputError(f"it has {len(tables):,} layers, expected at most {MOST_LAYERS:,}")
    return [from_table(Layer, table, f"layers[{i}]") for i, table in enumerate(tables)]


def _names(layers: Sequence[Layer], segments: list[Segment]) -> dict[str, Segment]:
    return {f"{layers[segment.layer].name}.{segment.name}": segment for segment in segments}


def _threshold(value: Any) -> float:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= sys.float_info.max:
        raise InputError(f"threshold must be a number of at least 0, got {shown(value)}")
    return float(value)


def _compare(
    path: Path, present: dict[str, Any], needed: dict[str, Segment], dtype: str, buffers: Collection[str]
) -> None:
    """Raise ModelFileError unless the arrays in the file are those that the layers need; reads no array."""
    code = {"float32": "F32", "float64": "F64"}[dtype]
    missing, extra = sorted(needed.keys() - present.keys()), sorted(present.keys() - needed.keys())
    faults = [f"missing arrays: {', '.join(missing)}"] if missing else []
    faults += [f"arrays of no layer: {', '.join(extra)}"] if extra else []
    for name in sorted(present.keys() & needed.keys()):
        shape, needs = tuple(present[name].get_shape()), needed[name].declared.shape
        if shape != needs:
            faults.append(f"{name} is {shape}, its layer needs {needs}")
        elif present[name].get_dtype() not in ((code,) if name in buffers else (code, "F16")):
            faults.append(f"{name} is {present[name].get_dtype()}, its layer needs {code}")
    if faults:
        raise ModelFileError(f"{path}: the arrays do not fit the layers: {brief('; '.join(faults), 600)}")
