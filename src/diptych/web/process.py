"""A worker process: it does one job after the other, and can be stopped in the middle of one."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from diptych.core import errors
from diptych.core.errors import DiptychError, ParameterError
from diptych.web import frames
from diptych.web.settings import Settings

COMMAND = (sys.executable, "-m", "diptych.web.worker")
"""What a worker process runs."""


class WorkerError(Exception):
    """A worker process has ended in the middle of a job."""


class Startup:
    """What every worker process gets at its start: limits, and the content of the files of models and recipes.

    The files are read once, so that all processes have the same content whatever happens to the files later.

    Raises
    ------
    ParameterError
        If a file cannot be read.
    """

    def __init__(self, settings: Settings) -> None:
        files = [("models", name, os.fspath(path)) for name, path in settings.models.items()]
        files += [("recipes", name, os.fspath(path)) for name, path in settings.recipes.items()]
        self.content = [_read(path) for _, _, path in files]
        self.head: dict[str, Any] = {
            "files": [[*file, len(data)] for file, data in zip(files, self.content, strict=True)],
            "max_pixels": settings.max_pixels,
            "timeout": settings.timeout,
        }


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise ParameterError(
            f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); check the path"
        ) from None


class Worker:
    """One process. Its methods block; `kill` may be called from any thread, and ends what blocks.

    Parameters
    ----------
    startup : Startup
        Limits, models and recipes.
    command : sequence of str
        What to run.
    listing : bool
        Whether to ask for the models, recipes and operators.

    Attributes
    ----------
    low : bool
        Whether it has low priority, since it has done long work.
    listing : dict
        Models, recipes and operators, as the service lists them; empty if it was not asked for.

    Raises
    ------
    DiptychError
        If a model or recipe is not valid.
    """

    def __init__(self, startup: Startup, command: Sequence[str] = COMMAND, *, listing: bool = True) -> None:
        self.low = False
        # Of its own session, so that Ctrl-C reaches the service alone, which lets accepted work finish.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment(), start_new_session=True
        )
        try:
            self.listing, _ = self.do(startup.head | {"listing": listing}, startup.content)
            if "error" in self.listing:
                kind = getattr(errors, self.listing["error"], DiptychError)
                raise kind(self.listing["detail"])
        except BaseException:
            self.kill()
            raise

    def do(self, job: dict[str, Any], pieces: Sequence[bytes] = ()) -> tuple[dict[str, Any], list[bytes]]:
        """Send a job and return the answer.

        Raises
        ------
        WorkerError
            If the process ends before it has answered.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            frames.write(self._process.stdin, job, pieces)
            answer = frames.read(self._process.stdout)
        except (OSError, ValueError):  # its pipes are closed
            answer = None
        if answer is None:
            raise WorkerError
        return answer

    def kill(self) -> None:
        """End the process, whatever it does."""
        with contextlib.suppress(OSError):
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()


def _environment() -> dict[str, str]:
    # Memory that one thread has freed is of use to the others.
    return {"MALLOC_ARENA_MAX": "2", **os.environ}
