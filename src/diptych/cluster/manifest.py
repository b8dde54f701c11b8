"""The manifest of a run: one line of JSON for what was begun, and one for what became of it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from diptych.core.errors import ParameterError
from diptych.core.locks import try_lock

Status = Literal["started", "done", "failed", "refused"]


@dataclass(frozen=True)
class Record:
    """One line.

    Attributes
    ----------
    input, output : str
        Names of the files, within their locations.
    version : str
        Size and time (or entity tag) of the input when it was listed.
    fingerprint : str
        Hash of the job: of the model or recipe, and of how outputs are stored.
    status : str
        ``started``, then ``done``, ``failed``, or ``refused`` where the output exists already and is not ours.
    hash : str
        SHA-256 of the input; empty where it was not read.
    reason : str
        Why it failed or was refused.
    seconds : float
        What it took on the worker.
    """

    input: str
    output: str
    version: str
    fingerprint: str
    status: Status
    hash: str = ""
    reason: str = ""
    seconds: float = 0.0


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def key(name: str, version: str, fingerprint: str) -> bytes:
    """Return 16 bytes that stand for an input, as it is now, with this fingerprint."""
    return hashlib.blake2b(
        f"{name}\0{version}\0{fingerprint}".encode("utf-8", "surrogatepass"), digest_size=16
    ).digest()


class Manifest:
    """A file that is only ever appended to, line by line, so that a killed run loses a line at most.

    Parameters
    ----------
    path : path
        The file; it is made if it is not there.

    Raises
    ------
    ParameterError
        If another run is writing to it, or it cannot be opened.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._done: set[bytes] = set()
        self._started: set[bytes] = set()
        try:
            self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            raise ParameterError(f"{self.path}: cannot be written ({error.strerror}); give another manifest") from None
        try:
            self._lock()
            self._load()
        except BaseException:
            os.close(self._handle)
            raise

    def _lock(self) -> None:
        if try_lock(self._handle) == "taken":
            raise ParameterError(f"{self.path}: another run is writing to it; wait for it, or end it")

    def _load(self) -> None:
        torn = False
        with self.path.open("rb") as lines:
            for line in lines:
                torn = not line.endswith(b"\n")
                self._learn(line)
        if torn:  # a killed run was writing it: what follows must not be joined to it
            os.write(self._handle, b"\n")

    def _learn(self, line: bytes) -> None:
        try:
            values = json.loads(line)
            found = key(values["input"], values["version"], values["fingerprint"])
            status = values["status"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return  # torn, or foreign
        if status == "refused":
            self._started.discard(found)
        else:
            self._started.add(found)
        if status == "done":
            self._done.add(found)
        else:
            self._done.discard(found)

    def is_done(self, name: str, version: str, fingerprint: str) -> bool:
        """Return whether this was done before, according to the last line on it."""
        return key(name, version, fingerprint) in self._done

    def was_started(self, name: str, version: str, fingerprint: str) -> bool:
        """Return whether this was begun before, so that an output that is there is one of ours."""
        return key(name, version, fingerprint) in self._started

    def add(self, *records: Record) -> None:
        """Append lines, in one piece."""
        lines = "".join(_ENCODER.encode(vars(record)) + "\n" for record in records)
        os.write(self._handle, lines.encode("utf-8", "surrogatepass"))

    def close(self) -> None:
        """Close the file; another run may then write to it."""
        with contextlib.suppress(OSError):
            os.close(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
