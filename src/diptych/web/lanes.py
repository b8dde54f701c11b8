"""Whose turn it is: short work goes first, and long work never takes the last process."""

from __future__ import annotations

import asyncio
import heapq
import itertools


class Lanes:
    """Two queues, for short and for long work, in front of a number of workers.

    Long work takes all workers but one. Short work takes all of them, or all but one if long work waits. Where there is one
    worker only, long work gets another, or short work would wait for it.

    Parameters
    ----------
    workers : int
        How many work at the same time.

    Examples
    --------
    >>> async def example():
    ...     lanes = Lanes(2)
    ...     await lanes.turn(long=True, rank=0)
    ...     second = asyncio.ensure_future(lanes.turn(long=True, rank=0))
    ...     await asyncio.sleep(0)
    ...     await lanes.turn(long=False, rank=9)
    ...     return second.done(), lanes.running, lanes.waiting
    >>> asyncio.run(example())
    (False, 2, 1)
    """

    def __init__(self, workers: int) -> None:
        self.processes = max(workers, 2)
        self._workers = workers
        self._queues: dict[bool, list[tuple[float, int, asyncio.Future[None]]]] = {False: [], True: []}
        self._running = {False: 0, True: 0}
        self._numbers = itertools.count()

    @property
    def running(self) -> int:
        """Number of turns taken."""
        return sum(self._running.values())

    @property
    def waiting(self) -> int:
        """Number of those who wait for their turn."""
        return sum(not turn.done() for queue in self._queues.values() for _, _, turn in queue)

    async def turn(self, *, long: bool, rank: float) -> None:
        """Wait for a turn; the lowest rank is next. Whoever has had it calls `done`."""
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queues[long], (rank, next(self._numbers), turn))
        self._next()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.done(long=long)
            raise

    def done(self, *, long: bool) -> None:
        """End a turn."""
        self._running[long] -= 1
        self._next()

    def _next(self) -> None:
        for long in (True, False):
            queue = self._queues[long]
            while queue:
                if queue[0][2].done():  # has left
                    heapq.heappop(queue)
                elif self._free(long):
                    self._running[long] += 1
                    heapq.heappop(queue)[2].set_result(None)
                else:
                    break

    def _free(self, long: bool) -> bool:
        shared = long or any(not turn.done() for _, _, turn in self._queues[True])
        most = self.processes - 1 if shared else self._workers
        return self.running < self.processes and self._running[long] < most
