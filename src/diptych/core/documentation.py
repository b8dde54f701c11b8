"""Completing the docstrings of operators and metrics: the decorators fill in what is the same for all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_HEADING = re.compile(r"^([A-Z]\w+)\n-{3,}\n", re.MULTILINE)
_ORDER = ("Parameters", "Returns", "Raises", "Notes", "References", "Examples")

IMAGE = "Any image of the contract (see `diptych.core.image`)."


def entry(name: str, text: str) -> str:
    """Return an entry of a section: a name or type, and its text indented below.

    >>> print(entry("ImageError", "If the image breaks the contract."))
    ImageError
        If the image breaks the contract.
    """
    return "\n    ".join([name, *text.splitlines()])


def completed(documentation: str, entries: Mapping[str, Mapping[str, str]]) -> str:
    """Return a docstring completed with the entries it lacks.

    Parameters
    ----------
    documentation : str
        A numpydoc docstring, without indentation.
    entries : mapping
        For each section the entries it should have, in their order, by the name that begins their first line. An entry that
        the docstring has is kept, and so are entries that are not named here, behind the others. ``Returns`` is filled in
        only if it is missing, as its entries have no names.

    Examples
    --------
    >>> completed("Do nothing.", {"Raises": {"ImageError": entry("ImageError", "If it is none.")}}).splitlines()
    ['Do nothing.', '', 'Raises', '------', 'ImageError', '    If it is none.']
    """
    preamble, *parts = _HEADING.split(documentation.strip() + "\n")
    sections = {title: text.strip("\n") for title, text in zip(parts[::2], parts[1::2], strict=True)}
    for title, wanted in entries.items():
        if title == "Returns":
            sections.setdefault(title, "\n".join(wanted.values()))
        elif wanted:
            own = _entries(sections.get(title, ""))
            sections[title] = "\n".join([*({**wanted, **own}).values()])
    order = sorted(sections, key=lambda title: _ORDER.index(title) if title in _ORDER else len(_ORDER))
    blocks = [f"{title}\n{'-' * len(title)}\n{sections[title]}" for title in order]
    return "\n\n".join([preamble.strip("\n"), *blocks])


def _entries(text: str) -> dict[str, str]:
    """Return the entries of a section by the names they begin with: ``gamma : float`` is ``gamma``."""
    found = [part.rstrip() for part in re.split(r"^(?=\S)", text, flags=re.MULTILINE) if part.strip()]
    return {re.split(r"[\s,:]", part, maxsplit=1)[0]: part for part in found}
