"""Cuts, smoothed plans and the mean over time, without a video file."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from diptych.recipes import Recipe, step
from diptych.video.cuts import Cuts, thumbnail
from diptych.video.smoothing import ScenePlan
from diptych.video.steady import AHEAD, Noise, Steady, measure


def luma(seed: int, size: tuple[int, int] = (72, 128)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (
        (60 + 40 * np.kron(rng.normal(size=(9, 16)), np.ones((8, 8)))[: size[0], : size[1]]).clip(0, 255).astype("f4")
    )


def cuts_in(frames) -> list[int]:
    cuts = Cuts()
    for one in frames:
        cuts.add(thumbnail(one))
    return cuts.found()


def test_a_cut_is_found_and_noise_is_none():
    rng = np.random.default_rng(0)
    frames = [luma(index // 20) + rng.normal(0, 6, (72, 128)).astype("f4") for index in range(60)]
    assert cuts_in(frames) == [20, 40]


def test_fades_pans_and_flashes_are_no_cuts():
    still, wide = luma(1), np.tile(luma(2), 3)
    fade = [still * min(index / 25, 1) for index in range(60)]
    pan = [wide[:, 4 * index : 4 * index + 128] for index in range(60)]
    flash = [still + 120 * (index in (20, 21)) for index in range(60)]
    assert cuts_in(fade) == cuts_in(pan) == cuts_in(flash) == []


@pytest.mark.parametrize("size", [(1, 1), (5, 200), (719, 1279)])
def test_thumbnails_of_any_size(size):
    assert np.allclose(thumbnail(np.full(size, 8, "f4")), 5)


def exposures(scene: ScenePlan, times) -> np.ndarray:
    return np.array([dict(scene.at(time).steps[-1].parameters)["exposure"] for time in times])


def test_numbers_of_a_still_scene_do_not_move():
    rng = np.random.default_rng(0)
    plans = [Recipe(step("develop", exposure=1 + rng.normal(0, 0.02))) for _ in range(20)]
    scene = ScenePlan(np.arange(20) / 2, [0.1] * 20, plans)
    assert np.ptp(exposures(scene, np.linspace(0, 10, 250))) == 0


def test_numbers_follow_the_light_smoothly():
    times = np.arange(40) / 2
    plans = [Recipe(step("develop", exposure=float(np.clip(time - 8, 0, 4)))) for time in times]
    values = exposures(ScenePlan(times, [0.1] * 40, plans), np.arange(0, 20, 0.04))
    assert values[0] < 0.2
    assert values[-1] > 3.8
    assert np.all(np.diff(values) >= 0)
    assert np.abs(np.diff(values)).max() < 0.05


def test_what_a_fade_leaves_has_little_to_say():
    times, light = np.arange(20) / 2, np.full(20, 0.2)
    light[:3] = 0.001, 0.05, 0.12
    plans = [Recipe(step("develop", exposure=float(np.clip(np.log2(0.3 / one), 0, 6)))) for one in light]
    assert np.ptp(exposures(ScenePlan(times, light, plans), np.arange(0, 10, 0.04))) < 0.3


def test_a_step_that_some_key_frames_lack_fades_in():
    plans = [Recipe(step("develop", exposure=1.0))] * 6
    plans += [Recipe(step("levels", black=0.1, white=0.9), step("develop", exposure=1.0))] * 6
    scene = ScenePlan(np.arange(12) / 2, [0.1] * 12, plans)
    blacks = [dict(scene.at(time).steps[0].parameters)["black"] for time in np.arange(0, 6, 0.1)]
    assert [one.operator for one in scene.at(0).steps] == ["levels", "develop"]
    assert blacks[0] < 0.01
    assert blacks[-1] > 0.09
    assert np.abs(np.diff(blacks)).max() < 0.01


def test_a_scene_without_steps_is_empty():
    assert ScenePlan([0.0], [0.5], [Recipe()]).is_empty


def reference(frames, noise: Noise) -> np.ndarray:
    """Return the last of the means over time, by the words of the documentation."""
    mean, counts = frames[-1].astype(np.float64), np.ones(frames[0].shape)

    def mixed(mean, counts, new, most):
        change = new - mean
        block = np.abs(uniform_filter(change, 5, mode="constant"))
        moved = np.maximum(
            (block - 3 * noise.block) / (3 * noise.block), (np.abs(change) - 4 * noise.pixel) / (3 * noise.pixel)
        ).clip(0, 1)
        counts = np.minimum(counts + 1, most)
        return mean + (1 / counts + (1 - 1 / counts) * moved) * change, counts + moved * (1 - counts)

    for count, new in enumerate(frames[-2::-1], 2):
        mean, counts = mixed(mean, counts, new.astype(np.float64), count)
    counts *= 280 / len(frames)
    for count, new in enumerate(frames, 1):
        mean, counts = mixed(mean, counts, new.astype(np.float64), 10 * max(28 / count, 1))
    return mean


@pytest.mark.parametrize("threads", ["1", "3"])
def test_the_kernel_is_what_is_said_of_it(monkeypatch, threads):
    monkeypatch.setenv("DIPTYCH_THREADS", threads)
    rng = np.random.default_rng(0)
    frames = [(20000 + rng.normal(0, 700, (99, 130))).astype(np.uint16) for _ in range(AHEAD)]
    for index, one in enumerate(frames):
        one[20:60, 10 + index : 40 + index] += 9000  # something that moves
    steady, out = Steady(Noise(700, 200)), np.empty_like(frames[0])
    for one in reversed(frames):
        steady.warm(one)
    for one in frames:
        steady.add(one, out)
    assert np.abs(out - reference(frames, Noise(700, 200))).max() < 2


def test_the_mean_is_quiet_and_follows_what_moves():
    rng = np.random.default_rng(0)

    def frame(index: int) -> np.ndarray:
        picture = 20000 + rng.normal(0, 700, (120, 160))
        picture[30:80, index : index + 40] += 9000
        return picture.astype(np.uint16)

    frames = [frame(index) for index in range(60)]
    steady, out = Steady(measure(frames[1], frames[0])), np.empty_like(frames[0])
    for one in reversed(frames[:AHEAD]):
        steady.warm(one)
    for one in frames:
        steady.add(one, out)
    assert out[90:].std() < 0.4 * frames[-1][90:].std()
    assert abs(float(out[40:70, 65:95].mean()) - 29000) < 300
    assert abs(float(out[40:70, :40].mean()) - 20000) < 300
