"""The house in numbers: files and lines, circles of imports, private names across rooms, and what one picture crosses.

python benchmarks/house.py             # counts, from the syntax trees
python benchmarks/house.py PHOTO A B   # also traces three journeys, each run once before: enhance, POST, train
"""

from __future__ import annotations

import ast
import contextlib
import io
import itertools
import sys
import tempfile
import threading
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[1] / "src"
PACKAGE = SOURCE / "diptych"


def code_lines(path: Path) -> int:
    """Return the lines of code of a file: without blank lines, comments and docstrings."""
    text = path.read_text()
    kept = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            kept |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            kept -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return sum(1 for number, line in enumerate(text.splitlines(), 1) if number in kept and line.strip())


def room_of(module: str) -> str:
    """Return the room of a module: ``runtime`` of ``diptych.runtime.onnx``, nothing of ``diptych`` itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and (PACKAGE / parts[1]).is_dir() else ""


def modules() -> dict[str, Path]:
    """Return the files of the package by the names of their modules."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield each import of the package as (module, name); the name is empty in ``import module``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.startswith("diptych"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("diptych"):
            yield from ((str(node.module), alias.name) for alias in node.names)


def graph() -> tuple[dict[str, set[str]], list[tuple[str, str, str]]]:
    """Return which module imports which, and the private names that cross from room to room."""
    files = modules()
    edges: dict[str, set[str]] = {name: set() for name in files}
    private = []
    for name, path in files.items():
        for module, item in imports(ast.parse(path.read_text())):
            whole = f"{module}.{item}" if item else module
            target = whole if whole in files else module
            if target in files and target != name and files[target].name != "__init__.py":
                edges[name].add(target)
            crossed = room_of(module) not in ("", room_of(name))
            if crossed and any(part.startswith("_") and not part.startswith("__") for part in whole.split(".")):
                private.append((name, module, item))
    return edges, private


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other in a loop (Tarjan's strongly connected components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(edges[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = []
            while not group or group[-1] != node:
                group.append(stack.pop())
            if len(group) > 1:
                found.append(sorted(group))

    for node in edges:
        if node not in index:
            visit(node)
    return found


class Recorder:
    """Writes down the files of the package whose functions are entered, each with its thread, while it is on.

    It must be installed before the threads that it is to see are started.
    """

    def __init__(self) -> None:
        self.on = False
        self.order: list[tuple[int, str]] = []
        threading.setprofile(self._enter)
        sys.setprofile(self._enter)

    def _enter(self, frame: Any, event: str, _: object) -> None:
        code = frame.f_code
        if self.on and event == "call" and code.co_filename.startswith(str(PACKAGE)) and code.co_name != "<module>":
            self.order.append((threading.get_ident(), str(Path(code.co_filename).relative_to(PACKAGE))))

    def second(self, call: Callable[[], object]) -> list[tuple[int, str]]:
        """Do a call twice and return what the second one enters."""
        call()
        self.on, self.order = True, []
        try:
            call()
        finally:
            self.on = False
        return self.order


def command(*arguments: str) -> Callable[[], None]:
    """Return a call of the command line."""
    from diptych.cli.app import main as run

    def call() -> None:
        sys.argv = ["diptych", *arguments]
        quiet = io.StringIO()
        with contextlib.suppress(SystemExit), contextlib.redirect_stderr(quiet), contextlib.redirect_stdout(quiet):
            run()

    return call


class WorkerHere:
    """Does the work of a worker process in this one, where it can be traced."""

    low = False

    def __init__(self, *_: object, **__: object) -> None:
        from diptych.web import jobs, listings, models

        registry = models.ModelRegistry()
        self.listing = listings.everything(registry)
        self._desk = jobs.Desk(registry, max_pixels=50_000_000, seconds=60)

    def do(self, job: dict, pieces: list) -> tuple:
        """Do a job."""
        from diptych.web import worker

        return worker.answer(self._desk, job, pieces)

    def kill(self) -> None:
        """There is nothing to end."""


def journeys(photo: str, domains: list[str]) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    """Trace what a reader follows: a photo enhanced, one posted to the service, a short training. Each has run before."""
    from starlette.testclient import TestClient

    from diptych.web import crew
    from diptych.web.app import create_app
    from diptych.web.settings import Settings

    crew.Worker = WorkerHere
    recorder = Recorder()
    with tempfile.TemporaryDirectory() as folder:
        output = f"{folder}/day{Path(photo).suffix}"
        yield "diptych enhance", recorder.second(command("enhance", photo, "-o", output, "--overwrite"))
        with TestClient(create_app(Settings())) as client:
            data = Path(photo).read_bytes()
            headers = {"Content-Type": "image/jpeg"}
            yield (
                "POST /v1/enhance",
                recorder.second(lambda: client.post("/v1/enhance", content=data, headers=headers).raise_for_status()),
            )
        if domains:
            small = [f"--set={name}" for name in ("steps=4", "crop=32", "batch=1")]
            runs = iter((f"{folder}/first", f"{folder}/second"))

            def train() -> None:
                command("train", *domains, "--preset", "quick", *small, "-o", next(runs))()

            yield "diptych train A B", recorder.second(train)


def print_journey(name: str, order: list[tuple[int, str]]) -> None:
    """Print how many rooms and files a journey enters, and how often it changes the room, thread by thread."""
    visited = [(thread, path.split("/")[0]) for thread, path in order if "/" in path]
    rooms = sorted({room for _, room in visited})
    changes = 0
    for thread in {thread for thread, _ in visited}:
        own = [room for other, room in visited if other == thread]
        changes += sum(1 for one, other in itertools.pairwise(own) if one != other)
    print(f"{name}, warm: {len(rooms)} rooms, {len({path for _, path in order})} files, {changes} room changes")
    print(f"  {', '.join(sorted({path for _, path in order}))}")


def main() -> None:
    """Print the counts."""
    files = modules()
    edges, private = graph()
    print(f"files: {len(files)}, lines: {sum(len(path.read_text().splitlines()) for path in files.values())}")
    rooms = sorted({room_of(name) for name in files} - {""})
    for room in rooms:
        own = [path for name, path in files.items() if room_of(name) == room]
        print(f"  {room:12} {len(own):4} files {sum(len(path.read_text().splitlines()) for path in own):6} lines")
    code = sum(code_lines(path) for path in files.values())
    tests = sum(code_lines(path) for path in SOURCE.parent.glob("tests/**/*.py"))
    print(f"lines of code: {code}, of tests: {tests}, ratio {tests / code:.2f}")
    loops = circles(edges)
    print(f"circles of files: {len(loops)}")
    for loop in loops:
        print("  " + ", ".join(loop))
    print(f"private names imported from another room: {len(private)}")
    for name, module, item in private:
        print(f"  {name}: {module} {item}")
    if len(sys.argv) > 1:
        sys.path.insert(0, str(SOURCE))
        for name, order in journeys(sys.argv[1], sys.argv[2:4]):
            print_journey(name, order)


if __name__ == "__main__":
    main()
