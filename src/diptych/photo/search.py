"""Expanding files, folders and patterns into a list of pictures."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from diptych.photo.formats import is_readable


class FoundPhoto(NamedTuple):
    """The path of a picture, and the folder that it was found below."""

    root: Path
    path: Path

    @property
    def relative(self) -> Path:
        """The path relative to the root, e.g. ``holiday/beach.jpg``: where the result belongs in an output folder."""
        return self.path.relative_to(self.root)


def find_photos(inputs: Iterable[str | os.PathLike[str]]) -> list[FoundPhoto]:
    """Expand files, folders and patterns into a list of pictures.

    Parameters
    ----------
    inputs : iterable of paths
        A file is accepted with any suffix. A folder is searched recursively for files with readable suffixes; hidden
        files and folders are skipped, and links to folders are not followed. The patterns ``*``, ``?``, ``[...]`` and
        ``**`` are expanded, unless a file of that very name exists.

    Returns
    -------
    list of FoundPhoto
        Each file once, in the order of the inputs and sorted within each. A path that does not exist and a pattern
        without a match are kept, so that reading them reports them.

    Examples
    --------
    >>> find_photos(["missing.jpg"])[0].path.name
    'missing.jpg'
    """
    if isinstance(inputs, str | os.PathLike):
        inputs = [inputs]
    seen: dict[Path, FoundPhoto] = {}
    for item in inputs:
        for photo in _expand(Path(item)):
            seen.setdefault(Path(os.path.abspath(photo.path)), photo)
    return list(seen.values())


def _expand(path: Path) -> Iterator[FoundPhoto]:
    if path.is_dir():
        yield from _walk(path, path)
    elif glob.has_magic(str(path)) and not os.path.lexists(path):
        yield from _match(path)
    else:
        yield FoundPhoto(path.parent, path)


def _walk(root: Path, folder: Path) -> Iterator[FoundPhoto]:
    for base, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if is_readable(name) and not name.startswith("."):
                yield FoundPhoto(root, Path(base, name))


def _match(pattern: Path) -> Iterator[FoundPhoto]:
    root = _fixed_part(pattern)
    matches = [Path(name) for name in sorted(glob.glob(str(pattern), recursive=True))]
    found = []
    for match in matches:
        if match.is_dir():
            # With `**`, subfolders are matches of their own.
            found += [] if "**" in pattern.parts else list(_walk(root, match))
        elif is_readable(match):
            found.append(FoundPhoto(root, match))
    yield from found or [FoundPhoto(pattern.parent, pattern)]


def _fixed_part(pattern: Path) -> Path:
    fixed = Path()
    for part in pattern.parts[:-1]:
        if glob.has_magic(part):
            break
        fixed /= part
    return fixed
