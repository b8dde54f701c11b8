"""Killing a process in the middle of its work, and knowing that the kill came before the end."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path


def wait_for(condition: Callable[[], bool], seconds: float = 240.0) -> None:
    """Wait until a condition holds; the limit is reached only where something hangs."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def kill_amid(command: Sequence[str], ready: Callable[[], bool], *, then: float = 0.0, clear: Path) -> None:
    """Start a command and kill it some seconds after `ready` holds.

    A machine that is busy elsewhere may let the command finish first: then the folder `clear` is removed, and it is tried
    again, up to ten times.
    """
    for _ in range(10):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda process=process: ready() or process.poll() is not None)
        time.sleep(then)
        process.kill()
        if process.wait() == -signal.SIGKILL:
            return
        shutil.rmtree(clear)
    raise AssertionError(f"{command} always finished before it was killed")
