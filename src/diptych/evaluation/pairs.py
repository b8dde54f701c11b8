"""Pairs images, references and ready outputs by the name of the file, whatever its suffix."""

from __future__ import annotations

import collections
import glob
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from diptych.core.errors import ParameterError
from diptych.photo import FoundPhoto, find_photos

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
            raise ParameterError(f"{label}: no such folder or file: {sources[0]}; check the path")
    else:
        sources, single = [os.fspath(one) for one in source], False
    found = find_photos(sources)
    if not found:
        raise ParameterError(f"{label}: no pictures in {', '.join(sources) or 'an empty list'}; check the path")
    names = _names(found)
    files: dict[str, Path] = {}
    for name, one in zip(names, found, strict=True):
        if name in files:
            raise ParameterError(f"{label}: {files[name]} and {one.path} have the same name; rename one of them")
        files[name] = one.path
    return Side(label, files, single and Path(sources[0]).is_file())


def _names(found: Iterable[FoundPhoto]) -> list[str]:
    stems = [one.relative.with_suffix("").as_posix() for one in found]
    counts = collections.Counter(stems)
    return [stem if counts[stem] == 1 else one.relative.as_posix() for stem, one in zip(stems, found, strict=True)]


def pair(
    images: Side | None, references: Side | None, outputs: Mapping[str, Side]
) -> tuple[list[Item], list[Unpaired]]:
    """Pair files of the same name; single files on all sides are paired whatever their names.

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
    names = list(dict.fromkeys(name for side in sides for name in side.files))
    unpaired = [Unpaired(name, _reason(name, sides)) for name in names if _reason(name, sides)]
    incomplete = {one.image for one in unpaired}
    return [
        Item(
            name,
            images.files[name] if images else None,
            references.files[name] if references else None,
            {candidate: side.files[name] for candidate, side in outputs.items()},
        )
        for name in names
        if name not in incomplete
    ], unpaired


def _reason(name: str, sides: Iterable[Side]) -> str:
    absent = [f"not among the {side.label}" for side in sides if name not in side.files]
    return ", ".join(absent)


def _of_single_files(images: Side | None, references: Side | None, outputs: Mapping[str, Side], name: str) -> Item:
    def only(side: Side) -> Path:
        return next(iter(side.files.values()))

    return Item(
        name,
        only(images) if images else None,
        only(references) if references else None,
        {candidate: only(side) for candidate, side in outputs.items()},
    )
