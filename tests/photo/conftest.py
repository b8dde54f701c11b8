from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

MAKER_NOTE = bytes(range(256)) * 3


@pytest.fixture
def picture() -> Callable[..., Any]:
    """Makes smooth pictures with some noise: (dtype, channels or None for grey, size) -> array."""

    def make(dtype: str = "uint8", channels: int | None = 3, size: tuple[int, int] = (37, 53)) -> Any:
        rng = np.random.default_rng(1)
        y, x = np.mgrid[: size[0], : size[1]] / max(size)
        planes = [0.5 + 0.4 * np.sin(3 * x + 2 * y + phase) for phase in range(channels or 1)]
        values = np.clip(np.stack(planes, -1) + rng.normal(0, 0.004, (*size, channels or 1)), 0, 1)
        values = values if channels else values[..., 0]
        if dtype.startswith("uint"):
            return np.rint(values * np.iinfo(dtype).max).astype(dtype)
        return values.astype(dtype)

    return make


@pytest.fixture
def exif_block() -> Callable[..., bytes]:
    """Makes an EXIF block by hand: a make, an orientation, resolutions, pixel sizes, a maker note, a thumbnail."""

    def make(orientation: int = 1, order: str = "<", dpi: tuple[int, int] = (72, 72)) -> bytes:
        def short(tag: int, value: int) -> bytes:
            return struct.pack(order + "HHIHH", tag, 3, 1, value, 0)

        def far(tag: int, kind: int, count: int, offset: int) -> bytes:
            return struct.pack(order + "HHII", tag, kind, count, offset)

        first, sub = 8, 8 + 2 + 7 * 12 + 4
        note = sub + 2 + 3 * 12 + 4
        text = note + len(MAKER_NOTE)
        thumb = text + 8 + 16
        head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, first)
        entries = [
            far(0x010F, 2, 8, text),
            short(0x0112, orientation),
            far(0x011A, 5, 1, text + 8),
            far(0x011B, 5, 1, text + 16),
            short(0x0128, 2),
            short(0x0213, 1),
            far(0x8769, 4, 1, sub),
        ]
        table = struct.pack(order + "H", 7) + b"".join(entries) + struct.pack(order + "I", thumb)
        inner = struct.pack(order + "H", 3) + far(0x927C, 7, len(MAKER_NOTE), note)
        inner = inner[:2] + b"".join([inner[2:], short(0xA002, 53), short(0xA003, 37)]) + b"\0\0\0\0"
        values = b"Diptych\0" + struct.pack(order + "IIII", dpi[0], 1, dpi[1], 1)
        thumbnail = struct.pack(order + "H", 1) + short(0x0103, 6) + b"\0\0\0\0"
        return head + table + inner + MAKER_NOTE + values + thumbnail

    return make


@pytest.fixture
def maker_note() -> bytes:
    return MAKER_NOTE


@pytest.fixture
def profiles() -> dict[int, bytes]:
    """Colour profiles by number of channels; the one for ink turns full cyan into red, unlike the plain formula."""
    from PIL import ImageCms

    rgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Only the header's colour space makes it a profile for grey; nothing converts by it.
    grey = rgb[:16] + b"GRAY" + rgb[20:]
    return {1: grey, 3: rgb, 4: _ink_profile()}


def _ink_profile() -> bytes:
    ramp = bytes(range(256))
    corners = [
        (255 if not i else 136 if i == 0b1000 else 0, 208 if i == 0b1000 else 128, 195 if i == 0b1000 else 128)
        for i in range(16)
    ]
    table = struct.pack(">4sIBBBx", b"mft1", 0, 4, 3, 2)
    table += struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table += ramp * 4 + b"".join(bytes(corner) for corner in corners) + ramp * 3
    white = struct.pack(">4sI3i", b"XYZ ", 0, 63190, 65536, 54061)
    count, start = 2, 128 + 4 + 2 * 12
    tags = struct.pack(">I", count)
    tags += struct.pack(">4sII", b"wtpt", start, len(white))
    tags += struct.pack(">4sII", b"A2B0", start + len(white), len(table))
    size = start + len(white) + len(table)
    head = struct.pack(">II4s4s4s4s", size, 0, b"\2\x10\0\0"[:4], b"prtr", b"CMYK", b"Lab ")
    head = struct.pack(">I4s4s4s4s4s", size, b"none", b"\2\x10\0\0", b"prtr", b"CMYK", b"Lab ")
    head += b"\0" * 12 + b"acsp" + b"\0" * 28
    head += struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + tags + white + table
