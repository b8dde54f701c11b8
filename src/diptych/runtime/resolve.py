"""Which enhancer is meant: the one answer, for Python, the command line, the service and the cluster."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

from diptych.core.enhancer import Enhancer, Profile
from diptych.core.errors import ParameterError, UnknownNameError, did_you_mean
from diptych.core.wishes import Wishes
from diptych.recipes import Recipe, Step, auto, catalogue, wished
from diptych.runtime.bundle import Bundle, read_bundle
from diptych.runtime.default import DEFAULT, PACKAGED_MODELS, DefaultEnhancer, default_model, packaged_denoiser
from diptych.runtime.opener import open_enhancer
from diptych.runtime.refiner import STRENGTH, OnnxRefiner, Refined

Source: TypeAlias = "str | os.PathLike[str]"

NO_MODEL = "none"
"""The name of a model that means: without one, by the recipe ``auto``."""

_LIBRARIES = (".so", ".dll", ".dylib")


@dataclass(frozen=True, kw_only=True)
class EnhancerChoice:
    """Which enhancer is meant. Nothing is opened before `resolve_enhancer`; without any field it is the `DefaultEnhancer`.

    At most one of model, recipe and steps is given.

    Attributes
    ----------
    model : str, path or Bundle
        ``default``, which is what no field means; ``low_light`` or ``denoise``, the models in the package; a model's ``.onnx``
        file; or ``none``, which is the recipe ``auto``.
    recipe : str, path or Recipe
        A recipe's name, or its TOML file.
    steps : sequence of Step
        What is done, in order.
    profile : {"best", "fast"}
        Of the default enhancer: ``fast`` takes no noise away. None for ``best``.
    memory : int
        Bytes that a model may take; see `OnnxEnhancer`.
    refiner : path or Bundle
        A refiner's ``.onnx`` file, for what the enhancer has made, or for those steps of the recipe that name it.
    refine_strength, refine_steps, refine_seed : number
        How it refines; see `OnnxRefiner`. None for what the refiner, or the recipe, says.
    wishes : Wishes
        What is wished on top of the plan, see `diptych.recipes.wished`. With a refiner, `strength` is a blend of its result and
        the picture.
    """

    model: Source | Bundle | None = None
    recipe: Source | Recipe | None = None
    steps: Sequence[Step] | None = None
    profile: Profile | None = None
    memory: int | None = None
    refiner: Source | Bundle | None = None
    refine_strength: float | None = None
    refine_steps: int | None = None
    refine_seed: int | None = None
    wishes: Wishes = field(default_factory=Wishes)

    @classmethod
    def named(cls, name: Source) -> EnhancerChoice:
        """Return the choice of a model or a recipe by its name or file."""
        return cls(model=name) if is_model(name) or is_trained(name) else cls(recipe=name)

    @property
    def is_default(self) -> bool:
        """Whether it means the default enhancer."""
        return self.recipe is None and self.steps is None and self.model in (None, DEFAULT)

    def check(self, called: Mapping[str, str] | None = None) -> None:
        """Refuse what excludes each other.

        Parameters
        ----------
        called : mapping, optional
            What the caller calls the fields, for the message.

        Raises
        ------
        ParameterError
            If more than one of model, recipe and steps is given, or an option of what is not there.
        """

        def given(*fields: str) -> str:
            return " and ".join((called or {}).get(one, one) for one in fields if getattr(self, one) is not None)

        def word(field: str) -> str:
            return (called or {}).get(field, field)

        sources = [field for field in ("model", "recipe", "steps") if getattr(self, field) is not None]
        if len(sources) > 1:
            raise ParameterError(f"{given(*sources)} exclude each other; give one of them")
        if (options := given("profile", "memory")) and (sources not in ([], ["model"]) or self.model == NO_MODEL):
            raise ParameterError(f"{options} is for a model; leave it out, or give {word('model')}")
        if self.profile == "fast":
            self._check_fast(word("profile"))
        refining = given("refine_strength", "refine_steps", "refine_seed")
        if refining and self.refiner is None:
            raise ParameterError(f"{refining} is for a refiner; give {word('refiner')}")
        if not (isinstance(self.recipe, Recipe) and "refine" in self.recipe.unbound):
            return
        if self.refiner is None:
            raise ParameterError(f"the recipe refines with a model that it only names; give {word('refiner')}")
        if refining:
            raise ParameterError(f"{refining}: the recipe says how it refines; leave it out, or change the recipe")

    def _check_fast(self, word: str) -> None:
        if self.model not in (None, DEFAULT):
            raise ParameterError(f"{word} fast is for the default enhancer; leave it out")
        if self.wishes.denoise > 0:
            raise ParameterError(f"{word} fast takes no noise away; leave it out, or leave `denoise` out")

    def portable(self, *, called: Mapping[str, str] | None = None) -> EnhancerChoice:
        """Return the same choice with the content of its files in their place, so that it can be resolved on any machine.

        Raises
        ------
        ParameterError
            If fields exclude each other, or a wish is for an enhancer that plans.
        BundleError, RecipeError, UnknownNameError
            If a file is not what it should be, or a name is unknown.
        """
        self.check(called)
        model, recipe = self.model, self.recipe
        if model == NO_MODEL:
            model, recipe = None, auto.spec.name
        elif model == DEFAULT:
            model = None
        elif model is not None:
            model = _bundle(default_model(str(model)) if model in PACKAGED_MODELS else model)
        if self.steps is not None:
            recipe = _recipe_of(self.steps)
        elif recipe is not None and not isinstance(recipe, Recipe):
            found = LOCAL.recipe(os.fspath(recipe))
            recipe = found if isinstance(found, Recipe) else found.spec.name
        refiner = None if self.refiner is None else _bundle(self.refiner)
        portable = replace(self, model=model, recipe=recipe, steps=None, refiner=refiner)
        if self.wishes.given:
            resolve_enhancer(portable)  # whether they can be fulfilled
        return portable

    def fingerprint(self) -> str:
        """Return a hash of all that decides the pixels of a result."""
        from diptych import __version__

        chosen = self.portable()
        recipe = chosen.recipe.to_toml() if isinstance(chosen.recipe, Recipe) else chosen.recipe
        by_default = (
            chosen.model is None and recipe is None
        )  # what plans, with the models in the package as parts of it
        models = [default_model(name) for name in PACKAGED_MODELS] if by_default else [chosen.model]
        settings = (self.profile, self.refine_strength, self.refine_steps, self.refine_seed, self.wishes.given)
        hashes = [
            None if one is None else hashlib.sha256(_bundle(one).model).digest() for one in (*models, chosen.refiner)
        ]
        return hashlib.sha256(repr((__version__, recipe, by_default, settings, hashes)).encode()).hexdigest()


class Registry(Protocol):
    """Where names are looked up."""

    def default(self, *, profile: Profile | None, memory: int | None) -> Enhancer:
        """Return what enhances if nothing is named."""
        ...

    def model(self, name: Source | Bundle, *, profile: Profile | None, memory: int | None) -> Enhancer:
        """Return a model."""
        ...

    def recipe(self, name: str) -> Enhancer:
        """Return a recipe."""
        ...


class LocalRegistry:
    """The default enhancer, the model in the package, the recipes that have a name, and the files of this machine."""

    def default(self, *, profile: Profile | None = None, memory: int | None = None) -> Enhancer:
        """Return the default enhancer, which plans by rules and needs no memory of a model."""
        return DefaultEnhancer(profile=profile or "best")

    def model(self, name: Source | Bundle, *, profile: Profile | None = None, memory: int | None = None) -> Enhancer:
        """Return the default enhancer, the model in the package, or the one in a file."""
        if name == DEFAULT:
            return self.default(profile=profile, memory=memory)
        if name in PACKAGED_MODELS:
            name = default_model(str(name))
        if not isinstance(name, Bundle):
            _refuse_other_files(os.fspath(name))
        return open_enhancer(name, memory=memory)

    def recipe(self, name: str) -> Enhancer:
        """Return the recipe of this name, or the one in a file."""
        if is_model(name):
            raise ParameterError(f"'{name}' is a model and not a recipe; give it as the model")
        return catalogue.find(name)


LOCAL = LocalRegistry()


def resolve_enhancer(
    choice: EnhancerChoice | Source | None = None,
    *,
    registry: Registry = LOCAL,
    called: Mapping[str, str] | None = None,
) -> Enhancer:
    """Return the enhancer that is meant.

    Parameters
    ----------
    choice : EnhancerChoice, str or path, optional
        A choice, or the name or file of a model or a recipe. The default enhancer if it is left out.
    registry : Registry
        Where names are looked up; by default on this machine.
    called : mapping, optional
        What the caller calls the fields of a choice, for error messages: ``{"memory": "--memory"}``.

    Returns
    -------
    Enhancer
        Ready to be called.

    Raises
    ------
    ParameterError
        If fields of the choice exclude each other, one is out of its bounds, or a wish is for an enhancer that plans.
    UnknownNameError
        If a name is unknown.
    BundleError, RecipeError
        If a file is not what it should be.

    Examples
    --------
    >>> resolve_enhancer("auto").spec.name
    'auto'
    """
    if choice is None:
        choice = EnhancerChoice()
    elif not isinstance(choice, EnhancerChoice):
        choice = EnhancerChoice.named(choice)
    choice.check(called)
    first = with_packaged_denoiser(_first(choice, registry))
    if isinstance(first, Recipe) and first.is_unbound:
        replace(choice, recipe=first, steps=None).check(called)
        return wished(first.bind(_refiner(choice)), choice.wishes)
    if choice.refiner is None:
        return wished(first, choice.wishes)
    planned = wished(first, replace(choice.wishes, strength=1))
    return wished(Refined(planned, _refiner(choice)), Wishes(strength=choice.wishes.strength))


def is_trained(name: Source) -> bool:
    """Return whether a name is that of a training's run or generator, which is exported before anything runs it.

    >>> is_trained("runs/night/best.safetensors"), is_trained("evening.onnx")
    (True, False)
    """
    name = os.fspath(name)
    return name.endswith(".safetensors") or os.path.isfile(os.path.join(name, "best.safetensors"))


def is_model(name: Source) -> bool:
    """Return whether a name means a model, in a file or in the package, or the default enhancer, and not a recipe.

    Parameters
    ----------
    name : str or path
        As given for ``--model`` or ``--recipe``.

    Examples
    --------
    >>> is_model("evening.onnx"), is_model("auto")
    (True, False)
    """
    return os.fspath(name) in (DEFAULT, *PACKAGED_MODELS) or os.fspath(name).lower().endswith((".onnx", *_LIBRARIES))


def _first(choice: EnhancerChoice, registry: Registry) -> Enhancer:
    if choice.steps is not None:
        return _recipe_of(choice.steps)
    if choice.recipe is not None:
        return choice.recipe if isinstance(choice.recipe, Recipe) else registry.recipe(os.fspath(choice.recipe))
    if choice.model is None:
        return registry.default(profile=choice.profile, memory=choice.memory)
    if choice.model == NO_MODEL:
        return auto
    return registry.model(choice.model, profile=choice.profile, memory=choice.memory)


def with_packaged_denoiser(enhancer: Enhancer) -> Enhancer:
    """Return a recipe with the denoiser in the package where it names one."""
    if isinstance(enhancer, Recipe) and "denoise" in enhancer.unbound:
        return enhancer.bind(packaged_denoiser())
    return enhancer


def _refiner(choice: EnhancerChoice) -> OnnxRefiner:
    assert choice.refiner is not None
    return OnnxRefiner(
        choice.refiner,
        strength=STRENGTH if choice.refine_strength is None else choice.refine_strength,
        steps=choice.refine_steps,
        seed=choice.refine_seed or 0,
        memory=choice.memory,
    )


def _refuse_other_files(name: str) -> None:
    """Refuse what is no bundle by its name, with what it is."""
    if name.lower().endswith(_LIBRARIES):
        raise ParameterError(f"{name}: a compiled library; run it from Python with TvmEnhancer, or give a .onnx file")
    if name.lower().endswith(".onnx"):
        return
    if name in catalogue.names() or name.endswith(".toml"):
        raise ParameterError(f"'{name}' is a recipe and not a model; give it as the recipe")
    if name.endswith(".safetensors") or os.path.isdir(name):
        raise ParameterError(f"{name}: is not a .onnx file; make one with `diptych export {name} -o MODEL.onnx`")
    names = (DEFAULT, *PACKAGED_MODELS, NO_MODEL)
    known = f"give {', '.join(names)} or a .onnx file"
    if os.path.isfile(name):
        raise ParameterError(f"{name}: is not a .onnx file; {known}")
    close = did_you_mean(name, names).partition("; known")[0]
    raise UnknownNameError(f"no model named '{name}'{close or f'; {known}'}")


def _recipe_of(steps: Sequence[Step]) -> Recipe:
    return Recipe(*steps, name="steps")


def _bundle(source: Source | Bundle) -> Bundle:
    if isinstance(source, Bundle):
        return source
    _refuse_other_files(os.fspath(source))
    return read_bundle(source)
