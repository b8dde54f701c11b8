"""What hostile files cost: each file of tests/hostile_files.py, by every way in; exits with 1 if one misses a bound.

    python benchmarks/hostile.py [FOLDER ...] [--ways enhance show large service] [--only NAME]

Processor time and peak memory of the whole command or request, above those for a small picture. Given folders are
measured instead of the generated files. Linux only.
"""

from __future__ import annotations

import argparse
import http.client
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from hostile_files import main as make_files
from hostile_files import small

SECONDS, MIB = 3.0, 400
PATIENCE = float(os.environ.get("PATIENCE", "120"))
WAYS = ("enhance", "show", "large", "service")
PICTURES = (".jpg", ".png", ".tif", ".webp", ".bmp")


@dataclass(frozen=True)
class Cost:
    """Of one file by one way: processor time in s, peak memory in MiB, and what was said."""

    seconds: float
    mib: float
    said: str
    clean: bool


def run(arguments: list[str], folder: Path) -> Cost:
    """Run ``diptych`` with these arguments."""
    with tempfile.TemporaryFile(dir=folder) as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "diptych", *arguments], cwd=folder, stdout=out, stderr=out, start_new_session=True
        )
        deadline = time.monotonic() + PATIENCE
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            if time.monotonic() > deadline:
                process.kill()
            time.sleep(0.02)
        process.returncode = os.waitstatus_to_exitcode(ended[1])
        out.seek(0)
        text = out.read().decode(errors="replace")
    usage = ended[2]
    clean = process.returncode in (0, 1, 2) and "Traceback" not in text
    lines = [line for line in text.splitlines() if line.strip()] or [f"exit code {process.returncode}"]
    said = (
        lines[-1] if not clean else next((line for line in lines if "failed" in line or "diptych:" in line), lines[0])
    )
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said, clean)


def by_command(way: str, file: Path, folder: Path, picture: Path) -> Cost:
    """Enhance the file, or with it; show it; or enhance it by rows."""
    target = str(folder / "out")
    if way == "show":
        return run(["show", str(file)], folder)
    if way == "large":
        options = ["--large", "--overwrite", "--op", "gamma", "gamma=0.5", "-o", target + ".tif"]
        return run(["enhance", *options, str(file)], folder)
    if file.suffix in PICTURES:
        return run(["enhance", "--overwrite", str(file), "-o", target + file.suffix], folder)
    option = "--model" if file.suffix == ".onnx" else "--recipe"
    return run(["enhance", "--overwrite", option, str(file), str(picture), "-o", target + ".png"], folder)


class Service:
    """A running ``diptych serve`` and its processes."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.log = Path(tempfile.mkdtemp(dir=folder)) / "serve.log"
        command = [sys.executable, "-m", "diptych", "serve", "--port", "0", "--workers", "2", *options]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        self.started = time.monotonic()
        self.address = self._address()

    def _address(self) -> tuple[str, int] | None:
        """Return where it listens once it does; None if it has ended."""
        while time.monotonic() - self.started < PATIENCE:
            text = self.text()
            if "http://" in text:
                url = urlsplit(next(word for word in text.split() if word.startswith("http://")).rstrip(";"))
                return str(url.hostname), int(url.port or 0)
            if self.process.poll() is not None:
                return None
            time.sleep(0.05)
        return None

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def processes(self) -> list[int]:
        found, left = [], [self.process.pid]
        while left:
            found.append(left.pop())
            try:
                tasks = Path(f"/proc/{found[-1]}/task").iterdir()
                left += [int(pid) for task in tasks for pid in (task / "children").read_text().split()]
            except OSError:
                continue
        return found

    def seconds(self) -> float:
        """Return the processor time of all its processes."""
        total = 0
        for pid in self.processes():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            total += sum(map(int, fields[11:15]))
        return total / os.sysconf("SC_CLK_TCK")

    def peak(self, *, reset: bool = False) -> float:
        """Return the sum of the peaks of memory of its processes since the last reset, in MiB."""
        total = 0
        for pid in self.processes():
            try:
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                total += next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
                if reset:
                    Path(f"/proc/{pid}/clear_refs").write_text("5")
            except (OSError, StopIteration):
                continue
        return total / 1024

    def post(self, data: bytes) -> Cost:
        """Post a picture and measure until the processes are idle again."""
        host, port = self.address or ("", 0)
        self.peak(reset=True)
        before, started = self.seconds(), time.monotonic()
        try:
            connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
            connection.request("POST", "/v1/enhance", data, {"Content-Type": "application/octet-stream"})
            answer = connection.getresponse()
            body = answer.read()
            said = f"{answer.status} " + (body[:200].decode(errors="replace") if answer.status != 200 else "")
            clean = answer.status in (200, 413, 422)
            connection.close()
        except OSError as error:
            said, clean = f"no answer: {error}", False
        while time.monotonic() - started < PATIENCE:  # work may go on behind an answer
            now = self.seconds()
            time.sleep(0.3)
            if self.seconds() - now < 0.1:
                break
        return Cost(self.seconds() - before, self.peak(), said, clean)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def started_with(file: Path, folder: Path, picture: bytes) -> Cost:
    """Start a service with this model or recipe; if it starts, post a picture to it."""
    option = "--model" if file.suffix == ".onnx" else "--recipe"
    service = Service(folder, option, f"x={file}")
    try:
        if service.address:
            posted = service.post(picture)
            said = "starts; " + posted.said
            return Cost(service.seconds(), service.peak(), said, posted.clean)
        service.process.wait()
        text = service.text()
    finally:
        service.close()
    cost = run(["serve", "--port", "0", option, f"x={file}"], folder)  # ends by itself, so it can be measured whole
    return Cost(cost.seconds, cost.mib, cost.said, "Traceback" not in text and cost.clean)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    misses = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folders = options.folders
        if not folders:
            folders = [folder / "files"]
            make_files(folders[0])
        picture = folder / "small.png"
        picture.write_bytes(small("PNG"))
        flat = folder / "small.tif"
        flat.write_bytes(small("TIFF"))
        files = sorted(file.resolve() for place in folders for file in place.iterdir() if options.only in file.name)
        print(f"{'file':32} {'way':8} {'s':>6} {'MiB':>6}  said")
        for way in options.ways:
            service = Service(folder) if way == "service" else None
            base = (
                service.post(small("PNG"))
                if service
                else by_command(way, flat if way == "large" else picture, folder, picture)
            )
            if service:
                base = service.post(small("PNG"))
            print(f"{'(a small picture)':32} {way:8} {base.seconds:6.2f} {base.mib:6.0f}  {base.said}", flush=True)
            for file in files:
                if file.suffix not in (*PICTURES, ".toml", ".onnx") or (way == "large" and file.suffix != ".tif"):
                    continue
                if service and service.process.poll() is not None:
                    service = Service(folder)
                if service and file.suffix in PICTURES:
                    cost = service.post(file.read_bytes())
                elif service:
                    cost = started_with(file, folder, small("PNG"))
                else:
                    cost = by_command(way, file, folder, picture)
                above, seconds = cost.mib - base.mib, cost.seconds - base.seconds
                good = cost.clean and seconds <= SECONDS and above <= MIB
                misses += not good
                mark = "" if good else "MISS "
                print(f"{file.name[:32]:32} {way:8} {seconds:+6.2f} {above:+6.0f}  {mark}{cost.said[:200]}", flush=True)
            if service:
                service.close()
    print(
        f"{misses} missed: more than {SECONDS:.0f} s of processor time or {MIB} MiB above the small picture, or no clean answer"
    )
    return misses > 0


if __name__ == "__main__":
    sys.exit(main())
