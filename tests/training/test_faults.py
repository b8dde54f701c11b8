"""Eight faults made on purpose are each named, and ten sound generators raise no alarm."""

from __future__ import annotations

import numpy as np
import pytest

from diptych import operators
from diptych.training.validation.monitor import Monitor
from monitor_toy import SIDE, clean, degraded, giving

WANTED = clean(1)
DARK = degraded(WANTED)
BRIGHT = clean(2)
EVERY = 150


@pytest.fixture(scope="module")
def monitor():
    return Monitor(DARK, BRIGHT, settled=3 * EVERY)


def board(image):
    rows, columns = np.indices((SIDE, SIDE))
    return image + 0.03 * np.cos(np.pi * rows)[..., None] * np.cos(np.pi * columns)[..., None]


def opposite(image):
    return 2 * image.mean(axis=2, keepdims=True) - image


FAULTS = {
    "inversion": lambda number: 1 - WANTED[number],
    "inversion of colours": lambda number: opposite(WANTED[number]),
    "collapse": lambda number: 0.02 * WANTED[number] + 0.98 * WANTED[0],
    "unchanged": lambda number: DARK[number],
    "checkerboard": lambda number: board(WANTED[number]),
    "cast": lambda number: WANTED[number] * np.array([1.15, 1.0, 0.6]),
    "burnt": lambda number: 2.0 * WANTED[number],
    "noise": lambda number: WANTED[number] + np.random.default_rng(number).normal(0, 0.1, WANTED[number].shape),
    "hallucination": lambda number: WANTED[number - 1],
}


def kinds_of(monitor, output, step):
    outputs = [np.clip(output(number), 0, 1).astype(np.float32) for number in range(len(WANTED))]
    return {alarm.kind for alarm in monitor.evaluate(step, giving(monitor.prepared, outputs)).alarms}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_at_the_third_reading_at_the_latest(monitor, name):
    assert name.split()[0] in kinds_of(monitor, FAULTS[name], 3 * EVERY)


def test_folders_that_were_exchanged_are_named():
    swapped = Monitor(BRIGHT, DARK)
    (alarm,) = (one for one in swapped.evaluate(0, lambda image: image).alarms if one.kind == "swapped")
    assert "brighter" in alarm.message
    assert "`B A`" in alarm.message


def blend(share):
    return lambda number: (1 - share) * DARK[number] + share * WANTED[number]


SOUND = {
    "the truth": blend(1.0),
    "nearly": blend(0.8),
    "half": blend(0.5),
    "a little": blend(0.2),
    "softer": lambda number: operators.gaussian(WANTED[number], sigma=0.7),
    "a little noisy": lambda number: WANTED[number] + np.random.default_rng(number).normal(0, 0.008, WANTED[0].shape),
    "brighter": lambda number: WANTED[number] ** 0.85,
    "darker": lambda number: WANTED[number] ** 1.3,
    "paler": lambda number: 0.7 * WANTED[number] + 0.3 * WANTED[number].mean(axis=2, keepdims=True),
    "brightened": lambda number: 2.2 * DARK[number],
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_generator_raises_no_alarm(monitor, name):
    assert not kinds_of(monitor, SOUND[name], 3 * EVERY)
