"""Enhances mutated MP4 files, each in a process of its own; run by tests/video/test_fuzz.py.

``fuzz_videos.py SEED COUNT`` prints how many were enhanced, refused, or have taken their process down, and the most memory.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
from pathlib import Path

import numpy as np

from diptych.core.errors import DiptychError
from diptych.recipes import Recipe, step
from diptych.video import enhance_video
from diptych.video.names import load_av
from video_helpers import noisy, scene, write_video

SECONDS = 60
OUTCOMES = {0: "enhanced", 1: "refused", 2: "unexpected", 3: "too long"}
_BRIGHTER = Recipe(step("gamma", gamma=0.8))


def originals(folder: Path) -> list[bytes]:
    """Return the contents of whole videos: with sound, of 10 bits, and of another codec."""
    frames = [noisy(0.3 * scene(0, (48, 64)), 3, index) for index in range(6)]
    made = [
        write_video(folder / "sound.mp4", frames, sound=True),
        write_video(folder / "deep.mp4", frames, pix_fmt="yuv420p10le"),
        write_video(folder / "other.mp4", frames, codec="mpeg4"),
        write_video(folder / "turned.mov", frames, prepare=lambda stream: stream.set_display_rotation(90)),
    ]
    return [path.read_bytes() for path in made]


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Return the content with bytes changed, a piece lost or doubled, or the end missing; every other time in the header."""
    data = bytearray(content)
    header = data.rfind(b"moov")
    first, last = (header, len(data)) if chance.random() < 0.5 and header > 0 else (0, len(data))
    kind = chance.choice(["bytes", "bytes", "numbers", "cut", "lost", "doubled"])
    if kind == "bytes":
        for _ in range(chance.choice([1, 3, 10, 50])):
            data[chance.randrange(first, last)] = chance.randrange(256)
    elif kind == "numbers":
        for _ in range(chance.choice([1, 3])):
            place = chance.randrange(first, last - 4)
            data[place : place + 4] = chance.choice(
                [b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\0\0\xff\xff"]
            )
    elif kind == "cut":
        del data[chance.randrange(8, len(data)) :]
    else:
        place = chance.randrange(first, last - 1)
        piece = data[place : place + chance.choice([1, 4, 64, 512])]
        data[place : place + (0 if kind == "doubled" else len(piece))] = piece if kind == "doubled" else b""
    return bytes(data)


def outcome(source: Path, target: Path) -> tuple[str, int]:
    """Return what became of a video in a process of its own, and the memory that took in MiB."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        signal.signal(signal.SIGALRM, lambda *_: os._exit(3))
        code = 0
        try:
            enhance_video(source, target, _BRIGHTER, overwrite=True)
        except (DiptychError, MemoryError):
            code = 1
        except Exception as error:
            sys.stderr.write(f"{source}: {type(error).__name__}: {error}\n")
            code = 2
        os._exit(code)
    _, status, usage = os.wait4(child, 0)
    name = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else OUTCOMES[os.WEXITSTATUS(status)]
    return name, usage.ru_maxrss // 1024


def main() -> None:
    first, count = int(sys.argv[1]), int(sys.argv[2])
    load_av()
    _BRIGHTER(np.zeros((8, 8, 3), np.uint16))
    counts: dict[str, int] = {}
    most = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = originals(folder)
        for seed in range(first, first + count):
            source = folder / "mutant.mp4"
            source.write_bytes(mutated(whole[seed % len(whole)], random.Random(seed)))
            found, memory = outcome(source, folder / "out.mp4")
            counts[found] = counts.get(found, 0) + 1
            most = max(most, memory)
            if found not in ("enhanced", "refused"):
                kept = Path(tempfile.gettempdir()) / f"mutant-{seed}.mp4"
                kept.write_bytes(source.read_bytes())
                sys.stderr.write(f"seed {seed}: {found}\n")
        leftovers = [path.name for path in folder.glob(".diptych-*")]
    sys.stdout.write(f"{ {**counts, 'MiB': most, 'leftovers': len(leftovers)} }\n")


if __name__ == "__main__":
    main()
