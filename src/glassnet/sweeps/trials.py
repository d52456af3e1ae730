"""The trials of a sweep, which several processes and machines share.

Optuna keeps a list of attempts. An attempt whose process was killed has failed, and another one repeats it with the
same settings; so each trial has one attempt or several, and only its latest counts. Trials are numbered from 1, by
their first attempts: their numbers are the same whether or not a sweep was ever killed.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.sweeps.space import Space
from glassnet.sweeps.storage import quiet, told

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial
    from optuna.trial import Trial as Attempt

AGAIN = "repeats"  # the attribute of an attempt that names the first attempt of its trial
HOST = "host"  # the attribute that names the machine
ALIVE = "alive"  # the attribute that counts up while an attempt goes on
BEAT = 10.0  # seconds between two counts
GRACE = 120.0  # seconds without a count after which another machine repeats the attempt
STARTUP = 10  # trials at random before the sampler learns from them


@dataclass(frozen=True)
class Trial:
    """A trial, as far as it is known.

    Attributes:
        number: from 1.   attempt: Optuna's number of its latest attempt.
        state: "waiting", "running", "complete", "pruned", or "failed", if it was killed and nobody has repeated it.
        settings: the searched settings; some may be missing before it trains.
        value: the figure on validation data; None before it is complete.
        values: the figure after each epoch, by epoch from 1.
        attributes: what is known besides: "ended", why it ended early; "epochs"; "kept"; "seconds"; "host".
    """

    number: int
    attempt: int
    state: str
    settings: dict[str, Any]
    value: float | None
    values: dict[int, float]
    attributes: dict[str, Any]

    @property
    def finished(self) -> bool:
        return self.state in ("complete", "pruned")

    @property
    def last_value(self) -> float | None:
        """The figure of a complete trial, or the last one of a pruned trial."""
        return self.value if self.value is not None else self.values.get(max(self.values, default=0))


class Trials:
    """The list of trials.

    Args:
        study: Optuna's list of attempts.   space: what is searched.   seed: of the sweep.   url: for messages.
    """

    def __init__(self, study: "Study", space: Space, seed: int, url: str | None = None) -> None:
        self.study, self.space, self.seed, self.url = study, space, seed, url
        self.seen: dict[int, tuple[Any, float]] = {}  # of attempts on other machines: their count, and since when

    def begun(self) -> list[Trial]:
        """Every trial that has settings, in the order of their numbers."""
        return [trial for trial in self.all() if trial.settings]

    def all(self) -> list[Trial]:
        """Every trial, in the order of their numbers; also those of which nothing came, because there were enough."""
        with told(self.url):
            attempts = self.study.get_trials(deepcopy=False)
        latest = {}
        for attempt, number in zip(attempts, numbers(attempts), strict=True):
            latest[number] = self._trial(attempt, number)
        return [latest[number] for number in sorted(latest)]

    def _trial(self, attempt: "FrozenTrial", number: int) -> Trial:
        state = attempt.state.name.lower().replace("fail", "failed")
        settings = {key: self.space[key].value(drawn) for key, drawn in attempt.params.items() if key in self.space}
        complete = state == "complete"
        value = attempt.value if complete else None
        values = dict(attempt.intermediate_values)
        return Trial(number, attempt.number, state, settings, value, values, dict(attempt.user_attrs))

    def begin(self, most: int, host: str) -> "tuple[Trial, Attempt] | None":
        """Begin a trial: one that waits to be repeated, or a new one; None if there are `most` already.

        The settings of a new one follow from the seed, its number, and the trials before it.
        """
        import optuna

        with told(self.url), quiet():
            known = self.all()
            if len(known) >= most and not any(trial.state == "waiting" for trial in known):
                return None
            attempt = self.study.ask()
            attempt.set_user_attr(HOST, host)
            number = next(trial.number for trial in self.all() if trial.attempt == attempt.number)
            if number > most:  # others have begun some at the same moment
                self.study.tell(attempt, state=optuna.trial.TrialState.FAIL)
                return None
            stream = np.random.SeedSequence([self.seed, number])  # its own, so that it does not matter what came before
            self.study.sampler = optuna.samplers.TPESampler(
                seed=int(stream.generate_state(1)[0]), n_startup_trials=STARTUP
            )
            for key, search in self.space.items():
                search.draw(key, attempt)
            return next(trial for trial in self.all() if trial.number == number), attempt

    def repeat(self, trial: Trial) -> None:
        """Let an attempt fail whose process has ended, and let another repeat it."""
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        with told(self.url):
            if trial.state == "running":
                try:
                    self.study.tell(trial.attempt, state=TrialState.FAIL)
                except (ValueError, UpdateFinishedTrialError):  # another process has done it
                    return
            self._repeat(trial)

    def _repeat(self, trial: Trial) -> None:
        from optuna.trial import TrialState, create_trial

        first = trial.attributes.get(AGAIN, trial.attempt)
        # Settings are kept if all of them had been drawn; else all are drawn again, to the same values.
        drawn = self.study.get_trials(deepcopy=False)[trial.attempt]
        whole = drawn.params.keys() == self.space.keys()
        params, distributions = (drawn.params, drawn.distributions) if whole else ({}, {})
        attempt = create_trial(
            state=TrialState.WAITING, params=params, distributions=distributions, user_attrs={AGAIN: first}
        )
        self.study.add_trial(attempt)

    def repeat_dead(self, *, alone: bool, most: int, host: str, folder: Path) -> list[Trial]:
        """Repeat the trials whose processes have ended; return the others that run elsewhere.

        Args:
            alone: whether no other process uses the list, so that all that run are dead.
            host: the name of this machine.   folder: of the runs.
        """
        from glassnet.runs.claim import is_claimed

        running = []
        for trial in self.all():
            if trial.state == "running":
                here = trial.attributes.get(HOST) == host and (folder / run_name(trial.number)).is_dir()
                if alone or (here and not is_claimed(folder / run_name(trial.number))) or self._silent(trial):
                    self.repeat(trial)
                else:
                    running.append(trial)
            elif trial.state == "failed" and trial.number <= most:
                self.repeat(trial)  # its process ended between two lines of the list
        return running

    def _silent(self, trial: Trial) -> bool:
        """Whether an attempt has not counted up for so long that its process must have ended."""
        count, now = trial.attributes.get(ALIVE), time.monotonic()
        before, since = self.seen.get(trial.attempt, (object(), now))
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
