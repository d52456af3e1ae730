"""Streams: the same address gives the same numbers, another address others."""

import itertools

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn.stream import PURPOSES, random_stream


def test_an_address_always_gives_the_same_numbers() -> None:
    first = random_stream(5, "shuffle", 3).random(100)
    random_stream(5, "shuffle", 2).random(1000)
    np.testing.assert_array_equal(random_stream(5, "shuffle", 3).random(100), first)


def test_different_addresses_give_different_numbers() -> None:
    addresses = [
        *((seed, purpose) for seed in (0, 1) for purpose in PURPOSES),
        *((0, "dropout", *position) for position in itertools.product((1, 2), repeat=3)),
        (0, "dropout", 3),
        (0, "dropout", 0, 3),
    ]
    draws = [tuple(random_stream(*address).integers(0, 2**63, 50)) for address in addresses]
    numbers = [number for draw in draws for number in draw]
    assert len(set(numbers)) == len(numbers)


def test_the_numbers_are_fixed_for_ever() -> None:
    # A change here changes every result of the library.
    assert random_stream(1, "weights", 2, 3).integers(0, 1000, 5).tolist() == [154, 699, 790, 590, 37]


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_out_of_range(seed: int) -> None:
    with pytest.raises(gn.InputError, match="seed must be a whole number"):
        random_stream(seed, "weights")
