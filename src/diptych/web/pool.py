"""A bounded pool of threads with a bounded queue, which drops work that nobody waits for any more."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect

from diptych.web.problems import Problem

T = TypeVar("T")


class Pool:
    """Threads behind a queue of bounded length.

    A request takes a slot before its body is read, so that the number of slots also bounds the memory. It keeps the slot
    until its work is done, even if the client has gone: compiled code cannot be interrupted.

    Parameters
    ----------
    workers : int
        Number of threads.
    queue : int
        Slots beyond those of the threads.
    seconds : float
        How long work may wait, and how long it may then take.
    """

    def __init__(self, workers: int, queue: int, seconds: float) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="diptych-web")
        self._lock = threading.Lock()
        self._mean_seconds = 1.0  # moving average
        self._starts: dict[int, float] = {}  # start times by thread
        self.workers, self.capacity, self.seconds = workers, workers + queue, seconds
        self.taken = 0

    @property
    def running(self) -> int:
        """Number of pictures in work."""
        return len(self._starts)

    @property
    def waiting(self) -> int:
        """Number of requests that have a slot and wait for a thread."""
        return max(self.taken - self.running, 0)

    @property
    def overdue(self) -> int:
        """Number of pictures in work beyond the time limit."""
        with self._lock:
            return sum(time.perf_counter() - start > self.seconds for start in self._starts.values())

    @property
    def full(self) -> bool:
        """Whether the next request would be refused."""
        return self.taken >= self.capacity

    @property
    def stuck(self) -> bool:
        """Whether every thread is busy beyond the time limit, so that only a restart helps."""
        return self.overdue >= self.workers

    def busy(self) -> Problem:
        """Return the answer 429, with the time after which to try again."""
        seconds = min(max(round(self._mean_seconds * self.taken / self.workers), 1), 60)
        return Problem(429, f"the service is busy; try again in {seconds} s", {"Retry-After": str(seconds)})

    @contextmanager
    def slot(self) -> Iterator[Slot]:
        """Take a slot, or raise the answer 429."""
        with self._lock:
            if self.taken >= self.capacity:
                raise self.busy()
            self.taken += 1
        slot = Slot(self)
        try:
            yield slot
        finally:
            if not slot.used:
                self.count(-1)

    def count(self, change: int) -> None:
        """Change the number of taken slots."""
        with self._lock:
            self.taken += change

    def submit(self, work: Callable[[], T], begun: Callable[[], object]) -> Future[T]:
        """Queue work; `begun` is called on its thread when it begins."""
        return self._threads.submit(self._run, work, begun)

    def _run(self, work: Callable[[], T], begun: Callable[[], object]) -> T:
        thread, start = threading.get_ident(), time.perf_counter()
        with self._lock:
            self._starts[thread] = start
        begun()
        try:
            return work()
        finally:
            with self._lock:
                del self._starts[thread]
                self._mean_seconds += 0.1 * (time.perf_counter() - start - self._mean_seconds)

    def close(self) -> None:
        """Wait for running work; drop waiting work."""
        self._threads.shutdown(wait=True, cancel_futures=True)


class Slot:
    """One slot of a pool, for one piece of work."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.used = False

    async def run(self, work: Callable[[], T], left: Callable[[], Awaitable[object]]) -> T:
        """Do work on a thread and return its result.

        Parameters
        ----------
        work : function
            The work.
        left : coroutine function
            Ends when the client has gone. Work that has not begun by then is dropped.

        Raises
        ------
        ClientDisconnect
            If the client has gone.
        Problem
            429 if the work has waited too long, 422 if it takes too long.
        """
        loop, begun, seconds = asyncio.get_running_loop(), asyncio.Event(), self._pool.seconds
        self.used = True
        future = self._pool.submit(work, lambda: loop.call_soon_threadsafe(begun.set))
        future.add_done_callback(lambda _: self._pool.count(-1))
        outcome = asyncio.ensure_future(asyncio.wrap_future(future))
        outcome.add_done_callback(
            lambda done: done.cancelled() or done.exception()
        )  # or asyncio logs the unread exception
        tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(left()), asyncio.ensure_future(begun.wait())]
        try:
            if not await _first(tasks[1], tasks[0], seconds):
                raise self._pool.busy()
            if not await _first(outcome, tasks[0], seconds):
                raise Problem(422, f"this takes longer than {seconds:g} s; send a smaller picture, or request less")
            return outcome.result()
        finally:
            future.cancel()  # has no effect on running work
            for task in tasks:
                task.cancel()


async def _first(wanted: asyncio.Future[Any], left: asyncio.Future[Any], seconds: float) -> bool:
    """Return whether the wanted future is done in time; raise `ClientDisconnect` if the client disconnects first."""
    await asyncio.wait({wanted, left}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    if left.done() and not wanted.done():
        raise ClientDisconnect
    return wanted.done()
