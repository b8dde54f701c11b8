"""``diptych enhance`` with videos: names, refusals, and what Ctrl-C, a kill and a crash leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

pytest.importorskip("av")

import diptych as dp
import diptych.video.apart
from diptych.cli.app import main
from diptych.core.errors import PhotoFormatError
from diptych.video import VideoJob, enhance_apart
from kill_helpers import wait_for
from video_helpers import frames_of, noisy, scene, write_video


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    frames = [noisy(0.2 * scene(), 2, index) for index in range(20)]
    return write_video(tmp_path_factory.mktemp("clips") / "clip.mp4", frames, sound=True)


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(one) for one in arguments])
    return stop.value.code or 0


def test_a_video_and_a_picture_in_one_call(tmp_path, clip, capfd):
    dp.write(tmp_path / "dark.png", noisy(0.1 * scene(), 1, 0))
    assert run("enhance", clip, tmp_path / "dark.png", "-o", tmp_path / "out", "--json") == 0
    found = json.loads(capfd.readouterr().out)
    assert [one["status"] for one in found] == ["done", "done"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["clip.mp4", "dark.png"]
    assert frames_of(tmp_path / "out" / "clip.mp4")[1].mean() > 1.5 * frames_of(clip)[1].mean()


def test_existing_results(tmp_path, clip, capsys):
    target = tmp_path / "out.mp4"
    target.write_text("here before")
    assert run("enhance", clip, "-o", target) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert run("enhance", clip, "-o", target, "--skip-existing") == 0
    assert target.read_text() == "here before"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--cluster", "local:1"], "scenes are planned"),
        (["--large"], "frame by frame"),
        (["--variants", "3"], "--brightness"),
        (["-o", "out.avi"], "written as"),
        (["-o", "out.jpg"], "is no name of a video"),
        (["--recipe", "no_such"], "no_such"),
    ],
)
def test_what_is_not_for_videos_says_why(clip, options, words, capsys):
    assert run("enhance", clip, *options) == 2
    assert words in capsys.readouterr().err


def test_two_videos_need_a_folder(tmp_path, clip, capsys):
    other = tmp_path / "clip.mp4"
    other.write_bytes(clip.read_bytes())
    assert run("enhance", clip, other, "-o", tmp_path / "one.mp4") == 2
    assert run("enhance", clip, other, "-o", tmp_path / "folder") == 2
    assert run("enhance", other, "-o", other) == 2
    errors = capsys.readouterr().err
    assert "give a folder" in errors
    assert "both go to" in errors
    assert "is an input as well" in errors


def slow(folder, *more: str) -> subprocess.Popen[bytes]:
    """Start a command that is in the middle of its second pass when this returns."""
    source = folder / "clip.mp4"
    if not source.exists():
        write_video(source, [noisy(0.2 * scene(), 2, index) for index in range(60)])
    (folder / "out").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "diptych", "enhance", str(source), "-o", str(folder / "out" / "a.mp4")]
    process = subprocess.Popen(
        [*command, "--op", "denoise_nlm", "--op", "denoise_tv", *more],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(lambda: left(folder) or process.poll() is not None)
    assert process.poll() is None
    return process


def left(folder) -> list[str]:
    return [path.name for path in (folder / "out").iterdir()]


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("to_all", [False, True], ids=["to the command", "by a terminal"])
def test_ctrl_c_leaves_nothing(tmp_path, to_all):
    process = slow(tmp_path)
    (os.killpg if to_all else os.kill)(process.pid, signal.SIGINT)
    assert process.wait(60) == 130
    assert left(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("which", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_command_takes_its_process_along(tmp_path, which):
    process = slow(tmp_path)
    process.send_signal(which)
    process.wait(60)
    wait_for(lambda: left(tmp_path) == [], 60)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_what_is_left_when_all_is_killed_goes_with_the_next_run(tmp_path, clip):
    process = slow(tmp_path)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    assert [name for name in left(tmp_path) if not name.startswith(".")] == []
    again = ("enhance", clip, "-o", tmp_path / "out" / "b.mp4", "--overwrite")
    wait_for(lambda: run(*again) == 0 and left(tmp_path) == ["b.mp4"])  # the lock of what is killed may last a moment


def test_a_crash_of_the_decoder_is_an_error(tmp_path, clip, monkeypatch):
    monkeypatch.setattr(diptych.video.apart, "_child", crash)
    with pytest.raises(PhotoFormatError, match="signal 11"):
        enhance_apart(VideoJob(str(clip), str(tmp_path / "out.mp4")))


def crash(connection, job) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def test_errors_and_progress_come_back(tmp_path, clip):
    seen = []
    report = enhance_apart(VideoJob(str(clip), str(tmp_path / "a.mp4")), progress=lambda *told: seen.append(told))
    assert report.frames == 20
    assert seen
    assert all(done <= total for done, total in seen)
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"nothing")
    with pytest.raises(PhotoFormatError, match="damaged, or no video"):
        enhance_apart(VideoJob(str(bad), str(tmp_path / "b.mp4")))
