"""The training loop, the only one.

For each epoch: every example once, in a new order, cut into batches; for each batch: forward, loss, backward, one step
of the optimizer. Everything else here is watching that it goes well.
"""

import math
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from glassnet.nn.layer import Array
from glassnet.nn.loss import CrossEntropy, Loss, SquaredError
from glassnet.nn.network import Network, check_finite
from glassnet.nn.optim import SGD, Optimizer
from glassnet.nn.reshape import Rescale
from glassnet.nn.schedule import ConstantRate, Schedule
from glassnet.nn.settings import require
from glassnet.nn.stream import stream
from glassnet.train.callbacks import BestNetwork, Callback, EarlyStopping, Training, monitor_of
from glassnet.train.gradient import BatchGradient
from glassnet.train.history import History, Record
from glassnet.train.metrics import Examples, as_examples, measure

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
    epochs: int = 10,
    batch_size: int | Literal["full"] = 128,
    shards: int = 1,
    workers: int | None = None,
    callbacks: Sequence[Callback] = (),
    progress: Progress | None = None,
    seed: int = 0,
) -> History:
    """Train a network.

    Ctrl-C ends the training and gives back the best network so far. Early stopping gives back the best network; a
    training that runs to its last epoch gives back the last one.

    Args:
        network: is changed in place.
        train: a split of a dataset or a pair (x, y); y are labels (N,) or real targets (N, M).
        validation: the same, to measure after each epoch.
        loss: what the logits mean; by default that of the network for labels, SquaredError() for real targets.
        optimizer: SGD(0.1) by default.
        schedule: how the learning rate changes with the step; constant by default.
        epochs: how often every example is visited, at most.
        batch_size: examples a step; "full" takes all of them at once.
        shards: into how many pieces a batch is cut; see `train.gradient`.
        workers: how many shards run at once.
        callbacks: what else to do between epochs, such as EarlyStopping().
        progress: called after every step with the state of the training; nothing is printed without it.
        seed: chooses the order of the examples.

    Raises:
        InputError: data or settings that cannot be used; nothing was changed.
        DivergenceError: the loss became NaN or infinite.
    """
    examples = as_examples(train, "train")
    held_out = None if validation is None else as_examples(validation, "validation")
    require(epochs >= 1, f"epochs must be at least 1, got {epochs}")
    require(batch_size == "full" or batch_size >= 1, f"batch_size must be at least 1 or 'full', got {batch_size}")
    require(shards >= 1, f"shards must be at least 1, got {shards}")
    require(workers in (None, 1), f"workers must be 1, got {workers}")
    if loss is None and examples.targets.dtype.kind == "f":
        loss = SquaredError() if isinstance(network.loss, CrossEntropy) and examples.targets.ndim == 2 else network.loss
    _check(network, examples, loss or network.loss)
    if held_out:
        _check(network, held_out, loss or network.loss)

    labelled = examples.targets.ndim == 1
    measured = [
        *(["training_accuracy"] if labelled else []),
        "training_loss",
        *(["validation_loss"] if held_out else []),
        *(["validation_accuracy"] if held_out and labelled else []),
    ]
    monitor = monitor_of(callbacks, measured)

    network.loss = loss or network.loss
    if labelled and network.classes is None:
        network.classes = tuple(str(c) for c in range(max(network.output_shape[0], 2)))
    network.adapt(examples.inputs, examples.rows)
    optimizer = optimizer or SGD(0.1)
    schedule = schedule or ConstantRate()
    state = optimizer.start(network.theta)
    rows = examples.rows
    size = len(rows) if batch_size == "full" else min(batch_size, len(rows))
    gradient = BatchGradient(network, examples, shards=shards)
    training = Training(network, History(), epochs=epochs, batches=math.ceil(len(rows) / size))
    best = BestNetwork(monitor)
    watchers = [best, *callbacks]
    finite = (network.theta.copy(), network.buffers.copy())

    def one_epoch(epoch: int) -> Record:
        started = time.perf_counter()
        order = rows[stream(seed, "shuffle", epoch).permutation(len(rows))]
        loss_sum, right = 0.0, 0
        training.epoch, training.loss, rate = epoch, math.nan, 0.0
        for batch in range(training.batches):
            chosen = order[batch * size : (batch + 1) * size]
            batch_loss, batch_right = gradient(chosen)
            if not math.isfinite(batch_loss):
                raise _ran_away(training, finite, batch + 1, rate)
            step = (epoch - 1) * training.batches + batch
            rate = optimizer.lr * schedule.factor(step, epochs * training.batches)
            optimizer.update(network.theta, network.grad, state, lr=rate)
            loss_sum += batch_loss * len(chosen)
            right += batch_right
            training.batch = batch + 1
            if progress:
                training.loss = loss_sum / min((batch + 1) * size, len(rows))
                progress(training)
        if not np.isfinite(network.theta).all():
            raise _ran_away(training, finite, training.batches, rate)
        record = {"epoch": epoch, "training_loss": loss_sum / len(rows)}
        if labelled:
            record["training_accuracy"] = right / len(rows)
        if held_out:
            record["validation_loss"], accuracy = measure(network, held_out)
            if accuracy is not None:
                record["validation_accuracy"] = accuracy
        return record | {"learning_rate": rate, "seconds": time.perf_counter() - started}

    for watcher in watchers:
        watcher.on_start(training)
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # the loop itself looks for what is not finite
            for epoch in range(1, epochs + 1):
                training.batch = 0
                training.history.records.append(one_epoch(epoch))
                training.history.kept_epoch = epoch
                np.copyto(finite[0], network.theta)
                np.copyto(finite[1], network.buffers)
                for watcher in watchers:
                    watcher.on_epoch(training)
                if progress:
                    progress(training)
                if training.history.stopped:
                    break
    except KeyboardInterrupt:
        training.history.stopped = f"interrupted in epoch {training.epoch}"
    if training.history.stopped or any(isinstance(callback, EarlyStopping) for callback in callbacks):
        best.restore(training)
    for watcher in watchers:
        watcher.on_end(training)
    return training.history


def _check(network: Network, examples: Examples, loss: Loss) -> None:
    """Everything that could go wrong with the data, before anything is changed."""
    inputs = network.as_batch(examples.inputs)
    loss.check(examples.targets[examples.rows], network.output_shape[0], len(examples.rows))
    scaled = any(layer.takes_raw and type(layer).__name__ != "Flatten" for layer in network.layers)
    largest = 0.0
    for start in range(0, len(examples.rows), 4096):
        block = inputs[examples.rows[start : start + 4096]]
        if block.dtype.kind == "f":
            check_finite(block)
            largest = max(largest, float(np.abs(block).max()))
        elif scaled:
            return
        else:
            largest = max(largest, float(block.max()))
    if largest > 50 and not scaled:
        warnings.warn(
            f"the inputs go up to {largest:g} and no layer scales them: training will probably stick; "
            "put Rescale(1 / 255) first, or Standardize()",
            stacklevel=3,
        )
    first = next((layer for layer in network.layers if isinstance(layer, Rescale)), None)
    if inputs.dtype.kind == "f" and largest <= 1 and first is not None and abs(first.scale) < 0.1:
        warnings.warn(
            f"the inputs lie within -1..1 already, and {first.name} multiplies them by {first.scale:.3g} once more: "
            "give the network the raw values, or leave that layer out",
            stacklevel=3,
        )


def _ran_away(training: Training, finite: tuple[Array, Array], batch: int, rate: float) -> DivergenceError:
    network = training.network
    network.theta[...], network.buffers[...] = finite
    kept = f"as it was after epoch {training.epoch - 1}" if training.epoch > 1 else "as it was at the start"
    return DivergenceError(
        f"the loss is no longer a finite number in epoch {training.epoch}, batch {batch} of {training.batches}; "
        f"the network is kept {kept}. Lower the learning rate (it was {rate:g}; try {rate / 10:g}), "
        "and see that the inputs are scaled",
        training.history,
    )
