"""EXIF, XMP and colour profile for a HEIF or AVIF file that an encoder has written without. Specification: as for `isobmff`."""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping
from dataclasses import replace

from diptych.photo.isobmff import XMP_TYPE, Container, Item, Property, Reference, read


def with_metadata(
    data: bytes,
    exif: bytes | None,
    xmp: bytes | None,
    profile: bytes | None,
    codes: tuple[int, int] | None = None,
) -> bytes:
    """Return a file with EXIF, XMP, a colour profile, and code points of primaries and transfer for its primary picture."""
    container = read(data)
    items = dict(container.items)
    contents = {key: container.content(item) for key, item in items.items()}
    references = list(container.references)
    if codes:
        coded = tuple(_with_codes(one, codes) for one in items[container.primary].properties)
        items[container.primary] = replace(items[container.primary], properties=coded)
    if profile:
        kept = items[container.primary].properties
        items[container.primary] = replace(
            items[container.primary], properties=(*kept, Property(b"colr", b"prof" + profile))
        )
    for item, content in (
        (Item(b"Exif", hidden=True), b"\0\0\0\0" + exif if exif else b""),
        (Item(b"mime", media_type=XMP_TYPE, hidden=True), xmp),
    ):
        if content:
            key = max(items) + 1
            items[key], contents[key] = item, content
            references.append(Reference(b"cdsc", key, (container.primary,)))
    return dump(replace(container, items=items, references=tuple(references)), contents)


def _with_codes(one: Property, codes: tuple[int, int]) -> Property:
    nclx = one.kind == b"colr" and one.content.startswith(b"nclx")
    return one._replace(content=b"nclx" + struct.pack(">HH", *codes) + one.content[8:]) if nclx else one


_TURNS = (b"irot", b"imir", b"clap")


def only(container: Container, kinds: Collection[bytes]) -> bytes:
    """Return a file of the items of some kinds alone, so that a decoder sees neither metadata, turns nor what is left out."""
    items = {
        key: replace(item, properties=tuple(one for one in item.properties if one.kind not in _TURNS))
        for key, item in container.items.items()
        if item.kind in kinds
    }
    references = [one for one in container.references if one.source in items and items.keys() >= set(one.targets)]
    contents = {key: container.content(item) for key, item in items.items()}
    return dump(replace(container, items=items, references=tuple(references)), contents)


def dump(container: Container, contents: Mapping[int, bytes]) -> bytes:
    """Return the bytes of a file of these items."""
    head = _box(b"ftyp", container.brands)
    start = len(head) + len(_meta(container, contents, 0)) + 8
    return head + _meta(container, contents, start) + _box(b"mdat", b"".join(contents.values()))


def _meta(container: Container, contents: Mapping[int, bytes], start: int) -> bytes:
    entries, locations = b"", b""
    for key, item in container.items.items():
        named = item.kind + b"\0" + (item.media_type + b"\0" if item.kind == b"mime" else b"")
        entries += _box(b"infe", struct.pack(">IHH", 2 << 24 | item.hidden, key, 0) + named)
        locations += struct.pack(">HHHII", key, 0, 1, start, len(contents[key]))
        start += len(contents[key])
    references = b"".join(
        _box(one.kind, struct.pack(f">HH{len(one.targets)}H", one.source, len(one.targets), *one.targets))
        for one in container.references
    )
    count = len(container.items)
    content = _box(b"hdlr", struct.pack(">II4s12sx", 0, 0, b"pict", b""))
    content += _box(b"pitm", struct.pack(">IH", 0, container.primary))
    content += _box(b"iloc", struct.pack(">IHH", 0, 0x4400, count) + locations)
    content += _box(b"iinf", struct.pack(">IH", 0, count) + entries)
    content += _box(b"iref", struct.pack(">I", 0) + references) if references else b""
    return _box(b"meta", struct.pack(">I", 0) + content + _dump_properties(container.items))


def _dump_properties(items: Mapping[int, Item]) -> bytes:
    known: dict[tuple[bytes, bytes], int] = {}
    table, count = b"", 0
    for key, item in items.items():
        if item.properties:
            numbers = [known.setdefault(one[:2], len(known) + 1) | one.essential << 15 for one in item.properties]
            table += struct.pack(f">HB{len(numbers)}H", key, len(numbers), *numbers)
            count += 1
    store = _box(b"ipco", b"".join(_box(kind, content) for kind, content in known))
    return _box(b"iprp", store + _box(b"ipma", struct.pack(">II", 1, count) + table))


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content
