"""The answer of the service is the file that the command line writes, whatever the picture and the way it is asked for."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

import diptych as dp
from diptych.cli.app import main
from diptych.core.wishes import WISHES
from diptych.photo import decode, encode
from diptych.recipes import catalogue
from web_helpers import dark_scene, picture

EXIF = b"II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x04\0\0\0Dip\0\0\0\0\0"
STEPS = [{"operator": "gamma", "gamma": 0.5}, {"operator": "unsharp_mask", "amount": 1.5, "sigma": 2}]
WAYS = {
    "default": ({}, []),
    "fast": ({"model": "default", "profile": "fast"}, ["--profile", "fast"]),
    "in the package": ({"model": "low_light"}, ["--model", "low_light"]),
    "recipe": ({"recipe": "auto"}, ["--recipe", "auto"]),
    "steps": (
        {"steps": json.dumps(STEPS)},
        ["--op", "gamma", "gamma=0.5", "--op", "unsharp_mask", "amount=1.5", "sigma=2"],
    ),
}
FILES = {
    "a.jpg": lambda: dp.Photo(dark_scene(), exif=EXIF, dpi=(300, 300)),
    "a.png": lambda: dp.Photo(
        dark_scene(dtype=np.uint16), alpha=np.full((48, 64), 40000, np.uint16), text={"Title": "a"}
    ),
    "a.tif": lambda: dp.Photo(dark_scene(dtype=np.float32), dpi=(72, 72)),
    "a.webp": lambda: dp.Photo(dark_scene()),
    "a.bmp": lambda: dp.Photo(dark_scene()),
    "grey.png": lambda: dp.Photo(dark_scene()[:, :, 0]),
    "five.tif": lambda: dp.Photo(np.dstack([dark_scene(), dark_scene()])[:, :, :5].copy()),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FILES)
def test_the_answer_is_the_file_of_the_command_line(client, tmp_path, way, name):
    query, options = WAYS[way]
    if name == "five.tif" and way == "steps":
        query, options = {"steps": '[{"operator": "gamma", "gamma": 0.5}]'}, ["--op", "gamma", "gamma=0.5"]
    if name == "five.tif" and way == "in the package":
        pytest.skip("the model takes three channels")
    source, target = tmp_path / name, tmp_path / f"out.{name}"
    dp.write(source, FILES[name]())
    main_exits(["enhance", str(source), "-o", str(target), *options])
    answer = client.post("/v1/enhance", params=query, content=source.read_bytes(), headers={"Content-Type": "image/x"})
    assert answer.status_code == 200, answer.text
    assert answer.content == target.read_bytes()
    assert answer.headers["content-type"] == f"image/{dp.read(source).format}"


def main_exits(arguments):
    with pytest.raises(SystemExit) as done:
        main(arguments)
    assert done.value.code in (0, None)


def test_a_form_gives_the_same(client):
    data = picture("jpeg")
    raw = client.post("/v1/enhance?recipe=auto", content=data, headers={"Content-Type": "image/jpeg"})
    form = client.post("/v1/enhance?recipe=auto", files={"image": ("../../etc/passwd", data, "image/jpeg")})
    assert raw.content == form.content
    assert form.status_code == 200


def test_another_format_and_quality(client):
    def size(quality):
        answer = client.post(f"/v1/enhance?format=jpeg&quality={quality}&recipe=auto", content=picture())
        assert answer.headers["content-type"] == "image/jpeg"
        return len(answer.content)

    assert size(20) < size(95)


def test_metadata_is_kept(client):
    photo = replace(FILES["a.jpg"](), exif=EXIF)
    answer = client.post("/v1/enhance?recipe=auto", content=encode(photo, "jpeg"))
    made = decode(answer.content)
    assert made.exif is not None
    assert b"Dip" in made.exif
    assert made.dpi == (300, 300)


def test_a_preview_is_small_and_in_its_depth(client):
    answer = client.post("/v1/preview?side=32", content=picture("tiff", height=40, width=100, dtype=np.uint16))
    made = decode(answer.content)
    assert made.pixels.shape == (13, 32, 3)
    assert made.pixels.dtype == np.uint16
    assert answer.headers["x-diptych-size"] == "100x40"
    assert answer.headers["x-diptych-factor"] == "0.32"
    assert answer.headers["x-diptych-depth"] == "16"
    small = client.post("/v1/preview", content=picture("png"))
    assert (decode(small.content).pixels == dark_scene()).all()


def test_a_preview_is_upright(client):
    turned = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    answer = client.post("/v1/preview", content=encode(dp.Photo(dark_scene(40, 100), exif=turned), "jpeg"))
    assert answer.headers["x-diptych-size"] == "40x100"
    assert decode(answer.content).pixels.shape == (100, 40, 3)


def test_five_channels_cannot_be_shown(client):
    answer = client.post("/v1/preview", content=encode(FILES["five.tif"](), "tiff"))
    assert answer.status_code == 422
    assert "can still be enhanced" in answer.json()["detail"]


def test_a_plan_can_be_asked_for_as_steps(client):
    data = picture()
    plan = client.post("/v1/plan", content=data).json()["steps"]
    assert plan
    by_steps = client.post("/v1/enhance", params={"steps": json.dumps(plan)}, content=data)
    by_name = client.post("/v1/enhance", content=data)
    assert by_steps.content == by_name.content


def test_wishes_and_the_plan_of_an_answer(client):
    data = picture()
    photo = decode(data)
    wishes = {"strength": 0.8, "brightness": -0.5, "shadows": 0.5, "warmth": 0.3, "saturation": -0.2, "denoise": 0.5}
    for query in (wishes, {"recipe": "auto"} | wishes, {"profile": "fast", "brightness": 1}, {"strength": 0}, {}):
        answer = client.post("/v1/enhance", params=query, content=data)
        given = {name: value for name, value in query.items() if name in wishes}
        given |= {"denoise": -1} if "profile" in query else {}
        planner = dp.auto if "recipe" in query else None
        assert np.array_equal(decode(answer.content).pixels, dp.enhance(photo, planner, **given).pixels)
        done = [dp.step(one.pop("operator"), **one) for one in json.loads(answer.headers["Diptych-Plan"])]
        assert [one.as_dict() for one in done] == [one.as_dict() for one in dp.plan(photo, planner, **given).steps]
        planned = client.post("/v1/plan", params=query, content=data).json()
        assert planned["recipe"] == query.get("recipe", "default")
        assert [dp.step(one.pop("operator"), **one) for one in planned["steps"]] == done
    form = client.post("/v1/enhance", files={"image": ("a.png", data, "image/png")}, data={"strength": "0"})
    assert np.array_equal(decode(form.content).pixels, photo.pixels)


def test_a_part_of_what_does_not_plan(client):
    data = picture()
    answer = client.post("/v1/enhance", params={"steps": json.dumps(STEPS), "strength": 0}, content=data)
    assert np.array_equal(decode(answer.content).pixels, decode(data).pixels)
    assert "Diptych-Plan" not in answer.headers


def test_the_lists(client):
    models = client.get("/v1/models").json()
    assert [one["name"] for one in models] == ["default", "low_light", "denoise"]
    assert models[0]["default"]
    assert list(models[0]["wishes"]) == ["strength", "brightness", "shadows", "warmth", "saturation", "denoise"]
    assert models[0]["wishes"]["brightness"]["minimum"] == -3
    assert models[1]["wishes"] == models[0]["wishes"]  # a planner, too
    assert models[1]["profiles"] == ["best"]
    recipes = client.get("/v1/recipes").json()
    assert [one["name"] for one in recipes] == list(catalogue.names())
    assert all(one["summary"] for one in recipes)
    schemas = {one["title"]: one for one in client.get("/v1/operators").json()}
    assert set(schemas) == set(dp.operators.names())
    assert "reference" not in schemas["match_histogram"]["properties"]
    assert schemas["crop"]["properties"]["height"]["type"] == ["integer", "null"]


def test_every_operator_runs_with_its_defaults(client):
    data = picture(height=24, width=30)
    for schema in client.get("/v1/operators").json():
        values = {name: one["default"] for name, one in schema["properties"].items() if "default" in one}
        steps = [{"operator": schema["title"], **values}]
        answer = client.post("/v1/enhance", params={"steps": json.dumps(steps)}, content=data)
        expected = {"match_histogram", "register"}  # what they need may be given in two ways, and neither is
        assert (answer.status_code == 200) != (schema["title"] in expected), answer.text


def test_models_and_recipes_of_the_start(tmp_path, make_client):
    from diptych.runtime.default import default_model

    dp.Recipe(dp.step("gamma", gamma=0.5), name="x", summary="Brighter.").save(tmp_path / "r.toml")
    client = make_client(models={"mine": default_model()}, recipes={"bright": tmp_path / "r.toml"})
    (tmp_path / "r.toml").unlink()
    assert [one["name"] for one in client.get("/v1/models").json()] == ["default", "low_light", "denoise", "mine"]
    assert client.get("/v1/recipes").json()[-1] == {
        "name": "bright",
        "summary": "Brighter.",
        "steps": [{"operator": "gamma", "gamma": 0.5}],
        "packaged": False,
        "wishes": None,
    }
    assert client.post("/v1/enhance?recipe=bright", content=picture()).status_code == 200
    assert client.post("/v1/enhance?model=mine", content=picture()).status_code == 200


def test_the_description_of_the_api_is_whole(client):
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) >= {"/v1/enhance", "/v1/models", "/v1/operators", "/healthz", "/readyz", "/metrics"}
    names = [one["name"] for one in described["paths"]["/v1/enhance"]["post"]["parameters"]]
    assert names == [*WISHES, "model", "recipe", "profile", "steps", "format", "quality"]


def test_metrics_count(client):
    client.get("/healthz")
    client.get("/some/stray/address")
    text = client.get("/metrics").text
    assert re.search(r'diptych_requests_total\{method="GET",path="/healthz",status="200"\} [1-9]', text)
    assert 'path="other",status="404"' in text
    assert "stray" not in text
