"""The trainings of a session: one, or two side by side, which are moved together."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from glassnet.experiments.experiment import Experiment, outcome
from glassnet.experiments.setup import Setup
from glassnet.nn.errors import InputError
from glassnet.nn.network import Network
from glassnet.page.link import Link, agreement
from glassnet.page.prepared import prepare
from glassnet.page.slots import Slots
from glassnet.page.timeline import fingerprint
from glassnet.page.training import State, Training

NAMES = ("training", "other training")  # under which their networks are shown


class Pair:
    """One training, or two side by side.

    Args:
        changed: called in the event loop with the name and the state of a training that has moved.
        slots: shared by all trainings of the server.

    Attributes:
        link: what they follow from; with prints if it came from elsewhere.
        experiment: the one whose trainings these are; None for those of a person's own.
    """

    def __init__(self, changed: Callable[[str, State], None], slots: Slots) -> None:
        self.changed = changed
        self.trainings = {name: Training(partial(self._moved, name), slots) for name in NAMES}
        self.link = Link()
        self.experiment: Experiment | None = None

    @property
    def begun(self) -> list[Training]:
        """Those that were begun."""
        return [training for training in self.trainings.values() if training.setup]

    async def begin(self, setups: Sequence[Setup], link: Link, experiment: Experiment | None = None) -> None:
        """Begin one or two trainings; those before them end.

        Raises:
            InputError, RecipeError, DataError: one of them cannot be trained here; then nothing has changed.
        """
        prepared = [await asyncio.to_thread(prepare, setup) for setup in setups]
        self.link, self.experiment = link, experiment
        for k, training in enumerate(self.trainings.values()):
            await (training.begin_prepared(prepared[k]) if k < len(prepared) else training.forget())

    def move(self, by: str) -> None:
        """Move both, as the method of this name does; of two, only those that can move so.

        Raises:
            InputError: nothing was begun.
        """
        begun = self._some()
        for training in [one for one in begun if one.can(by)] or begun[:1]:
            getattr(training, by)()

    def go(self, position: int) -> None:
        """Go to a position that was reached before; the shorter of two goes to its end.

        Raises:
            InputError: nothing was begun.
        """
        begun = self._some()
        for training in begun:
            training.go(min(position, training.furthest) if len(begun) > 1 else position)

    def follow(self) -> None:
        """Train both to where the link says, or to their ends."""
        for k, training in enumerate(self.begun):
            if step := self.link.step_of(k):
                training.reach(step)

    def state(self, name: str) -> State:
        """All that a page shows of one training; empty if it was not begun."""
        return self._said(name, self.trainings[name].state)

    def network(self, name: str) -> Network | None:
        """The network in training that is shown under this name; None if there is none."""
        return self.trainings[name].network if name in self.trainings else None

    def compared(self) -> dict[str, Any]:
        """How two trainings differ: the settings, each with both values, and whether they began with the same weights.

        Raises:
            InputError: there are not two.
        """
        setups = [training.setup for training in self.begun if training.setup]
        if len(setups) < 2:
            raise InputError("there is only one training: begin two to compare them")
        settings = [setup.recipe.settings() | {"faults": ", ".join(setup.faults) or "none"} for setup in setups]
        keys = dict.fromkeys([*settings[0], *settings[1]])
        both = [(key, *(each.get(key, "") for each in settings)) for key in keys]
        starts = {fingerprint(training.first) for training in self.begun if training.first}
        return {
            "settings": [list(row) for row in both if row[1] != row[2] and row[0] != "name"],
            "same_start": len(starts) == 1,
        }

    def shared(self) -> Link:
        """The link to these trainings, where they stand.

        Raises:
            InputError: there is none, or they learn digits of a person's own.
        """
        begun = self.begun
        if not begun:
            raise InputError("there is nothing to share yet: begin a training")
        if begun[0].setup and begun[0].setup.taught:
            raise InputError("digits of your own are not put into a link: save the model, and send that")
        prints = ({step: mark for step, mark in one.prints.items() if step <= one.position} for one in begun)
        return replace(self.link, steps=tuple(one.position for one in begun), prints=tuple(prints))

    async def close(self) -> None:
        """End both."""
        for training in self.trainings.values():
            await training.close()

    def _some(self) -> list[Training]:
        if not self.begun:
            raise InputError("there is no training yet: choose a recipe first")
        return self.begun

    def _moved(self, name: str, state: State) -> None:
        self.changed(name, self._said(name, state))

    def _said(self, name: str, state: State) -> State:
        """The state; with what an experiment promises of it, and how far it agrees with the link that it follows."""
        k = NAMES.index(name)
        if state and k < len(self.link.prints) and self.link.prints[k]:
            state = state | {"shared": agreement(self.link.prints[k], self.trainings[name].prints)}
        return state | self._promised(self.experiment, name, state) if state and self.experiment else state

    def _promised(self, experiment: Experiment, name: str, state: State) -> dict[str, Any]:
        """The name of this training in the experiment, what the experiment promises of it, and whether it is over."""
        variant = experiment.trainings[NAMES.index(name)].name
        came = outcome(state["first_loss"], self.trainings[name].records, diverged=state["diverged"])
        promises = [
            {
                "value": promise.value,
                "at_least": promise.at_least,
                "at_most": promise.at_most,
                "came": came.get(promise.value),
                "holds": promise.holds(came[promise.value]) if promise.value in came else None,
            }
            for promise in experiment.promises
            if promise.training == variant
        ]
        over = state["finished"] or state["diverged"]
        return {"variant": variant, "promises": promises, "over": over, "note": self.trainings[name].data_note}
