"""Pictures to workers, in parcels, a bounded number at a time; and lines in the manifest for each picture."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from diptych.cluster.job import Outcome, Run
from diptych.cluster.location import Found, Location
from diptych.cluster.manifest import Manifest, Record
from diptych.cluster.worker import Done, Task, enhance_many, packed
from diptych.core.errors import ParameterError
from diptych.photo import sweep_temporary, unreadable_reason

if TYPE_CHECKING:
    from distributed import Client

_PER_THREAD = 3  # parcels under way: one in work, one waiting at the worker, one on its way
_PARCEL_SECONDS = 0.25  # of work in a parcel of pictures, as far as it can be foreseen
_LARGEST = 256  # pictures in a parcel


@dataclass(frozen=True)
class _Sent:
    """A picture that is sent to a worker, for the so-manieth time; `begun` once the manifest says so."""

    found: Found
    task: Task
    tries: int = 1
    begun: bool = False


class Dispatcher:
    """Sends pictures to workers, a bounded number at a time, and takes their results.

    What Dask does for a task takes some milliseconds, so that small pictures travel in parcels: as many as a worker is
    expected to do in `_PARCEL_SECONDS`.
    """

    def __init__(
        self,
        run: Run,
        client: Client,
        manifest: Manifest,
        fingerprint: str,
        on_other: Callable[[str], object] | None,
    ) -> None:
        self._run, self._manifest, self._fingerprint = run, manifest, fingerprint
        self._on_other = on_other
        self._source, self._target = Location(run.source), Location(run.target)
        self._ends = _anywhere(run.source), _anywhere(run.target)
        self._client: Any = client  # untyped
        self._finished: Any = None  # an `as_completed` of what is under way
        self._under_way: dict[Any, list[_Sent]] = {}
        self._waiting: deque[list[_Sent]] = deque()  # parcels to be sent before more is listed
        self._parcel = 1
        self._most, self._counted = 0, -math.inf
        self._swept: set[Path] = set()

    def run(self) -> Iterator[Outcome]:
        """Yield what became of each picture, as it comes."""
        from distributed import as_completed

        make: Any = as_completed
        listed = self._source.files()
        with contextlib.ExitStack() as closing:
            closing.callback(self._cancel)
            self._finished = make(loop=self._client.loop)
            more = True
            while more or self._under_way or self._waiting:
                while len(self._under_way) < self._at_once() and (self._waiting or more):
                    if not self._waiting:
                        parcel, outcomes, more = self._gathered(listed)
                        yield from outcomes
                        self._waiting.extend([parcel] if parcel else [])
                    if self._waiting:
                        self._submit(self._waiting.popleft())
                if self._under_way:
                    yield from self._taken(next(self._finished))

    def _at_once(self) -> int:
        """Return how many parcels may be under way; workers come and go, and are counted once a second."""
        if time.monotonic() > self._counted + 1:
            self._most = max(2, _PER_THREAD * _threads_of(self._client))
            self._counted = time.monotonic()
        return self._most

    def _gathered(self, listed: Iterator[Found]) -> tuple[list[_Sent], list[Outcome], bool]:
        """Return the next parcel, what became of pictures that need no work, and whether more may follow."""
        parcel: list[_Sent] = []
        outcomes: list[Outcome] = []
        while len(parcel) < self._parcel and len(outcomes) < _LARGEST:
            found = next(listed, None)
            if found is None:
                return parcel, outcomes, False
            outcome = self._without_work(found)
            if outcome:
                outcomes.append(outcome)
            elif found.kind == "picture":
                parcel.append(self._prepared(found))
        return parcel, outcomes, True

    def _without_work(self, found: Found) -> Outcome | None:
        """Return what became of a picture if it needs no work."""
        name, version = found.name, found.version
        if found.kind == "other":
            if self._on_other:
                self._on_other(name)
            return None
        if found.kind == "unreadable":
            return self._outcome(found, "failed", f"{self._source.path_of(name)}: {unreadable_reason(name)}")
        # Of a bucket the manifest is believed: to ask for each object would take longer than the work.
        if self._manifest.is_done(name, version, self._fingerprint) and (
            self._target.local is None or self._target.exists(name)
        ):
            return self._outcome(found, "skipped", "done before")
        ours = self._manifest.was_started(name, version, self._fingerprint)
        if self._run.existing == "skip" and not ours and self._target.exists(name):
            return self._outcome(found, "skipped", "the output exists already")
        return None

    def _prepared(self, found: Found) -> _Sent:
        self._sweep(found.name)
        ours = self._manifest.was_started(found.name, found.version, self._fingerprint)
        fresh = self._run.existing == "refuse" and not ours
        return _Sent(found, Task(*self._ends, found.name, self._fingerprint, fresh))

    def _sweep(self, name: str) -> None:
        """Remove what killed workers of this machine have left in a folder, when its first picture is sent off."""
        folder = None if self._target.local is None else (self._target.local / name).parent
        if folder is not None and folder not in self._swept and folder.is_dir():
            sweep_temporary(folder)
            self._swept.add(folder)

    def _submit(self, parcel: list[_Sent]) -> None:
        self._manifest.add(*(self._record(sent.found, Done("started")) for sent in parcel if not sent.begun))
        future = self._client.submit(enhance_many, packed([sent.task for sent in parcel]), pure=False)
        self._under_way[future] = [replace(sent, begun=True) for sent in parcel]
        self._finished.add(future)

    def _taken(self, future: Any) -> list[Outcome]:
        """Return what became of a parcel; what is to be tried again, or was not begun for want of time, waits."""
        parcel = self._under_way.pop(future)
        lost = future.status != "finished"
        answers = _result(future, len(parcel))
        future.release()
        if not lost:
            self._weigh(answers)
        together = lost and len(parcel) > 1  # which picture it was, nobody knows
        self._waiting.extend([parcel[len(answers) :]] if len(answers) < len(parcel) else [])
        ended: list[tuple[_Sent, Done]] = []
        for sent, done in zip(parcel, answers, strict=False):
            if together or (done.passing and sent.tries <= self._run.retries):
                # Alone: what it does to a worker, it does to itself.
                self._waiting.append([replace(sent, tries=sent.tries + 1)])
            else:
                ended.append((sent, done))
        self._manifest.add(*(self._record(sent.found, done) for sent, done in ended))
        return [
            self._outcome(
                sent.found, "done" if done.status == "done" else "failed", done.reason, done.seconds, sent.tries
            )
            for sent, done in ended
        ]

    def _weigh(self, answers: list[Done]) -> None:
        """Choose the size of the next parcels by what the last pictures took, four times the present one at most."""
        each = sum(done.seconds for done in answers) / len(answers)
        fitting = int(_PARCEL_SECONDS / max(each, 1e-6))
        self._parcel = max(1, min(fitting, 4 * self._parcel, _LARGEST))

    def _record(self, found: Found, done: Done) -> Record:
        where = found.name, found.name, found.version, self._fingerprint
        return Record(*where, done.status, done.hash, done.reason, done.seconds)

    def _outcome(
        self,
        found: Found,
        status: Literal["done", "skipped", "failed"],
        reason: str,
        seconds: float = 0.0,
        tries: int = 1,
    ) -> Outcome:
        paths = self._source.path_of(found.name), self._target.path_of(found.name)
        return Outcome(*paths, status, reason, seconds, tries)

    def _cancel(self) -> None:
        if self._under_way:
            with contextlib.suppress(Exception):  # the scheduler may be gone, which is why we are here
                self._client.cancel(list(self._under_way))


def _threads_of(client: Any) -> int:
    try:
        return sum(client.nthreads().values())
    except (OSError, RuntimeError):  # Dask's words are "ConnectionPool is closed"
        raise ParameterError("the scheduler answers no more; start it again, and a second run goes on") from None


def _anywhere(location: str) -> str:
    """Return what a location is called on workers, whose working folder is another one."""
    return location if "://" in location else os.path.abspath(location)


def _result(future: Any, count: int) -> list[Done]:
    """Return the results of a parcel; a worker that died, or a scheduler that lost it, is a failure that may pass."""
    try:
        done: list[Done] = future.result()
        return done
    except Exception as error:  # Dask's errors have no common base
        text = " ".join(str(error).split())[:200]
        reason = f"the cluster lost it ({type(error).__name__}: {text})"
        return [Done("failed", reason=reason, passing=True)] * count
