"""Check two folders before training: one pass over the pictures, then the findings."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from diptych.core.errors import ParameterError
from diptych.core.parallel import available_cores
from diptych.data.domain_check.contents import find_contents
from diptych.data.domain_check.differences import find_differences, medians
from diptych.data.domain_check.duplicates import find_duplicates
from diptych.data.domain_check.files import find_files, find_other_kinds
from diptych.data.domain_check.findings import Finding
from diptych.data.domain_check.result import Counts, DomainCheck
from diptych.data.domain_check.survey import PhotoSummary, Progress, Surveyed, Unreadable, survey
from diptych.data.folder import check_apart
from diptych.photo import Search, kinds_read, search, unreadable_reason

_ORDER = ("error", "warning", "note")


def check(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    jobs: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> DomainCheck:
    """Check whether two folders of pictures are fit for training from A to B without pairs.

    Found are files that cannot be read, copies, mixed depths, channels and sizes, too few or too small pictures, blank and
    drawn ones, ones that look like the other domain, pairs that could serve for evaluation, and how the domains differ: in
    exposure, contrast, colour and noise, which is what training should learn, and in contents, which it should not.
    docs/check.md has the thresholds.

    Parameters
    ----------
    source, target : path
        The folders A, what is to be enhanced, and B, what it should look like. Subfolders are searched as well.
    jobs : int
        Pictures that are decoded at a time; 0 means one for each core.
    seed : int
        Of the folds of the classifier. The same call gives the same result, whatever `jobs`.
    progress : callable, optional
        Called with an iterable of what is seen of each picture and their number; returns the iterable to go through.

    Returns
    -------
    DomainCheck
        Findings, counts and a verdict, as text, JSON or HTML.

    Raises
    ------
    ParameterError
        If a folder does not exist or has no pictures, if both are the same or one lies in the other, or if `jobs` or `seed`
        is negative.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from diptych.photo import write
    >>> place = Path(tempfile.mkdtemp())
    >>> rng = np.random.default_rng(0)
    >>> for name in ("dark", "bright"):
    ...     (place / name).mkdir()
    ...     for number in range(3):
    ...         write(place / name / f"{number}.png", rng.integers(0, 256, (300, 300), np.uint8))
    >>> found = check(place / "dark", place / "bright")
    >>> found.verdict, found.findings[0].kind
    ('ready, with warnings', 'count')
    """
    for name, value in (("jobs", jobs), ("seed", seed)):
        if value < 0:
            raise ParameterError(f"{name} is {value}; give 0 or more")
    searched = _folders(source, target)
    folders = {domain: one.photos for domain, one in searched.items()}
    other = [one for domain, root in (("A", source), ("B", target)) for one in _of_other_kinds(domain, searched, root)]
    seen = survey(folders, jobs=jobs or available_cores(), progress=progress)
    photos = [one for one in seen if isinstance(one, PhotoSummary)]
    unreadable = [one for one in seen if isinstance(one, Unreadable)]
    found = [
        *find_files(photos, unreadable),
        *find_other_kinds(other),
        *find_duplicates(photos),
        *find_differences(photos),
    ]
    found += find_contents(photos, seed=seed)
    findings = tuple(sorted(found, key=lambda one: _ORDER.index(one.level)))
    return DomainCheck(
        source=os.fspath(source),
        target=os.fspath(target),
        counts={domain: _counts(domain, [*seen, *other]) for domain in folders},
        findings=findings,
        thumbnails=_thumbnails(findings, photos),
    )


def _folders(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> dict[str, Search]:
    paths = {"A": Path(source), "B": Path(target)}
    for domain, path in paths.items():
        if not path.is_dir():
            problem = "is not a folder" if path.exists() else "no such folder"
            raise ParameterError(f"{domain}: {path}: {problem}; give a folder of pictures")
    check_apart(source, target)
    found = {domain: search([path]) for domain, path in paths.items()}
    for domain, one in found.items():
        if not one.photos:
            raise ParameterError(f"{domain}: no pictures in {paths[domain]}; give a folder with {kinds_read()} files")
    return found


def _of_other_kinds(domain: str, searched: Mapping[str, Search], root: str | os.PathLike[str]) -> list[Unreadable]:
    files = searched[domain].unreadable
    return [Unreadable(domain, path.relative_to(root).as_posix(), unreadable_reason(path) or "") for path in files]


def _counts(domain: str, seen: Sequence[Surveyed]) -> Counts:
    own = [one for one in seen if one.domain == domain]
    photos = [one for one in own if isinstance(one, PhotoSummary)]
    return Counts(len(own), len(photos), medians(photos) if photos else {})


def _thumbnails(findings: Sequence[Finding], photos: Sequence[PhotoSummary]) -> dict[str, bytes]:
    named = {label for one in findings for group in one.examples for label in group}
    return {photo.label: photo.thumbnail for photo in photos if photo.label in named}
