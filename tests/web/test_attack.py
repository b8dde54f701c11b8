"""Slow and greedy clients lose what they hold; a good client is served meanwhile."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from diptych.photo import Photo, encode
from diptych.recipes import Recipe, step
from diptych.web.costs import Costs
from diptych.web.jobs import Desk
from diptych.web.models import ModelRegistry
from diptych.web.places import Places
from diptych.web.problem import Problem
from diptych.web.settings import Settings
from web_helpers import get, metric, picture, running, send, wait_for

HEAD = b"POST /v1/enhance?recipe=%s HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture
def hasty(monkeypatch):
    """Let the service lose patience with slow clients after a second."""
    for module in ("places", "guard"):
        monkeypatch.setattr(f"diptych.web.{module}.PATIENCE", 1.0)


def open_request(address, head, body=b""):
    parts = urlsplit(address)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=240)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sendall(head + body)
    return connection


def value(address, name):
    return metric(get(f"{address}/metrics").text, name)


def is_cut_off(connection):
    try:
        connection.sendall(b"G")
    except ConnectionError:
        return True
    return False


def good(address, recipe="auto"):
    return send(f"{address}/v1/enhance?recipe={recipe}", content=picture()).status_code


def test_answers_that_are_not_read(slow, hasty):
    body = picture()
    with running(Settings(workers=1, queue=2), slow.command) as (_, address), contextlib.ExitStack() as stack:
        # Nine megabytes of noise each, and as many as there are places.
        unread = [
            stack.enter_context(open_request(address, HEAD % (b"big&format=tiff", len(body)), body)) for _ in range(3)
        ]
        wait_for(lambda: value(address, "diptych_held_bytes") > 8_000_000)
        wait_for(lambda: good(address) == 200)
        wait_for(lambda: value(address, "diptych_held_bytes") == 0)
        for connection in unread:
            wait_for(lambda connection=connection: is_cut_off(connection))


def test_bodies_that_trickle(slow, hasty):
    with running(Settings(workers=1, queue=1), slow.command) as (_, address), contextlib.ExitStack() as stack:
        trickling = [stack.enter_context(open_request(address, HEAD % (b"auto", 5000), b"\x89")) for _ in range(6)]
        assert good(address) == 200
        for connection in trickling:
            assert b" 408 " in connection.recv(100)
        assert good(address) == 200


def test_long_work_leaves_a_process_for_short_work(slow):
    with (
        running(Settings(workers=1, queue=4), slow.command) as (_, address),
        concurrent.futures.ThreadPoolExecutor(4) as pool,
    ):
        long = [pool.submit(good, address, "long") for _ in range(2)]
        wait_for(lambda: slow.calls == 1)
        assert good(address, "broken") == 500  # which says that it was tried
        assert value(address, "diptych_running") == 1
        slow.go()
        assert [one.result() for one in long] == [200, 200]


def test_the_end_does_not_wait_for_what_runs(slow):
    with (
        running(Settings(workers=1, queue=4, grace=1), slow.command) as (server, address),
        concurrent.futures.ThreadPoolExecutor(4) as pool,
    ):
        # One after the other: what comes behind "slow" waits for its turn, even to be judged as long work.
        held = [pool.submit(good, address, "long")]
        wait_for(lambda: slow.calls == 1)
        held.append(pool.submit(good, address, "slow"))
        wait_for(lambda: slow.calls == 2)
        held.append(pool.submit(good, address, "slow"))
        wait_for(lambda: value(address, "diptych_waiting") == 1)
        server.should_exit = True
        assert {one.result() for one in held} == {503}


def test_who_goes_away_stops_long_work(slow):
    with running(Settings(workers=1, queue=4), slow.command) as (_, address):
        with open_request(address, HEAD % (b"long", len(picture())), picture()):
            wait_for(lambda: slow.calls == 1)
        wait_for(lambda: value(address, "diptych_stopped") == 1)
        slow.go()
        assert good(address, "long") == 200


def children(pid):
    return [
        int(number)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for number in (task / "children").read_text().split()
    ]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads the processes from /proc")
def test_a_process_that_dies_costs_one_picture(slow):
    with (
        running(Settings(workers=1, queue=4), slow.command) as (_, address),
        concurrent.futures.ThreadPoolExecutor(4) as pool,
    ):
        held = pool.submit(good, address, "slow")
        wait_for(lambda: slow.calls == 1)
        for number in children(os.getpid()):
            if b"EnhancerSpec" in Path(f"/proc/{number}/cmdline").read_bytes():
                os.kill(number, signal.SIGKILL)
        assert held.result() == 422
        slow.go()
        assert good(address) == 200


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads the processes from /proc")
def test_no_process_outlives_the_service():
    code = "from diptych.cli.app import main; main(['serve', '--port', '0', '--workers', '1'])"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) as process:
        process.stderr.readline()
        (number,) = children(process.pid)
        process.kill()
    wait_for(lambda: not Path(f"/proc/{number}").exists() or " Z " in Path(f"/proc/{number}/stat").read_text())


def test_steps_that_take_too_long_are_refused_before_they_begin():
    desk = Desk(ModelRegistry(), max_pixels=50_000_000, seconds=60)
    steps = json.dumps([{"operator": "denoise_nlm", "search": 63, "patch": 15}] * 3)
    large = encode(Photo(np.zeros((4000, 6000), np.uint8)), "png")
    job = {"route": "enhance", "query": {"steps": steps}, "type": "image/png", "long": False}
    with pytest.raises(Problem, match="would take longer than 60 s on 24 megapixels"):
        desk.do(job, [large])
    grown = json.dumps([{"operator": "zoom", "factor": 60}, *json.loads(steps)])
    with pytest.raises(Problem, match="megapixels"):
        desk.do(job | {"query": {"steps": grown}}, [picture(height=100, width=100)])
    assert desk.do(job | {"query": {}}, [large])[0] == {"long": True}
    assert desk.do(job | {"query": {"steps": '[{"operator": "gamma"}]'}}, [picture()])[0]["status"] == 200


def test_costs_are_in_proportion():
    costs = Costs()
    cheap = costs.rate(Recipe(step("gamma")), "gamma")
    dear = costs.rate(Recipe(step("denoise_nlm", search=41)), "nlm")
    assert dear > 3 * cheap
    assert costs.rate(Recipe(step("crop", top=1000), step("zoom", width=9000)), "large") > 0  # impossible on a sample


def test_bytes_are_bounded_but_for_one_who_is_alone():
    places = Places(capacity=2, max_held=100, workers=1)
    first, second = places.open(), places.open()
    first.hold(90)
    with pytest.raises(Problem):
        second.hold(20)
    second.hold(500, made=True)
    assert not places.make_room()
    first.close()
    second.let_go()
    first.hold(10)  # too late: it is closed
    assert (places.held, places.taken) == (0, 0)
    second.hold(500)
    assert places.held == 500
