"""Messages between the service and its worker processes: a length, a JSON object, and the bytes that it announces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import IO, Any

_PIECE = 1 << 16
_HEAD = 4


def write(stream: IO[bytes], head: dict[str, Any], pieces: Sequence[bytes] = ()) -> None:
    """Write a message: a JSON object, and bytes in pieces."""
    text = json.dumps(head | {"length": sum(map(len, pieces))}).encode()
    stream.write(len(text).to_bytes(_HEAD, "big") + text)
    for piece in pieces:
        stream.write(piece)
    stream.flush()


def read(stream: IO[bytes]) -> tuple[dict[str, Any], list[bytes]] | None:
    """Return the next message, or None if the other side has ended.

    >>> import io
    >>> pipe = io.BytesIO()
    >>> write(pipe, {"job": "plan"}, [b"a", b"bc"])
    >>> _ = pipe.seek(0)
    >>> read(pipe)
    ({'job': 'plan', 'length': 3}, [b'abc'])
    """
    size = stream.read(_HEAD)
    text = stream.read(int.from_bytes(size, "big")) if len(size) == _HEAD else b""
    if not text:
        return None
    head: dict[str, Any] = json.loads(text)
    pieces, left = [], int(head["length"])
    while left:
        piece = stream.read(min(left, _PIECE))
        if not piece:
            return None
        pieces.append(piece)
        left -= len(piece)
    return head, pieces
