"""Refiners that others have trained: pixel-space pipelines of `diffusers`, from a folder or a hub."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

from diptych.core.errors import BundleError, MissingExtraError
from diptych.training.refining.pipeline_refiner import PipelineRefiner

_NETWORK = "UNet2DModel"
_FLOW = "FlowMatchEulerDiscreteScheduler"
_NOISE = ("DDIMScheduler", "DDPMScheduler", "DPMSolverMultistepScheduler", "EulerDiscreteScheduler", "PNDMScheduler")
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


def load_pipeline(place: str | os.PathLike[str], *, revision: str | None = None) -> PipelineRefiner:
    """Load a pretrained pipeline whose network works on pixels: a `UNet2DModel` and a scheduler.

    Parameters
    ----------
    place : path or str
        A folder as ``save_pretrained`` of `diffusers` writes it (``model_index.json``, ``unet/``, ``scheduler/``), or a name
        ``owner/model`` on the Hugging Face hub. What is a folder is never looked for on the hub.
    revision : str, optional
        On the hub, the branch, tag or commit; give a commit for a result that stays the same.

    Returns
    -------
    PipelineRefiner
        An enhancer; it can also be the model of a step ``refine``.

    Raises
    ------
    BundleError
        If the folder is not there or holds something else, the weights are not a whole safetensors file, or the hub cannot be
        reached.
    MissingExtraError
        If `diffusers` is not installed.

    Notes
    -----
    Only configs and safetensors are read, into classes that `diffusers` has: no pickle, and no code from the place. A scheduler
    of a model of noise is replaced by DDIM's with the same settings, which draws no noise on its way (Song, Meng and Ermon,
    Denoising Diffusion Implicit Models, ICLR 2021).

    Examples
    --------
    >>> refiner = load_pipeline("models/faces")  # doctest: +SKIP
    >>> refined = refiner.refine(image, strength=0.2, steps=4, seed=0)  # doctest: +SKIP
    """
    name = os.fspath(place)
    local = Path(name).is_dir()
    if not local and not _HUB_NAME.fullmatch(name):
        raise BundleError(f"{name}: no such folder, and no name on a hub (owner/model); check the path")
    options: dict[str, Any] = {"revision": revision, "local_files_only": local}
    try:
        scheduler_name = _scheduler_name(_index(name, options), name)
        network = _library().UNet2DModel.from_pretrained(name, subfolder="unet", use_safetensors=True, **options)
        settings = _scheduler_class(scheduler_name).load_config(name, subfolder="scheduler", **options)
    except (BundleError, MissingExtraError):
        raise
    except Exception as error:  # the library's, the hub's and the network's own, which have no common base
        raise BundleError(f"{name}: {_advice(local, error)}") from None
    scheduler = _scheduler_class(scheduler_name).from_config(settings)
    return PipelineRefiner(
        network.eval().requires_grad_(False), scheduler, name=Path(name).name, digest=_digest(network)
    )


def _index(name: str, options: dict[str, Any]) -> dict[str, Any]:
    found = _library().DiffusionPipeline.load_config(name, **options)
    return dict(found)


def _scheduler_name(index: dict[str, Any], name: str) -> str:
    """Return the scheduler of a pipeline that can refine; refuse any other."""
    network, scheduler = (list(index.get(part) or ["", ""])[-1] for part in ("unet", "scheduler"))
    if network != _NETWORK:
        kind = network or "no network named unet"
        raise BundleError(
            f"{name}: its network is {kind}, a refiner's is a {_NETWORK}; give a pipeline that works on pixels"
        )
    others = [part for part in index if not part.startswith("_") and part not in ("unet", "scheduler") and index[part]]
    if others:
        raise BundleError(
            f"{name}: also has {', '.join(others)}, so that it does not work on pixels; give one that does"
        )
    if scheduler != _FLOW and scheduler not in _NOISE:
        raise BundleError(
            f"{name}: its scheduler is {scheduler or 'missing'}; give one with {_FLOW} or {', '.join(_NOISE)}"
        )
    return str(scheduler)


def _scheduler_class(name: str) -> Any:
    return getattr(_library(), _FLOW if name == _FLOW else "DDIMScheduler")


def _advice(local: bool, error: Exception) -> str:
    reason = " ".join(str(error).split())[:160] or type(error).__name__
    if local:
        return f"is not a whole pipeline in safetensors ({reason}); save it again with save_pretrained"
    return f"no such folder here, and the hub cannot be reached or has no such model ({reason}); check name and network"


def _digest(network: Any) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode() + value.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _library() -> Any:
    try:
        import diffusers
    except ModuleNotFoundError as error:
        if error.name != "diffusers":
            raise
        raise MissingExtraError(
            "pipelines need diffusers, which is not installed; pip install 'diptych[refine]'"
        ) from None
    return diffusers
