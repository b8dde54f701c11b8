"""Locks on open files, which the system takes back when a process ends, however it ends."""

from __future__ import annotations

import errno
from typing import Literal

_TAKEN = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}


def try_lock(handle: int) -> Literal["locked", "taken", "unsupported"]:
    """Lock an open file, without waiting.

    Parameters
    ----------
    handle : int
        Its descriptor; the lock ends when it is closed.

    Returns
    -------
    str
        ``taken`` if another descriptor, of any process, has the lock; ``unsupported`` where the system or the file system
        has no such locks (Windows, some network shares).

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as first, open(first.name, "rb") as second:
    ...     try_lock(first.fileno()) in ("locked", "unsupported"), try_lock(second.fileno()) != "locked"
    (True, True)
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return "unsupported"
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return "taken" if error.errno in _TAKEN else "unsupported"
    return "locked"
