"""Run-length encoded BMP (RLE8, RLE4), unrolled into a plain one in linear time. Specification: BITMAPINFOHEADER (Microsoft).

Pillow's own decoder goes on pixel by pixel at the end of each row, so that a few bytes take seconds.
"""

from __future__ import annotations

import struct

import numpy as np

from diptych.core.errors import PhotoFormatError

RLE8, RLE4 = 1, 2
_MOST_RUNS = 2_000_000
_END_OF_ROW, _END, _DELTA = 0, 1, 2
_HIGH = bytes(value >> 4 for value in range(256))
_LOW = bytes(value & 15 for value in range(256))


def unroll(data: bytes, width: int, height: int) -> bytes:
    """Return an uncompressed file of 8 bits with the same palette; `data` is a file that says RLE8 or RLE4.

    Raises
    ------
    PhotoFormatError
        If pixels are missing, or it has more than 2 million runs.
    """
    (header,) = struct.unpack_from("<I", data, 14)
    (start,) = struct.unpack_from("<I", data, 10)
    bits, compression = struct.unpack_from("<HI", data, 28)
    (colours,) = struct.unpack_from("<I", data, 46)
    samples = _runs(data[start:], width, width * height, compression == RLE4)
    rows = np.zeros((height, -(-width // 4) * 4), np.uint8)
    rows[:, :width] = np.frombuffer(samples, np.uint8).reshape(height, width)
    head = bytearray(data[:start])
    struct.pack_into("<HII", head, 28, 8, 0, rows.size)
    struct.pack_into("<I", head, 46, colours or min(1 << bits, max(start - 14 - header, 0) // 4))
    return bytes(head) + rows.tobytes()


def _runs(data: bytes, width: int, length: int, is_rle4: bool) -> bytearray:
    """Return the samples, one byte each, in the order of the file."""
    out = bytearray()
    place = x = 0
    for _ in range(_MOST_RUNS):
        if len(out) >= length or place + 2 > len(data):
            break
        number, value = data[place], data[place + 1]
        place += 2
        if number:
            number = max(0, min(number, width - x))
            pair = bytes((value >> 4, value & 15)) if is_rle4 else bytes((value, value))
            out += (pair * (number // 2 + 1))[:number]
            x += number
        elif value == _END_OF_ROW:
            out += bytes(-len(out) % width)
            x = 0
        elif value == _END:
            break
        elif value == _DELTA:
            right, rows = data[place], data[place + 1] if place + 1 < len(data) else 0
            out += bytes(min(length - len(out), right + rows * width))
            place, x = place + 2, len(out) % width
        else:
            size = (value + 1) // 2 if is_rle4 else value
            out += _plain(data[place : place + size], value, is_rle4)
            place, x = place + size + size % 2, x + value
    else:
        raise PhotoFormatError(f"has more than {_MOST_RUNS} runs; save it again without compression")
    if len(out) < length:
        raise PhotoFormatError("is truncated; get a whole copy of it")
    return out[:length]


def _plain(values: bytes, number: int, is_rle4: bool) -> bytes:
    if not is_rle4:
        return values
    pairs = bytearray(2 * len(values))
    pairs[::2], pairs[1::2] = values.translate(_HIGH), values.translate(_LOW)
    return bytes(pairs[:number])
