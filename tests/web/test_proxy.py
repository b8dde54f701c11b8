"""The service behind a real nginx, under a path, with the configuration of docs/nginx.conf."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from diptych.web.settings import Settings
from web_helpers import get, picture, running, send, wait_for
from web_helpers import head as ask_head

CONFIG = Path(__file__).parents[2] / "docs" / "nginx.conf"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")


def configuration(folder, port, service):
    """Return docs/nginx.conf, without TLS, on another port and in front of another service."""
    text = CONFIG.read_text()
    text = re.sub(r" *ssl_.*\n", "", text)
    for old, new in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port}"),
        ("http://127.0.0.1:8000/", f"{service}/"),
        ("server_name pictures.example", "server_name localhost"),
    ):
        assert old in text
        text = text.replace(old, new)
    kept = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{kept}{text}}}\n"
    )


@pytest.fixture
def service(slow):
    """Return the address of a service."""
    with running(Settings(workers=1, queue=8, hosts=["localhost"]), slow.command) as (_, address):
        yield address


@pytest.fixture
def proxy(tmp_path, service, free_port):
    """Return the address of the service behind nginx."""
    if NGINX is None:
        pytest.skip("nginx is not installed: make nginx")
    file = tmp_path / "nginx.conf"
    file.write_text(configuration(tmp_path, free_port, service))
    with subprocess.Popen([NGINX, "-p", str(tmp_path), "-c", str(file)], stderr=subprocess.PIPE) as process:
        address = f"http://localhost:{free_port}/diptych"
        try:
            # Not through nginx, whose limit of the rate would be used up by asking.
            wait_for(lambda: answers(local(service)))
            wait_for(lambda: answers(address) or process.poll() is not None)
            assert process.poll() is None, process.stderr.read()
            yield address
        finally:
            process.terminate()


def local(service):
    """Return the address of the service by the name that it knows itself by."""
    return service.replace("127.0.0.1", "localhost")


def answers(address):
    with contextlib.suppress(OSError, Exception):
        return get(f"{address}/readyz").status_code == 200
    return False


def test_the_service_behind_nginx_under_a_path(proxy):
    page = get(f"{proxy}/").text
    for path in re.findall(r'(?:src|href)="([^"#]+)"', page):
        assert not path.startswith("/")
        assert get(f"{proxy}/{path}").status_code == 200
    assert ask_head(f"{proxy}/healthz").status_code == 200
    answer = send(f"{proxy}/v1/enhance?recipe=auto", content=picture(), headers={"Origin": origin(proxy)})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    form = send(f"{proxy}/v1/enhance", files={"image": picture()}, data={"recipe": "auto"})
    assert form.content == answer.content
    foreign = send(f"{proxy}/v1/enhance", content=picture(), headers={"Origin": "http://evil.example"})
    assert foreign.status_code == 403


def origin(address):
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def test_nginx_limits_what_one_address_takes(proxy, service, slow):
    from concurrent.futures import ThreadPoolExecutor

    def accepted():
        found = dict(
            re.findall(r"^diptych_(running|waiting) (\S+)$", get(f"{local(service)}/metrics").text, re.MULTILINE)
        )
        return sum(map(float, found.values()))

    with ThreadPoolExecutor(6) as pool:
        held = []
        for count in range(1, 5):  # one after the other, so that it is these that are let in
            held.append(pool.submit(send, f"{proxy}/v1/enhance?recipe=slow", content=picture()))
            wait_for(lambda count=count: accepted() == count or held[-1].done())
        wait_for(lambda: send(f"{proxy}/v1/enhance?recipe=auto", content=picture()).status_code == 429)
        slow.go()
        answered = [one.result() for one in held]
        assert [one.status_code for one in answered] == [200] * 4, [one.text[:200] for one in answered]
