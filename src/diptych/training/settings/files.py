"""Settings as TOML files."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from diptych.core.errors import ParameterError


def read_toml(text: str, *, source: str) -> dict[str, Any]:
    """Return the values of a config file. Raises `ParameterError` naming it."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ParameterError(f"{source}: not a TOML file: {error}") from None
    version = values.pop("format", 1)
    if version != 1:
        raise ParameterError(f"{source}: format {version!r} is not one this Diptych reads (1); upgrade Diptych")
    return values


def read_file(path: str | Path) -> dict[str, Any]:
    """Return the values of a config file on disk. Raises `ParameterError` naming it."""
    try:
        return read_toml(Path(path).read_text("utf-8"), source=str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise ParameterError(f"{path}: the config cannot be read: {reason}") from None
