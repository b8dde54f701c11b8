"""Middleware around the application: access, security headers, request counts, and draining of refused bodies."""

from __future__ import annotations

import asyncio
import hmac
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from diptych.web.meter import Meter
from diptych.web.problems import answer

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


class Guard:
    """ASGI middleware: checks the token, refuses requests from other sites' pages, adds security headers, counts requests.

    A body that the application has not read is read and dropped before the answer is sent, up to the permitted length;
    otherwise the client would see a broken connection instead of the answer.
    """

    def __init__(self, app: ASGIApp, *, token: str, max_bytes: int, meter: Meter) -> None:
        self._app, self._max_bytes, self._meter = app, max_bytes, meter
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        exchange = _Exchange(scope, receive, send, self._max_bytes)
        try:
            await (self._refusal(scope) or self._app)(scope, exchange.receive, exchange.send)
        finally:
            self._meter.count(scope, exchange.status, time.perf_counter() - start)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = dict(scope["headers"])
        if headers.get(b"sec-fetch-site") in (b"cross-site", b"same-site") and scope["path"] not in _OPEN:
            return answer(403, "requests from the pages of other sites are not accepted")
        if not self._token or scope["path"] in _OPEN or scope["path"].startswith("/page/"):
            return None
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), self._token):
            return None
        return answer(401, "send the token of this service: Authorization: Bearer ...", {"WWW-Authenticate": "Bearer"})


class _Exchange:
    """The two directions of one request: remembers the status and whether the whole body has arrived."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, max_bytes: int) -> None:
        self._receive, self._send, self._left = receive, send, max_bytes
        self._method = scope["method"]
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
        await self._send(message)

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                while not self._received and self._left > 0:
                    self._left -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            return
