"""Atomic writing: a file is written completely or not at all.

The content goes to a hidden temporary file in the folder of the target, is flushed to the disk, and is then renamed. After an
exception, on a full disk or when the process is killed, the target still has its old content. Only a killed process leaves its
temporary file behind, for `sweep_temporary` to remove; that of a running one is locked.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import platform
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from diptych.core.errors import PhotoError, PhotoExistsError
from diptych.core.locks import try_lock

_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.EACCES, errno.EINVAL}
_ELSEWHERE = 24 * 3600.0  # seconds, after which a file of another host, whose locks may not be seen here, is stale
_UNLOCKED = 3600.0  # the same where there are no locks and no process has the number in the name


def atomic_write(
    path: str | os.PathLike[str], content: bytes | Callable[[BinaryIO], object], *, overwrite: bool = False
) -> None:
    """Write a file atomically: completely or not at all.

    Parameters
    ----------
    path : path
        The target; its folder must exist. A symbolic link is followed and stays a link. An existing target keeps its
        permissions; those of a new one follow the umask.
    content : bytes or callable
        The bytes, or a function that writes them to the seekable binary stream it is given.
    overwrite : bool
        Replace an existing file. Otherwise a file that exists, or appears meanwhile, is kept.

    Raises
    ------
    PhotoExistsError
        If the target exists and `overwrite` is False.
    PhotoError
        If the file cannot be written: no such folder, no permission, disk full. Exceptions of `content` propagate.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "note.txt"
    >>> atomic_write(target, b"one")
    >>> atomic_write(target, lambda stream: stream.write(b"two"), overwrite=True)
    >>> target.read_bytes()
    b'two'
    """
    check_target(path, overwrite=overwrite)
    try:
        target = os.path.realpath(path)
        folder = os.path.dirname(target)
        with _temporary(folder) as (temporary, stream):
            _fill(stream, content, target)
            _rename(temporary, target, path, overwrite=overwrite)
        _sync_folder(folder)
    except PhotoError:
        raise
    except OSError as error:
        raise write_error(path, error) from error


def check_target(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Raise the error that writing to a target would raise, before any work goes into its content.

    Parameters
    ----------
    path : path
        Where a file would be written.
    overwrite : bool
        Whether one that is there may be replaced.

    Raises
    ------
    PhotoExistsError
        If it is there, and may not be.
    PhotoError
        If nothing can be written there.

    Examples
    --------
    ``check_target("day.jpg", overwrite=False)``
    """
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        _check_folder(path)
        return
    except (OSError, ValueError) as error:
        raise write_error(path, error) from error
    if not stat.S_ISREG(mode):
        kind = "is a folder" if stat.S_ISDIR(mode) else "is a device, pipe or socket"
        raise PhotoError(f"{os.fspath(path)}: {kind}; give the path of a file")
    if not overwrite:
        raise PhotoExistsError(_exists(path))


def _check_folder(path: str | os.PathLike[str]) -> None:
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise PhotoError(f"{os.fspath(path)}: the folder {folder} does not exist; create it first")


def _exists(path: str | os.PathLike[str]) -> str:
    return f"{os.fspath(path)}: exists already; choose another name, or use `overwrite=True`"


def write_error(path: str | os.PathLike[str], error: Exception) -> PhotoError:
    """Return the error that says why a file cannot be written, and what to do.

    Parameters
    ----------
    path : path
        The file.
    error : Exception
        What the system said.

    Examples
    --------
    >>> print(write_error("a.png", OSError(errno.ENOSPC, "No space left on device")))
    a.png: the disk is full; free some space or write elsewhere
    """
    number = error.errno if isinstance(error, OSError) else None
    advice = {
        errno.ENOSPC: "the disk is full; free some space or write elsewhere",
        errno.EDQUOT: "the disk quota is used up; free some space or write elsewhere",
        errno.EFBIG: "the file would be larger than the system allows; write elsewhere",
        errno.EACCES: "no permission to write here; choose another folder",
        errno.EPERM: "no permission to write here; choose another folder",
        errno.EROFS: "the disk is read-only; choose another folder",
        errno.EEXIST: "a file has the name of the folder; choose another folder",
        errno.ENOTDIR: "a file has the name of the folder; choose another folder",
        errno.ENOENT: "no such folder, or one that takes no files; choose another folder",
    }
    reason = advice.get(number or 0) or f"cannot be written ({getattr(error, 'strerror', None) or error})"
    return PhotoError(f"{os.fspath(path)}: {reason}")


@contextlib.contextmanager
def _temporary(folder: str) -> Iterator[tuple[str, BinaryIO]]:
    name, handle = _locked_temporary(folder)
    try:
        with os.fdopen(handle, "w+b") as stream:
            yield name, stream
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def _locked_temporary(folder: str) -> tuple[str, int]:
    """Make a temporary file that no sweep takes for stale."""
    while True:
        name = os.path.join(folder, f"{_prefix()}{os.getpid()}-{secrets.token_hex(6)}.tmp")
        # With 0o666 the system applies the umask, which cannot be read without changing it for all threads.
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        if try_lock(handle) != "taken" and os.path.lexists(name):
            return name, handle
        os.close(handle)  # a sweep came between
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def _fill(stream: BinaryIO, content: bytes | Callable[[BinaryIO], object], target: str) -> None:
    if callable(content):
        content(stream)
    else:
        stream.write(content)
    stream.flush()
    with contextlib.suppress(OSError, AttributeError):
        os.fchmod(stream.fileno(), stat.S_IMODE(os.stat(target).st_mode))
    os.fsync(stream.fileno())


def _rename(temporary: str, target: str, path: str | os.PathLike[str], *, overwrite: bool) -> None:
    if overwrite:
        os.replace(temporary, target)
        return
    try:
        # Linking, unlike renaming, fails if the target has appeared meanwhile.
        os.link(temporary, target)
    except FileExistsError:
        raise PhotoExistsError(_exists(path)) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _reserve(target, path)
        os.replace(temporary, target)


def _reserve(target: str, path: str | os.PathLike[str]) -> None:
    # Without hard links, an empty file reserves the name until the renaming.
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        raise PhotoExistsError(_exists(path)) from None


def _sync_folder(folder: str) -> None:
    # Not every system can open or flush a folder; the file itself is safe by now.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


_START = ".diptych-"


def _prefix() -> str:
    return f"{_START}{hashlib.sha256(platform.node().encode()).hexdigest()[:8]}-"


def sweep_temporary(folder: str | os.PathLike[str]) -> list[Path]:
    """Remove the temporary files that killed processes left in a folder, not including its subfolders.

    Parameters
    ----------
    folder : path
        Where files were written.

    Returns
    -------
    list of Path
        The files removed. What a running process writes is locked, and kept; so is what another host has written within a
        day, since its locks may not be visible here.

    Examples
    --------
    ``sweep_temporary("bright")``
    """
    removed = []
    for path in sorted(Path(folder).glob(f"{_START}*.tmp")):
        with contextlib.suppress(OSError):
            if _remove_stale(path):
                removed.append(path)
    return removed


def _remove_stale(path: Path) -> bool:
    host, pid, *_ = (*path.name.removeprefix(_START).split("-"), "")
    age = time.time() - path.stat().st_mtime
    if not pid.isdigit() or (f"{_START}{host}-" != _prefix() and age < _ELSEWHERE):
        return False
    handle = os.open(path, os.O_RDWR)
    try:
        lock = try_lock(handle)
        stale = lock == "locked" or (lock == "unsupported" and age > _UNLOCKED and not _is_running(int(pid)))
        if stale and os.name == "posix":
            path.unlink()  # under the lock, so that whoever makes the file notices
    finally:
        os.close(handle)
    if stale and os.name != "posix":  # an open file cannot be removed there, which is as good as a lock
        path.unlink()
    return stale


def _is_running(pid: int) -> bool:
    if os.name != "posix":  # elsewhere, signal 0 is not a mere test
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
