"""The pictures that advice is founded on: some of each folder, reduced, half to tune on and half held out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from diptych import operators
from diptych.core.errors import DataError, DiptychError, ImageError
from diptych.core.image import Image
from diptych.data import split
from diptych.evaluation.pairs import pair, read_side
from diptych.photo import find_photos, read, readable_suffixes, search, unreadable_reason

LONGEST = 512
"""px; a longer side is reduced to it."""

MOST = 24
"""Pictures of A that are looked at."""

MOST_TARGETS = 96
"""Pictures of B: they are only measured, once, and the more there are the better is known how they look."""

FEWEST = 4
"""Readable pictures that each folder must have."""

Tell = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Split:
    """Pictures of both folders; `references` is empty, or has one for each source."""

    names: tuple[str, ...]
    sources: list[Image]
    targets: list[Image]
    references: list[Image]


@dataclass(frozen=True, eq=False)
class Pictures:
    """What was read.

    Attributes
    ----------
    tuning, held_out : Split
        No picture is in both.
    held_out_names : (frozenset of str, frozenset of str)
        Names, below the folders, of the held-out pictures of A and of B; a training must not see them.
    problems, notes : tuple of str
        What could not be read, and what else to know.
    """

    tuning: Split
    held_out: Split
    held_out_names: tuple[frozenset[str], frozenset[str]]
    problems: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _One:
    name: str
    image: Image
    reference: Image | None
    longest: int


def read_pictures(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    reference: str | os.PathLike[str] | None = None,
    seed: int = 0,
) -> Pictures:
    """Read up to 24 pictures of the first folder and 96 of the second, no side longer than 512 px.

    Parameters
    ----------
    source, target : path
        The folders, searched recursively.
    reference : path, optional
        What pictures of `source` should look like: files of the same names. Those without one are left out.
    seed : int
        Of the draw, in which a picture's split depends on its name alone.

    Raises
    ------
    DataError
        If a folder is missing or empty, one lies in the other, or fewer than four pictures of one can be used.
    ParameterError
        If there is no such folder of references.
    """
    first, second = Path(source), Path(target)
    files = {name: {name: first / name} for name in _names(first)}
    wanted = {name: second / name for name in _names(second)}
    _check_apart(first, second)
    notes: list[str] = []
    references: Mapping[str, Path] = {}
    if reference is not None:
        references, notes = _paired(first, files, reference)
    problems = [f"{path}: {unreadable_reason(path)}" for path in search([first, second]).unreadable]
    a = [_read_all(part, first, references, problems) for part in _drawn(references or files, seed, MOST)]
    b = [_read_all(part, second, {}, problems) for part in _drawn(wanted, seed, MOST_TARGETS)]
    _make_alike(a, first, problems)
    _make_alike(b, second, problems)
    for path, splits in ((first, a), (second, b)):
        if min(len(part) for part in splits) < FEWEST // 2:
            raise DataError(
                f"{path}: {sum(len(part) for part in splits)} of its pictures can be used"
                f"{' (with a reference each)' if references and path == first else ''}; advice needs {FEWEST} at least"
                f"{': ' + problems[0] if problems else ''}"
            )
    tuning, held_out = (_split(one, other) for one, other in zip(a, b, strict=True))
    held_out_names = frozenset(held_out.names), frozenset(one.name for one in b[1])
    return Pictures(tuning, held_out, held_out_names, tuple(problems), (*notes, *_reduction(a)))


def names_in(folder: str | os.PathLike[str]) -> list[str]:
    """Return the paths of the pictures below a folder, sorted."""
    return sorted(found.relative.as_posix() for found in find_photos([folder]))


def _names(path: Path) -> list[str]:
    if not path.is_dir():
        problem = "is a file; give the folder it is in" if path.exists() else "no such folder; check the path"
        raise DataError(f"{path}: {problem}")
    names = names_in(path)
    if len(names) < FEWEST:
        kinds = ", ".join(sorted(readable_suffixes()))
        raise DataError(f"{path}: has {len(names)} pictures ({kinds}); advice needs {FEWEST} at least")
    return names


def _check_apart(first: Path, second: Path) -> None:
    a, b = first.resolve(), second.resolve()
    if a == b or a in b.parents or b in a.parents:
        raise DataError(f"{first} and {second}: one lies in the other; give two separate folders")


def _paired(
    folder: Path, files: Mapping[str, object], reference: str | os.PathLike[str]
) -> tuple[dict[str, Path], list[str]]:
    items, missing = pair(read_side(folder, "pictures"), read_side(reference, "references"), {})
    found = {
        item.image.relative_to(folder).as_posix(): item.reference for item in items if item.image and item.reference
    }
    without = len(files) - len(found)
    if not found:
        raise DataError(f"{reference}: no file has the name of a picture in {folder}, e.g. {missing[0].image}")
    return found, [f"{without} pictures of {folder} have no reference and are left out"] if without else []


def _drawn(names: Mapping[str, object], seed: int, most: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return half of up to so many names to tune on, and the other half to hold out."""
    if len(names) < FEWEST:
        return tuple(names), ()
    rest, held_out = split(list(names), fraction=0.5, seed=seed, minimum=2, maximum=most // 2)
    spread = np.unique(np.linspace(0, len(rest) - 1, min(most // 2, len(rest))).round().astype(int))
    return tuple(rest[index] for index in spread.tolist()), held_out


def _read_all(names: Sequence[str], folder: Path, references: Mapping[str, Path], problems: list[str]) -> list[_One]:
    found = []
    for name in names:
        try:
            found.append(_read(folder, name, references.get(name)))
        except DiptychError as error:
            problems.append(str(error))
        except MemoryError:
            problems.append(f"{folder / name}: not enough memory; reduce the picture")
    return found


def _read(folder: Path, name: str, reference: Path | None) -> _One:
    image = read(folder / name).pixels
    beside = None if reference is None else read(reference).pixels
    if beside is not None and beside.shape[:2] != image.shape[:2]:
        raise ImageError(f"{folder / name}: {_size(image)}, but its reference is {_size(beside)}; make them alike")
    return _One(name, reduced(image), None if beside is None else reduced(beside), max(image.shape[:2]))


def reduced(image: Image) -> Image:
    """Return an image ``(H, W, C)`` with no side longer than 512 px, by means over areas."""
    factor = LONGEST / max(image.shape[:2])
    small = image if factor >= 1 else operators.get("zoom")(image, factor=factor, interpolation="area")
    return small if small.ndim == 3 else small[:, :, np.newaxis]


def _size(image: Image) -> str:
    return f"{image.shape[1]} x {image.shape[0]} px"


def _make_alike(splits: list[list[_One]], folder: Path, problems: list[str]) -> None:
    """Give all pictures of a folder the same number of channels: grey among RGB becomes RGB; others are left out."""
    present = [one.image.shape[2] for part in splits for one in part]
    if not present:
        return
    channels = 3 if set(present) == {1, 3} else max(set(present), key=present.count)
    for part in splits:
        for index in reversed(range(len(part))):
            one = part[index]
            try:
                image, beside = (None if x is None else _with_channels(x, channels) for x in (one.image, one.reference))
            except ImageError as error:
                problems.append(f"{folder / one.name}: {error}")
                del part[index]
                continue
            assert image is not None
            part[index] = _One(one.name, image, beside, one.longest)


def _with_channels(image: Image, channels: int) -> Image:
    if image.shape[2] == channels:
        return np.ascontiguousarray(image)
    if (image.shape[2], channels) == (1, 3):
        return np.repeat(image, 3, axis=2)
    raise ImageError(f"has {image.shape[2]} channels, the others {channels}; convert it, or remove it from the folder")


def _split(a: list[_One], b: list[_One]) -> Split:
    references = [one.reference for one in a if one.reference is not None]
    return Split(tuple(one.name for one in a), [one.image for one in a], [one.image for one in b], references)


def _reduction(a: list[list[_One]]) -> list[str]:
    longest = median(one.longest for part in a for one in part)
    if longest < 2 * LONGEST:
        return []
    return [
        f"the pictures of A have {longest:.0f} px (median) and were looked at in {LONGEST} px, in which noise shows less"
    ]
