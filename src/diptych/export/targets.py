"""The table of targets. A new one is a file that builds it and a row in the table below."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from diptych.core.enhancer import Enhancer
from diptych.core.errors import UnknownNameError, did_you_mean
from diptych.core.image import Image
from diptych.core.parallel import threads
from diptych.export.distance import drop_of, wanted_for
from diptych.export.errors import ExportError
from diptych.export.int8 import Calibrate, Quantised, to_int8
from diptych.export.pictures import SIDE, as_batches, middle
from diptych.export.timing import describe_speed, milliseconds
from diptych.export.whole import to_whole
from diptych.networks import Planner, Refiner
from diptych.photo import atomic_write
from diptych.runtime import Bundle, make_bundle, open_enhancer
from diptych.runtime.bundle import bundle_of
from diptych.runtime.planner import is_planner
from diptych.runtime.refiner import is_refiner

if TYPE_CHECKING:
    from diptych.training.generator_file import TrainedGenerator

__all__ = ["Artefact", "Request", "build", "check", "names", "suffix_of", "write"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A model to export, and the options.

    Attributes
    ----------
    source : TrainedGenerator or Bundle
        The model.
    pictures : sequence of ndarray, shape (H, W, C)
        The user's own; needed for calibration, fitting and measurement.
    whole : bool
        Include preprocessing and postprocessing in the graph.
    calibrate : {"try", "minmax", "entropy", "percentile"}
        How the ranges of INT8 are found.
    max_drop : float
        The largest loss that is accepted, in dB.
    fine_tune : int
        Steps of quantisation-aware fine-tuning where INT8 loses more than that; 0 for none.
    height, width : int
        The size that TVM compiles for, in px.
    precision : {"float32", "float16", "int8"}
        The precision of TensorRT engines.
    half : bool
        Store the weights of a `planner` in float16.
    """

    source: TrainedGenerator | Bundle
    pictures: Sequence[Image] = ()
    whole: bool = False
    calibrate: Calibrate = "try"
    max_drop: float = 0.3
    fine_tune: int = 0
    height: int = 256
    width: int = 256
    precision: str = "float16"
    half: bool = False

    @functools.cached_property
    def bundle(self) -> Bundle:
        """The float32 network, exported and compared with PyTorch once."""
        if isinstance(self.source, Bundle):
            return self.source
        from diptych.export.onnx import to_bundle

        return to_bundle(self.source, half=self.half)


@dataclass(frozen=True)
class Artefact:
    """A file that was built.

    Attributes
    ----------
    target : str
        Name of its target.
    content : bytes
        The file.
    details : mapping of str to JSON values
        What was measured while it was built: decibels, the calibration, layers kept in floats.
    """

    target: str
    content: bytes = field(repr=False)
    details: Mapping[str, Any] = field(default_factory=dict)

    def enhancer(self) -> Enhancer:
        """Return the enhancer that runs the file."""
        return _row(self.target).open(self.content)

    def with_speed(self, ratio: float) -> Artefact:
        """Return the file with its measured speed in the metadata; one without metadata stays as it is.

        Parameters
        ----------
        ratio : float
            How many times as fast as the float model it runs on this machine.
        """
        if suffix_of(self.target) != ".onnx":
            return self
        bundle = bundle_of(self.content, source=self.target)
        provenance = {**bundle.metadata.provenance, "speed": describe_speed(ratio)}
        metadata = replace(bundle.metadata, provenance=provenance)
        return replace(self, content=make_bundle(self.content, metadata, source=self.target).model)


class _Target(NamedTuple):
    make: Callable[[Request], Artefact]
    open: Callable[[bytes], Enhancer]
    suffix: str
    check: Callable[[Request, Artefact], Artefact] | None = None
    beside: Callable[[Request, Path], None] | None = None


def _onnx(request: Request) -> Artefact:
    bundle = to_whole(request.bundle) if request.whole else request.bundle
    return Artefact("onnx", bundle.model)


def _int8(request: Request) -> Artefact:
    found = _quantised(request)
    bundle = to_whole(found.bundle) if request.whole else found.bundle
    details = {
        "calibration": found.calibration,
        "kept_float": list(found.kept_float),
        "decibels": found.decibels,
        "drop": drop_of(found.decibels, request.bundle),
    }
    return Artefact("int8", bundle.model, details)


def _quantised(request: Request) -> Quantised:
    batches = as_batches(request.pictures, request.bundle.metadata)
    wanted = wanted_for(request.max_drop, request.bundle)
    plain = to_int8(request.bundle, batches, calibrate=request.calibrate, wanted=wanted)
    if plain.decibels >= wanted or not request.fine_tune:
        return plain
    if isinstance(request.source, Bundle):
        raise ExportError(
            f"{request.bundle.source}: fine-tuning needs the weights; give the run directory, not a bundle"
        )
    from diptych.export.finetune import fine_tune
    from diptych.export.onnx import to_bundle

    tuned = to_bundle(fine_tune(request.source, batches, steps=request.fine_tune))
    again = to_int8(tuned, batches, calibrate=request.calibrate, wanted=wanted, against=request.bundle)
    return max(again, plain, key=lambda one: one.decibels)


def _check_int8(request: Request, artefact: Artefact) -> Artefact:
    """Refuse a model that loses too much or gains no time."""
    drop, kept, source = artefact.details["drop"], artefact.details["kept_float"], request.bundle.source
    if drop > request.max_drop:
        tuned = f"; {request.fine_tune} steps of fine-tuning were not enough" if request.fine_tune else ""
        raise ExportError(
            f"{source}: int8 loses about {drop:.2f} dB, more than {request.max_drop:g} dB, with {len(kept)} layers kept in "
            f"floats{tuned}; give `fine_tune={max(200, 2 * request.fine_tune)}` with a run directory, more pictures, or a "
            f"larger `max_drop`"
        )
    pair = {"float32": build("onnx", request).enhancer(), "int8": artefact.enhancer()}
    times = milliseconds(pair, [middle(picture, SIDE) for picture in request.pictures[:2]])
    if times["int8"] >= times["float32"]:
        raise ExportError(
            f"{source}: int8 is not faster than float32 on this machine ({times['int8']:.0f} against "
            f"{times['float32']:.0f} ms per megapixel), which is no improvement; take `target=onnx`"
        )
    return artefact.with_speed(times["float32"] / times["int8"])


def _tensorrt(request: Request) -> Artefact:
    from diptych.export.tensorrt import check_machine

    check_machine(request.bundle)
    return Artefact("tensorrt", request.bundle.model, {"precision": request.precision})


def _engines(request: Request, path: Path) -> None:
    from diptych.export.tensorrt import build_engines

    folder = path.with_name(path.name + ".tensorrt")
    folder.mkdir(exist_ok=True)
    build_engines(
        request.bundle, as_batches(request.pictures, request.bundle.metadata), folder, precision=request.precision
    )


def _tvm(request: Request) -> Artefact:
    from diptych.export.tvm import build_tvm

    return Artefact("tvm", build_tvm(request.bundle, height=request.height, width=request.width))


def _cube(request: Request) -> Artefact:
    from diptych.export.cube import cube_text, to_cube

    if request.bundle.metadata.channels_in != 3:
        count = request.bundle.metadata.channels_in
        raise ExportError(f"a .cube is a table of three channels, and the model takes {count}; give another target")
    found = to_cube(open_enhancer(request.bundle, threads=threads()), request.pictures)
    details = {"decibels_of_lut": found.decibels, "decibels_of_identity": found.identity_decibels}
    return Artefact("cube", cube_text(found.table, request.bundle.metadata.name).encode(), details)


def _open_onnx(content: bytes) -> Enhancer:
    return _from_file(content, ".onnx", lambda path: open_enhancer(path, threads=threads()))


def _open_tvm(content: bytes) -> Enhancer:
    from diptych.runtime.tvm import TvmEnhancer

    return _from_file(content, ".so", lambda path: TvmEnhancer(path, threads=threads()))


def _open_cube(content: bytes) -> Enhancer:
    from diptych.export.cube import CubeEnhancer

    return CubeEnhancer.from_text(content.decode())


def _from_file(content: bytes, suffix: str, load: Callable[[Path], Enhancer]) -> Enhancer:
    # Opened from a file as by a user's program, so that what is measured is what was written.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"model{suffix}")
        path.write_bytes(content)
        return load(path)


_TARGETS = {
    "onnx": _Target(_onnx, _open_onnx, ".onnx"),
    "int8": _Target(_int8, _open_onnx, ".onnx", check=_check_int8),
    "tensorrt": _Target(_tensorrt, _open_onnx, ".onnx", beside=_engines),
    "tvm": _Target(_tvm, _open_tvm, ".so"),
    "cube": _Target(_cube, _open_cube, ".cube"),
}


def names() -> tuple[str, ...]:
    """Return the names of the targets.

    >>> names()
    ('onnx', 'int8', 'tensorrt', 'tvm', 'cube')
    """
    return tuple(_TARGETS)


def _row(target: str) -> _Target:
    if target not in _TARGETS:
        raise UnknownNameError(f"no target named '{target}'{did_you_mean(target, _TARGETS)}")
    return _TARGETS[target]


def suffix_of(target: str) -> str:
    """Return the suffix of a target's files.

    Parameters
    ----------
    target : str
        One of `names`.

    Examples
    --------
    >>> suffix_of("cube")
    '.cube'
    """
    return _row(target).suffix


def build(target: str, request: Request) -> Artefact:
    """Build a target, without writing it.

    Parameters
    ----------
    target : str
        One of `names`.
    request : Request
        The model, the pictures and the limit.

    Returns
    -------
    Artefact
        The bytes of the file, and what was found out on the way.

    Raises
    ------
    UnknownNameError
        If there is no such target.
    ExportError
        If the model cannot be converted, or pictures are missing.
    UnavailableError
        If this machine cannot build it.

    Examples
    --------
    ``build("onnx", Request(source=read_source("runs/night")))``
    """
    row = _row(target)
    if _is_refiner(request) and (request.whole or target != "onnx"):
        raise ExportError("a refiner is run step by step, by Diptych; use `target=onnx` without `whole`")
    if _is_planner(request) and (request.whole or target != "onnx"):
        what = "a graph of the kind whole" if request.whole else f"the target {target}"
        raise ExportError(
            f"a planner decides for each picture, which {what} does not; use `target=onnx` without `whole`, or save what it "
            f"decides for a picture: diptych show PHOTO --plan"
        )
    if request.whole and target not in ("onnx", "int8"):
        raise ExportError(f"`whole` is for onnx and int8; the target {target} has its own form")
    if not request.pictures and target in ("int8", "cube"):
        raise ExportError(f"the target {target} needs pictures; give a folder of your own with `images`")
    return row.make(request)


def _is_refiner(request: Request) -> bool:
    source = request.source
    return is_refiner(source) if isinstance(source, Bundle) else source.config.name == Refiner.name


def _is_planner(request: Request) -> bool:
    source = request.source
    return is_planner(source) if isinstance(source, Bundle) else source.config.name == Planner.name


def check(artefact: Artefact, request: Request) -> Artefact:
    """Refuse a file that is not worth having: INT8 that loses more than the limit, or is not faster than floats.

    Parameters
    ----------
    artefact : Artefact
        From `build`.
    request : Request
        The one that it was built for.

    Returns
    -------
    Artefact
        The same; INT8 with its speed on this machine in the metadata.

    Raises
    ------
    ExportError
        With the loss, and what may help.

    Examples
    --------
    ``check(build("int8", request), request)``
    """
    row = _row(artefact.target)
    return artefact if row.check is None else row.check(request, artefact)


def write(artefact: Artefact, request: Request, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write an artefact, whole or not at all, and then the files beside it.

    Parameters
    ----------
    artefact : Artefact
        From `build`.
    request : Request
        The one that it was built for.
    path : path
        The file.
    overwrite : bool
        Replace it if it exists.

    Examples
    --------
    ``write(build("onnx", request), request, "night.onnx")``
    """
    atomic_write(path, artefact.content, overwrite=overwrite)
    beside = _row(artefact.target).beside
    if beside is not None:
        beside(request, Path(path))
