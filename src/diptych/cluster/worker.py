"""What a worker does: it makes the enhancer once, and then one picture after the other."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from diptych.cluster.job import JobSpec
from diptych.cluster.location import Location
from diptych.core.enhancer import Enhancer
from diptych.core.errors import DiptychError, ParameterError, PhotoExistsError

_ATTRIBUTE = "diptych_enhancers"
_MOST_SECONDS = 1.0  # of a parcel, after which no further picture of it is begun


@dataclass(frozen=True)
class Task:
    """One picture, by the names that it has in the two locations."""

    source: str
    target: str
    name: str
    fingerprint: str
    fresh: bool
    """True if an output that is there was not made by this run, and is to be kept."""


@dataclass(frozen=True)
class Done:
    """What became of a picture on its worker."""

    status: Literal["started", "done", "failed", "refused"]
    hash: str = ""
    reason: str = ""
    seconds: float = 0.0
    passing: bool = False
    """True if another try may well succeed: a network or a disk has failed, or the memory was full."""


class Enhancers:
    """The enhancer of a job, made when the first picture needs it. A worker has one of these for each job."""

    def __init__(self, job: JobSpec, fingerprint: str) -> None:
        self._job, self._fingerprint = job, fingerprint
        self._lock = threading.Lock()
        self._made: Enhancer | None = None

    @property
    def job(self) -> JobSpec:
        """The job."""
        return self._job

    def get(self) -> Enhancer:
        """Return the enhancer; an error if this machine's Diptych would give another result."""
        with self._lock:
            if self._made is None:
                if self._job.fingerprint != self._fingerprint:
                    raise ParameterError("the worker has another version of Diptych; install the same everywhere")
                self._made = self._job.enhancer()
            return self._made


def packed(tasks: list[Task]) -> bytes:
    """Return a parcel of pictures as it travels: schedulers keep their last thousand messages to each worker."""
    return zlib.compress(json.dumps([list(vars(task).values()) for task in tasks]).encode(), 1)


def unpacked(parcel: bytes) -> list[Task]:
    """Return the pictures of a parcel."""
    return [Task(*values) for values in json.loads(zlib.decompress(parcel))]


def enhance_many(parcel: bytes) -> list[Done]:
    """Do a parcel of pictures, and no more of them than fit in a second; the answers are those of the first ones."""
    tasks = unpacked(parcel)
    until = time.perf_counter() + _MOST_SECONDS
    answers = [enhance_one(tasks[0])]
    while len(answers) < len(tasks) and time.perf_counter() < until:
        answers.append(enhance_one(tasks[len(answers)]))
    return answers


def enhance_one(task: Task) -> Done:
    """Do one picture; failures are returned and not raised, so that they can be listed."""
    started = time.perf_counter()
    digest = ""
    passing = False
    try:
        content = Location(task.source).read(task.name)
        digest = hashlib.sha256(content).hexdigest()
        _do(task, content)
        reason = ""
    except PhotoExistsError as error:
        return Done("refused", digest, str(error))
    except DiptychError as error:
        reason = str(error)
    except MemoryError:
        reason, passing = "not enough memory on the worker; start workers with more, or fewer of them", True
    except OSError as error:
        reason, passing = f"{task.name}: {' '.join(str(error).split()) or type(error).__name__}", True
    except Exception as error:  # a bug must not take the other pictures with it
        reason = f"{task.name}: unexpected {type(error).__name__}: {error}; please report it"
    seconds = round(time.perf_counter() - started, 4)
    return Done("failed" if reason else "done", digest, reason, seconds, passing)


def _do(task: Task, content: bytes) -> None:
    from distributed import get_worker

    worker = get_worker()
    enhancers: Enhancers = getattr(worker, _ATTRIBUTE)[task.fingerprint]
    # In the folder that Dask removes if the worker is killed.
    with tempfile.TemporaryDirectory(dir=worker.local_directory) as folder:
        # The suffix of the name decides the format that is written.
        here = Path(folder) / f"in{os.path.splitext(task.name)[1]}"
        try:
            _store(task, _enhanced(enhancers, content, here))
        except DiptychError as error:
            name = Location(task.source).path_of(task.name)
            text = str(error).replace(str(here), name)
            named = text.startswith((name, Location(task.target).path_of(task.name)))
            raise type(error)(text if named else f"{name}: {text}") from None


def _store(task: Task, content: bytes) -> None:
    target = Location(task.target)
    if not (task.fresh and target.exists(task.name)):
        target.write(task.name, content)
    elif target.read(task.name) != content:  # the same bytes are ours: of a worker that was killed before it could tell
        raise PhotoExistsError(
            f"{target.path_of(task.name)}: exists already; use `existing='overwrite'` or `existing='skip'`"
        )


def _enhanced(enhancers: Enhancers, content: bytes, here: Path) -> bytes:
    from diptych.photo import read, write
    from diptych.runtime import enhance

    here.write_bytes(content)
    photo = enhance(read(here, max_pixels=enhancers.job.max_pixels), enhancers.get())
    write(here, photo, overwrite=True, quality=enhancers.job.quality)
    return here.read_bytes()


def plugin_for(job: JobSpec, fingerprint: str) -> Any:
    """Return the plugin that brings a job to every worker of a cluster, to those that start later too."""
    from distributed import WorkerPlugin

    class BringJob(WorkerPlugin):
        """Keeps the enhancer of a job on a worker."""

        name = f"diptych-{fingerprint}"

        def setup(self, worker: Any) -> None:
            """Make room for the enhancer; it is made with the first picture."""
            known = dict(getattr(worker, _ATTRIBUTE, {}))
            setattr(worker, _ATTRIBUTE, {**known, fingerprint: Enhancers(job, fingerprint)})

    return BringJob()
