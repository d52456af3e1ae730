"""The training loop, the only one.

For each epoch: every example once, in a new order, cut into batches; for each batch: forward, loss, backward, one step
of the optimizer. Everything else here is watching that it goes well.
"""

import math
import time
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import is_dataclass
from typing import Any, Literal

import numpy as np

from glassnet.nn.average import WeightAverage
from glassnet.nn.batches import check_finite, portions
from glassnet.nn.clip import Clip
from glassnet.nn.distance import Distance, SquaredError
from glassnet.nn.entropy import CrossEntropy, is_distribution
from glassnet.nn.layer import Array
from glassnet.nn.loss import Loss
from glassnet.nn.network import Network
from glassnet.nn.norm import BatchNorm
from glassnet.nn.optim import SGD, Optimizer
from glassnet.nn.penalty import Penalty
from glassnet.nn.reshape import Rescale, Standardize
from glassnet.nn.schedule import ConstantRate, Schedule
from glassnet.nn.settings import InputError, require, to_table, whole
from glassnet.nn.stream import stream
from glassnet.train.callbacks import BestNetwork, Callback, EarlyStopping, Snapshot, Training, monitor_of
from glassnet.train.crew import processors
from glassnet.train.gradient import Augment, augmented
from glassnet.train.history import History, Record
from glassnet.train.metrics import Examples, as_examples, matrix_threads, measure
from glassnet.train.steps import Rules, Steps
from glassnet.train.weights import ClassWeights, example_weights

Progress = Callable[[Training], None]


class DivergenceError(ArithmeticError):
    """Training ran away: the loss became NaN or infinite. The network holds its last finite parameters.

    Attributes:
        history: the epochs that were finished before.
    """

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history


def fit(
    network: Network,
    train: Any,
    *,
    validation: Any = None,
    loss: Loss | None = None,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    penalties: Sequence[Penalty] = (),
    clip: Clip | None = None,
    average: WeightAverage | None = None,
    class_weights: ClassWeights | None = None,
    sample_weights: Any = None,
    augment: Sequence[Augment] = (),
    epochs: int = 10,
    batch_size: int | Literal["full"] = 128,
    shuffle: bool = True,
    shards: int = 1,
    workers: int | None = None,
    blas_threads: int | None = None,
    callbacks: Sequence[Callback] = (),
    progress: Progress | None = None,
    seed: int = 0,
) -> History:
    """Train a network.

    Ctrl-C ends the training and gives back the best network so far. Early stopping gives back the best network; a
    training that runs to its last epoch gives back the last one.

    Args:
        network: is changed in place.
        train: a split of a dataset or a pair (x, y); y are labels (N,), one-hot rows, or real targets (N, M).
        validation: the same, to measure after each epoch.
        loss: what the logits mean; by default that of the network (CrossEntropy() at first), but SquaredError() for
            real targets where it is CrossEntropy.
        optimizer: SGD(0.1) by default.
        schedule: how the learning rate changes with the step; constant by default.
        penalties: what weights cost besides, such as [L2(1e-4)]; the losses of the history are without it.
        clip: limits to the gradient, penalties included.
        average: keep a running mean of the weights: it is what is validated, and what is given back.
        class_weights: how much the examples of each class count in the loss, one number a class, or "balanced": as if
            all classes were equally frequent. Validation is not weighted.
        sample_weights: how much each example counts in the loss (N,); multiplied with those of their classes.
        augment: random changes to the examples at every visit, one after the other, such as [Augmentation(shift=0.1)]:
            augment(x, y, rng) gives new inputs and targets for a batch x (n, ...), y; rng is all it may draw from.
        epochs: how often every example is visited, at most.
        batch_size: examples a step; "full" takes all of them at once.
        shuffle: whether each epoch takes the examples in a new order, as it should, or as they stand.
        shards: into how many pieces a batch is cut; see `train.steps`.
        workers: how many shards run at once, all processors by default; changes no bit of the result.
        blas_threads: threads of each matrix product: by default 1 with several shards, else all. Together with `shards`
            it fixes the arithmetic.
        callbacks: what else to do between epochs, such as EarlyStopping().
        progress: called after every step with the state of the training; nothing is printed without it.
        seed: chooses the order of the examples.

    Raises:
        InputError: data or settings that cannot be used; nothing was changed.
        DivergenceError: the loss became NaN or infinite.   WorkerError: workers cannot start, or one has failed.
        CheckpointError: a checkpoint cannot be read or written.

        After any error within an epoch the network is as it was after the last one.
    """
    require(isinstance(network, Network), f"expected a Network, got {network!r}")
    for name, part, kind in (
        ("loss", loss, Loss),
        ("optimizer", optimizer, Optimizer),
        ("schedule", schedule, Schedule),
        ("clip", clip, Clip),
        ("average", average, WeightAverage),
    ):
        require(part is None or isinstance(part, kind), f"{name}: expected one of gn.{kind.__name__}, got {part!r}")
    require(
        isinstance(callbacks, Sequence) and all(isinstance(callback, Callback) for callback in callbacks),
        f"callbacks: expected a list of callbacks, got {callbacks!r}",
    )
    require(
        isinstance(penalties, Sequence) and all(isinstance(penalty, Penalty) for penalty in penalties),
        f"penalties: expected a list such as [L2(1e-4)], got {penalties!r}",
    )
    require(
        isinstance(augment, Sequence) and all(callable(change) for change in augment),
        f"augment: expected a list such as [Augmentation(shift=0.1)], got {augment!r}",
    )
    epochs, shards, seed = whole(epochs, "epochs", 1), whole(shards, "shards", 1), whole(seed, "seed", 0)
    workers = whole(processors() if workers is None else workers, "workers", 1)
    blas_threads = None if blas_threads is None else whole(blas_threads, "blas_threads", 1)
    batch_size = batch_size if batch_size == "full" else whole(batch_size, "batch_size (or 'full')", 1)
    stream(seed, "shuffle")  # is the seed in range?
    examples = as_examples(train, "train", network, loss)
    if loss is None and examples.targets.ndim == 2 and isinstance(network.loss, CrossEntropy):
        real = examples.targets.dtype.kind == "f" and not is_distribution(examples.targets)
        loss = SquaredError() if real or network.output_shape == (1,) else network.loss
    loss = loss or network.loss
    held_out = None if validation is None else as_examples(validation, "validation", network, loss)
    check_examples(network, examples, loss)
    if held_out:
        check_examples(network, held_out, loss)
    _try(augment, network, examples, loss, seed)
    weights = example_weights(examples, class_weights, sample_weights, network, loss)
    _warn_of_scale(network, examples)

    labelled = examples.targets.ndim == 1
    require(
        held_out is None or (held_out.targets.ndim == 1) == labelled,
        "train and validation must have the same kind of targets: labels in both, or rows in both",
    )
    measured = [
        *(["training_accuracy"] if labelled else []),
        "training_loss",
        *(["validation_loss"] if held_out else []),
        *(["validation_accuracy"] if held_out and labelled else []),
    ]
    monitor = monitor_of(callbacks, measured)

    network.loss = loss
    if labelled and network.classes is None:
        network.classes = network.class_names
    elif not labelled and isinstance(loss, Distance):
        network.classes = None  # it learns numbers now, and predicts them
    network.adapt(examples.inputs, examples.rows)
    optimizer = optimizer or SGD(0.1)
    schedule = schedule or ConstantRate()
    rows = examples.rows
    size = len(rows) if batch_size == "full" else min(batch_size, len(rows))
    training = Training(
        network,
        optimizer.start(network.theta),
        BestNetwork(monitor),
        {
            "layers": [to_table(layer) for layer in network.layers],
            "loss": to_table(network.loss),
            "optimizer": to_table(optimizer),
            "schedule": to_table(schedule),
            "penalties": [to_table(penalty) for penalty in penalties],
            "clip": to_table(clip) if clip else None,
            "average": to_table(average) if average else None,
            "augment": [
                to_table(change) if is_dataclass(change) else getattr(change, "__qualname__", "") for change in augment
            ],
            "examples": len(rows),
            "batch_size": size,
            "shuffle": bool(shuffle),
            "shards": shards,
            "blas_threads": blas_threads,
            "dtype": str(network.dtype),
            "seed": seed,
            "epochs": epochs,
            "measured": measured,
            "monitor": monitor,
            "data": _fingerprint(examples, weights),
        },
        epochs=epochs,
        batches=math.ceil(len(rows) / size),
        averages={"theta": network.theta.copy(), "buffers": network.buffers.copy()} if average else {},
    )
    batch_watchers = [w.on_batch for w in callbacks if type(w).on_batch is not Callback.on_batch]

    started = rate = 0.0

    def take_batches(take_step: Steps) -> None:
        nonlocal started, rate
        started = time.perf_counter() - training.seconds
        order = rows[stream(seed, "shuffle", training.epoch).permutation(len(rows))] if shuffle else rows
        for batch in range(training.batch, training.batches):
            chosen = order[batch * size : (batch + 1) * size]
            step = (training.epoch - 1) * training.batches + batch
            rate = optimizer.lr * training.rate * schedule.factor(step, epochs * training.batches)
            part = take_step(chosen, step, lr=rate)
            if not math.isfinite(part.loss):
                raise _ran_away(training, rate)
            training.batch = batch + 1
            training.examples += len(chosen)
            weight = take_step.total(chosen)
            training.weight += weight
            training.loss_sum += part.loss * weight
            training.right += part.right
            training.seconds = time.perf_counter() - started
            for on_batch in batch_watchers:
                on_batch(training)
            if progress:
                progress(training)
        if not np.isfinite(network.theta).all():
            raise _ran_away(training, rate)

    def finished_epoch() -> Record:
        record = {"epoch": training.epoch, "training_loss": training.loss}
        if labelled:
            record["training_accuracy"] = training.right / training.examples
        if penalties:
            arrays = [segment.view(network.theta) for segment in network.segments if segment.is_weight]
            record["penalty"] = sum(penalty.forward(W) for penalty in penalties for W in arrays)
        if held_out:
            try:
                record["validation_loss"], accuracy = measure(network, held_out, workers=workers if shards > 1 else 1)
            except InputError:  # the weights are finite still, but the outputs are not
                raise _ran_away(training, rate) from None
            if not math.isfinite(record["validation_loss"]):
                raise _ran_away(training, rate)
            if accuracy is not None:
                record["validation_accuracy"] = accuracy
        return record | {"learning_rate": rate, "seconds": time.perf_counter() - started}

    holders = [watcher for watcher in callbacks if watcher.holds_training]
    others = [watcher for watcher in callbacks if not watcher.holds_training]
    for watcher in [*holders, *others]:
        watcher.on_start(training)
    callbacks = [*others, *holders]
    try:
        with (
            np.errstate(over="ignore", invalid="ignore"),  # the loop itself looks for what is not finite
            matrix_threads(blas_threads if blas_threads or shards == 1 else 1),
            Steps(
                network,
                examples,
                Rules(optimizer, penalties, clip, average),
                training.optimizer_state,
                weights=weights,
                averages=training.averages,
                batch_size=size,
                shards=shards,
                workers=workers,
                augment=augment,
                seed=seed,
            ) as take_step,
        ):
            while len(training.history) < epochs and not training.history.stopped:
                training.epoch = len(training.history) + 1
                take_batches(take_step)
                with _averaged(training):
                    training.history.records.append(finished_epoch())
                    training.history.kept_epoch = training.epoch
                    training.best.on_epoch(training)  # may want the last network still
                    training.last.take(network)
                for watcher in callbacks:
                    watcher.on_epoch(training)
                if progress:
                    progress(training)
                training.batch = training.examples = training.right = 0
                training.loss_sum = training.weight = training.seconds = 0.0
    except KeyboardInterrupt:
        training.history.stopped = f"interrupted in epoch {training.epoch}"
        if not training.history.records:
            training.last.restore(network)  # half an epoch is no network that could be named
    except Exception:  # of whatever kind, it came in the middle of an epoch, and is raised again
        training.last.restore(network)
        raise
    if training.history.stopped or any(isinstance(callback, EarlyStopping) for callback in callbacks):
        training.best.restore(training)
    elif average:
        training.last.restore(network)
    for watcher in callbacks:
        watcher.on_end(training)
    return training.history


@contextmanager
def _averaged(training: Training) -> Iterator[None]:
    """Meanwhile the network is the average of those so far, if weights are averaged."""
    if not training.averages:
        yield
        return
    now = Snapshot(training.network)
    np.copyto(training.network.theta, training.averages["theta"])
    np.copyto(training.network.buffers, training.averages["buffers"])
    try:
        yield
    finally:
        now.restore(training.network)


def check_examples(network: Network, examples: Examples, loss: Loss) -> None:
    """Everything that could go wrong with the data, before anything is changed."""
    require(len(network.output_shape) == 1, f"the last layer must give rows, but it gives {network.output_shape}")
    inputs = network.as_batch(examples.inputs)
    loss.check(examples.targets[examples.rows], network.output_shape[0], len(examples.rows))
    if inputs.dtype.kind == "f":
        for span in portions(len(examples.rows), 4096):
            check_finite(inputs[examples.rows[span]])


def _try(augment: Sequence[Augment], network: Network, examples: Examples, loss: Loss, seed: int) -> None:
    """Change a few examples, so that what cannot be changed is refused before anything is."""
    rows = examples.rows[:32]
    x, y = augmented(augment, examples.inputs[rows], examples.targets[rows], stream(seed, "augment", 0, 0))
    network.as_batch(x)
    if augment:
        loss.check(y, network.output_shape[0], len(rows))


def _warn_of_scale(network: Network, examples: Examples) -> None:
    """Warn where inputs are not scaled, or scaled twice: the two mistakes after which nothing seems to work."""
    inputs = network.as_batch(examples.inputs)
    scaling = next((layer for layer in network.layers if isinstance(layer, Rescale | Standardize | BatchNorm)), None)
    if scaling is None or (isinstance(scaling, Rescale) and inputs.dtype.kind == "f" and abs(scaling.scale) < 0.1):
        parts = (inputs[examples.rows[span]] for span in portions(len(examples.rows), 4096))
        largest = max(float(np.abs(part, dtype=np.float64).max()) for part in parts)
        if scaling is None and largest > 50:
            warnings.warn(
                f"the inputs go up to {largest:g} and no layer scales them: training will probably stick; "
                "put Rescale(1 / 255) first, or Standardize()",
                stacklevel=3,
            )
        if isinstance(scaling, Rescale) and largest <= 1:
            warnings.warn(
                f"the inputs lie within -1..1 already, and {scaling.name} multiplies them by {scaling.scale:.3g} once "
                "more: give the network the raw values, or leave that layer out",
                stacklevel=3,
            )


def _fingerprint(examples: Examples, weights: Array | None) -> str:
    """A checksum of targets, weights and some inputs: enough to notice that a training goes on with other data."""
    some = examples.rows[:: max(len(examples.rows) // 100, 1)]
    parts = [examples.inputs[some], examples.targets[examples.rows], *([] if weights is None else [weights])]
    checksum = 0
    for part in parts:
        checksum = zlib.crc32(np.ascontiguousarray(part).tobytes(), checksum)
    return f"{checksum:08x}"


def _ran_away(training: Training, rate: float) -> DivergenceError:
    kept = f"as it was after epoch {training.epoch - 1}" if training.epoch > 1 else "as it was at the start"
    batch = min(training.batch + 1, training.batches)
    return DivergenceError(
        f"the loss is no longer a finite number in epoch {training.epoch}, batch {batch} of {training.batches}; "
        f"the network is kept {kept}. Lower the learning rate (it was {rate:g}; try {rate / 10:g}), "
        "and see that the inputs are scaled",
        training.history,
    )
