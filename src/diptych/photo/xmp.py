"""XMP packets: joining and splitting extended XMP, and removing properties that no longer hold.

They are edited as text, so that whatever is not understood stays as it is; every pattern takes linear time. Specification: XMP
part 3 (Adobe, 2020), section 1.1.3.1; Ultra HDR image format and Motion Photo format (Google).
"""

from __future__ import annotations

import hashlib
import re

_ORIENTATION = re.compile(rb"(tiff:Orientation\s*(?:=\s*[\"']|>)\s*)[2-8]")
_NOTE = b"http://ns.adobe.com/xmp/note/"
_RDF_END = b"</rdf:RDF>"
_WRAPPER = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>%s<?xpacket end="w"?>'
_MAX_PREFIXES = 4  # of one namespace

# Namespaces and properties that describe a second image or a video inside the file, which is not kept.
_PARTS: dict[bytes, tuple[bytes, str]] = {
    b"http://ns.adobe.com/hdr-gain-map/1.0/": (
        b"(?:Version|BaseRenditionIsHDR|GainMapMin|GainMapMax|Gamma|OffsetSDR|OffsetHDR|HDRCapacityMin|HDRCapacityMax)",
        "gain map",
    ),
    b"http://ns.apple.com/HDRGainMap/1.0/": (b"HDRGainMap(?:Version|Headroom)", "gain map"),
    b"http://ns.google.com/photos/1.0/container/": (b"Directory", ""),
    b"http://ns.google.com/photos/1.0/camera/": (
        b"(?:MicroVideo|MotionPhoto)(?:Version|Offset|PresentationTimestampUs)?",
        "video of a motion photo",
    ),
}


def upright(packet: bytes) -> bytes:
    """Return the packet with a TIFF orientation of 1."""
    return _ORIENTATION.sub(rb"\g<1>1", packet)


def without_parts(packet: bytes) -> tuple[bytes, list[str]]:
    """Return the packet without the properties of gain maps and videos, and the names of those that had been described.

    >>> without_parts(b'<a xmlns:h="http://ns.adobe.com/hdr-gain-map/1.0/" h:Version="1.0"/>')
    (b'<a xmlns:h="http://ns.adobe.com/hdr-gain-map/1.0/"/>', ['gain map'])
    """
    named = []
    for namespace, (names, label) in _PARTS.items():
        declaration = rb"xmlns:([\w.-]+)\s*=\s*[\"']" + re.escape(namespace) + rb"[\"']"
        for prefix in sorted(set(re.findall(declaration, packet)))[:_MAX_PREFIXES]:
            cleaned = _without_properties(packet, re.escape(prefix) + b":" + names)
            if cleaned != packet and label and label not in named:
                named.append(label)
            packet = cleaned
    return packet, named


def _without_properties(packet: bytes, name: bytes) -> bytes:
    # Elements first: an attribute inside one goes with it.
    packet = re.sub(
        rb"<(" + name + rb")(?:\s[^<>]*)?(?<!/)>(?:(?!<\1[\s>]).)*?</\1\s*>\s*", b"", packet, flags=re.DOTALL
    )
    packet = re.sub(rb"<" + name + rb"(?:\s[^<>]*)?/>\s*", b"", packet)
    return re.sub(rb"(?<!\s)\s+" + name + rb"\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*')", b"", packet)


def join(packet: bytes, extensions: list[bytes]) -> bytes:
    """Return the packet with its extension, which JPEG segments hold in parts; a reference to a missing one is removed."""
    found = re.search(rb"HasExtendedXMP\s*(?:=\s*[\"']|>)\s*([0-9A-Fa-f]{32})", packet)
    if not found:
        return packet
    packet = _without_properties(packet, _note_prefix(packet) + b":HasExtendedXMP")
    extension = _assemble(extensions, found[1])
    start, end = extension.find(b">", extension.find(b"<rdf:RDF")) + 1, extension.rfind(_RDF_END)
    if not 0 < start <= end or packet.count(_RDF_END) != 1:
        return packet
    return packet.replace(_RDF_END, extension[start:end] + _RDF_END)


def _note_prefix(packet: bytes) -> bytes:
    found = re.search(rb"xmlns:([\w.-]+)\s*=\s*[\"']" + re.escape(_NOTE), packet)
    return re.escape(found[1]) if found else b"xmpNote"


def _assemble(extensions: list[bytes], identifier: bytes) -> bytes:
    """Return the extension of this identifier (32 bytes) from its parts; nothing if one is missing."""
    parts = {int.from_bytes(part[36:40], "big"): part[40:] for part in extensions if part[:32] == identifier}
    whole = b"".join(parts[offset] for offset in sorted(parts))
    lengths = {int.from_bytes(part[32:36], "big") for part in extensions if part[:32] == identifier}
    return whole if lengths == {len(whole)} else b""


def split(packet: bytes, room: int) -> tuple[bytes, list[bytes]]:
    """Return a packet of at most `room` bytes and the contents of the extension segments that the rest needs."""
    if len(packet) <= room:
        return packet, []
    packet = re.sub(rb"<\?xpacket[^<>]*\?>", b"", packet).strip()  # an extension has no wrapper, nor its padding
    if len(_WRAPPER % packet) <= room:
        return _WRAPPER % packet, []
    identifier = hashlib.md5(packet, usedforsecurity=False).hexdigest().upper().encode()
    step = room - 64
    head = identifier + len(packet).to_bytes(4, "big")
    parts = [
        head + offset.to_bytes(4, "big") + packet[offset : offset + step] for offset in range(0, len(packet), step)
    ]
    stub = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:xmpNote="%s" xmpNote:HasExtendedXMP="%s"/></rdf:RDF></x:xmpmeta>'
    ) % (_NOTE, identifier)
    return _WRAPPER % stub, parts
