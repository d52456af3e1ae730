"""A training that is held: stepped, looked into, taken back and forward, to the same bits as `fit`."""

import multiprocessing
import signal
from dataclasses import replace

import numpy as np
import pytest

import glassnet as gn
from networks import small_data as data
from networks import small_network as network

EPOCHS, BATCHES = 5, 4  # of 16 examples each, the last of 12
AUGMENT = (gn.Augmentation(shift=0.1, rotation=10, white=1),)
PLAN = gn.Plan(
    optimizer=gn.Adam(0.01),
    schedule=gn.CosineDecay(),
    penalties=[gn.L2(1e-4)],
    clip=gn.Clip(norm=1),
    average=gn.WeightAverage(0.8),
    augment=AUGMENT,
    epochs=EPOCHS,
    batch_size=16,
    shards=3,
    seed=5,
)


def trainer(plan: gn.Plan = PLAN, workers: int = 1) -> gn.Trainer:
    return gn.Trainer(network(), plan=plan, workers=workers, **data())


def steps(held: gn.Trainer, count: int) -> None:
    for _ in range(count):
        held.step()


def timeless(history: gn.History) -> list[dict[str, float]]:
    return [{key: value for key, value in record.items() if key != "seconds"} for record in history]


def same(first: gn.TrainingState, second: gn.TrainingState) -> bool:
    assert first.arrays.keys() == second.arrays.keys()
    values = [
        {key: value for key, value in state.values.items() if key not in ("seconds", "history")}
        | {"history": timeless(state.values["history"])}
        for state in (first, second)
    ]
    arrays = all(np.array_equal(first.arrays[name], second.arrays[name]) for name in first.arrays)
    return arrays and values[0] == values[1]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("average", [None, gn.WeightAverage(0.8)], ids=["plain", "averaged"])
@pytest.mark.parametrize("augment", [(), AUGMENT], ids=["as it is", "augmented"])
def test_taken_back_it_goes_the_same_way_and_ends_as_fit_does(workers: int, average, augment) -> None:
    plan = replace(PLAN, average=average, augment=augment)
    with trainer(plan, workers) as held:
        steps(held, 7)
        then = held.state()
        steps(held, 9)
        first = held.state()
        held.restore(then)
        assert same(held.state(), then)
        steps(held, 9)
        assert same(held.state(), first)
        while not held.finished:
            held.step()
    fitted = network()
    history = gn.fit(fitted, plan=plan, workers=3 - workers, **data())
    np.testing.assert_array_equal(held.network.theta, fitted.theta)
    np.testing.assert_array_equal(held.network.buffers, fitted.buffers)
    assert timeless(held.history) == timeless(history)
    assert held.history.best_epoch == history.best_epoch


@pytest.mark.parametrize("early", [0, 3, 4, 13])
@pytest.mark.parametrize("late", [8, 15, 20])
def test_forward_and_back_between_any_two_moments(early: int, late: int) -> None:
    with trainer() as one:
        steps(one, early)
        before = one.state()
        steps(one, late - early)
        after = one.state()
        one.restore(before)
        one.restore(after)  # forward
        assert same(one.state(), after)
        one.restore(before)
        assert len(one.history) == early // BATCHES
        steps(one, late - early)
        assert same(one.state(), after)


def test_another_trainer_takes_over(tmp_path) -> None:
    with trainer() as one, trainer(workers=2) as other:
        steps(one, 6)
        other.restore(one.state())
        steps(one, 6)
        steps(other, 6)
        assert same(one.state(), other.state())


def test_a_state_does_not_change_with_the_training() -> None:
    with trainer() as held:
        held.epoch()
        state = held.state()
        arrays = {name: array.copy() for name, array in state.arrays.items()}
        history = timeless(state.values["history"])
        held.epoch()
    assert timeless(state.values["history"]) == history
    assert all(np.array_equal(array, arrays[name]) for name, array in state.arrays.items())


def test_an_epoch_is_the_rest_of_it_and_gives_its_record() -> None:
    with trainer() as held:
        steps(held, 2)
        record = held.epoch()
        assert (record["epoch"], held.training.batch, len(held.history)) == (1, BATCHES, 1)
        assert held.epoch()["epoch"] == 2


def test_a_state_that_was_taken_between_an_epoch_and_its_measurement(tmp_path) -> None:
    states = []

    class Take(gn.Callback):
        def on_batch(self, training: gn.Training) -> None:
            states.append(training.state())

    fitted = network()
    gn.fit(fitted, plan=PLAN, callbacks=[Take()], **data())
    with trainer() as held:
        held.restore(states[BATCHES - 1])
        held.step()
        assert len(held.history) == 1
        while not held.finished:
            held.step()
    np.testing.assert_array_equal(held.network.theta, fitted.theta)


def test_averaged_weights_are_given_back_at_the_end_alone() -> None:
    with trainer() as held:
        steps(held, 6)
        average = held.training.averages["theta"].copy()
        assert not np.array_equal(held.network.theta, average)
    np.testing.assert_array_equal(held.network.theta, average)


@pytest.mark.parametrize(
    ("change", "name"),
    [({"seed": 6}, "seed"), ({"shards": 2}, "shards"), ({"epochs": 6}, "epochs"), ({"augment": ()}, "augment")],
)
def test_a_state_of_another_training_is_refused_and_nothing_changes(change: dict, name: str) -> None:
    with trainer() as one, trainer(replace(PLAN, **change)) as other:
        one.epoch()
        before = other.state()
        with pytest.raises(gn.InputError, match=f"the state is of another training: its {name} is"):
            other.restore(one.state())
        assert same(other.state(), before)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda arrays, values: arrays.pop("last.theta"), "it lacks 'last.theta'"),
        (lambda arrays, values: arrays["theta"].fill(np.nan), "theta holds NaN"),
        (lambda arrays, values: arrays.update(theta=arrays["theta"][:-1]), "theta: expected"),
        (lambda arrays, values: arrays.pop("best.theta"), "best epoch and its best network do not agree"),
        (lambda arrays, values: values.update(batch=99), "expected batch from 4 to 4, got 99"),
        (lambda arrays, values: values.update(epoch=1.5), "expected epoch from 1 to 2, got 1.5"),
        (lambda arrays, values: values.update(rate="fast"), "expected rate from 0.0 to inf, got 'fast'"),
        (lambda arrays, values: values.update(history=[{"epoch": 2}]), "expected the record of epoch 1"),
        (lambda arrays, values: values.update(history=[{"epoch": 1}]), "its history lacks training_accuracy"),
        (lambda arrays, values: values.update(stopped=3), "expected why it was stopped, got 3"),
    ],
)
def test_a_damaged_state_is_refused_and_nothing_changes(spoil, message: str) -> None:
    with trainer() as held:
        held.epoch()
        state = held.state()
        spoil(state.arrays, state.values)
        before = held.state()
        with pytest.raises(gn.InputError, match=f"the state is damaged.*{message}"):
            held.restore(state)
        assert same(held.state(), before)


def test_it_trains_in_a_with_block_and_until_its_end() -> None:
    held = trainer(replace(PLAN, epochs=2))
    for outside in (held.step, held.state, held.epoch):
        with pytest.raises(gn.InputError, match="a Trainer trains in a with block"):
            outside()
    with held:
        held.epoch()
    with pytest.raises(gn.InputError, match="a Trainer trains in a with block"):
        held.step()
    assert len(held.history) == 1  # is there still
    with trainer(replace(PLAN, epochs=1)) as held:
        held.epoch()
        assert held.finished
        with pytest.raises(gn.InputError, match="the training is over: it had all its 1 epochs"):
            held.step()


def test_it_is_entered_once_at_a_time_and_restores_states_alone() -> None:
    with trainer() as held:
        with pytest.raises(gn.InputError, match="in a with block already"), held:
            pass
        for wrong in (None, {}, "state"):
            with pytest.raises(gn.InputError, match=r"expected a state from Trainer.state\(\), got "):
                held.restore(wrong)
        state = held.state()
        state.arrays["theta"] = [1.0]
        with pytest.raises(gn.InputError, match=r"theta: expected an array, got \[1.0\]"):
            held.restore(state)
        state = held.state()
        state.values["settings"]["epochs"] = 99
        held.step()  # its own settings are the same as before
        assert held.state().values["settings"]["epochs"] == EPOCHS


def test_nothing_is_changed_before_it_is_entered() -> None:
    net = gn.Network([gn.Standardize(), gn.Dense(3)], input_shape=2)
    before = net.theta.copy(), net.buffers.copy(), net.loss, net.classes
    gn.Trainer(net, (np.ones((6, 2)), np.arange(6) % 3), gn.Plan(loss=gn.SquaredError()))
    assert np.array_equal(net.theta, before[0])
    assert np.array_equal(net.buffers, before[1])
    assert (net.loss, net.classes) == before[2:]


def test_divergence_gives_the_last_whole_epoch_back_and_may_be_taken_back() -> None:
    class ThenHuge(gn.Schedule):
        def factor(self, step: int, steps: int) -> float:
            return 1.0 if step < 6 else 1e30

    plan = gn.Plan(loss=gn.SquaredError(), optimizer=gn.SGD(0.01), schedule=ThenHuge(), epochs=3, batch_size=16)
    with trainer(plan) as held:
        held.epoch()
        state, theta = held.state(), held.network.theta.copy()
        with pytest.raises(gn.DivergenceError, match="in epoch 2") as caught:
            held.epoch()
        assert len(caught.value.history) == 1
        np.testing.assert_array_equal(held.network.theta, theta)
        for refused in (held.step, held.state):  # it is neither here nor there
            with pytest.raises(gn.InputError, match=r"interrupted within a step: call restore"):
                refused()
        held.restore(state)
        held.step()
        assert held.training.batch == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_after_an_error_within_a_step_it_goes_on_from_a_state(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    learn = gn.Trainer.learn
    with trainer(workers=workers) as held:
        steps(held, 6)
        state = held.state()
        steps(held, 3)
        expected = held.state()
        held.restore(state)

        def broken_off(self, worker: int = 0) -> None:  # where the other worker waits for this one
            next(iter(self.steps.shards_of(worker, self.steps.current_batch())))
            raise KeyboardInterrupt

        monkeypatch.setattr(gn.Trainer, "learn", broken_off)
        with pytest.raises(KeyboardInterrupt):
            held.step()
        monkeypatch.setattr(gn.Trainer, "learn", learn)
        with pytest.raises(gn.InputError, match="interrupted within a step"):
            held.step()
        held.restore(state)
        steps(held, 3)
        assert same(held.state(), expected)
    assert multiprocessing.active_children() == []


def test_ctrl_c_waits_for_the_end_of_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    learn = gn.Trainer.learn

    def interrupted(self, worker: int = 0) -> None:
        signal.raise_signal(signal.SIGINT)
        learn(self, worker)

    with trainer() as one, trainer() as other:
        monkeypatch.setattr(gn.Trainer, "learn", interrupted)
        with pytest.raises(KeyboardInterrupt):
            one.step()
        monkeypatch.setattr(gn.Trainer, "learn", learn)
        other.step()
        assert same(one.state(), other.state())


def test_a_training_that_was_stopped_goes_no_further() -> None:
    with trainer() as held:
        held.step()
        held.training.stop("enough")
        assert held.finished
        with pytest.raises(gn.InputError, match="the training is over: it was stopped, for enough"):
            held.step()


def test_a_training_that_has_run_away_has_no_state() -> None:
    with trainer() as held:
        held.step()
        held.network.theta[0] = np.nan
        with pytest.raises(gn.InputError, match="has diverged and has no state to keep"):
            held.state()


def test_the_best_network_is_known_by_a_value_that_is_measured() -> None:
    with gn.Trainer(network(), plan=PLAN, monitor="training_loss", workers=1, **data()) as held:
        record = held.epoch()
        assert held.training.best.value == record["training_loss"]
    with pytest.raises(gn.InputError, match="cannot monitor 'loss'; known: training_accuracy"):
        gn.Trainer(network(), plan=PLAN, monitor="loss", **data())


def test_fit_takes_a_plan_and_settings_that_change_it() -> None:
    networks = [network() for _ in range(3)]
    gn.fit(networks[0], plan=PLAN, epochs=2, average=None, **data())
    gn.fit(networks[1], plan=replace(PLAN, epochs=2), **data())
    gn.fit(networks[2], plan=replace(PLAN, epochs=2, seed=6), seed=5, **data())
    for other in networks[1:]:
        np.testing.assert_array_equal(networks[0].theta, other.theta)
    with pytest.raises(gn.InputError, match="fit: there is no setting 'epoch'; did you mean 'epochs'"):
        gn.fit(networks[0], epoch=3, **data())
    for plan in (data()["train"][1], {"epochs": 3}):
        with pytest.raises(gn.InputError, match=r"plan: expected a gn.Plan, got .* are one pair: fit"):
            gn.fit(networks[0], data()["train"][0], plan)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "fast"}, "optimizer: expected one of gn.Optimizer, got 'fast'"),
        ({"optimizer": None}, "optimizer: expected one of gn.Optimizer, got None"),
        ({"penalties": gn.L2(1.0)}, "penalties: expected a list such as"),
        ({"augment": [1]}, "augment: expected a list such as"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1, got 0"),
        ({"batch_size": 0.5}, r"batch_size \(or 'full'\) must be a whole number of at least 1, got 0.5"),
        ({"seed": -1}, "seed must be a whole number of at least 0, got -1"),
        ({"seed": 2**64}, "seed"),
        ({"shuffle": "no"}, "shuffle: expected True or False, got 'no'"),
        ({"blas_threads": 0}, "blas_threads must be a whole number of at least 1, got 0"),
    ],
)
def test_a_plan_that_cannot_be_followed(settings: dict, message: str) -> None:
    with pytest.raises(gn.InputError, match=message):
        gn.Plan(**settings)
