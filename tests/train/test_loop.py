"""The training loop: what it visits, what it reports, how it ends."""

import copy
import tracemalloc

import numpy as np
import pytest

import glassnet as gn
from glassnet.train.metrics import Examples
from glassnet.train.training import Training


class Recorder(gn.Layer):
    """Passes its input on and remembers which examples it saw while training."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[np.ndarray] = []

    def forward(self, x, *, training=False):
        if training:
            self.seen.append(x[:, 0].copy())
        return x

    def backward(self, dy):
        return dy


def net(seed: int = 0, **kwargs) -> gn.Network:
    return gn.Network([gn.Dense(8), gn.Tanh(), gn.Dense(3)], input_shape=2, seed=seed, **kwargs)


def test_every_epoch_visits_every_example_once_in_a_new_order() -> None:
    recorder = Recorder()
    network = gn.Network([recorder, gn.Dense(2)], input_shape=1)
    x = np.arange(10, dtype=np.float32)[:, None]
    gn.fit(network, (x, np.arange(10) % 2), epochs=3, batch_size=4, optimizer=gn.SGD(1e-3))
    assert [len(batch) for batch in recorder.seen] == [3, 3, 4] * 3  # the remainder is spread
    epochs = [np.concatenate(recorder.seen[i : i + 3]) for i in (0, 3, 6)]
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch), np.arange(10))
    batches = [[frozenset(batch.tolist()) for batch in recorder.seen[i : i + 3]] for i in (0, 3, 6)]
    assert batches[0] != batches[1] != batches[2]  # other batches, not the same batches in another order
    assert set(batches[0]) != set(batches[1])


def test_without_shuffling_examples_come_as_they_stand() -> None:
    recorder = Recorder()
    network = gn.Network([recorder, gn.Dense(2)], input_shape=1)
    examples = Examples(np.arange(10, dtype=np.uint8)[:, None], np.arange(10) % 2, np.array([7, 1, 5, 8]))
    gn.fit(network, examples, epochs=2, batch_size=3, optimizer=gn.SGD(1e-3), shuffle=False)
    np.testing.assert_array_equal(np.concatenate(recorder.seen), [7, 1, 5, 8] * 2)


def test_a_split_is_visited_by_its_index() -> None:
    recorder = Recorder()
    network = gn.Network([recorder, gn.Dense(2)], input_shape=1)
    split = gn.Split(np.arange(10, dtype=np.uint8)[:, None], np.arange(10) % 2, np.array([1, 5, 8]))
    gn.fit(network, split, epochs=1, batch_size=2, optimizer=gn.SGD(1e-3))
    assert sorted(np.concatenate(recorder.seen)) == [1, 5, 8]


def test_one_step_of_full_batch_descent_is_the_equation(blobs) -> None:
    x, y = blobs
    network = net(dtype=np.float64)
    other = network.copy()
    gn.fit(network, (x, y), epochs=1, batch_size="full", optimizer=gn.SGD(0.5))
    loss = gn.CrossEntropy()
    _, p = loss.forward(other.forward(x, training=True), y)
    other.backward(loss.backward(p, y))
    # The loop sums the examples in another order, so the last bits differ.
    np.testing.assert_allclose(network.theta, other.theta - 0.5 * other.grad, rtol=0, atol=1e-14)


@pytest.mark.parametrize("shards", [1, 2, 3, 7])
def test_shards_do_not_change_the_gradient(blobs, shards: int) -> None:
    x, y = blobs
    whole, cut = net(dtype=np.float64), net(dtype=np.float64)
    first = gn.fit(whole, (x, y), epochs=2, batch_size=50)
    second = gn.fit(cut, (x, y), epochs=2, batch_size=50, shards=shards)
    np.testing.assert_allclose(cut.theta, whole.theta, rtol=1e-10)
    np.testing.assert_allclose(first["training_loss"], second["training_loss"], rtol=1e-10)
    assert first["training_accuracy"] == second["training_accuracy"]


def test_more_shards_than_examples(blobs) -> None:
    x, y = blobs
    gn.fit(net(), (x[:5], y[:5]), epochs=1, batch_size=5, shards=9)


def test_history_reports_what_happened(blobs) -> None:
    x, y = blobs
    network = net()
    history = gn.fit(network, (x[:200], y[:200]), validation=(x[200:], y[200:]), epochs=5)
    assert history["epoch"] == [1, 2, 3, 4, 5]
    assert history["training_loss"][-1] < history["training_loss"][0]
    result = gn.evaluate(network, (x[200:], y[200:]))
    assert history["validation_accuracy"][-1] == result.accuracy
    assert history["validation_loss"][-1] == pytest.approx(result.loss)
    assert history["learning_rate"] == [0.1] * 5
    assert history.stopped is None
    assert history.kept_epoch == 5


def test_training_loss_is_the_mean_over_the_epoch(blobs) -> None:
    x, y = blobs
    network = net(dtype=np.float64)
    before = gn.evaluate(network, (x, y))
    history = gn.fit(network, (x, y), epochs=1, batch_size=70, optimizer=gn.SGD(1e-12))
    assert history["training_loss"][0] == pytest.approx(before.loss, rel=1e-6)
    assert history["training_accuracy"][0] == before.accuracy


def test_the_same_seed_gives_the_same_bits_and_another_does_not(blobs) -> None:
    networks = [net() for _ in range(3)]
    for network, seed in zip(networks, (4, 4, 5), strict=True):
        gn.fit(network, blobs, epochs=2, seed=seed)
    np.testing.assert_array_equal(networks[0].theta, networks[1].theta)
    assert np.any(networks[0].theta != networks[2].theta)


def test_a_schedule_scales_the_learning_rate(blobs) -> None:
    class Halves(gn.Schedule):
        def factor(self, step: int, steps: int) -> float:
            assert steps == 6
            return 0.5**step

    history = gn.fit(net(), blobs, epochs=2, batch_size=100, optimizer=gn.SGD(0.4), schedule=Halves())
    assert history["learning_rate"] == [0.4 * 0.5**2, 0.4 * 0.5**5]


def test_real_targets_are_fitted_by_squared_error(rng: np.random.Generator) -> None:
    x = rng.standard_normal((200, 3))
    y = x @ np.array([[1.0], [-2], [0.5]]) + 0.3
    network = gn.Network([gn.Dense(1)], input_shape=3)
    history = gn.fit(network, (x, y), epochs=60, batch_size=20)
    assert isinstance(network.loss, gn.SquaredError)
    assert "training_accuracy" not in history
    np.testing.assert_allclose(network.layers[0].W, [[1], [-2], [0.5]], atol=1e-3)
    np.testing.assert_allclose(network.predict(x), y, atol=1e-2)


@pytest.mark.parametrize("loss", [gn.CrossEntropy(), gn.BinaryCrossEntropy(), gn.SquaredError()])
def test_every_loss_learns_labels(blobs, loss: gn.Loss) -> None:
    network = net()
    gn.fit(network, blobs, epochs=30, batch_size=20, loss=loss)
    assert network.classes == ("0", "1", "2")
    assert gn.evaluate(network, blobs).accuracy >= 0.98  # the groups overlap by less than 1 %


def test_standardize_is_adapted_by_fit(blobs) -> None:
    x, y = blobs
    network = gn.Network([gn.Standardize(), gn.Dense(3)], input_shape=2)
    gn.fit(network, (1000 * x, y), epochs=1)
    np.testing.assert_allclose(network.layers[0].mean, 1000 * x.mean(axis=0), rtol=1e-5)


def test_nothing_is_printed(blobs, capsys: pytest.CaptureFixture[str]) -> None:
    gn.fit(net(), blobs, epochs=2)
    assert capsys.readouterr() == ("", "")


def test_progress_is_called_after_every_step(blobs) -> None:
    calls = []
    gn.fit(net(), blobs, epochs=2, batch_size=100, progress=lambda t: calls.append((t.epoch, t.batch, len(t.history))))
    assert calls == [(1, 1, 0), (1, 2, 0), (1, 3, 0), (1, 3, 1), (2, 1, 1), (2, 2, 1), (2, 3, 1), (2, 3, 2)]


class InterruptAt(gn.Callback):
    """Behaves as a person who presses Ctrl-C after this epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_epoch(self, training: Training) -> None:
        if training.epoch == self.epoch:
            raise KeyboardInterrupt


def test_ctrl_c_keeps_the_best_network_so_far(blobs) -> None:
    x, y = blobs
    network = net()
    validation = (x[:60], (y[:60] + 1) % 3)  # learning makes it worse and worse
    history = gn.fit(
        network, (x, y), validation=validation, epochs=50, optimizer=gn.SGD(0.05), callbacks=[InterruptAt(8)]
    )
    assert history.stopped == "interrupted in epoch 8"
    best = int(np.argmax(history["validation_accuracy"])) + 1
    assert history.kept_epoch == history.best_epoch == best < 8
    assert gn.evaluate(network, validation).accuracy == max(history["validation_accuracy"])


def test_ctrl_c_in_the_first_epoch_gives_back_the_first_network(blobs) -> None:
    def interrupt(training: Training) -> None:
        raise KeyboardInterrupt

    network = net()
    theta = network.theta.copy()
    history = gn.fit(network, blobs, epochs=5, optimizer=gn.SGD(3e38), progress=interrupt)
    assert len(history) == 0
    assert history.stopped == "interrupted in epoch 1"
    assert history.kept_epoch == 0
    np.testing.assert_array_equal(network.theta, theta)


class Calls(gn.Callback):
    def __init__(self) -> None:
        self.names: list[str] = []

    def on_start(self, training: Training) -> None:
        self.names.append("start")

    def on_batch(self, training: Training) -> None:
        self.names.append(f"batch {training.batch}")

    def on_epoch(self, training: Training) -> None:
        self.names.append(f"epoch {training.epoch} {training.loss == training.history.records[-1]['training_loss']}")

    def on_end(self, training: Training) -> None:
        self.names.append("end")


def test_callbacks_are_called_at_fixed_points(blobs) -> None:
    calls = Calls()
    gn.fit(net(), blobs, epochs=2, batch_size=150, callbacks=[calls])
    epoch = ["batch 1", "batch 2"]
    assert calls.names == ["start", *epoch, "epoch 1 True", *epoch, "epoch 2 True", "end"]


class Counter(gn.Layer):
    """Changes its buffer while training, as batch normalisation does."""

    def buffers(self):
        from glassnet.nn.layer import Declared

        return {"count": Declared((1,), lambda rng: np.zeros(1))}

    def forward(self, x, *, training=False):
        if training:
            self.count += 1
        return x

    def backward(self, dy):
        return dy


def test_the_best_network_has_its_own_buffers(blobs) -> None:
    network = gn.Network([Counter(), gn.Dense(3)], input_shape=2)
    x, y = blobs
    spoiled = (x[:60], (y[:60] + 1) % 3)
    stopping = gn.EarlyStopping("validation_loss", patience=3)
    history = gn.fit(network, blobs, validation=spoiled, epochs=30, batch_size=100, callbacks=[stopping])
    assert history.kept_epoch < len(history)
    assert network.layers[0].count[0] == 3 * history.kept_epoch


def test_divergence_restores_the_buffers_too(blobs) -> None:
    class ThenHuge(gn.Schedule):
        def factor(self, step: int, steps: int) -> float:
            return 1.0 if step < 6 else 1e30

    network = gn.Network([Counter(), gn.Dense(3)], input_shape=2)
    with pytest.raises(gn.DivergenceError):
        gn.fit(network, blobs, epochs=9, batch_size=100, schedule=ThenHuge(), loss=gn.SquaredError())
    assert network.layers[0].count[0] == 6


def test_parameters_that_are_not_finite_at_the_end_are_caught(blobs) -> None:
    class HugeAtLast(gn.Schedule):
        def factor(self, step: int, steps: int) -> float:
            return 1.0 if step < steps - 1 else 1e38

    network = gn.Network([gn.Dense(3)], input_shape=2)
    with pytest.raises(gn.DivergenceError, match="epoch 1"):
        gn.fit(network, blobs, epochs=1, batch_size=150, optimizer=gn.SGD(100.0), schedule=HugeAtLast())
    assert np.isfinite(network.theta).all()


def test_only_the_rows_of_the_split_are_measured(blobs) -> None:
    x, y = blobs
    network = gn.Network([gn.Standardize(), gn.Dense(3)], input_shape=2)
    rows = np.arange(0, 300, 7)
    gn.fit(network, gn.Split(x, y, rows), epochs=1)
    np.testing.assert_allclose(network.layers[0].mean, x[rows].mean(axis=0), rtol=1e-5)


def one_hot(y, dtype):
    return np.eye(3, dtype=dtype)[y]


@pytest.mark.parametrize(
    "form",
    [
        lambda y: y.astype(float),
        lambda y: y.astype(np.uint8),
        lambda y: y[:, None],
        lambda y: one_hot(y, np.float32),
        lambda y: one_hot(y, np.int64),
        lambda y: one_hot(y, bool),
        lambda y: y.tolist(),
    ],
    ids=["float", "uint8", "column", "one-hot float", "one-hot int", "one-hot bool", "list"],
)
def test_labels_in_every_usual_form_train_the_same_network(blobs, form) -> None:
    x, y = blobs
    expected, network = net(), net()
    gn.fit(expected, (x, y), epochs=2)
    gn.fit(network, (x, form(y)), epochs=2, validation=(x, form(y)))
    np.testing.assert_array_equal(network.theta, expected.theta)
    assert gn.evaluate(network, (x, form(y))).accuracy == gn.evaluate(expected, (x, y)).accuracy


def test_yes_or_no_as_booleans(blobs) -> None:
    x, y = blobs
    network = gn.Network([gn.Dense(8), gn.Tanh(), gn.Dense(1)], input_shape=2)
    gn.fit(network, (x, y == 2), epochs=40, loss=gn.BinaryCrossEntropy(), batch_size=20)
    assert gn.evaluate(network, (x, y == 2)).accuracy >= 0.98
    assert set(network.predict(x)) == {0, 1}


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_real_targets_may_be_a_flat_array(rng: np.random.Generator, dtype: type) -> None:
    x = rng.standard_normal((200, 2))
    y = (10 * x[:, 0]).astype(dtype)
    network = gn.Network([gn.Dense(1)], input_shape=2)
    gn.fit(network, (x, y), epochs=30, batch_size=10, loss=gn.SquaredError())
    assert network.predict(x).shape == (200, 1)
    assert np.abs(network.predict(x)[:, 0] - y).max() < 2


def test_a_classifier_that_learns_numbers_predicts_numbers(blobs, rng: np.random.Generator) -> None:
    network = net()
    gn.fit(network, blobs, epochs=1)
    gn.fit(network, (blobs[0], rng.standard_normal((300, 3))), epochs=1)
    assert network.predict(blobs[0]).shape == (300, 3)


def test_a_loss_that_runs_away_stops_training_and_keeps_the_last_finite_network(blobs) -> None:
    x, y = blobs
    network = gn.Network([gn.Dense(8), gn.ReLU(), gn.Dense(3)], input_shape=2)
    with pytest.raises(
        gn.DivergenceError, match=r"epoch \d+, batch \d+ of 60.*Lower the learning rate \(it was 10000"
    ) as e:
        gn.fit(network, (x, y), epochs=50, batch_size=5, optimizer=gn.SGD(1e4), loss=gn.SquaredError())
    assert np.isfinite(network.theta).all()
    assert len(e.value.history) == 0


def test_divergence_gives_back_the_network_of_the_last_good_epoch(blobs) -> None:
    class ThenHuge(gn.Schedule):
        def factor(self, step: int, steps: int) -> float:
            return 1.0 if step < 6 else 1e30

    network = net()
    with pytest.raises(
        gn.DivergenceError, match=r"epoch 3, batch \d of 3; the network is kept as it was after epoch 2"
    ) as e:
        gn.fit(network, blobs, epochs=9, batch_size=100, schedule=ThenHuge(), loss=gn.SquaredError())
    gn.fit(again := net(), blobs, epochs=2, batch_size=100, loss=gn.SquaredError())
    np.testing.assert_array_equal(network.theta, again.theta)
    assert len(e.value.history) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train": None}, "train: expected a split of a dataset or a pair"),
        ({"train": (np.zeros((0, 2)), np.zeros(0, int))}, "train: there are no examples"),
        ({"train": (np.zeros((3, 2)), None)}, "have no labels"),
        ({"train": (np.zeros((3, 2)), np.zeros(4, int))}, "3 examples but 4 targets"),
        ({"train": (np.zeros((3, 5)), np.zeros(3, int))}, r"layer dense1: expected a batch of shape \(N, 2\)"),
        ({"train": (np.zeros((3, 2)), np.array([0, 1, 3]))}, "row 2 has label 3"),
        ({"train": (np.array([[0, 1], [np.nan, 0]]), np.array([0, 1]))}, "row 1 holds NaN"),
        ({"validation": (np.zeros((3, 2)), np.array([0, 1, 9]))}, "row 2 has label 9"),
        ({"validation": (np.zeros((3, 4)), np.array([0, 1, 1]))}, "expected a batch"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1, got 0"),
        ({"batch_size": 0}, "batch_size .* at least 1"),
        ({"shards": 0}, "shards must be a whole number of at least 1"),
        ({"epochs": 1.5}, "epochs must be a whole number"),
        ({"seed": -1}, "seed must be"),
        ({"seed": 2**64}, "seed must be"),
        ({"penalties": gn.L2(1e-4)}, "penalties: expected a list such as .L2.1e-4.., got L2"),
        ({"penalties": [1e-4]}, "penalties: expected a list"),
        ({"clip": 1.0}, "clip: expected one of gn.Clip, got 1.0"),
        ({"average": 0.9}, "average: expected one of gn.WeightAverage"),
        ({"optimizer": "SGD"}, "optimizer: expected one of gn.Optimizer, got 'SGD'"),
        ({"loss": gn.CrossEntropy}, "loss: expected one of gn.Loss"),
        ({"callbacks": gn.EarlyStopping("training_loss")}, "callbacks: expected a list"),
        ({"train": (np.zeros((3, 2)), np.array(["a", "b", "a"]))}, "np.unique"),
        ({"train": (np.zeros((3, 2)), 5)}, "3 examples but"),
        ({"validation": (np.zeros((3, 2)), np.full((3, 3), 1 / 3))}, "the same kind of targets"),
        (
            {"callbacks": [gn.EarlyStopping("training_loss"), gn.EarlyStopping()]},
            "cannot monitor 'validation_accuracy'",
        ),
        ({"callbacks": [gn.EarlyStopping()]}, "cannot monitor 'validation_accuracy' .there is no validation data"),
        ({"callbacks": [gn.EarlyStopping("training_los")]}, "did you mean 'training_loss'"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(blobs, change: dict, message: str) -> None:
    network = gn.Network([gn.Standardize(), gn.Dense(3)], input_shape=2)
    message = message.replace("dense1", "standardize1")
    theta, buffers = network.theta.copy(), network.buffers.copy()
    change = dict(change)
    with pytest.raises(gn.InputError, match=message):
        gn.fit(network, change.pop("train", blobs), **change)
    np.testing.assert_array_equal(network.theta, theta)
    np.testing.assert_array_equal(network.buffers, buffers)
    assert (network.loss, network.classes) == (gn.CrossEntropy(), None)


def test_pixels_that_nobody_scales_are_warned_of() -> None:
    x = np.random.default_rng(0).integers(0, 256, (20, 4), dtype=np.uint8)
    network = gn.Network([gn.Dense(2)], input_shape=4)
    with pytest.warns(UserWarning, match=r"go up to \d+ and no layer scales them.*Rescale\(1 / 255\)"):
        gn.fit(network, (x, np.arange(20) % 2), epochs=1)


def test_pixels_scaled_twice_are_warned_of() -> None:
    x = np.random.default_rng(0).random((20, 4))
    network = gn.Network([gn.Rescale(1 / 255), gn.Dense(2)], input_shape=4)
    with pytest.warns(UserWarning, match="rescale1 multiplies them by 0.00392 once more"):
        gn.fit(network, (x, np.arange(20) % 2), epochs=1)


def test_predictions_and_figures_warn_of_the_scale_as_fit_does() -> None:
    raw, x = np.full((20, 4), 200.0), np.random.default_rng(0).random((20, 4))
    labels = np.arange(20) % 2
    bare, scaled = (gn.Network([*first, gn.Dense(2)], input_shape=4) for first in ([], [gn.Rescale(1 / 255)]))
    for network, inputs, message in ((bare, raw, "go up to 200 and no layer"), (scaled, x, "rescale1 multiplies them")):
        for measure in (
            lambda n=network, i=inputs: n.predict(i),
            lambda n=network, i=inputs: gn.evaluate(n, (i, labels)),
        ):
            with pytest.warns(UserWarning, match=message) as caught:
                measure()
            assert {warning.filename for warning in caught} == {__file__}
    regression = gn.Network([gn.Dense(1)], input_shape=4)
    regression.loss = gn.SquaredError()
    with pytest.warns(UserWarning, match="go up to 200"):
        gn.evaluate_regression(regression, (raw, labels.astype(float)[:, None]))


@pytest.mark.parametrize(
    "last", [gn.Softmax(), gn.Sigmoid(), gn.ReLU(), gn.Tanh()], ids=lambda layer: type(layer).__name__
)
def test_a_layer_that_limits_the_logits_is_warned_of(last: gn.Layer) -> None:
    x, y = np.random.default_rng(0).random((20, 4)), np.arange(20) % 2
    network = gn.Network([gn.Dense(2), last], input_shape=4)
    with pytest.warns(UserWarning, match=r"the network ends in .*1, whose outputs lie from .* remove that layer"):
        gn.fit(network, (x, y), epochs=1)


def test_whole_amounts_without_a_loss_are_told_to_name_one() -> None:
    with pytest.raises(gn.InputError, match=r"labels must be 0 to 1 .*if these are amounts, name a loss.*SquaredError"):
        gn.fit(gn.Network([gn.Dense(1)], input_shape=1), (np.ones((3, 1)), np.array([1, 2, 31])), epochs=1)


@pytest.mark.mnist
def test_a_few_epochs_on_mnist(mnist: gn.Dataset) -> None:
    network = gn.Network(
        [gn.Rescale(1 / 255), gn.Dense(64), gn.ReLU(), gn.Dense(10)], input_shape=784, classes=mnist.classes
    )
    history = gn.fit(network, mnist.train, validation=mnist.validation, epochs=2)
    # Two epochs of plain SGD at 0.1 give 91.9 to 92.6 % over ten seeds.
    assert gn.evaluate(network, mnist.test).accuracy >= 0.91
    assert history["validation_accuracy"][-1] >= 0.91
    assert gn.check_gradients(network, mnist.train.x[:4], mnist.train.y[:4])


# NumPy converts and broadcasts through buffers of 8,192 numbers, at most two at a time here; the loss makes fewer than
# ten arrays as large as the logits (2.5 KB).
LEAST = 2 * 4 * 8_192 + 25_000


class Allocated(gn.Callback):
    """How many bytes each step has allocated at its height, beyond what was there before."""

    def on_start(self, training) -> None:
        self.steps: list[int] = []
        self.before = 0

    def on_batch(self, training) -> None:
        if self.before:
            self.steps.append(tracemalloc.get_traced_memory()[1] - self.before)
        tracemalloc.reset_peak()
        self.before = tracemalloc.get_traced_memory()[0]


@pytest.mark.parametrize("shards", [1, 4])
@pytest.mark.parametrize(
    ("layers", "most"),
    [
        # A float32 batch of the input has 200 KB, of the hidden layer 131 KB.
        ([gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(512), gn.ReLU(), gn.Dense(10)], LEAST),
        # The output of the convolution has 1,384 KB, its windows 1,557 KB.
        ([gn.Rescale(1 / 255), gn.Conv2D(8, 3), gn.ReLU(), gn.MaxPool2D(2), gn.Flatten(), gn.Dense(10)], LEAST),
        # Batch normalisation makes a few vectors as long as there are features.
        (
            [gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(512), gn.BatchNorm(), gn.ReLU(), gn.Dense(10)],
            LEAST + 8 * 4 * 512,
        ),
        ([gn.Rescale(1 / 255), gn.AveragePool2D(2), gn.GlobalAveragePool(), gn.Dense(10)], LEAST),
        # Dropout draws two random bytes for each of 64 x 512 units, whose mask has 131 KB.
        ([gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(512), gn.Dropout(0.5), gn.Dense(10)], LEAST + 2 * 64 * 512),
    ],
    ids=["dense", "convolution", "batch-norm", "average", "dropout"],
)
def test_a_step_allocates_next_to_nothing(layers: list[gn.Layer], most: int, shards: int) -> None:
    """Counted, not timed: workspaces are kept from step to step."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (64 * 9 + 20, 28, 28, 1), dtype=np.uint8), rng.integers(0, 10, 64 * 9 + 20)
    network = gn.Network(copy.deepcopy(layers), input_shape=(28, 28, 1))
    allocated = Allocated()
    for optimizer in (gn.SGD(0.1, momentum=0.9), gn.Adam()):
        tracemalloc.start()
        try:
            gn.fit(
                network,
                (x, y),
                epochs=1,
                batch_size=64,
                shards=shards,
                workers=1,
                optimizer=optimizer,
                callbacks=[allocated],
            )
        finally:
            tracemalloc.stop()
        steps = allocated.steps[1:]  # the first makes the workspaces; the last has a short batch
        assert len(steps) == 8
        assert max(steps) < most, steps


@pytest.mark.parametrize("lr", [1e18, 1e20, 1e30])
def test_outputs_that_overflow_on_validation_data_are_a_divergence(lr: float) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((40, 6)).astype(np.float32), rng.integers(0, 3, 40)
    network = gn.Network([gn.Dense(8), gn.ReLU(), gn.Dense(3)], input_shape=6)
    before = network.theta.copy()
    with pytest.raises(gn.DivergenceError, match="no longer a finite number"):
        gn.fit(network, (x, y), validation=(1e3 * x, y), epochs=3, batch_size="full", optimizer=gn.SGD(lr))
    np.testing.assert_array_equal(network.theta, before)


@pytest.mark.parametrize("train", [gn.fit, gn.Trainer])
def test_a_warning_names_the_line_of_the_person_who_called(train) -> None:
    network = gn.Network([gn.Dense(2)], input_shape=2)
    with pytest.warns(UserWarning, match="the inputs go up to 300") as caught:
        train(network, (np.full((4, 2), 300), np.arange(4) % 2))
    assert {warning.filename for warning in caught} == {__file__}
