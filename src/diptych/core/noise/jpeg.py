"""How a picture was compressed as a JPEG, as its file says it or its pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diptych.core.color import luma as luma_of
from diptych.core.errors import ParameterError
from diptych.core.image import FloatImage, Image, check_image, to_float
from diptych.core.noise.blocks import coefficients

_LARGEST = 512  # px of the part in the middle that is looked at


@dataclass(frozen=True, kw_only=True)
class JpegTables:
    """Quantisation tables and block grid of a JPEG.

    Attributes
    ----------
    luma : tuple of int
        The 64 quantisation steps of luma, rows of rising horizontal frequency, for values of 0 to 255.
    chroma : tuple of int
        The same of the colour differences; empty for a grey picture.
    subsampling : (int, int)
        How many rows and columns of pixels share a value of chroma: (1, 1) for 4:4:4, (2, 2) for 4:2:0.
    origin : (int, int)
        Row and column, 0 to 7, where a block of luma begins.

    Raises
    ------
    ParameterError
        If a table has not 64 steps of 1 to 65535, or the grid is none.
    """

    luma: tuple[int, ...]
    chroma: tuple[int, ...] = ()
    subsampling: tuple[int, int] = (1, 1)
    origin: tuple[int, int] = (0, 0)

    @property
    def coarseness(self) -> float:
        """Mean quantisation step of the nine lowest frequencies of luma, in levels of 255."""
        return float(np.mean([self.luma[8 * down + across] for down in range(3) for across in range(3)]))

    def __post_init__(self) -> None:
        for name in ("luma", "chroma"):
            table = getattr(self, name)
            if ((table or name == "luma") and len(table) != 64) or not all(_is_step(one) for one in table):
                raise ParameterError(f"{name}: a quantisation table has 64 steps of 1 to 65535")
        if not all(one in (1, 2, 4) for one in self.subsampling) or not all(0 <= one < 8 for one in self.origin):
            raise ParameterError("subsampling is 1, 2 or 4, and origin 0 to 7, by rows and by columns")


def _is_step(value: object) -> bool:
    return isinstance(value, int) and 1 <= value <= 65535


_SIDE = 8
_LUMA = (16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29,
         51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121,
         120, 101, 72, 92, 95, 98, 112, 100, 103, 99)  # fmt: skip
_CHROMA = (17, 18, 24, 47, *(99,) * 4, 18, 21, 26, 66, *(99,) * 4, 24, 26, 56, *(99,) * 5, 47, 66, *(99,) * 38)
"""The tables of ITU-R T.81, annex K; encoders scale them by their quality."""
_LOW = 6  # sum of the frequencies that are looked at
_STEPS = range(2, 81)
_FEWEST, _CLEARLY, _BANDS = 60, 0.5, 5  # coefficients of a frequency; how far they cluster; frequencies that must
_ENOUGH = 500  # coefficients of a frequency that tell how far they cluster
_TONES = 16  # whole levels of luma: a drawing in a few colours has fewer, and repeats itself as a JPEG does
_DIFFERENT = (
    30  # values to a hundredth: those of a JPEG were rounded with its pixels, a drawing has the same ones again
)


def find_jpeg(image: Image) -> JpegTables | None:
    """Find out from the pixels how an image was compressed as a JPEG.

    The DCT coefficients of the blocks of a JPEG are multiples of their quantisation steps. They are looked for in the blocks
    that begin at the corner, and in those where neighbouring pixels differ most. Steps of frequencies that have too few
    coefficients, and those of chroma, follow from the tables that most encoders scale.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        Any image of the contract.

    Returns
    -------
    JpegTables or None
        None if it is not a JPEG, or one of such a quality that nothing shows, or was changed since.
    """
    checked = check_image(image)
    planes = checked if checked.ndim == 3 else checked[:, :, np.newaxis]
    height, width = (min(length, _LARGEST) for length in planes.shape[:2])
    top, left = ((whole - part) // 2 // 16 * 16 for whole, part in zip(planes.shape[:2], (height, width), strict=True))
    light = 255 * luma_of(to_float(planes[top : top + height, left : left + width]))
    if min(light.shape) < 4 * _SIDE or np.count_nonzero(np.bincount(np.rint(light.ravel()).astype(int))) < _TONES:
        return None
    down, across = (_blocky(np.abs(np.diff(light, axis=axis)).mean(axis=1 - axis)) for axis in (0, 1))
    for origin in dict.fromkeys(((0, 0), (down, across))):
        if steps := _steps(light[origin[0] :, origin[1] :]):
            scale = float(np.median([step / _LUMA[place] for place, step in steps.items()]))
            scaled = [[max(1, round(scale * step)) for step in table] for table in (_LUMA, _CHROMA)]
            found = tuple(_near(steps.get(place, step), step) for place, step in enumerate(scaled[0]))
            coloured = planes.shape[2] == 3
            halved = (2, 2) if coloured else (1, 1)
            return JpegTables(
                luma=found, chroma=tuple(scaled[1]) if coloured else (), subsampling=halved, origin=origin
            )
    return None


def _near(found: int, usual: int) -> int:
    """Return what was found, unless it must be a part of the step."""
    return found if 0.5 * usual <= found <= 2 * usual else usual


def _blocky(differences: FloatImage) -> int:
    """Return where blocks begin, 0 to 7, from the mean differences between neighbouring rows or columns."""
    length = len(differences) // _SIDE * _SIDE
    return (int(differences[:length].reshape(-1, _SIDE).mean(axis=0).argmax()) + 1) % _SIDE


def _steps(light: FloatImage) -> dict[int, int]:
    """Return the quantisation steps, by their places in the table, of a luma of 0 to 255; empty if there are none."""
    height, width = (length // _SIDE * _SIDE for length in light.shape)
    blocks = light[:height, :width].reshape(height // _SIDE, _SIDE, -1, _SIDE).swapaxes(1, 2).reshape(-1, _SIDE, _SIDE)
    found = np.abs(coefficients(blocks)).reshape(-1, 64)
    steps = {}
    for place in range(1, 64):
        if sum(divmod(place, _SIDE)) <= _LOW and (step := _step(found[:, place])):
            steps[place] = step
    return steps if len(steps) >= _BANDS else {}


def _step(values: FloatImage) -> int:
    """Return the step that values are multiples of, or 0."""
    scores: dict[int, float] = {}
    values = np.sort(values)
    if np.count_nonzero(np.diff(np.rint(100 * values[values > _STEPS[0] / 2]))) < _DIFFERENT - 1:
        return 0
    for step in _STEPS:
        large = values[np.searchsorted(values, step / 2, "right") :]
        if len(large) < _FEWEST:
            break
        some = large[:: 1 + len(large) // _ENOUGH]
        scores[step] = float(np.cos(2 * np.pi * some / step).mean())
    best = max(scores.values(), default=0.0)
    return max((step for step, score in scores.items() if score >= 0.9 * best), default=0) if best > _CLEARLY else 0
