"""What is wrong with outputs, in one number, without pairs: the score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from diptych import operators
from diptych.core.color import luma
from diptych.core.errors import ImageError
from diptych.core.image import Image, check_image, to_float
from diptych.core.noise import noise_level
from diptych.core.noise.level import white_noise
from diptych.quality.appearance import Appearance, Floats, appearance_of
from diptych.quality.structure import Edges, edges_of, structure_added, structure_kept

_GREY = 0.01  # deviations of colours below this are grey to the eye
_SURE = 1.96  # standard errors in half of a 95 % interval


@dataclass(frozen=True, eq=False)
class MeasuredPicture:
    """What the score needs of a picture, measured once.

    Attributes
    ----------
    luma : ndarray, shape (H, W)
        Its luma.
    appearance : Appearance
        Its tone, colour and texture.
    color_noise : float
        Standard deviation of the noise of its chroma, as an intensity; 0 where it is grey.
    """

    luma: Floats
    appearance: Appearance
    color_noise: float

    @classmethod
    def of(cls, picture: Floats) -> MeasuredPicture:
        """Measure a picture ``(H, W, C)`` of floats in [0, 1]."""
        return cls(luma(picture), appearance_of(picture), white_noise(picture)[1])

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

    def coarsely_added(self, edges: Sequence[tuple[Edges, ...]]) -> list[float]:
        """Return the same on the coarsest blocks alone, 4 px, where noise counts least: what the score takes."""
        return [structure_added(a[-1:], b[-1:]) for a, b in zip(self._references, edges, strict=True)]

    def _correlations(self, edges: Sequence[tuple[Edges, ...]]) -> list[float]:
        return [structure_kept(a, b) for a, b in zip(self._references, edges, strict=True)]


class Part(NamedTuple):
    """How much of a fault costs how much: the factor of an amount is ``(1 + amount / unit) ** -weight``, 1 for none."""

    unit: float
    weight: float

    def factor(self, amount: float) -> float:
        """Return the factor of an amount, 0 to 1."""
        return float((1 + amount / self.unit) ** -self.weight)


PARTS = {
    "tone": Part(0.1, 0.4),
    "color": Part(0.03, 0.15),
    "saturation": Part(1.0, 0.1),
    "noise": Part(0.01, 0.15),
    "detail": Part(0.3, 0.12),
    "structure": Part(1.0, 0.5),
}
"""The parts of the score; units are intensities of [0, 1], but for saturation and detail (natural logarithms)
and structure (a ratio)."""

_LUMA_NOISE = 0.3  # of it counts where there is colour: fine texture passes for noise in luma, hardly in chroma


@dataclass(frozen=True)
class Score:
    """How good outputs are, judged without references, and how sure that is.

    Attributes
    ----------
    value : float
        0 to 1, higher is better: the product of `parts`.
    error : float
        Standard error of `value`, from the pictures that it was measured on: those of the outputs and those of the domain.
    amounts : dict of str to float
        How much there is of each of `PARTS`, 0 or more, in its unit's kind.
    shares : tuple of float
        The part of each output in `value`, which is their mean; differences of two enhancers are tested on them.
    target_shares : tuple of float
        The same of each picture of the domain.
    """

    value: float
    error: float
    amounts: dict[str, float]
    shares: tuple[float, ...]
    target_shares: tuple[float, ...]

    @property
    def parts(self) -> dict[str, float]:
        """The factor of each of `PARTS`, 0 to 1; 1 where nothing is wrong."""
        return {name: PARTS[name].factor(amount) for name, amount in self.amounts.items()}

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of `value`."""
        return max(self.value - _SURE * self.error, 0.0), min(self.value + _SURE * self.error, 1.0)


class DomainScore:
    """The score of outputs by what is wrong with them, as far as it shows without references.

    The score is a product of factors, one for each fault (`PARTS`); a factor is ``(1 + amount / unit) ** -weight``:

    - tone: seven quantiles of luma, their mean over the pictures and their spread from picture to picture, against those of
      the domain,
    - color: the mean difference of each channel from luma, against the domain's,
    - saturation: the logarithm of the deviation of the channels' differences from luma, against the domain's: grey, or gaudy,
    - noise: standard deviations of the noise of chroma and, by 0.3, of luma (grey pictures: of luma), as far as each exceeds
      the domain's,
    - detail: logarithms of the detail in four octaves, against the domain's: too smooth, or too sharp,
    - structure: the squared gradients of an output, on blocks of 4 px, that no local contrast makes of the input's, over those
      that it does: halos, blotches, invented texture, another picture.

    Means and spreads are compared beyond what chance makes of so few pictures: the variances of both sides are taken off the
    square of their difference. The units and weights were fitted to PSNR and SSIM of known outcomes, and rounded;
    ``docs/score.md`` has the table, and what the score does not see.

    Parameters
    ----------
    target : sequence of MeasuredPicture
        Pictures of the target domain, one or more.

    References
    ----------
    Standard error and shares: the jackknife, Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 11.

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> bright = [draw.random((32, 32, 1)).astype(np.float32) for _ in range(4)]
    >>> domain = DomainScore([MeasuredPicture.of(picture) for picture in bright])
    >>> outputs = [MeasuredPicture.of(picture / 4) for picture in bright]
    >>> dark = domain.score(outputs, added=[0.0] * 4)
    >>> dark.value < 0.6, min(dark.parts, key=dark.parts.get)
    (True, 'tone')
    """

    def __init__(self, target: Sequence[MeasuredPicture]) -> None:
        self._target = _Features.of(target)

    def score(self, outputs: Sequence[MeasuredPicture], added: Sequence[float]) -> Score:
        """Return the score of outputs; `added` is what `StructureReference.coarsely_added` says of each."""
        ours, theirs = _Features.of(outputs).like(self._target), self._target
        shares = np.asarray(added, np.float64)
        amounts = _amounts(ours, theirs, shares)
        value = _value(amounts)
        fewer = [_value(_amounts(ours.without(i), theirs, np.delete(shares, i))) for i in _all_but(shares)]
        others = [_value(_amounts(ours, theirs.without(i), shares)) for i in _all_but(theirs.noise)]
        error = float(np.hypot(_error(fewer), _error(others)))
        return Score(value, error, amounts, _shares(value, fewer), _shares(value, others))


@dataclass(frozen=True, eq=False)
class _Features:
    """What is compared, with a row for each picture."""

    tone: Floats
    color: Floats
    saturation: Floats
    noise: Floats
    color_noise: Floats
    detail: Floats

    @classmethod
    def of(cls, pictures: Sequence[MeasuredPicture]) -> _Features:
        rows = [
            (one.appearance.tone, *_colors(one.appearance), one.noise, one.color_noise, one.appearance.texture[1:])
            for one in pictures
        ]
        return cls(*(np.asarray(column, np.float64) for column in zip(*rows, strict=True)))

    def like(self, other: _Features) -> _Features:
        """Return the same; where the numbers of channels differ, without colour, as grey pictures have none."""
        if self.color.shape[1] == other.color.shape[1]:
            return self
        return replace(self, color=np.zeros((len(self.noise), other.color.shape[1])))

    def without(self, index: int) -> _Features:
        return _Features(*(np.delete(getattr(self, one.name), index, axis=0) for one in fields(self)))


def _colors(appearance: Appearance) -> tuple[Floats, Floats]:
    """Return the cast of each channel, and the logarithm of the mean deviation from it."""
    casts, deviations = np.split(appearance.color, 2)
    return casts, np.log(deviations.mean(keepdims=True) + _GREY)


def _amounts(ours: _Features, theirs: _Features, added: Floats) -> dict[str, float]:
    strange = float(added.mean())
    return {
        "tone": _root_mean(_beyond_chance(ours.tone, theirs.tone) + _spread_beyond_chance(ours.tone, theirs.tone)),
        "color": _root_mean(_beyond_chance(ours.color, theirs.color)),
        "saturation": _root_mean(_beyond_chance(ours.saturation, theirs.saturation)),
        "noise": _noise(ours, theirs),
        "detail": _root_mean(_beyond_chance(ours.detail, theirs.detail)),
        "structure": strange / (1 - strange) if strange < 1 else math.inf,
    }


def _noise(ours: _Features, theirs: _Features) -> float:
    of_luma, of_chroma = (
        max(float(a.mean() - b.mean()), 0.0)
        for a, b in ((ours.noise, theirs.noise), (ours.color_noise, theirs.color_noise))
    )
    return of_chroma + _LUMA_NOISE * of_luma if ours.color.shape[1] > 1 else of_luma


def _beyond_chance(ours: Floats, theirs: Floats) -> Floats:
    """Return the squared differences of the means, less what chance makes of them."""
    chance = sum(side.var(axis=0) / max(len(side) - 1, 1) for side in (ours, theirs))
    return np.maximum((ours.mean(axis=0) - theirs.mean(axis=0)) ** 2 - chance, 0)


def _spread_beyond_chance(ours: Floats, theirs: Floats) -> Floats:
    """Return the same of the spreads from picture to picture."""
    chance = sum(side.var(axis=0) / max(2 * len(side) - 2, 1) for side in (ours, theirs))
    return np.maximum((ours.std(axis=0) - theirs.std(axis=0)) ** 2 - chance, 0)


def _root_mean(squares: Floats) -> float:
    return float(np.sqrt(squares.mean()))


def _value(amounts: Mapping[str, float]) -> float:
    return math.prod(PARTS[name].factor(amount) for name, amount in amounts.items())


def _all_but(rows: Floats) -> range:
    """Return the rows that can be left out; none where there is only one."""
    return range(len(rows) if len(rows) > 1 else 0)


def _error(fewer: Sequence[float]) -> float:
    return float(np.std(fewer) * np.sqrt(len(fewer) - 1)) if fewer else 0.0


def _shares(value: float, fewer: Sequence[float]) -> tuple[float, ...]:
    """Return the jackknife's pseudo-values, shifted so that their mean is the score."""
    if not fewer:
        return (value,)
    pseudo = len(fewer) * value - (len(fewer) - 1) * np.array(fewer)
    return tuple((pseudo - pseudo.mean() + value).tolist())


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
