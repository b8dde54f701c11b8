"""Early stopping keeps the best and knows when to stop."""

from __future__ import annotations

import json

import pytest

from diptych.core.errors import ParameterError
from diptych.training.validation.alarms import Alarm
from diptych.training.validation.early_stopping import EarlyStopping
from diptych.training.validation.metrics import ValidationMetrics


def metrics(step, score, *alarms):
    return ValidationMetrics(
        step=step,
        score=score,
        score_error=0.01,
        parts={"tone": score},
        structure=1.0,
        added=0.0,
        cycle_error=None,
        luma_correlation=1.0,
        worst_correlation=1.0,
        diversity=1.0,
        noise=0.01,
        target_noise=0.01,
        alarms=tuple(Alarm(kind, "words") for kind in alarms),
    )


def test_better_is_higher_and_a_tie_is_no_gain():
    stopping = EarlyStopping(patience=3)
    assert stopping.best is None
    assert [stopping.update(metrics(step, score)) for step, score in enumerate([0.3, 0.2, 0.3, 0.4])] == [
        True,
        False,
        False,
        True,
    ]
    assert stopping.best == metrics(3, 0.4)
    assert not stopping.should_stop


def test_it_stops_after_patience_validations_without_a_gain():
    stopping = EarlyStopping(patience=2)
    for step, score in enumerate([0.5, 0.4]):
        stopping.update(metrics(step, score))
        assert not stopping.should_stop
    stopping.update(metrics(2, 0.45))
    assert stopping.should_stop
    assert stopping.waited == 2


def test_the_warm_up_may_be_best_but_uses_no_patience():
    stopping = EarlyStopping(patience=1, warm_up=3)
    stops = []
    for step, score in enumerate([0.5, 0.1, 0.1, 0.1]):
        stopping.update(metrics(step, score))
        stops.append(stopping.should_stop)
    assert stops == [False, False, False, True]
    assert stopping.best.step == 0


def test_the_score_of_an_earlier_version_is_not_compared_with():
    stopping = EarlyStopping(patience=2)
    stopping.update(metrics(1, 0.9))
    state = stopping.state()
    state["best"] = {"step": 1, "score": 0.95, "domain_distance": 0.1, "alarms": []}
    assert EarlyStopping.from_state(state).update(metrics(2, 0.7))


@pytest.mark.parametrize("kind", ["inversion", "collapse"])
def test_a_fatal_alarm_is_never_best(kind):
    stopping = EarlyStopping(patience=2)
    assert not stopping.update(metrics(0, 0.9, kind))
    assert stopping.best is None
    assert stopping.update(metrics(1, 0.1, "noise", "checkerboard", "hallucination", "unchanged"))
    assert not stopping.update(metrics(2, 0.9, "noise", kind))
    assert stopping.best.step == 1


def test_a_run_of_fatal_alarms_is_stopped():
    stopping = EarlyStopping(patience=3)
    for step in range(3):
        stopping.update(metrics(step, 0.9, "collapse"))
    assert stopping.should_stop
    assert stopping.best is None


@pytest.mark.parametrize("cut", range(8))
def test_a_resumed_run_goes_on_identically(cut):
    scores = [0.1, 0.3, 0.2, 1 / 3, 0.25, 0.2, 0.32, 0.1]
    validations = [metrics(step, score, *(["noise"] if step % 2 else [])) for step, score in enumerate(scores)]
    whole, first = EarlyStopping(patience=4, warm_up=1), EarlyStopping(patience=4, warm_up=1)
    answers = [whole.update(one) for one in validations]
    for one in validations[:cut]:
        first.update(one)
    second = EarlyStopping.from_state(json.loads(json.dumps(first.state())))
    assert [second.update(one) for one in validations[cut:]] == answers[cut:]
    assert second.state() == whole.state()
    assert second.should_stop == whole.should_stop
    assert second.best == whole.best


@pytest.mark.parametrize("bad", [{"patience": 0}, {"patience": 1, "warm_up": -1}])
def test_bounds(bad):
    with pytest.raises(ParameterError, match="EarlyStopping: patience"):
        EarlyStopping(**bad)
