"""What a check found: one sentence, its numbers, and the pictures concerned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Level = Literal["error", "warning", "note"]

SHOWN = 10
"""So many examples of a finding are kept; the others are counted."""


@dataclass(frozen=True)
class Finding:
    """One thing to know about two folders.

    Attributes
    ----------
    kind : str
        What it is about, e.g. ``unreadable``, ``duplicates``, ``contents``.
    level : str
        ``error``: training cannot use this; ``warning``: look at it first; ``note``: good to know.
    text : str
        One or two sentences with the numbers and what to do.
    numbers : mapping of str to float
        The numbers of the text, unrounded.
    examples : tuple of tuple of str
        The first ten pictures concerned, ``A/name`` or ``B/name``; those of one tuple belong together.
    count : int
        How many there are in all.

    Examples
    --------
    >>> Finding("blank", "warning", "2 pictures of A are black or flat.", examples=(("A/1.png",), ("A/2.png",)), count=2).count
    2
    """

    kind: str
    level: Level
    text: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    examples: tuple[tuple[str, ...], ...] = ()
    count: int = 0


def finding(
    kind: str,
    level: Level,
    text: str,
    *,
    numbers: Mapping[str, float] | None = None,
    examples: Iterable[Iterable[str]] = (),
) -> Finding:
    """Return a finding that keeps the first of its examples and counts them all."""
    groups = [tuple(group) for group in examples]
    return Finding(kind, level, text, dict(numbers or {}), tuple(groups[:SHOWN]), len(groups))


def counted(number: int, noun: str = "picture") -> str:
    """Return a number with its noun.

    >>> counted(1), counted(1200, "file")
    ('1 picture', '1,200 files')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def verb(number: int, one: str = "is", many: str = "are") -> str:
    """Return the verb that goes with a number of things.

    >>> verb(1), verb(2, "has", "have")
    ('is', 'have')
    """
    return one if number == 1 else many
