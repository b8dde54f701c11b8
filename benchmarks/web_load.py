"""The service under load, under too much load, and under attack; prints figures, exits with 1 if one is missed.

    python benchmarks/web_load.py [throughput overload hostile schema]

Loopback only, bounded in count and time. `schema` needs the command `schemathesis` on the path and is skipped without it.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np

CLIENTS, PICTURES, ROUNDS, REQUESTS = 16, 8, 3, 32
CROWD, QUEUE = 200, 32
MUTANTS = 2000
GIB = 1 << 30
TRICKS = (
    "../../../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "http://127.0.0.1:1/x.onnx",
    "a\0b",
    "~/.ssh/id_rsa",
)

WATCHED = ("open", "subprocess.Popen", "os.system", "socket.connect", "os.mkdir", "os.remove")

misses: list[str] = []


def check(holds: bool, text: str) -> None:
    print(f"  {'ok  ' if holds else 'MISS'} {text}", flush=True)
    if not holds:
        misses.append(text)


# The service


@contextlib.contextmanager
def service(*options, audited=False):
    """Start ``diptych serve`` in an empty folder; give its process, host, port and folder."""
    with tempfile.TemporaryDirectory() as folder:
        script = [__file__, "serve-audited"] if audited else ["-m", "diptych", "serve"]
        environment = {**os.environ, "TMPDIR": folder}
        process = subprocess.Popen(
            [sys.executable, *map(str, script), "--port", "0", *options],
            cwd=folder, env=environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            address = urlsplit(process.stderr.readline().split()[1].rstrip(";"))
            yield process, address.hostname, address.port, Path(folder)
        finally:
            process.terminate()
            process.wait(120)
            process.stderr.close()


def note_events(listens) -> set[str]:
    """Note every file that Python opens and every program that it starts from the time that an event is set."""
    opened: set[str] = set()

    def hook(event, arguments):
        if not listens.is_set() or event not in WATCHED or isinstance(arguments[0], int):  # a pipe is no file
            return
        opened.add(
            f"{event} {arguments[1]}" if event == "socket.connect" else f"{event} {arguments[0]} {arguments[1:2]}"
        )

    sys.addaudithook(hook)
    return opened


def audited_worker(folder: str) -> None:
    """Do the work of a worker process, and note what it opens."""
    from diptych.web import frames, worker

    ready = threading.Event()
    opened, write = note_events(ready), frames.write

    def write_and_note(*arguments):
        write(*arguments)
        ready.set()  # the first message says that it is ready

    frames.write = write_and_note
    worker.main()
    ready.clear()
    Path(folder, f"opened-{os.getpid()}.json").write_text(json.dumps(sorted(opened)))


def audited() -> None:
    """Serve, and note every file that Python opens and every program that it starts once the service listens."""
    from diptych.cli import serve as command
    from diptych.cli.app import main
    from diptych.web import crew, process

    listens = threading.Event()
    opened = note_events(listens)
    told, folder = command.note, os.getcwd()
    crew.COMMAND = (sys.executable, __file__, "work-audited", folder)
    process.Worker.kill = lambda worker: (worker._process.stdin.close(), worker._process.wait(60))

    def note(text):
        told(text)
        listens.set()

    command.note = note
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())  # Uvicorn raises it again at its end
    try:
        main(["serve", *sys.argv[2:]])
    finally:
        listens.clear()
        Path(folder, "opened.json").write_text(json.dumps(sorted(opened)))


def family(process) -> list[int]:
    """Return a process and its children."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        with contextlib.suppress(OSError):
            children += (task / "children").read_text().split()
    return [process.pid, *map(int, set(children))]


def shared_once(process) -> float:
    """Return the resident memory of a service with its processes, GiB, pages that they share counted once."""
    found = 0
    for number in family(process):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()
            found += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return found * 1024 / GIB


def memory(process, field="VmHWM") -> float:
    """Return the sum of the resident sizes of a service and its processes, GiB: the largest so far, or ``VmRSS`` for now."""
    found = 0
    for number in family(process):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{number}/status").read_text().splitlines()
            found += sum(int(line.split()[1]) for line in lines if line.startswith(field))
    return found * 1024 / GIB


def cpu(process) -> float:
    """Return the processor time of a service with its processes so far, seconds."""
    ticks = 0
    for number in family(process):
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def ask(host, port, method="POST", path="/v1/enhance", body=b"", headers=None, timeout=120):
    """Return status and content of an answer; status 0 where there is none."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request(method, path, body, {"Content-Type": "image/jpeg", **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException, ValueError):
        return 0, b""
    finally:
        connection.close()


# Throughput


def megapixels() -> list[bytes]:
    """Return dark photographs of a megapixel as JPEG."""
    from skimage import data

    from diptych import operators
    from diptych.photo import Photo, encode

    sources = [np.asarray(picture) for picture in (data.astronaut(), data.coffee())]
    found = []
    for index in range(PICTURES):
        large = operators.get("zoom")(sources[index % 2], height=868, width=1152)
        light = (np.roll(large, 97 * index, axis=1) / 255.0) ** 2.2 * 0.06
        noisy = np.random.default_rng(index).poisson(light * 1500) / 1500
        found.append(encode(Photo(np.rint(255 * noisy.clip(0, 1) ** (1 / 2.2)).astype(np.uint8)), "jpeg"))
    return found


def loop(folder: Path) -> None:
    """Print hashes; then, for each line that comes in, do the work of a round in one loop with all cores inside."""
    from diptych.photo import decode, encode
    from diptych.runtime import DefaultEnhancer, enhance

    pictures = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]
    enhancer = DefaultEnhancer()

    def work(data):
        return encode(enhance(decode(data), enhancer), "jpeg")

    print(json.dumps([hashlib.sha256(work(data)).hexdigest() for data in pictures]), flush=True)
    for _ in sys.stdin:
        start, used = time.perf_counter(), time.process_time()
        for index in range(REQUESTS):
            work(pictures[index % len(pictures)])
        print(json.dumps([time.perf_counter() - start, time.process_time() - used]), flush=True)


def by_service(host, port, pictures, hashes) -> tuple[float, int, int]:
    """Return seconds, failures and mixed-up answers of all requests by 16 clients."""

    def one(index):
        status, content = ask(host, port, body=pictures[index % len(pictures)])
        right = hashlib.sha256(content).hexdigest() == hashes[index % len(pictures)]
        return status != 200, status == 200 and not right

    with ThreadPoolExecutor(CLIENTS) as pool:
        start = time.perf_counter()
        results = list(pool.map(one, range(REQUESTS)))
        seconds = time.perf_counter() - start
    return seconds, sum(failed for failed, _ in results), sum(mixed for _, mixed in results)


def throughput() -> None:
    print(f"throughput: rounds of {REQUESTS} one-megapixel JPEGs, {CLIENTS} clients, in turn with one loop")
    pictures = megapixels()
    ratios, costs, failed, mixed = [], [], 0, 0
    with tempfile.TemporaryDirectory() as name, service() as (process, host, port, _):
        for index, data in enumerate(pictures):
            Path(name, f"{index}.jpg").write_bytes(data)
        command = [sys.executable, __file__, "loop", name]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as alone:
            hashes = json.loads(alone.stdout.readline())
            by_service(host, port, pictures, hashes)  # warm, as the loop is
            for _ in range(ROUNDS):
                print(file=alone.stdin, flush=True)
                seconds, used = json.loads(alone.stdout.readline())
                before = cpu(process)
                served, bad, wrong = by_service(host, port, pictures, hashes)
                ratios.append(seconds / served)
                costs.append((cpu(process) - before) / used)
                failed, mixed = failed + bad, mixed + wrong
                print(f"  loop {REQUESTS / seconds:.2f}/s, service {REQUESTS / served:.2f}/s, ", end="")
                print(f"processor time {costs[-1]:.2f} x; {failed} failed, {mixed} mixed up", flush=True)
            alone.stdin.close()
        peak = memory(process)
    text = (
        f"service / loop = {statistics.median(ratios):.2f} (0.8 asked), processor time {statistics.median(costs):.2f} x"
    )
    check(statistics.median(ratios) >= 0.8, f"{text}; {peak:.2f} GiB")
    check(failed == 0 and mixed == 0, f"{failed} failed, {mixed} mixed up")


# Overload


def overload() -> None:
    print(f"overload: {CROWD} clients at once, a queue of {QUEUE}")
    pictures = megapixels()[:2]
    with service("--queue", str(QUEUE)) as (process, host, port, _), ThreadPoolExecutor(CROWD) as pool:
        start = time.perf_counter()
        answers = list(pool.map(lambda index: ask(host, port, body=pictures[index % 2])[0], range(2 * CROWD)))
        seconds = time.perf_counter() - start
        counts = {status: answers.count(status) for status in sorted(set(answers))}
        check(set(counts) <= {200, 429}, f"answers {counts} in {seconds:.0f} s")
        check(memory(process) <= 1.5, f"peak memory {memory(process):.2f} GiB (1.5 asked)")
        healthy = (
            ask(host, port, "GET", "/healthz")[0],
            ask(host, port, "GET", "/readyz")[0],
            ask(host, port, body=pictures[0])[0],
        )
        check(healthy == (200, 200, 200), f"afterwards {healthy}")


# Attack


def mutants(generator: random.Random):
    """Yield damaged pictures."""
    from diptych.photo import Photo, encode

    noise = np.random.default_rng(0)
    whole = [
        encode(Photo(noise.integers(0, 60, (20, 30, 3)).astype(kind)), name)
        for name, kind in (
            ("jpeg", "uint8"),
            ("png", "uint8"),
            ("png", "uint16"),
            ("tiff", "uint16"),
            ("webp", "uint8"),
            ("bmp", "uint8"),
        )
    ]
    for index in range(MUTANTS):
        data = bytearray(whole[index % len(whole)])
        for _ in range(generator.choice((1, 1, 2, 4, 16))):
            place = generator.randrange(min(len(data), generator.choice((64, len(data)))))
            value = generator.choice(
                (bytes([generator.randrange(256)]), b"\xff\xff\xff\xff", b"\x60\xea\0\0", b"\0\0\xea\x60", b"\0" * 4)
            )
            data[place : place + len(value)] = value
        if generator.random() < 0.2:
            del data[generator.randrange(len(data)) :]
        yield bytes(data)


def huge_headers():
    """Yield pictures of 60,000 x 60,000 pixels, as their headers say."""
    side = 60_000
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(99))),
        (b"IEND", b""),
    ]
    yield b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(c, zlib.crc32(n))) for n, c in chunks
    )
    yield b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
    entries = [
        (256, 4, side),
        (257, 4, side),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (278, 4, side),
        (279, 4, 99),
    ]
    rows = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    yield b"II*\0" + struct.pack("<IH", 8, len(entries)) + rows + bytes(4)
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, side, side, 3) + bytes((1, 17, 0, 2, 17, 0, 3, 17, 0))
    yield b"\xff\xd8" + frame + b"\xff\xda" + struct.pack(">HB", 12, 3) + bytes(9) + b"\xff\xd9"


def tricks(host, port) -> list[int]:
    """Ask for files by names, in every place that takes one."""
    paths = [
        f"/page/{trick}"
        for trick in ("../app.py", "%2e%2e/app.py", "..%2fapp.py", "....//app.py", "%00", "../../../../etc/passwd")
    ]
    statuses = [ask(host, port, "GET", path)[0] for path in paths]
    for name in TRICKS:
        step = json.dumps([{"operator": "match_histogram", "reference": name}])
        for query in ({"model": name}, {"recipe": name}, {"steps": step}, {"steps": json.dumps([{"operator": name}])}):
            statuses.append(ask(host, port, path="/v1/enhance?" + urlencode(query), body=b"x")[0])
        statuses.append(ask(host, port, path="/v1/plan?" + urlencode({"recipe": name}), body=b"x")[0])
        form = f'--b\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\nx\r\n--b--\r\n'.encode()
        statuses.append(ask(host, port, body=form, headers={"Content-Type": "multipart/form-data; boundary=b"})[0])
    return statuses


def raw(host, port, data, pause=0.0) -> bytes:
    """Send bytes, wait, close; return the first line of what came back."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=15) as connection:
        connection.sendall(data)
        time.sleep(pause)
        connection.settimeout(0.5)
        with contextlib.suppress(OSError):
            return connection.recv(200).split(b"\r\n")[0]
    return b""


def odd_requests(host, port) -> list[bytes]:
    """Send heads that are too large, cut off or contradict themselves, and bodies that are."""
    head = b"POST /v1/enhance HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
    each = [
        head + b"Content-Length: 1000\r\n\r\nshort", head + b"Content-Length: 2\r\n\r\n\x89PNG and more",
        head + b"Content-Length: -1\r\n\r\n", head + b"Content-Length: 99999999999999999999\r\n\r\n",
        head + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        head + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        head + b"X: " + b"a" * 200_000, b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"\0" * 1000, b"GET / HTTP/1.1\r\n",
        head + b"".join(b"X%d: y\r\n" % index for index in range(5000)) + b"\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]  # fmt: skip
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda data: raw(host, port, data), each * 4))


def hostile() -> None:
    print(f"hostile: {MUTANTS} damaged pictures, tricks, odd requests, slow senders")
    with service("--max-pixels", "2000000", "--timeout", "20", audited=True) as (process, host, port, folder):
        before = {path.name for path in folder.iterdir()}  # ONNX Runtime puts a file of its own there
        quick = "/v1/enhance?" + urlencode({"steps": '[{"operator": "gamma", "gamma": 0.8}]'})
        slow = (
            b"POST /v1/enhance HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 5000\r\n\r\n"
        )
        lazy = [threading.Thread(target=raw, args=(host, port, slow, 10)) for _ in range(12)]
        for thread in lazy:
            thread.start()
        with ThreadPoolExecutor(8) as pool:
            damaged = list(pool.map(lambda data: ask(host, port, path=quick, body=data)[0], mutants(random.Random(0))))
        counts = {status: damaged.count(status) for status in sorted(set(damaged))}
        check(set(counts) <= {200, 413, 422}, f"damaged pictures: {counts}")
        huge = [ask(host, port, body=data)[0] for data in huge_headers()]
        check(set(huge) <= {413, 422}, f"60,000 x 60,000: {huge}")
        tricked = tricks(host, port)
        check(all(400 <= status < 500 for status in tricked), f"tricks: {sorted(set(tricked))}, {len(tricked)} of them")
        odd = odd_requests(host, port)
        check(
            not any(b" 5" in line[:13] for line in odd),
            f"odd requests: {sorted({line.decode('latin-1') for line in odd})}",
        )
        for thread in lazy:
            thread.join()
        check(
            ask(host, port, "GET", "/readyz")[0] == 200 and process.poll() is None,
            f"alive and ready; peak {memory(process):.2f} GiB",
        )
        kept = {path.name for path in folder.iterdir()} - before
        check(not kept, f"files left in its folders: {sorted(kept)}")
        process.terminate()
        process.wait(60)
        check_opened([one for file in folder.glob("opened*.json") for one in json.loads(file.read_text())])


def check_opened(opened: list[str]) -> None:
    code = [
        str(Path(sys.prefix).resolve()),
        str(Path(sys.base_prefix).resolve()),
        str(Path(__file__).resolve().parents[1] / "src"),
        str(sys.prefix),
    ]
    foreign = [one for one in opened if not any(f" {place}" in one for place in code)]
    # The code itself is read, and compiled code is cached beside it; nothing else is touched.
    check(not foreign, f"{len(opened)} files opened, all of the program's own; others: {foreign[:5]}")


def schema() -> None:
    command = shutil.which("schemathesis")
    print("schema: schemathesis over the OpenAPI description")
    if command is None:
        print("  skipped: schemathesis is not installed")
        return
    with service("--max-pixels", "2000000") as (process, host, port, folder):
        done = subprocess.run(
            [command, "run", f"http://{host}:{port}/openapi.json", "--max-examples", "40", "--seed", "1", "--workers", "2",
             "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"],
            capture_output=True, text=True, check=False, timeout=400, cwd=folder,
        )  # fmt: skip
        print("\n".join(f"    {line}" for line in done.stdout.splitlines()[-25:]))
        check(done.returncode == 0 and process.poll() is None, f"schemathesis ends with {done.returncode}")


def main() -> None:
    words = sys.argv[1:]
    if words[:1] == ["serve-audited"]:
        audited()
    elif words[:1] == ["work-audited"]:
        audited_worker(words[1])
    elif words[:1] == ["loop"]:
        loop(Path(words[1]))
    else:
        parts = {"throughput": throughput, "overload": overload, "hostile": hostile, "schema": schema}
        for word in words or parts:
            start = time.perf_counter()
            parts[word]()
            print(f"  {time.perf_counter() - start:.0f} s", flush=True)
        sys.exit(1 if misses else 0)


if __name__ == "__main__":
    main()
