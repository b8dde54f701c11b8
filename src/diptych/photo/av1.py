"""The size that an AV1 stream says itself. Specification: AV1 bitstream and decoding process, section 5.5."""

from __future__ import annotations

from collections.abc import Iterator

_SEQUENCE = 1
_MOST_UNITS = 10_000


def largest(data: bytes) -> tuple[int, int]:
    """Return the largest width and height that a sequence header of a stream allows; (0, 0) without one.

    Raises
    ------
    ValueError
        If the stream is damaged.
    """
    sizes = [_size(payload) for kind, payload in _units(data) if kind == _SEQUENCE]
    return max((width for width, _ in sizes), default=0), max((height for _, height in sizes), default=0)


def _units(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the type and the first bytes of each unit (OBU)."""
    place = 0
    for _ in range(_MOST_UNITS):
        if place >= len(data):
            return
        head = data[place]
        place += 2 if head & 4 else 1
        length = len(data) - place
        if head & 2:
            length, place = _leb128(data, place)
        if head >> 7 or length < 0 or place + length > len(data):
            raise ValueError("an AV1 unit exceeds the file")
        yield head >> 3 & 15, data[place : place + min(length, 64)]
        place += length
    raise ValueError("too many AV1 units")


def _leb128(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for index in range(8):
        byte = data[place + index : place + index + 1]
        if not byte:
            break
        value |= (byte[0] & 127) << 7 * index
        if byte[0] < 128:
            return value, place + index + 1
    raise ValueError("an AV1 unit has no length")


class _Bits:
    def __init__(self, data: bytes) -> None:
        self.value, self.left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, number: int) -> int:
        self.left -= number
        if self.left < 0:
            raise ValueError("an AV1 sequence header is too short")
        return self.value >> self.left & ((1 << number) - 1)


def _size(payload: bytes) -> tuple[int, int]:
    bits = _Bits(payload)
    bits.take(4)
    if bits.take(1):  # the header of a still picture
        bits.take(5)
    else:
        _skip_operating_points(bits)
    wide, high = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(wide) + 1, bits.take(high) + 1


def _skip_operating_points(bits: _Bits) -> None:
    delays = 0
    has_model = False
    if bits.take(1):  # timing
        bits.take(64)
        if bits.take(1):
            _skip_uvlc(bits)
        has_model = bool(bits.take(1))
        if has_model:
            delays = bits.take(5) + 1
            bits.take(42)
    shown = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if has_model and bits.take(1):
            bits.take(2 * delays + 1)
        if shown and bits.take(1):
            bits.take(4)


def _skip_uvlc(bits: _Bits) -> None:
    zeros = 0
    while not bits.take(1):
        zeros += 1
    bits.take(min(zeros, 32))
