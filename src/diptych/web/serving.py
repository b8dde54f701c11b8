"""Running the service with Uvicorn, until a signal ends it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from diptych.core.errors import ParameterError
from diptych.web.app import create_app
from diptych.web.settings import Settings
from diptych.web.shelf import Shelf

_HEAD_SECONDS = 20.0
_LONGEST_HEAD = 32 << 10


def serve(settings: Settings, *, host: str = "127.0.0.1", port: int = 8000, tell: Callable[[str], object]) -> None:
    """Serve until SIGINT or SIGTERM; what has been accepted is finished first.

    Parameters
    ----------
    settings : Settings
        Limits, names and the token.
    host : str
        Address to listen on.
    port : int
        0 for any free one.
    tell : function
        Is given the address as soon as the service listens.

    Raises
    ------
    ParameterError
        If the address cannot be listened on.
    BundleError, RecipeError
        If a model or recipe of the settings cannot be opened.
    """
    with listen(host, port) as listener:
        shelf = Shelf(settings)
        shelf.warm()
        server = Server(settings, shelf)
        shown = f"[{host}]" if ":" in host else host
        tell(f"http://{shown}:{listener.getsockname()[1]}/")
        server.run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raise `ParameterError` if the address cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=512)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ParameterError(f"--host {host} --port {port}: cannot be listened on ({reason}); choose another") from None


class Server(uvicorn.Server):
    """Uvicorn with these settings; connections that do not get a request across are closed."""

    def __init__(self, settings: Settings, shelf: Shelf | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(settings, shelf),
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="on",
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=15,
                h11_max_incomplete_event_size=_LONGEST_HEAD,
                # Waiting, working and sending.
                timeout_graceful_shutdown=round(3 * settings.timeout) + 5,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and watch the connections."""
        await super().startup(sockets)
        self._watch = asyncio.create_task(self._close_silent())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, and finish what was accepted."""
        self._watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._watch
        await super().shutdown(sockets)

    async def _close_silent(self) -> None:
        # Uvicorn waits for ever for the head of a request.
        loop, since = asyncio.get_running_loop(), dict[Any, float]()
        while True:
            await asyncio.sleep(1)
            silent = {one for one in self.server_state.connections if _has_no_request(one)}
            since = {one: since.get(one, loop.time()) for one in silent}
            for connection, start in since.items():
                if loop.time() - start > _HEAD_SECONDS:
                    connection.transport.close()


def _has_no_request(connection: Any) -> bool:
    cycle = getattr(connection, "cycle", None)
    return cycle is None or bool(cycle.response_complete)
