"""What each request holds: its place in the queue and its bytes. A client that is too slow loses both."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from diptych.web.problem import Problem

PATIENCE = 10.0
"""Seconds in which a client must send or take `QUANTUM` bytes, or what is left."""

QUANTUM = 64 << 10
_SLOW = 1.0  # seconds without a quantum, after which a client makes room for others


class Places:
    """The places of a service, and the bytes that may be held in them.

    A body that arrives holds its bytes. From then on until its answer has been taken, a request also holds one of the places.
    If there is no place or no room, the client that has been slowest for longest is cut off; if none is slow, the
    newcomer is told to come again.

    Parameters
    ----------
    capacity : int
        Number of places.
    max_held : int
        Bytes of bodies and answers. More are held only by a request that is alone, or whose answer is already made.
    workers : int
        Number of pictures in work at the same time, for the estimate of when to come again.
    """

    def __init__(self, capacity: int, max_held: int, workers: int) -> None:
        self.capacity, self.max_held, self._workers = capacity, max_held, workers
        self.mean_seconds = 1.0  # moving average of the work on one picture
        self.taken = self.held = 0
        self._open: set[Place] = set()

    @property
    def full(self) -> bool:
        """Whether the next request would be refused."""
        return self.taken >= self.capacity and not any(place.slow for place in self._open if place.seated)

    def busy(self) -> Problem:
        """Return the answer 429, with the time after which to try again."""
        seconds = min(max(round(self.mean_seconds * self.taken / self._workers), 1), 60)
        return Problem(429, f"the service is busy; try again in {seconds} s", {"Retry-After": str(seconds)})

    def open(self) -> Place:
        """Return a place that holds nothing yet; the caller closes it."""
        place = Place(self)
        self._open.add(place)
        return place

    def forget(self, place: Place) -> None:
        """Give back all that a place holds."""
        if place in self._open:
            self._open.remove(place)
            self.held -= place.held
            self.taken -= place.seated

    def make_room(self, size: int = 0) -> bool:
        """Return whether so many more bytes may be held, after cutting off those who are too slow."""
        while self.held + size > self.max_held:
            if not self._cut_off_slowest(seated=False):
                return False
        return True

    def make_seat(self) -> bool:
        """Return whether there is a place, after cutting off those who are too slow."""
        while self.taken >= self.capacity:
            if not self._cut_off_slowest(seated=True):
                return False
        return True

    def _cut_off_slowest(self, *, seated: bool) -> bool:
        slow = [place for place in self._open if place.slow and (place.seated or not seated) and (place.held or seated)]
        if not slow:
            return False
        min(slow, key=lambda place: place.progressed).cut_off()
        return True


class Place:
    """What one request holds."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._limit: asyncio.Timeout | None = None
        self._moved = 0
        self.progressed = time.monotonic()
        self.held, self.seated = 0, False

    @property
    def slow(self) -> bool:
        """Whether the service waits for this client, and has done so for too long while others need room."""
        return self._limit is not None and time.monotonic() - self.progressed > _SLOW

    def hold(self, size: int, *, made: bool = False) -> None:
        """Hold more bytes, or raise the answer 429; bytes that are `made` are there already, and always held."""
        places = self._places
        if not places.make_room(size) and not made and places.held > self.held:
            raise places.busy()
        self._add(size)

    def let_go(self) -> None:
        """Hold no bytes any more."""
        self._add(-self.held)

    def _add(self, size: int) -> None:
        if self in self._places._open:
            self.held += size
            self._places.held += size

    def sit(self) -> None:
        """Take one of the places, or raise the answer 429."""
        if not self._places.make_seat():
            raise self._places.busy()
        self.seated = True
        self._places.taken += 1

    def moved(self, size: int) -> None:
        """Note that the client has sent or taken bytes."""
        self._moved += size
        if self._moved >= QUANTUM:
            self.begin()

    @asynccontextmanager
    async def client(self, seconds: float = PATIENCE) -> AsyncIterator[None]:
        """Wait for the client inside: `TimeoutError` if it is too slow, is cut off, or takes longer than `seconds`."""
        left = min(seconds, self.progressed + PATIENCE - time.monotonic())
        try:
            async with asyncio.timeout(left) as self._limit:
                yield
        finally:
            self._limit = None

    def begin(self) -> None:
        """Measure the client's speed from now on."""
        self._moved, self.progressed = 0, time.monotonic()

    def cut_off(self) -> None:
        """End the wait for this client, and give back what it holds."""
        self.close()
        if self._limit is not None:
            self._limit.reschedule(asyncio.get_running_loop().time())
            self._limit = None

    def close(self) -> None:
        """Give back what it holds."""
        self._places.forget(self)
