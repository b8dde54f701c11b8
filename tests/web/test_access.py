"""Who may call the service, by which name, and with which method."""

from __future__ import annotations

import pytest

from web_helpers import picture


@pytest.fixture(scope="module")
def local(make_client):
    """Return a client of a service that listens on this machine only."""
    return make_client(local=True, workers=1)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "a.localhost:8000", "LOCALHOST"])
def test_this_machine_has_its_names(local, host):
    assert local.get("/readyz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8000", "localhost.evil.example", "10.0.0.1", "[::"]
)
@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/models"])
def test_other_names_may_have_been_made_to_mean_this_machine(local, host, path):
    answer = local.get(path, headers={"Host": host, "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 403
    assert "--allow-host" in answer.json()["detail"]


def test_names_of_the_settings(make_client):
    client = make_client(local=True, hosts=["Pictures.Example"])
    assert client.get("/readyz", headers={"Host": "pictures.example"}).status_code == 200
    assert client.get("/readyz", headers={"Host": "localhost"}).status_code == 200
    everywhere = make_client(hosts=["pictures.example"])
    assert everywhere.get("/readyz", headers={"Host": "localhost"}).status_code == 403
    assert make_client().get("/readyz", headers={"Host": "any.example"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "origin", "served"),
    [
        ("localhost:8000", "http://localhost:8000", True),
        ("pictures.example", "https://pictures.example", True),
        ("pictures.example:80", "http://pictures.example", True),
        ("127.0.0.1:8000", "https://allowed.example", True),  # a proxy has changed the name
        ("localhost:8000", "http://localhost:3000", False),
        ("localhost:8000", "http://evil.example", False),
        ("localhost:8000", "null", False),
        ("localhost:8000", "http://[", False),
    ],
)
def test_origins_are_judged_without_the_fetch_headers(make_client, host, origin, served):
    client = make_client(local=True, hosts=["allowed.example", "pictures.example"])
    answer = client.get("/metrics", headers={"Host": host, "Origin": origin})
    assert answer.status_code == (200 if served else 403)


def test_what_the_browser_says_of_the_site_goes_first(local):
    headers = {"Host": "localhost:8000", "Origin": "https://pictures.example"}
    assert local.get("/metrics", headers=headers | {"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert local.get("/metrics", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "path", ["/", "/page/main.js", "/healthz", "/readyz", "/v1/models", "/openapi.json", "/nothing"]
)
def test_head_answers_as_get_without_the_content(client, path):
    whole, head = client.get(path), client.request("HEAD", path)
    assert head.status_code == whole.status_code
    assert head.content == b""
    for name in ("content-type", "content-length"):
        assert head.headers[name] == whole.headers[name]


def test_head_of_what_takes_a_picture(client):
    assert client.request("HEAD", "/v1/enhance").status_code == 405


FILE = {"image": ("a.png", picture(), "image/png")}


def test_fields_of_a_form_are_those_of_the_query(client):
    by_query = client.post("/v1/enhance?warmth=1&format=jpeg&quality=60", files=FILE)
    by_form = client.post("/v1/enhance", files=FILE, data={"warmth": "1", "format": "jpeg", "quality": "60"})
    assert by_form.status_code == 200
    assert by_form.headers["content-type"] == "image/jpeg"
    assert by_form.content == by_query.content != client.post("/v1/enhance?format=jpeg&quality=60", files=FILE).content
    side = client.post("/v1/preview", files=FILE, data={"side": "16"})
    assert side.headers["x-diptych-factor"] == "0.25"
    assert client.post("/v1/plan", files=FILE, data={"recipe": "auto"}).status_code == 200


@pytest.mark.parametrize(
    ("path", "fields", "status", "text"),
    [
        ("/v1/enhance", {"recipee": "auto"}, 422, "recipee"),
        ("/v1/enhance", {"quality": "0"}, 422, "quality"),
        ("/v1/enhance", {"recipe": "nothing"}, 422, "no recipe named"),
        ("/v1/enhance?recipe=auto", {"recipe": "auto"}, 400, "give it once"),
        ("/v1/enhance", {"recipe": ["auto", "auto"]}, 400, "twice"),
        ("/v1/enhance", {"steps": "x" * 100_001}, 400, "longer than"),
        ("/v1/preview", {"recipe": "auto"}, 422, "recipe"),
        ("/v1/plan", {"steps": "[]"}, 422, "steps"),
        ("/v1/preview?site=3", {}, 422, "site"),
        ("/v1/plan?recipe=auto&recipe=auto", {}, 422, "twice"),
    ],
)
def test_fields_that_mean_nothing_are_refused(client, path, fields, status, text):
    answer = client.post(path, files=FILE, data=fields)
    assert answer.status_code == status, answer.text
    assert text in answer.json()["detail"]


def test_one_picture_for_each_request(client):
    two = client.post("/v1/enhance", files=[("image", ("a.png", picture())), ("image", ("b.png", picture()))])
    assert two.status_code == 400
    assert "more than one picture" in two.json()["detail"]
    other = client.post("/v1/enhance", files=[("image", ("a.png", picture())), ("reference", ("b.png", picture()))])
    assert other.status_code == 400
    assert "'reference'" in other.json()["detail"]
