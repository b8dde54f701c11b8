"""A catalogue is a package: one public thing per file, the file named as the thing, and no list to edit."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Any

from diptych.core.errors import UnknownNameError, did_you_mean


def names_in(package: ModuleType) -> tuple[str, ...]:
    """Return the names of a catalogue's things: its files without a leading underscore, sorted."""
    return tuple(sorted(info.name for info in pkgutil.iter_modules(package.__path__) if not info.name.startswith("_")))


def get_from(package: ModuleType, name: str, kind: str) -> Any:
    """Return the thing of this name; raise `UnknownNameError` with the closest one. `kind` says what was looked for."""
    names = names_in(package)
    if name not in names:
        raise UnknownNameError(f"no {kind} named '{name}'{did_you_mean(name, names)}")
    importlib.import_module(f"{package.__name__}.{name}")
    return getattr(package, name)


class CatalogueModule(ModuleType):
    """The class that a catalogue's package gives itself.

    Importing ``diptych.operators.gamma`` would bind the name ``gamma`` to the module; here it binds to the function in it.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and hasattr(value, name):
            value = getattr(value, name)
        super().__setattr__(name, value)
