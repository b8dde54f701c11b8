"""Which pictures of a watched folder are ready: by looking at sizes and times, so that it works on any file system."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from diptych.core.errors import ParameterError

if TYPE_CHECKING:
    from diptych.photo import FoundPhoto
    from diptych.runtime.batch import Result
    from diptych.runtime.outputs import Job, Naming

State = tuple[int, int]  # size in bytes, and when it was changed, in nanoseconds


class Watcher:
    """Looks at a folder, time and again. Its memory is the folder of results: what has one is done.

    Parameters
    ----------
    root : Path
        The folder.
    naming : Naming
        Where results go.
    again : bool
        Whether a picture that is newer than its result is done again.

    Attributes
    ----------
    waiting : int
        How many pictures the last look found that may still grow.

    Raises
    ------
    ParameterError
        If the folder is none, or is that of the results.
    """

    def __init__(self, root: Path, naming: Naming, *, again: bool = False) -> None:
        if not root.is_dir():
            raise ParameterError(f"{root}: is no folder; give one that can be watched")
        target = Path(str(naming.output))
        if target.is_file():
            raise ParameterError(f"-o {target}: is a file; give a folder for the results")
        if target.resolve() == root.resolve():
            raise ParameterError(f"-o {target}: is the folder that is watched; give another one")
        self._root, self._naming, self._again = root, naming, again
        self._seen: dict[Path, State] = {}
        self._failed: dict[Path, State] = {}
        self._told: dict[Path, str] = {}
        self._news: list[str] = []
        self._swept: set[Path] = set()
        self.waiting = 0

    def ready(self) -> list[Job]:
        """Return what is to be done with the pictures that have not changed since the last look, and have no result."""
        from diptych.photo import search, unreadable_reason
        from diptych.runtime.outputs import Job

        if not self._root.is_dir():
            self._say(self._root, "is not there; waiting for it")
            self.waiting = 0
            return []
        self._told.pop(self._root, None)
        found = search([self._root], exclude=self._naming.is_output)
        for path in found.unreadable:
            self._say(path, f"left out: {unreadable_reason(path)}")
        states = {one: state for one in found.photos if (state := _state(one.path)) is not None}
        jobs: dict[Path, Job] = {}
        self.waiting = 0
        for one, state in states.items():
            target = self._naming.of(one)
            if self._is_done(one, target, state):
                continue
            if self._seen.get(one.path) != state or state[0] == 0:
                self.waiting += 1
            elif target in jobs:
                self._say(one.path, f"left out: {jobs[target].input} has the same result, {target}; rename one of them")
            else:
                jobs[target] = Job(one.path, target)
        self._seen = {one.path: state for one, state in states.items()}
        self._sweep({job.output.parent for job in jobs.values()})
        return list(jobs.values())

    def _is_done(self, one: FoundPhoto, target: Path, state: State) -> bool:
        if self._failed.get(one.path) == state or self._told.get(one.path, "").startswith("left out"):
            return True
        with contextlib.suppress(OSError):
            changed = target.stat().st_mtime_ns
            return not self._again or changed >= state[1]
        return False

    def settled(self, result: Result) -> None:
        """Take what became of a picture: one that has failed is not tried again before it changes."""
        path = Path(result.input)
        if result.status == "failed" and path in self._seen:
            self._failed[path] = self._seen[path]

    def told(self) -> list[str]:
        """Return what is new to say, each thing once."""
        news, self._news = self._news, []
        return news

    def _say(self, path: Path, text: str) -> None:
        if self._told.get(path) != text:
            self._told[path] = text
            self._news.append(f"{path}: {text}")

    def _sweep(self, folders: set[Path]) -> None:
        """Remove what a killed run has left in folders of results."""
        from diptych.photo import sweep_temporary

        for folder in folders - self._swept:
            self._swept.add(folder)
            if folder.is_dir():
                sweep_temporary(folder)


def _state(path: Path) -> State | None:
    try:
        found = path.stat()
    except OSError:  # gone meanwhile
        return None
    return found.st_size, found.st_mtime_ns
