"""Pairs images, references and ready outputs by the name of the file: the same full name first, then whatever its suffix."""

from __future__ import annotations

import collections
import glob
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from diptych.core.errors import ParameterError
from diptych.photo import FoundPhoto, search

Source = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
"""A folder (searched with its subfolders), a file, a pattern, or a list of these."""


@dataclass(frozen=True)
class Item:
    """One image, its reference, and its ready outputs by candidate."""

    name: str
    image: Path | None
    reference: Path | None
    outputs: Mapping[str, Path]


@dataclass(frozen=True)
class Unpaired:
    """A file without a partner, which was therefore left out."""

    image: str
    reason: str


@dataclass(frozen=True)
class Side:
    """The files of one source, by the name that pairs them."""

    label: str
    files: Mapping[str, Path]
    is_one_file: bool
    unreadable: tuple[Path, ...] = ()
    """Pictures and videos in its folders, of kinds that cannot be read."""

    def full_name(self, name: str) -> str:
        """Return the name of a file with its suffix."""
        path = self.files[name]
        return name if name.rpartition("/")[2] == path.name else f"{name}{path.suffix}"


def read_side(source: Source, label: str) -> Side:
    """Find the pictures of a source.

    A file's name is its path below the folder without the suffix; two that differ only by their suffix keep it.

    Raises
    ------
    ParameterError
        If a folder or file does not exist, or there are no pictures.
    """
    if isinstance(source, str | os.PathLike):
        sources, single = [os.fspath(source)], True
        if not (os.path.lexists(sources[0]) or glob.has_magic(sources[0])):
            raise ParameterError(f"{label}: {sources[0]}: no such file or folder; check the path")
    else:
        sources, single = [os.fspath(one) for one in source], False
    searched = search(sources)
    found = searched.photos
    if not found:
        raise ParameterError(f"{label}: no pictures in {', '.join(sources) or 'an empty list'}; check the path")
    names = _names(found)
    files: dict[str, Path] = {}
    for name, one in zip(names, found, strict=True):
        if name in files:
            raise ParameterError(f"{label}: {files[name]} and {one.path} have the same name; rename one of them")
        files[name] = one.path
    return Side(label, files, single and Path(sources[0]).is_file(), tuple(searched.unreadable))


def _names(found: Iterable[FoundPhoto]) -> list[str]:
    stems = [one.relative.with_suffix("").as_posix() for one in found]
    counts = collections.Counter(stems)
    return [stem if counts[stem] == 1 else one.relative.as_posix() for stem, one in zip(stems, found, strict=True)]


def pair(
    images: Side | None, references: Side | None, outputs: Mapping[str, Side]
) -> tuple[list[Item], list[Unpaired]]:
    """Pair files of the same name; single files on all sides are paired whatever their names.

    Files of the same name with the same suffix belong together; those that are left are paired whatever their suffix, where a
    side has only one of the name.

    Parameters
    ----------
    images : Side or None
        The inputs; None if there are outputs only.
    references : Side or None
        What the images should look like.
    outputs : mapping of str to Side
        Ready outputs by candidate.

    Returns
    -------
    list of Item
        Complete ones only, so that all means are over the same images.
    list of Unpaired
        The others.
    """
    sides = [*([images] if images else []), *outputs.values(), *([references] if references else [])]
    if all(side.is_one_file for side in sides):
        return [_of_single_files(images, references, outputs, next(iter(sides[0].files)))], []
    grouped = [_by_stem(side) for side in sides]
    items: list[Item] = []
    unpaired: list[Unpaired] = []
    for stem in dict.fromkeys(stem for files in grouped for stem in files):
        groups = [files.get(stem, {}) for files in grouped]
        alone = all(len(group) <= 1 for group in groups)
        for name in [name for name in groups[0] if all(name in group for group in groups)]:
            paths = [group.pop(name) for group in groups]
            items.append(_item(stem if alone else name, paths, images, references, outputs))
        if all(len(group) == 1 for group in groups):
            name = stem if alone else next(iter(groups[0]))
            items.append(_item(name, [group.popitem()[1] for group in groups], images, references, outputs))
        absent = ", ".join(
            f"not among the {side.label}" for side, group in zip(sides, groups, strict=True) if not group
        )
        reason = absent or "several files have this name; give those that belong together the same suffix"
        names = [stem] if alone else dict.fromkeys(name for group in groups for name in group)
        unpaired += [Unpaired(name, reason) for name in names if any(groups)]
    return items, unpaired


def _by_stem(side: Side) -> dict[str, dict[str, Path]]:
    """Return the files by their name without the suffix, and then by that with it."""
    found: dict[str, dict[str, Path]] = {}
    for name, path in side.files.items():
        full = side.full_name(name)
        found.setdefault(full.removesuffix(path.suffix), {})[full] = path
    return found


def _item(
    name: str, paths: list[Path], images: Side | None, references: Side | None, outputs: Mapping[str, Side]
) -> Item:
    rest = iter(paths)
    image = next(rest) if images else None
    ready = {candidate: next(rest) for candidate in outputs}
    return Item(name, image, next(rest) if references else None, ready)


def _of_single_files(images: Side | None, references: Side | None, outputs: Mapping[str, Side], name: str) -> Item:
    def only(side: Side) -> Path:
        return next(iter(side.files.values()))

    return Item(
        name,
        only(images) if images else None,
        only(references) if references else None,
        {candidate: only(side) for candidate, side in outputs.items()},
    )
