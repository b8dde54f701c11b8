"""What the service offers and where it stops, decided when it is started and never by a request."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from diptych.core.errors import ParameterError
from diptych.core.parallel import available_cores

_NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)
_SHORTEST_TOKEN = 16


@dataclass(frozen=True)
class Settings:
    """Limits, names and the secret of a service.

    Attributes
    ----------
    workers : int
        Pictures at a time, each on a thread; 0 for one for each core.
    queue : int
        Requests that may wait for a worker. One more is answered with 429.
    max_bytes : int
        Longest body of a request, bytes.
    max_pixels : int
        Largest picture, and largest result; four channels count as one pixel. Checked before anything is decoded.
    timeout : float
        Seconds that a body may take to arrive, that a request may wait, and that a picture may take.
    token : str
        What requests must bring as ``Authorization: Bearer``; empty for none. At least 16 characters.
    models : mapping of str to path
        Names that requests may use for models beside the one in the package, and their files.
    recipes : mapping of str to path
        Names that requests may use for recipes beside those of the catalogue, and their files.

    Raises
    ------
    ParameterError
        If a limit is out of its bounds, a name has odd characters, or the token is short.

    Examples
    --------
    >>> Settings(workers=2, queue=4).places
    6
    """

    workers: int = 0
    queue: int = 32
    max_bytes: int = 64 << 20
    max_pixels: int = 50_000_000
    timeout: float = 60.0
    token: str = field(default="", repr=False)
    models: Mapping[str, str | os.PathLike[str]] = field(default_factory=dict)
    recipes: Mapping[str, str | os.PathLike[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        bounds = {"workers": (0, 256), "queue": (0, 100_000), "max_bytes": (1024, 1 << 40), "max_pixels": (1, 1 << 40)}
        for name, (low, high) in {**bounds, "timeout": (0.05, 86_400)}.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ParameterError(f"{name} = {value} is not allowed; give {low} to {high}")
        for name in (*self.models, *self.recipes):
            if not _NAME.fullmatch(name):
                raise ParameterError(f"{name!r} is no name; use letters, digits, '_', '-' and '.', at most 64 of them")
        if self.token and (
            len(self.token) < _SHORTEST_TOKEN or not self.token.isascii() or not self.token.isprintable()
        ):
            raise ParameterError(f"the token must have {_SHORTEST_TOKEN} or more plain characters; make a longer one")
        object.__setattr__(self, "workers", self.workers or available_cores())

    @property
    def places(self) -> int:
        """How many requests may be under way, waiting ones included."""
        return self.workers + self.queue


def read_token(file: str | os.PathLike[str] | None, variable: str = "DIPTYCH_TOKEN") -> str:
    """Return the token from a file, or from the environment variable if no file is named; empty if there is neither."""
    if file is None:
        return os.environ.get(variable, "").strip()
    try:
        token = Path(file).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise ParameterError(f"{file}: the token cannot be read ({error}); give a text file") from None
    if not token:
        raise ParameterError(f"{file}: is empty; write a token of {_SHORTEST_TOKEN} or more characters into it")
    return token
