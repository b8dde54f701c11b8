"""What is done with each picture, in a form that travels to other machines; with a folder; and what became of each picture."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from typing import Literal

from diptych.core.defaults import MAX_PIXELS, QUALITY
from diptych.core.enhancer import Enhancer
from diptych.runtime import EnhancerChoice, resolve_enhancer

Existing = Literal["refuse", "overwrite", "skip"]


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """An enhancer, and how its results are stored.

    Attributes
    ----------
    choice : EnhancerChoice
        Which enhancer is meant.
    quality : int
        1 to 100, of JPEG and WebP outputs.
    max_pixels : int
        Larger pictures fail.
    """

    choice: EnhancerChoice = field(default_factory=EnhancerChoice)
    quality: int = QUALITY
    max_pixels: int = MAX_PIXELS

    def portable(self) -> JobSpec:
        """Return the same job with the content of its files in their place; see `EnhancerChoice.portable`."""
        return replace(self, choice=self.choice.portable())

    @property
    def fingerprint(self) -> str:
        """Hash of all that decides the bytes of an output."""
        return hashlib.sha256(f"{self.choice.fingerprint()} {self.quality}".encode()).hexdigest()[:16]

    def enhancer(self) -> Enhancer:
        """Make the enhancer; see `resolve_enhancer` for the errors."""
        return resolve_enhancer(self.choice)


@dataclass(frozen=True, kw_only=True)
class Run:
    """Where pictures come from and go to, and how.

    Attributes
    ----------
    source, target : str
        A folder's path, or a URL that fsspec knows.
    job : JobSpec
        What is done with each picture.
    manifest : path
        The file of the manifest, on this machine.
    existing : {"refuse", "overwrite", "skip"}
        What happens where an output is there that this run has not made.
    retries : int
        How often a picture is tried again after a failure that may pass, or after the worker that had it died.
    """

    source: str
    target: str
    job: JobSpec
    manifest: str | os.PathLike[str]
    existing: Existing = "refuse"
    retries: int = 3


@dataclass(frozen=True)
class Outcome:
    """What became of one picture, as `diptych.runtime.batch.Result` says it; `tries` counts what was done for it.

    Attributes
    ----------
    input, output : str
        Where it came from, and where the result is.
    status : {"done", "skipped", "failed"}
        What became of it.
    reason : str
        Why it was skipped or failed.
    seconds : float
        What the work took.
    tries : int
        How often it was tried.
    """

    input: str
    output: str
    status: Literal["done", "skipped", "failed"]
    reason: str = ""
    seconds: float = 0.0
    tries: int = 1
