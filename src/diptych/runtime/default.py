"""The default enhancer: a planner, whose plan is done; and the file of the model in the package."""

from __future__ import annotations

import functools
from importlib import resources
from pathlib import Path

from diptych.core.enhancer import EnhancerSpec, Profile
from diptych.core.errors import ParameterError, UnknownNameError
from diptych.core.wishes import Wishes
from diptych.recipes import Planned
from diptych.runtime.corrected import CorrectedPlanner
from diptych.runtime.denoiser import OnnxDenoiser

DEFAULT = "default"
"""Name of the default enhancer."""

PACKAGED = "low_light"
"""Name of the model in the package that plans."""

DENOISER = "denoise"
"""Name of the model in the package that takes noise away."""

PACKAGED_MODELS = (PACKAGED, DENOISER)
"""Names of the models in the package."""

_NOISE_SIDE = 320
"""Of the profile fast, which takes no noise away: it only says how far shadows may be opened."""


def default_model(name: str = PACKAGED) -> Path:
    """Return the file of a model in the package.

    Parameters
    ----------
    name : {"low_light", "denoise"}
        The one that plans, or the one that takes noise away.

    Raises
    ------
    UnknownNameError
        If this installation does not have it.

    Examples
    --------
    >>> default_model("low_light").suffix
    '.onnx'
    """
    path = Path(str(resources.files("diptych"))) / "models" / f"{name}.onnx"
    if not path.is_file():
        raise UnknownNameError(
            f"{path}: this installation has no model of its own; give the file of one, or use the recipe auto"
        )
    return path


@functools.cache
def packaged_denoiser() -> OnnxDenoiser:
    """Return the denoiser in the package.

    Raises
    ------
    UnknownNameError
        If this installation has none.

    Examples
    --------
    ``packaged_denoiser()(image)``
    """
    return OnnxDenoiser(default_model(DENOISER))


class DefaultEnhancer(Planned):
    """What enhances if nothing else is named: plans what a picture calls for, and does it. The planner
    is `auto`, corrected by the model in the package where a picture got too little light.

    Parameters
    ----------
    profile : {"best", "fast"}
        ``fast`` leaves the noise as it is.

    Raises
    ------
    ParameterError
        If there is no such profile.
    UnknownNameError
        If this installation has no model.

    Examples
    --------
    >>> import numpy as np
    >>> dark = np.linspace(0, 24, 60 * 80 * 3).reshape(60, 80, 3).astype(np.uint8)
    >>> bool(DefaultEnhancer(profile="fast")(dark).mean() > 2 * dark.mean())
    True
    """

    def __init__(self, *, profile: Profile = "best") -> None:
        if profile not in ("best", "fast"):
            raise ParameterError(f"profile = {profile!r} is not allowed; give best or fast")
        side = _NOISE_SIDE if profile == "fast" else None
        denoiser = packaged_denoiser if profile == "best" else None
        planner = CorrectedPlanner(default_model(), name=DEFAULT, denoiser=denoiser, noise_side=side)
        super().__init__(planner, Wishes(denoise=-1) if profile == "fast" else Wishes())

    @property
    def spec(self) -> EnhancerSpec:
        """Name and summary."""
        return EnhancerSpec(
            DEFAULT, "Plans what a picture calls for, and does it.", ("best", "fast"), by_rows=self.planner.spec.by_rows
        )
