"""Trains the network of an estimator, by the gradient descent or the L-BFGS of glassnet."""

import math
import sys
import warnings
from contextlib import nullcontext
from functools import partial
from typing import Any, NamedTuple

from sklearn.exceptions import ConvergenceWarning

from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.network import Network
from glassnet.nn.penalty import L2
from glassnet.nn.schedule import Schedule
from glassnet.progress import ProgressBar
from glassnet.sklearn.convergence import Convergence, Lines, ValidationScore, iteration_line
from glassnet.sklearn.settings import Continued, callbacks_of, optimizer_of, schedule_of
from glassnet.train.history import DivergenceError, History, Record
from glassnet.train.lbfgs import fit_lbfgs
from glassnet.train.loop import fit
from glassnet.train.metrics import Examples

MONITORS = ("training_loss", "validation_loss", "validation_score")
NOT_FINITE = "Solver produced non-finite parameter weights"
CALLER = 4  # stack frames from a warning in `descend` or `minimise` to the call of the estimator's `fit`


class Prepared(NamedTuple):
    """A network, the examples to train and measure it on, and the weights of these (None: all count the same)."""

    network: Network
    train: Examples
    validation: Examples | None
    weights: Array | None
    validation_weights: Array | None


def penalties(alpha: float, examples: int, weights: Array | None) -> list[L2]:
    """The L2 penalty: as in scikit-learn, alpha divided by the number of examples of a step, or by their weights."""
    mean = 1.0 if weights is None else float(weights.mean()) or 1.0
    return [L2(float(alpha) / (examples * mean))] if alpha else []


def descend(estimator: Any, prepared: Prepared, *, seed: int, incremental: bool) -> History:
    """Gradient descent over batches, until it converges; or, if incremental, for one epoch after the last training."""
    network, train, validation, weights, _ = prepared
    require(
        not (incremental and isinstance(estimator.learning_rate, Schedule)),
        "learning_rate: a schedule is planned for a whole training, and partial_fit does not know where that ends: use "
        "'constant' or 'invscaling'",
    )
    size = batch_size_of(estimator, len(train.rows))
    batches = math.ceil(len(train.rows) / size)
    rule = optimizer_of(estimator)
    kind = type(rule).__name__, sorted(rule.start(network.theta[:0]))  # another rule begins with a new state
    if not incremental or estimator._rule != kind:
        estimator._optimizer_state, estimator._steps, estimator._rule = rule.start(network.theta), 0, kind
    score = [ValidationScore(partial(validation_score, estimator, prepared))] if validation is not None else []
    convergence = convergence_of(estimator, validation, incremental=incremental)
    epochs = 1 if incremental else int(estimator.max_iter)
    shown = estimator.verbose and sys.stderr.isatty()
    lines = [Lines()] if estimator.verbose and not shown else []
    with ProgressBar() if shown else nullcontext() as progress, warnings.catch_warnings():
        # This warning recommends layers; users of scikit-learn need a StandardScaler.
        warnings.filterwarnings("ignore", message="the inputs go up to")
        try:
            history = fit(
                network,
                train,
                validation=validation,
                loss=network.loss,
                optimizer=Continued(rule.lr, rule, estimator._steps).with_state(estimator._optimizer_state),
                schedule=schedule_of(estimator, len(train.rows), batches, goes_on=incremental),
                penalties=penalties(estimator.alpha, size, weights),
                sample_weights=weights,
                epochs=epochs,
                batch_size=size,
                shuffle=bool(estimator.shuffle),
                shards=estimator.shards,
                remainder="spread" if estimator.batch_norm else "last",  # as in scikit-learn, but for what it has not
                callbacks=[*score, *lines, convergence, *callbacks_of(estimator)],
                progress=progress,
                seed=seed,
            )
        except DivergenceError as error:
            raise ValueError(f"{NOT_FINITE}: {error} (by StandardScaler())") from None
    estimator._steps += batches * len(history)
    if not _interrupted(history) and history.stopped is None and not incremental:
        text = f"{epochs} epochs (max_iter) have passed, and training has not converged yet"
        warnings.warn(text, ConvergenceWarning, stacklevel=CALLER)
    return history


def minimise(estimator: Any, prepared: Prepared) -> History:
    """L-BFGS over all examples."""
    network, train, validation, weights, _ = prepared
    require(not callbacks_of(estimator), "callbacks: gradient descent calls them; the solver 'lbfgs' has no epochs")
    require(
        estimator.monitor in (None, "training_loss"),
        "monitor: the solver 'lbfgs' minimises the training loss and returns its last iterate; use 'adam' or 'sgd' to "
        f"monitor {estimator.monitor!r}",
    )

    def print_iteration(record: Record) -> None:
        if estimator.verbose:
            print(iteration_line(record))

    try:
        history = fit_lbfgs(
            network,
            train,
            validation=validation,
            loss=network.loss,
            penalties=penalties(estimator.alpha, len(train.rows), weights),
            sample_weights=weights,
            iterations=int(estimator.max_iter),
            evaluations=int(estimator.max_fun),
            tolerance=float(estimator.tol),
            on_iteration=print_iteration,
        )
    except DivergenceError as error:
        raise ValueError(f"{NOT_FINITE}: {error} (by StandardScaler())") from None
    if not _interrupted(history) and history.stopped is None:
        text = f"lbfgs has not converged in {len(history)} iterations: raise max_iter or max_fun, or scale the data"
        warnings.warn(text, ConvergenceWarning, stacklevel=CALLER)
    return history


def _interrupted(history: History) -> bool:
    """Whether Ctrl-C ended the training; if so, warn."""
    if history.interrupted:
        warnings.warn("Training interrupted by user.", stacklevel=CALLER + 1)
        return True
    return False


def batch_size_of(estimator: Any, examples: int) -> int:
    """The number of examples per step."""
    if isinstance(estimator.batch_size, str):
        return min(200, examples)
    size = int(estimator.batch_size)
    if size > examples:
        warnings.warn(f"batch_size is {size}, but there are {examples} examples: it is clipped", stacklevel=CALLER + 1)
    return min(size, examples)


def convergence_of(estimator: Any, validation: Examples | None, *, incremental: bool) -> Convergence:
    """The callback that ends training. It continues with the best value of an earlier training, and in `partial_fit`
    also with its learning rate."""
    monitor = estimator.monitor or ("validation_score" if estimator.early_stopping else "training_loss")
    require(monitor in MONITORS, f"monitor: expected one of {', '.join(MONITORS)}, got {monitor!r}")
    require(
        validation is not None or monitor == "training_loss",
        f"monitor: {monitor} needs validation data: set early_stopping=True, or give fit validation_data",
    )
    before = estimator._convergence
    estimator._convergence = Convergence(
        monitor,
        tol=estimator.tol,
        patience=estimator.n_iter_no_change,
        keep_best=monitor != "training_loss",
        adaptive=estimator.learning_rate == "adaptive" and estimator.solver != "adam",
        before=before,
    )
    if incremental and before:
        estimator._convergence.rate = before.rate
    return estimator._convergence


def validation_score(estimator: Any, prepared: Prepared, record: Record) -> float:
    """The score on validation data; NaN if the outputs are not finite."""
    network, _, validation, _, weights = prepared
    assert validation is not None
    if "validation_accuracy" in record and validation.targets.ndim == 1 and weights is None:
        return record["validation_accuracy"]  # for labels this is the score, and it is already measured
    outputs = network.loss.predict(network.logits(validation.inputs, validation.rows))
    return float(estimator._score_of(outputs, validation.targets[validation.rows], weights))
