"""The enhancer that runs a model compiled by Apache TVM.

**Such a file is native code**: loading it runs what its maker put there. Run only libraries that you compiled yourself, or that
come from where you would take a program from. A bundle (``.onnx``) holds no code.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.color import luma_or_channels
from diptych.core.enhancer import EnhancerSpec
from diptych.core.errors import BundleError, ImageError, MissingExtraError, ParameterError
from diptych.core.image import Image, check_image, from_float, to_float
from diptych.core.parallel import threads as default_threads
from diptych.recipes import Recipe
from diptych.runtime.library import LibraryMetadata, read_library_metadata

_INSTRUCTIONS = ("sse", "avx", "fma", "f16c", "bmi", "amx", "neon", "sve", "sme")
_SHARE_ALL_CORES = -3  # TVM's number for threads that may move between the cores they are given


class TvmEnhancer:
    """Enhances pictures with a model that ``diptych export --target tvm`` compiled for this kind of processor.

    Parameters
    ----------
    path : path
        The library, ``NAME.so``. **Loading it runs native code**: its metadata and its checksum are read first, but they only
        tell damage and not malice.
    threads : int, optional
        How many threads TVM computes with; by default ``DIPTYCH_THREADS``, or as many as there are cores.

    Raises
    ------
    BundleError
        If the file is damaged or no compiled model, or was compiled for another processor, system or version of TVM. It is
        not loaded then.
    MissingExtraError
        If Apache TVM is not installed.
    ParameterError
        If threads is not 1 to 256.

    Notes
    -----
    A library computes pictures of one size. Smaller ones are continued to it by reflection about their edges, and what was
    added is cut off again; where a model has instance normalisation, its statistics then count the continuation. Larger ones
    are refused: in tiles, each tile would have its own statistics.

    It may be called from several threads: the calls run one after the other on one thread that it owns, with TVM's threads.
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int | None = None) -> None:
        count = default_threads() if threads is None else threads
        if type(count) is not int or not 1 <= count <= 256:
            raise ParameterError(f"TvmEnhancer: threads = {threads!r} is not allowed; give 1 to 256")
        self._source = os.fspath(path)
        self._metadata = read_library_metadata(path)
        _check_machine(self._metadata, self._source)
        self._recipes = tuple(
            Recipe.from_toml(text, source=f"{self._source}: {name}") if text else None
            for name, text in (
                ("preprocess", self._metadata.model.preprocess),
                ("postprocess", self._metadata.model.postprocess),
            )
        )
        # TVM has a pool of threads for each thread that calls it, so that one thread is to make all calls.
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="diptych-tvm")
        self._run = self._worker.submit(_load, os.path.abspath(path), count).result()

    @property
    def spec(self) -> EnhancerSpec:
        """Name and summary."""
        return EnhancerSpec(self._metadata.model.name, self._metadata.model.summary)

    @property
    def metadata(self) -> LibraryMetadata:
        """What was compiled, and for what."""
        return self._metadata

    def __call__(self, image: Image, /) -> Image:
        """Return the enhanced image: same dtype, same number of axes.

        Raises
        ------
        ImageError
            If the image breaks the contract, is larger than the compiled size, or has other channels than the model.
        """
        checked = check_image(image)
        planes = checked if checked.ndim == 3 else checked[:, :, np.newaxis]
        self._check_size(planes)
        preprocess, postprocess = self._recipes
        floats = to_float(self._channels(planes))
        result = self._network(preprocess(floats) if preprocess else floats)
        result = postprocess(result) if postprocess else result
        if planes.shape[2] == 1 and (image.ndim == 2 or floats.shape[2] == 3):
            result = luma_or_channels(result)
        stored = from_float(result, checked.dtype)
        return stored[:, :, 0] if image.ndim == 2 else stored

    def run_planes(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the network alone: float32 ``(1, C, height, width)`` in [0, 1], of the compiled size, to the same."""
        return self._worker.submit(self._run, planes).result()

    def _check_size(self, image: Image) -> None:
        height, width = self._metadata.height, self._metadata.width
        if image.shape[0] > height or image.shape[1] > width:
            raise ImageError(
                f"image is {image.shape[1]} x {image.shape[0]} px, and {self._source} was compiled for {width} x {height}; "
                f"export it for the larger size, or use the bundle (.onnx), which takes any"
            )

    def _channels(self, image: Image) -> Image:
        wanted = self._metadata.model.channels_in
        if image.shape[2] == 1 and wanted == 3:
            return np.repeat(image, 3, axis=2)
        if image.shape[2] != wanted:
            raise ImageError(
                f"image has {image.shape[2]} channels, and {self._source} takes {wanted}; convert it first"
            )
        return image

    def _network(self, image: Image) -> NDArray[np.float32]:
        height, width = image.shape[:2]
        around = ((0, self._metadata.height - height), (0, self._metadata.width - width), (0, 0))
        whole = np.pad(image, around, mode="symmetric").astype(np.float32, copy=False)
        planes = np.ascontiguousarray(whole.transpose(2, 0, 1))[np.newaxis]
        result = self.run_planes(planes)
        return np.ascontiguousarray(result[0, :, :height, :width].transpose(1, 2, 0))


def _check_machine(metadata: LibraryMetadata, source: str) -> None:
    """Refuse what would crash: another system, instructions that are not there, another version of TVM."""
    try:
        import tvm
        from tvm.target import Target, codegen
    except ImportError:
        raise MissingExtraError(f"{source}: needs Apache TVM; pip install 'diptych[tvm]'") from None

    def instructions(cpu: str) -> set[str]:
        features = codegen.llvm_get_cpu_features(Target({"kind": "llvm", "mcpu": cpu, "mtriple": metadata.triple}))
        return {str(feature) for feature in features if str(feature).startswith(_INSTRUCTIONS)}

    here = codegen.llvm_get_system_triple()
    if metadata.triple != here or not codegen.llvm_is_valid_cpu(metadata.cpu, here):
        raise BundleError(f"{source}: compiled for {metadata.triple}, this is {here}; export the model on this machine")
    missing = instructions(metadata.cpu) - instructions(codegen.llvm_get_system_cpu())
    if missing:
        raise BundleError(
            f"{source}: compiled for the processor {metadata.cpu}, this one lacks {', '.join(sorted(missing)[:4])}; "
            f"export the model on this machine"
        )
    if metadata.tvm != tvm.__version__:
        raise BundleError(
            f"{source}: compiled with TVM {metadata.tvm}, this is {tvm.__version__}; export the model again"
        )


def _load(path: str, count: int) -> Any:
    """Load the library and return the function that runs it, to be called on this thread only."""
    import tvm
    from tvm import relax

    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    given = [str(cores[index % len(cores)]) for index in range(max(count, len(cores)))]
    tvm.get_global_func("runtime.config_threadpool")(_SHARE_ALL_CORES, count, given)
    machine = relax.VirtualMachine(tvm.runtime.load_module(path), tvm.cpu())
    main = machine["main"]
    return lambda planes: main(tvm.runtime.tensor(planes)).numpy()
