"""``score``, ``compare``, ``fit-niqe`` and ``list metrics``, as they are called."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import diptych as dp
from diptych.runtime import default_model
from evaluation_helpers import scene


@pytest.fixture
def pairs(tmp_path):
    """Return a folder of seven dark pictures and one of good ones, the last pair of each broken up."""
    for name in ("low", "high"):
        (tmp_path / name).mkdir()
    for seed in range(7):
        good = scene(seed, (100, 112, 3))
        dp.write(tmp_path / "high" / f"{seed}.png", good)
        dp.write(tmp_path / "low" / f"{seed}.jpg", good // 4)
    (tmp_path / "low" / "6.jpg").unlink()
    return tmp_path / "low", tmp_path / "high"


def test_score_as_json(cli, pairs):
    low, high = pairs
    code, out, err = cli("score", low, "--reference", high, "--metrics", "psnr,ssim", "--json")
    assert code == 0
    assert "left out: 6: not among the outputs of low" in err
    facts = json.loads(out)
    scores = facts["candidates"][0]["scores"]
    from diptych import metrics

    values = [metrics.psnr(dp.read(low / f"{n}.jpg").pixels, dp.read(high / f"{n}.png").pixels) for n in range(6)]
    assert scores["psnr"]["mean"] == pytest.approx(np.mean(values))
    assert scores["psnr"]["count"] == 6
    assert scores["psnr_mean_matched"]["mean"] > scores["psnr"]["mean"] + 3
    assert [one["image"] for one in facts["unpaired"]] == ["6"]
    assert facts["provenance"]["command"].startswith("diptych score ")
    assert "--metrics psnr,ssim" in facts["provenance"]["command"]


def test_score_as_a_table_and_as_markdown(cli, pairs):
    low, high = pairs
    code, out, _ = cli("score", low, "--reference", high, "--metrics", "psnr")
    assert code == 0
    assert re.search(r"psnr dB ↑ +low +\d+\.\d\d +\[.*\] +6", out)
    code, out, _ = cli("score", low, "--reference", high, "--metrics", "psnr", "--markdown")
    assert code == 0
    assert out.startswith("# Scores\n\n|  | images | psnr dB ↑ |")


def test_score_one_picture_without_reference(cli, pairs):
    code, out, _ = cli("score", pairs[1] / "0.png", "--metrics", "noise", "--json")
    assert code == 0
    facts = json.loads(out)
    assert facts["candidates"][0]["scores"]["noise"]["low"] is None
    assert facts["images"][0]["image"] == "0"


def test_score_one_picture_with_a_reference_of_another_name(cli, pairs):
    code, out, _ = cli("score", pairs[0] / "0.jpg", "--reference", pairs[1] / "1.png", "--metrics", "psnr", "--json")
    assert code == 0
    assert json.loads(out)["candidates"][0]["scores"]["psnr"]["count"] == 1


def test_the_page(cli, pairs, tmp_path):
    low, high = pairs
    page = tmp_path / "page.html"
    arguments = ("score", low, "--reference", high, "--metrics", "psnr", "--html", page)
    assert cli(*arguments)[0] == 0
    text = page.read_text()
    assert text.count("<article") == 6
    assert "diptych score" in text
    code, _, err = cli(*arguments)
    assert (code, "exists already" in err) == (2, True)
    assert cli(*arguments, "--overwrite")[0] == 0


def test_unreadable_and_small_pictures_are_named_and_the_exit_code_is_1(cli, pairs):
    low, high = pairs
    (low / "0.jpg").write_bytes(b"broken")
    for folder, suffix in ((low, "jpg"), (high, "png")):
        dp.write(folder / f"1.{suffix}", np.full((5, 5, 3), len(folder.name), np.uint8), overwrite=True)
    code, out, err = cli("score", low, "--reference", high, "--metrics", "psnr,ssim", "--json")
    assert code == 1
    assert re.search(r"failed: 0, low: .*0\.jpg", err)
    assert "failed: 1, low, ssim: " in err
    scores = json.loads(out)["candidates"][0]["scores"]
    assert (scores["psnr"]["count"], scores["ssim"]["count"]) == (5, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--metrics", "psmr"), "did you mean 'psnr'"),
        (("--metrics", "psnr"), "psnr compares with a reference"),
        (("--metrics", ","), "metrics: is empty"),
        (("--reference", "nowhere"), "references: nowhere: no such file or folder"),
        (("--json", "--markdown"), "exclude each other"),
        (("--html", "no/such/folder/page.html"), "does not exist"),
        (("--niqe-model", "nowhere.npz"), "is no NIQE model"),
    ],
)
def test_wrong_calls_touch_nothing(cli, pairs, arguments, message):
    code, out, err = cli("score", pairs[0], *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_no_pair_at_all(cli, pairs, tmp_path):
    (tmp_path / "other").mkdir()
    dp.write(tmp_path / "other" / "zebra.png", scene())
    code, _, err = cli("score", pairs[0], "--reference", tmp_path / "other", "--metrics", "psnr")
    assert code == 2
    assert "no image has all its partners" in err
    assert cli("score", tmp_path / "missing", "--metrics", "noise")[0] == 2


def test_compare(cli, pairs, tmp_path):
    low, high = pairs
    dp.Recipe(dp.step("develop", exposure=4.4), name="x").save(tmp_path / "four.toml")
    page = tmp_path / "page.html"
    code, out, _ = cli(
        "compare", low, "--reference", high, "--with", "input", "--with", tmp_path / "four.toml", "--with", "auto",
        "--metrics", "psnr", "--html", page, "--json",
    )  # fmt: skip
    assert code == 0
    facts = json.loads(out)
    assert [one["name"] for one in facts["candidates"]] == ["input", "four", "auto"]
    assert facts["candidates"][1]["seconds_per_megapixel"] > 0
    verdicts = {(one["key"], one["first"], one["second"]): one for one in facts["verdicts"]}
    assert verdicts["psnr", "input", "four"]["better"] == "four"
    assert verdicts["psnr", "input", "four"]["text"].startswith("four is better than input by ")
    assert page.read_text().count("hallucinated by four") >= 6


def test_compare_with_models(cli, pairs, tmp_path):
    low, high = pairs
    model = tmp_path / "mine.onnx"
    model.write_bytes(Path(default_model()).read_bytes())
    arguments = ("compare", low, "--reference", high, "--metrics", "psnr", "--json")
    code, out, _ = cli(*arguments, "--with", "low_light", "--with", model)
    assert code == 0
    assert {entry["name"] for entry in json.loads(out)["candidates"]} == {"low_light", "mine"}
    (tmp_path / "bad.onnx").write_bytes(b"no")
    code, _, err = cli(*arguments, "--with", tmp_path / "bad.onnx")
    assert code == 2
    assert err.splitlines()[-1].startswith("diptych: ")


def test_compare_with_ready_outputs_and_by_default(cli, pairs, tmp_path):
    low, high = pairs
    (tmp_path / "peer").mkdir()
    for seed in range(6):
        dp.write(tmp_path / "peer" / f"{seed}.png", scene(seed, (100, 112, 3)))
    code, out, _ = cli("compare", low, "--with", tmp_path / "peer", "--reference", high, "--metrics", "psnr", "--json")
    assert code == 0
    assert json.loads(out)["candidates"][0]["scores"]["psnr"]["mean"] == "inf"
    code, out, _ = cli("compare", low, "--metrics", "noise")
    assert code == 0
    assert re.search(r"noise ↓ +input .* 6 *\n +auto .* 6 ", out)
    assert cli("compare", low, "--with", "autto", "--metrics", "noise")[0] == 2


def test_compare_with_a_run_says_how_to_export_it(cli, pairs, tmp_path):
    (tmp_path / "best.safetensors").write_bytes(b"")
    code, _, err = cli("compare", pairs[0], "--with", tmp_path, "--metrics", "noise")
    assert code == 2
    assert f"diptych export {tmp_path} -o MODEL.onnx" in err.replace("\n", " ")
    generator = tmp_path / "best.safetensors"
    code, _, err = cli("compare", pairs[0], "--with", generator, "--metrics", "noise")
    assert code == 2
    assert f"diptych export {generator} -o MODEL.onnx" in err.replace("\n", " ")


def test_fit_niqe_and_use_it(cli, pairs, tmp_path):
    good = tmp_path / "good"
    good.mkdir()
    for seed in range(10):
        dp.write(good / f"{seed}.png", scene(seed, (200, 300, 3)))
    dp.write(good / "small.png", scene(0, (20, 20, 3)))
    model = tmp_path / "mine.npz"
    code, _, err = cli("fit-niqe", good, "-o", model)
    assert code == 1
    assert "small.png: 20 x 20 pixels" in err
    assert "from 10 of 11 photographs" in err
    assert cli("fit-niqe", good, "-o", model)[0] == 2
    (good / "small.png").unlink()
    assert cli("fit-niqe", good, "-o", model, "--overwrite", "--name", "my photos")[0] == 0
    code, out, _ = cli("score", pairs[1], "--metrics", "niqe", "--niqe-model", model, "--json")
    assert code == 0
    facts = json.loads(out)
    assert facts["provenance"]["niqe_model"].startswith("my photos (")
    assert facts["candidates"][0]["scores"]["niqe"]["mean"] > 0
    assert cli("fit-niqe", tmp_path / "nowhere", "-o", tmp_path / "x.npz")[0] == 2


def test_list_metrics(cli):
    code, out, _ = cli("list", "metrics")
    assert code == 0
    assert {"psnr", "ssim", "niqe"} <= {line.split()[0] for line in out.splitlines()}
    rows = {row["name"]: row for row in json.loads(cli("list", "metrics", "--json")[1])}
    assert (rows["psnr"]["unit"], rows["psnr"]["direction"], rows["niqe"]["needs_reference"]) == ("dB", "higher", False)
