"""Measure and compare enhancers on images, and write a report.

>>> import numpy as np, pathlib, tempfile
>>> from diptych.photo import write
>>> from diptych.recipes import Recipe, step
>>> folder = pathlib.Path(tempfile.mkdtemp())
>>> write(folder / "a.png", np.arange(0, 64, dtype=np.uint8).reshape(8, 8))
>>> report = evaluate({"brighter": Recipe(step("develop", exposure=2))}, folder, references=folder, metrics=["psnr"])
>>> round(report.summary("brighter", "psnr").mean, 2)
18.01
"""

from diptych.evaluation.evaluator import evaluate
from diptych.evaluation.report import Report
from diptych.evaluation.side_by_side import SideBySide, compare

__all__ = ["Report", "SideBySide", "compare", "evaluate"]
