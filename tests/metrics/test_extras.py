"""The metrics through torchmetrics: what they ask of it, and what they say when it or its weights are missing."""

from __future__ import annotations

import contextlib
import importlib
import sys
import types

import numpy as np
import pytest

from diptych.core.errors import ImageError, MissingExtraError
from diptych.metrics import get, get_set

IMAGE = np.full((40, 48, 3), 255, np.uint8)
METRICS = {
    "lpips": ("image.lpip", "LearnedPerceptualImagePatchSimilarity"),
    "fid": ("image.fid", "FrechetInceptionDistance"),
}


class Stub:
    """Stands for both metrics of torchmetrics; keeps what it was given."""

    problem: Exception | None = None
    made: list[dict] = []  # noqa: RUF012

    def __init__(self, **options):
        if Stub.problem:
            raise Stub.problem
        self.made.append(options)
        self.sets: dict = {True: [], False: []}

    def eval(self):
        return self

    def reset(self):
        self.sets = {True: [], False: []}

    def __call__(self, image, reference):
        assert image.dtype == reference.dtype == np.float32
        assert image.shape == reference.shape == (1, 3, 40, 48)
        return np.abs(image - reference).mean()

    def update(self, image, *, real):
        assert image.dtype == np.float32
        assert image.max() <= 1
        self.sets[real].append(image.mean())

    def compute(self):
        return (np.mean(self.sets[True]) - np.mean(self.sets[False])) ** 2


@pytest.fixture
def torch(monkeypatch):
    """Put stubs of torch and torchmetrics in the place of the real ones."""
    stub = types.ModuleType("torch")
    stub.from_numpy = lambda array: array
    stub.no_grad = contextlib.nullcontext
    monkeypatch.setitem(sys.modules, "torch", stub)
    for name in ("torchmetrics", "torchmetrics.image"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    for module, attribute in METRICS.values():
        one = types.ModuleType(f"torchmetrics.{module}")
        setattr(one, attribute, Stub)
        monkeypatch.setitem(sys.modules, f"torchmetrics.{module}", one)
    monkeypatch.setattr(Stub, "problem", None)
    monkeypatch.setattr(Stub, "made", [])
    forget()
    yield stub
    forget()


@pytest.fixture
def no_torch(monkeypatch):
    """Make torchmetrics impossible to import, also where it is installed."""
    for name in ("torchmetrics", "torchmetrics.image", *(f"torchmetrics.{module}" for module, _ in METRICS.values())):
        monkeypatch.setitem(sys.modules, name, None)
    forget()
    yield
    forget()


def forget():
    """Forget the networks that are loaded."""
    for module in ("diptych.metrics.lpips", "diptych.metrics._sets.fid"):
        importlib.import_module(module)
        sys.modules[module]._distance.cache_clear()


def call(name):
    return get("lpips")(IMAGE, IMAGE) if name == "lpips" else get_set("fid")([IMAGE] * 2, [IMAGE] * 2)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.usefixtures("no_torch")
def test_a_missing_extra_is_named(name):
    with pytest.raises(MissingExtraError, match=rf"{name} needs PyTorch .*pip install 'diptych\[metrics\]'"):
        call(name)
    assert issubclass(MissingExtraError, ImportError)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("problem", [OSError("no network"), RuntimeError("invalid hash value")])
@pytest.mark.usefixtures("torch")
def test_missing_weights_are_named(name, problem, monkeypatch):
    monkeypatch.setattr(Stub, "problem", problem)
    with pytest.raises(MissingExtraError, match=rf"{name}: the weights .*{problem}.*network access"):
        call(name)


@pytest.mark.usefixtures("torch")
def test_a_part_of_the_extra_is_missing(monkeypatch):
    monkeypatch.setattr(Stub, "problem", ModuleNotFoundError("install torch-fidelity"))
    with pytest.raises(MissingExtraError, match="install torch-fidelity"):
        call("fid")


@pytest.mark.usefixtures("torch")
def test_lpips_gives_the_network_images_in_0_1():
    lpips = get("lpips")
    assert lpips(IMAGE, IMAGE) == 0
    assert lpips(IMAGE, IMAGE // 5) == pytest.approx(0.8)
    assert lpips(IMAGE[:, :, 0], IMAGE[:, :, 0] // 5) == pytest.approx(0.8)
    assert lpips((IMAGE // 5).astype(np.uint16) * 257, IMAGE) == pytest.approx(0.8)
    assert Stub.made == [{"net_type": "alex", "normalize": True}]
    with pytest.raises(ImageError, match="4 channels"):
        lpips(np.zeros((40, 48, 4), np.uint8), np.zeros((40, 48, 4), np.uint8))


@pytest.mark.usefixtures("torch")
def test_fid_goes_through_each_set_once_and_starts_anew():
    fid = get_set("fid")
    for _ in range(2):
        assert fid(iter([IMAGE, IMAGE[:20]]), iter([IMAGE // 5] * 3)) == pytest.approx(0.64)
    assert fid([IMAGE] * 2, [IMAGE] * 2) == 0
    assert Stub.made == [{"feature": 2048, "normalize": True}]
    with pytest.raises(ImageError, match="set b has one image"):
        fid([IMAGE] * 2, [IMAGE])
    with pytest.raises(ImageError, match="set a has no images"):
        fid([], [IMAGE])
