"""``diptych watch``: what comes is done once, what grows is waited for, and a stop loses nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

import diptych as dp
from diptych.cli.watching import Watcher
from diptych.core.errors import ParameterError
from diptych.runtime.outputs import Naming
from kill_helpers import wait_for

SAME = ("--op", "gamma", "gamma=0.5")


def picture(path, value: int = 60):
    path.parent.mkdir(parents=True, exist_ok=True)
    dp.write(path, np.full((8, 8, 3), value, np.uint8), overwrite=True)
    return path


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def inputs(watcher: Watcher) -> list[str]:
    return sorted(job.input.name for job in watcher.ready())


def test_a_picture_is_ready_when_it_no_longer_grows(folder, tmp_path):
    watcher = Watcher(folder, Naming(str(tmp_path / "out")))
    path = picture(folder / "a.png")
    assert (inputs(watcher), watcher.waiting) == ([], 1)
    path.write_bytes(path.read_bytes() + b"more")
    assert (inputs(watcher), watcher.waiting) == ([], 1)
    assert (inputs(watcher), watcher.waiting) == (["a.png"], 0)
    (folder / "empty.png").touch()
    assert (inputs(watcher), inputs(watcher)) == (["a.png"], ["a.png"])


def test_what_has_a_result_is_done_and_may_be_done_again(folder, tmp_path):
    path, out = picture(folder / "sub" / "a.png"), tmp_path / "out"
    result = picture(out / "sub" / "a.png")
    once, again = Watcher(folder, Naming(str(out))), Watcher(folder, Naming(str(out)), again=True)
    os.utime(result, ns=(2 * 10**18, 2 * 10**18))
    for watcher in (once, again, once, again):
        assert inputs(watcher) == []
    os.utime(path, ns=(3 * 10**18, 3 * 10**18))
    assert [inputs(one) for one in (once, again, once, again)] == [[], [], [], ["a.png"]]


def test_what_is_left_out_is_said_once(folder, tmp_path):
    watcher = Watcher(folder, Naming(str(tmp_path / "out"), form="jpeg"))
    picture(folder / "a.png")
    picture(folder / "a.bmp")
    (folder / "clip.mov").touch()
    found = [inputs(watcher) for _ in range(4)]
    assert found == [[], ["a.bmp"], ["a.bmp"], ["a.bmp"]]
    told = watcher.told()
    assert len(told) == 2
    assert "has the same result" in told[1]


def test_a_folder_that_goes_and_comes(folder, tmp_path):
    watcher = Watcher(folder, Naming(str(tmp_path / "out")))
    shutil.rmtree(folder)
    assert inputs(watcher) == inputs(watcher) == []
    assert watcher.told() == [f"{folder}: is not there; waiting for it"]
    picture(folder / "a.png")
    assert (inputs(watcher), inputs(watcher)) == ([], ["a.png"])


def test_folders_that_cannot_be(folder, tmp_path):
    for root, out in ((tmp_path / "none", folder), (folder, folder), (folder, picture(tmp_path / "a.png"))):
        with pytest.raises(ParameterError):
            Watcher(root, Naming(str(out)))


def test_once_does_what_is_there(cli, folder, tmp_path):
    picture(folder / "a.png")
    picture(folder / "sub" / "b.png")
    (folder / "bad.png").write_bytes(b"no picture")
    out = folder / "done"  # within the folder that is watched
    code, _, err = cli("watch", folder, "-o", out, "--once", "--every", "0.1", *SAME)
    assert code == 1
    assert err.count("bad.png: is not a picture") == 1
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*.png")) == ["a.png", "sub/b.png"]
    (folder / "bad.png").unlink()
    code, _, err = cli("watch", folder, "-o", out, "--once", "--every", "0.1", *SAME)
    assert (code, err.count("->")) == (0, 0)


def started(folder, out) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "diptych", "watch", str(folder), "-o", str(out), "--every", "0.1", *SAME]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize(("which", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_new_pictures_are_done_until_it_is_stopped(folder, tmp_path, which, code):
    out = tmp_path / "out"
    process = started(folder, out)
    for index in range(3):
        picture(folder / f"{index}.png")
        wait_for(lambda index=index: (out / f"{index}.png").exists() or process.poll() is not None)
    process.send_signal(which)
    errors = process.communicate(timeout=60)[1].decode()
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    assert sorted(path.name for path in out.iterdir()) == ["0.png", "1.png", "2.png"]
    assert dp.read(out / "2.png").pixels.mean() > 100


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_after_a_kill_it_goes_on(folder, tmp_path):
    out = tmp_path / "out"
    for index in range(4):
        picture(folder / f"{index}.png")
    process = started(folder, out)
    wait_for(lambda: out.is_dir() and any(out.glob("[0-9].png")))
    process.kill()
    process.communicate()
    process = started(folder, out)
    wait_for(lambda: len(list(out.glob("[0-9].png"))) == 4 or process.poll() is not None)
    process.terminate()
    process.communicate(timeout=60)
    assert sorted(path.name for path in out.iterdir()) == [f"{index}.png" for index in range(4)]
