"""Ctrl-C: it ends a command soon and with exit code 130, also where a library loses the exception."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn


class Interrupted(KeyboardInterrupt):
    """Ctrl-C was pressed.

    A bare KeyboardInterrupt that leaves ``exec``, as when a dataclass is made, is remembered by CPython, which then dies of
    the signal instead of exiting with its code.
    """


class _Handler:
    """Raises, and remembers that it has: in the import of a compiled module, say, an ImportError may come out of it."""

    pressed = False

    def __call__(self, number: int, frame: FrameType | None) -> NoReturn:
        self.pressed = True
        raise Interrupted


def check() -> None:
    """Raise again what was lost: called between pictures and before something is written."""
    if _pressed():
        raise Interrupted


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C end what is done here with exit code 130, whatever became of the exception on its way."""
    before = signal.getsignal(signal.SIGINT)
    ours = before is signal.default_int_handler and threading.current_thread() is threading.main_thread()
    if ours:  # not within another one, and not where the signal is ignored
        signal.signal(signal.SIGINT, _Handler())
    try:
        yield
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) or _pressed():
            sys.exit(130)
        raise
    finally:
        if ours:
            signal.signal(signal.SIGINT, before)


def _pressed() -> bool:
    handler = signal.getsignal(signal.SIGINT)
    return isinstance(handler, _Handler) and handler.pressed
