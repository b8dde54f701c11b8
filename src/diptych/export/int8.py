"""The target ``int8``: convolutions in 8 bits, calibrated on the user's pictures; sensitive layers stay in floats.

ONNX Runtime's static quantisation in the QDQ format: weights from -64 to 64, one scale for each output channel; activations
from 0 to 255, one scale for each tensor (the kernels for VNNI want this pair of signed and unsigned). On processors with AVX2
and no VNNI two neighbouring products are added in 16 bits, with saturation: 2 * 127 * 255 does not fit, 2 * 64 * 255 does. With
weights of 7 bits a model therefore gives the same on every processor. The convolutions, what
rearranges their values (resize, pad, concatenation) and the activation functions are quantised. Instance normalisation and
sums stay in floats: a sum in 8 bits loses about what a convolution does, and gains no time. So does the last convolution: it
makes too few channels for the 8-bit kernels, and nothing after it evens out its rounding.
"""

from __future__ import annotations

import copy
import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from diptych.core.errors import ParameterError
from diptych.export._equalise import equalise
from diptych.export._ranges import METHODS, Ranges, measure_ranges
from diptych.export.distance import decibels
from diptych.export.errors import ExportError
from diptych.export.pictures import Batch
from diptych.export.sessions import open_session
from diptych.runtime import Bundle, make_bundle
from diptych.runtime.bundle import INPUT

if TYPE_CHECKING:
    import onnx

Calibrate = Literal["minmax", "entropy", "percentile", "try"]

WEIGHT_LIMIT = 64
"""The largest magnitude of a quantised weight: two products with activations up to 255 fit into 16 bits, in any order."""

QUANTISED = ("Conv", "Resize", "Pad", "Concat", "Relu", "LeakyRelu", "Clip")
"""The operators that are quantised."""


class Quantised(NamedTuple):
    """A quantised model.

    Attributes
    ----------
    bundle : Bundle
        The model.
    calibration : str
        The method that found its ranges.
    kept_float : tuple of str
        Names of the convolutions that stayed in floats.
    decibels : float
        PSNR against the float model, from the mean squared error over all held-out pictures.
    """

    bundle: Bundle
    calibration: str
    kept_float: tuple[str, ...]
    decibels: float


def to_int8(
    bundle: Bundle,
    batches: Sequence[Batch],
    *,
    calibrate: Calibrate = "try",
    wanted: float = 40.0,
    seconds: float = 120.0,
    against: Bundle | None = None,
) -> Quantised:
    """Quantise a model.

    Parameters
    ----------
    bundle : Bundle
        A network in float32.
    batches : sequence of ndarray, shape (1, C, H, W)
        Pictures as the network sees them (`diptych.export.pictures.as_batches`). From the fourth on, every second one
        is not used for calibration but for measuring.
    calibrate : {"minmax", "entropy", "percentile", "try"}
        How the ranges of activations are found; ``try`` takes the best by measurement.
    wanted : float
        PSNR in dB against the float model that is aimed at. While it is missed, the most sensitive layer is kept in
        floats, then the next, until half of them are.
    seconds : float
        Time limit of the search for sensitive layers.
    against : Bundle, optional
        The float model to measure against, if it is another one, as after fine-tuning.

    Returns
    -------
    Quantised
        The best model found, whether `wanted` is reached or not.

    Raises
    ------
    ExportError
        If the model is not a float32 network, or there is no picture.
    """
    if bundle.metadata.kind != "network" or bundle.metadata.precision != "float32":
        raise ExportError(f"{bundle.source}: int8 starts from a float32 network; export that first, without `whole`")
    if not batches:
        raise ExportError("int8 needs pictures to calibrate on; give a folder of your own with `images`")
    if calibrate not in (*METHODS, "try"):
        raise ParameterError(f"calibrate = {calibrate!r} is not allowed; give {', '.join(METHODS)} or try")
    held = list(batches[1::2]) if len(batches) >= 4 else list(batches)
    known = list(batches[::2]) if len(batches) >= 4 else list(batches)
    bench = _Bench(_prepare(bundle.model, known), (against or bundle).model, held)
    tried = [_Trial.of(bench, known, method) for method in (METHODS if calibrate == "try" else (calibrate,))]
    best = _spare(max(tried, key=lambda trial: trial.decibels), bench, wanted, seconds)
    return Quantised(_bundle(bundle, best, len(known)), best.method, best.kept, best.decibels)


class _Bench:
    """Measures models against the float model on the held-out pictures."""

    def __init__(self, prepared: onnx.ModelProto, reference: bytes, held: list[Batch]) -> None:
        self.prepared = prepared
        self._held = held
        self._together = np.concatenate([result.ravel() for result in self._results(reference)])

    def measure(self, model: bytes) -> float:
        # Over all pictures at once, so that the few whose values leave the ranges weigh what they are worth.
        results = np.concatenate([result.ravel() for result in self._results(model)])
        return decibels(results, self._together)

    def _results(self, model: bytes) -> list[Batch]:
        session = open_session(model)
        return [session.run(None, {INPUT: batch})[0] for batch in self._held]


@dataclasses.dataclass(frozen=True)
class _Trial:
    """One way to quantise: the ranges, the layers kept in floats, and the resulting model."""

    method: str
    ranges: Ranges
    kept: tuple[str, ...]
    model: bytes
    decibels: float

    @classmethod
    def of(cls, bench: _Bench, batches: Sequence[Batch], method: str) -> _Trial:
        ranges = measure_ranges(bench.prepared, batches, method, QUANTISED)
        kept = _convolutions(bench.prepared)[-1:]
        model = quantise(bench.prepared, ranges, kept)
        return cls(method, ranges, kept, model, bench.measure(model))

    def keeping(self, bench: _Bench, kept: tuple[str, ...]) -> _Trial:
        model = quantise(bench.prepared, self.ranges, kept)
        return dataclasses.replace(self, kept=kept, model=model, decibels=bench.measure(model))


def _spare(trial: _Trial, bench: _Bench, wanted: float, seconds: float) -> _Trial:
    """Keep layers in floats, the most sensitive first, until the trial is good enough or half of them are kept."""
    if trial.decibels >= wanted:
        return trial
    names = [name for name in _convolutions(bench.prepared) if name not in trial.kept]
    order = rank_layers(names, lambda name: trial.keeping(bench, (*trial.kept, name)).decibels, seconds)
    best = trial
    for count in range(1, len(order) // 2 + 1):
        next_trial = trial.keeping(bench, (*trial.kept, *order[:count]))
        best = max(best, next_trial, key=lambda one: one.decibels)
        if best.decibels >= wanted:
            break
    return best


def rank_layers(names: Sequence[str], measure: Callable[[str], float], seconds: float) -> list[str]:
    """Return the names of layers by how much keeping them in floats gains, the largest gain first.

    Layers that could not be measured within the time follow in their order.
    """
    until = time.monotonic() + seconds
    found: dict[str, float] = {}
    for name in names:
        if found and time.monotonic() > until:
            break
        found[name] = measure(name)
    return [*sorted(found, key=lambda name: -found[name]), *(name for name in names if name not in found)]


def _convolutions(model: onnx.ModelProto) -> tuple[str, ...]:
    return tuple(node.name for node in model.graph.node if node.op_type == "Conv")


def quantise(model: onnx.ModelProto, ranges: Ranges, kept: tuple[str, ...]) -> bytes:
    """Return the model in QDQ form, with the named nodes left in floats."""
    from onnxruntime.quantization import QuantType
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

    quantizer = QDQQuantizer(
        copy.deepcopy(model),
        per_channel=True,
        reduce_range=True,  # weights up to WEIGHT_LIMIT
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=ranges,
        nodes_to_quantize=[],
        nodes_to_exclude=list(kept),
        op_types_to_quantize=list(QUANTISED),
        extra_options={},
    )
    quantizer.quantize_model()
    quantizer.model.topological_sort()
    return quantizer.model.model.SerializeToString(deterministic=True)


def _prepare(model: bytes, batches: Sequence[Batch]) -> onnx.ModelProto:
    """Return the model with a name for every node, its channels equalised, and inferred shapes."""
    import onnx

    proto = onnx.load_from_string(model)
    for index, node in enumerate(proto.graph.node):
        node.name = f"{node.op_type}_{index}"
    return onnx.shape_inference.infer_shapes(equalise(proto, batches))


def _bundle(bundle: Bundle, trial: _Trial, count: int) -> Bundle:
    provenance = {
        **bundle.metadata.provenance,
        "int8": {
            "calibration": trial.method,
            "pictures": count,
            "kept_float": list(trial.kept),
            "decibels_from_float": round(trial.decibels, 2),
        },
    }
    metadata = dataclasses.replace(bundle.metadata, precision="int8", provenance=provenance)
    return make_bundle(trial.model, metadata, source=bundle.source)
