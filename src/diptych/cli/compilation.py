"""Compiling kernels at first use: said, because it takes seconds and would look like a hang, and done by two processes."""

from __future__ import annotations

import atexit
import importlib.abc
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

MESSAGE = "compiling kernels for this machine, once: later runs begin at once"
MESSAGE_UNKEPT = (
    "compiling kernels; to keep them for later runs, set NUMBA_CACHE_DIR to a folder that can be written to"
)

_SECOND = "from diptych.runtime.compiling import compile_default; compile_default()"


def announce_compilation(say: Callable[[str], object]) -> None:
    """Call `say` with the message when Numba first compiles something; Numba is not imported for it."""
    _at_first(lambda: say(MESSAGE if _are_kept() else MESSAGE_UNKEPT))


def prepare_for_default() -> None:
    """Make the first picture and the first second short where the default enhancer is all that runs.

    If there is something to compile, a second process compiles the default enhancer's kernels too, the later ones
    first. Both write to the same cache, in which either finds what the other was faster with. The second ends with the first.

    Numba is loaded without SciPy's linear algebra, which takes as long to load as Numba and which none of these kernels calls.
    """
    from diptych.core.parallel import available_cores

    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if available_cores() > max(1.0, load):  # else it would only take turns with the first
        _at_first(_start_second)
    for finder in _finders():
        finder.without_scipy = True


def _are_kept() -> bool:
    from diptych.core.kernels import KERNEL

    return bool(KERNEL["cache"])


def _start_second() -> None:
    if not _are_kept():  # what it compiles could not be handed over
        return
    quiet = subprocess.DEVNULL
    try:
        second = subprocess.Popen([sys.executable, "-P", "-c", _SECOND], stdin=quiet, stdout=quiet, stderr=quiet)
    except OSError:  # then it takes a little longer
        return
    atexit.register(second.kill)


def _at_first(do: Callable[[], object]) -> None:
    """Call a function when Numba first compiles something."""
    waiting = _finders()
    if waiting:
        waiting[0].calls.append(do)
    elif "numba" not in sys.modules:
        sys.meta_path.insert(0, _NumbaFinder([do]))


def _finders() -> list[_NumbaFinder]:
    return [finder for finder in sys.meta_path if isinstance(finder, _NumbaFinder)]


class _NumbaFinder(importlib.abc.MetaPathFinder):
    """Waits for the import of Numba, and listens to its compiler from then on."""

    def __init__(self, calls: list[Callable[[], object]]) -> None:
        self.calls = calls
        self.without_scipy = False

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
                if self.without_scipy:
                    _load_without_scipy()

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


def _load_without_scipy() -> None:
    blas: dict[str, Any] = {"scipy.linalg.cython_blas": None}  # which makes an ImportError of its import
    if not blas.keys() & sys.modules.keys():
        sys.modules.update(blas)
        try:
            importlib.import_module("numba.np.arraymath")
        finally:
            for name in blas:
                del sys.modules[name]
