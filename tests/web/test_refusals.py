"""What cannot be had is said in one line, with a status that fits, and touches nothing."""

from __future__ import annotations

import json
import struct
import zlib
from typing import get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diptych.core.errors import PhotoTooLargeError
from diptych.photo.formats import FORMATS
from diptych.recipes import Recipe, step
from diptych.web.query import FormatName
from diptych.web.settings import Settings, read_token
from diptych.web.steps import check_growth
from web_helpers import picture


def check_problem(answer, status, text=""):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail"}
    assert body["status"] == status
    assert text in body["detail"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"model": "/etc/passwd"}, "no model named"),
        ({"model": "low_lihgt"}, "did you mean 'low_light'"),
        ({"recipe": "../../recipe.toml"}, "no recipe named"),
        ({"recipe": "http://example.invalid/a.toml"}, "no recipe named"),
        ({"model": "low_light", "recipe": "auto"}, "exclude each other"),
        ({"recipe": "auto", "profile": "fast"}, "profile is for a model"),
        ({"profile": "best of all"}, "profile"),
        ({"steps": "gamma"}, "is not JSON"),
        ({"steps": "[" * 5_000}, "is not JSON"),
        ({"steps": '{"operator": "gamma"}'}, "list"),
        ({"steps": '["gamma"]'}, "needs the name"),
        ({"steps": '[{"operator": "os"}]'}, "no operator named"),
        ({"steps": '[{"operator": "_shared"}]'}, "no operator named"),
        ({"steps": '[{"operator": "refine", "model": "evening@0123456789ab"}]'}, "no operator named"),
        ({"steps": '[{"operator": "gamma", "gama": 1}]'}, "did you mean 'gamma'"),
        ({"steps": '[{"operator": "gamma", "gamma": NaN}]'}, "is not allowed"),
        ({"steps": '[{"operator": "gamma", "gamma": "1"}]'}, "is not allowed"),
        ({"steps": '[{"operator": "match_histogram", "reference": "/etc/passwd"}]'}, "cannot give"),
        ({"steps": json.dumps([{"operator": "gamma"}] * 17)}, "at most 16"),
        ({"modle": "low_light"}, "modle"),
        ({"quality": "0"}, "quality"),
        ({"format": "exe"}, "format"),
        ({"strength": "1.5"}, "strength: Input should be less than or equal to 1"),
        ({"brightness": "-9"}, "brightness: Input should be greater than or equal to -3"),
        ({"warmth": "nan"}, "warmth: Input should be a finite number"),
        ({"denoise": "none"}, "denoise: Input should be a valid number"),
        ({"model": "low_light", "profile": "fast"}, "profile fast is for the default enhancer"),
        ({"steps": '[{"operator": "gamma"}]', "saturation": "1"}, "cannot be wished of 'steps'"),
        ({"steps": '[{"operator": "flip"}]', "strength": "0.5"}, "cannot blend what the step flip has moved"),
        ({"profile": "fast", "denoise": "0.5"}, "fast takes no noise away"),
    ],
)
def test_queries(client, query, text):
    check_problem(client.post("/v1/enhance", params=query, content=picture()), 422, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"model": "denoise"}, "'denoise' does not plan steps; request those of a recipe, or of no model"),
        ({"model": "denoise", "strength": "0.5"}, "'denoise' does not plan steps"),
        ({"model": "denoise", "warmth": "1"}, "cannot be wished of 'denoise', which does not plan"),
        ({"recipe": "haze", "warmth": "1"}, "cannot be wished of 'haze', a recipe, whose numbers are fixed"),
        ({"steps": "[]"}, "steps"),
        ({"brightness": "4"}, "brightness: Input should be less than or equal to 3"),
    ],
)
def test_plans_that_cannot_be_had(client, query, text):
    check_problem(client.post("/v1/plan", params=query, content=picture()), 422, text)


def png_header(width, height):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b"")]
    packed = [struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(c, zlib.crc32(n))) for n, c in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def test_pixels_are_counted_in_the_header(client):
    check_problem(client.post("/v1/enhance", content=png_header(60_000, 60_000)), 413, "60000 x 60000")
    check_problem(client.post("/v1/preview", content=png_header(60_000, 60_000)), 413, "60000 x 60000")


@pytest.mark.parametrize(
    "wanted",
    [
        {"operator": "zoom", "factor": 64},
        {"operator": "zoom", "width": 65_535, "height": 65_535},
        {"operator": "rotate", "angle": 45, "reshape": True},
    ],
)
def test_results_are_bounded_as_well(client, wanted):
    steps = json.dumps([{"operator": "gamma"}, wanted])
    data = picture(height=1, width=3000)
    check_problem(client.post("/v1/enhance", params={"steps": steps}, content=data), 413, "request a smaller")


def test_growth_is_what_the_operators_do():
    image = np.zeros((7, 30, 3), np.uint8)
    for one in (
        step("zoom", factor=2.5),
        step("zoom", width=11),
        step("rotate", angle=33, reshape=True),
        step("crop", top=2, height=3, width=9),
    ):
        recipe = Recipe(one)
        height, width = recipe(image).shape[:2]
        check_growth(recipe, image.shape, (height + 1) * (width + 1))
        with pytest.raises(PhotoTooLargeError, match=one.operator):
            check_growth(recipe, image.shape, height * width - 1)


@pytest.mark.parametrize(
    ("content", "headers", "status", "text"),
    [
        (b"", {}, 422, "is empty"),
        (b"hello", {"Content-Type": "image/png"}, 422, "not a picture"),
        (b"hello", {"Content-Type": "application/dicom"}, 422, "not a picture"),
        (picture()[:200], {}, 422, "truncated"),
        (picture(), {"Content-Type": "text/html"}, 415, "text/html"),
        (picture(), {"Content-Encoding": "gzip"}, 415, "compressed"),
        (b"x" * (1 << 20) + b"x", {}, 413, "longer than"),
        (picture(), {"Content-Type": "multipart/form-data"}, 400, "boundary"),
        (picture(), {"Content-Type": "multipart/form-data; boundary=x"}, 400, "form"),
    ],
)
def test_bodies(client, content, headers, status, text):
    check_problem(client.post("/v1/enhance", content=content, headers=headers), status, text)


def test_a_form_without_the_field(client):
    check_problem(client.post("/v1/enhance", files={"file": picture()}), 400, "'image'")
    check_problem(client.post("/v1/enhance", data={"image": "text"}, files={"x": b""}), 400, "'image'")


@pytest.mark.parametrize("path", ["/nothing", "/page/../app.py", "/page/%2e%2e/app.py", "/page/main.py", "/docs/"])
def test_there_is_nothing_elsewhere(client, path):
    check_problem(client.get(path), 404)


def test_another_method(client):
    check_problem(client.get("/v1/enhance"), 405)
    check_problem(client.post("/v1/models"), 405)


def test_the_token(make_client):
    token = "a long enough secret"
    client = make_client(token=token)
    for path in ("/", "/docs", "/page/main.js", "/healthz", "/readyz"):
        assert client.get(path).status_code == 200
    for headers in ({}, {"Authorization": "Bearer a wrong secret here"}, {"Authorization": f"Basic {token}"}):
        for path in ("/v1/models", "/metrics", "/openapi.json"):
            answer = client.get(path, headers=headers)
            check_problem(answer, 401, "Bearer")
            assert answer.headers["www-authenticate"] == "Bearer"
        check_problem(client.post("/v1/enhance", content=picture(), headers=headers), 401)
    assert client.get("/v1/models", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_pages_of_other_sites_are_refused(client):
    for site in ("cross-site", "same-site"):
        check_problem(client.post("/v1/enhance", content=picture(), headers={"Sec-Fetch-Site": site}), 403)
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200  # a link
    answer = client.get("/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_bug_shows_nothing_of_the_inside(make_client, slow, capfd):
    answer = make_client(slow.command).post("/v1/enhance?recipe=broken", content=picture())
    check_problem(answer, 500, "see the log")
    assert "secret" not in answer.text
    assert "the secret is /root/key" in capfd.readouterr().err


def test_settings(tmp_path, monkeypatch):
    from diptych.core.errors import ParameterError

    for wrong in ({"queue": -1}, {"timeout": 0}, {"token": "short"}, {"models": {"../x": "a"}}, {"token": "ü" * 20}):
        with pytest.raises(ParameterError):
            Settings(**wrong)
    assert "secret" not in repr(Settings(token="a long secret, very long"))
    file = tmp_path / "token"
    file.write_text("from the file, 16+\n")
    monkeypatch.setenv("DIPTYCH_TOKEN", "from the environment")
    assert read_token(file) == "from the file, 16+"
    assert read_token(None) == "from the environment"
    file.write_text("")
    with pytest.raises(ParameterError, match="empty"):
        read_token(file)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
some_steps = st.lists(
    st.dictionaries(
        st.sampled_from(["gamma", "amount", "matrix", "low"]) | st.text(max_size=5), json_values, max_size=3
    )
    | st.fixed_dictionaries({"operator": st.sampled_from(["gamma", "affine", "crop", "stretch"])}),
    max_size=3,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    query=st.dictionaries(
        st.sampled_from(["model", "recipe", "profile", "format", "quality", "x"]), st.text(max_size=9)
    ),
    steps=st.none() | some_steps.map(json.dumps) | st.text(max_size=30),
    kind=st.sampled_from(["image/png", "multipart/form-data; boundary=b", "multipart/form-data", "", "a/b"]),
    content=st.binary(max_size=80) | st.just(picture(height=6, width=8)),
    path=st.sampled_from(["/v1/enhance", "/v1/preview", "/v1/plan"]),
)
def test_whatever_is_sent_the_service_is_not_to_blame(client, query, steps, kind, content, path):
    if steps is not None:
        query = query | {"steps": steps}
    query = {key: value.encode("utf-8", "replace").decode() for key, value in query.items()}
    answer = client.post(path, params=query, content=content, headers={"Content-Type": kind})
    assert answer.status_code == 200 or 400 <= answer.status_code < 500, answer.text
    if answer.status_code != 200:
        check_problem(answer, answer.status_code)


def test_every_format_can_be_requested():
    assert set(get_args(FormatName)) == {one.name for one in FORMATS if one.writes}
