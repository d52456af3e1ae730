"""A network as one file that is safe to open: arrays in safetensors, everything else as JSON in its metadata.

Nothing in such a file is ever executed. Before a single array is allocated, the file's own table of arrays is compared
with what its architecture needs, so a damaged or forged file is refused, not half loaded.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.nn.layer import Layer
from glassnet.nn.loss import Loss
from glassnet.nn.network import Network, Segment, connect
from glassnet.nn.settings import InputError, from_table, to_table
from glassnet.version import __version__

FORMAT = 1
KEY = "glassnet"  # one key only: the order of several is not defined, and a file is to have the same bytes each time


class ModelFileError(ValueError):
    """A model file that cannot be used; the message names the file and what is wrong."""


def save_network(network: Network, path: str | Path, *, about: dict[str, Any] | None = None) -> None:
    """Write a network to a file: its arrays, layers, loss, input shape and class names.

    The same network and `about` give the same bytes; there is no time stamp. The file appears whole or not at all.

    Args:
        path: usually ends in .safetensors.
        about: what else is to be known of the model, as plain values: its recipe, its accuracy.
    """
    import safetensors.numpy

    metadata = {
        "format": FORMAT,
        "version": __version__,
        "dtype": network.dtype.name,
        "input_shape": list(network.input_shape),
        "layers": [to_table(layer) for layer in network.layers],
        "loss": to_table(network.loss),
        "classes": None if network.classes is None else list(network.classes),
        "about": about or {},
    }
    arrays = {
        name: np.ascontiguousarray(segment.view(vector))
        for segments, vector in ((network.segments, network.theta), (network.buffer_segments, network.buffers))
        for name, segment in _names(network.layers, segments).items()
    }
    contents = safetensors.numpy.save(arrays, {KEY: json.dumps(metadata, sort_keys=True, allow_nan=False)})
    path = Path(path)
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.write_bytes(contents)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_network(path: str | Path) -> Network:
    """Read a network from a file, exactly as it was saved.

    Raises:
        ModelFileError: no such file, not a model file, damaged, or made by a newer version.
    """
    import safetensors

    path = Path(path)
    metadata = _metadata(path)
    try:
        input_shape = tuple(metadata["input_shape"])
        if not all(type(size) is int and size >= 1 for size in input_shape):
            raise InputError(f"input_shape must hold whole numbers above 0, got {metadata['input_shape']}")
        if metadata["dtype"] not in ("float32", "float64"):
            raise InputError(f"dtype must be float32 or float64, got {metadata['dtype']!r}")
        segments = connect(layers := _layers(metadata), input_shape)
        needed = {name: segment for part in segments for name, segment in _names(layers, part).items()}
        with safetensors.safe_open(path, framework="numpy") as file:
            found = {name: file.get_slice(name) for name in list(file.keys())}
            _compare(path, found, needed, metadata["dtype"])
            arrays = {name: file.get_tensor(name) for name in needed}
        network = Network(
            _layers(metadata),
            input_shape=input_shape,
            dtype=metadata["dtype"],
            classes=metadata["classes"],
        )
        network.loss = from_table(Loss, metadata["loss"], "loss")
    except (InputError, KeyError, TypeError, safetensors.SafetensorError) as error:
        reason = f"its description lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ModelFileError(f"{path}: this model file is damaged: {reason}") from None
    parts = ((network.segments, network.theta), (network.buffer_segments, network.buffers))
    for part, vector in parts:
        for name, segment in _names(network.layers, part).items():
            if not np.isfinite(arrays[name]).all():
                raise ModelFileError(f"{path}: array {name} holds NaN or infinity, so the model is of no use")
            segment.view(vector)[...] = arrays[name]
    return network


def read_about(path: str | Path) -> dict[str, Any]:
    """What the file says of its model besides the network: recipe, accuracy, version of the library.

    Raises:
        ModelFileError: as load_network.
    """
    metadata = _metadata(Path(path))
    about = metadata.get("about")
    return {"version": metadata.get("version"), **(about if isinstance(about, dict) else {})}


def _metadata(path: Path) -> dict[str, Any]:
    """The JSON of a model file, known to be of a format that this version reads."""
    import safetensors

    if not path.is_file():
        kind = "is a folder" if path.is_dir() else "does not exist"
        raise ModelFileError(f"{path}: expected a model file, but it {kind}")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get(KEY)
    except (safetensors.SafetensorError, OSError) as error:
        raise ModelFileError(
            f"{path}: expected a glassnet model (safetensors), but the file is none or is cut short ({error})"
        ) from None
    if text is None:
        raise ModelFileError(f"{path}: this safetensors file holds no glassnet model")
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict) or type(metadata.get("format")) is not int:
        raise ModelFileError(f"{path}: this model file is damaged: its description cannot be read")
    if metadata["format"] > FORMAT:
        raise ModelFileError(
            f"{path}: this model was saved by glassnet {metadata.get('version')} in format {metadata['format']}; "
            f"glassnet {__version__} reads up to format {FORMAT}: pip install --upgrade glassnet"
        )
    return metadata


def _layers(metadata: dict[str, Any]) -> list[Layer]:
    tables = metadata["layers"]
    if not isinstance(tables, list):
        raise InputError("its layers are no list")
    return [from_table(Layer, table, f"layers[{i}]") for i, table in enumerate(tables)]


def _names(layers: Sequence[Layer], segments: list[Segment]) -> dict[str, Segment]:
    return {f"{layers[segment.layer].name}.{segment.name}": segment for segment in segments}


def _compare(path: Path, found: dict[str, Any], needed: dict[str, Segment], dtype: str) -> None:
    """Raise ModelFileError unless the file's table of arrays is what the layers need; reads no array."""
    code = {"float32": "F32", "float64": "F64"}[dtype]
    missing, extra = sorted(needed.keys() - found.keys()), sorted(found.keys() - needed.keys())
    faults = [f"missing arrays: {', '.join(missing)}"] if missing else []
    faults += [f"arrays of no layer: {', '.join(extra)}"] if extra else []
    for name in sorted(found.keys() & needed.keys()):
        shape, needs = tuple(found[name].get_shape()), needed[name].declared.shape
        if shape != needs:
            faults.append(f"{name} is {shape}, its layer needs {needs}")
        elif found[name].get_dtype() != code:
            faults.append(f"{name} is {found[name].get_dtype()}, its layer needs {code}")
    if faults:
        raise ModelFileError(f"{path}: the arrays do not fit the layers: {'; '.join(faults)}")
