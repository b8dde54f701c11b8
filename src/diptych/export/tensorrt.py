"""The target ``tensorrt``: engines for NVIDIA GPUs, built and cached through ONNX Runtime's TensorRT provider.

What is written is a bundle as any other, beside it a folder ``NAME.onnx.tensorrt`` with the engines for the sizes that were
asked for. An engine fits one kind of GPU and one version of TensorRT; where it does not fit, the provider builds another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diptych.export._ranges import measure_ranges
from diptych.export.errors import ExportError, UnavailableError
from diptych.export.pictures import Batch
from diptych.runtime import Bundle
from diptych.runtime.bundle import INPUT

if TYPE_CHECKING:
    import onnxruntime

PROVIDER = "TensorrtExecutionProvider"
TABLE = "calibration.flatbuffers"

# The operators of bundles that the parser's own list has, in float32 and float16: docs/operators.md of
# https://github.com/onnx/onnx-tensorrt, commit 009d6541 (TensorRT 8.4; later versions only add to it).
_WORDS = """
    Abs Add And ArgMax ArgMin AveragePool BatchNormalization Cast Ceil Clip Concat Constant ConstantOfShape Conv ConvTranspose
    CumSum DepthToSpace DequantizeLinear Div Elu Equal Erf Exp Expand Flatten Floor Gather GatherElements GatherND Gemm
    GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual HardSigmoid Identity InstanceNormalization LeakyRelu Less LessOrEqual
    Log MatMul Max MaxPool Mean Min Mul Neg Not OneHot Or PRelu Pad Pow QuantizeLinear Range ReduceL2 ReduceMax ReduceMean
    ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize Round ScatterElements ScatterND Selu Shape Sigmoid Sign
    Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tanh Tile TopK Transpose Unsqueeze Where Xor
"""

SUPPORTED = frozenset(_WORDS.split())
"""The operators that TensorRT's ONNX parser takes."""


def unsupported_operators(model: bytes) -> dict[str, int]:
    """Return the operators of a graph that TensorRT does not have, and how often each occurs.

    Two restrictions of the list are checked besides the names: weights of convolutions must be constants, and rounding to 8
    bits must be symmetric (zero point 0).
    """
    import onnx

    graph = onnx.load_from_string(model).graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    found = Counter(node.op_type for node in graph.node if node.op_type not in SUPPORTED)
    for node in graph.node:
        if node.op_type in ("Conv", "ConvTranspose") and not _is_constant(node.input[1], graph, constants):
            found[f"{node.op_type} with computed weights"] += 1
        if node.op_type == "QuantizeLinear" and _has_zero_point(node, constants):
            found["QuantizeLinear with a zero point"] += 1
    return dict(found)


def _is_constant(name: str, graph: Any, constants: dict[str, Any]) -> bool:
    makers = [node for node in graph.node if name in node.output]
    return name in constants or all(node.op_type in ("DequantizeLinear", "Constant") for node in makers)


def _has_zero_point(node: Any, constants: dict[str, Any]) -> bool:
    from onnx import numpy_helper

    return len(node.input) > 2 and bool(numpy_helper.to_array(constants[node.input[2]]).any())


def check_machine(bundle: Bundle) -> None:
    """Refuse with everything that is missing: operators that TensorRT does not have, the provider, the GPU.

    Raises
    ------
    ExportError
        If the graph has an operator that TensorRT does not take, or is in 8 bits already.
    UnavailableError
        If this machine cannot build an engine. The message says what to install.
    """
    import onnxruntime

    odd = unsupported_operators(bundle.model)
    if bundle.metadata.kind != "network" or bundle.metadata.precision != "float32":
        raise ExportError(f"{bundle.source}: tensorrt starts from a float32 network, and calibrates it itself")
    if odd:
        listed = ", ".join(f"{name} ({count})" for name, count in sorted(odd.items()))
        raise ExportError(f"{bundle.source}: TensorRT has no {listed}; export the model without it")
    available = onnxruntime.get_available_providers()
    if PROVIDER not in available:
        raise UnavailableError(
            f"tensorrt: this onnxruntime {onnxruntime.__version__} has no {PROVIDER} (it has {', '.join(available)}). "
            f"All operators of the graph are in TensorRT's list. To build it: a machine with an NVIDIA GPU and its driver, "
            f"then pip uninstall onnxruntime, pip install onnxruntime-gpu tensorrt-cu12, and export there"
        )


def options(folder: Path, *, precision: str, calibrated: bool) -> dict[str, str]:
    """Return the provider's options: engines cached in the folder, and half precision or 8 bits."""
    chosen = {
        "trt_engine_cache_enable": "True",
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": "True",
        "trt_timing_cache_path": str(folder),
        "trt_fp16_enable": str(precision in ("float16", "int8")),
    }
    if precision == "int8" and calibrated:
        chosen |= {"trt_int8_enable": "True", "trt_int8_calibration_table_name": TABLE}
    return chosen


def build_engines(bundle: Bundle, batches: Sequence[Batch], folder: Path, *, precision: str = "float16") -> None:
    """Build the engines for the sizes of the pictures into a folder; in 8 bits, with a calibration table from them.

    Parameters
    ----------
    bundle : Bundle
        A float32 network.
    batches : sequence of ndarray, shape (1, C, H, W)
        Pictures as the network sees them; the engine is built for their sizes.
    folder : Path
        Where engines, timings and the table go; it must exist.
    precision : {"float32", "float16", "int8"}
        In what the engine computes.

    Raises
    ------
    UnavailableError
        If there is no provider, or it falls back to the CPU.
    """
    check_machine(bundle)
    if precision == "int8":
        _write_table(bundle.model, batches, folder)
    session = _session(bundle.model, options(folder, precision=precision, calibrated=True))
    if PROVIDER not in session.get_providers():
        raise UnavailableError(
            "tensorrt: the provider is installed but does not start, mostly because no NVIDIA GPU, driver or TensorRT "
            "library is found; see that nvidia-smi works and that libnvinfer is on the library path"
        )
    for batch in {batch.shape: batch for batch in batches}.values():
        session.run(None, {INPUT: batch})


def _session(model: bytes, chosen: dict[str, str]) -> onnxruntime.InferenceSession:
    import onnxruntime

    return onnxruntime.InferenceSession(model, providers=[(PROVIDER, chosen), "CPUExecutionProvider"])


def _write_table(model: bytes, batches: Sequence[Batch], folder: Path) -> None:
    import onnx
    from onnxruntime.quantization import write_calibration_table

    proto = onnx.shape_inference.infer_shapes(onnx.load_from_string(model))
    ranges = measure_ranges(proto, batches, "entropy", ("Conv", "ConvTranspose", "Add", "Resize", "Concat"))
    write_calibration_table(ranges.data, dir=str(folder))
