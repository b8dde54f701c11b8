"""Nodes of ComfyUI: the enhancer, the recipes, and every operator of Diptych."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch

import diptych as dp
from diptych.core.wishes import WISHES
from diptych.recipes import catalogue


class _Node:
    """What all nodes have: an image in, and an image out. ComfyUI gives and takes float tensors (B, H, W, C) in [0, 1]."""

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "run"
    CATEGORY = "Diptych"
    INPUTS: ClassVar[dict[str, Any]] = {}

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 (ComfyUI's name)
        """Return the inputs, as ComfyUI asks for them."""
        return {"required": {"image": ("IMAGE",), **cls.INPUTS}}

    def run(self, image: torch.Tensor, **values: Any) -> tuple[torch.Tensor]:
        """Return the images after the node."""
        return (_applied(lambda picture: self.work(picture, **values), image),)

    def work(self, picture: np.ndarray, **values: Any) -> np.ndarray:
        """Return one picture (H, W, C) after the node."""
        raise NotImplementedError


class Enhance(_Node):
    """Plans what a picture calls for, with the wishes on top, and does it."""

    INPUTS: ClassVar[dict[str, Any]] = {
        name: ("FLOAT", {"default": wish.neutral, "min": wish.minimum, "max": wish.maximum, "step": 0.05})
        for name, wish in WISHES.items()
    }

    def work(self, picture: np.ndarray, **wishes: float) -> np.ndarray:
        """Return the enhanced picture."""
        return dp.enhance(picture, **wishes)


class NamedRecipe(_Node):
    """Does one of the recipes that have a name."""

    INPUTS: ClassVar[dict[str, Any]] = {"recipe": (list(catalogue.names()),)}

    def work(self, picture: np.ndarray, *, recipe: str) -> np.ndarray:
        """Return the picture after the recipe."""
        return dp.enhance(picture, recipe)


def _operator(name: str) -> type[_Node]:
    declared = dp.operators.declaration(name)

    def work(self: _Node, picture: np.ndarray, **values: Any) -> np.ndarray:
        return declared.function(picture, **{key: _plain(value) for key, value in values.items()})

    inputs = {one.name: found for one in declared.parameters if (found := _input(one)) is not None}
    members = {"INPUTS": inputs, "CATEGORY": f"Diptych/{declared.group}", "work": work}
    return type(name, (_Node,), members | {"__doc__": declared.documentation})


def _input(one: Any) -> tuple[Any, ...] | None:
    """Return the input of a parameter; None for tables and sizes that may be left out."""
    if one.kind == "image":
        return ("IMAGE",)
    if one.kind == "choice":
        return (list(one.choices), {"default": one.default})
    if one.kind == "flag":
        return ("BOOLEAN", {"default": one.default})
    if one.kind == "table" or one.optional:
        return None
    bounds = {"default": one.default, "min": one.minimum, "max": one.maximum}
    if one.kind == "integer":
        return ("INT", bounds | {"step": one.step})
    return ("FLOAT", bounds | {"step": min((one.maximum - one.minimum) / 100, 0.1), "round": False})


def _plain(value: Any) -> Any:
    """Return an image that is a parameter as Diptych takes it: the first of a batch."""
    return _pictures(value)[0] if isinstance(value, torch.Tensor) else value


def _pictures(images: torch.Tensor) -> list[np.ndarray]:
    return [np.clip(one, 0, 1) for one in images.detach().cpu().numpy().astype(np.float32)]


def _applied(work: Callable[[np.ndarray], np.ndarray], images: torch.Tensor) -> torch.Tensor:
    found = []
    for picture in _pictures(images):
        done = work(np.ascontiguousarray(picture[:, :, :3]))
        if picture.shape[2] == 4 and done.shape[:2] == picture.shape[:2]:
            done = np.dstack([done, picture[:, :, 3]])
        found.append(torch.from_numpy(np.ascontiguousarray(done, np.float32)))
    return torch.stack(found).to(images.device)


NODE_CLASS_MAPPINGS = {
    "DiptychEnhance": Enhance,
    "DiptychRecipe": NamedRecipe,
    **{f"Diptych_{name}": _operator(name) for name in dp.operators.names()},
}
NODE_DISPLAY_NAME_MAPPINGS = {
    "DiptychEnhance": "Enhance",
    "DiptychRecipe": "Recipe",
    **{f"Diptych_{name}": name.replace("_", " ") for name in dp.operators.names()},
}
