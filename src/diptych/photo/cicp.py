"""ICC profiles for the colour descriptions of PNG: gAMA and cHRM, or the code points of cICP, which other formats have too.

Specification: PNG, third edition (W3C, 2025), sections 4.3 and 11.3.2; ITU-T H.273 (code points); ICC.1:2022.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_D50 = np.array([0.9642, 1.0, 0.8249])
_D65 = (0.3127, 0.3290)
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_BT709 = (*_D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_PRIMARIES = {
    1: _BT709,
    5: (*_D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (*_D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
"""By code point of H.273: x and y of white, red, green and blue."""

_SRGB_GAMMA = 45455  # of gAMA, which stands for the curve of sRGB
_SAMPLES = 1024
_MOST_TAGS = 100


def _bt709(v: Floats) -> Floats:
    return np.where(v < 0.081, v / 4.5, ((v + 0.099) / 1.099) ** (1 / 0.45))


def _srgb(v: Floats) -> Floats:
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def _pq(v: Floats) -> Floats:
    power = v ** (32 / 2523)
    return (np.maximum(power - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * power)) ** (16384 / 2610)


def _hlg(v: Floats) -> Floats:
    return np.where(v <= 0.5, v * v / 3, (np.exp((v - 0.55991073) / 0.17883277) + 0.28466892) / 12)


_TRANSFERS: dict[int, Callable[[Floats], Floats]] = {
    1: _bt709,
    4: lambda v: v**2.2,
    5: lambda v: v**2.8,
    6: _bt709,
    8: lambda v: v,
    13: _srgb,
    14: _bt709,
    15: _bt709,
    16: _pq,
    18: _hlg,
}
"""By code point of H.273: from encoded values to light."""


def code_points(chunks: Mapping[str, bytes]) -> tuple[int, int] | None:
    """Return the code points of primaries and transfer in the chunk cICP; None without one that is understood.

    >>> code_points({"cICP": bytes((12, 16, 0, 1))})
    (12, 16)
    """
    codes = chunks.get("cICP", b"")
    known = len(codes) == 4 and codes[0] in _PRIMARIES and codes[1] in _TRANSFERS and codes[2:] == b"\0\1"
    return (codes[0], codes[1]) if known else None


def codes_of_profile(profile: bytes | None) -> tuple[int, int] | None:
    """Return the code points in the tag cicp of an ICC profile; None without one that is understood."""
    if not profile or len(profile) < 132:
        return None
    for number in range(min(int.from_bytes(profile[128:132], "big"), _MOST_TAGS)):
        name, start = struct.unpack_from(">4sI", profile.ljust(144 + 12 * number, b"\0"), 132 + 12 * number)
        if name == b"cicp":
            return code_points({"cICP": profile[start + 8 : start + 12]})
    return None


def light_of(transfer: int, values: Floats) -> Floats:
    """Return the light, in [0, 1], that encoded values stand for by the code point of a transfer."""
    return _TRANSFERS[transfer](values)


def profile_of(chunks: Mapping[str, bytes], *, grey: bool) -> bytes | None:
    """Return a profile for the chunks of a PNG, which cICP decides, then sRGB, then gAMA and cHRM; None for sRGB.

    Parameters
    ----------
    chunks : mapping of str to bytes
        Contents of chunks by name.
    grey : bool
        Whether the profile is for grey pixels.
    """
    if codes := code_points(chunks):
        content = chunks["cICP"]
        return None if codes == (1, 13) else _profile(_PRIMARIES[codes[0]], _TRANSFERS[codes[1]], grey, content)
    if "sRGB" in chunks:
        return None
    stored = chunks.get("gAMA", b"")
    gamma = int.from_bytes(stored, "big") if len(stored) == 4 else 0
    stored = chunks.get("cHRM", b"")
    points = tuple(np.array(struct.unpack(">8I", stored)) / 100_000) if len(stored) == 32 else _BT709
    if not 1000 <= gamma <= 1_000_000:
        gamma = _SRGB_GAMMA
    if not _is_plausible(points):
        points = _BT709
    if gamma == _SRGB_GAMMA:
        return None if np.allclose(points, _BT709, atol=2e-3) else _profile(points, _srgb, grey)
    return _profile(points, lambda v: v ** (100_000 / gamma), grey)


def _is_plausible(points: tuple[float, ...]) -> bool:
    corners = np.array(points).reshape(4, 2)
    edges = corners[2:] - corners[1]
    return bool((corners[:, 1] > 0.001).all() and abs(np.linalg.det(edges)) > 1e-3)


def _profile(points: tuple[float, ...], transfer: Callable[[Floats], Floats], grey: bool, codes: bytes = b"") -> bytes:
    light = np.clip(transfer(np.linspace(0, 1, _SAMPLES)), 0, 1)
    curve = struct.pack(f">4sxxxxI{_SAMPLES}H", b"curv", _SAMPLES, *np.rint(light * 65535).astype(int).tolist())
    tags = {b"desc": _text("Colours of a PNG"), b"cprt": _text("No copyright"), b"wtpt": _xyz(_D50)}
    columns, adaptation = _matrix(points)
    if grey:
        tags[b"kTRC"] = curve
    else:
        for name, column in zip((b"r", b"g", b"b"), columns.T, strict=True):
            tags |= {name + b"XYZ": _xyz(column), name + b"TRC": curve}
    tags[b"chad"] = struct.pack(">4sxxxx9i", b"sf32", *np.rint(adaptation.ravel() * 65536).astype(int).tolist())
    if codes:
        tags[b"cicp"] = b"cicp\0\0\0\0" + codes
    return _assemble(tags, b"GRAY" if grey else b"RGB ")


def _matrix(points: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Return the matrix from RGB to XYZ under D50, and the chromatic adaptation in it."""
    white, *primaries = ((x / y, 1.0, (1 - x - y) / y) for x, y in np.array(points).reshape(4, 2))
    columns = np.array(primaries).T
    columns = columns * np.linalg.solve(columns, np.array(white))
    gains = (_BRADFORD @ _D50) / (_BRADFORD @ np.array(white))
    adaptation = np.linalg.inv(_BRADFORD) @ np.diag(gains) @ _BRADFORD
    return adaptation @ columns, adaptation


def _xyz(values: Floats) -> bytes:
    return struct.pack(">4sxxxx3i", b"XYZ ", *np.rint(values * 65536).astype(int).tolist())


def _text(text: str) -> bytes:
    content = text.encode("utf-16-be")
    return struct.pack(">4sxxxxII2s2sII", b"mluc", 1, 12, b"en", b"US", len(content), 28) + content


def _assemble(tags: Mapping[bytes, bytes], space: bytes) -> bytes:
    offset, table, data = 128 + 4 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        table += struct.pack(">4sII", name, offset + len(data), len(content))
        data += content + b"\0" * (-len(content) % 4)
    head = struct.pack(">I4sI4s4s4s12x4s24x", offset + len(data), b"", 0x04400000, b"mntr", space, b"XYZ ", b"acsp")
    head = head.ljust(68, b"\0") + struct.pack(">3i", *np.rint(_D50 * 65536).astype(int).tolist())
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data
