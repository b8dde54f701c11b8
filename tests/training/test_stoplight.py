"""The stop light keeps the best and knows when to stop."""

from __future__ import annotations

import json

import pytest

from diptych.core.errors import ParameterError
from diptych.training.alarms import Alarm
from diptych.training.readings import Reading
from diptych.training.stoplight import StopLight


def reading(step, score, *alarms):
    return Reading(
        step=step,
        score=score,
        structure=1.0,
        added=0.0,
        domain_distance=0.5,
        cycle_error=None,
        luminance_correlation=1.0,
        worst_correlation=1.0,
        diversity=1.0,
        noise=0.01,
        target_noise=0.01,
        alarms=tuple(Alarm(kind, "words") for kind in alarms),
    )


def test_better_is_higher_and_a_tie_is_no_gain():
    light = StopLight(patience=3)
    assert light.best is None
    assert [light.update(reading(step, score)) for step, score in enumerate([0.3, 0.2, 0.3, 0.4])] == [
        True,
        False,
        False,
        True,
    ]
    assert light.best == reading(3, 0.4)
    assert not light.should_stop


def test_it_stops_after_patience_readings_without_a_gain():
    light = StopLight(patience=2)
    for step, score in enumerate([0.5, 0.4]):
        light.update(reading(step, score))
        assert not light.should_stop
    light.update(reading(2, 0.45))
    assert light.should_stop
    assert light.waited == 2


def test_the_warm_up_may_be_best_but_uses_no_patience():
    light = StopLight(patience=1, warm_up=3)
    stops = []
    for step, score in enumerate([0.5, 0.1, 0.1, 0.1]):
        light.update(reading(step, score))
        stops.append(light.should_stop)
    assert stops == [False, False, False, True]
    assert light.best.step == 0


@pytest.mark.parametrize("kind", ["inversion", "collapse"])
def test_a_red_reading_is_never_best(kind):
    light = StopLight(patience=2)
    assert not light.update(reading(0, 0.9, kind))
    assert light.best is None
    assert light.update(reading(1, 0.1, "noise", "checkerboard", "invention", "unchanged"))
    assert not light.update(reading(2, 0.9, "noise", kind))
    assert light.best.step == 1


def test_a_run_of_red_readings_is_stopped():
    light = StopLight(patience=3)
    for step in range(3):
        light.update(reading(step, 0.9, "collapse"))
    assert light.should_stop
    assert light.best is None


@pytest.mark.parametrize("cut", range(8))
def test_a_resumed_run_goes_on_identically(cut):
    scores = [0.1, 0.3, 0.2, 1 / 3, 0.25, 0.2, 0.32, 0.1]
    readings = [reading(step, score, *(["noise"] if step % 2 else [])) for step, score in enumerate(scores)]
    whole, first = StopLight(patience=4, warm_up=1), StopLight(patience=4, warm_up=1)
    answers = [whole.update(one) for one in readings]
    for one in readings[:cut]:
        first.update(one)
    second = StopLight.from_state(json.loads(json.dumps(first.state())))
    assert [second.update(one) for one in readings[cut:]] == answers[cut:]
    assert second.state() == whole.state()
    assert second.should_stop == whole.should_stop
    assert second.best == whole.best


@pytest.mark.parametrize("bad", [{"patience": 0}, {"patience": 1, "warm_up": -1}])
def test_bounds(bad):
    with pytest.raises(ParameterError, match="StopLight: patience"):
        StopLight(**bad)
