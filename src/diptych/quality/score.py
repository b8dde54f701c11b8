"""Kept structure and distance to a domain in one number, without pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diptych import operators
from diptych.core.color import luma
from diptych.core.errors import ImageError
from diptych.core.image import Image, check_image, to_float
from diptych.core.noise import noise_level
from diptych.quality.appearance import Appearance, DomainStatistics, Floats, appearance_of
from diptych.quality.structure import Edges, edges_of, structure_added, structure_kept

_LEAST_DISTANCE = 0.5  # domains closer than this are told apart by chance


@dataclass(frozen=True, eq=False)
class MeasuredPicture:
    """What the score needs of a picture, measured once.

    Attributes
    ----------
    luma : ndarray, shape (H, W)
        Its luma.
    appearance : Appearance
        Its tone, colour and texture.
    """

    luma: Floats
    appearance: Appearance

    @classmethod
    def of(cls, picture: Floats) -> MeasuredPicture:
        """Measure a picture ``(H, W, C)`` of floats in [0, 1]."""
        return cls(luma(picture), appearance_of(picture))

    @property
    def noise(self) -> float:
        """Standard deviation of its noise, as an intensity."""
        return self.appearance.noise

    def edges(self) -> tuple[Edges, ...]:
        """Return its edges, which are large and so are not kept."""
        return edges_of(self.luma, self.noise)


class StructureReference:
    """The structure of some pictures, for outputs to be compared with.

    It is that of each picture after non-local means of the strength of its own noise, and the correlation of an output's
    edges with it is divided by that of the baseline's. So removing noise costs nothing, and copying it gains nothing.

    Parameters
    ----------
    pictures : sequence of ndarray, shape (H, W, C)
        Floats in [0, 1].
    baseline : sequence of MeasuredPicture, optional
        Those that keep all of the structure by definition; the pictures themselves by default.
    """

    def __init__(self, pictures: Sequence[Floats], *, baseline: Sequence[MeasuredPicture] | None = None) -> None:
        self._references = [_denoised_edges(picture) for picture in pictures]
        own = [MeasuredPicture.of(picture) for picture in pictures] if baseline is None else baseline
        self._baseline = [max(value, 1e-3) for value in self._correlations([one.edges() for one in own])]

    def kept(self, edges: Sequence[tuple[Edges, ...]]) -> list[float]:
        """Return the share of the structure that each of the outputs keeps, 0 to 1, from their edges."""
        both = zip(self._correlations(edges), self._baseline, strict=True)
        return [min(value / own, 1.0) for value, own in both]

    def added(self, edges: Sequence[tuple[Edges, ...]]) -> list[float]:
        """Return the share of the structure of each output that is not in the picture, 0 to 1, from their edges."""
        return [structure_added(a, b) for a, b in zip(self._references, edges, strict=True)]

    def _correlations(self, edges: Sequence[tuple[Edges, ...]]) -> list[float]:
        return [structure_kept(a, b) for a, b in zip(self._references, edges, strict=True)]


class DomainScore:
    """The score of outputs by what they keep and by how near they come to a domain.

    ``structure exp(-distance)``: the distance is 1 for the inputs and about 0 for pictures of the domain, structure is 1 if
    all of it is kept. So the inputs score 0.37, and outputs with their structure that look like the domain about 1.

    Parameters
    ----------
    inputs : sequence of Appearance
        Of the pictures to be enhanced.
    target : sequence of Appearance
        Of pictures of the target domain.
    """

    def __init__(self, inputs: Sequence[Appearance], target: Sequence[Appearance]) -> None:
        self._domain = DomainStatistics(target)
        self._scale = max(self._domain.distance(inputs), _LEAST_DISTANCE)

    def distance(self, outputs: Sequence[Appearance]) -> float:
        """Return the distance from the outputs to the domain, in units of the inputs' own."""
        return self._domain.distance(outputs) / self._scale

    def score(self, kept: Sequence[float], outputs: Sequence[Appearance]) -> float:
        """Return the score of outputs that keep these shares of the structure."""
        return float(np.mean(kept)) * float(np.exp(-self.distance(outputs)))


def as_floats(images: Sequence[Image], name: str) -> list[Floats]:
    """Return checked float32 pictures ``(H, W, C)``.

    Raises
    ------
    ImageError
        If a picture breaks the contract, or there is none; named by `name`.
    """
    if not len(images):
        raise ImageError(f"{name}: there is no picture; hold at least one out of each folder")
    return [as_float(image, f"{name} picture {index}") for index, image in enumerate(images)]


def as_float(image: Image, name: str) -> Floats:
    """Return a checked float32 picture ``(H, W, C)``; `name` is for the error."""
    floats = to_float(check_image(image, name)).astype(np.float32, copy=False)
    return np.ascontiguousarray(floats if floats.ndim == 3 else floats[:, :, np.newaxis])


def _denoised_edges(picture: Floats) -> tuple[Edges, ...]:
    light = luma(picture)
    noise = noise_level(light)
    return edges_of(operators.get("denoise_nlm")(light, strength=min(noise, 1.0)), noise)
