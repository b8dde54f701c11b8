"""The enhancer that runs a bundle with ONNX Runtime."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.enhancer import EnhancerSpec
from diptych.core.errors import BundleError, ParameterError
from diptych.core.image import Image, convert
from diptych.runtime.bundle import Bundle, read_bundle
from diptych.runtime.graph import Graph, NotLocalError
from diptych.runtime.graph_ends import INPUT, OUTPUT
from diptych.runtime.memory import checked_memory
from diptych.runtime.metadata import BundleMetadata
from diptych.runtime.normalisation import normalised_maps
from diptych.runtime.picture import Picture, put
from diptych.runtime.pipeline import Pipeline
from diptych.runtime.sessions import Session, Sessions
from diptych.runtime.stages import plan
from diptych.runtime.tiling import Strips

# px. ONNX Runtime adds up the values of a map one after the other in float32, so that the statistics of a larger picture are
# off by half a level and more; in strips they are exact, whatever the size.
_EXACT = 12_500_000
_WEIGHTS = 2  # times their size is what a session needs for them: as they are, and laid out for its kernels


class OnnxEnhancer:
    """A model file as an enhancer: any size, any depth, within a bound of memory.

    The steps before and after the network, which the file holds, are run as well. A picture for whose maps the memory is
    too small is computed in strips, with the same result (`diptych.runtime.tiling`), and so is one of more than 12.5
    megapixels if the network normalises over the picture, as ONNX Runtime's statistics lose precision there.

    Parameters
    ----------
    source : path or Bundle
        A file, or what `read_bundle` or `make_bundle` returned.
    threads : int or None
        Threads of ONNX Runtime; None for as many as there are cores.
    providers : sequence of str or None
        ONNX Runtime's execution providers, the preferred one first; None for the CPU.
    memory : int or None
        Bytes that the model may take beside the picture, its result and the libraries, 64 MiB at least; None for a quarter
        of what is available, but at least 512 MiB. What does not fit between two stages goes to temporary files.

    Raises
    ------
    BundleError
        If the file is not a bundle that this Diptych runs.
    ParameterError
        If a provider is not there, or `threads` or `memory` is out of its bounds.

    Notes
    -----
    It may be called from several threads; it computes one picture at a time, with all of its threads. A network of one channel
    takes grey pictures only. A network of three takes grey ones as three equal channels, and of its answer they get
    the luma back. A graph of the kind ``whole`` computes in 8 bits and in one piece, whatever the memory.

    Examples
    --------
    >>> enhancer = OnnxEnhancer("evening.onnx")  # doctest: +SKIP
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
    ) -> None:
        self._memory = checked_memory(memory)
        self._bundle = source if isinstance(source, Bundle) else read_bundle(source)
        if self.metadata.kind == "planner":
            raise BundleError(f"{self._bundle.source}: is a planner; run it with diptych.runtime.NetworkPlanner")
        self._sessions = Sessions(self._bundle.source, threads=threads, providers=providers)
        self._pipeline = Pipeline(self.metadata, self._bundle.source)
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._bytes_per_pixel, self._prefers_strips = self._measure_graph()
        self._warm_up()

    @property
    def metadata(self) -> BundleMetadata:
        """What the bundle says of itself."""
        return self._bundle.metadata

    @property
    def spec(self) -> EnhancerSpec:
        """Name and summary, as every enhancer has them."""
        return self._pipeline.spec

    def __call__(self, image: Image, /) -> Image:
        """Return the enhanced image: same dtype, same number of axes.

        Raises
        ------
        ImageError
            If the image breaks the contract, or has channels that the model does not take.
        BundleError
            If the graph cannot be run, or gives values that are not numbers.
        """
        return self._pipeline.run(image, self._whole_graph if self.metadata.kind == "whole" else self._network)

    def _network(self, image: Image, dtype: np.dtype[Any]) -> Image:
        picture = Picture(image, self.metadata.multiple)
        result = np.empty((*image.shape[:2], self.metadata.channels_out), dtype)

        def write(first: int, planes: NDArray[Any]) -> None:
            if not (np.isfinite(planes.min()) and np.isfinite(planes.max())):
                raise BundleError(f"{self._bundle.source}: gives values that are not numbers; the file is damaged")
            put(result, first, planes)

        with self._lock:
            if self._fits(picture):
                write(0, self._run_whole(picture)[0])
            else:
                self._run_in_strips(picture, write)
        return result

    def _fits(self, picture: Picture) -> bool:
        pixels = picture.height * picture.width
        if pixels > _EXACT and self._prefers_strips:
            return False
        return self._bytes_per_pixel * pixels + _WEIGHTS * len(self._bundle.model) <= self._memory

    def _run_whole(self, picture: Picture) -> NDArray[Any]:
        shape = (1, self.metadata.channels_out, picture.height, picture.width)
        feeds = {INPUT: picture.read(0, picture.height)}
        large = self._bytes_per_pixel * picture.height * picture.width > self._memory / 4
        return self._open().run(feeds, {OUTPUT: (shape, np.dtype(np.float32))}, release=large)[0]

    def _run_in_strips(self, picture: Picture, write: Any) -> None:
        import onnx

        self._session = None  # its weights are not needed meanwhile
        left = self._memory - _WEIGHTS * len(self._bundle.model)
        graph = Graph(onnx.load_from_string(self._bundle.model), self.metadata.multiple)
        try:
            Strips(graph, self._sessions, max(left, 0)).run(picture, write)
        except NotLocalError as error:
            needed = self._bytes_per_pixel * picture.height * picture.width / 2**30
            raise ParameterError(
                f"memory: {self._bundle.source} cannot be computed in pieces ({error}) and needs about {needed:.1f} GiB for "
                f"this picture; give more memory, or a smaller picture"
            ) from None

    def _whole_graph(self, image: Image, _: np.dtype[Any]) -> Image:
        shape = (*image.shape[:2], self.metadata.channels_out)
        levels = np.ascontiguousarray(convert(image, np.dtype(np.uint8)))
        with self._lock:
            return self._open().run({INPUT: levels}, {OUTPUT: (shape, np.dtype(np.uint8))})[0]

    def _open(self) -> Session:
        if self._session is None:
            self._session = self._sessions.open(self._bundle.model)
        return self._session

    def _measure_graph(self) -> tuple[float, bool]:
        """Return the memory that the maps take for each px of a picture, and whether large pictures are better in strips."""
        import onnx

        if self.metadata.kind == "whole":
            return 0.0, False
        graph = Graph(onnx.load_from_string(self._bundle.model), self.metadata.multiple)
        maps = 2 * graph.size([INPUT, OUTPUT]) + graph.peak(graph.nodes, [INPUT], [OUTPUT])
        return maps, bool(normalised_maps(graph.nodes)) and _is_local(graph)

    def _warm_up(self) -> None:
        """Run the smallest picture, so that a graph that cannot run is found now and the first picture is not the slowest."""
        try:
            self._run_smallest()
        except MemoryError:
            raise BundleError(
                f"{self._bundle.source}: needs more memory than there is for the smallest picture"
            ) from None

    def _run_smallest(self) -> None:
        smallest = np.zeros((self.metadata.multiple, self.metadata.multiple, self.metadata.channels_in), np.uint8)
        if self.metadata.kind == "whole":
            self._whole_graph(smallest, smallest.dtype)
        else:
            with self._lock:
                self._run_whole(Picture(smallest, self.metadata.multiple))


def _is_local(graph: Graph) -> bool:
    try:
        return bool(plan(graph))
    except NotLocalError:
        return False
