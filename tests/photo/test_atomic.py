"""Files appear whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pytest

from diptych.core.errors import PhotoError, PhotoExistsError
from diptych.photo import atomic_write, read, sweep_temporary, write


def only(folder, *names):
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)


def test_new_file(tmp_path):
    atomic_write(tmp_path / "a.txt", b"one")
    atomic_write(tmp_path / "b.txt", lambda stream: stream.write(b"two"))
    assert (tmp_path / "a.txt").read_bytes() == b"one"
    assert (tmp_path / "b.txt").read_bytes() == b"two"
    only(tmp_path, "a.txt", "b.txt")


def test_existing_file_is_kept_or_replaced(tmp_path):
    target = tmp_path / "a.txt"
    target.write_bytes(b"old")
    with pytest.raises(PhotoExistsError, match=r"a\.txt: exists already.*`overwrite=True`"):
        atomic_write(target, b"new")
    assert target.read_bytes() == b"old"
    atomic_write(target, b"new", overwrite=True)
    assert target.read_bytes() == b"new"
    only(tmp_path, "a.txt")


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_meanwhile_is_kept(tmp_path, monkeypatch, links):
    target = tmp_path / "a.txt"
    if not links:

        def unsupported(*_):
            raise OSError(errno.EPERM, "no hard links here")

        monkeypatch.setattr(os, "link", unsupported)
        atomic_write(tmp_path / "other.txt", b"works")
        assert (tmp_path / "other.txt").read_bytes() == b"works"
        (tmp_path / "other.txt").unlink()

    def slow(stream):
        target.write_bytes(b"theirs")
        stream.write(b"mine")

    with pytest.raises(PhotoExistsError):
        atomic_write(target, slow)
    assert target.read_bytes() == b"theirs"
    only(tmp_path, "a.txt")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError])
def test_exception_in_the_middle(tmp_path, error):
    target = tmp_path / "a.txt"
    target.write_bytes(b"old")

    def broken(stream):
        stream.write(b"half")
        raise error

    with pytest.raises(error):
        atomic_write(target, broken, overwrite=True)
    assert target.read_bytes() == b"old"
    only(tmp_path, "a.txt")


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_full_disk(tmp_path, monkeypatch, call, number):
    target = tmp_path / "a.png"
    write(target, np.zeros((4, 4), np.uint8))

    def fails(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fails)
    with pytest.raises(PhotoError) as caught:
        write(target, np.ones((4, 4), np.uint8), overwrite=True)
    monkeypatch.undo()
    assert str(caught.value).startswith(f"{target}: ")
    assert "\n" not in str(caught.value)
    assert read(target).pixels.max() == 0
    only(tmp_path, "a.png")


def run(code, *arguments, **options):
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, **options)


def test_a_real_limit_of_file_size(tmp_path):
    target = tmp_path / "a.tif"
    target.write_bytes(b"old")
    code = """
import resource, signal, sys
import numpy as np
from diptych.photo import write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write(sys.argv[1], np.random.default_rng(0).integers(0, 255, (99, 99, 3)).astype('uint8'), overwrite=True)
except OSError as error:
    print(error)
"""
    out, _ = run(code, target).communicate(timeout=240)
    assert out.decode().startswith(f"{target}: ")
    assert len(out.splitlines()) == 1
    assert target.read_bytes() == b"old"
    only(tmp_path, "a.tif")


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("old", [None, b"old"])
def test_killed_in_the_middle(tmp_path, old):
    target = tmp_path / "a.bin"
    if old:
        target.write_bytes(old)
    code = """
import sys, time
from diptych.photo import atomic_write
def slow(stream):
    stream.write(b"half" * 1000); stream.flush(); print("half", flush=True); time.sleep(600)
atomic_write(sys.argv[1], slow, overwrite=True)
"""
    process = run(code, target)
    process.stdout.readline()
    process.send_signal(signal.SIGSTOP)
    temporary = [path for path in tmp_path.iterdir() if path.name.startswith(".diptych-")]
    assert len(temporary) == 1
    assert f"-{process.pid}-" in temporary[0].name
    assert sweep_temporary(tmp_path) == []
    process.kill()
    process.communicate()
    assert (target.read_bytes() if target.exists() else None) == old
    assert sweep_temporary(tmp_path) == temporary
    only(tmp_path, *(["a.bin"] if old else []))


def test_sweeping_leaves_what_is_not_ours(tmp_path):
    atomic_write(tmp_path / "note.txt", b"x")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    others = [f".diptych-00000000-{gone.pid}-abc.tmp", ".diptych-notes.tmp", "diptych.tmp"]
    for name in others:
        (tmp_path / name).write_bytes(b"")
    assert sweep_temporary(tmp_path) == []
    only(tmp_path, "note.txt", *others)


@pytest.mark.skipif(os.name != "posix", reason="locks")
def test_a_temporary_file_is_stale_by_its_lock_and_not_by_its_number(tmp_path):
    """Another process may have the number by now, and in a container every process has a low one."""
    kept = []

    def look(stream):
        (own,) = tmp_path.glob(".diptych-*.tmp")
        copy = own.with_name(own.name.replace(".tmp", "0.tmp"))
        copy.write_bytes(b"left behind by a process of the same number")
        kept.extend([sweep_temporary(tmp_path) == [copy], own.exists()])

    atomic_write(tmp_path / "a.bin", look)
    assert kept == [True, True]
    only(tmp_path, "a.bin")


@pytest.mark.skipif(os.name != "posix", reason="locks")
def test_what_another_host_has_left_is_stale_after_a_day(tmp_path):
    file = tmp_path / ".diptych-00000000-1-abc.tmp"
    file.touch()
    assert sweep_temporary(tmp_path) == []
    os.utime(file, (0, file.stat().st_mtime - 25 * 3600))
    assert sweep_temporary(tmp_path) == [file]


@pytest.mark.skipif(os.name != "posix", reason="permissions")
def test_permissions(tmp_path):
    before = os.umask(0o027)
    try:
        atomic_write(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
    (tmp_path / "a").chmod(0o604)
    atomic_write(tmp_path / "a", b"x", overwrite=True)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o604


def test_links_stay_links(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    atomic_write(tmp_path / "link", b"new", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_targets_that_cannot_be(tmp_path):
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / "missing" / "a", "/dev/null", "a\0b", tmp_path / ("x" * 300)):
        with pytest.raises(PhotoError) as caught:
            atomic_write(path, b"", overwrite=True)
        assert str(caught.value).startswith(f"{path}: ")
    only(tmp_path, "folder")


def test_relative_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    atomic_write("a", b"x")
    only(tmp_path, "a")


def test_two_writers_at_once_leave_one_whole_file(tmp_path):
    code = """
import sys
from diptych.photo import atomic_write
for i in range(60):
    atomic_write(sys.argv[1], sys.argv[2].encode() * 20000, overwrite=True)
"""
    processes = [run(code, tmp_path / "a", letter) for letter in "xyz"]
    deadline = time.monotonic() + 240
    while any(process.poll() is None for process in processes) and time.monotonic() < deadline:
        if (tmp_path / "a").exists():
            content = (tmp_path / "a").read_bytes()
            assert len(content) == 20000
            assert len(set(content)) == 1
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    only(tmp_path, "a")
