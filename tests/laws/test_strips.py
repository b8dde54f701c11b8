"""Large images are worked on in strips: where two strips meet, nothing shows."""

from __future__ import annotations

import numpy as np
import pytest

from diptych import operators
from diptych.core.image import from_float

CASES = [
    ("median", {"size": 3, "border": "mirror"}),
    ("median", {"size": 5}),
    ("uniform", {"size": 3}),
    ("uniform", {"size": 31, "border": "constant"}),
    ("erosion", {"size": 5}),
    ("dilation", {"shape": "disk", "size": 5}),
    ("opening", {"size": 5}),
    ("morphological_gradient", {"size": 3}),
    ("threshold", {"method": "local", "size": 51}),
    ("threshold", {"method": "otsu"}),
    ("flip", {"direction": "vertical"}),
    ("flip", {"direction": "both"}),
    ("crop", {"top": 3, "left": 5}),
    ("rotate", {"angle": 90.0, "reshape": True}),
    ("rotate", {"angle": 270.0, "reshape": True}),
    ("rotate", {"angle": 17.0}),
    ("zoom", {"factor": 0.7}),
    ("log_tone", {"gain": 5.0}),
]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize(("name", "given"), CASES, ids=str)
def test_strips_do_not_show(name, given, dtype, channels, monkeypatch):
    shape = (1400, 900 // channels, channels)
    picture = from_float(np.random.default_rng(0).random(shape, np.float32), np.dtype(dtype))
    results = []
    for threads in ("1", "2", "7"):
        monkeypatch.setenv("DIPTYCH_THREADS", threads)
        results.append(operators.get(name)(picture, **given))
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


@pytest.mark.parametrize("model", ["translation", "euclidean"])
def test_luma_by_strips_aligns_alike(model, monkeypatch):
    y, x = np.mgrid[:300, :400]
    scene = (np.sin(x / 17) * np.cos(y / 23) + np.sin((x + 2 * y) / 41) + 2) / 4
    picture = np.repeat(scene[:, :, np.newaxis], 3, axis=2).astype(np.float32)
    results = []
    for threads in ("1", "3"):
        monkeypatch.setenv("DIPTYCH_THREADS", threads)
        results.append(operators.register(np.roll(picture, 5, axis=1), reference=picture, model=model))
    assert np.array_equal(*results)
