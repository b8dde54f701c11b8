"""The toy problem: a training without pairs finds the way back from dark, tinted and noisy, and beats the classical steps."""

from __future__ import annotations

import contextlib
import os

import numpy as np

from diptych.data import PhotoFolder, mean_quantiles
from diptych.photo import write
from diptych.recipes import Recipe, step
from diptych.training import load_generator, preset, train
from training_helpers import as_bytes, clean_picture, pairs, write_folders


def decibel(enhancer, tests):
    errors = [np.mean((enhancer(image) / 255.0 - wanted / 255.0) ** 2) for image, wanted in tests]
    return float(np.mean(-10 * np.log10(errors)))


# As short as it is learned at all; `make soak` sets 600 steps of larger pictures.
STEPS, CROP = (int(number) for number in os.environ.get("DIPTYCH_LEARNING", "240 48").split())


def test_the_toy_problem_is_learned(tmp_path):
    source, target = write_folders(tmp_path, count=120)
    config = preset("quick").updated({"crop": CROP, "steps": STEPS, "eval_every": STEPS // 2, "device": "cpu"})
    generator = load_generator(train(config, source=source, target=target, out=tmp_path / "run").path)
    tests = pairs(20)
    untouched = decibel(lambda image: image, tests)
    quantiles = mean_quantiles(PhotoFolder(target))
    classical = max(
        decibel(Recipe(step("stretch")), tests), decibel(Recipe(step("specify_histogram", quantiles=quantiles)), tests)
    )
    network = decibel(lambda image: np.rint(255 * generator.draw(generator.preprocess(image / np.float32(255)))), tests)
    learned = decibel(generator, tests)
    assert learned >= untouched + 6
    assert learned >= classical + 1
    assert network >= classical + 1  # without the classical step after it, too


FREE = {
    "weights": {"cycle": 0.0, "identity": 0.0, "structure": 0.0, "gradient_penalty": 0.0},
    "preprocess": "none",
}
LIGHT = {
    "forward": {"width": 8, "depth": 2, "blocks": 1, "residual": False},
    "discriminator": {"width": 16},
    **{
        "crop": 32,
        "steps": 120,
        "eval_every": 40,
        "ema_decay": 0.9,
        "pool": 0,
        "device": "cpu",
        "precision": "float32",
    },
}


def alarms_of(kind, tmp_path, source, target):
    """Return the alarms of a kind in a run that is free to go wrong; how it does depends on rounding, so of three at most."""
    for name, pictures in (("A", source), ("B", target)):
        (tmp_path / name).mkdir()
        for index, picture in enumerate(pictures):
            write(tmp_path / name / f"{index:02}.png", as_bytes(picture))
    found = []

    def stop_when_told(entry):
        found.extend(alarm for alarm in entry.get("alarms", ()) if alarm["kind"] == kind)
        if found:
            raise InterruptedError

    for seed in range(3):
        config = preset("quick").updated({**FREE, **LIGHT, "seed": seed})
        with contextlib.suppress(InterruptedError):
            train(
                config,
                source=tmp_path / "A",
                target=tmp_path / "B",
                out=tmp_path / f"run {seed}",
                on_event=stop_when_told,
            )
        if found:
            break
    return found


def test_an_inverting_run_is_told_so(tmp_path):
    # Bright discs on black against dark discs on white, and nothing that would hold the generator to what it was given.
    draw = np.random.default_rng(0)
    shapes = [[discs(draw) for _ in range(24)] for _ in range(2)]
    alarms = alarms_of("inversion", tmp_path, shapes[0], [1 - shape for shape in shapes[1]])
    assert alarms
    assert "structure" in alarms[-1]["message"] or "identity" in alarms[-1]["message"]


def test_a_collapsing_run_is_told_so(tmp_path):
    # All pictures of the target are one flat colour, and so become all outputs.
    draw = np.random.default_rng(0)
    flat = np.broadcast_to(np.float32([0.6, 0.5, 0.4]), (40, 40, 3))
    assert alarms_of("collapse", tmp_path, [clean_picture(draw, 40) for _ in range(24)], [flat] * 24)


def discs(draw):
    """Return bright discs on black, softened a little."""
    y, x = np.mgrid[0:40, 0:40]
    image = np.full((40, 40), 0.1)
    for _ in range(3):
        down, right, size = *draw.uniform(5, 35, 2), draw.uniform(3, 7)
        image = np.maximum(image, 0.9 / (1 + np.exp(np.hypot(x - right, y - down) - size)))
    return np.repeat(image[..., np.newaxis], 3, axis=2).astype(np.float32)
