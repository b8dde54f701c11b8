"""The worker process: ``python -m diptych.web.worker`` reads jobs from standard input and writes answers to standard output."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import select
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from diptych.core.enhancer import Enhancer
from diptych.core.errors import BundleError, DiptychError, MissingExtraError, PhotoTooLargeError
from diptych.runtime import memory
from diptych.web import frames, jobs, listings
from diptych.web.models import ModelRegistry
from diptych.web.problem import Problem

Answer = tuple[dict[str, Any], list[bytes]]

_NICENESS = 15


def main(extra: Mapping[str, Enhancer] | None = None) -> None:
    """Answer jobs until standard input ends; `extra` are further recipes by name."""
    stdin, stdout = _own_pipes()
    threading.Thread(target=_end_with, args=[stdin], daemon=True).start()
    startup = frames.read(stdin)
    if startup is None:
        return
    head, content = startup
    try:
        registry = ModelRegistry(head["files"], b"".join(content), extra or {})
        registry.warm_up()
        gc.collect()
        memory.release_memory()
    except DiptychError as error:
        frames.write(stdout, {"error": type(error).__name__, "detail": str(error)})
        return
    frames.write(stdout, listings.everything(registry) if head["listing"] else {})
    desk = jobs.Desk(registry, max_pixels=head["max_pixels"], seconds=head["timeout"])
    low = False
    while (job := frames.read(stdin)) is not None:
        if job[0]["long"] and not low:
            low = True
            _give_way()
        frames.write(stdout, *answer(desk, *job))
        del job
        memory.release_memory()


def answer(desk: jobs.Desk, job: dict[str, Any], pieces: list[bytes]) -> Answer:
    """Do a job; whatever goes wrong is an answer as well."""
    try:
        return desk.do(job, pieces)
    except Problem as problem:
        return {"status": problem.status, "detail": problem.detail}, []
    except DiptychError as error:
        if isinstance(error, BundleError | MissingExtraError):  # a fault of the service, and the message may name files
            return _fault()
        return {"status": 413 if isinstance(error, PhotoTooLargeError) else 422, "detail": str(error)[:1000]}, []
    except MemoryError:
        return {"status": 413, "detail": "not enough memory for this picture; send a smaller one"}, []
    except Exception:
        return _fault()


def _fault() -> Answer:
    logging.getLogger(__name__).exception("a job failed")
    return {"status": 500, "detail": "internal error; see the log of the service"}, []


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return standard input and output, and leave neither to the libraries."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stdin, stdout = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return stdin, stdout


def _end_with(stdin: BinaryIO) -> None:
    """End this process when the service has ended, even in the middle of a job."""
    if not hasattr(select, "poll"):
        return
    poll = select.poll()
    poll.register(stdin.fileno(), select.POLLHUP)
    poll.poll()
    os._exit(1)


def _give_way() -> None:
    """Give way to all other processes. Threads that have begun are asked one by one; later ones follow."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    tasks = Path("/proc/self/task")
    for task in tasks.iterdir() if tasks.is_dir() else ():
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, int(task.name), _NICENESS)


if __name__ == "__main__":
    main()
