"""The enhancer protocol: whatever turns an image into a better one. A recipe is one, and so is a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from diptych.core.image import Image


@dataclass(frozen=True)
class EnhancerSpec:
    """What a caller may know about an enhancer without running it."""

    name: str
    summary: str


@runtime_checkable
class Enhancer(Protocol):
    """Call it with an image of the contract; it returns one of the same dtype and number of axes."""

    @property
    def spec(self) -> EnhancerSpec:
        """Name and summary."""
        ...

    def __call__(self, image: Image, /) -> Image:
        """Return the enhanced image."""
        ...
