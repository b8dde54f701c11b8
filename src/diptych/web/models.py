"""The models and recipes that requests can name: those of the package and of the files given at the start, and no others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np

from diptych import operators
from diptych.core.enhancer import Enhancer, Profile
from diptych.core.errors import ParameterError, RecipeError, UnknownNameError, did_you_mean
from diptych.recipes import Recipe, catalogue
from diptych.runtime import open_enhancer
from diptych.runtime.bundle import Bundle, bundle_of, read_bundle
from diptych.runtime.default import DEFAULT, PACKAGED_MODELS, DefaultEnhancer, default_model

File: TypeAlias = "tuple[str, str, str, int] | list[Any]"


class ModelRegistry:
    """Opened models and recipes by name.

    Parameters
    ----------
    files : iterable of (kind, name, path, length)
        Files of ``models`` and ``recipes``; the path names the file in messages.
    content : bytes
        The content of the files, one after the other.
    extra : mapping of str to Enhancer, optional
        Further recipes.

    Raises
    ------
    BundleError, RecipeError
        If a file is not a valid model or recipe.
    ParameterError
        If a name is already taken, or a recipe needs a model.
    """

    def __init__(
        self, files: Iterable[File] = (), content: bytes = b"", extra: Mapping[str, Enhancer] | None = None
    ) -> None:
        self._open: dict[tuple[str, Profile], Enhancer] = {}
        self._bundles: dict[str, Bundle] = {}
        self._recipes: dict[str, Enhancer] = {name: catalogue.find(name) for name in catalogue.names()} | dict(
            extra or {}
        )
        start = 0
        for kind, name, path, size in files:
            data, start = content[start : start + size], start + size
            if kind == "models":
                self._bundles[name] = bundle_of(data, source=path)
            else:
                _refuse_twice(name, self._recipes, "--recipe")
                self._recipes[name] = _recipe_in(data, path)
        for name in (DEFAULT, *PACKAGED_MODELS):
            _refuse_twice(name, self._bundles, "--model")
        self._bundles = _packaged() | self._bundles
        for name in self.models:
            self.model(name)  # finds bad files now, and spares the first request the wait

    @property
    def models(self) -> tuple[str, ...]:
        """The name of the default enhancer, and those of the models, that of the package first."""
        return (DEFAULT, *self._bundles)

    @property
    def recipes(self) -> tuple[str, ...]:
        """Names of the recipes."""
        return tuple(self._recipes)

    def default(self, *, profile: Profile | None = None, memory: int | None = None) -> Enhancer:
        """Return what enhances when nothing is named."""
        return self.model(DEFAULT, profile=profile)

    def profiles(self, name: str) -> tuple[str, ...]:
        """Return the profiles that a model has."""
        return self.model(name).spec.profiles

    def model(
        self, name: str | os.PathLike[str] | Bundle, *, profile: Profile | None = None, memory: int | None = None
    ) -> Enhancer:
        """Return a model, or the default enhancer, by its name; it is opened once for each profile."""
        if not isinstance(name, str) or name not in self.models:
            raise UnknownNameError(f"no model named '{name}'{did_you_mean(str(name), self.models)}")
        chosen: Profile = profile or "best"
        if chosen != "best" and chosen not in self.profiles(name):
            raise ParameterError(f"the model '{name}' has no profile {chosen}; leave profile out")
        if (name, chosen) not in self._open:
            self._open[name, chosen] = (
                DefaultEnhancer(profile=chosen) if name == DEFAULT else open_enhancer(self._bundles[name])
            )
        return self._open[name, chosen]

    def recipe(self, name: str) -> Enhancer:
        """Return a recipe by its name."""
        if name not in self._recipes:
            raise UnknownNameError(f"no recipe named '{name}'{did_you_mean(name, self._recipes)}")
        return self._recipes[name]

    def warm_up(self) -> None:
        """Run every model once, so that everything is compiled before the first request."""
        picture = np.random.default_rng(0).integers(0, 60, (256, 256, 3)).astype(np.uint8)
        for name in self.models:
            self.model(name)(picture)


def _packaged() -> dict[str, Bundle]:
    try:
        return {name: read_bundle(default_model(name)) for name in PACKAGED_MODELS}
    except UnknownNameError:  # this installation has none
        return {}


def _refuse_twice(name: str, known: Any, option: str) -> None:
    if name in known:
        raise ParameterError(f"{option} {name}=FILE: the name '{name}' is already taken; choose another")


def _recipe_in(data: bytes, source: str) -> Recipe:
    try:
        recipe = Recipe.from_toml(data.decode(), source=source)
    except UnicodeDecodeError:
        raise RecipeError(f"{source}: is not UTF-8 text; give a recipe's TOML file") from None
    for one in recipe.steps:
        if one.operator not in operators.names():
            raise ParameterError(
                f"{source}: step {one.operator} needs a model, which the service does not have; leave it out"
            )
    return recipe
