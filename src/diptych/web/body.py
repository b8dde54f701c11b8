"""Receiving the body of a request: bounded in length, time and speed, without a temporary file."""

from __future__ import annotations

import time

from fastapi import Request
from starlette.requests import ClientDisconnect

from diptych.web.places import Place
from diptych.web.problem import Problem

_OTHERS = ("application/dicom", "application/octet-stream", "")


async def read_body(request: Request, place: Place, *, max_bytes: int, seconds: float) -> list[bytes]:
    """Return the body, in pieces, which the place holds.

    Raises
    ------
    Problem
        408, 413, 415 or 429 if the body is too slow, too long, of another type, or more than there is room for.
    ClientDisconnect
        If the client disconnects.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data" and not kind.startswith("image/") and kind not in _OTHERS:
        raise Problem(
            415, f"{kind[:80]} is not accepted; send the bytes with Content-Type: image/..., or a form with 'image'"
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "a compressed body is not accepted; leave Content-Encoding out")
    length = request.headers.get("content-length", "0")
    too_long = Problem(413, f"the body is longer than {max_bytes} bytes; send a smaller picture")
    if length.isdecimal() and int(length[:18]) > max_bytes:
        raise too_long
    pieces: list[bytes] = []
    end, left, more = time.monotonic() + seconds, max_bytes, True
    place.begin()
    while more:
        try:
            async with place.client(end - time.monotonic()):
                message = await request.receive()
        except TimeoutError:
            raise _too_slow(seconds) from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece, more = message.get("body", b""), message.get("more_body", False)
        left -= len(piece)
        if left < 0:
            raise too_long
        place.hold(len(piece))
        place.moved(len(piece))
        pieces.append(piece)
    return pieces


def _too_slow(seconds: float) -> Problem:
    return Problem(
        408,
        f"the body came too slowly, or not within {seconds:g} s; send it faster, or a smaller picture",
        {"Connection": "close"},
    )
