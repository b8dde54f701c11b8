"""The enhancer that renders: the network sees a thumbnail, and a kernel does the rest at the depth of the picture."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.core.enhancer import EnhancerSpec
from diptych.core.errors import BundleError
from diptych.core.image import Image, convert, white_level
from diptych.core.parallel import in_strips
from diptych.networks import Render
from diptych.runtime.bundle import Bundle, make_bundle, read_bundle
from diptych.runtime.graph_check import tensor_shapes
from diptych.runtime.graph_ends import INPUT, OUTPUT
from diptych.runtime.metadata import BundleMetadata
from diptych.runtime.onnx import OnnxEnhancer
from diptych.runtime.pipeline import Pipeline
from diptych.runtime.sessions import Sessions
from diptych.runtime.subgraph import extract_part, with_float32_weights
from diptych.runtime.thumbnail import thumbnail

if TYPE_CHECKING:
    import onnx

Profile = Literal["fast", "best"]

TENSORS = ("thumbnail", "exposure", "curve", "grid", "continued", "denoised")
"""Names of tensors that the graph of a `render` has: what the network sees and decides, and what the denoiser takes (compressed
values, continued to sides of whole blocks) and gives. The last two are there only if it has a denoiser."""

_LINEAR = np.float32(1e7)  # an exposure so large that values stay as they are, to the last digit of float32
_BLOCK = 8  # px; what the denoiser's sides are multiples of
_EXPOSURES = (1e-3, 2.0)  # a mean luma of 0 to 1, plus 0.004
_LARGEST = 1e6  # values of a curve and a grid, whose sums of products are then numbers
_SMALLEST = 16  # rows and cells that are worth a thread


class Parameters(NamedTuple):
    """What the network decides about a picture; see `diptych.networks.Render`."""

    exposure: np.float32
    curve: NDArray[np.float32]
    grid: NDArray[np.float32]


def is_render(bundle: Bundle) -> bool:
    """Return whether a bundle is one that `RenderEnhancer` runs."""
    return bundle.metadata.kind == "network" and bundle.metadata.generator.get("name") == Render.name


class RenderEnhancer:
    """A `render` from a file as an enhancer: any size, any depth, without a copy of the picture beside its result.

    ONNX Runtime computes the curve and the grid from the thumbnail, and a Numba kernel applies them to the picture in its
    dtype. The denoiser, if the model has one and the profile is ``best``, is run by `OnnxEnhancer`, within a bound of memory.

    Parameters
    ----------
    source : path or Bundle
        A file, or what `read_bundle` or `make_bundle` returned.
    threads : int or None
        Threads of ONNX Runtime; None for as many as there are cores.
    providers : sequence of str or None
        ONNX Runtime's execution providers, the preferred one first; None for the CPU.
    memory : int or None
        Bytes that the denoiser may take; see `OnnxEnhancer`.
    profile : {"best", "fast"}
        ``fast`` leaves the denoiser out.

    Raises
    ------
    BundleError
        If the file is not a bundle of a `render` that this Diptych runs.
    ParameterError
        If a provider is not there, or `threads` or `memory` is out of its bounds.

    Notes
    -----
    It may be called from several threads. Channels are treated as `OnnxEnhancer` treats them.

    Examples
    --------
    >>> enhancer = RenderEnhancer("evening.onnx", profile="fast")  # doctest: +SKIP
    >>> enhancer(np.zeros((480, 640, 3), np.uint16)).dtype  # doctest: +SKIP
    dtype('uint16')
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | Bundle,
        *,
        threads: int | None = None,
        providers: Sequence[str] | None = None,
        memory: int | None = None,
        profile: Profile = "best",
    ) -> None:
        import onnx

        self._bundle = source if isinstance(source, Bundle) else read_bundle(source)
        if not is_render(self._bundle):
            raise BundleError(f"{self._bundle.source}: is no render; run it with diptych.runtime.OnnxEnhancer")
        self._pipeline = Pipeline(self.metadata, self._bundle.source)
        model = onnx.load_from_string(self._bundle.model)
        shapes = _shapes(model, self.metadata, self._bundle.source)
        self._thumbnail = shapes.pop("thumbnail")
        model = with_float32_weights(model)
        part = extract_part(model, {"thumbnail": self._thumbnail}, shapes, source=self._bundle.source)
        self._outputs = {name: (shape, np.dtype(np.float32)) for name, shape in shapes.items()}
        self._session = Sessions(self._bundle.source, threads=threads, providers=providers).open(part)
        self._lock = threading.Lock()
        self._denoiser: OnnxEnhancer | None = None
        if profile == "best" and any("denoised" in node.output for node in model.graph.node):
            bundle = _denoiser(model, self._bundle)
            self._denoiser = OnnxEnhancer(bundle, threads=threads, providers=providers, memory=memory)
        self.decide(np.zeros(self._thumbnail[1:], np.float32))  # a graph that cannot run is found now

    @property
    def metadata(self) -> BundleMetadata:
        """What the bundle says of itself."""
        return self._bundle.metadata

    @property
    def spec(self) -> EnhancerSpec:
        """Name and summary, as every enhancer has them; by rows only without a denoiser."""
        return replace(self._pipeline.spec, profiles=("best", "fast"), by_rows=self._denoiser is None)

    def __call__(self, image: Image, /) -> Image:
        """Return the enhanced image: same dtype, same number of axes.

        Raises
        ------
        ImageError
            If the image breaks the contract, or has channels that the model does not take.
        BundleError
            If the graph cannot be run, or gives values that are not numbers.
        """
        return self._pipeline.run(image, self._network)

    def predict(self, image: Image) -> Parameters:
        """Return what the network decides about an image ``(H, W, C)`` of uint8, uint16 or float32."""
        return self.decide(thumbnail(image, self._thumbnail[-1]))

    @property
    def thumbnail(self) -> int:
        """Side in px of the thumbnail that the network sees."""
        return self._thumbnail[-1]

    def decide(self, thumbnail: NDArray[np.float32]) -> Parameters:
        """Return what the network decides about a picture with this thumbnail ``(C, S, S)``."""
        thumbnail = thumbnail[np.newaxis]
        with self._lock:
            made = self._session.run({"thumbnail": thumbnail}, self._outputs)
        exposure, curve, grid = (array[0] for array in made)
        parameters = Parameters(exposure.ravel()[0], curve, grid)
        if not _are_sound(parameters):
            raise BundleError(
                f"{self._bundle.source}: gives values that are not numbers or out of any bounds; the file is damaged"
            )
        return parameters

    def _network(self, image: Image, dtype: np.dtype[Any]) -> Image:
        plain = image if image.dtype.name in ("uint8", "uint16", "float32") else convert(image, np.dtype(np.float32))
        parameters = self.predict(plain)
        if self._denoiser is not None:
            plain = self._denoiser(exposure_compressed(plain, parameters.exposure))
            parameters = parameters._replace(exposure=_LINEAR)
        return convert(render(plain, parameters, dtype if dtype.kind == "u" else np.dtype(np.float32)), dtype)


def exposure_compressed(image: Image, exposure: np.float32) -> Image:
    """Return the values of an image compressed by its exposure, uint16 for integers, so that no level is lost, else float32."""
    if image.dtype.kind == "f":
        return image * (1 + exposure) / (image + exposure)
    return np.rint(65535 * _compressed_levels(exposure, image.dtype)).astype(np.uint16)[image]


def _compressed_levels(exposure: np.float32, dtype: np.dtype[Any]) -> NDArray[np.float64]:
    """Return every level of an integer type, compressed by the exposure."""
    levels = np.linspace(0, 1, int(white_level(dtype)) + 1)
    return levels * (1 + float(exposure)) / (levels + float(exposure))


def _are_sound(parameters: Parameters) -> bool:
    """Return whether the kernels can use the parameters: they look up cells by values that come from them."""
    exposure, curve, grid = parameters
    low, high = _EXPOSURES
    return bool(low <= exposure <= high and np.abs(curve).max() <= _LARGEST and np.abs(grid).max() <= _LARGEST)


def render(
    image: Image, parameters: Parameters, dtype: np.dtype[Any], *, above: int = 0, height: int | None = None
) -> Image:
    """Return what the operation with these parameters makes of an image, in `dtype`.

    Parameters
    ----------
    image : ndarray, shape (H, W, C)
        uint8, uint16 or float32.
    parameters : Parameters
        Of a network for C channels.
    dtype : dtype
        uint8, uint16 or float32.
    above : int
        Where the image is a strip of a picture: how many rows of it lie above.
    height : int, optional
        Where it is a strip: rows of the picture.
    """
    from diptych.runtime._kernels import render_numba as kernels

    channels, padded = image.shape[2], height or len(image)
    exposure, curve, grid = parameters
    # (C * (C + 1), depth, rows, columns) to (rows, columns, C, depth, C + 1): what is read together lies together.
    table = grid.reshape(channels, channels + 1, *grid.shape[1:]).transpose(3, 4, 0, 2, 1)
    table = np.ascontiguousarray(table, np.float32)
    pixels, made = np.ascontiguousarray(image), np.empty(image.shape, dtype)
    add = np.float32(0.5 if dtype.kind == "u" else 0)
    if image.dtype.kind == "u":
        compressed = _compressed_levels(exposure, image.dtype)
        values = np.interp(compressed, np.linspace(0, 1, len(curve)), curve).astype(np.float32)
        white = np.float32(white_level(dtype))
        work = lambda first, last: kernels.by_table(  # noqa: E731
            pixels, made, values, table, white, add, first, last, above, padded
        )
    else:
        white = np.float32(white_level(dtype))
        work = lambda first, last: kernels.by_curve(  # noqa: E731
            pixels, made, curve, exposure, table, white, add, first, last, above, padded
        )
    in_strips(work, len(image), _SMALLEST)
    return made


def _shapes(model: onnx.ModelProto, metadata: BundleMetadata, source: str) -> dict[str, tuple[int, ...]]:
    """Return the shapes of what the network sees and decides, as the graph has them; the kernels rely on what is checked."""
    known = tensor_shapes(model, metadata)
    for name in TENSORS[:4]:
        if name not in known:
            raise BundleError(f"{source}: its graph has no tensor '{name}', which a render has; export it again")
    found = {name: known[name] for name in TENSORS[:4]}
    channels, (thumbnail, exposure, curve, grid) = metadata.channels_in, found.values()
    fits = (
        thumbnail[:2] == (1, channels)
        and len(thumbnail) == 4
        and thumbnail[2] == thumbnail[3]
        and exposure == (1, 1, 1, 1)
        and len(curve) == 2
        and curve[0] == 1
        and curve[1] > 1
        and len(grid) == 5
        and grid[:2] == (1, channels * (channels + 1))
    )
    if not fits:
        raise BundleError(f"{source}: its graph is not that of a render ({', '.join(found)}); export it again")
    return found


def _denoiser(model: onnx.ModelProto, bundle: Bundle) -> Bundle:
    """Return the denoiser as a bundle of its own, whose pictures are continued by whoever runs it."""
    metadata = bundle.metadata
    any_size: tuple[str | int, ...] = ("n", metadata.channels_in, "h", "w")
    part = extract_part(model, {"continued": any_size}, {"denoised": any_size}, source=bundle.source, renamed=_RENAMED)
    denoiser = BundleMetadata(
        name=f"{metadata.name}, denoiser",
        channels_in=metadata.channels_in,
        channels_out=metadata.channels_out,
        multiple=_BLOCK,
        receptive_field_radius=metadata.receptive_field_radius,
        precision=metadata.precision,
    )
    return make_bundle(part, denoiser, source=bundle.source)


_RENAMED: Mapping[str, str] = {"continued": INPUT, "denoised": OUTPUT}
