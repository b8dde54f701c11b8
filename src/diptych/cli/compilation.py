"""Compiling kernels at first use: said, because it takes seconds and would look like a hang, and done by two processes."""

from __future__ import annotations

import atexit
import importlib.abc
import importlib.machinery
import importlib.util
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

MESSAGE = "compiling kernels for this machine, once: later runs begin at once"

_SECOND = "from diptych.runtime.compiling import compile_default; compile_default()"


def announce_compilation(say: Callable[[str], object]) -> None:
    """Call `say` with the message when Numba first compiles something; Numba is not imported for it."""
    _at_first(lambda: say(MESSAGE))


def compile_in_two() -> None:
    """Let a second process compile the default enhancer's kernels too, from the other end, if there is one to compile.

    Both write what they have compiled to the same cache, in which either finds what the other was faster with. The second ends
    with the first.
    """
    from diptych.core.parallel import available_cores

    if available_cores() > 1:
        _at_first(_start_second)


def _start_second() -> None:
    quiet = subprocess.DEVNULL
    try:
        second = subprocess.Popen([sys.executable, "-P", "-c", _SECOND], stdin=quiet, stdout=quiet, stderr=quiet)
    except OSError:  # then it takes a little longer
        return
    atexit.register(second.kill)


def _at_first(do: Callable[[], object]) -> None:
    """Call a function when Numba first compiles something."""
    waiting = [finder for finder in sys.meta_path if isinstance(finder, _NumbaFinder)]
    if waiting:
        waiting[0].calls.append(do)
    elif "numba" not in sys.modules:
        sys.meta_path.insert(0, _NumbaFinder([do]))


class _NumbaFinder(importlib.abc.MetaPathFinder):
    """Waits for the import of Numba, and listens to its compiler from then on."""

    def __init__(self, calls: list[Callable[[], object]]) -> None:
        self.calls = calls

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return Numba's own spec, with a loader that also registers the listener; None for all other modules."""
        if fullname != "numba":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        loader: Any = spec.loader if spec else None
        if loader is not None:
            execute = loader.exec_module

            def execute_and_listen(module: ModuleType) -> None:
                execute(module)
                _listen(self.calls)

            loader.exec_module = execute_and_listen
        return spec


def _listen(calls: list[Callable[[], object]]) -> None:
    from numba.core import event

    class Once(event.Listener):
        """Acts at the first compilation: what is in the cache on the disk is not compiled."""

        def __init__(self) -> None:
            self._done = threading.Lock()

        def on_start(self, event: Any) -> None:
            if self._done.acquire(blocking=False):
                for call in calls:
                    call()

        def on_end(self, event: Any) -> None:
            pass

    register: Any = event.register  # untyped
    register("numba:compile", Once())
