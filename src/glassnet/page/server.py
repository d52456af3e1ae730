"""The server: uvicorn with the bounds of the page, and a quick end."""

import asyncio
import os
import signal
import socket
import threading
from types import FrameType

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState

from glassnet.page import limits
from glassnet.page.app import make_app
from glassnet.page.gate import Gate
from glassnet.page.given import Given
from glassnet.page.networks import Networks
from glassnet.page.session import Session
from glassnet.page.sessions import Sessions
from glassnet.page.slots import Slots


class Connection(H11Protocol):
    """A connection of a browser. It is closed where there are too many, and when it is old and no WebSocket."""

    # uvicorn narrows the type of the transport, which asyncio's own protocol does not
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > limits.CONNECTIONS:
            transport.abort()
        else:
            self.loop.call_later(limits.REQUESTING, self._grow_old)

    def _grow_old(self) -> None:
        if self.transport.get_protocol() is self:  # as a WebSocket it has another
            self.transport.close()


class WebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that can also be shut down while its browser closes it."""

    def shutdown(self) -> None:
        try:
            super().shutdown()
        except InvalidState:  # uvicorn asks only whether it has closed it itself
            self.transport.close()


class Server(uvicorn.Server):
    """Ends the sessions while it closes the connections, and all within `limits.STOPPING`."""

    def __init__(self, config: uvicorn.Config, sessions: Sessions) -> None:
        super().__init__(config)
        self.sessions = sessions

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop, as a signal asks for; what does not end by then, such as a long computation, is left."""
        super().handle_exit(sig, frame)
        last = threading.Timer(limits.STOPPING, _leave, (143 if sig == signal.SIGTERM else 0,))
        last.daemon = True
        last.start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.gather(super().shutdown(sockets), self.sessions.close())


def _leave(code: int) -> None:
    print("stopped", flush=True)
    os._exit(code)


def run(listening: socket.socket, given: Given | None, *, port: int, token: str, once: str) -> None:
    """Serve the page until Ctrl-C or SIGTERM, which raise KeyboardInterrupt as elsewhere."""
    given = given or Given()
    networks, slots = Networks(given.model), Slots()
    networks.open(networks.first)  # now, so that the first page need not wait for it
    sessions = Sessions(lambda tell: Session(networks, slots, given.recipe, given.experiments, tell))
    config = uvicorn.Config(
        Gate(make_app(sessions), port=port, token=token, once=once),
        http=Connection,
        ws=WebSocket,
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",  # what must be said of a fault, our own modules say, in one line
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws_max_size=limits.SOCKET,
        ws_ping_timeout=3 * 20.0,
        ws_per_message_deflate=False,
        h11_max_incomplete_event_size=limits.REQUEST,
        timeout_graceful_shutdown=1,
    )
    Server(config, sessions).run(sockets=[listening])
