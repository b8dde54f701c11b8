"""The house stands: imports go down only, never sideways, and heavy libraries stay in their rooms."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("house", Path(__file__).resolve().parents[1] / "benchmarks" / "house.py")
house = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(house)

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "diptych"

FLOORS = {
    "core": 0,
    "operators": 1,
    "pages": 1,
    "photo": 1,
    "metrics": 1,
    "networks": 1,
    "quality": 2,
    "recipes": 2,
    "data": 3,
    "runtime": 3,
    "large": 4,
    "video": 4,
    "cluster": 5,
    "evaluation": 3,
    "training": 4,
    "advice": 5,
    "export": 5,
    "web": 5,
    "cli": 6,
}

# library -> the rooms that may import it
ROOMS_OF_LIBRARIES = {
    "torch": {"networks", "training", "export", "metrics"},
    "lightning_fabric": {"training"},
    "safetensors": {"training", "export"},
    "diffusers": {"networks"},
    "onnx": {"runtime", "export"},
    "onnxruntime": {"runtime", "export"},
    "tvm": {"runtime", "export"},
    "dask": {"cluster"},
    "distributed": {"cluster"},
    "fsspec": {"cluster"},
    "zarr": {"large"},
    "av": {"video"},
    "typer": {"cli"},
    "fastapi": {"web"},
    "starlette": {"web"},
    "uvicorn": {"web"},
    "prometheus_client": {"web"},
    "rich": {"cli"},
    "jinja2": {"pages"},
    "markupsafe": {"pages"},
    "PIL": {"photo"},
    "tifffile": {"photo"},
    "imagecodecs": {"photo"},
    "cv2": {"operators", "metrics"},
    "llvmlite": {"export"},
    "numba": {"core", "operators", "metrics", "runtime", "video", "cli"},
    "scipy": {"operators", "metrics", "quality", "data", "evaluation"},
    "skimage": {"operators", "metrics", "cli"},
}

FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str | None:
    """Return the room a file is in; None for the files of the package itself."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else None


def imported_modules(tree: ast.AST) -> set[str]:
    """Return every absolute module name that a file imports anywhere, ``from a import b`` also as ``a.b``."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the direction; write them out"
            found |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(path):
    room = room_of(path)
    modules = imported_modules(ast.parse(path.read_text()))
    if room is None:
        return
    for module in modules:
        parts = module.split(".")
        if parts[0] != "diptych" or len(parts) < 2 or parts[1] not in FLOORS or parts[1] == room:
            continue
        assert FLOORS[parts[1]] < FLOORS[room], (
            f"{room} (floor {FLOORS[room]}) imports {module} (floor {FLOORS[parts[1]]})"
        )


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_libraries_stay_in_their_rooms(path):
    for module in imported_modules(ast.parse(path.read_text())):
        library = module.split(".")[0]
        if library in ROOMS_OF_LIBRARIES:
            assert room_of(path) in ROOMS_OF_LIBRARIES[library], f"{library} is imported in {path}"


def test_every_room_has_a_floor():
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms == set(FLOORS)


def test_no_files_import_each_other_in_a_circle():
    """Imports inside functions and for type checkers count: a circle of files is one file in pieces."""
    edges, _ = house.graph()
    assert not house.circles(edges)


def test_no_room_imports_a_private_name_of_another():
    _, private = house.graph()
    assert private == []


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.parent.name in ("operators", "metrics", "core") and path.name != "__init__.py"],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_the_specification_does_not_import_its_accelerator(path):
    modules = imported_modules(ast.parse(path.read_text()))
    assert not [module for module in modules if "._kernels" in module or module.startswith("diptych.operators.tones")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_sizes_and_habits(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "eval", "exec"), f"{path}: {node.func.id}"
        if isinstance(node, ast.Import):
            assert "pickle" not in {alias.name for alias in node.names}
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert length <= 40, f"{path}: {node.name} is {length} lines long"


def test_the_toy_operator_of_the_guide_works(tmp_path):
    """CONTRIBUTING.md shows how to add an operator; its code is the code that is run here."""
    guide = (PACKAGE.parents[1] / "CONTRIBUTING.md").read_text()
    code = guide.split("```python other\n", 1)[1].split("```", 1)[0]
    namespace: dict = {"__name__": "invert"}
    path = tmp_path / "invert.py"
    path.write_text(code)
    exec(compile(code, str(path), "exec"), namespace)
    import numpy as np

    assert namespace["invert"](np.array([[0, 255]], np.uint8), amount=1.0).tolist() == [[255, 0]]
