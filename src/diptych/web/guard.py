"""Around the application: who may ask, what every answer says, and that a refused body is not left in the line."""

from __future__ import annotations

import asyncio
import hmac
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from diptych.web.metering import Meter
from diptych.web.problems import answer

_OPEN = ("/", "/docs", "/healthz", "/readyz")  # and what lies under /page/
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
_DRAIN = 5.0  # s


class Guard:
    """ASGI middleware: the token, no requests from other sites' pages, headers of safety, counts.

    A body that the application has not read is read and dropped before the answer is sent, as long as it is no longer than
    a permitted one: else the client would meet a broken connection instead of its answer.
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
        line = _Line(scope, receive, send, self._max_bytes)
        try:
            await (self._refusal(scope) or self._app)(scope, line.receive, line.send)
        finally:
            self._meter.count(scope, line.status, time.perf_counter() - start)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = dict(scope["headers"])
        if headers.get(b"sec-fetch-site") in (b"cross-site", b"same-site") and scope["path"] not in _OPEN:
            return answer(403, "requests from the pages of other sites are not taken")
        if not self._token or scope["path"] in _OPEN or scope["path"].startswith("/page/"):
            return None
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), self._token):
            return None
        return answer(401, "give the token of this service: Authorization: Bearer ...", {"WWW-Authenticate": "Bearer"})


class _Line:
    """The two directions of a request, watched."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, max_bytes: int) -> None:
        self._receive, self._send, self._left = receive, send, max_bytes
        self._method = scope["method"]
        # Who waits for "100 Continue" has not sent the body yet, and need not.
        self._over = b"expect" in dict(scope["headers"])
        self.status = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._over = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.status != 408:  # who was too slow would be again
                await self._drain()
            message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
        await self._send(message)

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(_DRAIN):
                while not self._over and self._left > 0:
                    self._left -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            return
