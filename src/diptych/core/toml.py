"""Parsing TOML that may be hostile: bounded in time and memory, with one kind of error."""

from __future__ import annotations

import re
import tomllib
from typing import Any

MOST_CHARACTERS = 4_000_000
"""In a file; the longest recipes hold the quantiles of a picture."""

_MOST_PARTS = 16  # of a dotted key; the parser takes time and memory with their square
_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(rf"(?<![\w\"'-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{_MOST_PARTS}}}")


def parse_toml(text: str) -> dict[str, Any]:
    r"""Return the values of a TOML document.

    Parameters
    ----------
    text : str
        The document, of at most 4 million characters; a key has at most 16 parts.

    Raises
    ------
    ValueError
        If it is malformed, too long or nested too deeply; the message is a line for the user and does not name the file.

    Examples
    --------
    >>> parse_toml("[denoise]\nsigma = 0.5")
    {'denoise': {'sigma': 0.5}}
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"longer than {MOST_CHARACTERS} characters; give a shorter file")
    if _LONG_KEY.search(text):
        raise ValueError(f"has a key of more than {_MOST_PARTS} parts; write fewer tables into each other")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not a TOML file: {error}") from None
    except RecursionError:
        raise ValueError("has lists or tables that are nested too deeply; write fewer into each other") from None
    except ValueError:
        raise ValueError("has a number that is too long; write it with fewer digits") from None
