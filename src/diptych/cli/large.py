"""``--large``: a picture that does not fit into memory, by rows."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from diptych.cli.arguments import in_options
from diptych.cli.progress import note
from diptych.core.errors import DiptychError, ParameterError

if TYPE_CHECKING:
    from diptych.core.enhancer import Enhancer
    from diptych.runtime.batch import Existing, Result

_COPIES = 4  # the picture, its result, what is written of it, and a share of floats
_TOO_LITTLE = "does not fit into memory; save it in smaller tiles, close other programs, or use a smaller picture"
_TIFF = (".tif", ".tiff")


def is_large(inputs: list[str], output: str | None, large: bool, max_pixels: int) -> bool:
    """Return whether the call is for one picture by rows: asked for, a Zarr, or a TIFF too large for memory."""
    names = [*inputs, *([output] if output else [])]
    if not large and not any(name.rstrip("/\\").lower().endswith((".zarr", *_TIFF)) for name in names):
        return False
    from diptych.large.ome import is_zarr
    from diptych.photo import stored_size
    from diptych.runtime.memory import available_memory

    zarr = any(is_zarr(name) for name in names)
    if (large or zarr) and (len(inputs) != 1 or output is None):
        raise ParameterError("large pictures and Zarrs are done one at a time, with -o; give one input and one output")
    if large or zarr:
        return True
    if len(inputs) != 1 or output is None or not all(name.lower().endswith(_TIFF) for name in (inputs[0], output)):
        return False
    size = stored_size(inputs[0])
    return size is not None and (size[0] > max_pixels or _COPIES * size[1] > available_memory())


def enhance_by_rows(source: str, target: str, enhancer: Enhancer, existing: Existing, *, quiet: bool) -> Result:
    """Enhance one picture by rows and return what became of it."""
    from diptych.large import enhance_large
    from diptych.runtime.batch import Result

    started = time.perf_counter()
    if existing == "skip" and Path(target).exists():
        return Result(source, target, "skipped", "the output exists already", 0.0)
    if not quiet:
        note(f"{source}: enhancing by rows, never whole in memory")
    said = [-1]

    def say(done: int, rows: int) -> None:
        tenth = 10 * done // rows
        if tenth > said[0] and not quiet:
            said[0] = tenth
            note(f"  {10 * tenth} %")

    try:
        enhance_large(source, target, enhancer, overwrite=existing == "overwrite", progress=say)
    except (DiptychError, MemoryError) as error:
        reason = in_options(str(error)) if isinstance(error, DiptychError) else f"{source}: {_TOO_LITTLE}"
        note(f"failed: {reason}")
        return Result(source, target, "failed", reason, round(time.perf_counter() - started, 3))
    if not quiet:
        note(f"{source} -> {target}")
    return Result(source, target, "done", "", round(time.perf_counter() - started, 3))
