"""A service in this process, and one that listens; dark pictures for them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import ssl
import sys
import threading
import time

import httpx
import numpy as np

from diptych.photo import Photo, encode
from diptych.web.app import create_app
from diptych.web.pool import Pool
from diptych.web.server import listen, make_server

# Never used, as nothing is encrypted here; but httpx would load all certificates of the system for each request.
_CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
get = functools.partial(httpx.get, verify=_CONTEXT, timeout=240)
head = functools.partial(httpx.head, verify=_CONTEXT, timeout=240)
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


WORKER = """
import pathlib, sys, time
from diptych.core.enhancer import EnhancerSpec
from diptych.web import jobs, worker

folder = pathlib.Path(sys.argv[1])
jobs.LONG_SECONDS = 0.001

class Slow:
    spec = EnhancerSpec("slow", "Waits.")
    cost = 0

    def __call__(self, image, /):
        if image.shape[0] == image.shape[1]:  # a sample, on which the cost is measured
            sum(range(self.cost * image.size))
            return image
        with (folder / "calls").open("a") as calls:
            calls.write("x")
        while not (folder / "go").exists():
            time.sleep(0.01)
        return image

class Long(Slow):
    spec = EnhancerSpec("long", "Waits, and takes more than a short time.")
    cost = 20

class Broken:
    spec = EnhancerSpec("broken", "Fails.")

    def __call__(self, image, /):
        raise RuntimeError("the secret is /root/key")

class Big:
    spec = EnhancerSpec("big", "Makes noise.")

    def __call__(self, image, /):
        import numpy as np
        return np.random.default_rng(0).integers(0, 256, (1500, 2000, 3)).astype(np.uint8)

worker.main({"slow": Slow(), "long": Long(), "broken": Broken(), "big": Big()})
"""
COMMAND = (sys.executable, "-c", WORKER)


class Slow:
    """Worker processes with the recipes of `WORKER`: slow and long wait until they are let go, and are counted."""

    def __init__(self, folder):
        self._folder = folder
        self.command = (*COMMAND, str(folder))

    @property
    def calls(self):
        file = self._folder / "calls"
        return len(file.read_text()) if file.exists() else 0

    def go(self):
        (self._folder / "go").touch()


class Client:
    """Sends requests to an application in this process, without a network."""

    def __init__(self, settings, command=(), *, local=False):
        self._pool = Pool(settings, command)
        self._app = create_app(settings, self._pool, local=local)

    def close(self):
        self._pool.crew.close()

    def request(self, method, path, **options):
        async def ask():
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            address = "http://localhost:8000"
            async with httpx.AsyncClient(transport=transport, base_url=address, verify=_CONTEXT) as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)


@contextlib.contextmanager
def running(settings, command=()):
    """Run a service that listens on a free port; give its server and address."""
    pool = Pool(settings, command)
    pool.crew.start()
    server = make_server(create_app(settings, pool), settings)
    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield server, f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(240)
        pool.crew.close()
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
