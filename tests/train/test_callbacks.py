"""Early stopping on any value, by patience and least improvement."""

import numpy as np
import pytest

import glassnet as gn


def net() -> gn.Network:
    return gn.Network([gn.Dense(8), gn.Tanh(), gn.Dense(3)], input_shape=2)


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
    lengths = [len(gn.fit(net(), blobs, validation=spoiled(blobs), epochs=50, callbacks=[stopping])) for _ in range(2)]
    assert lengths[0] == lengths[1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gn.EarlyStopping(patience=0), "patience must be at least 1"),
        (lambda: gn.EarlyStopping(min_delta=-1), "min_delta must not be negative"),
    ],
)
def test_impossible_settings(make, message: str) -> None:
    with pytest.raises(gn.InputError, match=message):
        make()
