"""What a page and its session say to each other over one WebSocket.

The page says first which session it had: {"ask": "hello", "session": id or null}, and is told all that it needs in
the event "welcome". Then each message is an ask with a number, and each answer bears the number of its ask:

    {"id": 7, "ask": "unit", ...}  ->  {"id": 7, "answer": {...}}  or  {"id": 7, "problem": "one clear line"}

A binary message is a picture: four bytes of a number, big-endian, and the bytes of a PNG, JPEG, ... file. Nothing that
a page sends ends its session; what is no message at all is answered with the id null.
"""

import asyncio
from contextlib import suppress
from enum import IntEnum
from typing import Any

from anyio.to_thread import run_sync
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from glassnet.nn.errors import InputError
from glassnet.page import limits
from glassnet.page.faults import problem_of
from glassnet.page.messages import ask_of, hello_of
from glassnet.page.sessions import Place, Sessions
from glassnet.page.wire import from_text, number_of, split_picture, to_text

LONGEST_REASON = 120  # bytes: a frame that closes a WebSocket has no room for more
GONE = (WebSocketDisconnect, WebSocketDisconnected)


class Closed(IntEnum):
    """Why the server closes a WebSocket; the reason is beside it, in one line."""

    NO_HELLO = 4000
    TAKEN_OVER = 4001  # by another WebSocket: the page must not connect again by itself
    FULL = 4002


async def converse(socket: WebSocket, sessions: Sessions) -> None:
    """Talk with a page until it goes, is sent away, or the server stops."""
    await socket.accept()
    conversation: Conversation | None = None

    def leave() -> None:
        if conversation:
            conversation.finish(Closed.TAKEN_OVER)

    try:
        known = await _hello(socket)
    except InputError as error:
        await _close(socket, Closed.NO_HELLO, str(error))
        return
    except GONE:
        return
    try:
        place, found = sessions.come(known, leave)
    except InputError as error:
        await _close(socket, Closed.FULL, str(error))
        return
    conversation = Conversation(socket, place)
    try:
        await conversation.run(found)
    finally:
        sessions.left(place, leave)


class Conversation:
    """Reads what the page asks, and sends it the answers and the news of its session."""

    def __init__(self, socket: WebSocket, place: Place) -> None:
        self.socket, self.place = socket, place
        self.over: asyncio.Future[Closed | None] = asyncio.get_running_loop().create_future()
        self.unsent = asyncio.Semaphore(limits.ASKS_AT_WORK)
        self.asks: set[asyncio.Task[None]] = set()

    async def run(self, found: bool) -> None:
        """Until the page has gone, or another has its session; what it has asked is done all the same."""
        tasks = [asyncio.create_task(work) for work in (self._read(), self._send_news(found))]
        try:
            why = await self.over
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if why:
            await _close(self.socket, why, "another tab or window shows this session now")

    def finish(self, why: Closed | None) -> None:
        """End `run`: another page has taken over, or None, for this one has gone."""
        if not self.over.done():
            self.over.set_result(why)

    async def _read(self) -> None:
        while (received := await self.socket.receive())["type"] == "websocket.receive":
            await self.place.pace()
            await self.unsent.acquire()
            await self.place.at_work.acquire()
            task = asyncio.create_task(self._answer(received))
            self.asks.add(task)
            task.add_done_callback(self.asks.discard)
        self.finish(None)

    async def _send_news(self, found: bool) -> None:
        try:
            self.place.news.clear()  # the welcome says it all
            async with self.place.looking:
                try:
                    welcome = await self.place.session.welcome()
                except Exception as error:  # a fault of ours is told, and harms no other session
                    welcome = {"problem": problem_of(error, "welcome")}
            event = {"event": "welcome", "session": self.place.id, "found": found, **welcome}
            while True:
                await self.socket.send_text(await run_sync(to_text, event))
                event = await self.place.take_news()
        except GONE:
            self.finish(None)

    async def _answer(self, received: Any) -> None:
        """Answer one message."""
        try:
            try:
                answer = await self._answer_to(received)
            finally:
                self.place.at_work.release()
            await self.socket.send_text(answer)
        except GONE:
            self.finish(None)  # also when what it sent before is still being read
        finally:
            self.unsent.release()

    async def _answer_to(self, received: Any) -> str:
        number, doing, session = None, "a message", self.place.session
        try:
            if (picture := received.get("bytes")) is not None:
                doing = "a picture"
                number, file = split_picture(picture)
                async with self.place.turn(None):
                    return await run_sync(to_text, {"id": number, "answer": await session.read(file)})
            message = from_text(received["text"])
            number = number_of(message)
            ask = ask_of(message)
            doing = type(ask).__name__
            async with self.place.turn(ask):
                return await run_sync(to_text, {"id": number, "answer": await session.answer(ask)})
        except Exception as error:  # a fault of ours is told, and the session lives on
            return to_text({"id": number, "problem": problem_of(error, doing)})


async def _hello(socket: WebSocket) -> str | None:
    """The id of the session that the page had; None if it had none.

    Raises:
        InputError: it does not say.   WebSocketDisconnect: it has gone.
    """
    try:
        received = await asyncio.wait_for(socket.receive(), limits.HELLO)
    except TimeoutError:
        raise InputError("expected the ask hello, got nothing") from None
    if received["type"] != "websocket.receive":
        raise WebSocketDisconnect
    if (text := received.get("text")) is None:
        raise InputError("expected first the ask hello, got bytes")
    return hello_of(from_text(text)).session


async def _close(socket: WebSocket, code: Closed, reason: str) -> None:
    with suppress(*GONE, TimeoutError):  # who does not read will not see it
        await asyncio.wait_for(socket.close(code, reason.encode()[:LONGEST_REASON].decode(errors="ignore")), 1)
