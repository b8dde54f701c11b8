"""The worker processes that there are: started when they are needed, given out one job at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from diptych.core.errors import DiptychError
from diptych.web.process import COMMAND, Startup, Worker, WorkerError
from diptych.web.settings import Settings

_LOOK_AGAIN = 0.01  # seconds


class Crew:
    """Up to so many worker processes. One that has done long work keeps its low priority, and at least one never does any.

    Parameters
    ----------
    settings : Settings
        Limits, models and recipes.
    size : int
        How many, at least 2.
    command : sequence of str, optional
        What a worker process runs.
    """

    def __init__(self, settings: Settings, size: int, command: Sequence[str] = ()) -> None:
        self._startup, self._command, self._size = Startup(settings), tuple(command or COMMAND), size
        self._threads = ThreadPoolExecutor(2 * size, thread_name_prefix="diptych-web")
        self._idle: list[Worker] = []
        self._alive: set[Worker] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._listing: dict[str, Any] | None = None
        self._failure: Exception | None = None

    @property
    def broken(self) -> bool:
        """Whether no process could be started when one was needed last."""
        return self._failure is not None

    def start(self) -> dict[str, Any]:
        """Start the first process, and return the models, recipes and operators that it knows.

        Raises
        ------
        DiptychError
            If a model or recipe is not valid.
        """
        if self._listing is None:
            self._idle.append(self._new())
        assert self._listing is not None
        return self._listing

    async def listing(self) -> dict[str, Any]:
        """Return the models, recipes and operators."""
        return self._listing or await self.in_thread(self.start)

    async def fill(self, count: int) -> None:
        """Start processes until there are so many, in the background."""
        while len(self._alive) + len(self._starting) < min(count, self._size):
            self._begin_start()

    async def take(self, *, long: bool) -> Worker:
        """Return a process that is free; the caller gives it back or stops it.

        Raises
        ------
        DiptychError, WorkerError
            If none can be started.
        """
        while (worker := self._free(long)) is None:
            if self._failure is not None and not self._starting:
                failure, self._failure = self._failure, None
                raise failure
            if len(self._alive) + len(self._starting) < self._size:
                self._begin_start()
            await asyncio.sleep(_LOOK_AGAIN)
        self._idle.remove(worker)
        worker.low = worker.low or long
        return worker

    def give_back(self, worker: Worker) -> None:
        """Note that a process is free again."""
        self._idle.append(worker)

    async def stop(self, worker: Worker) -> None:
        """End a process, whatever it does, and start another."""
        self._alive.discard(worker)
        await asyncio.shield(self.in_thread(worker.kill))
        self._begin_start()

    def close(self) -> None:
        """End all processes, whatever they do."""
        self._size = 0
        for worker in list(self._alive):
            worker.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in list(self._alive):  # one that was being started
            worker.kill()

    async def in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Do what blocks while a process is at work."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    def _free(self, long: bool) -> Worker | None:
        usual = [worker for worker in self._idle if not worker.low]
        low = [worker for worker in self._idle if worker.low]
        if long:
            spare = sum(worker.low for worker in self._alive) < self._size - 1
            return next(iter(low + (usual if spare else [])), None)
        return next(iter(usual + (low if len(self._alive) >= self._size else [])), None)

    def _begin_start(self) -> None:
        if self._size:
            task = asyncio.ensure_future(self._start_one())
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)

    async def _start_one(self) -> None:
        try:
            self._idle.append(await self.in_thread(self._new))
            self._failure = None
        except (DiptychError, WorkerError, OSError) as error:
            self._failure = error

    def _new(self) -> Worker:
        worker = Worker(self._startup, self._command, listing=self._listing is None)
        self._alive.add(worker)
        self._listing = self._listing or worker.listing
        return worker
