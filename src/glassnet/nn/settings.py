"""Parts as data: a layer, loss, optimizer or initialiser is stored as its name and its settings.

`Dense(units=128)` is the table `{"type": "Dense", "units": 128}` in a recipe and in a model file. A part is a
dataclass, and its fields are its settings. So the class defines the keys of its table, and their types.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, TypeVar

import numpy as np

from glassnet.nn.errors import InputError, require
from glassnet.nn.plain import LONGEST, brief, nearest, shown

T = TypeVar("T")


class UnknownTypeError(InputError):
    """There is no type of this name: the name is wrong, or a user's class has not been imported."""


def final_classes(kind: type[T]) -> dict[str, type[T]]:
    """Every concrete subclass of `kind`, by name: those of glassnet.nn, and others that have been imported."""
    _import_all_parts()
    return _below(kind)


@cache
def _import_all_parts() -> None:
    for module in iter_modules([str(Path(__file__).parent)]):
        import_module(f"glassnet.nn.{module.name}")


def _below(kind: type[T]) -> dict[str, type[T]]:
    found: dict[str, type[T]] = {}
    for sub in kind.__subclasses__():
        found = _below(sub) | found
        ours = sub.__module__.startswith("glassnet.nn.")
        if sub.__module__.startswith("glassnet.") and not ours:
            continue  # an internal class, such as those of the estimators, which no recipe can name
        if not getattr(sub, "__abstractmethods__", None) and (ours or sub.__name__ not in found):
            found[sub.__name__] = sub  # a user's class never replaces a class of glassnet
    return found


# The types of a class's fields. They are cached, because a model file may name a class many times.
_hints: Callable[[Any], dict[str, Any]] = cache(typing.get_type_hints)


def _settings_of(part: Any) -> list[dataclasses.Field[Any]]:
    """The fields of a part, or of its class, that are settings: the arguments of its constructor."""
    return [field for field in dataclasses.fields(part) if field.init]


def convert_settings(part: Any) -> None:
    """Convert every setting of a new part to the type of its field: 1 to 1.0, a name to the part it names.

    Raises:
        InputError: a setting of another type.
    """
    hints = _hints(type(part))
    for field in _settings_of(part):
        value = _typed(getattr(part, field.name), hints[field.name], f"{type(part).__name__}: {field.name}")
        object.__setattr__(part, field.name, value)  # parts may be frozen


def whole(value: Any, name: str, least: int) -> int:
    """The value as an int of at least `least`.

    Raises:
        InputError: not a whole number, or a smaller one.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"{name} must be a whole number of at least {least}, got {value!r}")
    return int(value)


def to_table(part: Any) -> dict[str, Any]:
    """A part as a table of plain values: every setting, and its type if it belongs to a family such as Layer."""
    abstract = any(getattr(base, "__abstractmethods__", None) for base in type(part).__mro__)
    table: dict[str, Any] = {"type": type(part).__name__} if abstract else {}
    return table | {field.name: _plain(getattr(part, field.name)) for field in _settings_of(part)}


def describe(part: Any) -> str:
    """A part as a person would write it, without settings at their defaults: Dense(units=128)."""
    shown = []
    for field in _settings_of(part):
        value = getattr(part, field.name)
        if value != field.default:
            text = (
                describe(value)
                if dataclasses.is_dataclass(value)
                else f"{value:.6g}"
                if type(value) is float
                else value
            )
            shown.append(f"{field.name}={text}")
    return f"{type(part).__name__}({', '.join(map(str, shown))})"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return to_table(value)
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def from_table(kind: type[T], table: Any, where: str) -> T:
    """Make a part of this kind from a table, or from its bare name.

    Args:
        kind: an abstract class such as Layer, or the concrete class itself.
        table: `{"type": "Dense", "units": 128}`, or `"ReLU"` for a part whose settings all have defaults.
        where: the place of the table, for messages: `network.layers[2]`.

    Raises:
        InputError: unknown type or key (with the nearest known one), missing key, wrong type, impossible value.
    """
    if isinstance(table, str):
        table = {"type": table}
    require(isinstance(table, dict), f"{_at(where)}expected a name or a table of settings, got {shown(table)}")
    settings = dict(table)
    cls = kind
    if getattr(kind, "__abstractmethods__", None):
        known = final_classes(kind)
        name = settings.pop("type", None)
        require(isinstance(name, str), f"{_at(where)}needs a key 'type', one of: {', '.join(sorted(known))}")
        if name not in known:
            raise UnknownTypeError(f"{_at(where)}unknown type {shown(name)}; {nearest(str(name), known)}")
        cls = known[name]
    return _construct(cls, settings, where)


def _construct(cls: type[T], settings: dict[str, Any], where: str) -> T:
    fields, hints = {field.name: field for field in _settings_of(cls)}, _hints(cls)
    for key in settings:
        if key not in fields:
            raise InputError(f"{_at(where)}unknown key {shown(key)}; {nearest(key, fields)}")
    for key, field in fields.items():
        missing = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        require(key in settings or not missing, f"{_at(where)}the key {key!r} is missing")
    values = {key: _typed(value, hints[key], _inside(where, key)) for key, value in settings.items()}
    try:
        return cls(**values)
    except ValueError as error:  # each package has its own subclass
        raise InputError(f"{_at(where)}{brief(error, 2 * LONGEST)}") from None


def _typed(value: Any, hint: Any, where: str) -> Any:
    """The value, converted to the type of its field: lists to tuples, whole numbers to floats, tables to parts."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return _first_fitting(value, arguments, where)
    if origin is typing.Literal:
        require(
            value in arguments, f"{_at(where)}expected one of {', '.join(map(repr, arguments))}, got {shown(value)}"
        )
        return value
    if origin is tuple:
        require(isinstance(value, list | tuple), f"{_at(where)}expected a list, got {shown(value)}")
        inner = arguments[0] if len(arguments) == 2 and arguments[1] is ... else None
        hints = [inner] * len(value) if inner else list(arguments)
        require(len(hints) == len(value), f"{_at(where)}expected {len(hints)} values, got {shown(value)}")
        return tuple(_typed(item, h, f"{where}[{i}]") for i, (item, h) in enumerate(zip(value, hints, strict=True)))
    if hint is Any:
        return value
    hint = origin or hint  # dict[str, Any] is checked as dict
    if isinstance(value, np.generic):
        value = value.item()
    if hint in (int, float) and isinstance(value, int):
        bits = value.bit_length()
        require(bits <= 64, f"{_at(where)}expected a number of at most 64 bits, got a whole number of {bits} bits")
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if hint is float and isinstance(value, float):
        require(math.isfinite(value), f"{_at(where)}expected a finite number, got {value!r}")
    if dataclasses.is_dataclass(hint) and not isinstance(value, typing.cast(type, hint)):
        return from_table(typing.cast(type, hint), value, where)
    name = {
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        str: "a text",
        type(None): "nothing",
        dict: "a table",
    }
    fits = isinstance(value, hint) and not (hint in (int, float) and isinstance(value, bool))
    require(fits, f"{_at(where)}expected {name.get(hint, hint.__name__)}, got {shown(value)}")
    return value


def _first_fitting(value: Any, hints: tuple[Any, ...], where: str) -> Any:
    reasons = []
    for hint in sorted(hints, key=lambda hint: hint is not type(None)):
        try:
            return _typed(value, hint, where)
        except InputError as error:
            if dataclasses.is_dataclass(hint) and isinstance(value, dict):
                raise
            reasons.append(str(error).removeprefix(f"{_at(where)}expected ").rsplit(", got ", 1)[0])
    reasons = [reason for reason in reasons if reason != "nothing"]
    raise InputError(f"{_at(where)}expected {' or '.join(reasons)}, got {shown(value)}")


def _at(where: str) -> str:
    return f"{where}: " if where else ""


def _inside(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key
