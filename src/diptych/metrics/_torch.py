"""The metrics that need PyTorch: loading what they need, and saying what is missing."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from diptych.core.color import rgb_of
from diptych.core.errors import MissingExtraError
from diptych.core.image import Image, to_float


def network(name: str, module: str, attribute: str, **options: Any) -> Any:
    """Return ``attribute(**options)`` of a module of torchmetrics; raise `MissingExtraError` if anything for it is missing."""
    try:
        make: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
        return make(**options).eval()
    except ImportError as error:
        raise MissingExtraError(
            f"{name} needs PyTorch and torchmetrics ({error}); install them with: pip install 'diptych[metrics]'"
        ) from error
    except (OSError, RuntimeError) as error:
        raise MissingExtraError(
            f"{name}: the weights of its network could not be downloaded or read ({error}); "
            f"run it once with network access, or put them into torch's cache (see torch.hub.get_dir)"
        ) from error


def tensor(image: Image, name: str) -> Any:
    """Return an image as a tensor ``(1, 3, H, W)`` of float32 in [0, 1]."""
    import torch

    floats = to_float(rgb_of(image, name)).astype(np.float32, copy=False)
    return torch.from_numpy(np.ascontiguousarray(floats.transpose(2, 0, 1))[np.newaxis].copy())
