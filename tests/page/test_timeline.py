"""Forward and back through a training: the same position has the same bits, whatever the way to it."""

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

import glassnet as gn
from glassnet.page.timeline import MOST, Timeline, fingerprint, thinned
from glassnet.train.callbacks import Callback, monitor_of
from networks import small_data as data
from networks import small_network as network

EPOCHS, BATCHES = 6, 5  # of 12 examples each
LAST = EPOCHS * BATCHES
PLAN = gn.Plan(optimizer=gn.SGD(0.05), epochs=EPOCHS, batch_size=12, seed=5)
RULES = {
    "plain": {},
    "momentum": {"optimizer": gn.SGD(0.02, momentum=0.9, nesterov=True)},
    "adam": {"optimizer": gn.Adam(0.01), "shards": 2},
    "schedule": {"schedule": gn.OneCycle()},
    "averaged": {"average": gn.WeightAverage(0.8)},
    "augmented": {"augment": (gn.Augmentation(shift=0.1, rotation=10, white=1),)},
    "limited": {"penalties": [gn.L2(1e-3), gn.MaxNorm(2)], "clip": gn.Clip(norm=1)},
}
CALLBACKS = {
    "none": lambda: [],
    "stops early": lambda: [gn.EarlyStopping("validation_loss", patience=1, min_delta=0.02)],
    "slows down": lambda: [gn.ReduceOnPlateau("validation_loss", patience=1, min_delta=0.5)],
}
KINDS = [*((rule, "none") for rule in RULES), *(("plain", callbacks) for callbacks in CALLBACKS if callbacks != "none")]


@contextmanager
def timeline(plan: gn.Plan = PLAN, callbacks: Sequence[Callback] = (), **limits):
    with gn.Trainer(network(), plan=plan, workers=1, monitor=monitor_of(callbacks), **data()) as trainer:
        yield Timeline(trainer, callbacks, **limits)


def here(line: Timeline) -> dict:
    """All that decides how the training goes on, and all that is shown of it."""
    state = line.trainer.state()
    given = network()
    line.give(given)
    seconds = {"seconds", "history"}
    return {
        **{name: array.tobytes() for name, array in state.arrays.items()},
        **{name: value for name, value in state.values.items() if name not in seconds},
        "history": [{k: v for k, v in record.items() if k != "seconds"} for record in state.values["history"]],
        "fingerprint": fingerprint(given),
        "loss": line.loss,
        "gradient": None if line.gradient() is None else line.gradient().tobytes(),
    }


def forward(line: Timeline) -> list[dict]:
    """Step to the end; what holds at each position."""
    found = [here(line)]
    while not line.finished:
        line.step()
        found.append(here(line))
    return found


@pytest.mark.parametrize(("rule", "callbacks"), KINDS)
def test_every_way_to_a_position_leads_to_the_same_bits(rule: str, callbacks: str, rng) -> None:
    with timeline(replace(PLAN, **RULES[rule]), CALLBACKS[callbacks]()) as line:
        truth = forward(line)
        last = line.position
        assert len({state["fingerprint"] for state in truth[: BATCHES + 1]}) == BATCHES + 1
        for _ in range(BATCHES + 2):  # over the end of an epoch
            line.back()
            assert here(line) == truth[line.position]
        for goal in rng.integers(0, last + 1, 12).tolist():
            line.go(goal)
            assert (line.position, here(line)) == (goal, truth[goal])
            if goal < last:
                line.step()
                assert here(line) == truth[goal + 1]
        line.start()
        assert forward(line) == truth
        assert line.furthest == last


@pytest.mark.parametrize(("rule", "callbacks"), KINDS)
def test_it_goes_the_way_of_fit_and_gives_what_fit_gives(rule: str, callbacks: str) -> None:
    plan = replace(PLAN, **RULES[rule])
    fitted, given = network(), network()
    history = gn.fit(fitted, plan=plan, callbacks=CALLBACKS[callbacks](), **data())
    with timeline(plan, CALLBACKS[callbacks]()) as line:
        while not line.finished and line.position < 2 * BATCHES + 3:
            line.step()
        for _ in range(BATCHES):
            line.back()
        while not line.finished:
            line.step()
        line.give(given)
        assert fingerprint(given) == fingerprint(fitted)
        assert line.training.history.stopped == history.stopped
        assert line.training.history.best_epoch == history.best_epoch
        for ours, theirs in zip(line.records, history, strict=True):
            assert {**ours, "seconds": 0} == {**theirs, "seconds": 0}


def test_the_callbacks_do_something_here() -> None:
    with timeline(callbacks=CALLBACKS["stops early"]()) as line:
        forward(line)
        assert line.position < LAST
        assert line.training.history.stopped
    with timeline(callbacks=CALLBACKS["slows down"]()) as line:
        forward(line)
        assert line.training.rate < 1


@pytest.mark.parametrize("states", [0, 1.5, 3, 6])
def test_snapshots_stay_within_their_memory_and_the_start_is_kept(states: float, monkeypatch) -> None:
    monkeypatch.setattr("glassnet.page.timeline.COST", 1e9)  # a snapshot after every step
    plan = replace(PLAN, optimizer=gn.Adam(0.01))
    with timeline(plan) as line:
        truth = forward(line)
        size = max(sum(a.nbytes for a in state.arrays.values()) for state in line.snapshots.values())
    with timeline(plan, memory=round(states * size)) as line:
        first = line.bytes()
        while not line.finished:
            line.step()
            assert 0 in line.snapshots
            assert line.bytes() <= max(states * size, first)
        assert line.bytes() >= (states - 1) * size  # the memory is used
        for goal in (LAST - 1, LAST - 2, 9, 3, 28, 0):
            line.go(goal)
            assert here(line) == truth[goal]
            assert line.bytes() <= max(states * size, first)


def test_snapshots_grow_rarer_with_their_distance(monkeypatch) -> None:
    monkeypatch.setattr("glassnet.page.timeline.COST", 1e9)
    monkeypatch.setattr("glassnet.page.timeline.MOST", 12)
    with timeline(replace(PLAN, epochs=40)) as line:
        while not line.finished:
            line.step()
        kept = sorted(line.snapshots)
        gaps = np.diff(kept)
        assert len(kept) == 12
        assert kept[-1] == 200
        assert gaps[-1] == 1
        assert all(gap <= 200 - later + 40 for gap, later in zip(gaps, kept[1:], strict=True))
        assert gaps[: len(gaps) // 2].mean() > 3 * gaps[len(gaps) // 2 :].mean()
    assert MOST > 12


def test_snapshots_take_little_of_the_time(monkeypatch) -> None:
    now = iter(range(1000))
    monkeypatch.setattr("glassnet.page.timeline.time.perf_counter", lambda: float(next(now)))
    with timeline() as line:  # it takes a second by this clock
        assert line.due_at - next(now) >= 48


def test_repeated_steps_back_are_cheap() -> None:
    """A step back takes few steps again, also when the nearest snapshot was far away at first."""
    with timeline(replace(PLAN, epochs=40)) as line:
        line.due_at = np.inf  # no snapshots but the first
        while not line.finished:
            line.step()
        assert list(line.snapshots) == [0]
        taken = []
        step = line.trainer.step

        def counted() -> None:
            taken[-1] += 1
            step()

        line.trainer.step = counted
        for _ in range(100):
            taken.append(0)
            line.back()
        assert taken[0] == 199
        assert np.mean(taken[1:]) < 5
        assert line.position == 100


def test_curve_and_records_of_steps_already_taken_stay() -> None:
    with timeline() as line:
        forward(line)
        steps, losses = line.curve()
        records = list(line.records)
        line.go(7)
        line.step()
        assert line.loss == pytest.approx(losses[7])
        np.testing.assert_array_equal(line.curve()[0], np.arange(1, LAST + 1))
        np.testing.assert_array_equal(line.curve()[1], losses)
        assert line.records == records
        line.go(BATCHES - 1)
        line.step()
        assert line.training.history.records == records[:1]  # with the seconds of the first time
        np.testing.assert_array_equal(line.curve(after=25)[0], steps[25:])
        np.testing.assert_array_equal(line.curve(after=25)[1], losses[25:])
        by_epoch = losses.reshape(EPOCHS, BATCHES).mean(axis=1)
        np.testing.assert_allclose(by_epoch, [record["training_loss"] for record in records], rtol=1e-5)


def test_of_a_long_training_every_second_loss_is_kept() -> None:
    with timeline() as line:
        forward(line)
        _, losses = line.curve()
    with timeline(steps=8) as line:
        forward(line)
        steps, kept = line.curve()
        assert steps.tolist() == [4, 8, 12, 16, 20, 24, 28]
        np.testing.assert_array_equal(kept, losses[3::4])
        assert line.curve(after=12)[0].tolist() == [16, 20, 24, 28]
        assert line.curve(after=13)[0].tolist() == [16, 20, 24, 28]


# Of the last one the weights are infinite after a step whose loss is finite.
@pytest.mark.parametrize(("lr", "loss"), [(1e9, None), (1e25, None), (1e38, None), (3e38, gn.SquaredError())])
def test_a_training_that_diverges_stands_at_the_last_finite_step(lr: float, loss: gn.Loss | None) -> None:
    with timeline(replace(PLAN, optimizer=gn.SGD(lr), loss=loss)) as line:
        for _ in range(LAST):
            before = here(line)
            line.step()
            assert np.isfinite(line.training.network.theta).all()
            if line.problem:
                break
        assert line.problem is not None
        assert line.problem.startswith("the loss is no longer a finite number in epoch")
        assert "the training stands at the step before. Lower the learning rate" in line.problem
        assert line.furthest == line.position
        assert len(line.curve()[0]) == line.position
        stands = here(line)
        assert stands == before
        line.step()  # which diverges again
        assert line.problem
        assert here(line) == stands
        if line.position:
            line.back()
            assert line.problem is None
            line.step()
            assert line.problem is None
            assert here(line) == stands


def test_what_is_not_possible_is_said_in_one_line() -> None:
    with timeline() as line:
        with pytest.raises(gn.InputError, match="this is the start: there is no step to take back"):
            line.back()
        line.step()
        with pytest.raises(gn.InputError, match="expected a step from 0 to 1, the last one taken, got 2"):
            line.go(2)
        with pytest.raises(gn.InputError, match="got -1"):
            line.go(-1)
        with pytest.raises(gn.InputError, match=r"got 1000.*\.\.\.$"):
            line.go(10**4000)
        assert line.position == 1


def test_a_fingerprint_tells_bits_apart() -> None:
    one, other = network(), network()
    assert fingerprint(one) == fingerprint(other)
    assert len(fingerprint(one)) == 16
    other.theta[-1] = np.nextafter(other.theta[-1], np.float32(1))
    assert fingerprint(one) != fingerprint(other)
    other = network()
    other.buffers[0] += 1
    assert fingerprint(one) != fingerprint(other)


def test_thinned_values_keep_the_last() -> None:
    assert thinned(list(range(7)), 3) == [0, 3, 6]
    assert thinned(list(range(8)), 3) == [1, 4, 7]
    assert thinned([1, 2], 3) == [1, 2]
    assert thinned([], 3) == []


def test_a_replay_is_watched_and_may_be_ended_between_two_steps() -> None:
    seen = []

    def watch() -> None:
        seen.append(line.position)
        if len(seen) == 4:
            raise EOFError

    with timeline(watch=watch) as line:
        line.due_at = np.inf  # no snapshots but the first
        truth = forward(line)
        with pytest.raises(EOFError):
            line.back()
        assert seen == [1, 2, 3, 4]
        assert here(line) == truth[4]
        line.go(9)
        assert here(line) == truth[9]
