"""Random samples that are functions of their number, so that a run can resume anywhere, and prefetching on threads."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from diptych.core.errors import ParameterError
from diptych.data.folder import PhotoFolder

T = TypeVar("T")

_ORDER, _CROP = 0, 1  # purposes of random streams


class Sampler:
    """Numbered random crops of a folder: crop 1,000,000 costs no more than crop 0, and is always the same.

    An epoch visits the pictures in a random order, each once (or `crops_per_picture` times in a row); position and
    horizontal flip are drawn for every number. There are no vertical flips: in photographs, light comes from above.

    Parameters
    ----------
    folder : PhotoFolder
        The pictures.
    domain : str
        Any word; samplers of different domains draw independently.
    crop : int
        Side in px, 1 or more.
    seed : int
        0 or more.
    flips : bool
        Mirror half of the crops left to right.
    crops_per_picture : int
        Consecutive crops that share a picture, 1 or more: a folder that does not fit into its cache is decoded less often,
        at the price of more similar samples.

    Raises
    ------
    ParameterError
        If `crop`, `seed` or `crops_per_picture` is out of its bounds.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from diptych.photo import write
    >>> path = pathlib.Path(tempfile.mkdtemp())
    >>> for number in range(2):
    ...     write(path / f"{number}.png", np.full((20, 30), 100 * number, np.uint8))
    >>> sampler = Sampler(PhotoFolder(path, channels=1), domain="A", crop=16, seed=0)
    >>> sampler.sample(5).shape, bool((sampler.sample(5) == sampler.batch(4, 2)[1]).all())
    ((1, 16, 16), True)
    """

    def __init__(
        self,
        folder: PhotoFolder,
        *,
        domain: str,
        crop: int,
        seed: int,
        flips: bool = True,
        crops_per_picture: int = 1,
    ) -> None:
        for name, value, least in (("crop", crop, 1), ("seed", seed, 0), ("crops_per_picture", crops_per_picture, 1)):
            if value < least:
                raise ParameterError(f"Sampler: {name} = {value} is not allowed; give {least} or more")
        self.folder = folder
        self.crop = crop
        self._flips = flips
        self._repeats = crops_per_picture
        # hash() differs from process to process.
        self._seed = (seed, int.from_bytes(hashlib.sha256(domain.encode()).digest()[:8], "big"))
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))

    def sample(self, number: int) -> NDArray[np.float32]:
        """Return crop `number` (0 or more): float32 in [0, 1], shape (C, crop, crop)."""
        generator = self.generator(number)
        crop = self.folder.crop(self.index(number), size=self.crop, generator=generator)
        if self._flips and generator.random() < 0.5:
            crop = crop[:, ::-1]
        return np.ascontiguousarray(crop.transpose(2, 0, 1))

    def generator(self, number: int) -> np.random.Generator:
        """Return a fresh random generator for crop `number`."""
        return np.random.default_rng([*self._seed, _CROP, number])

    def batch(self, start: int, count: int) -> NDArray[np.float32]:
        """Return crops `start` to ``start + count - 1``: shape (count, C, crop, crop)."""
        return np.stack([self.sample(number) for number in range(start, start + count)])

    def index(self, number: int) -> int:
        """Return the index of the picture that crop `number` is drawn from."""
        epoch, rank = divmod(number // self._repeats, len(self.folder))
        known, order = self._order  # read once: another thread may be in another epoch
        if known != epoch:
            order = np.random.default_rng([*self._seed, _ORDER, epoch]).permutation(len(self.folder))
            self._order = (epoch, order)
        return int(order[rank])


class Prefetcher(Generic[T]):
    """Calls ``load(start)``, ``load(start + 1)`` ... ahead of time on threads, and yields the results in order.

    A context manager and an iterator. An exception of `load` is raised in place of its result. Leaving the context cancels
    pending calls, waits for running ones, and leaves no thread behind.

    Parameters
    ----------
    load : callable
        Takes a number; called from several threads at once.
    start, stop : int
        The numbers, `stop` excluded.
    workers : int
        Threads; 0 calls `load` when its result is requested.
    ahead : int
        Most results that may be running or waiting at a time, 1 or more; this bounds the memory.

    Raises
    ------
    ParameterError
        If `workers` or `ahead` is out of its bounds.

    Examples
    --------
    >>> with Prefetcher(lambda number: number**2, start=2, stop=6, workers=2) as squares:
    ...     list(squares)
    [4, 9, 16, 25]
    """

    def __init__(self, load: Callable[[int], T], *, start: int, stop: int, workers: int, ahead: int = 4) -> None:
        if workers < 0 or ahead < 1:
            raise ParameterError(f"Prefetcher: workers = {workers} and ahead = {ahead}; give 0 or more, and 1 or more")
        self._load = load
        self._numbers = iter(range(start, stop))
        self._ahead = ahead
        self._pending: deque[Future[T]] = deque()
        self._pool = ThreadPoolExecutor(workers, "prefetch") if workers else None

    def __enter__(self) -> Prefetcher[T]:
        self._fill()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._pool is None:
            return self._load(next(self._numbers))
        self._fill()
        if not self._pending:
            raise StopIteration
        result = self._pending.popleft().result()
        self._fill()
        return result

    def _fill(self) -> None:
        while self._pool is not None and len(self._pending) < self._ahead:
            number = next(self._numbers, None)
            if number is None:
                return
            self._pending.append(self._pool.submit(self._load, number))

    def close(self) -> None:
        """Stop; nothing more is yielded."""
        self._numbers = iter(range(0))
        self._pending.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
