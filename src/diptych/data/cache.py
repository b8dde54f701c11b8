"""Decoded pictures, kept as long as there is room: least recently used first out, bounded in bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future

from diptych.core.image import Image

# Making a picture takes about this many times its bytes besides: the decoder's own copies, the depth before the last one.
_WHILE_MADE = 3


class PictureCache:
    """Pictures by name; safe to use from several threads, which wait for one another's work instead of doing it twice.

    Parameters
    ----------
    capacity : int
        Bytes. The pictures that are kept, and what those that are being made take meanwhile (judged by the last one
        made), stay below it: room is made before the work begins, and where it is too large for several at a time they
        wait for each other. One at a time is always made, whatever its size; a picture larger than the capacity is
        handed out and not kept.

    Examples
    --------
    >>> cache = PictureCache(100)
    >>> cache.get("a", lambda: np.zeros((5, 4, 3), np.uint8)).nbytes, cache.bytes, cache.bytes_made
    (60, 60, 60)
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._changed = threading.Condition()
        self._kept: OrderedDict[str, Image] = OrderedDict()
        self._awaited: dict[str, Future[Image]] = {}
        self._bytes = 0
        self._working = 0
        self._needed = 0  # bytes that the making of one more picture is expected to take
        self._bytes_made = 0

    @property
    def bytes(self) -> int:
        """Bytes of the pictures that are kept now."""
        return self._bytes

    @property
    def bytes_made(self) -> int:
        """Bytes of all pictures made so far; when it grows by much more than there is, the cache is too small."""
        return self._bytes_made

    def get(self, name: str, make: Callable[[], Image]) -> Image:
        """Return the picture of this name; if it is not there, the one that `make` makes, whose exceptions pass through."""
        with self._changed:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
            awaited = self._awaited.get(name)
            if awaited is None:
                mine = self._awaited[name] = Future()
        return self._make(name, make, mine) if awaited is None else awaited.result()

    def _make(self, name: str, make: Callable[[], Image], promise: Future[Image]) -> Image:
        try:
            made = self._made(name, make)
        except BaseException as error:
            promise.set_exception(error)
            raise
        finally:
            with self._changed:
                del self._awaited[name]
        promise.set_result(made)
        return made

    def _made(self, name: str, make: Callable[[], Image]) -> Image:
        self._begin()
        made = None
        try:
            made = make()
            return made
        finally:
            self._end(name, made)

    def _begin(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._working or (self._working + 1) * self._needed <= self._capacity)
            self._working += 1
            self._trim()

    def _end(self, name: str, made: Image | None) -> None:
        with self._changed:
            self._working -= 1
            if made is not None:
                self._needed = _WHILE_MADE * made.nbytes
                self._bytes_made += made.nbytes
                self._keep(name, made)
            self._changed.notify_all()

    def _keep(self, name: str, made: Image) -> None:
        if made.nbytes <= self._capacity:
            self._kept[name] = made
            self._bytes += made.nbytes
            self._trim()

    def _trim(self) -> None:
        # What is being made has the right of way, but not over the newest picture, which may be wanted again at once.
        room = self._capacity - self._working * self._needed
        while self._bytes > room and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= dropped.nbytes
