"""What the tests of the service share."""

from __future__ import annotations

import socket

import pytest

pytest.importorskip("fastapi", reason="FastAPI is not installed: pip install 'diptych[web]'")

from diptych.web.settings import Settings
from web_helpers import Client, Slow


@pytest.fixture
def slow(tmp_path):
    """Return worker processes whose work can be held up."""
    one = Slow(tmp_path)
    yield one
    one.go()


@pytest.fixture
def free_port():
    """Return a port of this machine on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(scope="session")
def make_client():
    """Return a function that makes a client of a service with these settings."""
    made = []

    def make(command=(), *, local=False, **settings):
        made.append(Client(Settings(**settings), command, local=local))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture(scope="session")
def client(make_client):
    """Return a client of a service with small limits."""
    return make_client(workers=2, max_bytes=1 << 20, max_pixels=300_000)
