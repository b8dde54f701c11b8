"""Which image belongs to which reference and to which ready output: files of the same name, whatever their suffix."""

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
    """One image, and the files that belong to it."""

    name: str
    image: Path | None
    reference: Path | None
    outputs: Mapping[str, Path]


@dataclass(frozen=True)
class Missing:
    """A file that has no partner, and so was left out of everything."""

    image: str
    reason: str


@dataclass(frozen=True)
class Side:
    """All files of one source, by the name that pairs them."""

    label: str
    files: Mapping[str, Path]
    is_one_file: bool


def read_side(source: Source, label: str) -> Side:
    """Find the pictures of a source.

    A file's name is its path below the folder without the suffix; two that differ by their suffix only keep it.

    Raises
    ------
    ParameterError
        If a folder or file that was named by itself does not exist, or there are no pictures.
    """
    if isinstance(source, str | os.PathLike):
        places, named = [os.fspath(source)], True
        if not (os.path.lexists(places[0]) or glob.has_magic(places[0])):
            raise ParameterError(f"{label}: no such folder or file: {places[0]}; check the path")
    else:
        places, named = [os.fspath(place) for place in source], False
    found = find_photos(places)
    if not found:
        raise ParameterError(f"{label}: no pictures in {', '.join(places) or 'an empty list'}; check the path")
    names = _names(found)
    files: dict[str, Path] = {}
    for name, one in zip(names, found, strict=True):
        if name in files:
            raise ParameterError(f"{label}: {files[name]} and {one.path} have the same name; rename one of them")
        files[name] = one.path
    return Side(label, files, named and Path(places[0]).is_file())


def _names(found: Iterable[FoundPhoto]) -> list[str]:
    stems = [one.relative.with_suffix("").as_posix() for one in found]
    often = collections.Counter(stems)
    return [stem if often[stem] == 1 else one.relative.as_posix() for stem, one in zip(stems, found, strict=True)]


def pair(images: Side | None, references: Side | None, outputs: Mapping[str, Side]) -> tuple[list[Item], list[Missing]]:
    """Put together what has the same name; of single files on all sides, whatever their names.

    Parameters
    ----------
    images : Side or None
        The inputs; None to go by the outputs.
    references : Side or None
        What the images should look like.
    outputs : mapping of str to Side
        Ready outputs of each enhancer that was run elsewhere.

    Returns
    -------
    list of Item
        Complete ones only, so that all means are over the same images.
    list of Missing
        The others.
    """
    sides = [*([images] if images else []), *outputs.values(), *([references] if references else [])]
    if all(side.is_one_file for side in sides):
        return [_of_single_files(images, references, outputs, next(iter(sides[0].files)))], []
    names = list(dict.fromkeys(name for side in sides for name in side.files))
    missing = [Missing(name, _reason(name, sides)) for name in names if _reason(name, sides)]
    without = {one.image for one in missing}
    return [
        Item(
            name,
            images.files[name] if images else None,
            references.files[name] if references else None,
            {entry: side.files[name] for entry, side in outputs.items()},
        )
        for name in names
        if name not in without
    ], missing


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
        {entry: only(side) for entry, side in outputs.items()},
    )
