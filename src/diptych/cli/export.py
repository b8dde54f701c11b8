"""``diptych export``: from a trained generator to a file that is deployed."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from diptych.cli import interrupt
from diptych.cli.arguments import in_options
from diptych.cli.progress import note

if TYPE_CHECKING:
    from diptych.core.image import Image
    from diptych.export import Artefact, Request


class Calibration(StrEnum):
    """How the ranges of INT8 are found."""

    TRY = "try"
    MINMAX = "minmax"
    ENTROPY = "entropy"
    PERCENTILE = "percentile"


class Precision(StrEnum):
    """Precision in which TensorRT computes."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    INT8 = "int8"


def export(
    source: Annotated[
        str, typer.Argument(metavar="RUN|FILE", help="A run directory, a .safetensors generator, or an .onnx bundle.")
    ],
    output: Annotated[str, typer.Option("-o", "--output", metavar="FILE", help="What to write.")],
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="onnx, int8, tensorrt, tvm or cube; repeat it with --verify. [default: onnx]"
        ),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Put the steps into the graph: uint8 (H, W, C) in and out, any size.")
    ] = False,
    images: Annotated[
        str | None, typer.Option(metavar="DIR", help="Your own pictures, to calibrate, fit and measure on.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option(metavar="DIR", help="What they should look like: files of the same names.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Build the targets (all, if none is named), measure them, keep the best.")
    ] = False,
    max_drop: Annotated[str, typer.Option(metavar="DB", help="What a target may lose, e.g. 0.3dB.")] = "0.3dB",
    calibrate: Annotated[
        Calibration, typer.Option(help="How INT8 finds its ranges; try measures all three.")
    ] = Calibration.TRY,
    fine_tune: Annotated[
        int,
        typer.Option(
            min=0, metavar="STEPS", help="Quantization-aware training for so many steps, if INT8 loses too much."
        ),
    ] = 0,
    size: Annotated[str, typer.Option(metavar="HxW", help="Size that TVM compiles for, in px.")] = "256x256",
    precision: Annotated[Precision, typer.Option(help="Precision in which TensorRT computes.")] = Precision.FLOAT16,
    half: Annotated[
        bool, typer.Option("--half", help="Store the weights of a planner in float16; it computes in float32.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Export a model to one file. It is compared with PyTorch first, and nothing is written that differs."""
    from diptych.export import Request, UnavailableError, read_pairs, read_pictures, read_source
    from diptych.photo import check_target
    from diptych.runtime import Bundle

    targets = target or []
    _check(targets, verify, output, images, reference)
    check_target(output, overwrite=overwrite)
    drop, (height, width) = _decibels(max_drop), _size(size)
    _check_settings(
        targets,
        verify,
        ("--calibrate", "int8", calibrate != Calibration.TRY),
        ("--fine-tune", "int8", fine_tune != 0),
        ("--size", "tvm", (height, width) != (256, 256)),
        ("--precision", "tensorrt", precision != Precision.FLOAT16),
    )
    given = read_source(source)
    channels = (given.metadata if isinstance(given, Bundle) else given.config).channels_in
    request = Request(
        source=given,
        pictures=read_pictures(images, channels=channels) if images else (),
        whole=whole,
        calibrate=calibrate.value,
        max_drop=drop,
        fine_tune=fine_tune,
        height=height,
        width=width,
        precision=precision.value,
        half=half,
    )
    pairs = read_pairs(images, reference, channels=channels) if images and reference else []
    try:
        if verify:
            _verified(request, targets, pairs, output, overwrite, as_json)
        else:
            _single(request, (targets or ["onnx"])[0], output, overwrite, as_json)
    except UnavailableError as error:
        note(f"diptych: {in_options(str(error))}")
        raise typer.Exit(1) from None


def _check(targets: list[str], verify: bool, output: str, images: str | None, reference: str | None) -> None:
    """Refuse a wrong call before anything is read."""
    from pathlib import Path

    from diptych.core.errors import ParameterError
    from diptych.export import suffix_of

    suffixes = {suffix_of(target) for target in targets} or {".onnx"}
    if not verify and len(targets) > 1:
        raise ParameterError(
            f"{len(targets)} targets and one output; give one, or add --verify to keep the best of them"
        )
    if verify and not images:
        raise ParameterError("--verify measures on your own pictures; give a folder of them with --images")
    if not verify and reference:
        raise ParameterError("--reference is for measuring; add --verify")
    if Path(output).suffix not in suffixes | ({".onnx"} if verify else set()):
        raise ParameterError(f"-o {output}: the file of {', '.join(targets) or 'onnx'} ends in {' or '.join(suffixes)}")


def _check_settings(targets: list[str], verify: bool, *settings: tuple[str, str, bool]) -> None:
    """Refuse a setting that was changed and is of a target that is not wanted."""
    from diptych.core.errors import ParameterError

    for option, wanted, changed in settings:
        if changed and not verify and wanted not in targets:
            raise ParameterError(f"{option} is for --target {wanted}; leave it out, or give that target")


def _decibels(text: str) -> float:
    from diptych.core.errors import ParameterError

    try:
        number = float(text.lower().removesuffix("db").strip())
    except ValueError:
        number = -1.0
    if not 0 <= number <= 60:
        raise ParameterError(f"--max-drop {text} is not allowed; give decibels from 0 to 60, such as 0.3dB")
    return number


def _size(text: str) -> tuple[int, int]:
    from diptych.core.errors import ParameterError

    height, _, width = text.lower().partition("x")
    if not (height.isdigit() and width.isdigit()):
        raise ParameterError(f"--size {text} is not allowed; give HEIGHTxWIDTH in px, such as 256x256")
    return int(height), int(width)


def _single(request: Request, target: str, output: str, overwrite: bool, as_json: bool) -> None:
    from diptych.export import build, check, write

    artefact = build(target, request)
    artefact = check(artefact, request)
    interrupt.check()
    write(artefact, request, output, overwrite=overwrite)
    _tell(artefact, request, output, as_json)


def _tell(artefact: Artefact, request: Request, output: str, as_json: bool) -> None:
    import json

    proof = dict(request.bundle.metadata.provenance).get("export", {})
    report = {"output": output, "target": artefact.target, "bytes": len(artefact.content), "export": proof}
    report |= dict(artefact.details)
    if as_json:
        typer.echo(json.dumps(report, indent=2))
        return
    note(f"{output}: {artefact.target}, {len(artefact.content) / 2**20:.2f} MiB")
    if proof:
        modes = proof.get("difference_of_train_mode")
        other = "" if modes is None else f", train mode would differ by {modes:.1e}"
        note(
            f"largest difference from PyTorch, of several sizes: {proof['difference_from_pytorch']:.1e}; "
            f"eval mode is exported{other}"
        )
    if artefact.target == "int8":
        note(
            f"{report['decibels']:.1f} dB from the float model (about {report['drop']:.2f} dB lost), ranges by "
            f"{report['calibration']}, {len(report['kept_float'])} layers kept in floats"
        )
    if artefact.target == "cube":
        note(
            f"the table is {report['decibels_of_lut']:.1f} dB from the model on these pictures (doing nothing: "
            f"{report['decibels_of_identity']:.1f} dB); the rest is what a look-up table cannot carry"
        )


def _verified(
    request: Request, targets: list[str], pairs: list[tuple[Image, Image]], output: str, overwrite: bool, as_json: bool
) -> None:
    from pathlib import Path

    from diptych.export import verify, write

    found = verify(request, targets=targets, pairs=pairs, suffix=Path(output).suffix)
    interrupt.check()
    write(found.kept, request, output, overwrite=overwrite)
    typer.echo(found.to_json() if as_json else in_options(found.to_markdown()))
    note(f"{output}: {found.kept.target}, the fastest that loses no more than {found.max_drop:g} dB")
    note(
        f"measured with {', '.join(found.instruction_sets) or 'unknown instruction sets'}; measure again on another processor"
    )
    missing = [target for target in targets if target in found.failed]
    if missing:  # they were asked for by name
        raise typer.Exit(1)
