"""What the tests of the service share."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi", reason="FastAPI is not installed: pip install 'diptych[web]'")

from diptych.web.app import create_app
from diptych.web.models import ModelRegistry
from diptych.web.settings import Settings
from web_helpers import Client


@pytest.fixture(scope="session")
def registry():
    """Return opened models and recipes."""
    return ModelRegistry(Settings())


@pytest.fixture(scope="session")
def make_client(registry):
    """Return a function that makes a client of a service with these settings."""

    def make(recipes=None, **settings):
        mine = registry
        if recipes:
            mine = ModelRegistry(Settings())
            mine._recipes.update(recipes)
        return Client(create_app(Settings(**settings), mine))

    return make


@pytest.fixture(scope="session")
def client(make_client):
    """Return a client of a service with small limits."""
    return make_client(workers=2, max_bytes=1 << 20, max_pixels=300_000)
