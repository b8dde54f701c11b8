"""What is done with each picture, in a form that travels to other machines."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from diptych.core.defaults import MAX_PIXELS, QUALITY
from diptych.core.enhancer import Enhancer
from diptych.runtime import EnhancerChoice, resolve_enhancer


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
