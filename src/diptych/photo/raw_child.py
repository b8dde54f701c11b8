"""Develops one camera RAW in a process of its own, as a program: its decoder is given files that may break it.

Standard input has the file, the only argument is the largest number of pixels. Standard output gets a line of JSON, and behind
it the samples, 16 bits, RGB.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import Any

_START, _PER_PIXEL, _ROOM = 3 << 29, 64, 1 << 30  # bytes of address space
_SECONDS = 600


def main() -> None:
    """Answer with what became of the file."""
    data = sys.stdin.buffer.read()
    _limit(_START)
    try:
        answer, samples = _developed(data, int(sys.argv[1]))
    except MemoryError:
        answer, samples = {"error": "not enough memory"}, b""
    except Exception as error:  # LibRaw's, of any kind
        answer, samples = {"error": " ".join(str(error).split())[:160] or type(error).__name__}, b""
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.write(samples)


def _limit(size: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (size, resource.getrlimit(resource.RLIMIT_AS)[1]))
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _developed(data: bytes, max_pixels: int) -> tuple[dict[str, Any], bytes]:
    import rawpy

    with rawpy.RawPy() as raw:
        raw.open_buffer(io.BytesIO(data))
        sizes = raw.sizes
        width, height = max(sizes.raw_width, sizes.width), max(sizes.raw_height, sizes.height)
        if width * height > max_pixels:
            return {"width": width, "height": height, "large": True}, b""
        _limit(_ROOM + _PER_PIXEL * width * height)
        raw.unpack()
        samples = raw.postprocess(
            output_bps=16,
            use_camera_wb=True,
            no_auto_bright=True,
            output_color=rawpy.ColorSpace.sRGB,
            gamma=(2.4, 12.92),
        )
        preview = b""
        with contextlib.suppress(Exception):
            thumb = raw.extract_thumb()
            preview = bytes(thumb.data)[: 1 << 16] if thumb.format == rawpy.ThumbFormat.JPEG else b""
    answer = {"width": samples.shape[1], "height": samples.shape[0], "preview": preview.hex()}
    return answer, samples.tobytes()


if __name__ == "__main__":
    main()
