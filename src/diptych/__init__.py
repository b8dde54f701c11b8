"""Diptych: two folders in, a deployable enhancer out, and a default enhancer that is good as it is.

    import diptych as dp

    photo = dp.read("night.jpg")
    dp.write("day.jpg", dp.enhance(photo))

The names below are the whole public face; they are loaded when they are first used, so that ``import diptych`` costs
NumPy and nothing else.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diptych import metrics, operators
    from diptych.core import errors
    from diptych.core.enhancer import Enhancer
    from diptych.core.errors import DiptychError
    from diptych.core.image import Image
    from diptych.core.operator import operator
    from diptych.evaluation import compare, evaluate
    from diptych.photo import Photo, read, write
    from diptych.recipes import Recipe, Step, auto, step
    from diptych.runtime import enhance, enhance_files, plan

__version__ = "0.2.0"

_HOME = {
    "DiptychError": "diptych.core.errors",
    "Enhancer": "diptych.core.enhancer",
    "Image": "diptych.core.image",
    "Photo": "diptych.photo",
    "Recipe": "diptych.recipes",
    "Step": "diptych.recipes",
    "auto": "diptych.recipes",
    "compare": "diptych.evaluation",
    "enhance": "diptych.runtime",
    "enhance_files": "diptych.runtime",
    "errors": "diptych.core",
    "evaluate": "diptych.evaluation",
    "metrics": "diptych",
    "operator": "diptych.core.operator",
    "operators": "diptych",
    "plan": "diptych.runtime",
    "read": "diptych.photo",
    "step": "diptych.recipes",
    "write": "diptych.photo",
}

__all__ = [
    "DiptychError",
    "Enhancer",
    "Image",
    "Photo",
    "Recipe",
    "Step",
    "auto",
    "compare",
    "enhance",
    "enhance_files",
    "errors",
    "evaluate",
    "metrics",
    "operator",
    "operators",
    "plan",
    "read",
    "step",
    "write",
]


if not TYPE_CHECKING:  # for a type checker, a name that is not above is an error

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module 'diptych' has no attribute '{name}'")
        home = _HOME[name]
        if name in ("errors", "metrics", "operators"):
            return importlib.import_module(f"{home}.{name}")
        value = getattr(importlib.import_module(home), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
