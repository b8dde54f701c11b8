"""The enhancer protocol: whatever turns an image into a better one. A recipe is one, and so is a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from diptych.core.image import Image

Profile = Literal["fast", "best"]


@dataclass(frozen=True)
class EnhancerSpec:
    """What a caller may know about an enhancer without running it.

    Attributes
    ----------
    name, summary : str
        What to call it, and what it does in a line.
    profiles : tuple of str
        What it can be opened as: ``best``, and ``fast`` where it has a faster way.
    by_rows : bool
        Whether it can enhance a picture that is read by rows and never whole in memory.
    receptive_field_radius : int or None
        Distance in px from a result to the farthest input that it depends on; None where that is the whole picture, or unknown.
    """

    name: str
    summary: str
    profiles: tuple[str, ...] = ("best",)
    by_rows: bool = False
    receptive_field_radius: int | None = None


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
