"""The file of a compiled model: a shared library with metadata after its end, where the loader of the system does not look.

So the metadata can be read, and damage is seen, before anything of the file is loaded::

    shared library | metadata (JSON) | SHA-256 of both (32 bytes) | length of the metadata (8 bytes, little endian) | "DIPTYCH1"
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from diptych.core.errors import BundleError
from diptych.runtime.metadata import MAXIMUM_BYTES, BundleMetadata

_MARK = b"DIPTYCH1"
_END = 32 + 8 + len(_MARK)


@dataclass(frozen=True, kw_only=True)
class LibraryMetadata:
    """What a compiled model is and where it runs.

    Attributes
    ----------
    model : BundleMetadata
        The model that was compiled.
    height, width : int
        The size in px that it was compiled for.
    triple : str
        Machine and operating system, as LLVM writes them.
    cpu : str
        The processor that it was compiled for, as LLVM calls it.
    tvm : str
        Version of Apache TVM that compiled it.
    """

    model: BundleMetadata
    height: int
    width: int
    triple: str
    cpu: str
    tvm: str


def pack(library: bytes, metadata: LibraryMetadata) -> bytes:
    """Return the library with the metadata after it."""
    values = asdict(metadata) | {"model": json.loads(metadata.model.to_json())}
    content = library + (text := json.dumps(values, allow_nan=False).encode())
    return content + hashlib.sha256(content).digest() + len(text).to_bytes(8, "little") + _MARK


def read_library_metadata(path: str | os.PathLike[str]) -> LibraryMetadata:
    """Return the metadata of a compiled model; nothing of the file is run.

    Raises
    ------
    BundleError
        If the file cannot be read, is cut off or damaged, or is another library.
    """
    source = os.fspath(path)
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BundleError(f"{source}: cannot be read ({reason}); check the path") from None
    if not content.endswith(_MARK) or len(content) < _END:
        raise BundleError(
            f"{source}: is not a model compiled by Diptych, or is cut off; export the model with `target=tvm`"
        )
    length = int.from_bytes(content[-len(_MARK) - 8 : -len(_MARK)], "little")
    inside, digest = content[:-_END], content[-_END : 32 - _END]
    if length > min(MAXIMUM_BYTES, len(inside)) or hashlib.sha256(inside).digest() != digest:
        raise BundleError(f"{source}: is damaged; export the model again")
    return _metadata(inside[len(inside) - length :], source)


def _metadata(text: bytes, source: str) -> LibraryMetadata:
    try:
        values: dict[str, Any] = json.loads(text)
        if set(values) != {field.name for field in fields(LibraryMetadata)}:
            raise ValueError
        return LibraryMetadata(
            **values | {"model": BundleMetadata.from_json(json.dumps(values["model"]), source=source)}
        )
    except (TypeError, ValueError, RecursionError) as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError(f"{source}: its metadata cannot be read; export the model with this Diptych") from None
