"""The classical operators, one per file, the file named as the operator.

``diptych.operators.gamma`` is the function; its file is read when it is first asked for. The catalogue is this folder:
a new file is a new operator, with no list to edit.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from types import ModuleType
from typing import Any

from diptych.core.errors import UnknownNameError, did_you_mean
from diptych.core.operator import Declaration, OperatorFunction


def names() -> tuple[str, ...]:
    """Return the names of all operators, sorted.

    >>> "gamma" in names()
    True
    """
    return tuple(sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_")))


def get(name: str) -> OperatorFunction:
    """Return the operator of this name; raise `UnknownNameError` with the closest one.

    >>> get("gamma").declaration.group
    'tone'
    """
    if name not in names():
        raise UnknownNameError(f"no operator named '{name}'{did_you_mean(name, names())}")
    importlib.import_module(f"{__name__}.{name}")
    function: OperatorFunction = globals()[name]
    return function


def declaration(name: str) -> Declaration:
    """Return the declaration of the operator of this name (see `diptych.core.operator.Declaration`)."""
    return get(name).declaration


def __getattr__(name: str) -> OperatorFunction:
    try:
        return get(name)
    except UnknownNameError as error:
        raise AttributeError(str(error)) from None


def __dir__() -> list[str]:
    return [*globals(), *names()]


class _Operators(ModuleType):
    # Importing diptych.operators.gamma would bind the name 'gamma' to the module; here it binds to the operator in it.
    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and hasattr(value, name):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Operators
