"""A catalogue is a package: one public thing per file, the file named as the thing, and no list to edit.

Beside the things lie their faster paths in ``_kernels``. A thing never imports them: whoever calls it asks `kernels_of`.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from types import ModuleType
from typing import Any

from diptych.core.errors import UnknownNameError, did_you_mean


def names_in(package: ModuleType) -> tuple[str, ...]:
    """Return the names of a catalogue's things, sorted: its files without a leading underscore; folders do not count."""
    files = [info.name for info in pkgutil.iter_modules(package.__path__) if not info.ispkg]
    return tuple(sorted(name for name in files if not name.startswith("_")))


def get_from(package: ModuleType, name: str, kind: str) -> Any:
    """Return the thing of this name; raise `UnknownNameError` with the closest one. `kind` says what was looked for."""
    names = names_in(package)
    if name not in names:
        raise UnknownNameError(f"no {kind} named '{name}'{did_you_mean(name, names)}")
    importlib.import_module(f"{package.__name__}.{name}")
    return getattr(package, name)


@functools.cache
def kernels_of(module: str, name: str = "") -> ModuleType | None:
    """Return the file of faster paths that belongs to a module of a catalogue, or None if there is none.

    Parameters
    ----------
    module : str
        Full name of the module of the thing, e.g. ``diptych.operators.gamma``.
    name : str
        Name of the file in ``_kernels``; by default that of the module.
    """
    package, _, own = module.rpartition(".")
    if not package:  # a thing of a script or a notebook
        return None
    kernels = f"{package}._kernels.{name or own}"
    try:
        return importlib.import_module(kernels)
    except ModuleNotFoundError as error:
        if error.name is None or not kernels.startswith(error.name):
            raise
        return None


class CatalogueModule(ModuleType):
    """The class that a catalogue's package gives itself: what has a name in the package is read when it is first asked for.

    The package says ``_KIND``, what its things are called; ``_GETTERS``, pairs of functions that list names and that get a
    thing by its name; and ``_ELSEWHERE``, the modules of other names. Importing ``diptych.operators.gamma`` would bind the name
    ``gamma`` to the module; here it binds to the function in it.
    """

    def __getattr__(self, name: str) -> Any:
        said = vars(self)
        elsewhere, known = said.get("_ELSEWHERE", {}), []
        if name in elsewhere:
            module = importlib.import_module(elsewhere[name])
            return module if module.__name__.endswith(f"._{name}") else getattr(module, name)
        for names, get in said.get("_GETTERS", ()):
            if name in names():
                return get(name)
            known += names()
        hint = did_you_mean(name, [*known, *elsewhere])
        raise AttributeError(f"no {said.get('_KIND', 'name')} named '{name}'{hint}")

    def __dir__(self) -> list[str]:
        return sorted({*vars(self), *vars(self).get("__all__", ())})

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and hasattr(value, name):
            value = getattr(value, name)
        super().__setattr__(name, value)
