"""Expanding files, folders and patterns into a list of pictures."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from diptych.photo.formats import HEAD, is_readable


class FoundPhoto(NamedTuple):
    """The path of a picture, and the folder that it was found below.

    Attributes
    ----------
    root : Path
        The folder, or that of the file itself.
    path : Path
        The picture.
    """

    root: Path
    path: Path

    @property
    def relative(self) -> Path:
        """The path relative to the root, e.g. ``holiday/beach.jpg``: where the result belongs in an output folder."""
        return self.path.relative_to(self.root)


_OTHER_PICTURES = "jp2 j2k jpx psd psb exr hdr tga pcx ppm pgm pbm pnm ico svg jxr wdp"
_VIDEOS = "mp4 mov avi mkv webm m4v mts m2ts mpg mpeg wmv 3gp"

VIDEO_SUFFIXES = frozenset(f".{suffix}" for suffix in _VIDEOS.split())
"""Suffixes of videos, lower case and with the dot."""

_UNREADABLE = VIDEO_SUFFIXES.union(f".{suffix}" for suffix in _OTHER_PICTURES.split())
"""Suffixes of pictures and videos that cannot be read as a picture."""


@dataclass
class Search:
    """What was found by names, folders and patterns.

    Attributes
    ----------
    photos : list of FoundPhoto
        The pictures to read, each once.
    unreadable : list of Path
        Files in folders that are pictures or videos by their suffix, of a kind that cannot be read.
    others : int
        Number of other files in folders; hidden ones are not counted.
    """

    photos: list[FoundPhoto] = field(default_factory=list)
    unreadable: list[Path] = field(default_factory=list)
    others: int = 0


def find_photos(inputs: Iterable[str | os.PathLike[str]]) -> list[FoundPhoto]:
    """Expand files, folders and patterns into a list of pictures; see `search` for what is left out.

    Parameters
    ----------
    inputs : iterable of paths
        A file is accepted with any suffix. A folder is searched recursively for files with readable suffixes, and for
        DICOM files without one; hidden files and folders are skipped, and links to folders are not followed. The patterns
        ``*``, ``?``, ``[...]`` and ``**`` are expanded, unless a file of that very name exists.

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
    return search(inputs).photos


def search(inputs: Iterable[str | os.PathLike[str]], *, exclude: Callable[[Path], bool] | None = None) -> Search:
    """Expand files, folders and patterns into pictures, and tell what else lies in the folders.

    Parameters
    ----------
    inputs : iterable of paths
        As for `find_photos`.
    exclude : function, optional
        Files and folders found in folders or by patterns are left out, with all that is in them, where it returns True.

    Returns
    -------
    Search
        The pictures, those of kinds that cannot be read, and how much else there is.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("a.jpg", "b.psd", "c.txt"):
    ...     (folder / name).touch()
    >>> found = search([folder])
    >>> len(found.photos), found.unreadable[0].name, found.others
    (1, 'b.psd', 1)
    """
    if isinstance(inputs, str | os.PathLike):
        inputs = [inputs]
    found = Search()
    seen: set[Path] = set()
    for item in inputs:
        for photo in _expand(Path(item), exclude or (lambda path: False)):
            absolute = Path(os.path.abspath(photo.path))
            if absolute not in seen:
                seen.add(absolute)
                _sort(photo, found)
    return found


def unreadable_reason(path: str | os.PathLike[str]) -> str | None:
    """Return why a picture or video cannot be read that is, by its suffix, of a kind that is not; None for all other files.

    Parameters
    ----------
    path : path
        Any name; the file need not exist.

    Examples
    --------
    >>> unreadable_reason("beach.psd"), unreadable_reason("beach.jpg")
    ('PSD files cannot be read; convert it to JPEG, PNG or TIFF', None)
    """
    suffix = Path(path).suffix.lower()
    if suffix in VIDEO_SUFFIXES:
        return "videos are enhanced one by one and not in folders; name it itself"
    return (
        f"{suffix[1:].upper()} files cannot be read; convert it to JPEG, PNG or TIFF" if suffix in _UNREADABLE else None
    )


class _Named(FoundPhoto):
    """One that the user has named, to be read whatever its suffix."""


def _sort(photo: FoundPhoto, found: Search) -> None:
    if isinstance(photo, _Named) or is_readable(photo.path) or _is_plain_dicom(photo.path):
        found.photos.append(FoundPhoto(*photo))
    elif unreadable_reason(photo.path):
        found.unreadable.append(photo.path)
    else:
        found.others += 1


def _is_plain_dicom(path: Path) -> bool:
    """Tell whether a file is DICOM by its content and has no ending, as hospitals name them, or digits for one."""
    if path.suffix and not path.suffix[1:].isdigit():
        return False
    try:
        with path.open("rb") as file:
            return file.read(HEAD)[128:132] == b"DICM"
    except OSError:
        return False


def _expand(path: Path, exclude: Callable[[Path], bool]) -> Iterator[FoundPhoto]:
    if path.is_dir():
        yield from _walk(path, path, exclude)
    elif glob.has_magic(str(path)) and not os.path.lexists(path):
        yield from _match(path, exclude)
    else:
        yield _Named(path.parent, path)


def _walk(root: Path, folder: Path, exclude: Callable[[Path], bool]) -> Iterator[FoundPhoto]:
    for base, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not exclude(Path(base, name)))
        for name in sorted(files):
            if not name.startswith(".") and not exclude(Path(base, name)):
                yield FoundPhoto(root, Path(base, name))


def _match(pattern: Path, exclude: Callable[[Path], bool]) -> Iterator[FoundPhoto]:
    root = _fixed_part(pattern)
    matches = [Path(name) for name in sorted(glob.glob(str(pattern), recursive=True))]
    found = []
    for match in matches:
        if exclude(match):
            continue
        if match.is_dir():
            # With `**`, subfolders are matches of their own.
            found += [] if "**" in pattern.parts else list(_walk(root, match, exclude))
        else:
            found.append(FoundPhoto(root, match))
    yield from found if found or matches else [_Named(pattern.parent, pattern)]


def _fixed_part(pattern: Path) -> Path:
    fixed = Path()
    for part in pattern.parts[:-1]:
        if glob.has_magic(part):
            break
        fixed /= part
    return fixed
