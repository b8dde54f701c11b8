"""From what a user names (files, folders, patterns) to the list of pictures to work on."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from diptych.photo.formats import is_readable


class FoundPhoto(NamedTuple):
    """A picture, and the folder that its place in an output folder is relative to."""

    root: Path
    path: Path

    @property
    def relative(self) -> Path:
        """The path below the root, e.g. ``holiday/beach.jpg``."""
        return self.path.relative_to(self.root)


def find_photos(inputs: Iterable[str | os.PathLike[str]]) -> list[FoundPhoto]:
    """Expand files, folders and patterns into files.

    Parameters
    ----------
    inputs : iterable of paths
        A file is taken as it is, whatever its suffix. A folder is searched with its subfolders for readable
        suffixes; hidden files and folders are skipped, and links to folders are not followed. ``*``, ``?``, ``[...]``
        and ``**`` are expanded, for shells that do not; a file of that very name goes first.

    Returns
    -------
    list of FoundPhoto
        ``(root, path)`` pairs, each file once, in the order of the inputs and sorted within each. A path that does
        not exist, or a pattern without a match, is kept, so that reading it names it.

    Examples
    --------
    >>> find_photos(["missing.jpg"])[0].path.name
    'missing.jpg'
    """
    if isinstance(inputs, str | os.PathLike):
        inputs = [inputs]
    seen: dict[Path, FoundPhoto] = {}
    for item in inputs:
        for found in _expand(Path(item)):
            seen.setdefault(Path(os.path.abspath(found.path)), found)
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
            # `**` names each folder by itself; its subfolders are then matches of their own.
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
