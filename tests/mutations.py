"""Ways to spoil the bytes of a picture: anywhere, or where its format keeps counts, offsets and lengths."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Iterator

from hostile_files import chunk

NASTY = (
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    15,
    16,
    17,
    32,
    64,
    255,
    256,
    4095,
    4096,
    0x7FFF,
    0x8000,
    0xFFFE,
    0xFFFF,
    0x10000,
    1 << 20,
)
LARGE = (1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, (1 << 32) - 2)


def number(rng: random.Random, data: bytes) -> int:
    """A number that is often wrong: small, a power of two, or about the length of the file."""
    kind = rng.random()
    if kind < 0.5:
        return rng.choice(NASTY)
    if kind < 0.7:
        return rng.choice(LARGE)
    return max(0, rng.choice((len(data), len(data) // 2, rng.randrange(len(data)))) + rng.randrange(-9, 9))


def put(data: bytearray, place: int, order: str, size: int, value: int) -> None:
    content = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little" if order == "<" else "big")
    data[place : place + size] = content[: max(0, len(data) - place)]


def plain(data: bytes, rng: random.Random) -> bytes:
    """Change bytes anywhere, more often near the start; insert, remove, repeat or cut off some."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        place = rng.randrange(len(changed)) if rng.random() < 0.5 else rng.randrange(min(400, len(changed)))
        kind = rng.random()
        if kind < 0.45:
            changed[place] = rng.randrange(256)
        elif kind < 0.7:
            put(changed, place, rng.choice("<>"), rng.choice((1, 2, 4)), number(rng, data))
        elif kind < 0.78:
            del changed[place + 1 :]
        elif kind < 0.86:
            changed[place:place] = rng.randbytes(rng.randrange(1, 9))
        elif kind < 0.93:
            del changed[place : place + rng.randrange(1, 40)]
        else:
            changed[place:place] = changed[place : place + rng.randrange(1, 400)] * rng.choice((1, 2, 50))
        if not changed:
            return data[:1]
    return bytes(changed)


def structured(data: bytes, rng: random.Random) -> bytes:
    """Change counts, offsets, lengths and order of the parts of a format; checksums stay right."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        if data[:2] in (b"II", b"MM"):
            data = directories(data, rng)
        elif data[:4] == b"\x89PNG":
            data = chunks(data, rng)
        elif data[:2] == b"\xff\xd8":
            data = segments(data, rng)
        elif data[:4] == b"RIFF":
            data = riff(data, rng)
        elif data[4:8] in (b"ftyp", b"JXL "):
            data = boxes(data, rng)
        elif data[128:132] == b"DICM":
            data = elements(data, rng)
        else:
            changed = bytearray(data)
            put(changed, rng.randrange(2, 60), "<", rng.choice((2, 4)), number(rng, data))
            data = bytes(changed)
    return data


def entries(data: bytes) -> Iterator[tuple[int, str, bool]]:
    """Yield the place of each entry of the directories of a TIFF or EXIF block, with byte order and whether it is large."""
    order = "<" if data[:2] == b"II" else ">"
    big = len(data) > 16 and struct.unpack_from(order + "H", data, 2)[0] == 43
    left = [struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]] if len(data) > 16 else []
    seen = set()
    while left and len(seen) < 20:
        offset = left.pop()
        if offset in seen or offset + 8 > len(data):
            continue
        seen.add(offset)
        number_ = struct.unpack_from(order + ("Q" if big else "H"), data, offset)[0]
        start, step = offset + (8 if big else 2), 20 if big else 12
        for place in range(start, min(start + min(number_, 100) * step, len(data) - step - 8), step):
            yield place, order, big
            if struct.unpack_from(order + "H", data, place)[0] in (0x8769, 0x8825, 330):
                left.append(
                    struct.unpack_from(order + ("Q" if big else "I"), data, place + step - (8 if big else 4))[0]
                )


def directories(data: bytes, rng: random.Random) -> bytes:
    found = list(entries(data))
    if not found:
        return plain(data, rng)
    changed = bytearray(data)
    place, order, big = rng.choice(found)
    wide, step = (8, 20) if big else (4, 12)
    kind = rng.random()
    if kind < 0.15:
        put(changed, place, order, 2, rng.choice((*range(254, 350), 700, 0x8769, 0x8825, 34675, 33723)))
    elif kind < 0.3:
        put(changed, place + 2, order, 2, rng.choice((*range(19), 0xFFFF)))
    elif kind < 0.5:
        put(changed, place + 4, order, wide, number(rng, data))
    elif kind < 0.8:
        put(changed, place + 4 + wide, order, wide, number(rng, data))
    elif kind < 0.9:  # the number of entries, where the next directory lies, or the values of a field
        target = rng.choice((found[0][0] - (8 if big else 2), place + step, _value(data, place, order, big)))
        put(changed, target + 4 * rng.randrange(3), order, rng.choice((2, 4)), number(rng, data))
    else:
        other = rng.choice(found)[0]
        changed[place : place + step] = data[other : other + step]
    return bytes(changed)


def _value(data: bytes, place: int, order: str, big: bool) -> int:
    offset = struct.unpack_from(order + ("Q" if big else "I"), data, place + (12 if big else 8))[0]
    return offset if offset < len(data) - 16 else place


def chunks(data: bytes, rng: random.Random) -> bytes:
    parts, offset = [], 8
    while offset + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, offset)
        parts.append((name, data[offset + 8 : offset + 8 + length]))
        offset += 12 + length
    if not parts:
        return plain(data, rng)
    index = rng.randrange(len(parts))
    name, content = parts[index]
    kind = rng.random()
    if kind < 0.5 and content:
        parts[index] = name, _content(name, content, rng)
    elif kind < 0.6:
        parts[index : index + 1] = []
    elif kind < 0.7:
        parts[index:index] = [parts[index]] * rng.choice((1, 3, 300))
    elif kind < 0.8:
        parts.insert(rng.randrange(1, len(parts) + 1), parts.pop(index))
    elif kind < 0.9:
        parts[index] = (
            rng.choice((b"IDAT", b"tRNS", b"PLTE", b"zTXt", b"iTXt", b"eXIf", b"iCCP", b"acTL", b"gAMA")),
            content,
        )
    else:  # the length itself
        whole = bytearray(data[:8] + b"".join(chunk(*part) for part in parts))
        place = 8 + sum(12 + len(part[1]) for part in parts[:index])
        put(whole, place, ">", 4, number(rng, data))
        return bytes(whole)
    return data[:8] + b"".join(chunk(*part) for part in parts)


def _content(name: bytes, content: bytes, rng: random.Random) -> bytes:
    if name == b"eXIf":
        return directories(content, rng)
    if name in (b"IDAT", b"iCCP") and rng.random() < 0.5:
        head, packed = (b"", content) if name == b"IDAT" else (content[:13], content[13:])
        try:
            return head + zlib.compress(plain(zlib.decompress(packed), rng))
        except zlib.error:
            return content
    changed = bytearray(content)
    put(changed, rng.randrange(len(changed)), ">", rng.choice((1, 4)), number(rng, content))
    return bytes(changed)


def segments(data: bytes, rng: random.Random) -> bytes:
    places, offset = [], 2
    while offset + 4 <= len(data) and data[offset] == 0xFF:
        places.append(offset)
        offset += 2 + struct.unpack_from(">H", data, offset + 2)[0]
        if data[places[-1] + 1] == 0xDA:
            break
    if not places:
        return plain(data, rng)
    place = rng.choice(places)
    length = 2 + struct.unpack_from(">H", data, place + 2)[0]
    whole = data[place : place + length]
    changed = bytearray(data)
    kind = rng.random()
    if kind < 0.15:
        put(changed, place + 2, ">", 2, number(rng, data))
    elif kind < 0.5:
        inside = rng.randrange(min(max(length - 4, 1), rng.choice((24, 65535))))
        put(changed, place + 4 + inside, ">", rng.choice((1, 2)), number(rng, data))
    elif kind < 0.6 and whole[4:10] == b"Exif\0\0":
        block = directories(whole[10:], rng)
        changed[place : place + length] = (
            whole[:2] + struct.pack(">H", min(len(block) + 8, 65535)) + whole[4:10] + block
        )
    elif kind < 0.7:
        changed[place : place + length] = b""
    elif kind < 0.8:
        changed[place:place] = whole * rng.choice((1, 3, 300))
    elif kind < 0.9:
        changed[place + 1] = rng.choice((*range(0xC0, 0x100), 1))
    else:  # scans again and again
        last = places[-1]
        changed[last:] = data[last:-2] * rng.choice((2, 30, 300)) + data[-2:]
    return bytes(changed)


def riff(data: bytes, rng: random.Random) -> bytes:
    places, offset = [], 12
    while offset + 8 <= len(data):
        places.append(offset)
        size = struct.unpack_from("<I", data, offset + 4)[0]
        offset += 8 + size + size % 2
    if not places:
        return plain(data, rng)
    place = rng.choice(places)
    end = min(place + 8 + struct.unpack_from("<I", data, place + 4)[0], len(data))
    changed = bytearray(data)
    kind = rng.random()
    if kind < 0.2:
        put(changed, rng.choice((4, place + 4)), "<", 4, number(rng, data))
    elif kind < 0.6 and end > place + 8:
        put(changed, place + 8 + rng.randrange(min(end - place - 8, 16)), "<", rng.choice((1, 2, 3)), number(rng, data))
    elif kind < 0.75 and data[place : place + 4] == b"EXIF":
        changed[place + 8 : end] = directories(data[place + 8 : end], rng)[: end - place - 8].ljust(end - place - 8)
    elif kind < 0.85:
        changed[place:end] = b""
    elif kind < 0.95:
        changed[place:place] = data[place:end] * rng.choice((1, 3, 300))
    else:
        changed[place : place + 4] = rng.choice(
            (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"EXIF", b"ICCP")
        )
    if rng.random() < 0.8 and kind >= 0.2:
        put(changed, 4, "<", 4, len(changed) - 8)
    return bytes(changed)


_WITH_BOXES = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"iinf": 6, b"iref": 4, b"moov": 0, b"trak": 0, b"mdia": 0}
"""Boxes of boxes, and how many bytes come before these."""
_KINDS = (b"meta", b"iinf", b"iloc", b"ipco", b"ipma", b"ispe", b"irot", b"clap", b"colr", b"auxC", b"av01", b"grid", b"Exif",
          b"jxlc", b"jxlp", b"brob", b"mdat", b"free", b"pixi", b"hvcC", b"av1C", b"iref", b"dimg")  # fmt: skip


def box_places(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the span of each box, those within others too."""
    while start + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, start)
        stop = min(start + length, end) if length >= 8 else end
        yield start, stop
        if kind in _WITH_BOXES:
            yield from box_places(data, start + 8 + _WITH_BOXES[kind], stop)
        start = stop


def boxes(data: bytes, rng: random.Random) -> bytes:
    found = list(box_places(data, 0, len(data)))
    place, end = rng.choice(found)
    changed = bytearray(data)
    kind = rng.random()
    if kind < 0.2:
        put(changed, place, ">", 4, number(rng, data))
    elif kind < 0.65 and end > place + 8:
        inside = rng.randrange(min(end - place - 8, rng.choice((16, 64, 65535))))
        put(changed, place + 8 + inside, ">", rng.choice((1, 2, 4)), number(rng, data))
    elif kind < 0.75:
        changed[place + 4 : place + 8] = rng.choice(_KINDS)
    elif kind < 0.85:
        changed[place:end] = b""
    else:
        changed[place:place] = data[place:end] * rng.choice((1, 3, 300))
    return bytes(changed)


def elements(data: bytes, rng: random.Random) -> bytes:
    """Change an element of a DICOM file with explicit types."""
    places, offset = [], 132
    while offset + 8 <= len(data) and len(places) < 500:
        long = data[offset + 4 : offset + 6] in (b"OB", b"OW", b"SQ", b"UN", b"UT", b"OF")
        head = 12 if long else 8
        length = int.from_bytes(data[offset + head - (4 if long else 2) : offset + head], "little")
        places.append((offset, head, min(offset + head + length, len(data))))
        offset += head + length
    if not places:
        return plain(data, rng)
    place, head, end = rng.choice(places)
    changed = bytearray(data)
    kind = rng.random()
    if kind < 0.2:
        put(changed, place + head - (4 if head == 12 else 2), "<", 4 if head == 12 else 2, number(rng, data))
    elif kind < 0.6 and end > place + head:
        put(
            changed,
            place + head + rng.randrange(min(end - place - head, 64)),
            "<",
            rng.choice((1, 2, 4)),
            number(rng, data),
        )
    elif kind < 0.75:
        changed[place + 4 : place + 6] = rng.choice(
            (b"US", b"SS", b"UL", b"DS", b"IS", b"SQ", b"OB", b"OW", b"UN", b"LO", b"FD")
        )
    elif kind < 0.85:
        changed[place:end] = b""
    elif kind < 0.95:
        changed[place:place] = data[place:end] * rng.choice((1, 3, 300))
    else:
        put(
            changed, place, "<", 4, rng.choice((0x00100028, 0x00110028, 0x00080028, 0x01000028, 0x00047FE0, 0x00107FE0))
        )
    return bytes(changed)


WAYS: dict[str, Callable[[bytes, random.Random], bytes]] = {"plain": plain, "structured": structured}
