"""The training loop.

Each epoch takes every example once, in a new order, divided into batches. For each batch: forward, loss, backward, one
step of the optimizer. The rest of this file checks the arguments, calls callbacks and handles interrupts.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from glassnet.nn.errors import InputError, require
from glassnet.nn.network import Network
from glassnet.nn.plain import nearest
from glassnet.train.callbacks import Callback, check_callbacks, check_monitors, monitor_of
from glassnet.train.history import History
from glassnet.train.interrupt import first_interrupt
from glassnet.train.plan import Plan
from glassnet.train.ranks import Ranks, bits_depend_on
from glassnet.train.trainer import Trainer
from glassnet.train.training import Training
from glassnet.warn import warn

Watcher = Callable[[Training], None]


def fit(
    network: Network,
    train: Any,
    plan: Plan | None = None,
    *,
    validation: Any = None,
    sample_weights: Any = None,
    workers: int | None = None,
    ranks: Any = None,
    callbacks: Sequence[Callback] = (),
    progress: Watcher | None = None,
    **settings: Any,
) -> History:
    """Train a network.

        fit(network, train, validation=validation, epochs=20, optimizer=Adam(1e-3), callbacks=[EarlyStopping()])

    Ctrl-C ends the training after the current step (a second Ctrl-C ends it at once) and returns the best network so
    far. Early stopping returns the best network. A training that runs to its last epoch returns the last network.

    Args:
        network: is changed in place.
        train: a split of a dataset or a pair (x, y); y are labels (N,), one-hot rows, or real targets (N, M).
        plan: the settings of the training; by default those of `Plan()`.
        validation: as train; measured after each epoch.
        sample_weights: the weight of each example in the loss (N,); multiplied by the weight of its class.
        workers: the number of shards computed at once; by default all processors. Changes no bit of the result.
        ranks: processes that train together, each of which calls `fit` with the same arguments: `Ranks`, or a
            communicator of mpi4py such as MPI.COMM_WORLD. Changes no bit of the result. Callbacks and progress are
            called in rank 0 alone, except those that save the training.
        callbacks: actions between epochs, such as EarlyStopping().
        progress: called with the state of the training after every step, and once more after an epoch is measured;
            without it nothing is printed.
        settings: any settings of `Plan` by name: loss=, optimizer=, schedule=, penalties=, clip=, average=,
            class_weights=, augment=, epochs=10, batch_size=128, shuffle=True, remainder="spread", shards=,
            blas_threads=, seed=0. None keeps the setting of the plan.

    If a training ends no better than it began, a warning names the usual causes.

    Raises:
        InputError: the data or the settings cannot be used; nothing was changed.
        DivergenceError: the loss became NaN or infinite.   WorkerError: workers cannot start, or one has failed.
        RankError: the ranks cannot train together, or one of them has ended.
        CheckpointError: a checkpoint cannot be read or written.

        After an error within an epoch, the network is as it was after the last finished epoch.
    """
    check_callbacks(callbacks)
    monitor = monitor_of(callbacks)  # if there is one, the best network by this value is returned
    trainer = Trainer(
        network,
        train,
        _plan(plan, settings),
        validation=validation,
        sample_weights=sample_weights,
        monitor=monitor,
        workers=workers,
        ranks=ranks,
    )
    check_monitors(callbacks, trainer.data.measured)

    saving = [callback for callback in callbacks if callback.saves_training]
    others = [callback for callback in callbacks if not callback.saves_training]
    in_batches = any(type(callback).on_batch is not Callback.on_batch for callback in others)
    if trainer.ranks and not trainer.ranks.leads:
        others, progress = [], None
    callbacks = [*others, *saving]  # a checkpoint is last, so it saves the decisions of the others
    watch = [progress] if progress else []
    on_batch = [callback.on_batch for callback in callbacks if type(callback).on_batch is not Callback.on_batch]
    after_batch, after_epoch = [*on_batch, *watch], [*(callback.on_epoch for callback in saving), *watch]

    with (
        trainer,
        np.errstate(over="ignore", invalid="ignore"),  # the trainer checks for values that are not finite
        first_interrupt(trainer.training.interrupt),
    ):
        training = trainer.training
        for callback in (*saving, *others):
            callback.on_start(training)  # first a checkpoint, which may restore the training
        _agree(training, trainer.ranks)
        if trainer.ranks:  # each rank has read the checkpoint
            place = {"epoch": training.epoch, "batch": training.batch}
            trainer.ranks.check_same(place | bits_depend_on(network.theta, network.buffers))
            after_batch += [lambda training: _agree(training, trainer.ranks)] if in_batches else []
        _train(trainer, others, after_batch, after_epoch)
    _finish(trainer, callbacks, best=monitor is not None)
    return trainer.history


def _train(
    trainer: Trainer, callbacks: Sequence[Callback], after_batch: Sequence[Watcher], after_epoch: Sequence[Watcher]
) -> None:
    """Take all steps of all epochs.

    Args:
        callbacks: called at the end of each epoch; may stop.   after_batch, after_epoch: called then, to save.
    """
    training, ranks = trainer.training, trainer.ranks
    try:
        while not training.finished:
            trainer.next_epoch()
            while training.batch < training.batches:
                trainer.begin()
                trainer.learn()  # forward, loss, backward, update
                trainer.end()
                if _interrupted(training, ranks, after_batch) and training.batch < training.batches:
                    raise KeyboardInterrupt
            trainer.measure()
            for callback in callbacks:
                callback.on_epoch(training)
            _agree(training, ranks)
            if _interrupted(training, ranks, after_epoch) and not training.finished:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        training.stop(f"interrupted in epoch {training.epoch}")
        training.history.interrupted = True
    except Exception:  # any error within an epoch: restore the last whole epoch, then raise it again
        training.last.restore(trainer.network)
        raise


def _finish(trainer: Trainer, callbacks: Sequence[Callback], *, best: bool) -> None:
    """Choose the network that is returned, and warn of a training that has failed."""
    training = trainer.training
    if training.history.stopped or best:
        training.best.restore(training)
    if not training.history.records:
        training.last.restore(trainer.network)  # no epoch was finished: undo the part of an epoch
    for callback in callbacks:
        callback.on_end(training)
    if (message := trainer.failure()) and training.leads:
        warn(message)


def _agree(training: Training, ranks: Ranks | None) -> None:
    """Give all ranks the decisions of the callbacks of rank 0: whether to stop, and the learning rate."""
    if ranks:
        training.history.stopped, training.rate = ranks.from_rank_0([training.history.stopped, training.rate])


def _interrupted(training: Training, ranks: Ranks | None, calls: Sequence[Watcher]) -> bool:
    """Call the callbacks; return whether Ctrl-C was pressed before, so that a checkpoint has saved this step."""
    interrupted = ranks.any(training.interrupted) if ranks else training.interrupted
    if ranks and interrupted:
        training.interrupted = True  # never False, because a signal may have come in the meantime
        ranks.told_to_end = lambda: False  # now all ranks know it
    for call in calls:
        call(training)
    return interrupted


def _plan(plan: Plan | None, settings: dict[str, Any]) -> Plan:
    """The plan with these settings changed, except those that are None."""
    require(
        plan is None or isinstance(plan, Plan),
        f"plan: expected a gn.Plan, got {type(plan).__name__}; examples and targets are one pair: fit(network, (x, y))",
    )
    known = [field.name for field in fields(Plan)]
    for name in settings:
        if name not in known:
            raise InputError(f"fit: there is no setting {name!r}; {nearest(name, known)}")
    return replace(plan or Plan(), **{name: value for name, value in settings.items() if value is not None})
