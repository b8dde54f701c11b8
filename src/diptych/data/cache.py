"""A thread-safe least-recently-used cache of decoded pictures, bounded in bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future

from diptych.core.image import Image

# Memory that decoding takes beside the result, in multiples of it: the decoder's copies, intermediate depths.
_DECODING_OVERHEAD = 3


class PictureCache:
    """Pictures by name. Several threads may use it; a picture that two of them want is decoded once.

    Parameters
    ----------
    capacity : int
        Bytes. It bounds the pictures kept plus the memory estimated for those being decoded (from the last one
        decoded): room is made before decoding begins, and decoders wait for each other where several would not fit.
        One picture at a time is always decoded, whatever its size; one larger than the capacity is returned but not
        kept.

    Examples
    --------
    >>> cache = PictureCache(100)
    >>> cache.get("a", lambda: np.zeros((5, 4, 3), np.uint8)).nbytes, cache.bytes, cache.bytes_decoded
    (60, 60, 60)
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._changed = threading.Condition()
        self._kept: OrderedDict[str, Image] = OrderedDict()
        self._pending: dict[str, Future[Image]] = {}
        self._bytes = 0
        self._active = 0
        self._expected = 0  # bytes that decoding one more picture is expected to take
        self._bytes_decoded = 0

    @property
    def bytes(self) -> int:
        """Bytes of the pictures kept now."""
        return self._bytes

    @property
    def bytes_decoded(self) -> int:
        """Bytes of all pictures decoded so far; if it grows far beyond the size of the data, the cache is too small."""
        return self._bytes_decoded

    def get(self, name: str, decode: Callable[[], Image]) -> Image:
        """Return the picture of this name, decoding it if it is not kept; exceptions of `decode` are raised to all who wait."""
        with self._changed:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
            pending = self._pending.get(name)
            if pending is None:
                future = self._pending[name] = Future()
        return self._resolve(name, decode, future) if pending is None else pending.result()

    def _resolve(self, name: str, decode: Callable[[], Image], future: Future[Image]) -> Image:
        try:
            image = self._decode(name, decode)
        except BaseException as error:
            future.set_exception(error)
            raise
        finally:
            with self._changed:
                del self._pending[name]
        future.set_result(image)
        return image

    def _decode(self, name: str, decode: Callable[[], Image]) -> Image:
        self._begin()
        image = None
        try:
            image = decode()
            return image
        finally:
            self._end(name, image)

    def _begin(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._active or (self._active + 1) * self._expected <= self._capacity)
            self._active += 1
            self._trim()

    def _end(self, name: str, image: Image | None) -> None:
        with self._changed:
            self._active -= 1
            if image is not None:
                self._expected = _DECODING_OVERHEAD * image.nbytes
                self._bytes_decoded += image.nbytes
                self._keep(name, image)
            self._changed.notify_all()

    def _keep(self, name: str, image: Image) -> None:
        if image.nbytes <= self._capacity:
            self._kept[name] = image
            self._bytes += image.nbytes
            self._trim()

    def _trim(self) -> None:
        # Running decoders come first, but the newest picture stays: it may be wanted again at once.
        room = self._capacity - self._active * self._expected
        while self._bytes > room and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= dropped.nbytes
