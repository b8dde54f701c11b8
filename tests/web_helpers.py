"""A service in this process, and one that listens; dark pictures for them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import ssl
import threading
import time

import httpx
import numpy as np

from diptych.photo import Photo, encode
from diptych.web.server import listen, make_server

# Never used, as nothing is encrypted here; but httpx would load all certificates of the system for each request.
_CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
get = functools.partial(httpx.get, verify=_CONTEXT, timeout=240)
send = functools.partial(httpx.post, verify=_CONTEXT, timeout=240)


def dark_scene(height=48, width=64, dtype=np.uint8, seed=0):
    """Return a dark picture with an edge, a gradient and noise."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    values = np.stack([columns / width, rows / height, (columns > rows)], axis=2) * 0.2
    values = np.clip(values + generator.normal(0, 0.004, values.shape), 0, 1)
    return values.astype(dtype) if np.dtype(dtype).kind == "f" else np.rint(values * np.iinfo(dtype).max).astype(dtype)


def picture(format_name="png", **facts) -> bytes:
    """Return the bytes of a small dark picture."""
    return encode(Photo(dark_scene(**facts)), format_name)


class Slow:
    """An enhancer that waits until it is let go, and counts how often it was called."""

    def __init__(self):
        self.calls = 0
        self.go = threading.Event()
        self._lock = threading.Lock()

    @property
    def spec(self):
        from diptych.core.enhancer import EnhancerSpec

        return EnhancerSpec("slow", "Waits.")

    def __call__(self, image, /):
        with self._lock:
            self.calls += 1
        self.go.wait(240)
        return image


class Client:
    """Sends requests to an application in this process, without a network."""

    def __init__(self, app):
        self._app = app

    def request(self, method, path, **options):
        async def ask():
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            address = "http://test"
            async with httpx.AsyncClient(transport=transport, base_url=address, verify=_CONTEXT) as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)


@contextlib.contextmanager
def running(settings, registry):
    """Run a service that listens on a free port; give its server and address."""
    server = make_server(settings, registry)
    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield server, f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(240)
        assert not thread.is_alive()


def wait_for(condition, seconds=240.0):
    """Wait until a condition holds; the limit is reached only where something hangs, whatever else the machine does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def metric(text, name):
    """Return the sum of a metric."""
    rows = [line for line in io.StringIO(text) if line.startswith(name) and not line.startswith("#")]
    return sum(float(line.split()[-1]) for line in rows)
