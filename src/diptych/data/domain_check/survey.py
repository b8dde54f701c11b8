"""The survey: every picture is decoded once, and what is kept of it is small."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np

from diptych import operators
from diptych.core.color import luma
from diptych.core.errors import DiptychError
from diptych.core.image import FloatImage, Image, from_float, to_float
from diptych.photo import FoundPhoto, Photo, formats, read
from diptych.quality.content import Content, content_of
from diptych.quality.traits import Traits, traits_of

_LONGEST = 256
_THUMBNAIL = 160
_QUALITY = 60


@dataclass(frozen=True, eq=False)
class PhotoSummary:
    """What is kept of a picture: some kilobytes, whatever its size.

    Attributes
    ----------
    domain : str
        ``A`` or ``B``.
    name : str
        Its path below the folder.
    height, width, channels : int
        Of the upright picture.
    depth : str
        NumPy dtype of its values.
    traits, content
        What an enhancer may change in it, and what it shows.
    thumbnail : bytes
        A WebP file.
    """

    domain: str
    name: str
    height: int
    width: int
    channels: int
    depth: str
    traits: Traits
    content: Content
    thumbnail: bytes

    @property
    def label(self) -> str:
        """``A/name``."""
        return f"{self.domain}/{self.name}"


@dataclass(frozen=True)
class Unreadable:
    """A file that could not be read, and why."""

    domain: str
    name: str
    reason: str

    @property
    def label(self) -> str:
        """``A/name``."""
        return f"{self.domain}/{self.name}"


Surveyed = PhotoSummary | Unreadable
Progress = Callable[[Iterable[Surveyed], int], Iterable[Surveyed]]


def survey(
    folders: Mapping[str, Sequence[FoundPhoto]], *, jobs: int, progress: Progress | None = None
) -> list[Surveyed]:
    """Read and summarise every picture, on threads; the order of the result is that of the folders.

    Never more than `jobs` pictures are decoded at a time.
    """
    tasks = [(domain, found) for domain, files in folders.items() for found in files]
    order = {(domain, _name(found)): index for index, (domain, found) in enumerate(tasks)}
    pool = ThreadPoolExecutor(jobs)
    try:
        results: Iterable[Surveyed] = _in_flight(pool, tasks, 2 * jobs)
        seen = list(results if progress is None else progress(results, len(tasks)))
    finally:  # after Ctrl-C too, only what is being read is waited for
        pool.shutdown(wait=True, cancel_futures=True)
    return sorted(seen, key=lambda one: order[one.domain, one.name])


def by_domain(photos: Iterable[PhotoSummary]) -> dict[str, list[PhotoSummary]]:
    """Return the pictures of A and those of B."""
    sides: dict[str, list[PhotoSummary]] = {"A": [], "B": []}
    for photo in photos:
        sides[photo.domain].append(photo)
    return sides


def _in_flight(pool: ThreadPoolExecutor, tasks: Sequence[tuple[str, FoundPhoto]], limit: int) -> Iterator[Surveyed]:
    waiting: set[Future[Surveyed]] = set()
    for domain, found in tasks:
        waiting.add(pool.submit(_summarise, domain, found))
        if len(waiting) >= limit:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in done)


def _name(found: FoundPhoto) -> str:
    return found.relative.as_posix()


def _summarise(domain: str, found: FoundPhoto) -> Surveyed:
    try:
        return summary_of(domain, _name(found), read(found.path).pixels)
    except DiptychError as error:
        return Unreadable(domain, _name(found), str(error).removeprefix(f"{found.path}: "))
    except MemoryError:
        return Unreadable(domain, _name(found), "not enough memory; check with `jobs=1`, or reduce the picture")


def summary_of(domain: str, name: str, pixels: Image) -> PhotoSummary:
    """Return what is kept of a picture."""
    small = to_float(_reduced(pixels, _LONGEST))
    return PhotoSummary(
        domain=domain,
        name=name,
        height=pixels.shape[0],
        width=pixels.shape[1],
        channels=pixels.shape[2] if pixels.ndim == 3 else 1,
        depth=pixels.dtype.name,
        traits=traits_of(pixels, small),
        content=content_of(luma(small)),
        thumbnail=_thumbnail(small),
    )


def _reduced(pixels: Image, longest: int) -> Image:
    factor = longest / max(pixels.shape[:2])
    if factor >= 1:
        return pixels
    height, width = (max(round(factor * side), 1) for side in pixels.shape[:2])
    return operators.zoom(pixels, height=height, width=width, interpolation="area")


def _thumbnail(small: FloatImage) -> bytes:
    image = _reduced(small, _THUMBNAIL)
    if image.ndim == 3 and image.shape[2] != 3:
        image = image.mean(axis=2)
    return formats.by_suffix("small.webp").codec().encode(Photo(from_float(image, np.dtype(np.uint8))), _QUALITY)
