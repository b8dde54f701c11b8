"""Small generators, exported once, and pictures."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'diptych[train]'")
pytest.importorskip("onnxscript", reason="onnxscript is not installed: pip install 'diptych[export]'")

import numpy as np
import torch

from diptych.recipes import Recipe, step
from export_helpers import CONFIGS, generator


@pytest.fixture(autouse=True, scope="session")
def _few_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # small maps gain nothing by a second
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def bundles():
    """Return a bundle of each network, by name."""
    from diptych.export.onnx import to_bundle

    return {name: to_bundle(generator(name)) for name in CONFIGS}


@pytest.fixture(scope="session")
def pictures():
    """Return pieces of photographs of several sizes, uint8."""
    from skimage import data

    dark = (data.coffee()[100:160, 100:163] * 0.2).astype(np.uint8)
    return [data.astronaut()[40:101, 80:157], dark, data.chelsea()[90:154, 100:164], data.astronaut()[300:364, 60:130]]


@pytest.fixture(scope="session")
def recipes():
    """Return recipes of every exportable step, alone and together."""
    rows = ((0.0, 0.4, 1.0), (0.0, 0.1, 0.9), (0.2, 0.5, 0.8))
    return {
        "stretch": Recipe(step("stretch")),
        "each": Recipe(step("stretch", channels="each", low=0, high=100)),
        "gamma": Recipe(step("gamma", gamma=0.5)),
        "levels": Recipe(step("levels", black=0.1, white=0.7, gamma=0.6)),
        "specify": Recipe(step("specify_histogram")),
        "specify each": Recipe(step("specify_histogram", quantiles=rows, amount=0.7)),
        "all": Recipe(step("stretch", low=2), step("gamma", gamma=0.7), step("specify_histogram")),
    }
