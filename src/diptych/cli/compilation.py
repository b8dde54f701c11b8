"""Saying that kernels are being compiled, which takes seconds at their first use and would look like a hang."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

MESSAGE = "compiling kernels for this machine, once: later runs begin at once"


def announce_compilation(say: Callable[[str], object]) -> None:
    """Call `say` with the message when Numba first compiles something; Numba is not imported for it."""
    if not any(isinstance(finder, _NumbaFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _NumbaFinder(say))


class _NumbaFinder(importlib.abc.MetaPathFinder):
    """Waits for the import of Numba, and listens to its compiler from then on."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say

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
                _listen(self._say)

            loader.exec_module = execute_and_listen
        return spec


def _listen(say: Callable[[str], object]) -> None:
    from numba.core import event

    class Once(event.Listener):
        """Says it at the first compilation: what is in the cache on the disk is not compiled."""

        def __init__(self) -> None:
            self._said = threading.Lock()

        def on_start(self, event: Any) -> None:
            if self._said.acquire(blocking=False):
                say(MESSAGE)

        def on_end(self, event: Any) -> None:
            pass

    register: Any = event.register  # untyped
    register("numba:compile", Once())
