"""The bootstrap says what it should: right coverage, right verdicts, the same answer for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from diptych.evaluation import statistics


def test_the_interval_of_a_skewed_sample_reaches_further_to_the_long_side():
    values = np.random.default_rng(1).lognormal(0, 1, 30)
    low, high = statistics.interval(values)
    percentiles = np.percentile(
        np.random.default_rng(2).choice(values, (10_000, 30)).mean(axis=1), [2.5, 97.5]
    )  # the simple interval, which is symmetric in probability
    assert low > percentiles[0]
    assert high > percentiles[1]
    assert np.allclose((low, high), percentiles, atol=0.6 * values.std() / np.sqrt(30))


def test_the_interval_holds_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    held = 0
    for trial in range(200):
        low, high = statistics.interval(rng.normal(5, 2, 40), seed=trial)
        held += low <= 5 <= high
    assert 0.88 <= held / 200 <= 0.99


def test_chance_alone_rarely_makes_a_verdict():
    rng = np.random.default_rng(4)
    said = [statistics.decide(rng.normal(0, 1, 20), seed=trial)[0] for trial in range(200)]
    assert 0.85 <= said.count("noise") / 200 < 1


def test_same_seed_same_interval_and_resampling_in_parts_changes_nothing(monkeypatch):
    values = np.random.default_rng(5).normal(size=50)
    first = statistics.interval(values, seed=9)
    assert first == statistics.interval(values, seed=9)
    assert first != statistics.interval(values, seed=10)
    monkeypatch.setattr(statistics, "_AT_ONCE", 50 * 2500)
    assert first == pytest.approx(statistics.interval(values, seed=9))


@pytest.mark.parametrize(
    ("differences", "said"),
    [
        ([0.5, 0.6, 0.4, 0.5, 0.7, 0.3], "first"),
        ([-0.5, -0.6, -0.4, -0.5, -0.7, -0.3], "second"),
        ([0.5, -0.6, 0.4, -0.5, 0.7, -0.3], "noise"),
        ([0.5, 0.6, 0.4, 0.5, 0.7], "few"),
        ([1.0], "few"),
        ([], "few"),
        ([0.0] * 8, "same"),
    ],
)
def test_verdicts(differences, said):
    assert statistics.decide(differences)[0] == said


def test_one_value_has_no_interval():
    assert statistics.interval([3.0]) is None


@pytest.mark.parametrize("count", [2, 3, 50])
def test_equal_values_give_a_point(count):
    assert statistics.interval([3.0] * count) == (3.0, 3.0)
    low, high = statistics.interval([0.1 + 0.2, *[0.3] * (count - 1)])  # equal but for rounding
    assert low == high == pytest.approx(0.3)


@pytest.mark.parametrize("values", [[1.0, 2.0], [0.0, 0.0, 1.0], [-5.0, 1e-9, 5.0], [1e-300, 2e-300, 5e-300]])
def test_few_values_give_a_finite_interval_around_their_mean(values):
    low, high = statistics.interval(values)
    rounding = 1e-12 * np.ptp(values)
    assert min(values) - rounding <= low <= np.mean(values) <= high <= max(values) + rounding
