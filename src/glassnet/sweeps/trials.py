"""The trials of a sweep, which several processes and machines share.

Optuna keeps a list of attempts. An attempt whose process was killed has failed, and a new attempt repeats it with the
same settings; so a trial has one attempt or several. Trials are numbered from 1 by their first attempts: their numbers
are the same whether or not the sweep was ever killed.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.sweeps.space import Space
from glassnet.sweeps.storage import LostError, quiet, storage_errors

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.study import Study
    from optuna.trial import FrozenTrial
    from optuna.trial import Trial as Attempt

AGAIN = "repeats"  # the attribute of an attempt that names the first attempt of its trial
PLACE = "place"  # the attribute that names the machine and the folder
ALIVE = "alive"  # the attribute that counts up while an attempt goes on
ENDED = "ended"  # the attribute that says why a trial ended early
BEAT = 10.0  # seconds between two counts
GRACE = 120.0  # seconds without a count after which another machine repeats the attempt
STARTUP = 10  # trials at random before the sampler learns from them
EARLY = ("pruned", "diverged", "refused")  # how a trial can end before its training does
ORDER = ("failed", "waiting", "running", *EARLY, "complete")  # of the attempts of a trial, the last state counts


@dataclass(frozen=True)
class Trial:
    """A trial, as far as it is known.

    Attributes:
        number: from 1.
        state: "waiting" to be repeated, "running", "complete", "pruned" (ended early, because others were better),
            "diverged" (its loss was no longer finite), or "refused" (its settings do not fit together).
        settings: the searched settings.
        value: the figure on validation data of the network that was kept; None before it is complete.
        attributes: what is known besides: "ended", why it ended early; "epochs"; "kept"; "loss" on validation data;
            "seconds"; "place", the machine and the folder that keep its run.
        values: the figure after each epoch, by epoch from 1.
        attempt: Optuna's number.
    """

    number: int
    state: str
    settings: dict[str, Any]
    value: float | None
    attributes: dict[str, Any]
    values: dict[int, float] = field(repr=False)
    attempt: int = field(repr=False, compare=False)

    @property
    def finished(self) -> bool:
        return self.state == "complete" or self.state in EARLY

    @property
    def last_value(self) -> float | None:
        """The figure of a complete trial, or the last one of a trial that ended early."""
        return self.value if self.value is not None else self.values.get(max(self.values, default=0))


class Trials:
    """The list of trials.

    Args:
        study: Optuna's list of attempts.   space: what is searched.   seed: of the sweep.
        own: the searched settings as the recipe itself has them, with which the first trial is trained.
        url: of the database that keeps the list, if one does.
    """

    def __init__(
        self, study: "Study", space: Space, seed: int, *, own: dict[str, Any] | None = None, url: str | None = None
    ) -> None:
        self.study, self.space, self.seed, self.own, self.url = study, space, seed, own or {}, url
        self.seen: dict[int, tuple[Any, float]] = {}  # of attempts on other machines: their count, and since when
        every = math.prod(len(search.choices) or math.inf for search in space.values())
        self.combinations = int(every) if every < math.inf else None  # of choices, if there is no range

    def begun(self) -> list[Trial]:
        """Every trial that has settings, in the order of their numbers."""
        return [trial for trial in self.all() if trial.settings]

    def all(self) -> list[Trial]:
        """Every trial, in the order of their numbers; also those of which nothing came, because there were enough."""
        with storage_errors(self.url):
            attempts = self.study.get_trials(deepcopy=False)
        found: dict[int, Trial] = {}
        for attempt, number in zip(attempts, numbers(attempts), strict=True):
            trial = self._trial(attempt, number)
            if number not in found or ORDER.index(trial.state) >= ORDER.index(found[number].state):
                found[number] = trial
        return [found[number] for number in sorted(found)]

    def _trial(self, attempt: "FrozenTrial", number: int) -> Trial:
        known = dict(attempt.user_attrs)
        state = {"FAIL": "failed"}.get(attempt.state.name, attempt.state.name.lower())
        state = str(known.get(ENDED, state)).split()[0].rstrip(":") if state == "pruned" else state
        settings = {key: self.space[key].value(drawn) for key, drawn in attempt.params.items() if key in self.space}
        value = attempt.value if state == "complete" else None
        return Trial(number, state, settings, value, known, dict(attempt.intermediate_values), attempt.number)

    def most(self, wanted: int) -> int:
        """How many trials there can be: of choices alone, each combination is trained once."""
        return min(wanted, self.combinations or wanted)

    def begin(self, most: int, place: str) -> "tuple[Trial, Attempt] | None":
        """Begin a trial: one that waits to be repeated, or a new one; None if there are `most` already.

        The settings of a new one follow from the seed, its number, and the trials before it.

        Args:
            place: the machine and the folder that keep its run.
        """
        from optuna.trial import TrialState

        while True:
            known = self.all()
            waiting = any(trial.state == "waiting" and trial.number <= most for trial in known)
            if len(known) >= most and not waiting:
                return None
            with storage_errors(self.url), quiet():
                attempt = self.study.ask()
                attempts = self.study.get_trials(deepcopy=False)
                number = numbers(attempts)[attempt.number]
                others = [
                    other
                    for other, of in zip(attempts, numbers(attempts), strict=True)
                    if of == number and other.number != attempt.number and other.state != TrialState.FAIL
                ]
                if number > most or others:  # other machines have begun one at the same moment
                    self.study.tell(attempt, state=TrialState.FAIL)
                    continue
                attempt.set_user_attr(PLACE, place)
                self.study.sampler = self._sampler(number)
                for key, search in self.space.items():
                    search.draw(key, attempt)
                drawn = self.study.get_trials(deepcopy=False)[attempt.number]
                return self._trial(drawn, number), attempt

    def _sampler(self, number: int) -> "BaseSampler":
        """What proposes the settings of this trial: the recipe's own, all combinations in turn, or Optuna's TPE."""
        from optuna.samplers import PartialFixedSampler, TPESampler

        # Its stream is its own, so that it does not matter what this process did before.
        stream = np.random.SeedSequence([self.seed, number])
        sampler = TPESampler(seed=int(stream.generate_state(1)[0]), n_startup_trials=STARTUP)
        if self.combinations is not None:
            every = list(product(*(search.drawn_choices for search in self.space.values())))
            order = np.random.default_rng([self.seed]).permutation(len(every))
            first = [k for k in order if dict(zip(self.space, every[k], strict=True)) == self.own]
            chosen = [*first, *(k for k in order if k not in first)][(number - 1) % len(every)]
            return PartialFixedSampler(dict(zip(self.space, every[chosen], strict=True)), sampler)
        return PartialFixedSampler(self.own, sampler) if number == 1 and self.own else sampler

    def finish(self, attempt: "Attempt", value: float | None, known: dict[str, Any]) -> None:
        """Write down how a trial has ended: with a value, or early, for the reason in `known`.

        Raises:
            LostError: another machine has taken it over.
        """
        from optuna.trial import TrialState

        with storage_errors(self.url):
            for key, what in known.items():
                attempt.set_user_attr(key, what)
            state = TrialState.PRUNED if value is None else TrialState.COMPLETE
            try:
                self.study.tell(attempt, value, state=state)
            except ValueError:
                if self.study.get_trials(deepcopy=False)[attempt.number].state == TrialState.RUNNING:
                    raise
                raise LostError from None

    def repeat(self, trial: Trial) -> None:
        """Mark the attempt of a trial as failed, and add one that repeats it, unless another machine has done it."""
        from optuna.trial import TrialState

        try:
            with storage_errors(self.url):
                if trial.state == "running":
                    self.study.tell(trial.attempt, state=TrialState.FAIL)
                self._add(trial)
        except (ValueError, LostError):
            with storage_errors(self.url):
                if self.study.get_trials(deepcopy=False)[trial.attempt].state == TrialState.RUNNING:
                    raise

    def _add(self, trial: Trial) -> None:
        """Add an attempt that waits; it keeps the settings if all were drawn, else they are drawn again, the same."""
        from optuna.trial import TrialState, create_trial

        drawn = self.study.get_trials(deepcopy=False)[trial.attempt]
        whole = drawn.params.keys() == self.space.keys()
        params, distributions = (drawn.params, drawn.distributions) if whole else ({}, {})
        first = {AGAIN: trial.attributes.get(AGAIN, trial.attempt)}
        waiting = create_trial(state=TrialState.WAITING, params=params, distributions=distributions, user_attrs=first)
        self.study.add_trial(waiting)

    def repeat_dead(self, *, alone: bool, most: int) -> None:
        """Repeat the trials whose processes have ended.

        Args:
            alone: whether no other process uses the list, so that all that seem to run are dead.
        """
        for trial in self.all():
            unknown = not trial.finished and trial.state != "waiting" and trial.number <= most
            if unknown and (alone or self._silent(trial)):
                self.repeat(trial)

    def _silent(self, trial: Trial) -> bool:
        """Whether nothing was heard of an attempt for so long, by the clock of this machine, that it must be dead."""
        count, now = (trial.state, trial.attributes.get(ALIVE)), time.monotonic()
        before, since = self.seen.get(trial.attempt, (None, now))
        if count != before:
            since = now
        self.seen[trial.attempt] = count, since
        return now - since > GRACE


def numbers(attempts: Sequence["FrozenTrial"]) -> list[int]:
    """The number of the trial that each attempt belongs to."""
    found: dict[int, int] = {}
    first = 0
    for attempt in attempts:
        if AGAIN in attempt.user_attrs:
            found[attempt.number] = found[attempt.user_attrs[AGAIN]]
        else:
            first += 1
            found[attempt.number] = first
    return list(found.values())


def run_name(number: int) -> str:
    """The name of the run folder of a trial."""
    return f"{number:03d}"
