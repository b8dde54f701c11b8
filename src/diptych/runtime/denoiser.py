"""The denoiser with ONNX Runtime: a small network that is told how strong the noise is, over tiles of a picture."""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.core.enhancer import EnhancerSpec
from diptych.core.errors import BundleError
from diptych.core.image import Image, check_image, convert, white_level
from diptych.core.kernels import Depths, rows_in, rows_out
from diptych.core.noise import measure_noise
from diptych.core.parallel import available_cores
from diptych.core.parallel import threads as usual_threads
from diptych.recipes.denoise import HALO, ToldNoise
from diptych.runtime.bundle import Bundle, read_bundle
from diptych.runtime.graph_ends import BLOCK, CORRELATION, INPUT, MARGIN, NOISE
from diptych.runtime.metadata import BundleMetadata
from diptych.runtime.sessions import Session, Sessions

_ROWS, _COLUMNS = 768, 1024  # px of a tile, without what it overlaps; multiples of the network's blocks
_LEVELS = 1024  # brightnesses that the noise is looked up at
_LEAST = 0.25 / 255  # what a standard deviation is taken for where it is less: the network's values stay within reason
_OF_GREY = 0.25  # what the network has learned to be told of colour differences that are not there

Planes = NDArray[np.float32]
Codes = NDArray[np.uint8]
Places = NDArray[np.int64]


class OnnxDenoiser:
    """The model file of a denoiser as an enhancer. The noise is measured, or told.

    The network sees each value over the standard deviation of its noise, so that one serves every exposure, and says how
    much of it is noise, in standard deviations and never more than five or so. That times the strength is taken away: where
    there is no noise, the picture stays as it is, bit for bit.

    Parameters
    ----------
    source : path or Bundle
        A file, or what `read_bundle` or `make_bundle` returned.
    strength : float
        Share of the noise that a call takes away, 0 to 1; up to 2, as much stronger noise is assumed.
    threads : int or None
        Tiles that are computed at the same time; None for as many as there are cores.

    Raises
    ------
    BundleError
        If the file is not the bundle of a denoiser.
    ParameterError
        If `threads` is not positive.

    Notes
    -----
    It may be called from several threads. RGB is denoised as luma and colour differences, of any other picture each channel for
    itself. A tile overlaps its neighbours by as far as the network sees, so that there is no seam.

    Examples
    --------
    >>> from diptych.runtime import packaged_denoiser
    >>> noisy = 0.5 + np.random.default_rng(0).normal(0, 0.05, (64, 64, 3)).clip(-0.4, 0.4)
    >>> bool(packaged_denoiser()(noisy).std() < noisy.std() / 3)
    True
    """

    def __init__(
        self, source: str | os.PathLike[str] | Bundle, *, strength: float = 1.0, threads: int | None = None
    ) -> None:
        self._bundle = source if isinstance(source, Bundle) else read_bundle(source)
        if not is_denoiser(self._bundle):
            raise BundleError(f"{self._bundle.source}: is no denoiser; open it with diptych.runtime.open_enhancer")
        self._strength = strength
        self._threads = min(threads or usual_threads(), available_cores())
        self._sessions = Sessions(self._bundle.source, threads=1)

    @property
    def metadata(self) -> BundleMetadata:
        """What the bundle says of itself."""
        return self._bundle.metadata

    @property
    def spec(self) -> EnhancerSpec:
        """Name and summary, as every enhancer has them."""
        return EnhancerSpec(self.metadata.name, self.metadata.summary)

    @functools.cached_property
    def reference(self) -> str:
        """What a recipe's file calls this model by: its name, and the beginning of the SHA-256 of its file."""
        words = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in self.metadata.name)
        return f"{words[:40]}@{hashlib.sha256(self._bundle.model).hexdigest()[:12]}"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_session"}

    def __repr__(self) -> str:
        return f"OnnxDenoiser({self.reference})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OnnxDenoiser) and (self.reference, self._strength) == (
            other.reference,
            other._strength,
        )

    def __hash__(self) -> int:
        return hash((self.reference, self._strength))

    def __call__(self, image: Image, /) -> Image:
        """Return the image without the noise that is measured in it: same dtype, same number of axes."""
        checked = check_image(image)
        return self.denoise(checked, ToldNoise.of(measure_noise(checked)), strength=self._strength)

    def denoise(
        self, image: Image, told: ToldNoise, *, strength: float = 1.0, dtype: np.dtype[Any] | None = None
    ) -> Image:
        """Return the image without this noise.

        Parameters
        ----------
        image : ndarray, shape (H, W) or (H, W, C)
            Any image of the contract.
        told : ToldNoise
            How strong the noise is.
        strength : float
            Share of it that is taken away, 0 to 1; up to 2, as much stronger noise is assumed.
        dtype : dtype, optional
            uint8 or uint16: the depth of the result, where the image has one of these. Default: that of the image.

        Returns
        -------
        ndarray
            Same shape and dtype, unless another is given.

        Raises
        ------
        ImageError
            If the image breaks the contract.
        BundleError
            If the graph cannot be run.
        """
        checked = check_image(image)
        if strength == 0 or told.nothing or checked.dtype == bool:
            return checked.copy() if dtype is None else convert(checked, dtype)
        planes = np.ascontiguousarray(checked if checked.ndim == 3 else checked[:, :, np.newaxis])
        if planes.dtype == np.float64:
            narrow = planes.astype(np.float32)
            difference = self.denoise(narrow, told, strength=strength).astype(np.float64) - narrow
            return np.clip(planes + difference, 0, 1).reshape(checked.shape)
        out = np.empty(planes.shape, dtype or planes.dtype)
        for task in _tasks(planes, told, strength):
            part, target = (np.ascontiguousarray(one[:, :, task.channels]) for one in (planes, out))
            self._denoise(part, task, target)
            if not np.may_share_memory(target, out):
                out[:, :, task.channels] = target
        return out.reshape(checked.shape)

    @functools.cached_property
    def _session(self) -> Session:
        return self._sessions.open(self._bundle.model)

    def _denoise(self, image: Image, task: _Task, out: Image) -> None:
        from diptych.runtime._kernels import denoise_numba as kernels

        session = self._session
        height, width = image.shape[:2]
        down, across = _mirrored(height), _mirrored(width)
        rows, out_rows = rows_in(image), rows_out(out)
        whites = np.float32(white_level(image.dtype)), np.float32(white_level(out.dtype))
        tiles = list(itertools.product(_cuts(height, _ROWS, 2 * self._threads), _cuts(width, _COLUMNS, 1)))

        def one(tile: tuple[tuple[int, int], tuple[int, int]]) -> None:
            (top, bottom), (left, right) = tile
            around = (slice(first, last + 2 * HALO + (first - last) % BLOCK) for first, last in tile)
            places = [index[part] for index, part in zip((down, across), around, strict=True)]
            seen = _Seen.of(task, rows, image.shape[2], whites[0], *places)
            if seen.nothing:
                out[top:bottom, left:right] = convert(image[top:bottom, left:right], out.dtype)
                return
            noise = seen.noise(session, task.correlation, last=tile == tiles[-1])
            place = top, left, bottom - top, right - left
            line = np.empty((right - left) * image.shape[2], np.float32)
            scratch = np.empty((6, BLOCK * noise.shape[1]), np.float32)
            inset = HALO - BLOCK * MARGIN
            kernels.subtract(rows, out_rows, place, noise, seen.taken, inset, whites, line, scratch)

        if len(tiles) == 1 or self._threads == 1:
            for tile in tiles:
                one(tile)
            return
        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(one, tiles))


class _Task:
    """The channels that are denoised together, and the noise of their planes as tables by brightness."""

    def __init__(
        self,
        channels: slice,
        brightness: NDArray[Any],
        columns: NDArray[Any],
        correlation: list[float],
        strength: float,
    ) -> None:
        self.channels, self.correlation = channels, np.array([correlation], np.float32)
        at = np.linspace(0, 1, _LEVELS)
        levels = max(strength, 1.0) * np.stack([np.interp(at, brightness, column) for column in columns])
        self.tables = np.stack([np.maximum(levels, _LEAST), min(strength, 1.0) * levels]).astype(np.float32)


def _tasks(image: Image, told: ToldNoise, strength: float) -> list[_Task]:
    table = np.array(told.levels, np.float64)
    brightness, columns = table[:, 0], table[:, 1:].T
    of_luma, of_chroma = told.correlation[0], told.correlation[-1]
    if image.shape[2] == 3:
        correlation = [of_luma[0], of_chroma[0], of_luma[1], of_chroma[1]]
        return [_Task(slice(0, 3), brightness, columns, correlation, strength)]
    correlation = [of_luma[0], _OF_GREY, of_luma[1], _OF_GREY]
    return [
        _Task(slice(c, c + 1), brightness, columns[c : c + 1], correlation, strength) for c in range(image.shape[2])
    ]


class _Seen(NamedTuple):
    """What the network sees of a tile, ``(1, 3, h, w)``, and the levels ``(P, h / 4, w / 4)`` of what is taken away inside."""

    planes: Planes
    taken: Planes

    @classmethod
    def of(cls, task: _Task, rows: Depths, channels: int, white: np.float32, down: Places, across: Places) -> _Seen:
        from diptych.runtime._kernels import denoise_numba as kernels

        planes = np.zeros((1, 3, len(down), len(across)), np.float32)
        levels = np.empty((*task.tables.shape[:2], len(down) // BLOCK, len(across) // BLOCK), np.float32)
        left = int(across.min())
        line = np.empty((int(across.max()) + 1 - left) * channels, np.float32)
        scratch = np.empty((2, len(across)), np.float32)
        kernels.see(rows, down, left, across - left, white, task.tables, line, scratch, planes[0, :channels], levels)
        return cls(planes, np.ascontiguousarray(levels[1, :, MARGIN:-MARGIN, MARGIN:-MARGIN]))

    @property
    def nothing(self) -> bool:
        return not self.taken.any()

    def noise(self, session: Session, correlation: Planes, *, last: bool) -> Codes:
        """Return the noise of the blocks as the graph gives it.

        The memory of one tile serves the next; after the last it is given back.
        """
        shape = (1, *self.taken.shape[1:], 3 * BLOCK * BLOCK)
        feeds = {INPUT: self.planes, CORRELATION: correlation}
        return session.run(feeds, {NOISE: (shape, np.dtype(np.uint8))}, release=last)[0][0]


def _mirrored(length: int) -> Places:
    """Return the numbers of the rows of a picture with as many mirrored ones around it as a tile needs."""
    return np.pad(np.arange(length), (HALO, HALO + 3), mode="symmetric")


def _cuts(length: int, most: int, least: int) -> list[tuple[int, int]]:
    """Cut a side into parts of about equal size: multiples of 4 px, and as many as `least` if they do not get too small."""
    count = max(-(-length // most), min(least, length // (4 * HALO)), 1)
    edges = [4 * (length * part // count // 4) for part in range(count)] + [length]
    return list(itertools.pairwise(edges))


def is_denoiser(bundle: Bundle) -> bool:
    """Return whether a bundle is one that `OnnxDenoiser` runs."""
    return bundle.metadata.kind == "denoiser"
