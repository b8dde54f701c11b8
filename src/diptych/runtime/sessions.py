"""Sessions of ONNX Runtime: how they are opened, and how they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.errors import BundleError, MissingExtraError, ParameterError, did_you_mean
from diptych.core.parallel import available_cores
from diptych.core.parallel import threads as usual_threads

if TYPE_CHECKING:
    import onnxruntime

Array = NDArray[Any]

_CPU = "CPUExecutionProvider"


class Sessions:
    """Opens sessions of one kind: with these threads, on these providers.

    Parameters
    ----------
    source : str
        What to call the model in error messages.
    threads : int or None
        Threads of a session; None for as many as everything else in Diptych uses.
    providers : sequence of str or None
        ONNX Runtime's execution providers, the preferred one first; None for the CPU.

    Raises
    ------
    ParameterError
        If `threads` is not positive, or a provider is not there; the message names those that are.
    MissingExtraError
        If ONNX Runtime is not installed.
    """

    def __init__(self, source: str, *, threads: int | None = None, providers: Sequence[str] | None = None) -> None:
        if threads is not None and (type(threads) is not int or not 1 <= threads <= 1024):
            raise ParameterError(f"threads = {threads!r} is not allowed; give a whole number from 1 to 1024, or None")
        self._source = source
        # More threads than cores only get in each other's way, and a session's threads wait by spinning.
        self._threads = min(threads or usual_threads(), available_cores())
        self._providers = _known([_CPU] if providers is None else providers)

    def open(self, model: bytes, *, arena: bool = True) -> Session:
        """Open a session; raise `BundleError` if ONNX Runtime refuses the graph.

        An arena keeps the memory of one picture for the next, which is up to twice as fast; pictures of many sizes make
        gaps in it, and it grows.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = 4
        # Laid out beforehand, the maps would take a second place beside the one they had in the first run.
        options.enable_mem_pattern = False
        options.enable_cpu_mem_arena = arena
        try:
            session = onnxruntime.InferenceSession(model, options, providers=self._providers)
        except Exception as error:  # its errors have no common base
            raise BundleError(f"{self._source}: ONNX Runtime refuses the graph ({_line(error)})") from None
        self._check_provider(session)
        return Session(session, self._source)

    def _check_provider(self, session: onnxruntime.InferenceSession) -> None:
        # A provider whose libraries are missing is left out with a warning that nobody sees.
        if self._providers and session.get_providers()[0] != self._providers[0]:
            raise ParameterError(
                f"providers: {self._providers[0]} could not be started; install its libraries, or leave it out"
            )


class Session:
    """A session that takes and gives plain arrays."""

    def __init__(self, session: onnxruntime.InferenceSession, source: str) -> None:
        self._session = session
        self._source = source

    def shape(self, name: str) -> tuple[Any, ...]:
        """Return the shape of an input as the graph has it: numbers, and names of what may be any."""
        return next(tuple(one.shape) for one in self._session.get_inputs() if one.name == name)

    def run(
        self,
        feeds: Mapping[str, Array],
        outputs: Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]],
        *,
        release: bool = False,
    ) -> list[Array]:
        """Run the graph.

        Parameters
        ----------
        feeds : mapping
            C-contiguous arrays by the names of the inputs.
        outputs : mapping
            Shapes and dtypes by the names of the outputs. The arrays are made here and written to without a copy.
        release : bool
            Give the memory of the arena back at the end.

        Returns
        -------
        list of ndarray
            In the order of `outputs`.

        Raises
        ------
        BundleError
            If the graph cannot be run on these arrays.
        """
        binding = self._session.io_binding()
        made = [np.empty(shape, dtype) for shape, dtype in outputs.values()]
        try:
            for name, array in feeds.items():
                binding.bind_cpu_input(name, array)
            for name, array in zip(outputs, made, strict=True):
                binding.bind_output(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
            self._session.run_with_iobinding(binding, _options(release))
        except MemoryError:
            raise
        except Exception as error:  # its errors have no common base
            if "bad_alloc" in str(error) or "Failed to allocate" in str(error):
                raise MemoryError(f"{self._source}: not enough memory for a picture of this size") from None
            raise BundleError(f"{self._source}: the graph cannot be run ({_line(error)})") from None
        return made


def _options(release: bool) -> onnxruntime.RunOptions:
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.log_severity_level = 4
    if release:
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def _known(providers: Sequence[str]) -> list[str]:
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError("models need onnxruntime, which is not installed; pip install onnxruntime") from None
    available = onnxruntime.get_available_providers()
    if isinstance(providers, str) or not providers:
        raise ParameterError(f"providers = {providers!r} is not a list of names; available: {', '.join(available)}")
    for name in providers:
        if name not in available:
            hint = did_you_mean(str(name), available)
            raise ParameterError(f"providers: {name} is not available{hint}; available: {', '.join(available)}")
    return list(providers)


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:197] + "..."
