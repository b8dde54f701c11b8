"""Folders and buckets by URL: listed lazily, read, and written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from diptych.core.errors import MissingExtraError, ParameterError
from diptych.photo import atomic_write, is_readable, unreadable_reason

_AT_ONCE = frozenset({"memory", "s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "r2"})
"""Protocols where an object appears whole or not at all, and nothing can be renamed cheaply."""


@dataclass(frozen=True)
class Found:
    """A file of a location: its name within it, and what changes when its content does.

    `kind` is ``picture``, ``unreadable`` for pictures and videos that cannot be read, or ``other``.
    """

    name: str
    version: str = ""
    kind: Literal["picture", "unreadable", "other"] = "picture"


@dataclass(frozen=True)
class Location:
    """A folder, named by a path or by a URL that fsspec knows (``file://``, ``s3://``, ``gs://``, ``memory://``).

    Raises
    ------
    ParameterError
        If the URL has a protocol that is unknown or whose library is not installed.
    MissingExtraError
        If fsspec is not installed.
    """

    url: str

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        try:
            import fsspec  # type: ignore[import-untyped]
        except ImportError:
            raise MissingExtraError("clusters need Dask and fsspec; pip install 'diptych[cluster]'") from None
        try:
            return fsspec.core.url_to_fs(self.url)
        except (ValueError, ImportError) as error:
            text = " ".join(str(error).split())
            raise ParameterError(f"{self.url}: {text}; give a path, or a URL whose library is installed") from None

    @cached_property
    def local(self) -> Path | None:
        """The folder, where it is one of this machine."""
        files, path = self._opened
        return Path(path) if "file" in _protocols(files) else None

    def path_of(self, name: str) -> str:
        """Return what a picture is called outside of the location."""
        return f"{self.url.rstrip('/')}/{name}"

    def is_there(self) -> bool:
        """Return whether there is such a folder; a bucket's prefix is one if something is under it."""
        files, path = self._opened
        return bool(files.isdir(path))

    def files(self) -> Iterator[Found]:
        """Yield the files, folder by folder, without hidden ones and outputs of earlier runs; nothing is listed as a whole."""
        if self.local is not None:
            yield from _scanned(self.local, "")
            return
        files, root = self._opened
        for base, folders, found in files.walk(root, detail=True):
            for hidden in [name for name in folders if name.startswith(".")]:
                del folders[hidden]
            inside = base[len(root.rstrip("/")) :].strip("/")
            for name in sorted(found):
                if not _left_out(name):
                    yield Found(f"{inside}/{name}" if inside else name, _version(found[name]), _kind(name))

    def exists(self, name: str) -> bool:
        """Return whether there is a file of this name."""
        if self.local is not None:
            return (self.local / name).exists()
        files, _ = self._opened
        files.invalidate_cache()  # other machines write there
        return bool(files.exists(self._inner(name)))

    def read(self, name: str) -> bytes:
        """Return the content of a file; an `OSError` if that fails."""
        files, _ = self._opened
        return bytes(files.cat_file(self._inner(name)))

    def write(self, name: str, content: bytes) -> None:
        """Write a file, or replace it, whole or not at all."""
        if self.local is not None:
            target = self.local / name
            target.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(target, content, overwrite=True)
            return
        files, _ = self._opened
        inner = self._inner(name)
        with contextlib.suppress(FileExistsError):
            files.makedirs(os.path.dirname(inner), exist_ok=True)
        if _AT_ONCE & _protocols(files):
            files.pipe_file(inner, content)
            return
        beside = f"{os.path.dirname(inner)}/.diptych-{secrets.token_hex(8)}.tmp"
        files.pipe_file(beside, content)
        files.mv(beside, inner)

    def _inner(self, name: str) -> str:
        return f"{self._opened[1].rstrip('/')}/{name}"

    def holds(self, other: Location) -> bool:
        """Return whether another location is this one, or lies in it."""
        mine, yours = (f"{sorted(_protocols(location._opened[0]))}{location._real}/" for location in (self, other))
        return yours.startswith(mine)

    @property
    def _real(self) -> str:
        return os.path.realpath(self.local) if self.local is not None else self._opened[1].rstrip("/")


def _protocols(files: Any) -> frozenset[str]:
    names = files.protocol
    return frozenset([names] if isinstance(names, str) else names)


def _version(info: dict[str, Any]) -> str:
    known = next(
        (info[key] for key in ("ETag", "etag", "md5Hash", "mtime", "LastModified", "created") if key in info), ""
    )
    return f"{info.get('size', 0)} {known}".strip()


def _scanned(folder: Path, inside: str) -> Iterator[Found]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if _left_out(entry.name):
                continue
            name = f"{inside}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _scanned(Path(entry.path), f"{name}/")
            elif (kind := _kind(name)) != "picture":
                yield Found(name, kind=kind)
            elif entry.is_file():
                with contextlib.suppress(FileNotFoundError):  # it was there when the folder was read
                    state = entry.stat()
                    yield Found(name, f"{state.st_size} {state.st_mtime_ns}")
            elif entry.is_symlink() and not entry.is_dir():
                yield Found(name)  # to nowhere, which reading it says


def _left_out(name: str) -> bool:
    return name.startswith(".") or Path(name).stem.endswith(".enhanced")


def _kind(name: str) -> Literal["picture", "unreadable", "other"]:
    return "picture" if is_readable(name) else "unreadable" if unreadable_reason(name) else "other"
