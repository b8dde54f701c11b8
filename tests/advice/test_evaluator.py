"""The evaluators: what is better scores higher, and the shares of the pictures are what the bootstrap needs."""

from __future__ import annotations

import numpy as np
import pytest

from diptych.advice.evaluator import DomainEvaluator, ReferenceEvaluator, niqe_of
from diptych.core.image import to_float
from diptych.quality.score import DomainScore, MeasuredPicture
from training_helpers import as_bytes, clean_picture, degraded


@pytest.fixture(scope="module")
def toy():
    """Return (sources, their originals, other clean pictures)."""
    draw = np.random.default_rng(5)
    clean = [clean_picture(draw) for _ in range(16)]
    return [as_bytes(degraded(image, draw)) for image in clean[:8]], [as_bytes(image) for image in clean[:8]], clean[8:]


def test_by_domain_the_truth_is_better_than_a_gain_and_that_than_nothing(toy):
    sources, truth, targets = toy
    evaluator = DomainEvaluator(sources, targets)
    gained = [np.clip(4 * image.astype(np.int64), 0, 255).astype(np.uint8) for image in sources]
    nothing, some, best = (evaluator.evaluate(outputs) for outputs in (sources, gained, truth))
    assert nothing.value + 0.05 < some.value < best.value - 0.05
    assert min(nothing.figures, key=nothing.figures.get) == "tone"
    assert nothing.error > 0


def test_by_domain_other_pictures_of_the_target_are_worse_than_nothing(toy):
    sources, _, targets = toy
    evaluator = DomainEvaluator(sources, targets)
    scores = evaluator.evaluate([as_bytes(image) for image in targets])
    assert min(scores.figures, key=scores.figures.get) == "structure"
    assert scores.figures["tone"] > 0.95
    assert scores.value < evaluator.evaluate(sources).value


def test_the_shares_have_the_value_as_their_mean_and_the_spread_of_a_bootstrap(toy):
    sources, truth, targets = toy
    scores = DomainEvaluator(sources, targets).evaluate(truth)
    assert np.mean(scores.shares) == pytest.approx(scores.value)
    draw, count = np.random.default_rng(0), len(truth)
    wanted, outputs = (
        [MeasuredPicture.of(to_float(image).astype(np.float32)) for image in side] for side in (targets, truth)
    )
    score, added = DomainScore(wanted), np.full(count, 0.1)
    whole = score.score(outputs, added)
    resampled = [score.score([outputs[i] for i in draw.integers(0, count, count)], added).value for _ in range(300)]
    error = np.std(whole.shares, ddof=1) / np.sqrt(count)
    assert 0.5 < error / np.std(resampled) < 2.5
    assert whole.error >= error


def test_by_references_only_the_truth_has_everything(toy):
    sources, truth, _ = toy
    evaluator = ReferenceEvaluator(truth)
    noisy = [
        np.clip(image + np.random.default_rng(0).normal(0, 8, image.shape), 0, 255).astype(np.uint8) for image in truth
    ]
    nothing, some, best = (evaluator.evaluate(outputs) for outputs in (sources, noisy, truth))
    assert nothing.value < some.value < best.value == 60.0
    assert best.figures["ssim"] == pytest.approx(1)
    assert np.mean(some.shares) == pytest.approx(some.value)


def test_niqe_is_left_out_where_there_is_none():
    grain = np.random.default_rng(0).integers(0, 256, (96, 192, 3), np.uint8)
    assert niqe_of([grain]) > 0
    assert niqe_of([np.zeros((96, 192, 1), np.uint8)]) is None
    assert niqe_of([grain[:50], grain[:, :, :2]]) is None
