"""Parts as tables: both ways without loss, and every slip named."""

import subprocess
import sys

import pytest

import glassnet as gn
from cases import INITIALIZERS, LAYERS, LOSSES, OPTIMIZERS
from glassnet.nn.init import Initializer
from glassnet.nn.settings import describe, from_table, to_table


@pytest.mark.parametrize("case", LAYERS, ids=lambda case: case.id)
def test_layers_come_back(case) -> None:
    table = to_table(case.layer)
    assert to_table(from_table(gn.Layer, table, "here")) == table


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        *((gn.Loss, p) for p in LOSSES),
        *((Initializer, p) for p in INITIALIZERS),
        *((gn.Optimizer, p) for p in OPTIMIZERS),
    ],
    ids=repr,
)
def test_frozen_parts_come_back_equal(kind: type, part) -> None:
    assert from_table(kind, to_table(part), "here") == part


def test_a_name_alone_is_a_table() -> None:
    assert isinstance(from_table(gn.Layer, "ReLU", "here"), gn.ReLU)


def test_a_whole_number_serves_as_a_float() -> None:
    rate = from_table(gn.Optimizer, {"type": "SGD", "lr": 1}, "here").lr
    assert rate == 1
    assert isinstance(rate, float)


def test_describe_leaves_out_defaults() -> None:
    assert describe(gn.Dense(128)) == "Dense(units=128)"
    assert describe(gn.Dense(3, init=gn.Normal(0.5))) == "Dense(units=3, init=Normal(std=0.5))"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"type": "Dens", "units": 3}, r"^net\[2\]: unknown type 'Dens'; did you mean 'Dense'\?"),
        ({"type": "dense", "units": 3}, "did you mean 'Dense'"),
        ({"type": "Zzz"}, "known: AveragePool2D, BatchNorm, Conv2D, "),
        ({"units": 3}, "needs a key 'type'"),
        ({"type": "Dense", "unit": 3}, r"^net\[2\]: unknown key 'unit'; did you mean 'units'\?"),
        ({"type": "Dense"}, "the key 'units' is missing"),
        ({"type": "Dense", "units": "many"}, r"^net\[2\]\.units: expected a whole number, got 'many'"),
        ({"type": "Dense", "units": 3.5}, "expected a whole number, got 3.5"),
        ({"type": "Dense", "units": True}, "expected a whole number, got True"),
        ({"type": "Dense", "units": 0}, "units must be at least 1, got 0"),
        ({"type": "Dense", "units": 3, "init": "HeNorm"}, r"^net\[2\]\.init: unknown type 'HeNorm'; did you mean 'HeN"),
        ({"type": "Dense", "units": 3, "name": "x"}, "unknown key 'name'"),
        ({"type": "Rescale", "scale": float("inf")}, "expected a finite number"),
        ({"type": ["Dense"]}, "needs a key 'type'"),
        (7, "expected a name or a table"),
        (None, "expected a name or a table"),
    ],
)
def test_slips_are_named(table, message: str) -> None:
    with pytest.raises(gn.InputError, match=message):
        from_table(gn.Layer, table, "net[2]")


def test_parts_are_known_before_anyone_has_used_them() -> None:
    lines = (
        "from glassnet.nn.layer import Layer",
        "from glassnet.nn.settings import final_classes",
        "print(*final_classes(Layer))",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert {"Dense", "Conv2D", "Rescale", "ReLU"} <= set(done.stdout.split())
