"""``diptych enhance - -o -``: bytes in, bytes out, the format kept."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import diptych as dp
from diptych.photo import decode, encode, identify

COMMAND = [sys.executable, "-m", "diptych", "enhance"]
SAME = ("--op", "gamma", "gamma=0.5")


def piped(data: bytes, *arguments: object) -> tuple[int, bytes, str]:
    done = subprocess.run([*COMMAND, *map(str, arguments)], input=data, capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


@pytest.mark.parametrize("form", ["png", "jpeg", "tiff"])
def test_the_format_is_kept(dark_picture, form):
    photo = dp.Photo(dark_picture(), format=form)
    code, out, err = piped(encode(photo, form), "-", "-o", "-", *SAME)
    assert (code, err) == (0, "")
    assert decode(out).format == form
    assert decode(out).pixels.mean() > 1.5 * photo.pixels.mean()


def test_another_format_a_file_and_no_option(tmp_path, dark_picture):
    data = encode(dp.Photo(dark_picture(dtype=np.uint16)), "png")
    assert decode(piped(data, "-", "--format", "webp", *SAME)[1]).format == "webp"
    assert piped(data, "-", "-o", tmp_path / "out.tif", *SAME)[:2] == (0, b"")
    assert identify(tmp_path / "out.tif") == "tiff"
    (tmp_path / "in.png").write_bytes(data)
    out = piped(b"", tmp_path / "in.png", "-o", "-", *SAME)[1]
    assert np.array_equal(decode(out).pixels, dp.read(tmp_path / "out.tif").pixels)


def test_what_is_no_picture_is_said_of_standard_input():
    for data in (b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"0" * 40):
        code, out, err = piped(data, "-", "-o", "-")
        assert (code, out) == (1, b"")
        assert "standard input" in err
        assert "/diptych-" not in err


def test_what_the_format_cannot_hold_is_said_of_standard_output(dark_picture):
    clear = np.full(dark_picture().shape[:2], 9, np.uint8)
    code, out, err = piped(encode(dp.Photo(dark_picture(), alpha=clear), "png"), "-", "--format", "jpeg", *SAME)
    assert (code, out) == (1, b"")
    assert err.startswith("failed: standard output: JPEG cannot hold")
    assert "/diptych-" not in err


@pytest.mark.parametrize(
    "options", [["--json"], ["--dry-run"], ["--variants", "3"], ["--large"], ["--suffix", ".x"], ["other.png"]]
)
def test_what_a_pipe_cannot_do_is_refused(options):
    code, out, err = piped(b"x", "-", *options, "-o", "-")
    assert (code, out) == (2, b"")
    assert "standard input" in err


@pytest.mark.skipif(os.name == "nt", reason="no such terminal")
def test_a_terminal_gets_no_bytes(tmp_path):
    import pty

    dp.write(tmp_path / "a.png", np.zeros((4, 4), np.uint8))
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [*COMMAND, str(tmp_path / "a.png"), "-o", "-"], stdout=theirs, stderr=subprocess.PIPE, check=False
    )
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 2
    assert b"terminal" in done.stderr
