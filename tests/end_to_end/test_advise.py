"""``diptych advise``, as it is called."""

from __future__ import annotations

import json
import shutil

import pytest
from onnx import TensorProto, helper

from diptych import runtime
from diptych.advice import advisor
from diptych.advice.candidates import of_recipe
from diptych.core.errors import UnknownNameError
from diptych.recipes import Recipe, step
from diptych.runtime import BundleMetadata, save_bundle
from training_helpers import write_folders


@pytest.fixture(autouse=True)
def _no_default(monkeypatch):
    def find():
        raise UnknownNameError("none")

    monkeypatch.setattr(runtime, "default_model", find)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return a dark and noisy folder, and a clean one."""
    return write_folders(tmp_path_factory.mktemp("toy"), count=12)


def test_advise_writes_a_recipe_that_enhance_takes(cli, folders, tmp_path):
    recipe, facts = tmp_path / "recipe.toml", tmp_path / "advice.json"
    code, out, err = cli("advise", *folders, "-o", recipe, "--json", facts)
    assert code == 0
    assert "Recommended: 'denoise" in out
    assert f"--recipe {recipe}" in out
    assert "tuning: stretch, gamma\n" in err
    assert f"wrote {recipe}\nwrote {facts}\n" in err
    assert Recipe.load(recipe).steps[0].operator == "denoise_photo"
    assert json.loads(facts.read_text())["evaluated_on"] == 6
    code, _, _ = cli("enhance", folders[0], "-o", tmp_path / "out", "--recipe", recipe)
    assert code == 0
    assert len(list((tmp_path / "out").iterdir())) == 12
    code, _, err = cli("advise", *folders, "-o", recipe)
    assert code == 2
    assert "--overwrite" in err


def test_a_model_is_tried_and_nothing_is_written_for_what_is_no_recipe(cli, folders, tmp_path, monkeypatch):
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, "h", "w"]) for name in ("image", "enhanced")
    ]
    graph = helper.make_graph([helper.make_node("Sqrt", ["image"], ["enhanced"])], "lighter", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    facts = BundleMetadata(name="lighter", channels_in=3, channels_out=3, multiple=1, receptive_field_radius=0)
    save_bundle(tmp_path / "lighter.onnx", model.SerializeToString(), facts)
    monkeypatch.setattr(advisor, "tuned", lambda split, tell: [of_recipe("untouched", Recipe())])
    monkeypatch.setattr(advisor, "automatic", lambda split: of_recipe("also untouched", Recipe()))
    code, out, err = cli("advise", *folders, "-o", tmp_path / "r.toml", "--model", tmp_path / "lighter.onnx")
    assert code == 0
    assert "Recommended: 'lighter.onnx'." in out
    assert f"-o enhanced/ --model {tmp_path / 'lighter.onnx'}" in out
    assert "r.toml is not written: 'lighter.onnx' is no recipe" in err
    assert not (tmp_path / "r.toml").exists()


def test_an_unreadable_file_is_named_with_exit_code_1_and_the_advice_is_given(cli, folders, tmp_path, monkeypatch):
    stretch = of_recipe("stretch", Recipe(step("stretch")))
    monkeypatch.setattr(advisor, "tuned", lambda split, tell: [of_recipe("untouched", Recipe()), stretch])
    monkeypatch.setattr(advisor, "automatic", lambda split: stretch)
    a = shutil.copytree(folders[0], tmp_path / "A")
    (a / "003.png").write_bytes(b"\x89PNG")
    code, out, err = cli("advise", a, folders[1], "-o", tmp_path / "r.toml")
    assert code == 1
    assert f"failed: {a / '003.png'}" in err
    assert "Recommended: " in out
    assert (tmp_path / "r.toml").exists()


def test_wrong_calls_are_exit_code_2_in_one_line_and_write_nothing(cli, folders, tmp_path):
    a, b = folders
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.onnx").write_bytes(b"no")
    for arguments in (
        (a, a),
        (a, tmp_path / "no"),
        (tmp_path / "empty", b),
        (a, b, "-o", tmp_path / "r.txt"),
        (a, b, "-o", tmp_path / "no" / "r.toml"),
        (a, b, "--reference", tmp_path / "no"),
        (a, b, "--model", tmp_path / "bad.onnx"),
        (a, b, "--set", "steps=5"),
        (a, b, "--train", tmp_path),
        (a, b, "--preset", "planner"),
        (a, b, "--train", tmp_path / "run", "--preset", "denoiser"),
    ):
        code, out, err = cli("advise", *arguments, "--json", tmp_path / "facts.json")
        assert (code, out) == (2, ""), arguments
        assert err.splitlines()[-1].startswith("diptych: ")
        assert err.replace("reading pictures\n", "").count("\n") == 1
    assert not (tmp_path / "facts.json").exists()
