"""Reading the picture in the body of a request: bounded in length and time, without a temporary file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from fastapi import Request
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool

from diptych.web.problems import Problem

FIELD = "image"
_MOST_PARTS = 16


async def read_picture(request: Request, *, max_bytes: int, seconds: float) -> bytes:
    """Return the picture in the body: the whole body, or the file ``image`` of a form (multipart/form-data, RFC 7578).

    Raises
    ------
    Problem
        400, 408, 413 or 415 if the body is malformed, too slow, too long, or of another type.
    ClientDisconnect
        If the client disconnects.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form = kind == "multipart/form-data"
    if not form and not kind.startswith("image/") and kind not in ("application/octet-stream", ""):
        raise Problem(
            415, f"{kind[:80]} is not accepted; send the bytes with Content-Type: image/..., or a form with '{FIELD}'"
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "a compressed body is not accepted; leave Content-Encoding out")
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
    return await run_in_threadpool(_file_in, body, request.headers["content-type"]) if form else body


def _too_long(max_bytes: int) -> Problem:
    return Problem(413, f"the body is longer than {max_bytes} bytes; send a smaller picture")


async def _bounded(request: Request, max_bytes: int) -> AsyncIterator[bytes]:
    left = max_bytes
    async for chunk in request.stream():
        left -= len(chunk)
        if left < 0:
            raise _too_long(max_bytes)
        yield chunk


def _file_in(body: bytes, content_type: str) -> bytes:
    """Return the content of the file ``image``; raise the answer 400 if the form is malformed or has no such file."""
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not boundary:
        raise Problem(400, "the form has no boundary; let the client library write the Content-Type")
    parts = _Parts()
    try:
        parser = MultipartParser(boundary, parts.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise Problem(400, "the form is malformed or cut off; send all of it") from None
    for name, content in parts.files:
        if name == FIELD.encode():
            return b"".join(content)
    raise Problem(400, f"the form has no file '{FIELD}'; give the picture's field this name")


@dataclass
class _Parts:
    """The parts met so far: the content of each file, with the name of its field."""

    files: list[tuple[bytes, list[bytes]]] = field(default_factory=list)
    name: bytes = b""
    value: bytes = b""
    count: int = 0
    content: list[bytes] | None = None  # of the file being read

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self.begin,
            "on_header_field": self.add_name,
            "on_header_value": self.add_value,
            "on_header_end": self.end_header,
            "on_part_data": self.add_data,
        }

    def begin(self) -> None:
        self.content = None
        self.count += 1
        if self.count > _MOST_PARTS:
            raise Problem(400, f"the form has more than {_MOST_PARTS} fields; send the picture alone")

    def add_name(self, data: bytes, start: int, end: int) -> None:
        self.name += data[start:end]

    def add_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def end_header(self) -> None:
        if self.name.lower() == b"content-disposition":
            options = parse_options_header(self.value)[1]
            if b"filename" in options:
                self.content = []
                self.files.append((options.get(b"name", b""), self.content))
        self.name = self.value = b""

    def add_data(self, data: bytes, start: int, end: int) -> None:
        if self.content is not None:
            self.content.append(data[start:end])
