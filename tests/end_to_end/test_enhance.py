"""``diptych enhance``, from the command line to the files."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

import diptych as dp


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_one_picture_beside_its_input(cli, pictures):
    code, out, err = cli("enhance", pictures / "a.png")
    assert code == 0, err
    result = dp.read(pictures / "a.enhanced.png").pixels
    assert np.array_equal(result, dp.enhance(dp.read(pictures / "a.png").pixels))
    assert result.mean() > 2 * dp.read(pictures / "a.png").pixels.mean()
    assert "a.enhanced.png" in err
    assert out == ""


def test_a_folder_keeps_its_structure_and_depths(cli, pictures, tmp_path):
    code, _, err = cli("enhance", pictures, "-o", tmp_path / "out")
    assert code == 0, err
    assert names(tmp_path / "out") == ["a.png", "b.jpg", "sub/c.png"]
    deep = dp.read(tmp_path / "out" / "sub" / "c.png").pixels
    assert deep.dtype == np.uint16
    assert len(np.unique(deep)) > 256
    assert "3 of 3 pictures done" in err


def test_globs_are_expanded(cli, pictures, tmp_path):
    assert cli("enhance", pictures / "*.png", "-o", tmp_path / "out")[0] == 0
    assert names(tmp_path / "out") == ["a.png"]


def test_json(cli, pictures, tmp_path):
    code, out, _ = cli("enhance", pictures, tmp_path / "none.png", "-o", tmp_path / "out", "--json")
    results = json.loads(out)
    assert code == 1
    assert [one["status"] for one in results] == ["done", "done", "done", "failed"]
    assert "none.png" in results[3]["reason"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_number_of_jobs_changes_no_byte(cli, pictures, tmp_path, jobs):
    assert cli("enhance", pictures, "-o", tmp_path / "out", "--jobs", jobs)[0] == 0
    assert cli("enhance", pictures, "-o", tmp_path / "again")[0] == 0
    for name in names(tmp_path / "out"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_nothing_is_overwritten_unasked(cli, pictures, tmp_path):
    target = tmp_path / "old.png"
    target.write_bytes(b"precious")
    code, _, err = cli("enhance", pictures / "a.png", "-o", target)
    assert code == 1
    assert "--overwrite" in err
    assert target.read_bytes() == b"precious"
    assert cli("enhance", pictures / "a.png", "-o", target, "--skip-existing")[0] == 0
    assert target.read_bytes() == b"precious"
    assert cli("enhance", pictures / "a.png", "-o", target, "--overwrite")[0] == 0
    assert dp.read(target).pixels.shape == (48, 64, 3)


def test_what_an_operator_refuses_names_the_file(cli, pictures):
    code, _, err = cli("enhance", pictures / "a.png", "--op", "match_histogram")
    assert code == 1
    assert f"failed: {pictures / 'a.png'}: match_histogram: give either" in err


def test_a_depth_that_the_format_cannot_hold_is_said(cli, pictures, tmp_path):
    deep = pictures / "sub" / "c.png"
    code, _, err = cli("enhance", deep, "-o", tmp_path / "o.jpg", "--op", "gamma")
    assert code == 0
    assert f"note: {deep}: uint16 was reduced to uint8, the most that JPEG holds" in err
    assert "note:" not in cli("enhance", deep, "-o", tmp_path / "o.tif", "--op", "gamma")[2]


def test_one_output_for_several_inputs_names_them(cli, pictures, tmp_path):
    code, _, err = cli("enhance", pictures / "a.png", "-o", tmp_path / "o.png", "--op", "median", "size")
    assert code == 2
    assert "a.png, size); give a folder" in err


def test_operators_in_a_chain(cli, pictures, tmp_path):
    out = tmp_path / "o.png"
    code, _, err = cli(
        "enhance", pictures / "a.png", "-o", out, "--op", "stretch", "low=2", "--op", "gamma", "gamma=0.5"
    )
    assert code == 0, err
    recipe = dp.Recipe(dp.step("stretch", low=2), dp.step("gamma", gamma=0.5))
    assert np.array_equal(dp.read(out).pixels, recipe(dp.read(pictures / "a.png").pixels))


def test_an_operator_with_a_reference_picture(cli, pictures, tmp_path):
    reference = pictures / "b.jpg"
    code, _, err = cli(
        "enhance", pictures / "a.png", "-o", tmp_path / "o.png", "--op", "match_histogram", f"reference={reference}"
    )
    assert code == 0, err
    assert abs(dp.read(tmp_path / "o.png").pixels.mean() - dp.read(reference).pixels.mean()) < 2


def test_a_recipe_from_a_file(cli, pictures, tmp_path):
    recipe = dp.Recipe(dp.step("median", size=3), name="calm")
    recipe.save(tmp_path / "calm.toml")
    code, _, err = cli("enhance", pictures / "a.png", "-o", tmp_path / "o.png", "--recipe", tmp_path / "calm.toml")
    assert code == 0, err
    assert np.array_equal(dp.read(tmp_path / "o.png").pixels, recipe(dp.read(pictures / "a.png").pixels))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--op", "gama"], "did you mean 'gamma'"),
        (["--op", "gamma", "gama=1"], "did you mean 'gamma'"),
        (["--op", "gamma", "gamma=99"], "0.05 to 20"),
        (["--op", "gamma", "gamma=x"], "0.05 to 20"),
        (["--op", "match_histogram", "reference=/no/such.png"], "no/such.png"),
        (["--recipe", "no-such.toml"], "no-such.toml"),
        (["--recipe", "atuo"], "did you mean 'auto'"),
        (["--model", "evening.so"], "evening.so: a compiled library"),
        (["--model", "none", "--op", "median"], "exclude each other"),
        (["--overwrite", "--skip-existing"], "exclude each other"),
        (["--jobs", "-1"], "jobs"),
        (["--qualty", "3"], "no such option"),
        (["--max-pixels", "0"], "max-pixels"),
        (["--manifest", "m.jsonl"], "--manifest is for --cluster"),
        (["--retries", "1"], "--retries is for --cluster"),
        (["--memory", "much"], "--memory: 'much' is not a size"),
        (["--model", "RUN"], "diptych export RUN -o MODEL.onnx"),
    ],
)
def test_a_wrong_call_touches_nothing(cli, pictures, tmp_path, monkeypatch, arguments, reason):
    (tmp_path / "RUN").mkdir()
    monkeypatch.chdir(tmp_path)
    before = names(tmp_path)
    code, out, err = cli("enhance", pictures, "-o", tmp_path / "out", *arguments)
    assert code == 2
    assert reason in err
    assert out == ""
    assert names(tmp_path) == before
    assert not (tmp_path / "out").exists()


def test_wrong_outputs_are_refused_before_the_work(cli, pictures, tmp_path):
    code, _, err = cli("enhance", pictures, "-o", tmp_path / "one.png")
    assert (code, "give a folder" in err) == (2, True)
    code, _, err = cli("enhance", pictures / "a.png", "-o", pictures / "a.png", "--overwrite")
    assert (code, "is an input as well" in err) == (2, True)
    (tmp_path / "empty").mkdir()
    code, _, err = cli("enhance", tmp_path / "empty", "-o", tmp_path / "out")
    assert (code, "no pictures in" in err) == (2, True)
    assert not (tmp_path / "out").exists()


def test_bad_pictures_are_named_and_the_others_done(cli, pictures, tmp_path):
    (pictures / "empty.png").touch()
    (pictures / "text.jpg").write_text("this is not a picture")
    (pictures / "cut.jpg").write_bytes((pictures / "b.jpg").read_bytes()[:400])
    (pictures / "gone.png").symlink_to(tmp_path / "nowhere")
    (pictures / "folder.png").mkdir()
    code, _, err = cli("enhance", pictures, "-o", tmp_path / "out")
    assert code == 1
    assert names(tmp_path / "out") == ["a.png", "b.jpg", "sub/c.png"]
    failures = [line for line in err.splitlines() if line.startswith("failed: ")]
    assert len(failures) == 4
    for name in ("empty.png", "text.jpg", "cut.jpg", "gone.png"):
        assert sum(name in line for line in failures) == 1
    assert "3 of 7 pictures done, 4 failed" in err


def test_the_limit_on_pixels(cli, pictures, tmp_path):
    code, _, err = cli("enhance", pictures / "a.png", "-o", tmp_path / "o.png", "--max-pixels", 100)
    assert code == 1
    assert "--max-pixels" in err


def test_an_output_folder_that_cannot_be_made(cli, pictures, tmp_path):
    (tmp_path / "file").write_text("in the way")
    code, _, err = cli("enhance", pictures / "a.png", "-o", tmp_path / "file")
    assert code == 1
    assert "file" in err
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.skipif(os.name == "nt", reason="POSIX file modes")
def test_outputs_have_ordinary_permissions(cli, pictures, tmp_path):
    cli("enhance", pictures / "a.png", "-o", tmp_path / "o.png")
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "o.png").stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_phone_picture_comes_out_upright_with_its_metadata(cli, tmp_path, dark_picture):
    from PIL import Image, ImageCms

    picture = Image.fromarray(dark_picture())
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    exif[0x010F] = "A camera maker"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture.save(tmp_path / "phone.jpg", exif=exif, icc_profile=profile, dpi=(300, 300), quality=95)
    assert cli("enhance", tmp_path / "phone.jpg", "-o", tmp_path / "o.jpg")[0] == 0
    with Image.open(tmp_path / "o.jpg") as result:
        assert result.size == (48, 64)
        assert result.getexif()[0x0112] == 1
        assert result.getexif()[0x010F] == "A camera maker"
        assert result.info["icc_profile"] == profile
        assert result.info["dpi"] == (300, 300)
        left = np.asarray(result.convert("RGB"), float)
    with Image.open(tmp_path / "phone.jpg") as before:
        turned = np.rot90(np.asarray(before.convert("RGB"), float), -1)
    assert np.corrcoef(left.ravel(), turned.ravel())[0, 1] > 0.9


def test_a_second_run_in_place_leaves_the_first_ones_outputs_out(cli, pictures):
    assert cli("enhance", pictures)[0] == 0
    before = names(pictures)
    code, _, err = cli("enhance", pictures, "--skip-existing")
    assert code == 0, err
    assert names(pictures) == before
    assert cli("enhance", pictures, "--overwrite")[0] == 0


def test_an_output_that_cannot_be_written_is_refused(cli, pictures, tmp_path):
    code, _, err = cli("enhance", pictures / "a.png", "-o", tmp_path / "x.psd")
    assert (code, "'.psd' cannot be written" in err) == (2, True)
    assert cli("enhance", pictures / "a.png", "-o", f"{tmp_path}/v1.2/")[0] == 0
    assert names(tmp_path / "v1.2") == ["a.png"]


def test_operators_however_they_are_typed(cli, pictures, tmp_path):
    assert cli("enhance", pictures / "a.png", "-o", tmp_path / "1.png", "--op=median", "size=3")[0] == 0
    code, _, err = cli("enhance", pictures / "a.png", "-o", tmp_path / "2.png", "--op", "median", "SIZE=3")
    assert (code, "did you mean 'size'" in err) == (2, True)
    code, _, err = cli("enhance", pictures / "a.png", "-o", tmp_path / "2.png", "--op", "median", "size=4")
    assert (code, "size = '4' is not allowed" in err) == (2, True)
    matrix = "matrix=((1,0,2),(0,1,0))"
    assert cli("enhance", pictures / "a.png", "-o", tmp_path / "3.png", "--op", "affine", matrix)[0] == 0
    assert cli("enhance", pictures / "a.png", "-o", tmp_path / "4.png", "--op", "guided", "guide=none")[0] == 0


SAME = ("--op", "gamma", "gamma=1")


def test_an_output_folder_inside_the_input_is_never_an_input(cli, pictures):
    for arguments in ((), ("--skip-existing",), ("--overwrite",)):
        code, _, err = cli("enhance", pictures, "-o", pictures / "out", *arguments, *SAME)
        assert code == 0, err
        assert names(pictures / "out") == ["a.png", "b.jpg", "sub/c.png"]
    (pictures / "a.png").rename(pictures / "renamed.png")
    assert cli("enhance", pictures, "-o", pictures / "out", "--skip-existing", *SAME)[0] == 0
    assert names(pictures / "out") == ["a.png", "b.jpg", "renamed.png", "sub/c.png"]


def test_outputs_beside_their_inputs_are_never_inputs(cli, pictures):
    assert cli("enhance", pictures, *SAME)[0] == 0
    (pictures / "a.png").rename(pictures / "renamed.png")
    assert cli("enhance", pictures, "--skip-existing", *SAME)[0] == 0
    assert sorted(path.name for path in pictures.glob("*.enhanced.*")) == [
        "a.enhanced.png",
        "b.enhanced.jpg",
        "renamed.enhanced.png",
    ]
    assert cli("enhance", pictures, "-o", pictures / "out", *SAME)[0] == 0
    assert not any("enhanced" in name for name in names(pictures / "out"))


def test_pictures_that_cannot_be_read_are_named(cli, pictures, tmp_path):
    for name in ("phone.PSD", "clip.mov", "notes.txt", "sub/more.txt"):
        (pictures / name).touch()
    code, _, err = cli("enhance", pictures, "-o", tmp_path / "out", *SAME)
    assert code == 1
    assert "phone.PSD: PSD files cannot be read; convert it to" in err
    assert "clip.mov: videos are enhanced one by one" in err
    assert "2 other files left out" in err
    assert "3 of 5 pictures done, 2 failed" in err
    code, out, _ = cli("enhance", pictures, "-o", tmp_path / "again", "--json", *SAME)
    assert code == 1
    assert [one["status"] for one in json.loads(out)].count("failed") == 2


def test_what_the_reader_tolerates_is_told(cli, tmp_path, dark_picture):
    dp.write(tmp_path / "a.png", dark_picture())
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:-12])
    code, _, err = cli("enhance", tmp_path / "a.png", *SAME)
    assert code == 0
    assert "a.png: has no end chunk; its pixels are complete" in err


@pytest.mark.parametrize("purpose", ["underwater", "haze", "xray", "scan", "document"])
def test_for_a_kind_of_picture(cli, pictures, tmp_path, purpose):
    picture = pictures / "a.png"
    code, _, err = cli("enhance", picture, "-o", tmp_path / "out.png", "--for", purpose)
    assert code == 0, err
    made = dp.read(tmp_path / "out.png").pixels
    assert np.array_equal(made, dp.enhance(dp.read(picture).pixels, purpose))
    assert f"\n{purpose} " in "\n" + cli("list", "recipes")[1]
    assert cli("show", purpose)[0] == 0


def test_for_low_light_is_the_default(cli, pictures, tmp_path):
    for name, options in (("a", ["--for", "low-light"]), ("b", [])):
        assert cli("enhance", pictures / "a.png", "-o", tmp_path / f"{name}.png", *options)[0] == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_for_and_another_way_exclude_each_other(cli, pictures):
    for option in (["--recipe", "auto"], ["--model", "none"], ["--op", "gamma"]):
        code, _, err = cli("enhance", pictures / "a.png", "--for", "low-light", *option)
        assert (code, f"--for and {option[0]} exclude each other" in err) == (2, True)
    assert cli("enhance", pictures / "a.png", "--for", "fish")[0] == 2
