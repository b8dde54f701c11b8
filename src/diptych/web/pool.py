"""Jobs on their way through a bounded queue to the worker processes, and out of them when their time is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.requests import ClientDisconnect

from diptych.web.crew import Crew
from diptych.web.lanes import Lanes
from diptych.web.places import Places
from diptych.web.problem import Problem
from diptych.web.process import Worker, WorkerError
from diptych.web.settings import Settings

Answer = tuple[dict[str, Any], list[bytes]]

_LATER, _LATEST = 4.0, 20.0  # a body of a MiB waits as if it had come so many seconds later; at most so many
_ROOM_SECONDS = 5.0


class Pool:
    """Worker processes behind a bounded queue.

    What a process judges to take long is handed on to another of low priority.

    Parameters
    ----------
    settings : Settings
        Limits, models and recipes.
    command : sequence of str, optional
        What a worker process runs.
    """

    def __init__(self, settings: Settings, command: Sequence[str] = ()) -> None:
        self._lanes = Lanes(settings.workers)
        self.crew = Crew(settings, self._lanes.processes, command)
        self.places = Places(settings.capacity, settings.max_held, settings.workers)
        self._seconds = settings.timeout
        self._unfinished: set[asyncio.Task[Answer]] = set()
        self.stopped = 0

    @property
    def running(self) -> int:
        """Number of pictures in work."""
        return self._lanes.running

    @property
    def waiting(self) -> int:
        """Number of requests that wait for a process."""
        return self._lanes.waiting

    async def run(self, job: dict[str, Any], body: list[bytes], left: Callable[[], Awaitable[object]]) -> Answer:
        """Do a job and return its answer.

        Parameters
        ----------
        job : dict
            What `diptych.web.jobs.Desk` does.
        body : list of bytes
            The body of the request, in pieces.
        left : coroutine function
            Ends when the client has gone. What has not begun by then is dropped, and what takes long is stopped.

        Raises
        ------
        ClientDisconnect
            If the client has gone.
        Problem
            429 if the work has waited too long, 422 if it takes too long.
        """
        way = _Way(job, body)
        work = asyncio.ensure_future(self._through(way))
        gone = asyncio.ensure_future(left())
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise ClientDisconnect
            return work.result()
        finally:
            gone.cancel()
            if not work.done() and not way.worth_finishing:
                work.cancel()
            self._unfinished.add(work)
            work.add_done_callback(self._finished)

    def _finished(self, work: asyncio.Task[Answer]) -> None:
        self._unfinished.discard(work)
        _ = work.cancelled() or work.exception()  # or asyncio logs it

    async def _through(self, way: _Way) -> Answer:
        answer = await self._once(way, long=False)
        return await self._once(way, long=True) if "long" in answer[0] else answer

    async def _once(self, way: _Way, *, long: bool) -> Answer:
        rank = time.monotonic() + min(_LATER * sum(map(len, way.body)) / (1 << 20), _LATEST)
        try:
            async with asyncio.timeout(self._seconds):
                await self._lanes.turn(long=long, rank=rank)
        except TimeoutError:
            raise self.places.busy() from None
        try:
            await self._room()
            worker = await self.crew.take(long=long)
            way.worth_finishing = not long  # to start another process takes more than what is left to do
            return await self._do(worker, way, long=long)
        finally:
            way.worth_finishing = False
            self._lanes.done(long=long)

    async def _do(self, worker: Worker, way: _Way, *, long: bool) -> Answer:
        start = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds):
                answer: Answer = await self.crew.in_thread(worker.do, way.job | {"long": long}, way.body)
        except BaseException as error:
            await self.crew.stop(worker)
            self.stopped += 1
            if isinstance(error, TimeoutError):
                text = f"this takes longer than {self._seconds:g} s; send a smaller picture, or request less"
                raise Problem(422, text) from None
            if isinstance(error, WorkerError):
                raise Problem(422, "the picture could not be processed; try a smaller one, or another") from None
            raise
        self.crew.give_back(worker)
        self.places.mean_seconds += 0.1 * (time.monotonic() - start - self.places.mean_seconds)
        return answer

    async def _room(self) -> None:
        """Wait for room for an answer; whoever does not take theirs makes it."""
        end = time.monotonic() + _ROOM_SECONDS
        while not self.places.make_room():
            if time.monotonic() > end:
                raise self.places.busy()
            await asyncio.sleep(0.05)


class _Way:
    """A job on its way."""

    def __init__(self, job: dict[str, Any], body: list[bytes]) -> None:
        self.job, self.body = job, body
        self.worth_finishing = False
