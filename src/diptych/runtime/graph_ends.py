"""What a graph takes and gives: names, types and shapes, as the metadata of its bundle says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diptych.runtime.metadata import BundleMetadata

if TYPE_CHECKING:
    import onnx

INPUT, OUTPUT = "image", "enhanced"
"""Names of the one input and the one output of every graph that takes pictures."""

THUMBNAIL, NUMBERS = "thumbnail", "numbers"
"""Names of the input and the output of a planner."""

CORRELATION, NOISE = "correlation", "noise"
"""Names of the second input of a denoiser, beside the `INPUT`, and of its output."""

CORRELATIONS = 4
"""Numbers that a denoiser is told beside the picture."""

BLOCK = 4
"""Side in px of the blocks that a denoiser works in: of each plane it gives so many rows of so many values."""

MARGIN = 9
"""Blocks on each side whose surroundings a denoiser would have to see: it gives nothing of them."""

NOISE_STEPS, NO_NOISE = 25, 128
"""Steps of what a denoiser gives in a standard deviation, and the value that stands for no noise."""

THUMBNAIL_SIDES = range(8, 513)
"""Sides in px that the thumbnail of a planner may have."""

_SIDE = "S"  # a side that is fixed, and the same wherever it stands

Shape = tuple[int | str | None, ...]
"""Sides of a tensor: a number, a word for one that is fixed, None for one that is free."""


class UnfitError(Exception):
    """A reason to refuse a graph, without the name of the file."""


def check_ends(graph: onnx.GraphProto, metadata: BundleMetadata) -> None:
    """Refuse a graph whose inputs and outputs are not those of its kind."""
    dtypes, *sides = _ends_of(metadata)
    for values, ends, dtype, word in zip((graph.input, graph.output), sides, dtypes, ("input", "output"), strict=True):
        if [value.name for value in values] != list(ends):
            given = ", ".join(value.name[:40] for value in values[:4]) or "none"
            wanted = " and ".join(f"'{name}'" for name in ends)
            count = "one" if len(ends) == 1 else "two"
            raise UnfitError(f"has the {word}s {given}; a bundle of the kind {metadata.kind} has {count}, {wanted}")
        for value, shape in zip(values, ends.values(), strict=True):
            _check_end(value, dtype, shape)


def made_of_picture(metadata: BundleMetadata, side: int) -> list[int]:
    """Return the shape of what a graph makes of a square picture of this side."""
    if metadata.kind == "planner":
        return [1, len(metadata.outputs)]
    if metadata.kind == "denoiser":
        blocks = side // BLOCK - 2 * MARGIN
        return [1, blocks, blocks, BLOCK * BLOCK * metadata.channels_out]
    return [1, metadata.channels_out, side, side]


def _ends_of(metadata: BundleMetadata) -> tuple[tuple[str, str], dict[str, Shape], dict[str, Shape]]:
    """Return the dtypes of a bundle's inputs and outputs, and the shapes of both by their names."""
    floats, before, after = ("float32", "float32"), metadata.channels_in, metadata.channels_out
    if metadata.kind == "planner":
        return floats, {THUMBNAIL: (None, before, _SIDE, _SIDE)}, {NUMBERS: (None, len(metadata.outputs))}
    if metadata.kind == "whole":
        return ("uint8", "uint8"), {INPUT: (None, None, before)}, {OUTPUT: (None, None, after)}
    picture: Shape = (None, before, None, None)
    if metadata.kind == "denoiser":
        blocks: Shape = (None, None, None, BLOCK * BLOCK * after)
        return ("float32", "uint8"), {INPUT: picture, CORRELATION: (1, CORRELATIONS)}, {NOISE: blocks}
    return floats, {INPUT: picture}, {OUTPUT: (None, after, None, None)}


def _check_end(value: onnx.ValueInfoProto, dtype: str, wanted: Shape) -> None:
    from onnx import TensorProto

    tensor, known = value.type.tensor_type, {int(TensorProto.FLOAT): "float32", int(TensorProto.UINT8): "uint8"}
    is_tensor = value.type.WhichOneof("value") == "tensor_type"
    given = known.get(int(tensor.elem_type), "other") if is_tensor else "other"
    sides = [side.dim_value if side.HasField("dim_value") else None for side in tensor.shape.dim]
    fixed = {side for side, one in zip(sides, wanted, strict=False) if one == _SIDE}
    if fixed and not (len(fixed) == 1 and all(side in THUMBNAIL_SIDES for side in fixed)):
        raise UnfitError(
            f"takes thumbnails of {fixed} px; they are square, from {THUMBNAIL_SIDES[0]} to {THUMBNAIL_SIDES[-1]} px"
        )
    as_wanted = [side if one == _SIDE else one for side, one in zip(sides, wanted, strict=False)]
    if given != dtype or len(sides) != len(wanted) or sides != as_wanted:
        raise UnfitError(
            f"'{value.name}' is {given} {_words(sides)}, the metadata says {dtype} {_words(wanted)}; export the model again"
        )


def _words(sides: Shape | list[int | None]) -> str:
    return "(" + ", ".join("any size" if side is None else str(side) for side in sides[:8]) + ")"
