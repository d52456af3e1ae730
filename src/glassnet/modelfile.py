"""A network as one file that is safe to open: arrays in safetensors, everything else as JSON in its metadata.

Nothing in such a file is ever executed. Before a single array is allocated, the file's own table of arrays is compared
with what its architecture needs, so a damaged or forged file is refused, not half loaded.
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
from glassnet.nn.settings import from_table, to_table
from glassnet.version import __version__
from glassnet.wholefile import write_whole

FORMAT = 1
MOST_LAYERS = 10_000  # each takes a moment to be made
KEY = "glassnet"  # one key only: the order of several is not defined, and a file is to have the same bytes each time


class ModelFileError(ValueError):
    """A model file that cannot be used; the message names the file and what is wrong."""


def check_network(network: Any) -> None:
    """Raise InputError for what holds a network or is none: an estimator of scikit-learn's kind, a pipeline."""
    inside = ": that of a fitted estimator is its attribute network_" if hasattr(network, "fit") else ""
    require(isinstance(network, Network), f"expected a Network, got {type(network).__name__}{inside}")


def save_network(network: Network, path: str | Path, *, about: dict[str, Any] | None = None) -> None:
    """Write a network to a file: its arrays, layers, loss, input shape and class names.

    The same network and `about` give the same bytes; there is no time stamp. The file appears whole or not at all.
    Nothing is lost: parameters are stored as they are, in half the space if all of them are float16 numbers exactly, as
    after `network.theta[...] = network.theta.astype(np.float16)`.

    Args:
        path: usually ends in .safetensors.
        about: what else is to be known of the model, tables of plain values: {"test": {"accuracy": 0.98}}.

    Raises:
        ModelFileError: the file cannot be written; parameters that are not finite; an `about` that is not plain.
        InputError: no network.
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
        raise ModelFileError(f"{path}: not saved, for {bad[0]} holds NaN or infinity, so the model is of no use")
    try:
        write_arrays(path, arrays, KEY, metadata)
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be written: {error.strerror or error}") from None
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: not saved, for `about` must hold plain finite values: {error}") from None


def load_network(path: str | Path) -> Network:
    """Read a network from a file, exactly as it was saved.

    Raises:
        ModelFileError: no such file, not a model file, damaged, or made by a newer version.
    """
    with _opened(path := Path(path)) as (file, metadata):
        return _network(path, file, metadata)


def begin_with(network: Network, start: Network) -> None:
    """Give a network the parameters of another one, and the buffers that both have, such as means of BatchNorm.

    Raises:
        InputError: their arrays differ: what is missing, what is too many, and what has another shape.
    """
    own, found = (_names(one.layers, one.segments) for one in (network, start))
    missing, extra = sorted(own.keys() - found.keys()), sorted(found.keys() - own.keys())
    faults = [f"it lacks {', '.join(missing)}"] if missing else []
    faults += [f"it has {', '.join(extra)} besides"] if extra else []
    faults += [
        f"its {name} is {found[name].declared.shape}, expected {segment.declared.shape}"
        for name, segment in own.items()
        if name in found and found[name].declared.shape != segment.declared.shape
    ]
    require(not faults, f"the weights of that model do not fit this network: {brief('; '.join(faults), 600)}")
    for name, segment in own.items():
        segment.view(network.theta)[...] = found[name].view(start.theta)
    own, found = (_names(one.layers, one.buffer_segments) for one in (network, start))
    for name, segment in own.items():
        if name in found and found[name].declared.shape == segment.declared.shape:
            segment.view(network.buffers)[...] = found[name].view(start.buffers)


def read_about(path: str | Path) -> dict[str, Any]:
    """What the file says of its model besides the network: recipe, accuracy, version; errors as of `load_network`."""
    with _opened(Path(path)) as (_, metadata):
        return _about(path, metadata)


def read_model(path: str | Path) -> tuple[Network, dict[str, Any]]:
    """What `load_network` and `read_about` read, from a file that is opened once; errors as of `load_network`."""
    with _opened(path := Path(path)) as (file, metadata):
        return _network(path, file, metadata), _about(path, metadata)


def is_model_file(path: str | Path) -> bool:
    """Whether there is a file of `save_network`, of any version, damaged or not."""
    import safetensors

    with suppress(OSError, safetensors.SafetensorError), safetensors.safe_open(path, framework="numpy") as file:
        return KEY in (file.metadata() or {})
    return False


def write_arrays(path: str | Path, arrays: dict[str, Array], key: str, metadata: dict[str, Any]) -> None:
    """Write arrays and their description to a safetensors file, whole or not at all; the same values, the same bytes.

    Args:
        key: under which name the description stands in the file; it says what kind of file it is.

    Raises:
        OSError: the file cannot be written.   ValueError: the description holds NaN or infinity.
    """
    import safetensors.numpy

    text = json.dumps(metadata, sort_keys=True, allow_nan=False)
    contents = safetensors.numpy.save({name: np.ascontiguousarray(a) for name, a in arrays.items()}, {key: text})
    write_whole(path, contents)


def read_arrays(path: str | Path, key: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """All arrays and the description of a file of `write_arrays`.

    Raises:
        ModelFileError: no such file, damaged, or of another kind.
    """
    import safetensors

    with _opened(Path(path), key) as (file, metadata):
        try:
            return {name: file.get_tensor(name) for name in list(file.keys())}, metadata
        except (safetensors.SafetensorError, TypeError, AttributeError) as error:  # types of numbers that NumPy lacks
            raise ModelFileError(f"{path}: the file is damaged: {brief(error)}") from None


@contextmanager
def _opened(path: Path, key: str = KEY) -> Iterator[tuple[Any, dict[str, Any]]]:
    """A file of `write_arrays`, opened, and its description."""
    import safetensors

    kind = "glassnet model" if key == KEY else "checkpoint"
    if not path.is_file():
        inside = sorted(path.glob("*.safetensors"))[:1]
        hint = f", in which {brief(inside[0].name)} may be meant" if inside else ""
        found = f"is a folder{hint}" if path.is_dir() else "does not exist"
        raise ModelFileError(f"{path}: expected a {kind}, but it {found}")
    try:
        opened = safetensors.safe_open(path, framework="numpy")
    except (safetensors.SafetensorError, OSError) as error:
        raise ModelFileError(
            f"{path}: expected a {kind} (safetensors), but the file is none or is cut short ({brief(error)})"
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
    """The network in an opened file; none of its arrays is read before all of them fit its layers."""
    import safetensors

    try:
        shape = tuple(metadata["input_shape"])
        if not all(type(size) is int and size >= 1 for size in shape):
            raise InputError(f"input_shape must hold whole numbers above 0, got {shown(metadata['input_shape'])}")
        if metadata["dtype"] not in ("float32", "float64"):
            raise InputError(f"dtype must be float32 or float64, got {shown(metadata['dtype'])}")
        segments = connect(layers := _layers(metadata), shape)
        needed = {name: segment for part in segments for name, segment in _names(layers, part).items()}
        found = {name: file.get_slice(name) for name in list(file.keys())}
        _compare(path, found, needed, metadata["dtype"], _names(layers, segments[1]).keys())
        arrays = {name: file.get_tensor(name) for name in needed}
        classes = metadata["classes"]
        if classes is not None and not (isinstance(classes, list) and all(isinstance(name, str) for name in classes)):
            raise InputError(f"classes must be a list of names, got {shown(classes)}")
        network = Network(_layers(metadata), input_shape=shape, dtype=metadata["dtype"], classes=classes, seed=None)
        network.loss = from_table(Loss, metadata["loss"], "loss")
        network.threshold = _threshold(metadata.get("threshold", 0.0))
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
        raise ModelFileError(f"{path}: this model file is damaged: what it says about itself is no table of tables")
    return {"version": metadata.get("version"), **about}


def _compact(theta: Array) -> Array:
    """The parameters as float16 if that loses nothing, else as they are."""
    with np.errstate(over="ignore"):
        half = theta.astype(np.float16)
    return half if theta.any() and np.array_equal(half, theta) else theta


def _layers(metadata: dict[str, Any]) -> list[Layer]:
    tables = metadata["layers"]
    if not isinstance(tables, list):
        raise InputError("its layers are no list")
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
    path: Path, found: dict[str, Any], needed: dict[str, Segment], dtype: str, buffers: Collection[str]
) -> None:
    """Raise ModelFileError unless the file's table of arrays is what the layers need; reads no array."""
    code = {"float32": "F32", "float64": "F64"}[dtype]
    missing, extra = sorted(needed.keys() - found.keys()), sorted(found.keys() - needed.keys())
    faults = [f"missing arrays: {', '.join(missing)}"] if missing else []
    faults += [f"arrays of no layer: {', '.join(extra)}"] if extra else []
    for name in sorted(found.keys() & needed.keys()):
        shape, needs = tuple(found[name].get_shape()), needed[name].declared.shape
        if shape != needs:
            faults.append(f"{name} is {shape}, its layer needs {needs}")
        elif found[name].get_dtype() not in ((code,) if name in buffers else (code, "F16")):
            faults.append(f"{name} is {found[name].get_dtype()}, its layer needs {code}")
    if faults:
        raise ModelFileError(f"{path}: the arrays do not fit the layers: {brief('; '.join(faults), 600)}")
