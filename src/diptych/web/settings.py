"""The models, recipes and limits of a service: set when it starts, and never by a request."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from diptych.core.errors import ParameterError
from diptych.core.parallel import available_cores

_NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)
_SHORTEST_TOKEN = 16
_MOST_WORKERS = 4  # each takes 250 MiB, and each picture all cores


@dataclass(frozen=True)
class Settings:
    """Limits, models, recipes and the token of a service.

    Attributes
    ----------
    workers : int
        Number of pictures enhanced at the same time, each in a process; 0 for one per core, at most 4.
    queue : int
        Number of requests that may wait for a worker, or whose answers are being sent. Further ones are answered with 429.
    max_bytes : int
        Maximum length of a request body.
    max_pixels : int
        Maximum size of a picture and of a result; up to four channels count as one pixel. Checked before decoding.
    timeout : float
        Seconds within which a body must arrive, a request must start, and a picture must be done; each on its own. Work
        that takes longer is stopped.
    grace : float
        Seconds that accepted requests have to end when the service ends.
    hosts : sequence of str
        Names by which the service may be called, in addition to those of this machine; without any, and if it listens on
        other addresses than those of this machine, it may be called by every name.
    token : str
        Required of requests as ``Authorization: Bearer``; empty for none. At least 16 characters.
    models : mapping of str to path
        Model files by the names that requests use, in addition to the model in the package.
    recipes : mapping of str to path
        Recipe files by the names that requests use, in addition to the named recipes.

    Raises
    ------
    ParameterError
        If a limit is out of bounds, a name has characters that are not allowed, or the token is too short.

    Examples
    --------
    >>> Settings(workers=2, queue=4).capacity
    6
    """

    workers: int = 0
    queue: int = 32
    max_bytes: int = 64 << 20
    max_pixels: int = 50_000_000
    timeout: float = 60.0
    grace: float = 20.0
    hosts: Sequence[str] = ()
    token: str = field(default="", repr=False)
    models: Mapping[str, str | os.PathLike[str]] = field(default_factory=dict)
    recipes: Mapping[str, str | os.PathLike[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        bounds = {"workers": (0, 256), "queue": (0, 100_000), "max_bytes": (1024, 1 << 40), "max_pixels": (1, 1 << 40)}
        for name, (low, high) in {**bounds, "timeout": (0.05, 86_400), "grace": (0, 86_400)}.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ParameterError(f"{name} = {value} is not allowed; give {low} to {high}")
        for name in (*self.models, *self.recipes):
            if not _NAME.fullmatch(name):
                raise ParameterError(
                    f"{name!r} is not a valid name; use letters, digits, '_', '-' and '.', at most 64 of them"
                )
        if self.token and (
            len(self.token) < _SHORTEST_TOKEN or not self.token.isascii() or not self.token.isprintable()
        ):
            raise ParameterError(f"the token must have {_SHORTEST_TOKEN} or more plain characters; make a longer one")
        object.__setattr__(self, "workers", self.workers or min(available_cores(), _MOST_WORKERS))
        object.__setattr__(self, "hosts", tuple(name.lower() for name in self.hosts))

    @property
    def capacity(self) -> int:
        """Number of requests that may be in progress, waiting ones included."""
        return self.workers + self.queue

    @property
    def max_held(self) -> int:
        """Bytes of bodies and answers that are held at the same time: those of two bodies."""
        return 2 * self.max_bytes


def read_token(file: str | os.PathLike[str] | None, variable: str = "DIPTYCH_TOKEN") -> str:
    """Return the token from a file, or from the environment variable if no file is given; empty if there is neither."""
    if file is None:
        return os.environ.get(variable, "").strip()
    try:
        token = Path(file).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise ParameterError(f"{file}: the token cannot be read ({error}); give a text file") from None
    if not token:
        raise ParameterError(f"{file}: is empty; write a token of {_SHORTEST_TOKEN} or more characters into it")
    return token
