"""L-BFGS: training as the minimisation of one function of the flat vector of parameters.

The function is the loss on all training data; SciPy's L-BFGS-B minimises it. It estimates the curvature from the last
few steps and the change of the gradient along them. On small data it needs far fewer passes than gradient descent.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.batches import portions
from glassnet.nn.errors import InputError, require
from glassnet.nn.loss import Loss
from glassnet.nn.network import Network
from glassnet.nn.penalty import Penalty
from glassnet.nn.settings import whole
from glassnet.nn.threads import matrix_threads
from glassnet.train.data import check_examples
from glassnet.train.history import DivergenceError, History, Record
from glassnet.train.metrics import Examples, as_examples, measure
from glassnet.train.shard import ShardReader
from glassnet.train.weights import example_weights

ROWS = 1024  # number of examples whose gradient is computed at once
# Below this number of parameters times examples, matrix products use one thread. SciPy has its own BLAS, and the idle
# threads of one BLAS slow down the other: training on 1,347 8x8 digits takes four times as long with two threads.
SMALL = 10**8


def fit_lbfgs(
    network: Network,
    train: Any,
    *,
    validation: Any = None,
    loss: Loss,
    penalties: Sequence[Penalty] = (),
    sample_weights: Any = None,
    iterations: int = 200,
    evaluations: int = 15_000,
    tolerance: float = 1e-4,
    on_iteration: Callable[[Record], None] | None = None,
) -> History:
    """Train a network by L-BFGS on all examples at once.

    Minimises L(theta) = loss + penalties, with dL/dtheta from one forward and one backward pass over the data.

    Ctrl-C ends the training and keeps the last iterate.

    Args:
        network: is changed in place.
        train, validation, loss, penalties, sample_weights: as in `fit`.
        iterations: the largest number of iterations.   evaluations: the largest number of passes over the data.
        tolerance: the training ends when no entry of the gradient is larger than this. It also ends when a step lowers
            the loss by less than the fraction 2.2e-9.
        on_iteration: called with the record of each iteration.

    Returns:
        A record for each iteration: epoch (its number), training_loss, penalty, and with validation data
        validation_loss and, for labels, validation_accuracy. `stopped` is the reason why it ended, or None if it had
        not converged after all iterations or evaluations.

    Raises:
        DivergenceError: the loss or a validation output is not finite; the last iterate is kept.
        InputError: as `fit`; SciPy is not installed; the network has Dropout or BatchNorm, because L would then be a
            different function at every step.

    Reference: Byrd, Lu, Nocedal and Zhu 1995, "A limited memory algorithm for bound constrained optimization".
    """
    try:
        from scipy.optimize import minimize
    except ImportError:
        raise InputError("L-BFGS needs SciPy: pip install 'glassnet[sklearn]'") from None
    iterations, evaluations = whole(iterations, "iterations", 1), whole(evaluations, "evaluations", 1)
    examples, held_out = _examples(network, train, validation, loss)
    weights = example_weights(examples, None, sample_weights, network, loss)
    network.loss = loss
    reader = ShardReader(network, examples, weights, augment=(), seed=0)
    objective = _Objective(network, reader, examples.rows, penalties)
    history = History()
    iterate = network.theta.copy()

    def finished(intermediate_result: Any) -> None:  # the name is SciPy's
        objective(intermediate_result.x)  # usually the last vector evaluated, so nothing is computed again
        np.copyto(iterate, network.theta)
        record = _record(objective, held_out, history)
        history.records.append(record)
        if on_iteration:
            on_iteration(record)

    try:
        small = len(network.theta) * len(examples.rows) < SMALL
        with (
            np.errstate(over="ignore", invalid="ignore"),
            matrix_threads(1 if small else None),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # SciPy warns of steps that were too long, although it undoes them
            result = minimize(
                objective,
                network.theta.astype(np.float64),
                jac=True,
                method="L-BFGS-B",
                callback=finished,
                options={"maxiter": iterations, "maxfun": evaluations, "gtol": tolerance},
            )
        if not math.isfinite(result.fun):
            raise DivergenceError("the loss is not finite; check that the inputs are scaled", history)
        history.stopped = str(result.message) if result.success else None
    except KeyboardInterrupt:
        history.stopped, history.interrupted = f"interrupted after iteration {len(history)}", True
    finally:
        np.copyto(network.theta, iterate)
    history.kept_epoch = history.best_epoch = len(history)
    return history


def _examples(network: Network, train: Any, validation: Any, loss: Loss) -> tuple[Examples, Examples | None]:
    """The examples for training and for validation, checked; the network too."""
    random = [layer.name for layer in network.layers if layer.is_random or layer.measures_batches]
    require(
        not random,
        f"L-BFGS minimises one fixed function of the weights, but with {', '.join(random)} it is a different one for "
        "every batch: remove that layer, or train by gradient descent",
    )
    examples = as_examples(train, "train", network, loss)
    held_out = None if validation is None else as_examples(validation, "validation", network, loss)
    for part in (examples, held_out):
        if part is not None:
            check_examples(network, part, loss)
    return examples, held_out


def _record(objective: "_Objective", held_out: Examples | None, history: History) -> Record:
    """The record of the iteration that has just ended.

    Raises:
        DivergenceError: outputs for the validation data are not finite.
    """
    record = {"epoch": len(history) + 1, "training_loss": objective.loss, "penalty": objective.penalty}
    if held_out:
        try:
            record["validation_loss"], accuracy = measure(objective.network, held_out)
        except InputError as error:
            raise DivergenceError(f"on the validation data {error}", history) from None
        if accuracy is not None:
            record["validation_accuracy"] = accuracy
    return record


class _Objective:
    """L and its gradient at a vector of parameters; caches the last result, which SciPy's callback needs again."""

    def __init__(self, network: Network, reader: ShardReader, rows: Array, penalties: Sequence[Penalty]) -> None:
        self.network, self.reader, self.rows, self.penalties = network, reader, rows, penalties
        self.weights = [segment for segment in network.segments if segment.is_weight]
        self.total = float(len(rows) if reader.weights is None else reader.weights[rows].sum(dtype=np.float64))
        self.gradient = np.empty_like(network.theta)
        self.at: Array | None = None
        self.loss = self.penalty = math.nan

    def __call__(self, theta: Array) -> tuple[float, Array]:
        if self.at is None or not np.array_equal(self.at, theta):
            self.at = theta.copy()
            self._evaluate(theta)
        return self.loss + self.penalty, self.gradient.astype(np.float64)

    def _evaluate(self, theta: Array) -> None:
        network = self.network
        np.copyto(network.theta, theta, casting="same_kind")
        self.gradient[...] = 0
        part = np.empty_like(self.gradient)
        self.loss = 0.0
        for span in portions(len(self.rows), ROWS):
            x, y, weights = self.reader.take(self.rows[span], part, network.observed, step=0, shard=0)
            logits = network.forward(x, training=True)
            loss, prediction = network.loss.forward(logits, y, weights=weights, total=self.total)
            network.backward_parameters(network.loss.backward(prediction, y, weights=weights, total=self.total))
            self.loss += loss
            self.gradient += part
        self.penalty = sum(p.forward(s.view(network.theta)) for p in self.penalties for s in self.weights)
        for penalty in self.penalties:
            for segment in self.weights:
                penalty.backward(segment.view(network.theta), segment.view(self.gradient))
