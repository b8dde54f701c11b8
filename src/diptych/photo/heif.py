"""What HEIF and AVIF files say of their primary picture: its size, turns, colours, and parts that are not kept."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from diptych.core.errors import PhotoFormatError
from diptych.core.image import Image
from diptych.photo import exif
from diptych.photo.formats import check_size
from diptych.photo.isobmff import Container, Item, Property
from diptych.photo.photo import Photo

_GAIN_MAPS = (b"urn:com:apple:photo:2020:aux:hdrgainmap", b"urn:iso:std:iso:ts:21496:-1")
_MOST_TILES = 4096
_ANIMATED = (b"avis", b"msf1", b"hevc", b"hevx")  # major brands


def primary(container: Container, kinds: Mapping[bytes, str]) -> Item:
    """Return the primary picture; PhotoFormatError if there is none, it is of another kind, or the file is an animation."""
    if container.has_track and container.brands[:4] in _ANIMATED:
        raise PhotoFormatError("is an animation; extract the frames first")
    item = container.items.get(container.primary)
    if item is None:
        raise PhotoFormatError("is damaged (it has no primary picture); get a whole copy of it")
    if item.kind not in kinds:
        kind = item.kind.decode("latin-1")
        raise PhotoFormatError(f"has a picture of the kind {kind!a}, which is not read; convert it to PNG or TIFF")
    return item


def size_of(item: Item) -> tuple[int, int]:
    """Return the stored width and height, before its turns; (0, 0) if it has none."""
    content = item.get(b"ispe")
    return (int.from_bytes(content[4:8], "big"), int.from_bytes(content[8:12], "big")) if len(content) >= 12 else (0, 0)


def check_sizes(container: Container, item: Item, max_pixels: int) -> None:
    """Refuse a picture that is too large, or whose parts are: its tiles, its opacity, or pictures made for it."""
    check_size(*size_of(item), max_pixels)
    others = [one for one in container.items.values() if one.get(b"ispe")]
    if len(others) > _MOST_TILES:
        raise PhotoFormatError(f"has more than {_MOST_TILES} pictures in it; save it again with another program")
    for one in others:
        check_size(*size_of(one), max_pixels)
    tiles = [
        key
        for one in container.references
        if one.kind == b"dimg" and one.source == container.primary
        for key in one.targets
    ]
    area = sum(np.prod(size_of(container.items[key]), dtype=float) for key in tiles if key in container.items)
    if area > 4 * max_pixels:
        raise PhotoFormatError("is damaged (its tiles are larger than the picture); get a whole copy of it")


def _tiles(container: Container) -> list[Item]:
    """Return the tiles of the primary picture, in order."""
    grids = [one for one in container.references if one.kind == b"dimg" and one.source == container.primary]
    return [container.items[key] for one in grids for key in one.targets if key in container.items]


def upright(image: Image, item: Item) -> Image:
    """Apply the crop and the turns of an item to its samples (H, W) or (H, W, C), in their order."""
    for kind, content, _ in item.properties:
        if kind == b"irot" and content:
            image = np.rot90(image, content[-1] & 3)
        elif kind == b"imir" and content:
            image = image[:, ::-1] if content[-1] & 1 else image[::-1]
        elif kind == b"clap":
            image = _crop(image, content)
    return np.ascontiguousarray(image)


def _crop(image: Image, content: bytes) -> Image:
    """Return the clean aperture: its width, height and the offsets of its centre are four fractions."""
    numbers = np.frombuffer(content[:32], ">i4").astype(float)
    if len(numbers) < 8 or (numbers[1::2] <= 0).any():
        return image
    sizes, offsets = numbers[0:4:2] / numbers[1:4:2], numbers[4::2] / numbers[5::2]
    whole = np.array(image.shape[1::-1], float)
    first = np.rint((whole - sizes) / 2 + offsets)
    last = first + np.rint(sizes)
    if (first < 0).any() or (last > whole).any() or (last <= first).any():
        return image
    left, top, right, bottom = (int(one) for one in (*first, *last))
    return image[top:bottom, left:right]


def _colour_properties(container: Container, item: Item) -> tuple[Property, ...]:
    """Return the properties of a picture's colours: its own, or those of its first tile."""
    for one in (item, *_tiles(container)[:1]):
        found = tuple(part for part in one.properties if part.kind == b"colr")
        if found:
            return found
    return ()


def colours(properties: tuple[Property, ...]) -> tuple[bytes | None, dict[str, bytes]]:
    """Return the ICC profile of a picture and its code points as the content of a PNG's cICP; neither for sRGB."""
    profile, chunks = None, {}
    for kind, content, _ in properties:
        if kind == b"colr" and content[:4] in (b"prof", b"rICC"):
            profile = content[4:]
        elif kind == b"colr" and content[:4] == b"nclx" and len(content) >= 11:
            chunks = code_points(content[5], content[7])
    return profile, {} if profile else chunks


def code_points(primaries: int, transfer: int) -> dict[str, bytes]:
    """Return code points of H.273 as the content of a PNG's cICP; nothing if they stand for sRGB or are not said."""
    if (primaries, transfer) in ((1, 13), (2, 2), (1, 2), (2, 13)):
        return {}
    return {"cICP": bytes((1 if primaries == 2 else primaries, 13 if transfer == 2 else transfer, 0, 1))}


def photo_of(container: Container, item: Item, pixels: Image, alpha: Image | None, bits: int) -> Photo:
    """Return the photo of decoded pixels, turned upright by the container and with its metadata."""
    profile, chunks = colours(_colour_properties(container, item))
    pixels = upright(pixels, item)
    block = container.exif()
    height, width = pixels.shape[:2]
    return Photo(
        pixels,
        alpha=None if alpha is None else upright(alpha, item),
        bits=bits if bits in (10, 12) else None,
        # The container decides how the picture is turned, not EXIF.
        exif=(exif.upright(block, width, height) or block) if block else None,
        icc_profile=profile,
        color_chunks=chunks,
        dpi=exif.resolution(block) if block else None,
        xmp=container.xmp(),
        notes=tuple(_left_out(container)),
    )


def _left_out(container: Container) -> list[str]:
    found = []
    kinds = [item.get(b"auxC")[4:].rstrip(b"\0") for item in container.items.values()]
    if any(item.kind == b"tmap" for item in container.items.values()) or any(kind in _GAIN_MAPS for kind in kinds):
        found.append("has a gain map, which is left out: it is shown as on an ordinary screen")
    if container.has_track:
        found.append("has a video or an animation besides the picture, which is left out")
    if any(b"depth" in kind for kind in kinds):
        found.append("has a depth map, which is left out")
    shown = [
        key
        for key, item in container.items.items()
        if item.get(b"ispe") and not item.hidden and key != container.primary and not _is_part(container, key)
    ]
    if shown:
        found.append(
            f"has {len(shown)} further picture{'s' * (len(shown) > 1)}, which {'are' if len(shown) > 1 else 'is'} left out"
        )
    return found


def _is_part(container: Container, key: int) -> bool:
    """Tell whether a picture belongs to another one: a thumbnail, an auxiliary picture, or a tile."""
    return any(
        (one.kind in (b"thmb", b"auxl") and one.source == key) or (one.kind == b"dimg" and key in one.targets)
        for one in container.references
    )
