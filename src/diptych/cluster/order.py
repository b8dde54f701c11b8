"""What is to be done with each picture, in words and bytes that travel to other machines."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from diptych.core.enhancer import Enhancer
from diptych.core.errors import BundleError, ParameterError


@dataclass(frozen=True, kw_only=True)
class Order:
    """An enhancer, and how its results are stored.

    Attributes
    ----------
    recipe : str
        The TOML of a recipe, ``"auto"``, or empty for a model.
    model : bytes or None
        The content of a model's file; None, without a recipe, for the model in the package.
    name : str
        What to call the model's file.
    profile : {"best", "fast"} or None
        For a model; None leaves it to the model.
    memory : int or None
        Bytes that a model may take.
    quality : int
        1 to 100, of JPEG and WebP outputs.
    max_pixels : int
        Larger pictures fail.
    """

    recipe: str = ""
    model: bytes | None = None
    name: str = ""
    profile: Literal["best", "fast"] | None = None
    memory: int | None = None
    quality: int = 95
    max_pixels: int = 200_000_000

    @classmethod
    def of_model(
        cls, path: str | os.PathLike[str], *, profile: Literal["best", "fast"] | None = None, memory: int | None = None
    ) -> Order:
        """Return the order for a model's file, whose content goes along."""
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise BundleError(f"{os.fspath(path)}: cannot be read ({error.strerror}); check the path") from None
        return cls(model=content, name=os.fspath(path), profile=profile, memory=memory)

    @property
    def work(self) -> str:
        """Hash of all that decides the bytes of an output."""
        from diptych import __version__
        from diptych.runtime import default_model

        model = self.model
        if model is None and not self.recipe:
            model = default_model().read_bytes()
        parts = [__version__, self.recipe, self.profile, self.quality]
        digest = hashlib.sha256(repr(parts).encode() + hashlib.sha256(model or b"").digest())
        return digest.hexdigest()[:16]

    def enhancer(self) -> Enhancer:
        """Make the enhancer.

        Raises
        ------
        BundleError, RecipeError
            If the model or the recipe is none.
        """
        from diptych.recipes import Recipe, auto
        from diptych.runtime import InTheBox, open_enhancer
        from diptych.runtime.bundle import bundle_of

        if self.recipe:
            return auto if self.recipe == "auto" else Recipe.from_toml(self.recipe)
        if self.model is None:
            return InTheBox(profile=self.profile or "best", memory=self.memory)
        return open_enhancer(
            bundle_of(self.model, source=self.name), memory=self.memory, profile=self.profile or "best"
        )


def check(order: Order) -> None:
    """Refuse an order that cannot be carried out, before it goes to other machines."""
    if order.recipe and order.model is not None:
        raise ParameterError("an order has a recipe or a model, not both; leave one out")
    order.enhancer()
