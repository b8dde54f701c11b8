"""A service that listens: overload, clients that disconnect, slow senders, and shutdown."""

from __future__ import annotations

import concurrent.futures
import json
import socket
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import httpx
import pytest

from diptych.web.settings import Settings
from web_helpers import get, metric, picture, running, send, wait_for


def post(address, timeout=240.0):
    return send(f"{address}/v1/enhance?recipe=slow", content=picture(), timeout=timeout)


def running_pictures(address, name="diptych_running"):
    return metric(get(f"{address}/metrics").text, name)


def test_one_too_many_is_told_to_come_again(slow):
    with running(Settings(workers=1, queue=2), slow.command) as (_, address):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            accepted = [pool.submit(post, address) for _ in range(3)]
            wait_for(lambda: running_pictures(address, "diptych_waiting") == 2)
            refused = post(address)
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) >= 1
            assert refused.headers["content-type"] == "application/problem+json"
            assert get(f"{address}/readyz").status_code == 503
            assert get(f"{address}/healthz").status_code == 200
            slow.go()
            assert [one.result().status_code for one in accepted] == [200] * 3
        assert slow.calls == 3
        assert get(f"{address}/readyz").status_code == 200


def test_who_leaves_while_waiting_is_forgotten(slow):
    with running(Settings(workers=1, queue=8), slow.command) as (_, address):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            first = pool.submit(post, address)
            wait_for(lambda: slow.calls == 1)
            for _ in range(4):
                with pytest.raises(httpx.TimeoutException):
                    post(address, timeout=0.2)
            wait_for(lambda: running_pictures(address, "diptych_waiting") == 0)
            slow.go()
            assert first.result().status_code == 200
        assert slow.calls == 1
        assert post(address).status_code == 200


def test_what_takes_too_long_is_stopped(slow):
    with running(Settings(workers=1, queue=2, timeout=3), slow.command) as (_, address):
        answer = post(address)
        assert answer.status_code == 422
        assert "longer than 3 s" in answer.json()["detail"]
        assert metric(get(f"{address}/metrics").text, "diptych_stopped") == 1
        assert running_pictures(address) == 0
        assert get(f"{address}/healthz").status_code == 200
        slow.go()
        wait_for(lambda: post(address).status_code == 200)


def connect(address):
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=240)


def answers(address):
    try:
        connect(address).close()
    except ConnectionError:
        return False
    return True


def answer_of(connection):
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
    return data


HEAD = b"POST /v1/enhance?recipe=auto HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"


def test_slow_senders_and_wrong_lengths():
    with running(Settings(workers=1, queue=2, timeout=0.5)) as (_, address):
        with connect(address) as slow_sender:
            slow_sender.sendall(HEAD % 1000 + b"\x89PNG")
            assert b" 408 " in answer_of(slow_sender).split(b"\r\n")[0]
        with connect(address) as liar:
            liar.sendall(HEAD % 1000 + b"\x89PNG")
        with connect(address) as hasty:
            hasty.sendall(HEAD % 4 + picture())
            assert b" 422 " in answer_of(hasty).split(b"\r\n")[0]
        with connect(address) as huge:
            huge.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000)
            assert answer_of(huge).split(b"\r\n")[0].endswith(b"400 Bad Request")
        for head in (
            b"\0\1\2\3\r\n\r\n",
            b"GET / FTP/1.0\r\n\r\n",
            b"POST /v1/enhance HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        ):
            with connect(address) as odd:
                odd.sendall(head)
                assert b" 400 " in answer_of(odd).split(b"\r\n")[0]
        wait_for(lambda: metric(get(f"{address}/metrics").text, "diptych_waiting") == 0)
        assert get(f"{address}/readyz").status_code == 200


@pytest.mark.parametrize("head", [b"", b"GET / HTTP/1.1\r\n"])
def test_connections_without_a_request_are_closed(monkeypatch, head):
    monkeypatch.setattr("diptych.web.server.HEAD_SECONDS", 0.5)
    with running(Settings(workers=1)) as (_, address), connect(address) as silent:
        silent.sendall(head)
        assert silent.recv(1) == b""


def test_a_connection_may_bring_a_second_request_but_not_a_part_of_one(monkeypatch):
    monkeypatch.setattr("diptych.web.server.HEAD_SECONDS", 0.5)
    with running(Settings(workers=1)) as (_, address), connect(address) as kept:
        for _ in range(2):
            kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b'"ok"}'):
                answer += kept.recv(65536)
            assert b" 200 " in answer.split(b"\r\n")[0]
        kept.sendall(b"GET /healthz HTTP/1.1\r\n")
        assert kept.recv(1) == b""


def test_a_request_may_take_longer_than_its_head(slow, monkeypatch):
    monkeypatch.setattr("diptych.web.server.HEAD_SECONDS", 0.3)
    with (
        running(Settings(workers=1), slow.command) as (_, address),
        concurrent.futures.ThreadPoolExecutor() as pool,
    ):
        answer = pool.submit(post, address)
        wait_for(lambda: slow.calls == 1)
        with connect(address) as silent:  # which is closed first
            assert silent.recv(1) == b""
        slow.go()
        assert answer.result().status_code == 200


def test_a_body_that_waits_to_be_asked_for_is_not_asked_for_in_vain():
    with running(Settings(workers=1, max_bytes=2000)) as (_, address), connect(address) as polite:
        head = (HEAD % 5000).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
        polite.sendall(head)
        assert b" 413 " in polite.recv(65536).split(b"\r\n")[0]


def test_a_refused_body_is_taken_so_that_the_answer_arrives():
    with running(Settings(workers=1, token="a long enough secret")) as (_, address):
        answer = send(f"{address}/v1/enhance", content=b"x" * 8_000_000)
        assert answer.status_code == 401


def test_the_end_finishes_what_runs(slow):
    settings = Settings(workers=1, queue=4)
    with running(settings, slow.command) as (server, address), concurrent.futures.ThreadPoolExecutor(4) as pool:
        accepted = [pool.submit(post, address) for _ in range(2)]
        wait_for(lambda: slow.calls == 1 and running_pictures(address, "diptych_waiting") == 1)
        server.should_exit = True
        wait_for(lambda: not answers(address))
        slow.go()
        assert [one.result().status_code for one in accepted] == [200, 200]


def test_many_clients_get_their_own_pictures():
    pictures = [picture("png", seed=seed) for seed in range(6)]
    with running(Settings(workers=2, queue=40)) as (_, address):

        def ask(index):
            steps = json.dumps([{"operator": "gamma", "gamma": 1}])
            answer = send(f"{address}/v1/enhance", params={"steps": steps}, content=pictures[index % 6])
            return answer.status_code, answer.content

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(24)))
    from diptych.photo import decode

    for index, (status, content) in enumerate(answers):
        assert status == 200
        assert (decode(content).pixels == decode(pictures[index % 6]).pixels).all()


@pytest.fixture(scope="module")
def command():
    """Return a service that was started by the command, and its address."""
    code = "from diptych.cli.app import main; main(['serve', '--port', '0'])"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) as process:
        address = process.stderr.readline().split()[1].rstrip(";/")
        yield process, address
        process.kill()


def test_the_command(command):
    process, address = command
    assert get(address).text.startswith("<!doctype html>")
    process.terminate()
    assert process.wait(240) in (0, -15, 143)
    assert process.stderr.read() == ""


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--model", "evening.onnx"], "NAME=FILE"),
        (["--model", "low_light=nothing.onnx"], "nothing.onnx"),
        (["--recipe", "a=nothing.toml"], "nothing.toml"),
        (["--token-file", "nothing"], "nothing"),
        (["--max-bytes", "1 parsec"], "parsec"),
        (["--host", "256.0.0.1"], "cannot listen on"),
    ],
)
def test_a_wrong_call(options, text, capsys):
    from diptych.cli.app import main

    with pytest.raises(SystemExit) as done:
        main(["serve", "--port", "0", *options])
    assert done.value.code == 2
    assert text in capsys.readouterr().err


def test_the_event_loop_is_free_while_threads_work(slow):
    with running(Settings(workers=1, queue=2), slow.command) as (_, address):
        thread = threading.Thread(target=post, args=[address])
        thread.start()
        wait_for(lambda: slow.calls == 1)
        # Were the loop not free, there would be no answer before the picture is let go.
        assert get(f"{address}/healthz").status_code == 200
        slow.go()
        thread.join()


def test_help_does_not_load_the_web():
    code = (
        "import sys\nfrom diptych.cli.app import main\n"
        "try: main(['serve', '--help'])\nexcept SystemExit: pass\n"
        "sys.stderr.write(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stderr.split()}
    assert not loaded & {"fastapi", "starlette", "uvicorn", "prometheus_client", "onnxruntime"}


def test_without_the_extra_it_says_what_to_install(monkeypatch, capsys):
    from diptych.cli.app import main

    monkeypatch.setitem(sys.modules, "uvicorn", None)
    for name in [one for one in sys.modules if one.startswith("diptych.web.server")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(SystemExit) as done:
        main(["serve", "--port", "0"])
    assert done.value.code == 2
    assert "pip install 'diptych[web]'" in capsys.readouterr().err
