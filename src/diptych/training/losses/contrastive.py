"""Contrastive loss of patches: each is to resemble its own more than the others of the same picture."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from diptych.core.errors import ParameterError
from diptych.training.losses.structure import exact


def contrastive(query: Tensor, key: Tensor, *, temperature: float = 0.07) -> Tensor:
    """How hard it is to tell, from what a place of the output says, which place of the input it comes from (PatchNCE).

    ``mean over places i of -log (exp(q_i k_i / t) / sum over places j of exp(q_i k_j / t))``, in each picture by itself.

    Parameters
    ----------
    query, key : Tensor, shape (N, places, D)
        Vectors of length 1 for places of the output, and for the same places of the input; the latter detached by the caller
        where only the output is to change.
    temperature : float
        t.

    Returns
    -------
    Tensor
        A scalar; ``log(places)`` where nothing can be told.

    Raises
    ------
    ParameterError
        If the temperature is not above 0.

    References
    ----------
    Park, Efros, Zhang and Zhu, Contrastive Learning for Unpaired Image-to-Image Translation, ECCV 2020, equations 2 and 3.

    Examples
    --------
    >>> same = torch.ones(1, 4, 1)
    >>> round(float(contrastive(same, same).exp()), 3)
    4.0
    """
    if not temperature > 0:
        raise ParameterError(f"contrastive: temperature = {temperature} is not allowed; give a number above 0")
    with torch.autocast(query.device.type, enabled=False):
        likeness = exact(query) @ exact(key).transpose(1, 2) / temperature
        own = torch.arange(likeness.shape[1], device=likeness.device).expand(likeness.shape[:2])
        return F.cross_entropy(likeness.flatten(0, 1), own.flatten())
