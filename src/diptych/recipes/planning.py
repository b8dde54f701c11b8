"""Planners: who looks at a picture and writes the recipe for it; and enhancers with the wishes of a user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np

from diptych.core.enhancer import Enhancer, EnhancerSpec
from diptych.core.errors import ParameterError
from diptych.core.image import Image, check_image, from_float, to_float
from diptych.core.noise import NoiseModel, measure_noise
from diptych.core.wishes import WISHES, Wishes
from diptych.recipes.recipe import Recipe
from diptych.recipes.steps import Step
from diptych.recipes.wishes import apply_wishes


@runtime_checkable
class Planner(Protocol):
    """Whatever looks at an image and writes the recipe for it: `auto` by rules, a network by what it has learned."""

    @property
    def spec(self) -> EnhancerSpec:
        """Name and summary, as every enhancer has them."""
        ...

    def plan(self, image: Image, /) -> Recipe:
        """Return the recipe for this image, without applying it."""
        ...

    def spread(self, image: Image, /) -> float:
        """Return how far the exposure that is right may lie from the planned one, in stops: a standard deviation."""
        ...


@runtime_checkable
class Denoising(Protocol):
    """A planner with a denoiser of its own: what a wish for more denoising adds to its plan."""

    def denoising(self, noise: Callable[[], NoiseModel]) -> Step | None:
        """Return the step that takes all of an image's noise away, or None if it has none; `noise` measures it."""
        ...


@dataclass(frozen=True)
class Planned:
    """A planner, with wishes, as an enhancer: plans, then does it. It is a planner itself.

    Parameters
    ----------
    planner : Planner
        Who plans.
    wishes : Wishes
        What is wished on top of the plan.

    Examples
    --------
    >>> from diptych.recipes import auto
    >>> dark = np.linspace(0, 24, 60 * 80 * 3).reshape(60, 80, 3).astype(np.uint8)
    >>> plain, brighter = Planned(auto)(dark), Planned(auto, Wishes(brightness=1))(dark)
    >>> bool(brighter.mean() > plain.mean() > 2 * dark.mean())
    True
    """

    planner: Planner
    wishes: Wishes = field(default_factory=Wishes)

    @property
    def spec(self) -> EnhancerSpec:
        """Those of the planner."""
        return self.planner.spec

    def plan(self, image: Image, /) -> Recipe:
        """Return what is done with an image, without doing it."""
        if self.wishes.strength == 0:
            check_image(image)
            return Recipe(name=self.spec.name)
        return apply_wishes(self.planner.plan(image), self.wishes, lambda: self.denoising(lambda: measure_noise(image)))

    def denoising(self, noise: Callable[[], NoiseModel]) -> Step | None:
        """Return the step that takes all noise away, if the planner is a `Denoising` one."""
        return self.planner.denoising(noise) if isinstance(self.planner, Denoising) else None

    def spread(self, image: Image, /) -> float:
        """Return that of the planner."""
        return self.planner.spread(image)

    def __call__(self, image: Image, /) -> Image:
        """Return the enhanced image: same dtype, same number of axes."""
        return self.plan(image)(image)

    def brighter(self, stops: float) -> Planned:
        """Return the same with a wish for more brightness, or less, as far as it may be wished."""
        bounds = WISHES["brightness"]
        wanted = min(max(self.wishes.brightness + stops, bounds.minimum), bounds.maximum)
        return Planned(self.planner, replace(self.wishes, brightness=wanted))


class Blended:
    """An enhancer of which a part is done: its result over the picture.

    Parameters
    ----------
    enhancer : Enhancer
        Its result must lie on the picture pixel by pixel.
    strength : float
        0 is the picture, bit for bit, 1 the result.

    Raises
    ------
    ParameterError
        If the enhancer is a recipe with geometric steps; when it is called, if the result has another shape.
    """

    def __init__(self, enhancer: Enhancer, strength: float) -> None:
        self._enhancer, self._strength = enhancer, WISHES["strength"].check("strength", strength)
        for one in enhancer.steps if isinstance(enhancer, Recipe) else ():
            if one.declaration.group == "geometry":
                raise ParameterError(f"`strength` cannot blend what the step {one.operator} has moved; leave it out")

    @property
    def spec(self) -> EnhancerSpec:
        """Those of the enhancer, which is not done by rows."""
        return replace(self._enhancer.spec, by_rows=False)

    def __call__(self, image: Image, /) -> Image:
        """Return the blended image: same dtype, same number of axes."""
        if self._strength == 0:
            return check_image(image).copy()
        result = self._enhancer(image)
        if result.shape != image.shape:
            raise ParameterError("`strength` cannot blend a result of another size; leave it out")
        start, end = to_float(image), to_float(result)
        return from_float(start + np.float32(self._strength) * (end - start), image.dtype)


def wished(enhancer: Enhancer, wishes: Wishes) -> Enhancer:
    """Return an enhancer that does what is wished.

    Parameters
    ----------
    enhancer : Enhancer
        If it is a `Planner`, wishes change its plan; of another, a part can be done.
    wishes : Wishes
        Without any, the enhancer comes back as it is.

    Raises
    ------
    ParameterError
        If another wish than `strength` is made of what is no planner.

    Examples
    --------
    ``wished(DefaultEnhancer(), Wishes(strength=0.5))``
    """
    if not wishes.given:
        return enhancer
    if isinstance(enhancer, Planner):
        return Planned(enhancer, wishes)
    if others := [f"`{name}`" for name in wishes.given if name != "strength"]:
        them = "it" if len(others) == 1 else "them"
        why, instead = "which does not plan", "take the default enhancer"
        if isinstance(enhancer, Recipe):
            why, instead = "a recipe, whose numbers are fixed", f"change its numbers, or give {them} when it is planned"
        raise ParameterError(
            f"{' and '.join(others)} cannot be wished of '{enhancer.spec.name}', {why}; leave {them} out, or {instead}"
        )
    return Blended(enhancer, wishes.strength)
