"""From a bundle to the enhancer that runs it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from diptych.runtime.bundle import Bundle, read_bundle
from diptych.runtime.default import packaged_denoiser
from diptych.runtime.denoiser import OnnxDenoiser, is_denoiser
from diptych.runtime.onnx import OnnxEnhancer
from diptych.runtime.planner import NetworkPlanner, is_planner
from diptych.runtime.refiner import OnnxRefiner, is_refiner


def open_enhancer(
    source: str | os.PathLike[str] | Bundle,
    *,
    threads: int | None = None,
    providers: Sequence[str] | None = None,
    memory: int | None = None,
) -> OnnxEnhancer | OnnxRefiner | OnnxDenoiser | NetworkPlanner:
    """Return the enhancer that runs a bundle.

    Parameters
    ----------
    source : path or Bundle
        A file, or what `read_bundle` or `make_bundle` returned.
    threads : int or None
        Threads of ONNX Runtime; None for as many as there are cores.
    providers : sequence of str or None
        ONNX Runtime's execution providers, the preferred one first; None for the CPU.
    memory : int or None
        Bytes that the model may take; see `OnnxEnhancer`.

    Returns
    -------
    NetworkPlanner, OnnxDenoiser, OnnxRefiner or OnnxEnhancer
        The first, with the denoiser of the package, if the bundle is a `planner`; the second if it is a `denoiser`; the third
        if it is a `refiner`.

    Raises
    ------
    BundleError
        If the file is not a bundle that this Diptych runs.
    ParameterError
        If an option is out of its bounds.

    Examples
    --------
    ``open_enhancer("night.onnx", memory=1 << 30)(image)``
    """
    bundle = source if isinstance(source, Bundle) else read_bundle(source)
    if is_planner(bundle):
        return NetworkPlanner(bundle, threads=threads, providers=providers, denoiser=packaged_denoiser)
    if is_denoiser(bundle):
        return OnnxDenoiser(bundle, threads=threads)
    if is_refiner(bundle):
        return OnnxRefiner(bundle, threads=threads, providers=providers, memory=memory)
    return OnnxEnhancer(bundle, threads=threads, providers=providers, memory=memory)
