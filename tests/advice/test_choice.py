"""The rule, on scores that are made up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from diptych.advice.candidates import Candidate, Complexity, of_recipe
from diptych.advice.choice import Measured, _begins_simpler, choose
from diptych.advice.evaluator import DomainEvaluator, Scores
from diptych.recipes import Recipe, step

EVALUATOR = object.__new__(DomainEvaluator)  # its margin and its words are all that is needed


def one(name, complexity, shares, *, steps=1, alarms=()):
    shares = tuple(float(share) for share in shares)
    scores = Scores(float(np.mean(shares)), shares)
    return Measured(Candidate(name, Recipe(), complexity, steps), scores, None, 0.0, alarms)


def around(mean, *, count=12, seed=0, spread=0.02):
    values = np.random.default_rng(seed).normal(0, spread, count)
    return mean + values - values.mean()


NOTHING = one("untouched", Complexity.NOTHING, around(0.37, seed=1), steps=0)


def test_the_best_wins_if_everything_simpler_is_significantly_worse():
    found = choose(
        [
            NOTHING,
            one("stretch", Complexity.CLASSICAL, around(0.6, seed=2)),
            one("net", Complexity.MODEL, around(0.8, seed=3)),
        ],
        EVALUATOR,
    )
    assert found.recommended.candidate.name == "net"
    assert "the best that was tried" in found.why
    assert "'stretch', the best of those that are simpler, is behind the best by 0.200" in found.why


@pytest.mark.parametrize(("spread", "mean"), [(0.3, 0.785), (0.001, 0.795)])
def test_the_simpler_one_wins_if_the_difference_is_noise_or_too_small(spread, mean):
    simple = one("stretch", Complexity.CLASSICAL, around(mean, seed=2, spread=spread))
    found = choose([NOTHING, simple, one("net", Complexity.MODEL, around(0.8, seed=3, spread=0.001))], EVALUATOR)
    assert found.best.candidate.name == "net"
    assert found.recommended is simple
    assert ("within chance" if spread > 0.1 else "too little to matter") in found.why


def test_a_large_difference_counts_even_if_it_may_be_chance_but_pictures_are_then_left_alone():
    net = one("net", Complexity.MODEL, around(0.8, seed=3, spread=0.001))
    simple = one("stretch", Complexity.CLASSICAL, around(0.75, seed=2, spread=0.3))
    assert choose([NOTHING, simple, net], EVALUATOR).recommended is net
    as_it_is = one("untouched", Complexity.NOTHING, around(0.75, seed=2, spread=0.3), steps=0)
    assert choose([as_it_is, net], EVALUATOR).recommended is as_it_is


def test_what_other_pictures_of_the_target_would_change_widens_the_interval():
    def of(name, mean, target_shares):
        found = one(name, Complexity.CLASSICAL, around(mean, seed=2, spread=0.001))
        return replace(found, scores=replace(found.scores, target_shares=tuple(target_shares)))

    first, second = (
        of("first", 0.8, around(0.8, seed=3, spread=0.2)),
        of("second", 0.785, around(0.785, seed=4, spread=0.2)),
    )
    known = [replace(found, scores=replace(found.scores, target_shares=())) for found in (first, second)]
    assert choose(known, EVALUATOR).gaps[1].worse
    gap = choose([first, second], EVALUATOR).gaps[1]
    assert not gap.worse
    assert gap.verdict == "noise"
    assert gap.interval[0] < 0 < gap.interval[1]


def test_the_order_of_complexity():
    shares = around(0.8)
    everything = [
        one("trained", Complexity.TRAINED, shares),
        one("net", Complexity.MODEL, shares),
        one("denoise", Complexity.DENOISING, shares, steps=1),
        one("three", Complexity.CLASSICAL, shares, steps=3),
        one("two", Complexity.CLASSICAL, shares, steps=2),
    ]
    for left in range(len(everything)):
        found = choose([NOTHING, *everything[: len(everything) - left]], EVALUATOR)
        assert found.recommended.candidate.name == everything[len(everything) - left - 1].candidate.name


def test_of_equally_complex_ones_the_better():
    a, b = (one(name, Complexity.CLASSICAL, around(mean)) for name, mean in (("a", 0.79), ("b", 0.8)))
    assert choose([NOTHING, a, b], EVALUATOR).recommended is b


def test_nothing_is_recommended_where_nothing_helps():
    found = choose([NOTHING, one("stretch", Complexity.CLASSICAL, around(0.3))], EVALUATOR)
    assert found.recommended is NOTHING
    assert found.why == "leave the pictures as they are: nothing that was tried is better."
    found = choose([NOTHING, one("stretch", Complexity.CLASSICAL, around(0.38, spread=0.2))], EVALUATOR)
    assert found.recommended is NOTHING
    assert "gains 0.010" in found.why


def test_what_has_an_alarm_is_out_however_good_it_looks():
    turned = one("net", Complexity.MODEL, around(0.99), alarms=("out is dark where in is bright",))
    stretch = one("stretch", Complexity.CLASSICAL, around(0.6))
    found = choose([NOTHING, turned, stretch], EVALUATOR)
    assert found.best is found.recommended is stretch


def test_with_few_pictures_the_margin_decides():
    few = {"count": 3, "spread": 0.0}
    nothing = one("untouched", Complexity.NOTHING, around(0.37, **few), steps=0)
    near, best = (
        one(name, complexity, around(mean, **few))
        for name, complexity, mean in (("near", Complexity.CLASSICAL, 0.795), ("net", Complexity.MODEL, 0.8))
    )
    assert choose([nothing, near, best], EVALUATOR).recommended is near
    far = one("far", Complexity.CLASSICAL, around(0.7, **few))
    found = choose([nothing, far, best], EVALUATOR)
    assert found.recommended is best
    assert "too few pictures for an interval" in found.why


def test_a_step_less_has_the_benefit_of_the_doubt():
    longer, shorter, other = (
        of_recipe(name, Recipe(*steps))
        for name, steps in (
            ("long", (step("white_balance"), step("stretch"))),
            ("short", (step("stretch"),)),
            ("other", (step("gamma"),)),
        )
    )
    assert _begins_simpler(shorter, longer)
    assert not _begins_simpler(other, longer)
    assert not _begins_simpler(longer, shorter)
    assert _begins_simpler(of_recipe("nothing", Recipe()), longer)


def test_noisy_pictures_are_denoised_unless_that_costs_much(monkeypatch):
    plain = one("stretch", Complexity.CLASSICAL, around(0.7, seed=2))
    twin = one("denoise, stretch", Complexity.DENOISING, around(0.69, seed=3), steps=2)
    assert choose([NOTHING, plain, twin], EVALUATOR).recommended is plain
    monkeypatch.setattr(EVALUATOR, "noisier", True)
    assert choose([NOTHING, plain, twin], EVALUATOR).recommended is twin
    worse = one("denoise, stretch", Complexity.DENOISING, around(0.67, seed=3), steps=2)
    assert choose([NOTHING, plain, worse], EVALUATOR).recommended is plain
