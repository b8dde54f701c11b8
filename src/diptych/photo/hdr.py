"""Pictures of high dynamic range as an ordinary screen shows them.

Specification: ITU-R BT.2100 (PQ and HLG), BT.2408 (white at 203 cd/m2), BT.2390, section 5.4 (the roll-off).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, to_float
from diptych.photo import cicp
from diptych.photo.photo import Photo
from diptych.photo.samples import to_depth

Floats = NDArray[np.floating]

_NAMES = {16: "PQ", 18: "HLG"}
_WHITE = 203.0  # cd/m2, as a screen's white
_PQ_PEAK, _HLG_PEAK = 10_000.0, 1000.0
_HLG_GAMMA = 1.2
_LUMA = {1: (0.2126, 0.7152, 0.0722), 9: (0.2627, 0.6780, 0.0593), 12: (0.2290, 0.6917, 0.0793)}
_SRGB = 13
_STRIP = 1 << 18  # pixels
_LAST = 65535  # index of the tables, and white of 16 bits


def transfer_of(photo: Photo) -> tuple[int, int] | None:
    """Return the code points (H.273) of primaries and transfer of a picture in PQ or HLG; None for all others."""
    codes = cicp.code_points(photo.color_chunks) or cicp.codes_of_profile(photo.icc_profile)
    return codes if codes and codes[1] in _NAMES else None


def for_screen(photo: Photo) -> Photo:
    """Return a picture in PQ or HLG as an ordinary screen shows it, with a note; any other photo as it is.

    White (203 cd/m2) becomes about white, what is brighter is rolled off to the brightest value in the picture; the primaries
    stay, the transfer becomes that of sRGB, and so does the depth.
    """
    codes = transfer_of(photo)
    if codes is None:
        return photo
    primaries, transfer = codes
    planes = photo.pixels if photo.pixels.ndim == 3 else photo.pixels[..., np.newaxis]
    light = cicp.light_of(transfer, np.linspace(0, 1, _LAST + 1)).astype(np.float32)
    weights = np.array(_LUMA.get(primaries, _LUMA[1]) if planes.shape[2] == 3 else (1.0,), np.float32)
    peak = max((_nits(rows, light, transfer, weights).max(initial=0.0) for rows in _strips(planes)), default=0.0)
    peak = max(float(peak), _WHITE)
    tables = _tables(peak)
    pixels = np.empty_like(planes)
    for rows, target in zip(_strips(planes), _strips(pixels), strict=True):
        target[...] = to_depth(_shown(_nits(rows, light, transfer, weights), tables, peak), planes.dtype)
    note = (
        f"is HDR ({_NAMES[transfer]}): shown as an ordinary screen would, its lights up to {peak:.0f} cd/m2 compressed"
    )
    chunks = {} if primaries == 1 else {"cICP": bytes((primaries, _SRGB, 0, 1))}
    return replace(
        photo,
        pixels=pixels.reshape(photo.pixels.shape),
        icc_profile=None,
        color_chunks=chunks,
        notes=(*photo.notes, note),
    )


def _strips(planes: Image) -> list[Image]:
    rows = max(1, _STRIP // planes.shape[1])
    return [planes[top : top + rows] for top in range(0, len(planes), rows)]


def _nits(rows: Image, light: Floats, transfer: int, weights: Floats) -> Floats:
    """Return the light that samples stand for on a screen, in cd/m2."""
    indices = rows if rows.dtype == np.uint16 else np.rint(to_float(rows) * _LAST).astype(np.uint16)
    values = light[indices]
    if transfer == 16:
        return values * _PQ_PEAK
    luma = np.maximum(values @ weights, 1e-6)[..., np.newaxis]
    return values * luma ** (_HLG_GAMMA - 1) * _HLG_PEAK


def _shown(nits: Floats, tables: tuple[Floats, Floats], peak: float) -> Floats:
    """Return values of sRGB for light whose brightest is `peak`."""
    gains, values = tables
    brightest = nits.max(axis=2, keepdims=True)
    # Fourth and second roots: the tables are finest where light is least.
    light = nits * gains[np.rint(np.sqrt(np.sqrt(brightest / peak)) * _LAST).astype(np.uint16)]
    return values[np.rint(np.sqrt(np.clip(light, 0, 1)) * _LAST).astype(np.uint16)]


def _tables(peak: float) -> tuple[Floats, Floats]:
    """Return the gain of light by its brightest channel, and the value of sRGB by light."""
    nits = np.maximum(np.linspace(0, 1, _LAST + 1) ** 4 * peak, 1e-9)
    light = np.linspace(0, 1, _LAST + 1) ** 2
    values = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return (_roll_off(nits, peak) / nits / _WHITE).astype(np.float32), values.astype(np.float32)


def _roll_off(nits: Floats, peak: float) -> Floats:
    """Return light of at most a screen's white: the curve of BT.2390 in the values of PQ, the same below its knee."""
    top = _pq(np.array(peak))
    values, white = _pq(nits) / top, float(_pq(np.array(_WHITE)) / top)
    knee = 1.5 * white - 0.5
    if knee >= 1:
        return nits
    t = np.clip((values - knee) / (1 - knee), 0, 1)
    curve = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * white
    return np.where(values < knee, nits, cicp.light_of(16, np.clip(curve * top, 0, 1)) * _PQ_PEAK)


def _pq(nits: Floats) -> Floats:
    power = (nits / _PQ_PEAK) ** (2610 / 16384)
    return ((107 / 128 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)
