"""What ``diptych train`` says of its two folders before the first step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from diptych.cli.progress import note, printable

if TYPE_CHECKING:
    from diptych.data.domain_check import DomainCheck

_MOST = 2_000
"""Pictures that are looked at without being asked: `diptych check` takes some hundredths of a second for each."""

_BETTER = 1.1  # times brighter, or richer in contrast
_UNSAID = ("count", "small")  # a run says how many there are, and shrinks its crops


def say_what_is_odd(source: str, target: str) -> None:
    """Print a line for each thing that `diptych check` finds odd, and if the folders look exchanged."""
    from diptych.core.errors import DiptychError
    from diptych.data.domain_check import check
    from diptych.photo import find_photos

    with contextlib.suppress(DiptychError):  # the training refuses with the reason
        if len(find_photos([source, target])) > _MOST:
            note("many pictures: diptych check A B says what is odd in the folders")
            return
        for line in _odd(check(source, target)):
            note(printable(line))


def _odd(found: DomainCheck) -> Iterator[str]:
    for one in found.findings:
        if one.level != "note" and one.kind not in _UNSAID:
            yield f"{one.level}: {one.text}"
    a, b = found.counts["A"].medians, found.counts["B"].medians
    if a and b and all(a[name] > _BETTER * b[name] for name in ("luma", "contrast")):
        yield (
            "warning: A looks better than B, brighter and richer in contrast; if B holds the poor pictures, exchange them: "
            "diptych train B A"
        )
