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
    """

    def __init__(self, workers: int, queue: int) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="diptych-web")
        self._lock = threading.Lock()
        self._usual = 1.0  # s, a moving mean
        self.workers, self.places = workers, workers + queue
        self.taken = self.running = self.overdue = 0

    @property
    def waiting(self) -> int:
        """Requests that hold a place and do not run."""
        return max(self.taken - self.running, 0)

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
                self.count(taken=-1)

    def count(self, *, taken: int = 0, running: int = 0, overdue: int = 0) -> None:
        """Change the numbers."""
        with self._lock:
            self.taken += taken
            self.running += running
            self.overdue += overdue

    def submit(self, work: Callable[[], T], begun: Callable[[], object]) -> Future[T]:
        """Queue work; `begun` is called from its thread when it begins."""
        return self._threads.submit(self._do, work, begun)

    def _do(self, work: Callable[[], T], begun: Callable[[], object]) -> T:
        self.count(running=1)
        begun()
        start = time.perf_counter()
        try:
            return work()
        finally:
            self._usual += 0.1 * (time.perf_counter() - start - self._usual)
            self.count(running=-1)

    def close(self) -> None:
        """Wait for what runs; what waits is dropped."""
        self._threads.shutdown(wait=True, cancel_futures=True)


class Place:
    """One place of a pool; good for one piece of work."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.used = False

    async def run(self, work: Callable[[], T], left: Callable[[], Awaitable[object]], seconds: float) -> T:
        """Do work on a thread and return its result.

        Parameters
        ----------
        work : function
            What is done.
        left : coroutine function
            Ends when nobody waits for the result any more. Work that has not begun by then is not done.
        seconds : float
            How long it may wait, and then how long it may take.

        Raises
        ------
        ClientDisconnect
            If nobody waits any more.
        Problem
            429 if it has waited too long, 422 if it takes too long.
        """
        loop, begun = asyncio.get_running_loop(), asyncio.Event()
        self.used = True
        future = self._pool.submit(work, lambda: loop.call_soon_threadsafe(begun.set))
        future.add_done_callback(lambda _: self._pool.count(taken=-1))
        outcome = asyncio.ensure_future(asyncio.wrap_future(future))
        outcome.add_done_callback(lambda done: done.cancelled() or done.exception())  # else asyncio complains of it
        tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(left()), asyncio.ensure_future(begun.wait())]
        try:
            if not await _first(tasks[1], tasks[0], seconds):
                raise self._pool.busy()
            if not await _first(outcome, tasks[0], seconds):
                self._give_up(future)
                raise Problem(422, f"this takes longer than {seconds:g} s; send a smaller picture, or ask for less")
            return outcome.result()
        finally:
            future.cancel()  # in vain if it runs already
            for task in tasks:
                task.cancel()

    def _give_up(self, future: Future[Any]) -> None:
        self._pool.count(overdue=1)
        future.add_done_callback(lambda _: self._pool.count(overdue=-1))


async def _first(wanted: asyncio.Future[Any], left: asyncio.Future[Any], seconds: float) -> bool:
    """Return whether it is there in time; raise `ClientDisconnect` if the client leaves first."""
    await asyncio.wait({wanted, left}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    if left.done() and not wanted.done():
        raise ClientDisconnect
    return wanted.done()
