"""Schedules for this CPU: rules by which a kernel becomes parallel loops over register tiles of vectors.

A rule is told by the name of a block what it has before it. Nothing is searched for: the sizes of tiles follow from the
sizes of the result (`tile_of`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tvm import s_tir, tirx

from diptych.export._tvm_kernels import largest_divisor, tile_of

_CHUNK = 256  # px that a thread computes from one block of packed input: it stays in the second-level cache
_DEPTHWISE_CHUNK = 8192


def scheduled(function: Any) -> Any:
    """Return the function with its loops arranged for the CPU."""
    schedule = s_tir.Schedule(function)
    blocks = _blocks(schedule)
    rule = next((rule for name, rule in _RULES.items() if name in blocks), _other)
    rule(schedule, blocks)
    return schedule.mod["main"].with_attr("tirx.is_scheduled", True)


def _blocks(schedule: Any) -> dict[str, Any]:
    return {schedule.get(block).name_hint: block for block in schedule.get_child_blocks(schedule.get_sblock("root"))}


def _extent(schedule: Any, loop: Any) -> int:
    return int(schedule.get(loop).extent)


def _full_convolution(schedule: Any, blocks: dict[str, Any]) -> None:
    block, last = _with_last(schedule, blocks, "full_convolution")
    batch, channel, row, column = schedule.get_loops(last)
    height, width = _extent(schedule, row), _extent(schedule, column)
    tile = tile_of(_extent(schedule, channel), height, width)
    outside, inside = schedule.split(channel, [None, tile.channels])
    rows, middle, row = _rows(schedule, row, tile.rows, _CHUNK // width)
    columns, column = schedule.split(column, [None, tile.columns])
    # All channels are made of one chunk of input, which is packed first: rows of many channels that lie a power of two apart
    # would push each other out of the cache.
    schedule.reorder(batch, rows, outside, middle, columns, inside, row, column)
    chunk = schedule.fuse(batch, rows)
    schedule.parallel(chunk)
    schedule.compute_at(block, columns, preserve_unit_loops=True)
    schedule.compute_at(blocks["padded"], chunk, preserve_unit_loops=True)
    _accumulate(schedule, block, reductions=3)
    schedule.vectorize(column)
    for loop in (inside, row):
        schedule.unroll(loop)


def _depthwise_convolution(schedule: Any, blocks: dict[str, Any]) -> None:
    block, last = _with_last(schedule, blocks, "depthwise_convolution")
    batch, channel, row, column = schedule.get_loops(last)
    height, width = _extent(schedule, row), _extent(schedule, column)
    wide = largest_divisor(width, 64)
    rows, middle, row = _rows(schedule, row, largest_divisor(height, 128 // wide), _DEPTHWISE_CHUNK // width)
    columns, column = schedule.split(column, [None, wide])
    schedule.reorder(batch, channel, rows, middle, columns, row, column)
    chunk = schedule.fuse(batch, channel, rows)
    schedule.parallel(chunk)
    schedule.compute_at(block, columns, preserve_unit_loops=True)
    schedule.compute_at(blocks["padded"], chunk, preserve_unit_loops=True)
    _accumulate(schedule, block, reductions=2)
    schedule.vectorize(column)
    schedule.unroll(row)


def _with_last(schedule: Any, blocks: dict[str, Any], name: str) -> tuple[Any, Any]:
    """Return the named block, whose results stay in registers, and the block that writes them to memory at last."""
    order = list(blocks)
    for before in order[: order.index(name)]:
        if before != "padded":
            schedule.compute_inline(blocks[before])
    after = order[order.index(name) + 1 :]
    if not after:
        return blocks[name], schedule.cache_write(blocks[name], 0, "local")
    for between in after[:-1]:
        schedule.compute_inline(blocks[between])
    schedule.set_scope(blocks[name], 0, "local")
    return blocks[name], blocks[after[-1]]


def _rows(schedule: Any, loop: Any, tile: int, chunk: int) -> tuple[Any, Any, Any]:
    """Split rows into chunks for the threads, tiles in a chunk, and rows in a tile."""
    tiles = largest_divisor(_extent(schedule, loop) // tile, chunk // tile)
    chunks, middle, inside = schedule.split(loop, [None, tiles, tile])
    return chunks, middle, inside


def _accumulate(schedule: Any, block: Any, *, reductions: int) -> None:
    """Arrange the sums of a tile: the summation outside, the tile inside, unrolled and in vectors."""
    tile = schedule.get_loops(block)[-reductions - 3 : -reductions]
    summed = schedule.get_loops(block)[-reductions:]
    schedule.reorder(*summed, *tile)
    for loop in summed:
        if _extent(schedule, loop) <= 3:
            schedule.unroll(loop)
    _in_registers(schedule, tile)
    start = schedule.decompose_reduction(block, summed[0])
    _in_registers(schedule, schedule.get_loops(start)[-3:])


def _in_registers(schedule: Any, tile: Any) -> None:
    for loop in tile[:-1]:
        schedule.unroll(loop)
    schedule.vectorize(tile[-1])


def _statistics(schedule: Any, blocks: dict[str, Any]) -> None:
    order = list(blocks)
    for name in order[: order.index("sum_lanes")]:
        schedule.compute_inline(blocks[name])
    part, channel = schedule.get_loops(blocks["statistics"])
    schedule.reorder(channel, part)
    schedule.parallel(channel)
    for name in ("gain", "squares", "squares_lanes", "sum", "sum_lanes"):
        schedule.compute_at(blocks[name], channel, preserve_unit_loops=True)
    for name in ("sum_lanes", "squares_lanes"):
        *_, lane, step = schedule.get_loops(blocks[name])
        schedule.reorder(step, lane)
        schedule.vectorize(lane)
        start = schedule.decompose_reduction(blocks[name], step)
        schedule.vectorize(schedule.get_loops(start)[-1])


def _other(schedule: Any, blocks: dict[str, Any]) -> None:
    """Pointwise chains become one loop; of anything else, each block runs in parallel over its outer loops."""
    if not any(_is_reduction(schedule, block) for block in blocks.values()):
        *before, last = blocks.values()
        for block in before:
            schedule.compute_inline(block)
        blocks = {"last": last}
    for block in blocks.values():
        kinds = [variable.iter_type for variable in schedule.get(block).iter_vars]
        loops = schedule.get_loops(block)
        spatial = [loop for loop, kind in zip(loops, kinds, strict=True) if kind == tirx.IterVar.DataPar]
        if len(spatial) > 1:
            _in_rows(schedule, block, spatial, whole=len(spatial) == len(loops))


def _in_rows(schedule: Any, block: Any, spatial: list[Any], *, whole: bool) -> None:
    schedule.reorder(*spatial)
    schedule.parallel(schedule.fuse(*spatial[:-1]))
    width = _extent(schedule, spatial[-1])
    if not whole:
        return
    if "//" in str(
        schedule.get(block)
    ):  # nearest neighbour: two values for one, which LLVM turns into vectors by itself
        _, pair = schedule.split(spatial[-1], [None, largest_divisor(width, 2)])
        schedule.unroll(pair)
    elif largest_divisor(width, 64) >= 4:
        _, lanes = schedule.split(spatial[-1], [None, largest_divisor(width, 64)])
        schedule.vectorize(lanes)


def _is_reduction(schedule: Any, block: Any) -> bool:
    return schedule.get(block).init is not None


_RULES: dict[str, Callable[[Any, dict[str, Any]], None]] = {
    "full_convolution": _full_convolution,
    "depthwise_convolution": _depthwise_convolution,
    "statistics": _statistics,
}
