"""Small videos, made for tests; and what is in a video."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SIZE = (96, 160)


def scene(seed: int = 0, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Return a smooth picture, (H, W, 3) floats in [0, 1]."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]] / max(size)
    waves = [
        np.sin(2 * np.pi * (rng.uniform(1, 4) * rows + rng.uniform(1, 4) * columns + rng.uniform())) for _ in "rgb"
    ]
    return np.clip(0.5 + 0.3 * np.stack(waves, 2) + 0.1 * (rng.random((*size, 1)) > 0.98), 0, 1)


def noisy(picture: np.ndarray, noise: float, seed: int) -> np.ndarray:
    """Return a picture with noise (a standard deviation of 255), uint8."""
    values = 255 * picture + np.random.default_rng(seed).normal(0, noise, picture.shape)
    return np.clip(values, 0, 255).astype(np.uint8)


def write_video(
    path: Path,
    frames: Iterable[np.ndarray],
    *,
    times: Callable[[int], int] = lambda index: index * 512,
    sound: bool = False,
    subtitles: bool = False,
    prepare: Callable[[av.VideoStream], None] = lambda stream: None,
    pix_fmt: str = "yuv420p",
    codec: str = "libx264",
    interlaced: bool = False,
) -> Path:
    """Write a video of uint8 frames (H, W, 3), with time stamps in 1/12800 s."""
    frames = list(frames)
    options = {"crf": "12", "preset": "ultrafast"} if codec == "libx264" else {}
    if interlaced:
        options["x264-params"] = "tff=1"
    with av.open(str(path), "w") as out:
        video = out.add_stream(codec, rate=25, options=options)
        video.height, video.width, video.pix_fmt = *frames[0].shape[:2], pix_fmt
        video.codec_context.time_base = Fraction(1, 12800)
        prepare(video)
        audio = out.add_stream("aac", rate=48000, layout="mono") if sound else None
        text, container = _subtitles(path, out) if subtitles else (None, None)
        for index, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = times(index), Fraction(1, 12800)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if audio is not None:
            _sound(out, audio, len(frames))
        if container is not None:
            for packet in container.demux():
                if packet.dts is not None:
                    packet.stream = text
                    out.mux(packet)
            container.close()
    return path


def _sound(out: av.container.OutputContainer, audio: av.AudioStream, frames: int) -> None:
    wave = np.sin(np.arange(48000 * frames // 25) * 0.05).astype(np.float32)[np.newaxis]
    for start in range(0, wave.shape[1] - 1024, 1024):
        frame = av.AudioFrame.from_ndarray(wave[:, start : start + 1024].copy(), "fltp", "mono")
        frame.sample_rate, frame.pts = 48000, start
        out.mux(audio.encode(frame))
    out.mux(audio.encode(None))


def _subtitles(path: Path, out: av.container.OutputContainer):
    text = path.with_suffix(".srt")
    text.write_text(
        "1\n00:00:00,200 --> 00:00:00,600\nGood evening.\n\n2\n00:00:00,800 --> 00:00:01,000\nGood night.\n"
    )
    container = av.open(str(text))
    stream = out.add_stream_from_template(container.streams.subtitles[0])
    stream.metadata["language"] = "eng"
    return stream, container


def packets_of(path: Path, kind: str) -> list[tuple[int, bytes]]:
    """Return time stamps and contents of the packets of a kind."""
    with av.open(str(path)) as container:
        stream = next(one for one in container.streams if one.type == kind)
        return [(packet.pts, bytes(packet)) for packet in container.demux(stream) if packet.dts is not None]


def frames_of(path: Path) -> tuple[list[float], np.ndarray]:
    """Return the times of the frames in seconds, and their luma (N, H, W)."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    planes = [
        np.frombuffer(one.planes[0], np.uint8).reshape(one.height, -1)[:, : one.width]
        for one in (frame.reformat(format="gray") if "10" in frame.format.name else frame for frame in frames)
    ]
    return [float(frame.pts * frame.time_base) for frame in frames], np.stack(planes)
