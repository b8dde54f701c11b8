"""What there is to learn from, and which game is played then: one table.

A game is a `Playable`; one that learns from a single folder is also a `HeldOutGame`, and easily a subclass of
`diptych.training.objectives.single.SingleGame`. Nothing of a game is loaded before it is played.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from diptych.core.errors import ParameterError

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from diptych.training.config import CycleGANConfig, Objective
    from diptych.training.playing import Playable

__all__ = ["FOLDERS", "GAMES", "check_folders", "make_game"]

FOLDERS: dict[Objective, tuple[str, ...]] = {
    "unpaired": ("source", "target"),
    "self": ("source",),
    "refine": ("target",),
}
"""Which folders an objective learns from."""

GAMES: dict[str, str] = {
    "unpaired": "diptych.training.game:Game",
    "render": "diptych.training.render_game:RenderGame",
    "exposure": "diptych.training.self_supervised.zero_reference:ZeroReferenceGame",
    "denoising": "diptych.training.self_supervised.neighbours:NeighbourGame",
    "reconstruction": "diptych.training.self_supervised.reconstruction:ReconstructionGame",
    "refine": "diptych.training.refining.game:RefineGame",
}
"""`CycleGANConfig.game` -> the class that plays it."""

_LETTERS = {"source": "A, the pictures to improve", "target": "B, pictures as they should look"}


def make_game(config: CycleGANConfig, fabric: Fabric) -> Playable:
    """Return the game of a run, at its beginning."""
    module, _, name = GAMES[config.game].partition(":")
    game: Playable = getattr(importlib.import_module(module), name)(config, fabric)
    return game


def check_folders(objective: Objective, *, source: bool, target: bool) -> None:
    """Raise `ParameterError` if a folder that an objective learns from is not given, or one is given besides."""
    needed, given = FOLDERS[objective], {"source": source, "target": target}
    for folder in needed:
        if not given[folder]:
            raise ParameterError(f"objective = {objective} learns from folder {_LETTERS[folder]}; give it")
    for folder, is_given in given.items():
        if is_given and folder not in needed:
            raise ParameterError(
                f"objective = {objective} learns from one folder alone; leave out folder {_LETTERS[folder]}"
            )
