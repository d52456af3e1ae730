"""The sessions of a server: each is found again by its page, and closed when nobody has come back to it."""

import asyncio
import secrets
from asyncio import TimerHandle
from collections.abc import Callable
from functools import partial
from typing import Any

from glassnet.nn.errors import require
from glassnet.page import limits, messages
from glassnet.page.pair import NAMES
from glassnet.page.session import Session

Event = dict[str, Any]
MakeSession = Callable[[Callable[[Event], None]], Session]


class Place:
    """A session in its server, and what is known of the page that shows it.

    Attributes:
        id: by which its page finds it again.
        news: the newest event of each kind that the page was not told yet; `any_news` is set when there are some.
        at_work: what limits the asks that are not done yet, also those of a page that has gone.
        missed: the kinds of events of which the page has not seen one, so that the next must say all, not what is new.
    """

    def __init__(self, make: MakeSession) -> None:
        self.id = secrets.token_urlsafe(16)
        self.session = make(self.tell)
        self.news: dict[str, Event] = {}
        self.any_news = asyncio.Event()
        self.missed = set(NAMES)
        self.looking, self.training, self.saving = self.session.looking, asyncio.Lock(), asyncio.Lock()
        self.at_work = asyncio.Semaphore(limits.ASKS_AT_WORK)
        self.due = 0.0  # when the next message may be read, if messages come evenly
        self.leave: Callable[[], None] | None = None  # ends the conversation with the page; None while there is none
        self.end: TimerHandle | None = None  # of the time for which it waits for its page
        self.rest: TimerHandle | None = None  # of the time for which its trainings go on without a page

    def wait(self, alone: float, away: float, end: Callable[[], None]) -> None:
        """Wait for a page: then let trainings pause, then end."""
        loop = asyncio.get_running_loop()
        self.rest, self.end = loop.call_later(alone, self.session.rest), loop.call_later(away, end)

    def wait_no_more(self) -> None:
        """A page is there, or none will come."""
        for timer in filter(None, (self.rest, self.end)):
            timer.cancel()
        self.rest = self.end = None

    def tell(self, event: Event) -> None:
        """Keep an event for the page, in place of an older one of its kind."""
        if event["event"] in self.news:
            self.missed.add(event["event"])
        self.news[event["event"]] = event
        self.any_news.set()

    async def take_news(self) -> Event:
        """The next event, when there is one."""
        while not self.news:
            self.any_news.clear()
            await self.any_news.wait()
        event = self.news.pop(next(iter(self.news)))
        name = event["event"]
        if name not in self.missed:
            return {**event, "whole": False}
        self.missed.remove(name)
        return {**event, "state": self.session.state(name), "whole": True}

    def turn(self, ask: messages.Ask | None) -> asyncio.Lock:
        """Asks of one kind are answered in their order, those of another meanwhile; None stands for a picture."""
        if isinstance(ask, messages.Save | messages.Learned):  # they look at nothing that others change
            return self.saving
        return self.training if isinstance(ask, messages.Train) else self.looking

    async def pace(self) -> None:
        """Wait if messages come too fast."""
        now, apart = asyncio.get_running_loop().time(), 1 / limits.MESSAGES_A_SECOND
        self.due = max(self.due, now - limits.MESSAGES_AT_ONCE * apart) + apart
        if self.due > now:
            await asyncio.sleep(self.due - now)


class Sessions:
    """The sessions of a server, by their ids.

    Args:
        make: makes a session that tells its events to the given function.
        most: how many there may be.   away: for how many seconds one waits for its page.
        alone: for how many of them its trainings go on, and others wait for their place.
    """

    def __init__(
        self,
        make: MakeSession,
        *,
        most: int = limits.SESSIONS,
        away: float = limits.AWAY,
        alone: float = limits.ALONE,
    ) -> None:
        self.make, self.most, self.away, self.alone = make, most, away, alone
        self.places: dict[str, Place] = {}
        self.closing: set[asyncio.Task[None]] = set()

    def come(self, known: str | None, leave: Callable[[], None]) -> tuple[Place, bool]:
        """The session of this id, taken over from the page that showed it, or a new one; and whether it was found.

        Args:
            leave: is called when another page takes the session over.

        Raises:
            InputError: there are as many as there may be, and each is shown by a page.
        """
        place = self.places.get(known or "")
        found = place is not None
        if place is None:
            self._make_room()
            place = Place(self.make)
            self.places[place.id] = place
        elif place.leave:
            place.leave()
        place.wait_no_more()
        place.leave, place.missed = leave, set(NAMES)
        return place, found

    def left(self, place: Place, leave: Callable[[], None]) -> None:
        """A page has gone; its session waits for it, unless another page has taken it over."""
        if place.leave == leave and place.id in self.places:
            place.leave = None
            place.wait(self.alone, self.away, partial(self._end, place))

    async def close(self) -> None:
        """End all sessions, with their trainings."""
        for place in list(self.places.values()):
            self._end(place)
        await asyncio.gather(*self.closing, return_exceptions=True)

    def _make_room(self) -> None:
        """Where there are as many as may be, the one whose page has been away for longest goes."""
        if len(self.places) < self.most:
            return
        waiting = [(place.end.when(), place) for place in self.places.values() if place.end]
        require(bool(waiting), f"there are {self.most} sessions, and no more at a time: close another tab of this page")
        self._end(min(waiting, key=lambda each: each[0])[1])

    def _end(self, place: Place) -> None:
        del self.places[place.id]
        place.wait_no_more()
        task = asyncio.get_running_loop().create_task(place.session.close())
        self.closing.add(task)
        task.add_done_callback(self.closing.discard)
