"""A folder through a cluster: listed lazily, a bounded number of pictures under way, and a line in the manifest for each."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from diptych.cluster.job import JobSpec
from diptych.cluster.location import Found, Location
from diptych.cluster.manifest import Manifest, Record
from diptych.cluster.worker import Done, Task, enhance_one, plugin_for
from diptych.core.errors import MissingExtraError, ParameterError
from diptych.photo import sweep_temporary, unreadable_reason

if TYPE_CHECKING:
    from distributed import Client

Existing = Literal["refuse", "overwrite", "skip"]

_PER_THREAD = 3  # pictures under way: one in work, one waiting at the worker, one on its way


@dataclass(frozen=True, kw_only=True)
class Run:
    """Where pictures come from and go to, and how.

    Attributes
    ----------
    source, target : str
        A folder's path, or a URL that fsspec knows.
    job : JobSpec
        What is done with each picture.
    manifest : path
        The file of the manifest, on this machine.
    existing : {"refuse", "overwrite", "skip"}
        What happens where an output is there that this run has not made.
    retries : int
        How often a picture is tried again after a failure that may pass, or after the worker that had it died.
    """

    source: str
    target: str
    job: JobSpec
    manifest: str | os.PathLike[str]
    existing: Existing = "refuse"
    retries: int = 3


@dataclass(frozen=True)
class Outcome:
    """What became of one picture, as `diptych.runtime.batch.Result` says it; `tries` counts what was done for it.

    Attributes
    ----------
    input, output : str
        Where it came from, and where the result is.
    status : {"done", "skipped", "failed"}
        What became of it.
    reason : str
        Why it was skipped or failed.
    seconds : float
        What the work took.
    tries : int
        How often it was tried.
    """

    input: str
    output: str
    status: Literal["done", "skipped", "failed"]
    reason: str = ""
    seconds: float = 0.0
    tries: int = 1


@contextlib.contextmanager
def connected(cluster: str) -> Iterator[Client]:
    """Connect to a cluster: ``local:4`` starts four processes on this machine, an address means a running scheduler.

    Raises
    ------
    ParameterError
        If it is neither, or no scheduler answers there.
    MissingExtraError
        If Dask is not installed.
    """
    try:
        import dask
        import distributed
    except ImportError:
        raise MissingExtraError("clusters need Dask and fsspec; pip install 'diptych[cluster]'") from None
    kind, _, rest = cluster.partition(":")
    with contextlib.ExitStack() as closing:
        # A picture is no suspect because the worker that had it was killed: only `retries` counts.
        closing.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": 1000}))
        if kind == "local":
            if not rest.isdigit() or not 1 <= int(rest) <= 1024:
                raise ParameterError(f"the cluster {cluster} is no number of workers; write local:4")
            cluster = closing.enter_context(_local(int(rest))).scheduler_address
        elif not rest.startswith("//"):
            raise ParameterError(f"the cluster {cluster} is not allowed; give local:4 or tcp://SCHEDULER:8786")
        try:
            make: Any = distributed.Client
            client: Client = make(cluster, timeout=20, set_as_default=False)
        except (OSError, ValueError) as error:
            text = " ".join(str(error).split())[:160]
            raise ParameterError(f"the cluster {cluster}: no scheduler answers ({text}); start one there") from None
        yield closing.enter_context(client)


def _local(workers: int) -> Any:
    from distributed import LocalCluster

    make: Any = LocalCluster
    return make(
        n_workers=workers,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",
        env={"DIPTYCH_THREADS": "1"},
        silence_logs=logging.ERROR,
    )


def enhance_folder(run: Run, client: Client, *, on_other: Callable[[str], object] | None = None) -> Iterator[Outcome]:
    """Enhance a folder and yield what became of each picture, as it comes.

    `on_other` is called with the name of each file that is neither a picture nor a video.

    Parameters
    ----------
    run : Run
        What is to be done, and the manifest.
    client : distributed.Client
        Of the cluster.
    on_other : function, optional
        Called with the name of each file that is neither a picture nor a video.

    Returns
    -------
    iterator of Outcome
        In the order in which they come.

    Raises
    ------
    ParameterError
        If the folder is not there, or the two locations contain one another.
    BundleError, RecipeError
        If the job cannot be carried out.

    Examples
    --------
    ``for outcome in enhance_folder(run, Client("tcp://scheduler:8786")): print(outcome)``
    """
    source, target = Location(run.source), Location(run.target)
    if not source.is_there():
        raise ParameterError(f"{run.source}: no such folder; check the path")
    if source.holds(target) or target.holds(source):
        raise ParameterError(f"{run.target} and {run.source} lie in one another; give another folder for the results")
    job = run.job.portable()
    job.enhancer()  # what cannot be made is refused here, and not by every worker
    if target.local is not None:
        target.local.mkdir(parents=True, exist_ok=True)
    fingerprint = job.fingerprint
    client.register_plugin(plugin_for(job, fingerprint))
    with Manifest(run.manifest) as manifest:
        yield from _Dispatcher(run, client, manifest, fingerprint, on_other).run(source, target)


class _Dispatcher:
    """Sends pictures to workers, a bounded number at a time, and takes their results."""

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
        self._client: Any = client  # untyped
        self._under_way: dict[Any, tuple[Found, Task, int]] = {}
        self._swept: set[Path] = set()

    def run(self, source: Location, target: Location) -> Iterator[Outcome]:
        listed = source.files()
        with contextlib.ExitStack() as closing:
            closing.callback(self._cancel)
            more = True
            while more or self._under_way:
                most = self._most()  # workers come and go
                while more and len(self._under_way) < most:
                    found = next(listed, None)
                    more = found is not None
                    outcome = self._start(found, target) if found else None
                    if outcome:
                        yield outcome
                yield from self._finished()

    def _most(self) -> int:
        return max(2, _PER_THREAD * sum(self._client.nthreads().values()))

    def _start(self, found: Found, target: Location) -> Outcome | None:
        """Send a picture off; return what became of it if it needs no work."""
        name, version = found.name, found.version
        if found.kind == "other":
            if self._on_other:
                self._on_other(name)
            return None
        if found.kind == "unreadable":
            where = Location(self._run.source).path_of(name)
            return self._outcome(found, "failed", f"{where}: {unreadable_reason(name)}")
        ours = self._manifest.was_started(name, version, self._fingerprint)
        # Of a bucket the manifest is believed: to ask for each object would take longer than the work.
        if self._manifest.is_done(name, version, self._fingerprint) and (target.local is None or target.exists(name)):
            return self._outcome(found, "skipped", "done before")
        if self._run.existing == "skip" and not ours and target.exists(name):
            return self._outcome(found, "skipped", "the output exists already")
        self._sweep(target, name)
        self._manifest.add(Record(name, name, version, self._fingerprint, "started"))
        fresh = self._run.existing == "refuse" and not ours
        self._submit(
            found, Task(_anywhere(self._run.source), _anywhere(self._run.target), name, self._fingerprint, fresh), 1
        )
        return None

    def _sweep(self, target: Location, name: str) -> None:
        """Remove what killed workers of this machine have left in a folder, when its first picture is sent off."""
        folder = None if target.local is None else (target.local / name).parent
        if folder is not None and folder not in self._swept and folder.is_dir():
            sweep_temporary(folder)
            self._swept.add(folder)

    def _submit(self, found: Found, task: Task, tries: int) -> None:
        future = self._client.submit(enhance_one, task, pure=False)
        self._under_way[future] = found, task, tries

    def _finished(self) -> Iterator[Outcome]:
        import distributed

        wait: Any = distributed.wait
        if not self._under_way:
            return
        with self._client.as_current():
            finished = wait(list(self._under_way), return_when="FIRST_COMPLETED").done
        for future in finished:
            found, task, tries = self._under_way.pop(future)
            done = _result(future)
            future.release()
            if done.passing and tries <= self._run.retries:
                self._submit(found, task, tries + 1)
                continue
            self._manifest.add(
                Record(
                    found.name,
                    found.name,
                    found.version,
                    self._fingerprint,
                    done.status,
                    done.hash,
                    done.reason,
                    done.seconds,
                )
            )
            yield self._outcome(found, "done" if done.status == "done" else "failed", done.reason, done.seconds, tries)

    def _outcome(
        self,
        found: Found,
        status: Literal["done", "skipped", "failed"],
        reason: str,
        seconds: float = 0.0,
        tries: int = 1,
    ) -> Outcome:
        source, target = Location(self._run.source), Location(self._run.target)
        return Outcome(source.path_of(found.name), target.path_of(found.name), status, reason, seconds, tries)

    def _cancel(self) -> None:
        if self._under_way:
            with contextlib.suppress(Exception):  # the scheduler may be gone, which is why we are here
                self._client.cancel(list(self._under_way))


def _anywhere(location: str) -> str:
    """Return what a location is called on workers, whose working folder is another one."""
    return location if "://" in location else os.path.abspath(location)


def _result(future: Any) -> Done:
    """Return the result of a future; a worker that died, or a scheduler that lost it, is a failure that may pass."""
    try:
        done: Done = future.result()
        return done
    except Exception as error:  # Dask's errors have no common base
        text = " ".join(str(error).split())[:200]
        return Done("failed", reason=f"the cluster lost it ({type(error).__name__}: {text})", passing=True)
