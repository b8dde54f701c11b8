"""Middleware around the application: access, security headers, request counts, slow clients, and draining of refused bodies."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from diptych.web.meter import Meter
from diptych.web.places import PATIENCE
from diptych.web.responses import answer

_OPEN = ("/", "/docs", "/healthz", "/readyz")  # and everything under /page/
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_DRAIN_SECONDS = 5.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Guard:
    """ASGI middleware: checks names, origins and the token, adds security headers, answers HEAD as GET, counts requests.

    A body that the application has not read is read and dropped before the answer is sent, up to the permitted length;
    otherwise the client would see a broken connection instead of the answer. A client that does not take an answer is cut off.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    token : str
        Required of requests; empty for none.
    hosts : collection of str
        Names by which the service may be called.
    local : bool
        Whether the service listens on this machine only: then it may be called by the names of this machine and by `hosts`,
        and by no others, which a page of another site may have made to mean this machine (DNS rebinding).
    max_bytes : int
        Length of a body that is dropped.
    meter : Meter
        Counts the requests.
    """

    def __init__(
        self, app: ASGIApp, *, token: str, hosts: Collection[str], local: bool, max_bytes: int, meter: Meter
    ) -> None:
        self._app, self._max_bytes, self._meter = app, max_bytes, meter
        self._token, self._hosts, self._local = token.encode(), frozenset(hosts), local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        exchange = _Exchange(scope, receive, send, self._max_bytes)
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        try:
            await (self._refusal(scope) or self._app)(inner, exchange.receive, exchange.send)
        finally:
            self._meter.count(scope, exchange.status, time.perf_counter() - start)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if not self._is_known(host):
            return answer(
                403,
                f"this service is not known as {host[:100]!r}; call it by its address, or start it with --allow-host NAME",
            )
        if scope["path"] not in _OPEN and self._is_foreign(headers, host):
            return answer(403, "requests from the pages of other sites are not accepted")
        if not self._token or scope["path"] in _OPEN or scope["path"].startswith("/page/"):
            return None
        scheme, _, given = headers.get(b"authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode("latin-1"), self._token):
            return None
        return answer(401, "send the token of this service: Authorization: Bearer ...", {"WWW-Authenticate": "Bearer"})

    def _is_known(self, host: str) -> bool:
        if not host or not (self._local or self._hosts):  # no browser leaves it out
            return True
        name = _split(f"//{host}")[0]
        return name in self._hosts or (self._local and (name in _LOOPBACK or name.endswith(".localhost")))

    def _is_foreign(self, headers: dict[bytes, str], host: str) -> bool:
        """Tell whether a page of another site has sent the request, as far as the browser says so."""
        if site := headers.get(b"sec-fetch-site"):
            return site in ("cross-site", "same-site")
        origin = headers.get(b"origin")
        if origin is None:
            return False
        name, port = _split(origin)
        # Behind a proxy the request may come by another name than the page, which is then one of `hosts`.
        return name not in self._hosts and (name, port) != _split(f"{origin.partition(':')[0]}://{host}")


def _split(address: str) -> tuple[str, int | None]:
    """Return name and port of an address; an empty name if it is none.

    >>> _split("https://Example.org"), _split("//[::1]:8000"), _split("null")
    (('example.org', 443), ('::1', 8000), ('', None))
    """
    try:
        parts = urlsplit(address)
        return parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", None


class _Exchange:
    """The two directions of one request: remembers the status and whether the whole body has arrived."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, max_bytes: int) -> None:
        self._receive, self._send, self._left = receive, send, max_bytes
        self._head_only = scope["method"] == "HEAD"
        self._abort: Callable[[], object] = scope.get("diptych.abort", lambda: None)
        # A client that waits for "100 Continue" has not sent the body, and will not.
        self._received = b"expect" in dict(scope["headers"])
        self.status = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._received = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.status != 408:  # a slow client would be slow again
                await self._drain()
            message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
        elif self._head_only:
            message = {**message, "body": b""}
        try:
            async with asyncio.timeout(PATIENCE):
                await self._send(message)
        except TimeoutError:  # the answer is not taken
            self._abort()

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                while not self._received and self._left > 0:
                    self._left -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            return
