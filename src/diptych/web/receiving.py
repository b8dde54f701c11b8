"""Reading the body of a request: within its length, within its time, from nowhere but the connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from diptych.web.form import FIELD, file_in
from diptych.web.problems import Problem


async def picture(request: Request, *, max_bytes: int, seconds: float) -> bytes:
    """Return the picture in the body: all of it, or the field ``image`` of a form.

    Raises
    ------
    Problem
        400, 408, 413 or 415, as it is malformed, slow, long, or something else.
    ClientDisconnect
        If the client leaves.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form = kind == "multipart/form-data"
    if not form and not kind.startswith("image/") and kind not in ("application/octet-stream", ""):
        raise Problem(
            415, f"{kind[:80]} is not taken; send the bytes with Content-Type: image/..., or a form with '{FIELD}'"
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "a compressed body is not taken; leave Content-Encoding out")
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length[:18]) > max_bytes:
        raise _too_long(max_bytes)
    try:
        async with asyncio.timeout(seconds):
            body = b"".join([chunk async for chunk in _bounded(request, max_bytes)])
    except TimeoutError:
        raise Problem(
            408, f"the body did not arrive within {seconds:g} s; send it faster", {"Connection": "close"}
        ) from None
    return await run_in_threadpool(file_in, body, request.headers["content-type"]) if form else body


def _too_long(max_bytes: int) -> Problem:
    return Problem(413, f"the body is longer than {max_bytes} bytes; send a smaller picture")


async def _bounded(request: Request, max_bytes: int) -> AsyncIterator[bytes]:
    left = max_bytes
    async for chunk in request.stream():
        left -= len(chunk)
        if left < 0:
            raise _too_long(max_bytes)
        yield chunk
