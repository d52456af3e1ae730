"""The web application: the files of the page, and the socket of a session."""

import asyncio
import json
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from glassnet.page.messages import ask_of
from glassnet.page.networks import Networks
from glassnet.page.session import Session
from glassnet.page.training import Slots
from glassnet.page.wire import to_text
from glassnet.recipes.recipe import Recipe

WEB = Path(__file__).parent.parent / "web"


def make_app(networks: Networks, given: Recipe | None) -> Starlette:
    slots = Slots()

    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        session = Session(networks, slots, given, queue.put_nowait)
        tasks: set[asyncio.Task[None]] = set()

        async def handle(number: int, message: Any) -> None:
            try:
                if isinstance(message, bytes):
                    answer = await session.read(message)
                else:
                    answer = await session.answer(ask_of(message))
                queue.put_nowait({"id": number, "answer": answer})
            except ValueError as error:
                queue.put_nowait({"id": number, "problem": str(error)})

        async def send() -> None:
            while True:
                await socket.send_text(to_text(await queue.get()))

        sender = asyncio.create_task(send())
        queue.put_nowait({"event": "welcome", **await session.welcome()})
        try:
            while True:
                received = await socket.receive()
                if received["type"] == "websocket.disconnect":
                    break
                if received.get("bytes") is not None:
                    data = received["bytes"]
                    number, message = int.from_bytes(data[:4], "big"), data[4:]
                else:
                    message = json.loads(received["text"])
                    number = message["id"]
                task = asyncio.create_task(handle(number, message))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        except WebSocketDisconnect:
            pass
        finally:
            sender.cancel()
            await session.close()

    return Starlette(routes=[WebSocketRoute("/session", talk), Mount("/", StaticFiles(directory=WEB, html=True))])
