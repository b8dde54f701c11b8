"""The service under attack by slow and greedy clients, while a good client asks once a second.

    python benchmarks/web_attack.py [unread trickle greedy] [--seconds 30]

Each attack runs against a service of its own: the good client first asks alone, which is its quiet time, then under the attack.
At the end SIGTERM comes while the attack goes on. Prints figures, exits with 1 if one is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import statistics
import sys
import threading
import time
from urllib.parse import urlencode

import numpy as np

from web_load import ask, check, megapixels, memory, misses, service, shared_once

UNREAD, TRICKLING, GREEDY = 24, 34, 16
QUIET_REQUESTS = 12
MOST_RATIO, MOST_GIB, MOST_SECONDS = 2.0, 1.0, 25.0


def enhance_with(operator: str, **query: str) -> str:
    """Return the address of a request with one step."""
    return "/v1/enhance?" + urlencode({"steps": json.dumps([{"operator": operator}]), **query})


def photograph(side: int, format_name: str) -> bytes:
    """Return a dark square photograph."""
    from skimage import data

    from diptych import operators
    from diptych.photo import Photo, encode

    pixels = operators.get("zoom")(np.asarray(data.astronaut()) // 4, height=side, width=side)
    return encode(Photo(pixels), format_name)


class Attack:
    """Many clients that go on until they are told to stop; each calls `once` again and again."""

    count = 0

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.ends = threading.Event()
        self.tally: dict[str, int] = {}

    def once(self) -> str:
        """Make one request and return what came of it."""
        raise NotImplementedError

    def __enter__(self):
        self._threads = [threading.Thread(target=self._go_on, daemon=True) for _ in range(self.count)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()

    def _go_on(self) -> None:
        while not self.ends.is_set():
            result = "no connection"
            with contextlib.suppress(OSError):
                result = self.once()
            self.tally[result] = self.tally.get(result, 0) + 1
            self.ends.wait(0.1)

    def connect(self, head: str) -> socket.socket:
        """Send the head of a request and return the connection."""
        connection = socket.create_connection((self.host, self.port), timeout=30)
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n")
        return connection


class Unread(Attack):
    """Ask for large answers and do not read them."""

    count = UNREAD

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self._picture = photograph(2000, "jpeg")

    def once(self) -> str:
        path = enhance_with("gamma", format="tiff")
        head = (
            f"POST {path} HTTP/1.1\nHost: localhost\nContent-Type: image/jpeg\nContent-Length: {len(self._picture)}\n"
        )
        with self.connect(head) as connection:
            connection.sendall(self._picture)
            first = connection.recv(12).decode("latin-1")
            start = time.monotonic()
            while not self.ends.wait(0.5) and time.monotonic() < start + 60:
                # A connection that was cut off refuses what is sent; this one byte of a next request says so.
                try:
                    connection.sendall(b"G")
                except OSError:
                    return f"{first[-3:]}, then cut off"
        return f"{first[-3:]}, still held"


class Trickle(Attack):
    """Announce a body of a megabyte and send one byte a second."""

    count = TRICKLING

    def once(self) -> str:
        head = "POST /v1/enhance HTTP/1.1\nHost: localhost\nContent-Type: image/png\nContent-Length: 1000000\n"
        with self.connect(head) as connection:
            connection.settimeout(1)
            while not self.ends.is_set():
                connection.sendall(b"\x89")
                with contextlib.suppress(TimeoutError):
                    return connection.recv(12).decode("latin-1")[-3:] or "cut off"
        return "still sending"


class Greedy(Attack):
    """Send pictures of 49 megapixels to be denoised by non-local means."""

    count = GREEDY

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self._picture = photograph(7000, "jpeg")

    def once(self) -> str:
        return str(ask(self.host, self.port, path=enhance_with("denoise_nlm"), body=self._picture)[0])


ATTACKS = {"unread": Unread, "trickle": Trickle, "greedy": Greedy}


def good_client(host: str, port: int, picture: bytes, requests: int) -> tuple[list[float], list[int]]:
    """Ask once a second; return seconds and statuses."""
    seconds, statuses = [], []
    for _ in range(requests):
        start = time.perf_counter()
        statuses.append(ask(host, port, body=picture)[0])
        seconds.append(time.perf_counter() - start)
        time.sleep(max(0.0, 1.0 - seconds[-1]))
    return seconds, statuses


class Watch(threading.Thread):
    """Follow the resident memory of a service and its processes."""

    def __init__(self, process) -> None:
        super().__init__(daemon=True)
        self._process, self.peak, self.sum = process, 0.0, 0.0

    def run(self) -> None:
        while self._process.poll() is None:
            with contextlib.suppress(OSError, StopIteration):
                self.peak = max(self.peak, shared_once(self._process))
                self.sum = max(self.sum, memory(self._process, "VmRSS"))
            time.sleep(0.1)


def run(name: str, requests: int) -> None:
    """Run one attack and print its figures."""
    picture = megapixels()[0]
    with service() as (process, host, port, _):
        watch = Watch(process)
        watch.start()
        good_client(host, port, picture, 3)
        quiet, _ = good_client(host, port, picture, QUIET_REQUESTS)
        with ATTACKS[name](host, port) as attack:
            time.sleep(2)
            loud, statuses = good_client(host, port, picture, requests)
            start = time.perf_counter()
            process.terminate()
            process.wait(120)
            ended = time.perf_counter() - start
    usual, median = statistics.median(quiet), statistics.median(loud)
    print(f"{name}: {attack.count} clients; what came of their requests: {attack.tally}")
    served = statuses.count(200)
    check(served == len(statuses), f"good client: {served} of {len(statuses)} requests answered with 200")
    check(
        median <= MOST_RATIO * usual,
        f"good client: median {median:.2f} s, quiet {usual:.2f} s: {median / usual:.2f} x ({MOST_RATIO:g} asked); "
        f"longest {max(loud):.2f} s, quiet {max(quiet):.2f} s",
    )
    check(
        watch.peak <= MOST_GIB,
        f"resident memory of all processes: {watch.peak:.2f} GiB ({MOST_GIB:g} asked); "
        f"{watch.sum:.2f} GiB if the libraries they share are counted for each",
    )
    check(ended <= MOST_SECONDS, f"SIGTERM ended it after {ended:.1f} s ({MOST_SECONDS:g} asked)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("attacks", nargs="*", choices=[*ATTACKS, []], default=[])
    parser.add_argument("--seconds", type=int, default=30, help="length of each attack")
    options = parser.parse_args()
    for name in options.attacks or ATTACKS:
        run(name, options.seconds)
    sys.exit(1 if misses else 0)


if __name__ == "__main__":
    main()
