"""The toy problem: a training without pairs finds the way back from dark, tinted and noisy, and beats the classical steps."""

from __future__ import annotations

import numpy as np
import pytest

from diptych.data import PhotoFolder, mean_quantiles
from diptych.recipes import Recipe, step
from diptych.training import load_generator, preset, train
from training_helpers import pairs, write_folders


def decibel(enhancer, tests):
    errors = [np.mean((enhancer(image) / 255.0 - wanted / 255.0) ** 2) for image, wanted in tests]
    return float(np.mean(-10 * np.log10(errors)))


def test_the_toy_problem_is_learned(tmp_path):
    source, target = write_folders(tmp_path, count=150)
    config = preset("quick").updated({"crop": 64, "steps": 500, "every": 100, "device": "cpu"})
    generator = load_generator(train(config, source=source, target=target, out=tmp_path / "run").path)
    tests = pairs(20)
    untouched = decibel(lambda image: image, tests)
    quantiles = mean_quantiles(PhotoFolder(target))
    classical = max(
        decibel(Recipe(step("stretch")), tests), decibel(Recipe(step("specify_histogram", quantiles=quantiles)), tests)
    )
    network = decibel(lambda image: np.rint(255 * generator.draw(generator.before(image / np.float32(255)))), tests)
    learned = decibel(generator, tests)
    assert learned >= untouched + 6
    assert learned >= classical + 1
    assert network >= classical + 1  # without the classical step after it, too


@pytest.mark.parametrize(
    ("settings", "alarms"),
    [
        # With nothing to hold on to but the discriminator, and one that sees single pixels only, anything goes.
        (
            {"cycle": 0.0, "identity": 0.0, "structure": 0.0, "forward.residual": False},
            {"collapse", "inversion", "invention"},
        ),
    ],
)
def test_alarms_fire_on_runs_that_are_built_to_fail(tmp_path, settings, alarms):
    pytest.skip("to be written with the monitor at hand")
