"""Writes what follows from the catalogues: the type stubs of operators and metrics, and the list of public names.

python docs/make_api.py            # tests/test_api_surface.py compares the files with what this makes
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path

import diptych
from diptych import metrics, operators
from diptych.core.operator import Declaration
from diptych.core.parameters import Parameter

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "diptych"
PUBLIC_NAMES = ROOT / "tests" / "public_names.json"
INTERNAL = {"core", "cli", "models", "networks", "pages"}
"""Rooms and folders that nobody but Diptych imports from."""

_HEAD = '''"""Type stub, made by docs/make_api.py."""

'''
_LONGEST = 60  # characters of a default that is written out
_TYPES = {
    "number": "float",
    "integer": "int",
    "flag": "bool",
    "table": "Sequence[Sequence[float]]",
    "image": "Image",
    "model": "Any",
}


def operators_stub() -> str:
    """Return the text of ``operators/__init__.pyi``."""
    declared = [operators.declaration(name) for name in operators.names()]
    return (
        _HEAD
        + """from collections.abc import Sequence
from typing import Literal

from diptych.core.image import Image
from diptych.core.noise import estimate_noise as estimate_noise
from diptych.core.operator import Declaration, OperatorFunction

"""
        + _all_of(operators.__all__)
        + """
def names() -> tuple[str, ...]: ...
def get(name: str) -> OperatorFunction: ...
def declaration(name: str) -> Declaration: ...
"""
        + "".join(_operator(one) for one in declared)
    )


def metrics_stub() -> str:
    """Return the text of ``metrics/__init__.pyi``."""
    found = [
        f"def {name}(image: Image{', reference: Image' * metrics.declaration(name).needs_reference}, /) -> float: ...\n"
        for name in metrics.names()
    ]
    found += [
        f"def {name}(images_a: Iterable[Image], images_b: Iterable[Image], /) -> float: ...\n"
        for name in metrics.set_names()
    ]
    return (
        _HEAD
        + """from collections.abc import Iterable

from diptych.core.image import Image
from diptych.core.metric import MetricDeclaration, MetricFunction, SetMetricFunction
from diptych.metrics import _niqe_model as niqe_model
from diptych.metrics._niqe_model import NiqeModel as NiqeModel
from diptych.metrics._suited import why_unsuited as why_unsuited

"""
        + _all_of(metrics.__all__)
        + """
def names() -> tuple[str, ...]: ...
def set_names() -> tuple[str, ...]: ...
def get(name: str) -> MetricFunction: ...
def get_set(name: str) -> SetMetricFunction: ...
def declaration(name: str) -> MetricDeclaration: ...
def set_declaration(name: str) -> MetricDeclaration: ...
"""
        + "".join(found)
    )


def _all_of(names: list[str]) -> str:
    return "__all__ = [\n" + "".join(f'    "{name}",\n' for name in sorted(names)) + "]\n"


def _operator(declaration: Declaration) -> str:
    main, *others = [f"    {_parameter(one)},\n" for one in declaration.parameters] or [""]
    arguments = "    image: Image,\n    /,\n" + main + "".join(["    *,\n"] * bool(others) + others)
    return f"def {declaration.name}(\n{arguments}) -> Image: ...\n"


def _parameter(parameter: Parameter) -> str:
    kind = _TYPES.get(parameter.kind) or f"Literal[{', '.join(map(_quoted, parameter.choices))}]"
    if parameter.auto:
        kind += ' | Literal["auto"]'
    if parameter.optional:
        kind += " | None"
    if parameter.required:
        return f"{parameter.name}: {kind}"
    default = _quoted(parameter.default) if isinstance(parameter.default, str) else repr(parameter.default)
    return f"{parameter.name}: {kind} = {default if len(default) <= _LONGEST else '...'}"


def _quoted(text: str) -> str:
    return f'"{text}"'


def public_names() -> dict[str, list[str]]:
    """Return the public names of the package and of each of its rooms."""
    rooms = [one.name for one in pkgutil.iter_modules(diptych.__path__) if one.ispkg and one.name not in INTERNAL]
    named = {"diptych": sorted(diptych.__all__)}
    return named | {
        room: sorted(getattr(importlib.import_module(f"diptych.{room}"), "__all__", [])) for room in sorted(rooms)
    }


def files() -> dict[Path, str]:
    """Return what this makes: files and their texts."""
    return {
        PACKAGE / "operators" / "__init__.pyi": operators_stub(),
        PACKAGE / "metrics" / "__init__.pyi": metrics_stub(),
        PUBLIC_NAMES: json.dumps(public_names(), indent=2) + "\n",
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text)
        print(path.relative_to(ROOT))
