"""A video through an enhancer: what is kept, what changes, and what is refused."""

from __future__ import annotations

import sys
from fractions import Fraction

import numpy as np
import pytest

av = pytest.importorskip("av")

from diptych.core.errors import (  # noqa: E402
    MissingExtraError,
    ParameterError,
    PhotoError,
    PhotoExistsError,
    PhotoFormatError,
    PhotoTooLargeError,
)
from diptych.recipes import Recipe, step  # noqa: E402
from diptych.video import enhance_video, is_video, output_suffix  # noqa: E402
from video_helpers import frames_of, noisy, packets_of, scene, write_video  # noqa: E402

BRIGHTER = Recipe(step("develop", exposure=1.0))


def dark(count: int = 30, seed: int = 0, noise: float = 3) -> list[np.ndarray]:
    picture = 0.2 * scene(seed)
    return [noisy(picture, noise, index) for index in range(count)]


def uneven(index: int) -> int:
    return index * 512 + 200 * (index % 3 == 1)


def test_all_but_the_pixels_is_kept(tmp_path):
    def prepare(stream):
        stream.set_display_rotation(90)
        stream.codec_context.color_range, stream.codec_context.colorspace = 1, 1
        stream.codec_context.color_primaries, stream.codec_context.color_trc = 1, 1

    source = write_video(tmp_path / "in.mkv", dark(), times=uneven, sound=True, subtitles=True, prepare=prepare)
    result = tmp_path / "out.mkv"
    report = enhance_video(source, result)
    assert (report.frames, report.scenes, report.notes) == (30, 1, ())
    for kind in ("audio", "subtitle"):
        assert packets_of(result, kind) == packets_of(source, kind)
    (before, dim), (after, lit) = frames_of(source), frames_of(result)
    assert after == before
    assert lit.mean() > 2 * dim.mean()
    with av.open(str(source)) as one, av.open(str(result)) as other:
        assert [stream.type for stream in other.streams] == [stream.type for stream in one.streams]
        assert other.streams.subtitles[0].language == "eng"
        first, second = (next(container.decode(video=0)) for container in (one, other))
    assert second.rotation == first.rotation != 0
    for name in ("color_range", "colorspace", "color_primaries", "color_trc"):
        assert getattr(second, name) == getattr(first, name) == 1


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_times_and_rotation_in_mp4(tmp_path, suffix):
    def prepare(stream):
        stream.codec_context.max_b_frames = 3
        stream.set_display_rotation(-90)

    source = write_video(
        tmp_path / "in.mp4", dark(12), times=lambda index: 1000 + uneven(index), sound=True, prepare=prepare
    )
    result = tmp_path / f"out{suffix}"
    enhance_video(source, result)
    assert frames_of(result)[0] == frames_of(source)[0]
    assert packets_of(result, "audio") == packets_of(source, "audio")
    with av.open(str(result)) as container:
        assert next(container.decode(video=0)).rotation == -90


def test_chapters_and_titles_are_kept(tmp_path):
    source = write_video(tmp_path / "plain.mkv", dark(10), sound=True)
    titled = tmp_path / "in.mp4"
    with av.open(str(source)) as one, av.open(str(titled), "w") as other:
        copies = {stream.index: other.add_stream_from_template(stream, opaque=True) for stream in one.streams}
        other.metadata["title"] = "Evening"
        chapter = {"id": 1, "start": 0, "end": 200, "time_base": Fraction(1, 1000), "metadata": {"title": "First"}}
        other.set_chapters([chapter])
        for packet in one.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream_index]
                other.mux(packet)
    result = tmp_path / "out.mp4"
    enhance_video(titled, result)
    with av.open(str(result)) as container:
        assert container.metadata["title"] == "Evening"
        assert [one["metadata"]["title"] for one in container.chapters()] == ["First"]


def test_nothing_flickers(tmp_path):
    source = write_video(tmp_path / "in.mp4", dark(75, noise=5))
    result = tmp_path / "out.mp4"
    enhance_video(source, result)
    (_, dim), (_, lit) = frames_of(source), frames_of(result)
    assert lit.mean() > 1.8 * dim.mean()
    assert lit.mean((1, 2)).std() <= 1.2 * dim.mean((1, 2)).std()


def test_scenes_have_plans_of_their_own(tmp_path):
    bright = [noisy(scene(1), 1, index) for index in range(20)]
    source = write_video(tmp_path / "in.mp4", [*dark(20), *bright])
    report = enhance_video(source, tmp_path / "out.mp4")
    (_, before), (_, after) = frames_of(source), frames_of(tmp_path / "out.mp4")
    assert report.scenes == 2
    assert after[:20].mean() > 1.5 * before[:20].mean()
    assert abs(after[21:].mean() - before[21:].mean()) < 6


def test_a_good_video_is_copied(tmp_path):
    source = write_video(tmp_path / "in.mp4", [noisy(scene(), 0, 0)] * 10, sound=True)
    report = enhance_video(source, tmp_path / "out.mp4")
    assert report.notes == ("calls for nothing; copied as it is",)
    assert packets_of(tmp_path / "out.mp4", "video") == packets_of(source, "video")


@pytest.mark.parametrize(
    ("suffix", "pix_fmt", "codec"),
    [(".mp4", "yuv420p10le", "libx264"), (".mkv", "yuv444p", "libx264"), (".webm", "yuv420p", "libvpx-vp9")],
)
def test_depth_and_sampling_are_kept(tmp_path, suffix, pix_fmt, codec):
    source = write_video(tmp_path / f"in{suffix}", dark(8), pix_fmt=pix_fmt, codec=codec)
    result = tmp_path / f"out{suffix}"
    enhance_video(source, result, BRIGHTER)
    with av.open(str(result)) as container:
        assert container.streams.video[0].pix_fmt == pix_fmt
    assert frames_of(result)[1].mean() > 1.2 * frames_of(source)[1].mean()


def test_a_recipe_that_changes_nothing_keeps_the_colours(tmp_path):
    source = write_video(tmp_path / "in.mp4", dark(6, noise=0))
    enhance_video(source, tmp_path / "out.mp4", Recipe(step("gamma", gamma=1.0)), steady=False, quality=100)
    (_, before), (_, after) = frames_of(source), frames_of(tmp_path / "out.mp4")
    assert np.abs(after.astype(float) - before).mean() < 1


@pytest.mark.parametrize("plan", [BRIGHTER, None])
def test_opacity_is_left_out_and_said(tmp_path, plan):
    source = write_video(tmp_path / "in.mkv", dark(4), pix_fmt="yuva420p", codec="ffv1")
    report = enhance_video(source, tmp_path / "out.mkv", plan)
    assert report.notes == ("has opacity, which is left out",)


def test_geometry_changes_the_size(tmp_path):
    source = write_video(tmp_path / "in.mp4", dark(4))
    enhance_video(source, tmp_path / "out.mp4", Recipe(step("crop", top=0, left=0, height=48, width=64)))
    assert frames_of(tmp_path / "out.mp4")[1].shape == (4, 48, 64)


def test_an_enhancer_without_a_plan(tmp_path):
    source = write_video(tmp_path / "in.mp4", dark(4))

    class Bright:
        spec = BRIGHTER.spec

        def __call__(self, image):
            return BRIGHTER(image)

    enhance_video(source, tmp_path / "out.mp4", Bright())
    assert frames_of(tmp_path / "out.mp4")[1].mean() > frames_of(source)[1].mean()


def test_what_is_refused_says_why(tmp_path):
    def as_pq(stream):
        stream.codec_context.color_trc = 16

    good = write_video(tmp_path / "in.mp4", dark(4))
    hdr = write_video(tmp_path / "hdr.mp4", dark(4), prepare=as_pq)
    combed = write_video(tmp_path / "combed.mp4", dark(4), interlaced=True)
    (tmp_path / "text.mp4").write_text("no video")
    target = tmp_path / "out.mp4"
    for source, kind, words in (
        (hdr, PhotoFormatError, r"HDR video \(PQ\)"),
        (combed, PhotoFormatError, "interlaced"),
        (tmp_path / "text.mp4", PhotoFormatError, "damaged, or no video"),
        (tmp_path / "none.mp4", PhotoFormatError, "does not exist"),
    ):
        with pytest.raises(kind, match=words):
            enhance_video(source, target)
    with pytest.raises(PhotoTooLargeError, match="160 x 96"):
        enhance_video(good, target, max_pixels=1000)
    with pytest.raises(PhotoFormatError, match="written as"):
        enhance_video(good, tmp_path / "out.avi")
    with pytest.raises(ParameterError, match="three channels"):
        enhance_video(good, target, _Grey())
    with pytest.raises(PhotoExistsError):
        enhance_video(good, good)
    with pytest.raises(PhotoError, match="folder"):
        enhance_video(good, tmp_path / "nowhere" / "out.mp4")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["combed.mp4", "hdr.mp4", "in.mp4", "text.mp4"]


class _Grey:
    spec = BRIGHTER.spec

    def __call__(self, image):
        return image[:, :, :1]


def test_a_file_that_ends_too_soon_gives_what_it_has(tmp_path):
    source = write_video(tmp_path / "in.mkv", dark(40))
    content = source.read_bytes()
    source.write_bytes(content[: len(content) * 2 // 3])
    report = enhance_video(source, tmp_path / "out.mkv")
    assert 10 < report.frames < 40
    assert len(frames_of(tmp_path / "out.mkv")[0]) == report.frames


def test_without_the_extra_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"diptych\[video\]"):
        enhance_video(tmp_path / "in.mp4", tmp_path / "out.mp4")


def test_names():
    assert is_video("a.MKV")
    assert not is_video("a.gif")
    assert output_suffix("a.mts") == ".mp4"
