"""Early stopping on any value, by patience and least improvement."""

import numpy as np
import pytest

import glassnet as gn


def net(**kwargs) -> gn.Network:
    return gn.Network([gn.Dense(8), gn.Tanh(), gn.Dense(3)], input_shape=2, **kwargs)


def spoiled(blobs):
    """Validation data on which learning makes things worse, so that the best epoch comes early."""
    x, y = blobs
    return x[:60], (y[:60] + 1) % 3


@pytest.mark.parametrize("monitor", ["validation_accuracy", "validation_loss"])
def test_stops_after_patience_and_gives_back_the_best(blobs, monitor: str) -> None:
    network = net()
    stopping = gn.EarlyStopping(monitor, patience=3)
    history = gn.fit(
        network, blobs, validation=spoiled(blobs), epochs=100, optimizer=gn.SGD(0.05), callbacks=[stopping]
    )
    values = history[monitor]
    best = int(np.argmax(values) if monitor.endswith("accuracy") else np.argmin(values)) + 1
    assert len(history) == best + 3
    assert history.kept_epoch == best
    assert f"{monitor} has not improved for 3 epochs" in history.stopped
    result = gn.evaluate(network, spoiled(blobs))
    assert values[best - 1] == pytest.approx(result.accuracy if monitor.endswith("accuracy") else result.loss, rel=1e-6)


def test_stops_when_the_training_loss_converges(blobs) -> None:
    stopping = gn.EarlyStopping("training_loss", patience=1, min_delta=1e-3)
    history = gn.fit(net(), blobs, epochs=1000, batch_size="full", optimizer=gn.SGD(0.5), callbacks=[stopping])
    losses = history["training_loss"]
    drops = -np.diff(losses)
    assert 10 < len(history) < 1000
    assert drops[-1] <= 1e-3
    assert (drops[:-1] > 1e-3).all()


def test_small_improvements_do_not_count_but_are_kept(blobs) -> None:
    network = net()
    stopping = gn.EarlyStopping("training_loss", patience=4, min_delta=10.0)
    history = gn.fit(network, blobs, epochs=100, callbacks=[stopping])
    assert len(history) == 5  # epoch 1 is the best by min_delta
    assert history.kept_epoch == 5  # but the loss did fall until epoch 5


def test_without_improvement_nothing_is_lost_at_the_end(blobs) -> None:
    network = net()
    stopping = gn.EarlyStopping("validation_loss", patience=50)
    history = gn.fit(network, blobs, validation=spoiled(blobs), epochs=10, callbacks=[stopping])
    assert history.stopped is None
    assert history.kept_epoch == history.best_epoch == int(np.argmin(history["validation_loss"])) + 1


def test_one_object_serves_two_trainings(blobs) -> None:
    stopping = gn.EarlyStopping("validation_loss", patience=2)
    good = gn.fit(net(), blobs, validation=blobs, epochs=5, callbacks=[stopping])
    bad = gn.fit(net(), blobs, validation=spoiled(blobs), epochs=50, callbacks=[stopping])
    assert min(bad["validation_loss"]) > min(good["validation_loss"])  # the second has a best of its own
    assert len(bad) == int(np.argmin(bad["validation_loss"])) + 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gn.EarlyStopping(patience=0), "patience must be at least 1"),
        (lambda: gn.EarlyStopping(min_delta=-1), "min_delta must not be negative"),
        (lambda: gn.ReduceOnPlateau(factor=1), "factor must be above 0 and below 1"),
        (lambda: gn.ReduceOnPlateau(patience=0), "patience must be at least 1"),
        (lambda: gn.ReduceOnPlateau(min_delta=-1), "min_delta must not be negative"),
    ],
)
def test_impossible_settings(make, message: str) -> None:
    with pytest.raises(gn.InputError, match=message):
        make()


def test_the_training_loss_of_a_full_batch_belongs_to_the_network_before_the_step(blobs) -> None:
    network = net(dtype=np.float64)
    stopping = gn.EarlyStopping("training_loss", patience=1)
    history = gn.fit(network, blobs, epochs=60, batch_size="full", optimizer=gn.SGD(40.0), callbacks=[stopping])
    losses = history["training_loss"]
    assert losses[-1] > losses[-2]  # so large a rate overshoots
    assert gn.evaluate(network, blobs).loss == pytest.approx(min(losses), rel=1e-9)


def test_the_rate_is_lowered_on_a_plateau() -> None:
    x, y = np.random.default_rng(0).standard_normal((40, 3)), np.arange(40) % 2
    network = gn.Network([gn.Dense(2)], input_shape=3)
    plateau = gn.ReduceOnPlateau("training_loss", factor=0.1, patience=2, min_delta=10)  # nothing counts
    for _ in range(2):  # one object serves two trainings
        history = gn.fit(network, (x, y), epochs=6, optimizer=gn.SGD(0.5), callbacks=[plateau])
        # Epoch 1 is the best; 2 and 3 are no better, so 4 and 5 are slower, and then 6.
        np.testing.assert_allclose(history["learning_rate"], [0.5, 0.5, 0.5, 0.05, 0.05, 0.005], rtol=1e-12)


def test_while_it_gets_better_the_rate_stays() -> None:
    x, y = np.random.default_rng(0).standard_normal((40, 3)), np.arange(40) % 2
    network = gn.Network([gn.Dense(2)], input_shape=3)
    history = gn.fit(
        network, (x, y), epochs=8, batch_size="full", callbacks=[gn.ReduceOnPlateau("training_loss", patience=1)]
    )
    assert set(history["learning_rate"]) == {0.1}


def test_a_plateau_of_what_is_not_measured() -> None:
    x, y = np.random.default_rng(0).standard_normal((40, 3)), np.arange(40) % 2
    with pytest.raises(gn.InputError, match=r"cannot monitor 'validation_loss' \(there is no validation data\)"):
        gn.fit(gn.Network([gn.Dense(2)], input_shape=3), (x, y), callbacks=[gn.ReduceOnPlateau()])


def test_a_callback_of_ones_own_may_have_a_monitor_and_say_which_network_is_best(blobs) -> None:
    class Own(gn.Callback):
        monitor = object()  # its own affair: what a callback needs of the history, `needs` says

        def needs(self) -> list[str]:
            return ["validation_loss"]

        def best_by(self) -> str:
            return "validation_loss"

    settings = {"epochs": 5, "optimizer": gn.SGD(0.05), "callbacks": [Own()]}
    history = gn.fit(net(), blobs, validation=spoiled(blobs), **settings)
    assert history.kept_epoch == int(np.argmin(history["validation_loss"])) + 1 < len(history)
    with pytest.raises(gn.InputError, match="cannot monitor 'validation_loss'"):
        gn.fit(net(), blobs, **settings)
