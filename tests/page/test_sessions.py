"""The sessions of a server: found again, taken over, ended when nobody comes back, and how many there may be."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("anyio", reason="the page needs the extra 'page'")

from glassnet.nn.errors import InputError
from glassnet.page import limits, messages
from glassnet.page.conversation import Conversation
from glassnet.page.networks import Networks
from glassnet.page.session import Session
from glassnet.page.sessions import Place, Sessions
from glassnet.page.slots import Slots


def make(tell: Callable[[dict[str, Any]], None]) -> Session:
    return Session(Networks(), Slots(), None, {}, tell)


def nobody() -> None:
    """What ends the conversation with a page that is of no interest."""


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that must come."""
    for _ in range(6000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError


def test_a_session_is_found_by_its_id_alone() -> None:
    async def story() -> None:
        sessions = Sessions(make)
        first, found = sessions.come(None, nobody)
        assert not found
        for other in ("", "x", first.id[:-1], first.id.lower() + "x"):
            place, found = sessions.come(other, nobody)
            assert not found
            assert place is not first
        sessions.left(first, nobody)
        assert sessions.come(first.id, nobody) == (first, True)
        assert len(first.id) >= 20
        await sessions.close()
        assert not sessions.places

    asyncio.run(story())


def test_the_page_before_is_told_that_another_has_its_session() -> None:
    async def story() -> None:
        sessions, told = Sessions(make), list[int]()
        place, _ = sessions.come(None, leaves := lambda: told.append(1))
        sessions.come(place.id, later := lambda: told.append(2))
        assert told == [1]
        sessions.left(place, leaves)  # the first has gone only now: the second still has it
        assert place.end is None
        sessions.left(place, later)
        assert place.end is not None
        await sessions.close()
        assert told == [1]

    asyncio.run(story())


def test_nobody_comes_back() -> None:
    async def story() -> None:
        sessions = Sessions(make, away=0.05)
        place, _ = sessions.come(None, nobody)
        kept, _ = sessions.come(None, nobody)
        sessions.left(place, nobody)
        sessions.left(kept, nobody)
        sessions.come(kept.id, nobody)
        await until(lambda: place.id not in sessions.places)
        assert list(sessions.places) == [kept.id]
        assert sessions.come(place.id, nobody)[1] is False
        await sessions.close()

    asyncio.run(story())


def test_no_more_than_there_may_be() -> None:
    """The one that was left first makes room."""

    async def story() -> None:
        sessions = Sessions(make, most=3)
        places = [sessions.come(None, nobody)[0] for _ in range(3)]
        with pytest.raises(InputError, match="there are 3 sessions, and no more at a time: close another tab"):
            sessions.come(None, nobody)
        assert sessions.come(places[0].id, nobody)[1]
        sessions.left(places[1], nobody)
        await asyncio.sleep(0.01)
        sessions.left(places[0], nobody)
        sessions.come(None, nobody)
        assert set(sessions.places) >= {places[0].id, places[2].id}
        assert places[1].id not in sessions.places
        await sessions.close()

    asyncio.run(story())


def test_a_session_that_ends_ends_its_training() -> None:
    async def story() -> None:
        closed = []

        class Ending(Session):
            async def close(self) -> None:
                closed.append(self)
                await super().close()

        sessions = Sessions(lambda tell: Ending(Networks(), Slots(), None, {}, tell), away=0.01)
        place, _ = sessions.come(None, nobody)
        sessions.left(place, nobody)
        await until(lambda: closed == [place.session])
        other, _ = sessions.come(None, nobody)
        await sessions.close()
        assert closed == [place.session, other.session]

    asyncio.run(story())


def test_of_the_news_only_the_newest_waits() -> None:
    """And when one was missed, the next says all that there is, not only what is new."""

    async def story() -> None:
        place = Place(make)
        for number in range(1000):
            place.tell({"event": "training", "state": {"position": number}})
        assert len(place.news) == 1
        assert await place.take_news() == {
            "event": "training",
            "state": place.session.trainings.trainings["training"].state,
            "whole": True,
        }
        assert not place.news
        waiting = asyncio.create_task(place.take_news())
        await asyncio.sleep(0)
        place.tell({"event": "training", "state": {"position": 1001}})
        assert await waiting == {"event": "training", "state": {"position": 1001}, "whole": False}
        for number in range(2):
            place.tell({"event": "training", "state": {"position": number}})
        assert (await place.take_news())["whole"]  # for the first was missed
        place.tell({"event": "training", "state": {}})
        assert not (await place.take_news())["whole"]

    asyncio.run(story())


def test_what_trains_holds_up_nothing_else() -> None:
    async def story() -> None:
        place = Place(make)
        assert place.turn(messages.Answer()) is place.turn(None) is place.turn(messages.Change((0, 0), 1.0))
        for ask in (messages.Begin({}), messages.Move("step"), messages.Go(1)):
            assert place.turn(ask) is place.training
        assert place.turn(messages.Save("run")) is place.turn(messages.Save("model")) is place.saving
        assert len({place.training, place.looking, place.saving}) == 3

    asyncio.run(story())


def test_a_page_that_comes_back_is_told_all() -> None:
    """What was told while nobody looked, or was lost on the way, is in no later event."""

    async def story() -> None:
        sessions = Sessions(make)
        place, _ = sessions.come(None, nobody)
        place.missed = False
        sessions.left(place, nobody)
        assert sessions.come(place.id, nobody) == (place, True)
        assert place.missed
        await sessions.close()

    asyncio.run(story())


class Caller:
    """A WebSocket whose page has sent these messages; it goes when it is told to."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.gone = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if self.left:
            self.left -= 1
            return {"type": "websocket.receive", "text": '{"id": 1, "ask": "answer"}'}
        await self.gone.wait()
        return {"type": "websocket.disconnect"}

    async def send_text(self, text: str) -> None: ...


def test_pages_that_come_and_go_leave_no_more_asks_than_one_may_have() -> None:
    most, begun, go_on = limits.ASKS_AT_WORK, 0, asyncio.Event()

    class Slow(Session):
        async def answer(self, ask: messages.Ask) -> dict[str, Any]:
            await go_on.wait()
            return {}

    class Counting(Place):
        def turn(self, ask: messages.Ask | None) -> asyncio.Lock:
            nonlocal begun
            begun += 1
            return super().turn(ask)

    async def story() -> None:
        place = Counting(lambda tell: Slow(Networks(), Slots(), None, {}, tell))
        for number in range(5):
            caller = Caller(most)
            talk = Conversation(caller, place)  # type: ignore[arg-type]
            talking = asyncio.create_task(talk.run(found=number > 0))
            await until(lambda: begun == most)
            for _ in range(100):
                await asyncio.sleep(0)
            assert begun == most
            talk.finish(None)
            await talking
        go_on.set()
        await until(lambda: place.at_work._value == most)

    asyncio.run(story())


def test_messages_that_come_too_fast_wait() -> None:
    async def story() -> None:
        place, clock = Place(make), asyncio.get_running_loop().time
        before = clock()
        for _ in range(limits.MESSAGES_AT_ONCE):
            await place.pace()
        assert place.due <= clock()  # these need not wait
        for _ in range(30):
            await place.pace()
        assert clock() - before >= 0.99 * 30 / limits.MESSAGES_A_SECOND

    asyncio.run(story())
