"""The summary of a network, and its name in short."""

import pytest

import glassnet as gn
from glassnet.nn.summary import in_short, summary_rows


@pytest.mark.parametrize(
    ("layers", "input_shape", "name"),
    [
        ([gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(128), gn.ReLU(), gn.Dense(10)], (28, 28), "784-128-10"),
        ([gn.Dense(1)], 3, "3-1"),
        (
            [gn.Reshape((6, 6, 1)), gn.Conv2D(4, 3), gn.MaxPool2D(2), gn.Flatten(), gn.Dense(2)],
            (6, 6),
            "6x6-4c-2",
        ),
        ([gn.ReLU()], 4, "4"),
    ],
)
def test_a_network_in_short(layers: list[gn.Layer], input_shape: int | tuple[int, ...], name: str) -> None:
    assert in_short(gn.Network(layers, input_shape=input_shape).layers) == name


def test_the_last_row_is_the_sum() -> None:
    network = gn.Network([gn.Dense(3), gn.ReLU(), gn.Dense(2)], input_shape=4)
    assert summary_rows(network.layers)[0] == ("dense1", "Dense(units=3)", "(3,)", "15", "12")
    assert summary_rows(network.layers)[-1] == ("total", "", "", "23", "18")
