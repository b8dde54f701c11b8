"""The target ``tvm``: a bundle compiled to a library of native code for one size of picture and one kind of processor.

Apache TVM reads the graph through its Relax front end. Relax lowers convolutions to plain loops and normalisation to five
passes over memory; `_tvm_kernels` and `_tvm_schedules` lower them to vectors, register tiles and two passes. Their rules are
closed forms, so that there is nothing to tune and compiling takes seconds.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diptych.core.errors import ParameterError
from diptych.export.errors import ExportError, UnavailableError
from diptych.runtime.bundle import INPUT, Bundle
from diptych.runtime.library import LibraryMetadata, pack

if TYPE_CHECKING:
    import onnx

_LARGEST = 8192


def build_tvm(bundle: Bundle, *, height: int = 256, width: int = 256, cpu: str = "native") -> bytes:
    """Compile a bundle with Apache TVM, and return the file that `diptych.runtime.tvm.TvmEnhancer` runs.

    Parameters
    ----------
    bundle : Bundle
        A model of the kind ``network`` in float32.
    height, width : int
        The size that is compiled, up to 8192 px, multiples of the model's `multiple`. Smaller pictures are continued to it.
    cpu : str
        Name of the processor as LLVM knows it (``"znver4"``, ``"x86-64-v3"``); ``"native"`` is the one at hand.

    Returns
    -------
    bytes
        A shared library with the metadata after it; write it as ``NAME.so``.

    Raises
    ------
    UnavailableError
        If Apache TVM, or a C++ compiler to link with, is not installed.
    ParameterError
        If the size or the processor is not possible.
    ExportError
        If the bundle is of another kind or precision, or TVM cannot compile its graph.

    Notes
    -----
    The layout stays ``(N, C, H, W)``. Convolutions are computed in register tiles of up to 8 channels by 32 px from a packed
    copy of their input; instance normalisation is one pass that finds a scale and a shift for each channel, and a
    multiply-add that is fused with what follows; tanh is a rational approximation.

    References
    ----------
    Chen et al., TVM: An Automated End-to-End Optimizing Compiler for Deep Learning, OSDI 2018. Lai et al., Relax: Composable
    Abstractions for End-to-End Dynamic Machine Learning, ASPLOS 2025.
    """
    _check_bundle(bundle, height, width)
    _check_tools(cpu)
    target = _target(cpu)
    module = _scheduled(bundle, height, width, target)
    return pack(_linked(module, target), _metadata(bundle, height, width, target))


def _check_bundle(bundle: Bundle, height: int, width: int) -> None:
    metadata = bundle.metadata
    if metadata.kind != "network" or metadata.precision != "float32":
        raise ExportError(
            f"{bundle.source}: is of the kind {metadata.kind} in {metadata.precision}; "
            f"the target tvm takes a network in float32: export the model with `target=onnx` first"
        )
    for name, value in (("height", height), ("width", width)):
        if type(value) is not int or not 1 <= value <= _LARGEST or value % metadata.multiple:
            raise ParameterError(
                f"tvm: {name} = {value!r} is not allowed; give a multiple of {metadata.multiple} up to {_LARGEST} px"
            )


def _check_tools(cpu: str) -> None:
    try:
        import tvm.s_tir  # noqa: F401  (older versions have other modules)
        from tvm.target import codegen
    except ImportError:
        raise UnavailableError("the target tvm needs Apache TVM 0.27 or later; pip install 'diptych[tvm]'") from None
    compiler = os.environ.get("CXX") or "g++"
    if shutil.which(compiler) is None:
        raise UnavailableError(
            f"the target tvm needs a C++ compiler to link, and there is no '{compiler}'; install g++ or name one in CXX"
        )
    if cpu != "native" and not codegen.llvm_is_valid_cpu(cpu, codegen.llvm_get_system_triple()):
        raise ParameterError(
            f"tvm: cpu = {cpu!r} is no processor that LLVM knows for {codegen.llvm_get_system_triple()}; give native, "
            f"or a name such as x86-64-v3"
        )


def _target(cpu: str) -> Any:
    from tvm.target import Target, codegen

    name = codegen.llvm_get_system_cpu() if cpu == "native" else cpu
    return Target({"kind": "llvm", "mcpu": name, "mtriple": codegen.llvm_get_system_triple()})


def _metadata(bundle: Bundle, height: int, width: int, target: Any) -> LibraryMetadata:
    import tvm

    return LibraryMetadata(
        model=bundle.metadata,
        height=height,
        width=width,
        triple=str(target.attrs["mtriple"]),
        cpu=str(target.attrs["mcpu"]),
        tvm=tvm.__version__,
    )


def _scheduled(bundle: Bundle, height: int, width: int, target: Any) -> Any:
    import tvm
    from tvm import relax, tirx

    from diptych.export._tvm_kernels import convolution, instance_normalisation, transposed_convolution
    from diptych.export._tvm_schedules import scheduled

    own = {
        "relax.nn.conv2d": convolution,
        "relax.nn.conv2d_transpose": transposed_convolution,
        "relax.nn.instance_norm": instance_normalisation,
    }
    passes = tvm.transform.Sequential(
        [
            relax.transform.FoldConstant(),
            relax.transform.FastMathTransform(),
            relax.transform.LegalizeOps(own),
            relax.transform.AnnotateTIROpPattern(),
            relax.transform.FoldConstant(),
            relax.transform.FuseOps(),
            relax.transform.FuseTIR(),
            relax.transform.DeadCodeElimination(),
        ]
    )
    try:
        module = _imported(bundle, height, width)
        with target:
            module = passes(module)
            for name, function in list(module.functions_items()):
                if isinstance(function, tirx.PrimFunc):
                    module[name] = scheduled(function)
    except Exception as error:  # TVM raises errors of many kinds
        raise _not_compiled(bundle, error) from error
    return module


def _not_compiled(bundle: Bundle, error: Exception) -> ExportError:
    reason = next((line for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__)
    return ExportError(f"{bundle.source}: TVM cannot compile its graph ({reason[:200]}); use the target onnx")


def _imported(bundle: Bundle, height: int, width: int) -> Any:
    import onnx
    from tvm.relax.frontend.onnx import from_onnx

    model = onnx.load_from_string(bundle.model)
    _bounds_as_clips(model.graph)
    shape = {INPUT: [1, bundle.metadata.channels_in, height, width]}
    return _with_norms(from_onnx(model, shape_dict=shape))


def _bounds_as_clips(graph: onnx.GraphProto) -> None:
    """Write the maximum and minimum of a tensor and a number as Clip; the front end would stack them and reduce the stack."""
    numbers = {tensor.name for tensor in graph.initializer if not tensor.dims}
    for node in graph.node:
        if node.op_type not in ("Max", "Min") or len(node.input) != 2:
            continue
        number = [name for name in node.input if name in numbers]
        tensor = [name for name in node.input if name not in numbers]
        if len(number) == len(tensor) == 1:
            bounds = number if node.op_type == "Max" else ["", *number]
            node.ClearField("input")
            node.input.extend([*tensor, *bounds])
            node.op_type = "Clip"


def _with_norms(module: Any) -> Any:
    """Put instance normalisations back together, which the front end takes apart into nine operators."""
    from tvm import relax
    from tvm.relax.dpl import is_const, is_op, rewrite_call, wildcard

    data, scale, shift, epsilon = wildcard(), wildcard(), wildcard(), is_const()
    deviation = is_op("relax.sqrt")(is_op("relax.add")(is_op("relax.variance")(data), epsilon))
    centred = is_op("relax.subtract")(data, is_op("relax.mean")(data))
    scaled = is_op("relax.multiply")(is_op("relax.divide")(centred, deviation), scale)

    def together(original: Any, found: Any) -> Any:
        sides = [int(side) for side in found[data].ty.shape]
        vectors = [relax.op.reshape(found[part], [sides[1]]) for part in (scale, shift)]
        if len(sides) != 4:
            return original
        return relax.op.nn.instance_norm(found[data], *vectors, 1, [2, 3], float(found[epsilon].value.numpy()))

    module["main"] = rewrite_call(is_op("relax.add")(scaled, shift), together, module["main"])
    return module


def _linked(module: Any, target: Any) -> bytes:
    import tvm

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.so"
        tvm.compile(module, target=target).export_library(str(path))
        return path.read_bytes()
