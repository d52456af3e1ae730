"""Training on examples that change at every visit: the same bits for any number of workers, and after a break."""

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn.stream import random_stream
from glassnet.train.metrics import count_correct

IMAGES = np.random.default_rng(0).integers(0, 256, (60, 8, 8), np.uint8)
LABELS = np.random.default_rng(1).integers(0, 3, 60)
CHANGES = [gn.Outliers(0.2, classes=3), gn.Augmentation(shift=0.1, rotation=20, elastic=0.03, noise=0.1)]


def network() -> gn.Network:
    return gn.Network([gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(5), gn.ReLU(), gn.Dense(3)], input_shape=(8, 8))


def trained(**settings: object) -> tuple[gn.Network, gn.History]:
    net = network()
    history = gn.fit(
        net, (IMAGES, LABELS), augment=CHANGES, epochs=3, batch_size=20, shards=4, **settings
    )  # a sum over four shards
    return net, history


def test_workers_change_no_bit_and_seeds_change_them() -> None:
    one, history = trained(workers=1)
    two, same = trained(workers=2)
    np.testing.assert_array_equal(one.theta, two.theta)
    assert [r["training_loss"] for r in history.records] == [r["training_loss"] for r in same.records]
    other, _ = trained(workers=1, seed=1)
    assert (one.theta != other.theta).any()


def test_a_training_that_was_broken_off_goes_on_to_the_same_bits(tmp_path) -> None:
    class Break(gn.Callback):
        def on_batch(self, training) -> None:
            if training.epoch == 2 and training.batch == 2:
                raise KeyError("power cut")

    whole, _ = trained()
    checkpoint = gn.Checkpoint(tmp_path / "c.safetensors", minutes=0)
    with pytest.raises(KeyError):
        trained(callbacks=[checkpoint, Break()])
    resumed, _ = trained(callbacks=[checkpoint])
    np.testing.assert_array_equal(whole.theta, resumed.theta)


def test_another_augmentation_is_another_training(tmp_path) -> None:
    checkpoint = gn.Checkpoint(tmp_path / "c.safetensors", minutes=0)
    trained(callbacks=[checkpoint])
    with pytest.raises(gn.CheckpointError, match="its augment is"):
        gn.fit(
            network(), (IMAGES, LABELS), augment=CHANGES[:1], epochs=3, batch_size=20, shards=4, callbacks=[checkpoint]
        )


def test_each_shard_of_each_step_draws_from_its_own_address() -> None:
    """One step by hand: the batch changed by the augmentation, from the stream of (seed, step 0, shard 0)."""
    net, by_hand = network(), network()
    gn.fit(net, (IMAGES, LABELS), augment=CHANGES, epochs=1, batch_size="full", optimizer=gn.SGD(0.1), seed=5)
    order = random_stream(5, "shuffle", 1).permutation(60)
    x, y = IMAGES[order], LABELS[order]
    rng = random_stream(5, "augment", 0, 0)  # one for all changes: two of a kind move an image in two ways
    for change in CHANGES:
        x, y = change(x, y, rng)
    _, prediction = by_hand.loss.forward(by_hand.forward(x, training=True), y)
    by_hand.backward(by_hand.loss.backward(prediction, y))
    np.testing.assert_allclose(net.theta, by_hand.theta - 0.1 * by_hand.grad, rtol=1e-6)


def test_a_network_that_takes_flat_rows_is_trained_on_changed_images_too() -> None:
    net = gn.Network([gn.Rescale(1 / 255), gn.Dense(3)], input_shape=64)
    history = gn.fit(net, (IMAGES, LABELS), augment=CHANGES, epochs=2, batch_size=20)
    assert len(history) == 2


def test_undecided_is_right_where_there_is_nothing_to_decide() -> None:
    net = network()
    targets = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 1], [1, 1, 1]]) / [[1], [1], [3], [3]]
    prediction = np.array([[0.9, 0.1, 0], [0.9, 0.1, 0], [0.4, 0.3, 0.3], [0.7, 0.2, 0.1]])
    assert [count_correct(net, prediction[k : k + 1], targets[k : k + 1]) for k in range(4)] == [1, 0, 1, 0]
    even = np.full((3, 2), 0.5)  # with two classes the larger probability is always above one half
    assert count_correct(net, np.array([[0.6, 0.4], [0.3, 0.7], [0.1, 0.9]]), even) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y, rng: None, r"expected new inputs and targets as arrays \(x, y\), got None"),
        (lambda x, y, rng: (x, [0] * len(x)), "expected new inputs and targets as arrays"),
        (lambda x, y, rng: (x, y + 7), "labels"),
        (gn.Outliers(0.2, classes=2), "outliers: expected labels from 0 to 1, got 0 to 2"),
    ],
)
def test_what_a_change_gives_is_looked_at_before_training(change, message: str) -> None:
    net = network()
    before = net.theta.copy()
    with pytest.raises(ValueError, match=message):
        gn.fit(net, (IMAGES, LABELS), augment=[change])
    np.testing.assert_array_equal(net.theta, before)


def test_a_change_must_keep_the_number_of_examples() -> None:
    batches = []

    def forgetful(x, y, rng):
        batches.append(x)
        return (x, y) if len(batches) < 3 else (x[1:], y)

    with pytest.raises(gn.InputError, match="expected as many examples as before, 20, got 19 and 20"):
        gn.fit(network(), (IMAGES, LABELS), augment=[forgetful], batch_size=20)
    with pytest.raises(gn.InputError, match="expected as many examples as before, 32, got 1 and 32"):
        gn.fit(network(), (IMAGES, LABELS), augment=[lambda x, y, rng: (x[:1], y)])
