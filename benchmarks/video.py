"""A dark clip of ten seconds, made of photographs, through ``diptych enhance``: flicker, frames a second, memory.

    python benchmarks/video.py PHOTO PHOTO PHOTO --folder out/video

The photographs lose `--stops` stops of light and get the noise of a sensor: the first stands still for four seconds, the second
is panned and zoomed for three, and the third fades in and out for three. The clip before and after stays in the folder.

Flicker is the standard deviation of the mean luma of the frames of the still scene, in levels of 255. "Frame by frame" is what
it would be if every frame were planned and enhanced by itself, without the encoder. Memory is the most that the process of the
video had, for the clip and for one of three times its length.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

import diptych as dp
from diptych.runtime import DefaultEnhancer
from diptych.video import enhance_video

RATE, STILL, MOVING, FADING = 25, 4, 3, 3


def darkened(path: str, stops: float, height: int) -> np.ndarray:
    """Return a photograph as linear light with that many stops less, large enough to pan in."""
    pixels = dp.read(path).pixels[:, :, :3].astype(np.float32) / 255
    step = max(1, int(min(pixels.shape[0] / height, pixels.shape[1] / height / 16 * 9) / 1.3))
    zoomed = pixels[::step, ::step]
    scale = max(1.3 * height / zoomed.shape[0], 1.3 * height * 16 / 9 / zoomed.shape[1])
    zoomed = dp.operators.zoom(zoomed, factor=max(scale, 1.0)) if scale > 1 else zoomed
    return np.clip(zoomed, 0, 1) ** 2.2 * 2.0**-stops


def frames(pictures: list[np.ndarray], height: int, seconds: int) -> Iterator[np.ndarray]:
    """Yield the frames of the clip, in linear light; the still scene lasts what the others leave."""
    width = height * 16 // 9
    still = pictures[0][:height, :width]
    for _ in range((seconds - MOVING - FADING) * RATE):
        yield still
    for index in range(MOVING * RATE):
        share = index / (MOVING * RATE)
        size = 1.3 - 0.3 * share
        top, left = (
            int(share * (length - size * side))
            for length, side in zip(pictures[1].shape[:2], (height, width), strict=True)
        )
        rows = np.clip(np.arange(height) * size + top, 0, pictures[1].shape[0] - 1).astype(int)
        columns = np.clip(np.arange(width) * size + left, 0, pictures[1].shape[1] - 1).astype(int)
        yield pictures[1][rows[:, None], columns]
    for index in range(FADING * RATE):
        yield pictures[2][:height, :width] * np.clip(min(index, FADING * RATE - 1 - index) / RATE, 0, 1)


def exposed(light: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return what a camera makes of light: shot noise and read noise, gamma, 8 bits."""
    noise = rng.standard_normal(light.shape, np.float32) * np.sqrt(light * 2e-4 + 4e-7)
    return (255 * np.clip(light + noise, 0, 1) ** (1 / 2.2) + 0.5).astype(np.uint8)


def write_clip(path: Path, pictures: list[np.ndarray], height: int, seconds: int) -> None:
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"crf": "16", "preset": "fast"})
        stream.height, stream.width, stream.pix_fmt = height, height * 16 // 9, "yuv420p"
        for light in frames(pictures, height, seconds):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(exposed(light, rng), "rgb24")))
        out.mux(stream.encode(None))


def means(path: Path, seconds: float) -> np.ndarray:
    """Return the mean luma of the first frames."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            plane = frame.planes[0]
            found.append(np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width].mean())
            if len(found) == seconds * RATE:
                break
    return np.array(found)


def frame_by_frame(path: Path, count: int) -> np.ndarray:
    """Return the mean luma of frames that are planned and enhanced one by one."""
    fast, found = DefaultEnhancer(profile="fast"), []
    with av.open(str(path)) as container:
        for _, frame in zip(range(count), container.decode(video=0), strict=False):
            found.append((fast(frame.to_ndarray(format="rgb24")) @ np.array([0.299, 0.587, 0.114])).mean())
    return np.array(found)


def timed(source: Path, target: Path, queue: multiprocessing.Queue) -> None:
    enhance_video(source, target.with_name("warm.mp4"), overwrite=True)  # compiled, and opened
    wall, cpu = time.perf_counter(), time.process_time()
    report = enhance_video(source, target, overwrite=True)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    queue.put((report, wall, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def run(source: Path, target: Path) -> tuple:
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=timed, args=(source, target, queue))
    process.start()
    found = queue.get()
    process.join()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs=3)
    parser.add_argument("--folder", type=Path, default=Path("out/video"))
    parser.add_argument("--stops", type=float, default=2.0)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--long", action="store_true", help="also a clip of three times the length, for the memory")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    pictures = [darkened(path, given.stops, given.height) for path in given.photos]
    source, target = given.folder / "before.mp4", given.folder / "after.mp4"
    write_clip(source, pictures, given.height, STILL + MOVING + FADING)
    report, wall, cpu, memory = run(source, target)
    print(
        f"{report.frames} frames of {given.height * 16 // 9} x {given.height}, {report.scenes} scenes {report.notes or ''}"
    )
    print(f"{report.frames / wall:.1f} frames a second here; {1000 * cpu / report.frames:.0f} ms of one core a frame")
    before, after = means(source, STILL), means(target, STILL)
    alone = frame_by_frame(source, 25)
    print(f"still scene, mean luma before {before.mean():.2f}, after {after.mean():.2f}")
    print(f"flicker before {before.std():.4f}, after {after.std():.4f}: {after.std() / before.std():.2f} times")
    print(
        f"from frame to frame {np.diff(before).std():.4f}, {np.diff(after).std():.4f}; frame by frame {alone.std():.4f}"
    )
    print(f"memory {memory:.0f} MiB")
    if given.long:
        source, target = given.folder / "long.mp4", given.folder / "long_after.mp4"
        write_clip(source, pictures, given.height, 3 * (STILL + MOVING + FADING))
        print(f"memory {run(source, target)[3]:.0f} MiB for three times the length")


if __name__ == "__main__":
    main()
