"""A bounded number of threads, a bounded number of places in the queue, and nobody's work done in vain."""

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
    """Threads with a queue of bounded length in front of them.

    A request takes a place before its body is read, so that the places bound the memory as well, and keeps it until its
    work is over, even if nobody waits for it any more: compiled code cannot be interrupted.

    Parameters
    ----------
    workers : int
        Threads.
    queue : int
        Places beside those of the threads.
    seconds : float
        How long work may wait, and then how long it may take.
    """

    def __init__(self, workers: int, queue: int, seconds: float) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="diptych-web")
        self._lock = threading.Lock()
        self._usual = 1.0  # s, a moving mean
        self._starts: dict[int, float] = {}  # of what runs, by thread
        self.workers, self.places, self.seconds = workers, workers + queue, seconds
        self.taken = 0

    @property
    def running(self) -> int:
        """Pictures that a thread works on."""
        return len(self._starts)

    @property
    def waiting(self) -> int:
        """Requests that hold a place and do not run."""
        return max(self.taken - self.running, 0)

    @property
    def overdue(self) -> int:
        """Pictures that are still worked on though their time is over."""
        with self._lock:
            return sum(time.perf_counter() - start > self.seconds for start in self._starts.values())

    @property
    def full(self) -> bool:
        """Whether the next request would be refused."""
        return self.taken >= self.places

    @property
    def stuck(self) -> bool:
        """Whether every thread is busy with work that has used up its time: only a restart helps."""
        return self.overdue >= self.workers

    def busy(self) -> Problem:
        """Return the answer for whom there is no place; it says when to come again."""
        seconds = min(max(round(self._usual * self.taken / self.workers), 1), 60)
        return Problem(429, f"all places are taken; try again in {seconds} s", {"Retry-After": str(seconds)})

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Take a place, or raise the answer 429."""
        with self._lock:
            if self.taken >= self.places:
                raise self.busy()
            self.taken += 1
        place = Place(self)
        try:
            yield place
        finally:
            if not place.used:
                self.count(-1)

    def count(self, change: int) -> None:
        """Take or give back places."""
        with self._lock:
            self.taken += change

    def submit(self, work: Callable[[], T], begun: Callable[[], object]) -> Future[T]:
        """Queue work; `begun` is called from its thread when it begins."""
        return self._threads.submit(self._do, work, begun)

    def _do(self, work: Callable[[], T], begun: Callable[[], object]) -> T:
        thread, start = threading.get_ident(), time.perf_counter()
        with self._lock:
            self._starts[thread] = start
        begun()
        try:
            return work()
        finally:
            with self._lock:
                del self._starts[thread]
                self._usual += 0.1 * (time.perf_counter() - start - self._usual)

    def close(self) -> None:
        """Wait for what runs; what waits is dropped."""
        self._threads.shutdown(wait=True, cancel_futures=True)


class Place:
    """One place of a pool; good for one piece of work."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.used = False

    async def run(self, work: Callable[[], T], left: Callable[[], Awaitable[object]]) -> T:
        """Do work on a thread and return its result.

        Parameters
        ----------
        work : function
            What is done.
        left : coroutine function
            Ends when nobody waits for the result any more. Work that has not begun by then is not done.

        Raises
        ------
        ClientDisconnect
            If nobody waits any more.
        Problem
            429 if it has waited too long, 422 if it takes too long.
        """
        loop, begun, seconds = asyncio.get_running_loop(), asyncio.Event(), self._pool.seconds
        self.used = True
        future = self._pool.submit(work, lambda: loop.call_soon_threadsafe(begun.set))
        future.add_done_callback(lambda _: self._pool.count(-1))
        outcome = asyncio.ensure_future(asyncio.wrap_future(future))
        outcome.add_done_callback(lambda done: done.cancelled() or done.exception())  # else asyncio complains of it
        tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(left()), asyncio.ensure_future(begun.wait())]
        try:
            if not await _first(tasks[1], tasks[0], seconds):
                raise self._pool.busy()
            if not await _first(outcome, tasks[0], seconds):
                raise Problem(422, f"this takes longer than {seconds:g} s; send a smaller picture, or ask for less")
            return outcome.result()
        finally:
            future.cancel()  # in vain if it runs already
            for task in tasks:
                task.cancel()


async def _first(wanted: asyncio.Future[Any], left: asyncio.Future[Any], seconds: float) -> bool:
    """Return whether it is there in time; raise `ClientDisconnect` if the client leaves first."""
    await asyncio.wait({wanted, left}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    if left.done() and not wanted.done():
        raise ClientDisconnect
    return wanted.done()
