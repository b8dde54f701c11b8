"""The monitor says what it should of generators whose failings are known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from diptych import operators
from diptych.core.errors import ImageError
from diptych.operators.match_histogram import quantiles_of
from diptych.recipes import Recipe, step
from diptych.training.run.samples import sample_grid
from diptych.training.validation.metrics import validation_from
from diptych.training.validation.monitor import Monitor
from monitor_toy import SIDE, clean, degraded, giving

WANTED = clean(1)
DARK = degraded(WANTED)
BRIGHT = clean(2)


@pytest.fixture(scope="module")
def monitor():
    return Monitor(DARK, BRIGHT)


def evaluate(monitor, outputs, step=1000):
    return monitor.evaluate(step, giving(monitor.prepared, outputs))


def kinds(metrics):
    return {alarm.kind for alarm in metrics.alarms}


def blended(share):
    return [((1 - share) * dark + share * wanted).astype(np.float32) for dark, wanted in zip(DARK, WANTED, strict=True)]


def blurred(pictures, sigma):
    return [operators.gaussian(picture, sigma=sigma) for picture in pictures]


def noisy(pictures, sigma):
    draw = np.random.default_rng(5)
    return [np.clip(picture + draw.normal(0, sigma, picture.shape), 0, 1).astype(np.float32) for picture in pictures]


class TestLaws:
    def test_the_identity_keeps_everything_and_comes_no_closer(self, monitor):
        metrics = monitor.evaluate(0, lambda image: image, lambda image: image)
        assert metrics.structure == pytest.approx(1, abs=1e-6)
        assert metrics.luma_correlation == metrics.worst_correlation == pytest.approx(1)
        assert metrics.diversity == pytest.approx(1)
        assert metrics.added < 0.05
        assert metrics.cycle_error == 0
        assert not metrics.alarms

    def test_pictures_of_the_target_lack_structure_and_nothing_else(self):
        for seed in (3, 4, 5):
            metrics = evaluate(Monitor(DARK, BRIGHT), clean(seed))
            assert min(factor for name, factor in metrics.parts.items() if name != "structure") > 0.8
            assert metrics.structure < 0.2
            assert "hallucination" in kinds(metrics)

    def test_the_negative_is_inverted(self, monitor):
        metrics = monitor.evaluate(0, lambda image: 1 - image)
        assert metrics.luma_correlation < -0.99
        assert metrics.structure == 0
        assert metrics.score < 0.1
        assert kinds(metrics) >= {"inversion"}
        assert metrics.fatal
        assert f"in {len(DARK)} of {len(DARK)} pictures" in metrics.alarms[0].message
        assert "`weights.structure=1`" in metrics.alarms[0].message

    def test_one_inverted_picture_in_four_is_seen(self, monitor):
        outputs = [1 - dark if number % 4 == 0 else dark for number, dark in enumerate(DARK)]
        metrics = evaluate(monitor, outputs)
        assert "inversion" in kinds(metrics)
        assert metrics.luma_correlation > 0.99
        assert metrics.worst_correlation < -0.99

    def test_opposite_colours_are_an_inversion(self, monitor):
        def opposite(image):
            grey = image.mean(axis=2, keepdims=True)
            return np.clip(2 * grey - image, 0, 1)

        metrics = monitor.evaluate(0, opposite)
        assert "colours" in next(alarm.message for alarm in metrics.alarms if alarm.kind == "inversion")

    @pytest.mark.parametrize("same", [WANTED[0], np.full((SIDE, SIDE, 3), 0.5, np.float32)], ids=["picture", "grey"])
    def test_the_same_output_for_every_input_is_a_collapse(self, monitor, same):
        metrics = monitor.evaluate(0, lambda image: same)
        assert metrics.diversity < 0.1
        assert "collapse" in kinds(metrics)
        assert metrics.fatal

    def test_a_collapse_is_seen_through_noise_and_brightness(self, monitor):
        shades = [np.clip(WANTED[0] * factor, 0, 1) for factor in np.linspace(0.5, 1, len(DARK))]
        assert "collapse" in kinds(evaluate(monitor, noisy(shades, 0.02)))

    @pytest.mark.parametrize("period", [2, 4])
    def test_a_checkerboard_is_seen(self, monitor, period):
        rows, columns = np.indices((SIDE, SIDE))
        board = np.cos(2 * np.pi * rows / period) * np.cos(2 * np.pi * columns / period)
        outputs = [np.clip(wanted + 0.03 * board[:, :, np.newaxis], 0, 1).astype(np.float32) for wanted in WANTED]
        metrics = evaluate(monitor, outputs)
        assert "checkerboard" in kinds(metrics)
        assert f"pattern of {period} px" in next(a.message for a in metrics.alarms if a.kind == "checkerboard")
        assert "checkerboard" not in kinds(evaluate(monitor, WANTED))
        assert metrics.score < evaluate(monitor, WANTED).score

    def test_noise_raises_the_noise_and_lowers_the_score(self, monitor):
        all_metrics = [evaluate(monitor, noisy(WANTED, sigma) if sigma else WANTED) for sigma in (0, 0.02, 0.05, 0.1)]
        assert all(a.noise < b.noise for a, b in itertools.pairwise(all_metrics))
        assert all(a.score > b.score for a, b in itertools.pairwise(all_metrics))
        assert "noise" in kinds(all_metrics[3])
        assert "noise" not in kinds(all_metrics[0])

    def test_brightening_with_its_noise_is_no_noise_alarm(self, monitor):
        assert "noise" not in kinds(monitor.evaluate(0, lambda image: np.clip(2 * image, 0, 1)))

    def test_removing_noise_costs_no_structure_and_copying_it_gains_none(self, monitor):
        assert evaluate(monitor, WANTED).structure > 0.97
        assert monitor.evaluate(0, lambda image: np.clip(2 * image, 0, 1)).structure <= 1
        assert evaluate(monitor, blurred(WANTED, 4)).structure < 0.85

    def test_an_unchanged_output_is_said_after_a_while(self, monitor):
        assert "unchanged" not in kinds(monitor.evaluate(499, lambda image: image))
        assert "unchanged" in kinds(monitor.evaluate(500, lambda image: image))

    def test_other_things_in_the_picture_are_hallucinated(self, monitor):
        assert "hallucination" in kinds(evaluate(monitor, WANTED[1:] + WANTED[:1]))

    def test_a_good_generator_gives_no_alarm(self, monitor):
        assert not evaluate(monitor, WANTED).alarms


class TestScore:
    def test_the_ideal_is_best(self, monitor):
        rows = [np.mean([quantiles_of(image)[c] for image in BRIGHT], axis=0) for c in range(3)]
        quantiles = tuple(tuple(row.tolist()) for row in rows)
        others = {
            "identity": DARK,
            "stretch": [operators.stretch(dark) for dark in DARK],
            "stretch each": [operators.stretch(dark, channels="each") for dark in DARK],
            "specify_histogram": [operators.specify_histogram(dark, quantiles=quantiles) for dark in DARK],
            "inverted": [1 - dark for dark in DARK],
            "inverted ideal": [1 - wanted for wanted in WANTED],
            "blurred": blurred(WANTED, 1.5),
            "over-smoothed": [operators.denoise_nlm(wanted, strength=0.3) for wanted in WANTED],
            "noisy": noisy(WANTED, 0.04),
            "other content": clean(9),
            "grey": [np.repeat(wanted.mean(axis=2, keepdims=True), 3, axis=2) for wanted in WANTED],
        }
        ideal = evaluate(monitor, WANTED).score
        scores = {name: evaluate(monitor, outputs).score for name, outputs in others.items()}
        assert ideal > 0.7
        assert max(scores.values()) < ideal - 0.02, scores

    def test_partly_trained_generators_are_ranked(self, monitor):
        scores = [evaluate(monitor, blended(share)).score for share in (0, 0.2, 0.4, 0.6, 0.8, 1)]
        assert scores == sorted(scores)
        assert len(set(scores)) == len(scores)


class TestMetrics:
    def test_it_is_deterministic(self, monitor):
        def forward(image):
            return operators.stretch(image)

        first, second = monitor.evaluate(3, forward), Monitor(DARK, BRIGHT).evaluate(3, forward)
        assert first == second
        assert first.seconds > 0

    def test_it_survives_its_dictionary(self, monitor):
        metrics = monitor.evaluate(3, lambda image: 1 - image)
        values = metrics.as_dict()
        assert values["alarms"][0]["kind"] == "inversion"
        assert validation_from(values) == metrics

    def test_the_cycle_error_is_the_mean_of_both_ways(self, monitor):
        metrics = monitor.evaluate(0, lambda image: image, lambda image: np.clip(image - 0.1, 0, 1))
        assert 0.05 < metrics.cycle_error <= 0.1
        assert monitor.evaluate(0, lambda image: image).cycle_error is None

    def test_sixteen_bits_and_another_number_of_channels(self):
        grey = [np.rint(65535 * dark.mean(axis=2)).astype(np.uint16) for dark in DARK]
        monitor = Monitor(grey, BRIGHT)
        metrics = monitor.evaluate(0, lambda image: np.repeat(image, 3, axis=2), lambda image: image[:, :, :1])
        assert metrics.structure == pytest.approx(1, abs=1e-3)
        assert metrics.cycle_error < 0.5

    def test_small_single_and_flat_pictures(self):
        flat, small = np.zeros((5, 3), np.uint8), np.full((1, 1), 7, np.uint8)
        metrics = Monitor([flat], [small]).evaluate(0, lambda image: image)
        assert np.isfinite(metrics.score)
        assert metrics.structure == 1
        assert metrics.luma_correlation == 1


class TestMonitor:
    def test_preprocess_or_prepared(self):
        recipe = Recipe(step("stretch"))
        seen = []
        by_recipe = Monitor(DARK, BRIGHT, preprocess=recipe)
        by_pictures = Monitor(DARK, BRIGHT, prepared=[recipe(dark) for dark in DARK])
        metrics = by_recipe.evaluate(0, lambda image: seen.append(image) or image)
        assert metrics == by_pictures.evaluate(0, lambda image: image)
        assert np.array_equal(seen[0], recipe(DARK[0]))
        assert seen[0].dtype == np.float32

    def test_rows_show_what_differs(self, monitor):
        rows = monitor.rows(lambda image: image, lambda image: image, count=2)
        assert [len(row) for row in rows] == [3, 3]
        prepared = Monitor(DARK, BRIGHT, preprocess=Recipe(step("stretch")))
        assert [len(row) for row in prepared.rows(lambda image: image, count=1)] == [3]
        assert sample_grid(rows, side=32).shape == (4 + 2 * 36, 4 + 3 * 36, 3)

    def test_what_is_wrong_is_refused(self, monitor):
        with pytest.raises(ImageError, match="target: there is no picture"):
            Monitor(DARK, [])
        with pytest.raises(ImageError, match="8 source pictures, but 1 prepared"):
            Monitor(DARK, BRIGHT, prepared=DARK[:1])
        with pytest.raises(ImageError, match=r"source picture 0 .* values from"):
            Monitor([np.full((9, 9), 2.0)], BRIGHT)
        with pytest.raises(ImageError, match="output of forward holds NaN"):
            monitor.evaluate(0, lambda image: np.full_like(image, np.nan))
        with pytest.raises(ImageError, match="give back the same size"):
            monitor.evaluate(0, lambda image: image[1:])


class TestSampleGrid:
    def test_pictures_of_every_kind_are_fitted(self):
        wide = np.zeros((10, 40, 3), np.uint16)
        grey = np.full((8, 8), 0.5)
        many = np.zeros((64, 32, 5), np.float32)
        sheet = sample_grid([[wide, grey], [many]], gap=2, side=20)
        assert sheet.shape == (46, 46, 3)
        assert sheet.dtype == np.uint8
        # 40 x 10 px become 20 x 5 in the middle of the first square, 8 x 8 become 16 x 16.
        assert (sheet[2 + 7 : 2 + 12, 2:22] == 0).all()
        assert (sheet[2 + 12, 2:22] == 255).all()
        assert (sheet[4:20, 26:42] == 128).all()
        assert (sheet[24:, 24:] == 255).all()

    def test_no_picture_is_refused(self):
        with pytest.raises(ImageError, match="no picture"):
            sample_grid([[]])
