"""Every class of the core stands in the case table."""

import pytest

import glassnet as gn
from cases import INITIALIZERS, LAYERS, LOSSES, OPTIMIZERS, PENALTIES, SCHEDULES
from glassnet.nn.init import Initializer
from glassnet.nn.settings import final_classes


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        (gn.Layer, [case.layer for case in LAYERS]),
        (gn.Loss, LOSSES),
        (Initializer, INITIALIZERS),
        (gn.Optimizer, OPTIMIZERS),
        (gn.Schedule, SCHEDULES),
        (gn.Penalty, PENALTIES),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_class_is_a_case(kind: type, table: list) -> None:
    ours = {name for name, cls in final_classes(kind).items() if cls.__module__.startswith("glassnet.nn.")}
    assert ours
    assert ours == {type(part).__name__ for part in table}


@pytest.mark.parametrize("kind", [gn.Layer, gn.Loss, Initializer, gn.Optimizer, gn.Schedule, gn.Penalty])
def test_a_class_is_abstract_or_final(kind: type) -> None:
    for cls in final_classes(kind).values():
        if cls.__module__.startswith("glassnet.nn."):
            assert getattr(cls, "__final__", False), f"{cls.__name__} is neither abstract nor final"
            assert hasattr(gn, cls.__name__), f"{cls.__name__} is no public name"
            assert cls.__doc__
            assert not cls.__doc__.startswith(cls.__name__ + "("), f"{cls.__name__} has no docstring of its own"
