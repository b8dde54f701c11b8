"""Values, means, verdicts and everything that can go wrong with single images."""

from __future__ import annotations

import json
import math
import tracemalloc

import numpy as np
import pytest

import diptych as dp
from diptych.core.enhancer import EnhancerSpec
from diptych.core.errors import MissingExtraError, ParameterError, UnknownNameError
from diptych.evaluation import evaluate
from diptych.evaluation.columns import mean_matched
from evaluation_helpers import brightness, difference, gain, scene


def test_values_means_and_verdicts(folders):
    low, high = folders
    report = evaluate({"input": None, "right": gain(4), "half": gain(2)}, low, references=high, metrics=[difference])
    for row in report.rows:
        image = dp.read(low / f"{row.image}.png").pixels
        done = {"input": image, "right": gain(4)(image), "half": gain(2)(image)}[row.candidate]
        assert row.values["difference"] == difference(done, dp.read(high / f"{row.image}.png").pixels)
    values = [row.values["difference"] for row in report.rows if row.candidate == "half"]
    summary = report.summary("half", "difference")
    assert summary.mean == pytest.approx(np.mean(values))
    assert summary.low < summary.mean < summary.high
    assert {(one.first, one.second): one.better for one in report.verdicts} == {
        ("input", "right"): "right",
        ("input", "half"): "half",
        ("right", "half"): "right",
    }
    verdict = report.verdicts[2]
    assert verdict.text.startswith("right is better than half by ")
    assert verdict.low < verdict.difference < verdict.high


def test_a_difference_that_is_noise_is_called_noise(folders):
    low, high = folders
    report = evaluate({"a": Moody(0), "b": Moody(1)}, low, references=high, metrics=[difference])
    verdict = report.verdicts[0]
    assert verdict.better is None
    assert verdict.low < 0 < verdict.high
    assert verdict.text.startswith("the difference between a and b is noise: ")


class Moody:
    """Good on every other image."""

    spec = EnhancerSpec("moody", "")

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def __call__(self, image):
        self.calls += 1
        return gain(4.0 if self.calls % 2 else 3.0)(image)


def test_the_worst_image_comes_first(folders):
    low, high = folders
    dp.write(low / "4.png", np.zeros((40, 48, 3), np.uint8), overwrite=True)
    report = evaluate({"input": None, "gain": gain(4)}, low, references=high, metrics=[difference], gallery=3)
    means = [
        next(r.values["difference"] for r in report.rows if (r.image, r.candidate) == (i, "gain"))
        for i in report.images
    ]
    assert report.images[0] == "4"
    assert means == sorted(means, reverse=True)
    assert [one.image for one in report.exhibits] == list(report.images[:3])


def test_psnr_and_ssim_come_with_the_mean_matched_and_labelled(folders):
    low, high = folders
    report = evaluate({"input": None}, low, references=high, metrics=["psnr", "ssim"])
    assert [one.label for one in report.columns] == ["psnr", "psnr (mean matched)", "ssim", "ssim (mean matched)"]
    # The dark pictures are the good ones divided by 4 and cut to whole levels: matched, they are all but right.
    assert report.summary("input", "psnr").mean < 15
    assert report.summary("input", "psnr_mean_matched").mean > 35
    assert any("mean matched" in note for note in report.notes)


@pytest.mark.parametrize("shape", [(8, 9), (8, 9, 3), (8, 9, 2)])
def test_matching_the_mean(shape):
    image, reference = scene(1, shape) // 3, scene(2, shape, "uint16")
    matched = mean_matched(image, reference)
    weights = {3: [0.299, 0.587, 0.114]}.get(shape[2] if len(shape) == 3 else 1)
    mean = lambda a: float(np.average(a.mean(axis=(0, 1)), weights=weights)) if a.ndim == 3 else float(a.mean())  # noqa: E731
    assert mean(matched) == pytest.approx(mean(reference / 65535), rel=1e-4)
    assert np.array_equal(mean_matched(np.zeros(shape, np.uint8), reference), np.zeros(shape))
    assert mean_matched(scene(1, shape), np.full(shape, 255, np.uint8)).max() <= 1


def test_identical_images_are_infinite_and_left_out_of_the_mean(folders):
    low, high = folders
    dp.write(low / "3.png", dp.read(high / "3.png"), overwrite=True)
    report = evaluate({"input": None}, low, references=high, metrics=["psnr"])
    summary = report.summary("input", "psnr")
    assert (summary.count, summary.infinite) == (7, 1)
    assert math.isfinite(summary.mean)
    assert any("infinite on 1 image" in note for note in report.notes)
    values = {one["image"]: one["values"]["input"]["psnr"] for one in json.loads(report.to_json())["images"]}
    assert values["3"] == "inf"
    everything_equal = evaluate({"input": None}, high, references=high, metrics=["psnr"])
    assert everything_equal.summary("input", "psnr").mean == math.inf
    assert "inf" in everything_equal.to_markdown()


def test_different_depths_are_compared_as_intensities(tmp_path, folders):
    _, high = folders
    deep = tmp_path / "deep"
    deep.mkdir()
    for path in high.iterdir():
        dp.write(deep / path.name, dp.read(path).pixels.astype(np.uint16) * 257)
    report = evaluate({"input": None}, high, references=deep, metrics=[difference])
    assert report.summary("input", "difference").mean == pytest.approx(0, abs=1e-4)
    assert not report.problems


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (np.zeros((40, 50, 3), np.uint8), "50 x 40 pixels with 3 channels, but the reference is 48 x 40"),
        (np.zeros((40, 48), np.uint8), "48 x 40 pixels with 1 channel, but the reference is 48 x 40 pixels with 3"),
    ],
)
def test_unequal_images_are_named_and_leave_the_rest_standing(folders, bad, reason):
    low, high = folders
    dp.write(low / "2.png", bad, overwrite=True)
    report = evaluate({"input": None}, low, references=high, metrics=[difference, brightness], gallery=9)
    assert [(one.image, one.metric) for one in report.problems] == [("2", "difference")]
    assert reason in report.problems[0].reason
    assert report.summary("input", "difference").count == 7
    assert report.summary("input", "brightness").count == 8


def test_an_image_too_small_for_a_metric_is_named(folders):
    low, high = folders
    for folder in folders:
        dp.write(folder / "5.png", np.zeros((16, 16, 3), np.uint8), overwrite=True)
    report = evaluate({"input": None}, low, references=high, metrics=[brightness, difference])
    assert [(one.image, one.metric) for one in report.problems] == [("5", "brightness")]
    assert "16 x 16" in report.problems[0].reason
    assert report.summary("input", "difference").count == 8


def test_unreadable_files_are_named(folders):
    low, high = folders
    (low / "1.png").write_bytes(b"no picture")
    (high / "6.png").write_bytes(b"")
    report = evaluate({"input": None}, low, references=high, metrics=[difference])
    assert sorted(one.image for one in report.problems) == ["1", "6"]
    assert all(str(path) in str(report.problems) for path in (low / "1.png", high / "6.png"))
    assert report.summary("input", "difference").count == 6


class Fails:
    """An enhancer with a bug that shows on one image."""

    spec = EnhancerSpec("fails", "")

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __call__(self, image):
        if image[0, 0, 0] == dp.read(self.bad).pixels[0, 0, 0]:
            raise self.error
        return image.copy()


def test_an_enhancer_that_fails_is_named_and_the_others_stand(folders):
    low, high = folders
    enhancer = Fails(IndexError("boom"))
    enhancer.bad = low / "0.png"
    report = evaluate({"input": None, "fails": enhancer}, low, references=high, metrics=[difference], gallery=2)
    assert {one.candidate for one in report.problems} == {"fails"}
    assert "unexpected IndexError: boom" in report.problems[0].reason
    assert report.summary("input", "difference").count == 8
    assert report.summary("fails", "difference").count == 8 - len(report.problems)


def test_an_extra_that_is_missing_stops_the_run(folders):
    enhancer = Fails(MissingExtraError("install diptych[x]"))
    enhancer.bad = folders[0] / "0.png"
    with pytest.raises(MissingExtraError):
        evaluate({"fails": enhancer}, folders[0], metrics=[brightness])


def test_an_output_outside_the_contract_is_named(folders):
    class Wild(Moody):
        def __call__(self, image):
            return image.astype(np.float32)

    report = evaluate({"wild": Wild(0)}, folders[0], metrics=[brightness])
    assert len(report.problems) == 8
    assert "the output of wild has values from" in report.problems[0].reason
    assert report.to_html().count("<article") == 0


def test_not_a_number_is_a_problem_not_a_value(folders):
    from diptych.core.metric import metric

    @metric(direction="higher")
    def broken(image):
        """Nothing."""
        return math.nan

    report = evaluate({"input": None}, folders[0], metrics=[broken])
    assert len(report.problems) == 8
    assert report.summary("input", "broken").mean is None
    assert "–" in report.to_markdown()


def test_ready_outputs_and_times(folders, tmp_path):
    low, high = folders
    (tmp_path / "peer").mkdir()
    for path in low.iterdir():
        dp.write(tmp_path / "peer" / path.name, gain(4)(dp.read(path).pixels))
    report = evaluate({"peer": tmp_path / "peer", "ours": gain(4)}, low, references=high, metrics=[difference])
    assert report.verdicts[0].text == "peer and ours are equal"
    peer, ours = report.candidates
    assert (peer.kind, peer.seconds_per_megapixel) == ("folder", None)
    assert ours.kind == "enhancer"
    assert ours.seconds_per_megapixel > 0
    assert "develop" in ours.recipe
    alone = evaluate({"peer": tmp_path / "peer"}, references=high, metrics=[difference])
    assert alone.summary("peer", "difference").mean == report.summary("peer", "difference").mean


def test_the_same_call_gives_the_same_report(folders):
    low, high = folders
    one, two = (
        evaluate({"input": None, "peer": high}, low, references=high, metrics=[difference], seed=5) for _ in range(2)
    )
    assert (one.rows, one.summaries, one.verdicts) == (two.rows, two.summaries, two.verdicts)


def test_provenance(folders):
    import hashlib

    low, high = folders
    report = evaluate({"input": None}, low, references=high, metrics=[difference], seed=3)
    facts = report.provenance
    assert facts.files[str(low / "0.png")] == hashlib.sha256((low / "0.png").read_bytes()).hexdigest()
    assert len(facts.files) == 16
    assert facts.versions["diptych"] == dp.__version__
    assert facts.versions["numpy"] == np.__version__
    assert (facts.seed, facts.niqe_model) == (3, "")


def test_the_model_of_niqe_is_named_and_used(folders, tmp_path):
    from diptych.metrics import NiqeModel

    images = [scene(seed, (200, 240, 3)) for seed in range(12)]
    model = NiqeModel.fit(images, name="checkers", source="made", sharpness=0)
    (tmp_path / "large").mkdir()
    dp.write(tmp_path / "large" / "a.png", images[0])
    report = evaluate({"input": None}, tmp_path / "large", metrics=["niqe"], niqe_model=model)
    assert report.rows[0].values["niqe"] == model.score(images[0])
    assert report.provenance.niqe_model == "checkers (made)"
    assert any("checkers" in note for note in report.notes)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda low, high: evaluate({}, low), "enhancers is empty"),
        (lambda low, high: evaluate({"input": None}, low, metrics=["psnr"]), "psnr compares with a reference"),
        (lambda low, high: evaluate({"input": None}, low, metrics=[]), "metrics: is empty"),
        (lambda low, high: evaluate({"input": None}, low, metrics=["noise", "noise"]), "named twice"),
        (lambda low, high: evaluate({"x": gain(2)}, metrics=[brightness]), "give images"),
        (lambda low, high: evaluate({"x": 3}, low, metrics=[brightness]), "is a int"),
        (lambda low, high: evaluate({"reference": None}, low, metrics=[brightness]), "cannot be called 'reference'"),
        (lambda low, high: evaluate({"input": gain(2)}, low, metrics=[brightness]), "cannot be called 'input'"),
        (lambda low, high: evaluate({"a": None, "b": "input"}, low, metrics=[brightness]), "more than once"),
        (
            lambda low, high: evaluate({"input": None}, low / "x", metrics=[brightness]),
            "images: .*no such file or folder",
        ),
        (
            lambda low, high: evaluate({"p": high / "x"}, low, metrics=[brightness]),
            "outputs of p: .*no such file or folder",
        ),
    ],
)
def test_wrong_calls(folders, call, message):
    with pytest.raises(ParameterError, match=message):
        call(*folders)


def test_no_pair_at_all_and_unknown_metric(folders, tmp_path):
    (tmp_path / "other").mkdir()
    dp.write(tmp_path / "other" / "zebra.png", scene())
    with pytest.raises(ParameterError, match="no image has all its partners"):
        evaluate({"input": None}, folders[0], references=tmp_path / "other", metrics=[difference])
    with pytest.raises(UnknownNameError, match="did you mean 'psnr'"):
        evaluate({"input": None}, folders[0], references=folders[1], metrics=["psnrr"])


def test_one_image_at_a_time(tmp_path):
    """The memory for twelve images is that for three."""

    def peak(count: int) -> int:
        folder = tmp_path / str(count)
        folder.mkdir()
        for seed in range(count):
            dp.write(folder / f"{seed}.png", scene(seed, (400, 400, 3)))
        tracemalloc.start()
        evaluate({"input": None, "gain": gain(2)}, folder, references=folder, metrics=[difference])
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(1)
    assert peak(12) < 1.25 * peak(3)
