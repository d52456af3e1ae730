"""Reads a state_dict of PyTorch from a safetensors file, and matches its layers with those of a network.

Nothing in such a file is executed. The file gives only the names of its layers, not their order.
"""

import re
from itertools import combinations
from pathlib import Path

from glassnet.modelfile import ModelFileError, is_model_file
from glassnet.nn.array import Array, Shape
from glassnet.nn.plain import brief

Tensors = dict[str, dict[str, Array]]  # layer -> name -> tensor
Shapes = dict[str, dict[str, Shape]]

COUNTER = "num_batches_tracked"  # part of PyTorch's BatchNorm; it has no effect on predictions
LONGEST = 200  # characters in a name
FLOATS = ("F16", "F32", "F64")
NUMBER, TEXT_AND_NUMBER = re.compile(r"\d+"), re.compile(r"(\D*)(\d*)")


def read_tensors(path: str | Path, needed: Shapes) -> Tensors:
    """The tensors that a network needs, from a safetensors file; all names and shapes are checked before reading.

    Args:
        needed: the shape of each tensor of each layer, in the order of the network.

    Raises:
        ModelFileError: no such file, not a safetensors file, or tensors that are missing, belong to no layer, or have
            another shape.
    """
    import safetensors

    path = Path(path)
    expected = f"{path}: expected a state_dict of PyTorch (safetensors)"
    if not path.is_file():
        raise ModelFileError(f"{expected}, but it {'is a folder' if path.is_dir() else 'does not exist'}")
    if is_model_file(path):
        raise ModelFileError(f"{expected}, but it is a model of glassnet: load_network reads it")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            present: Shapes = {}
            for full in sorted(file.keys()):
                layer, _, name = full.rpartition(".")
                if len(full) > LONGEST or not full.isprintable():
                    raise ModelFileError(f"{path}: expected names such as model.fc1.weight, but one is {full[:40]!r}")
                if name == COUNTER:
                    continue
                tensor = file.get_slice(full)
                if tensor.get_dtype() not in FLOATS:
                    raise ModelFileError(
                        f"{path}: {full} is {tensor.get_dtype()}, expected floats of 16, 32 or 64 bits"
                    )
                present.setdefault(layer, {})[name] = tuple(tensor.get_shape())
            theirs = _matched(path, needed, present)
            _compare(path, needed, present, theirs)
            return {
                layer: {name: file.get_tensor(_full(theirs[layer], name)) for name in tensors}
                for layer, tensors in needed.items()
            }
    except (safetensors.SafetensorError, OSError) as error:
        if not _is_pickle(path):
            raise ModelFileError(f"{expected}, but the file is another kind or truncated ({brief(error)})") from None
        raise ModelFileError(
            f"{expected}, but it is a pickle, which could run code, so it is not opened; convert it where it was made: "
            "safetensors.torch.save_file(torch.load(path, weights_only=True), 'model.safetensors')"
        ) from None


def _is_pickle(path: Path) -> bool:
    """Whether the file begins like a file from torch.save, in the new or the old format."""
    try:
        with path.open("rb") as file:
            return file.read(2) in (b"PK", b"\x80\x02")
    except OSError:
        return False


def _matched(path: Path, needed: Shapes, present: Shapes) -> dict[str, str]:
    """For each layer of the network, the name of its layer in the file.

    That is the same name, or else the next layer in natural order whose `weight` has the same number of axes.

    Raises:
        ModelFileError: the numbers of such layers differ, or the order of two layers with the same shapes is unknown.
    """
    if present.keys() <= needed.keys():
        return {layer: layer for layer in needed}
    ours, theirs = _by_axes(needed), _by_axes(present)
    matched: dict[str, str] = {}
    for axes in sorted(ours.keys() | theirs.keys()):
        here, there = ours.get(axes, []), sorted(theirs.get(axes, []), key=_natural)
        if len(here) != len(there):
            kind = f"with a weight of {axes} axes" if axes else "without a weight"
            raise ModelFileError(f"{path}: the network has {_many(here)} {kind}, but the file has {_many(there)}")
        for first, second in combinations(there, 2):
            if present[first] == present[second] and NUMBER.sub("", first) != NUMBER.sub("", second):
                raise ModelFileError(
                    f"{path}: {first} and {second} have the same shapes, and their names do not say which comes first: "
                    f"name them as the network does, such as {here[0]}"
                )
        matched |= zip(here, there, strict=True)
    return matched


def _by_axes(shapes: Shapes) -> dict[int, list[str]]:
    """The layers grouped by the number of axes of their `weight`; 0 for layers without a weight."""
    groups: dict[int, list[str]] = {}
    for layer, tensors in shapes.items():
        groups.setdefault(len(tensors.get("weight", ())), []).append(layer)
    return groups


def _natural(name: str) -> list[tuple[str, int]]:
    """A key for natural sorting: letters by the alphabet, numbers by size."""
    return [(text, int(number or 0)) for text, number in TEXT_AND_NUMBER.findall(name)]


def _many(layers: list[str]) -> str:
    """The number of layers and the names of the first ones, as text."""
    names = ", ".join(layers[:3]) + (", ..." if len(layers) > 3 else "")
    return f"{len(layers)} layers ({names})" if layers else "no layer"


def _full(layer: str, name: str) -> str:
    return f"{layer}.{name}" if layer else name


def _compare(path: Path, needed: Shapes, present: Shapes, theirs: dict[str, str]) -> None:
    """Raise ModelFileError unless the file has exactly the tensors of each layer, in the same shapes."""
    faults = []
    for layer, tensors in needed.items():
        have = present.get(theirs[layer], {})
        for name in sorted(tensors.keys() | have.keys()):
            full = _full(theirs[layer], name)
            if name not in have:
                faults.append(f"{full} is missing")
            elif name not in tensors:
                faults.append(f"{layer} has no use for {full}")
            elif have[name] != tensors[name]:
                faults.append(f"{full} is {have[name]}, {layer} needs {tensors[name]}")
    if faults:
        more = f"; and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise ModelFileError(f"{path}: the tensors do not fit the network: {'; '.join(faults[:3])}{more}")
