"""Which preset two folders call for: what the score of A against B, as A is, says is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from diptych.core.errors import ParameterError
from diptych.data import PhotoFolder
from diptych.training.config import CONFIGS
from diptych.training.config.presets import detect_channels
from diptych.training.first_result import score_untouched

_LOOK = ("tone", "color", "saturation")
_TEXTURE = ("noise", "detail")
_NOISY = 0.95  # a factor of noise below it is more than a planner takes away


class Suggestion(NamedTuple):
    """A preset, and why: the factors of the score that speak for it."""

    preset: str
    parts: Mapping[str, float]
    why: str


def suggest(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> Suggestion:
    """Return the preset for two folders: a planner for photographs that differ in light and colour, a painter otherwise.

    Parameters
    ----------
    source, target : path
        Folders of the pictures to improve, and of pictures as they should look.

    Returns
    -------
    Suggestion
        ``planner`` if both folders are in colour and tone, colour and saturation cost more of the score than noise and detail
        do; otherwise ``quick``.

    Raises
    ------
    DataError
        If a folder cannot be trained on.
    ParameterError
        If one is grey and the other in colour.
    """
    channels = [detect_channels(path) for path in (source, target)]
    if channels[0] != channels[1]:
        kinds = {1: "grey", 3: "in colour"}
        raise ParameterError(
            f"A is {kinds[channels[0]]} and B {kinds[channels[1]]}, for which no preset is chosen by itself; give two folders "
            "of one kind, or `preset=paper`, which trains between the two"
        )
    if channels[0] == 1:
        return Suggestion(
            "quick", {}, "the pictures are grey: a painter, on top of what the score chooses as first result"
        )
    folders = [PhotoFolder(path, cache_bytes=0) for path in (source, target)]
    parts = score_untouched(*folders)
    look, texture = (_product(parts, names) for names in (_LOOK, _TEXTURE))
    said = ", ".join(f"{name} {parts[name]:.2f}" for name in (*_LOOK, *_TEXTURE))
    if look < texture and parts["noise"] > _NOISY:
        return Suggestion(
            "planner", parts, f"light and colour are what A differs in from B (score of A: {said}): a planner"
        )
    return Suggestion("quick", parts, f"texture is what A differs in from B (score of A: {said}): a painter")


def accepts(preset_of: str, names: Mapping[str, Any]) -> bool:
    """Tell whether settings by name leave the choice open: those of a table, or that another objective lacks, do not."""
    plain = {parameter.name for parameter in CONFIGS[preset_of].settings()}
    return set(names) <= plain


def _product(parts: Mapping[str, float], names: tuple[str, ...]) -> float:
    product = 1.0
    for name in names:
        product *= parts[name]
    return product
