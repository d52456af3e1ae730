"""Schedules against their equations."""

import math

import numpy as np
import pytest

import glassnet as gn
from cases import SCHEDULES


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
@pytest.mark.parametrize("steps", [1, 2, 7, 1000])
def test_factors_are_from_0_to_1(schedule: gn.Schedule, steps: int) -> None:
    factors = [schedule.factor(step, steps) for step in range(steps)]
    assert all(0 <= factor <= 1 for factor in factors)


def test_one_cycle_goes_up_and_down() -> None:
    schedule = gn.OneCycle(rise=0.25, start=0.1, end=0.02)
    factors = np.array([schedule.factor(step, 101) for step in range(101)])
    assert factors[0] == pytest.approx(0.1)
    assert factors[25] == 1
    assert factors[100] == pytest.approx(0.02)
    assert (np.diff(factors[:26]) > 0).all()
    assert (np.diff(factors[25:]) < 0).all()
    assert factors[10] == pytest.approx(0.1 + 0.9 * (1 - math.cos(0.4 * math.pi)) / 2)
    assert factors[75] == pytest.approx(0.02 + 0.98 * (1 + math.cos(2 / 3 * math.pi)) / 2)


def test_one_cycle_without_a_rise_only_falls() -> None:
    assert gn.OneCycle(rise=0).factor(0, 10) == 1
    assert gn.OneCycle(rise=0).factor(9, 10) == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rise": 1.0}, "rise must be from 0 to below 1"),
        ({"start": -0.1}, "start must be"),
        ({"end": 2}, "end must be"),
    ],
)
def test_impossible_settings(settings: dict[str, float], message: str) -> None:
    with pytest.raises(gn.InputError, match=message):
        gn.OneCycle(**settings)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (gn.StepDecay(4, drop=0.5), [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]),
        (gn.ExponentialDecay(end=1 / 256), [2.0**-k for k in range(9)]),
        (gn.InverseScaling(power=1), [1 / k for k in range(1, 10)]),
        (gn.CosineDecay(end=0.2), [0.2 + 0.4 * (1 + math.cos(math.pi * k / 8)) for k in range(9)]),
        (gn.WarmUp(3, gn.ConstantRate()), [0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1]),
        (gn.WarmUp(4, gn.ExponentialDecay(end=1 / 16)), [0.2, 0.4, 0.6, 0.8, 1, 0.5, 0.25, 0.125, 0.0625]),
    ],
    ids=repr,
)
def test_nine_steps_by_hand(schedule: gn.Schedule, expected: list[float]) -> None:
    assert [schedule.factor(step, 9) for step in range(9)] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gn.StepDecay(0), "every must be at least 1"),
        (lambda: gn.StepDecay(1, drop=2), "drop must be from 0 to 1"),
        (lambda: gn.ExponentialDecay(end=0), "end must be above 0"),
        (lambda: gn.InverseScaling(power=0), "power must be above 0"),
        (lambda: gn.CosineDecay(end=-1), "end must be from 0 to 1"),
        (lambda: gn.WarmUp(0), "over must be at least 1"),
    ],
)
def test_impossible_settings_of_the_others(make, message: str) -> None:
    with pytest.raises(gn.InputError, match=message):
        make()
