"""Refining with ONNX Runtime: the steps of a flow, each over all tiles of a picture."""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import threading
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from diptych.core.enhancer import Enhancer, EnhancerSpec
from diptych.core.errors import BundleError, ImageError
from diptych.core.image import Image, check_image, convert
from diptych.core.positional_noise import positional_noise
from diptych.networks import Refiner, from_dict
from diptych.networks.refiner import times
from diptych.recipes.refine import Settings, checked_settings
from diptych.runtime.bundle import INPUT, OUTPUT, Bundle, read_bundle
from diptych.runtime.graph import Graph
from diptych.runtime.memory import checked_memory
from diptych.runtime.metadata import BundleMetadata
from diptych.runtime.picture import Picture, put, to_grey
from diptych.runtime.sessions import Session, Sessions

STRENGTH = 0.3
"""How much is refined if nothing else is said."""

_LEAST_TILE, _MOST_TILE = 32, 512  # px a side, without what it overlaps

Planes = NDArray[np.float32]


class OnnxRefiner:
    """A refiner's model file as an enhancer, whose input is a first result. It needs neither torch nor `diffusers`.

    The picture is computed in tiles, each step over all of them before the next. A tile overlaps its neighbours by as far as a
    step sees, and its noise is that of its place in the picture, so that there is no seam and the size of the tiles shows
    nowhere but in the last bits of the floats.

    Parameters
    ----------
    source : path or Bundle
        A file, or what `read_bundle` or `make_bundle` returned.
    strength : float
        What a call does if nothing else is said: 0 leaves the picture as it is, bit for bit, 1 does the most.
    steps : int or None
        1 to 8; None for what the model was made for.
    seed : int
        Decides the noise that details are made of; the same seed gives the same picture.
    threads : int or None
        Threads of ONNX Runtime; None for as many as there are cores.
    providers : sequence of str or None
        ONNX Runtime's execution providers, the preferred one first; None for the CPU.
    memory : int or None
        Bytes that the maps of a tile may take; the picture, and two copies of it in floats, come on top. None for a quarter
        of what is available.

    Raises
    ------
    BundleError
        If the file is not a bundle, or one of another kind of model.
    ParameterError
        If strength, steps, seed, threads, providers or memory is out of its bounds.

    Examples
    --------
    >>> refiner = OnnxRefiner("details.onnx", strength=0.5)  # doctest: +SKIP
    >>> refiner(np.zeros((480, 640, 3), np.uint8)).dtype  # doctest: +SKIP
    dtype('uint8')
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | Bundle,
        *,
        strength: float = STRENGTH,
        steps: int | None = None,
        seed: int = 0,
        threads: int | None = None,
        providers: Sequence[str] | None = None,
        memory: int | None = None,
    ) -> None:
        self._bundle = source if isinstance(source, Bundle) else read_bundle(source)
        self._config = _config_of(self._bundle)
        self._settings = checked_settings(strength, steps, seed)
        self._memory = checked_memory(memory)
        self._sessions = Sessions(self._bundle.source, threads=threads, providers=providers)
        self._lock = threading.Lock()

    @property
    def metadata(self) -> BundleMetadata:
        """What the bundle says of itself."""
        return self._bundle.metadata

    @property
    def spec(self) -> EnhancerSpec:
        """Name and summary, as every enhancer has them."""
        return EnhancerSpec(self.metadata.name, f"{self.metadata.summary}, strength {self._settings.strength:g}")

    @functools.cached_property
    def reference(self) -> str:
        """What a recipe's file calls this model by: its name, and the beginning of the SHA-256 of its file."""
        words = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in self.metadata.name)
        return f"{words[:40]}@{hashlib.sha256(self._bundle.model).hexdigest()[:12]}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OnnxRefiner) and (self.reference, self._settings) == (other.reference, other._settings)

    def __hash__(self) -> int:
        return hash((self.reference, self._settings))

    def __call__(self, image: Image, /) -> Image:
        """Return the refined image: same dtype, same number of axes."""
        chosen = self._settings
        return self.refine(image, strength=chosen.strength, steps=chosen.steps, seed=chosen.seed)

    def refine(self, image: Image, *, strength: float = STRENGTH, steps: int | None = None, seed: int = 0) -> Image:
        """Return the refined image: same dtype, same number of axes.

        Parameters
        ----------
        image : ndarray, shape (H, W) or (H, W, C)
            A first result; a grey one is refined as three equal channels, if the model has three.
        strength, steps, seed
            As in the constructor.

        Raises
        ------
        ImageError
            If the image breaks the contract, or has channels that the model does not take.
        ParameterError
            If strength, steps or seed is out of its bounds.
        BundleError
            If the graph cannot be run, or gives values that are not numbers.
        """
        chosen = checked_settings(strength, steps, seed)
        checked = check_image(image)
        planes = checked if checked.ndim == 3 else checked[:, :, np.newaxis]
        fitted = self._fit_channels(planes)
        if chosen.strength == 0:
            return checked.copy()
        result = self._refined(fitted, chosen)
        result = convert(to_grey(result) if planes.shape[2] < fitted.shape[2] else result, checked.dtype)
        return result[:, :, 0] if image.ndim == 2 else result

    def _fit_channels(self, image: Image) -> Image:
        given, wanted = image.shape[2], self._config.channels_in
        if given == wanted:
            return image
        if (given, wanted) == (1, 3):
            return np.repeat(image, 3, axis=2)
        raise ImageError(
            f"image has {given} channels, the refiner '{self.metadata.name}' takes {wanted}; choose another"
        )

    def _refined(self, image: Image, chosen: Settings) -> Image:
        picture = Picture(image, self._config.multiple)
        state = picture.read(0, picture.height)[0]
        noise = positional_noise(chosen.seed, picture.height, picture.width, len(state))
        state += np.multiply(noise, np.float32(self._config.noise), out=noise)
        del noise
        passed = times(chosen.steps or self._config.steps)
        with self._lock:
            for time, then in itertools.pairwise(passed):
                state = self._step(picture, state, time, then)
        if not (np.isfinite(state.min()) and np.isfinite(state.max())):
            raise BundleError(f"{self._bundle.source}: gives values that are not numbers; the file is damaged")
        result = np.empty(image.shape, image.dtype if image.dtype.kind != "b" else np.float32)
        state -= (first := picture.read(0, picture.height)[0])
        state *= np.float32(chosen.strength)
        state += first
        put(result, 0, np.clip(state, 0, 1, out=state))
        return result

    def _step(self, picture: Picture, state: Planes, time: float, then: float) -> Planes:
        """Return the state after one step."""
        channels = len(state)
        after = np.empty_like(state)
        for core, part in _tiles(picture, self._tile, self._overlap):
            rows, columns = part
            given = np.empty((1, 2 * channels + 2, _length(rows), _length(columns)), np.float32)
            given[0, :channels] = state[:, rows, columns]
            given[0, channels:-2] = picture.read(rows.start, rows.stop)[0, :, :, columns]
            given[0, -2], given[0, -1] = time, then
            wanted = {OUTPUT: ((1, channels, *given.shape[2:]), np.dtype(np.float32))}
            made = self._session.run({INPUT: given}, wanted)[0]
            top, left = core[0].start - rows.start, core[1].start - columns.start
            after[:, core[0], core[1]] = made[0, :, top : top + _length(core[0]), left : left + _length(core[1])]
        return after

    @functools.cached_property
    def _session(self) -> Session:
        return self._sessions.open(self._bundle.model)

    @property
    def _overlap(self) -> int:
        multiple = self._config.multiple
        return -(-self._config.receptive_field_radius_of_step // multiple) * multiple

    @functools.cached_property
    def _tile(self) -> int:
        """Side in px of a tile without its overlap."""
        import onnx

        graph = Graph(onnx.load_from_string(self._bundle.model), self._config.multiple)
        bytes_per_pixel = 2 * graph.size([INPUT, OUTPUT]) + graph.peak(graph.nodes, [INPUT], [OUTPUT])
        side = int((self._memory / bytes_per_pixel) ** 0.5) - 2 * self._overlap
        return max(_LEAST_TILE, min(side, _MOST_TILE)) // self._config.multiple * self._config.multiple


class Refined:
    """An enhancer, and a refiner after it.

    Parameters
    ----------
    first : Enhancer
        What gives the first result.
    refiner : OnnxRefiner
        What refines it.

    Examples
    --------
    >>> enhancer = Refined(auto, OnnxRefiner("details.onnx", strength=0.3))  # doctest: +SKIP
    """

    def __init__(self, first: Enhancer, refiner: OnnxRefiner) -> None:
        self._first = first
        self._refiner = refiner

    @property
    def spec(self) -> EnhancerSpec:
        """Name and summary, as every enhancer has them."""
        first, last = self._first.spec, self._refiner.spec
        return EnhancerSpec(f"{first.name} > {last.name}", f"{first.summary} > {last.summary}")

    def __call__(self, image: Image, /) -> Image:
        """Return the refined first result: same dtype, same number of axes."""
        return self._refiner(self._first(image))


def is_refiner(bundle: Bundle) -> bool:
    """Return whether a bundle is a refiner."""
    return bundle.metadata.generator.get("name") == Refiner.name


def _config_of(bundle: Bundle) -> Refiner:
    config = from_dict(bundle.metadata.generator) if is_refiner(bundle) else None
    if not isinstance(config, Refiner):
        kind = bundle.metadata.generator.get("name", "model of another program")
        raise BundleError(
            f"{bundle.source}: is a {kind}, not a refiner; give one that was trained with the objective refine, and exported"
        )
    return config


Box = tuple[slice, slice]


def _tiles(picture: Picture, side: int, overlap: int) -> Iterator[tuple[Box, Box]]:
    """Yield the rows and columns of each tile, and those of what is computed for it."""
    for top in range(0, picture.height, side):
        for left in range(0, picture.width, side):
            rows, columns = _span(top, side, picture.height), _span(left, side, picture.width)
            yield (rows, columns), (_wider(rows, overlap, picture.height), _wider(columns, overlap, picture.width))


def _span(start: int, side: int, length: int) -> slice:
    return slice(start, min(start + side, length))


def _wider(span: slice, by: int, length: int) -> slice:
    return slice(max(0, span.start - by), min(length, span.stop + by))


def _length(span: slice) -> int:
    return int(span.stop - span.start)
