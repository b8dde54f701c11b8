"""``diptych enhance`` with other formats and names, and without doing anything."""

from __future__ import annotations

import json

import numpy as np
import pytest

import diptych as dp


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("form", ["avif", "jxl", "tiff", "webp", "jpg"])
def test_a_folder_in_another_format(cli, pictures, tmp_path, form):
    code, _, err = cli("enhance", pictures, "-o", tmp_path / "out", "--format", form, "--op", "gamma")
    assert code == 0, err
    ending = {"tiff": ".tif", "jpg": ".jpg"}.get(form, f".{form}")
    assert names(tmp_path / "out") == [f"a{ending}", f"b{ending}", f"sub/c{ending}"]
    photo = dp.read(tmp_path / "out" / f"a{ending}")
    assert photo.format == {"jpg": "jpeg"}.get(form, form)
    assert photo.pixels.shape == (48, 64, 3)
    assert ("was reduced to" in err) == (form not in ("jxl", "tiff"))  # sub/c has 16 bits


def test_beside_the_input_and_with_another_name(cli, pictures):
    assert cli("enhance", pictures / "a.png", "--format", "jxl", "--suffix", "-bright", "--op", "gamma")[0] == 0
    assert (pictures / "a-bright.jxl").exists()
    assert cli("enhance", pictures / "a.png", "--suffix", ".x", "--op", "gamma")[0] == 0
    assert (pictures / "a.x.png").exists()


def test_a_suffix_in_a_folder_and_a_second_run(cli, pictures):
    assert cli("enhance", pictures, "-o", pictures / "out", "--suffix", "_e", "--op", "gamma")[0] == 0
    assert names(pictures / "out") == ["a_e.png", "b_e.jpg", "sub/c_e.png"]
    code, out, _ = cli("enhance", pictures, "-o", pictures / "out", "--suffix", "_e", "--op", "gamma", "--json")
    assert code == 1
    assert len(json.loads(out)) == 3, "what the first run has written is no input"


def test_a_file_that_agrees_with_its_format(cli, pictures, tmp_path):
    target = tmp_path / "o.tiff"
    assert cli("enhance", pictures / "a.png", "-o", target, "--format", "tiff", "--op", "gamma")[0] == 0
    assert dp.read(target).format == "tiff"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--format", "gif2"], "give one of"),
        (["--suffix", "a/b"], "cannot be in a name"),
        (["--suffix", ""], "is empty"),
        (["-o", "o.png", "--format", "jxl"], "is no jxl file"),
        (["-o", "o.png", "--suffix", "x"], "leave it out"),
        (["-o", "out", "--format", "png", "--cluster", "local:1"], "--format is not for --cluster"),
        (["-o", "out", "--dry-run", "--cluster", "local:1"], "--dry-run is not for --cluster"),
        (["-o", "out", "--format", "RAW"], "can only be read"),
        (["-o", "o.tif", "--large", "--format", "tiff"], "--format is not for pictures that are done by rows"),
    ],
)
def test_contradictions_are_refused(cli, pictures, tmp_path, monkeypatch, options, reason):
    monkeypatch.chdir(tmp_path)
    code, _, err = cli("enhance", pictures / "a.png", *options, "--op", "gamma")
    assert code == 2
    assert reason in err
    assert not names(tmp_path / "out") if (tmp_path / "out").exists() else True


def test_of_two_inputs_with_one_output_the_first_is_done_and_the_other_named(cli, pictures, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    dp.write(other / "a.png", 255 - dp.read(pictures / "a.png").pixels)
    alone = tmp_path / "alone.png"
    assert cli("enhance", pictures / "a.png", "-o", alone, "--op", "gamma", "gamma=0.5")[0] == 0
    for words in ([], ["--skip-existing"], ["--overwrite"]):
        code, _, err = cli("enhance", pictures, other, "-o", tmp_path / "out", "--op", "gamma", "gamma=0.5", *words)
        assert code == 1
        assert f"{other / 'a.png'}: {pictures / 'a.png'} goes to {tmp_path / 'out' / 'a.png'} as well" in err
        assert "3 of 4 pictures done, 1 failed" in err
        assert (tmp_path / "out" / "a.png").read_bytes() == alone.read_bytes()
        assert (tmp_path / "out" / "sub" / "c.png").exists()


def test_two_inputs_of_one_name_are_not_written_over_each_other(cli, pictures, tmp_path):
    dp.write(pictures / "a.jpg", np.zeros((8, 8, 3), np.uint8))
    for words in (["--dry-run"], []):
        code, _, err = cli("enhance", pictures, "-o", tmp_path / "out", "--format", "png", *words)
        assert code == 1
        assert f"a.png: {pictures / 'a.jpg'} goes to" in err
    assert dp.read(tmp_path / "out" / "a.png").pixels.shape == (8, 8, 3)  # the first by its name


def test_a_dry_run_writes_nothing_and_says_everything(cli, pictures, tmp_path):
    (pictures / "broken.png").write_bytes(b"no picture")
    (pictures / "clip.mp4").write_bytes(b"x")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.jxl").write_bytes(b"old")
    arguments = ("enhance", pictures, "-o", tmp_path / "out", "--format", "jxl", "--dry-run")
    code, out, err = cli(*arguments)
    assert code == 1
    assert f"{pictures / 'b.jpg'} would become {tmp_path / 'out' / 'b.jxl'}" in err
    assert "a.jxl: exists already" in err
    assert "broken.png: is not a picture" in err
    assert "clip.mp4" in err
    assert out == ""
    assert names(tmp_path / "out") == ["a.jxl"]
    code, out, _ = cli(*arguments, "--skip-existing", "--json")
    statuses = {one["input"].rpartition("/")[2]: one["status"] for one in json.loads(out)}
    assert statuses == {
        "a.png": "skipped", "b.jpg": "planned", "broken.png": "failed", "c.png": "planned", "clip.mp4": "failed"
    }  # fmt: skip


def test_quiet_says_only_what_fails(cli, pictures, tmp_path):
    code, out, err = cli("enhance", pictures, "-o", tmp_path / "out", "--op", "gamma", "-q")
    assert (code, out, err) == (0, "", "")
    (pictures / "broken.png").write_bytes(b"no picture")
    code, out, err = cli("enhance", pictures, "-o", tmp_path / "out", "--op", "gamma", "-q", "--skip-existing")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "broken.png" in err


def test_a_dry_run_knows_what_a_format_cannot_hold(cli, tmp_path):
    from diptych.photo import Frames, write_frames

    stills = tuple(dp.Photo(np.full((8, 9, 3), value, np.uint8)) for value in (9, 99))
    write_frames(tmp_path / "two.gif", Frames(stills, (40, 80)))
    write_frames(tmp_path / "pages.tif", Frames(stills))
    dp.write(tmp_path / "one.gif", stills[0])
    for words in (["--dry-run"], []):
        code, _, err = cli("enhance", tmp_path, "-o", tmp_path / "out", "--format", "jpeg", "--op", "gamma", *words)
        assert code == 1
        assert "two.jpg: JPEG holds one picture, not 2" in err
        assert "pages.jpg: JPEG holds one picture, not 2" in err
        assert "1 of 3 pictures" in err
    code, _, err = cli(
        "enhance", tmp_path / "two.gif", tmp_path / "one.gif", "-o", tmp_path / "p", "--format", "tiff", "--dry-run"
    )
    assert code == 1
    assert "TIFF cannot hold the times of an animation" in err


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_an_animation_is_enhanced_by_one_plan(cli, tmp_path, suffix):
    from diptych.photo import Frames, read_frames, write_frames

    still = np.random.default_rng(0).integers(0, 40, (24, 32, 3), np.uint8)
    photos = tuple(dp.Photo(still // k) for k in (1, 2, 1))
    write_frames(tmp_path / f"a{suffix}", Frames(photos, (40, 80, 120)), quality=100)
    code, out, err = cli("enhance", tmp_path / f"a{suffix}", "--json")
    assert code == 0, err
    done = read_frames(tmp_path / f"a.enhanced{suffix}")
    assert done.durations == (40, 80, 120)
    np.testing.assert_array_equal(done.photos[0].pixels, done.photos[2].pixels)
    assert done.photos[0].pixels.mean() > 1.5 * still.mean()
    assert json.loads(out)[0]["plan"]


def test_pages_are_enhanced_each_by_its_own_plan(cli, tmp_path):
    from diptych.photo import Frames, read_frames, write_frames

    still = np.random.default_rng(0).integers(0, 9000, (24, 32), np.uint16)
    photos = (dp.Photo(still), dp.Photo(still[:12] * 4))
    write_frames(tmp_path / "a.tif", Frames(photos))
    code, _, err = cli("enhance", tmp_path / "a.tif", "-o", tmp_path / "b.tif")
    assert code == 0, err
    pages = read_frames(tmp_path / "b.tif").photos
    for page, photo in zip(pages, photos, strict=True):
        np.testing.assert_array_equal(page.pixels, dp.enhance(photo).pixels)
    code, _, err = cli("enhance", tmp_path / "a.tif", "--format", "jpeg")
    assert code == 1
    assert "JPEG holds one picture, not 2; write a TIFF" in err


def test_what_the_format_cannot_hold_is_said(cli, tmp_path):
    photo = dp.Photo(np.zeros((9, 9, 3), np.uint8), xmp=b"<x/>", iptc=b"\x1c\2\5\0\3abc")
    dp.write(tmp_path / "a.jpg", photo)
    _, _, err = cli("enhance", tmp_path / "a.jpg", "-o", tmp_path / "a.bmp", "--op", "gamma")
    assert "its XMP and IPTC are left out, which BMP cannot hold" in err
    _, _, err = cli("enhance", tmp_path / "a.jpg", "-o", tmp_path / "a.gif", "--op", "gamma")
    assert "its colours were reduced to 256" in err


def test_a_file_without_a_usual_ending_is_named_by_its_content(cli, pictures, tmp_path):
    for name in ("IM0001", "1.2.840.7"):
        (tmp_path / name).write_bytes((pictures / "a.png").read_bytes())
        assert cli("enhance", tmp_path / name, "--op", "gamma")[0] == 0
        assert dp.read(tmp_path / f"{name}.enhanced.png").format == "png"
    (tmp_path / "notes.doc").write_bytes(b"no picture")
    code, _, err = cli("enhance", tmp_path / "notes.doc", "--op", "gamma")
    assert code == 1
    assert "notes.doc: is not a picture" in err
