"""The house in numbers: files and lines, circles of imports, private names across rooms, and what one picture crosses.

python benchmarks/house.py             # counts, from the syntax trees
python benchmarks/house.py PHOTO       # also runs `diptych enhance PHOTO` twice and traces the second, warm run
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
from collections.abc import Iterator
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


def crossed(photo: str) -> list[tuple[int, str]]:
    """Return the files of the package whose functions a warm ``diptych enhance PHOTO`` calls: thread and file, in order."""
    sys.path.insert(0, str(SOURCE))
    from diptych.cli.app import main

    order: list[tuple[int, str]] = []

    def trace(frame: Any, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(str(PACKAGE)) and code.co_name != "<module>":
            order.append((threading.get_ident(), str(Path(code.co_filename).relative_to(PACKAGE))))

    with tempfile.TemporaryDirectory() as folder:
        for run in ("cold", "warm"):
            sys.argv = ["diptych", "enhance", photo, "-o", f"{folder}/{run}.png"]
            if run == "warm":
                threading.setprofile(trace)
                sys.setprofile(trace)
            try:
                with contextlib.suppress(SystemExit), contextlib.redirect_stderr(io.StringIO()):
                    main()
            finally:
                sys.setprofile(None)
                threading.setprofile(None)  # type: ignore[arg-type]
    return order


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
        order = crossed(sys.argv[1])
        visited = [(thread, path.split("/")[0]) for thread, path in order if "/" in path]
        rooms = sorted({room for _, room in visited})
        changes = 0
        for thread in {thread for thread, _ in visited}:
            own = [room for other, room in visited if other == thread]
            changes += sum(1 for one, other in itertools.pairwise(own) if one != other)
        print(f"diptych enhance, warm: {len(rooms)} rooms, {len({p for _, p in order})} files, {changes} room changes")
        print(f"  {', '.join(rooms)}")
        print(f"  {', '.join(sorted({path for _, path in order}))}")


if __name__ == "__main__":
    main()
