"""Running the service with Uvicorn until a signal ends it."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from diptych.core.errors import ParameterError
from diptych.web.app import create_app
from diptych.web.pool import Pool
from diptych.web.settings import Settings

HEAD_SECONDS = 20.0
_MAX_HEAD_BYTES = 32 << 10

Address = tuple[str | int, ...]
"""Host and port of a client."""


def serve(settings: Settings, *, host: str = "127.0.0.1", port: int = 8000, tell: Callable[[str], object]) -> None:
    """Serve until SIGINT or SIGTERM; accepted requests are finished first, as far as the time of grace allows.

    Parameters
    ----------
    settings : Settings
        Limits, models, recipes and the token.
    host : str
        Address to listen on.
    port : int
        0 for any free one.
    tell : function
        Called with the URL once the service listens.

    Raises
    ------
    ParameterError
        If the address is not available.
    BundleError, RecipeError
        If a model or recipe of the settings cannot be opened.
    """
    with listen(host, port) as listener:
        pool = Pool(settings)
        pool.crew.start()
        server = make_server(create_app(settings, pool, local=is_loopback(host)), settings)
        shown = f"[{host}]" if ":" in host else host
        tell(f"http://{shown}:{listener.getsockname()[1]}/")
        try:
            server.run(sockets=[listener])
        finally:
            pool.crew.close()


def is_loopback(host: str) -> bool:
    """Return whether an address to listen on can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raise `ParameterError` if the address is not available."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=512)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ParameterError(f"cannot listen on --host {host} --port {port} ({reason}); choose another") from None


def make_server(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """Return a Uvicorn server of the application; `run` starts it."""
    timeout = HeadTimeout(app, HEAD_SECONDS)
    config = uvicorn.Config(
        timeout,
        http=timeout.protocol(),
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=_MAX_HEAD_BYTES,
        timeout_graceful_shutdown=max(round(settings.grace), 1),
    )
    return uvicorn.Server(config)


class HeadTimeout:
    """ASGI application that closes connections on which no request head arrives in time.

    Uvicorn bounds the length of a head and the idle time after a response, but waits forever for the first head or the rest
    of one. Here a timer runs while a connection has no request: it starts when the connection opens, stops when the
    application is called, which is when a head is complete, and starts again when the application returns.

    Parameters
    ----------
    app : ASGI application
        What answers the requests.
    seconds : float
        Time for a head to arrive.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app, self._seconds = app, seconds
        self._transports: dict[Address, asyncio.Transport] = {}
        self._timers: dict[Address, asyncio.TimerHandle] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        client = tuple(scope.get("client") or ())
        self._stop(client)
        if transport := self._transports.get(client):
            scope["diptych.abort"] = transport.abort
        try:
            await self._app(scope, receive, send)
        finally:
            self._start(client)

    def protocol(self) -> type[asyncio.Protocol]:
        """Return Uvicorn's HTTP/1.1 protocol, which tells this object of connections; for the setting `http`."""
        timeout = self

        class Protocol(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                self.client_address = timeout.opened(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                timeout.closed(self.client_address)

        return Protocol

    def opened(self, transport: asyncio.Transport) -> Address:
        """Start the timer of a new connection, and return the address of its client."""
        client: Address = tuple((transport.get_extra_info("peername") or ())[:2])
        self._transports[client] = transport
        self._start(client)
        return client

    def closed(self, client: Address) -> None:
        """Forget a connection."""
        self._stop(client)
        self._transports.pop(client, None)

    def _start(self, client: Address) -> None:
        if transport := self._transports.get(client):
            self._timers[client] = asyncio.get_running_loop().call_later(self._seconds, _close, transport)

    def _stop(self, client: Address) -> None:
        if timer := self._timers.pop(client, None):
            timer.cancel()


def _close(transport: asyncio.Transport) -> None:
    if transport.get_write_buffer_size():  # which would never be empty
        transport.abort()
    else:
        transport.close()
