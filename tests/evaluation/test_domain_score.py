"""The score as a column of the report: that of the quality room, over whole folders."""

from __future__ import annotations

import numpy as np
import pytest

from diptych.core.errors import ParameterError
from diptych.evaluation import evaluate
from diptych.photo import write
from diptych.quality import DomainScore, MeasuredPicture
from diptych.recipes import Recipe, step
from monitor_toy import clean, degraded


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("scored")
    for name, pictures in (("dark", degraded(clean(1))), ("bright", clean(2))):
        (root / name).mkdir()
        for number, picture in enumerate(pictures):
            write(root / name / f"{number}.png", np.rint(255 * picture).astype(np.uint8))
    return root / "dark", root / "bright"


def test_the_mean_of_the_column_is_the_score_and_better_outputs_have_more(folders):
    dark, bright = folders
    enhancers = {"input": None, "developed": Recipe(step("develop", exposure=4))}
    report = evaluate(enhancers, dark, target=bright, metrics=["noise"])
    assert [column.key for column in report.columns] == ["noise", "score"]
    scores = {name: report.summary(name, "score").mean for name in enhancers}
    assert 0 < scores["input"] < scores["developed"] <= 1
    wanted = [MeasuredPicture.of(np.rint(255 * one).astype(np.float32) / 255) for one in clean(2)]
    inputs = [MeasuredPicture.of(np.rint(255 * one).astype(np.float32) / 255) for one in degraded(clean(1))]
    assert scores["input"] == pytest.approx(DomainScore(wanted).score(inputs, [0.0] * 8).value, abs=0.02)


def test_an_output_of_another_size_has_no_score(folders):
    dark, bright = folders
    report = evaluate({"half": Recipe(step("zoom", factor=0.5))}, dark, target=bright, metrics=["noise"])
    assert all("score" not in row.values for row in report.rows)


def test_a_target_needs_images_and_pictures(folders, tmp_path):
    dark, _ = folders
    with pytest.raises(ParameterError, match="give images"):
        evaluate({"ready": str(dark)}, target=dark, metrics=["noise"])
    with pytest.raises(ParameterError, match="pictures"):
        evaluate({"input": None}, dark, target=tmp_path, metrics=["noise"])
