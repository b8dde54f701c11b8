"""The ranges of the activations of a network, by ONNX Runtime's calibrators."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diptych.export.pictures import Batch
from diptych.runtime.bundle import INPUT

if TYPE_CHECKING:
    import onnx

METHODS = ("minmax", "percentile", "entropy")
"""Extremes; the 0.01 % and 99.99 % quantiles; the range that loses least information (Kullback-Leibler divergence)."""

_PERCENTILE = 99.99

Ranges = Any
"""ONNX Runtime's table of ranges."""


def measure_ranges(model: onnx.ModelProto, batches: Sequence[Batch], method: str, operators: Sequence[str]) -> Ranges:
    """Run the model on the pictures and return the range of every tensor that the operators read or write.

    Pictures are given one at a time, because the histogram calibrators keep all tensors of what they are given.
    """
    import onnx
    from onnxruntime.quantization import CalibrationMethod
    from onnxruntime.quantization.calibrate import create_calibrator

    kinds = {
        "minmax": CalibrationMethod.MinMax,
        "percentile": CalibrationMethod.Percentile,
        "entropy": CalibrationMethod.Entropy,
    }
    # The calibrators print; the standard output is the caller's.
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        path = Path(folder, "model.onnx")
        onnx.save(model, path)
        calibrator = create_calibrator(
            path,
            list(operators),
            augmented_model_path=str(Path(folder, "augmented.onnx")),
            calibrate_method=kinds[method],
            extra_options={"percentile": _PERCENTILE} if method == "percentile" else {},
        )
        for batch in batches:
            calibrator.collect_data(_Reader(batch))
        return calibrator.compute_data()


class _Reader:
    """One picture, in the interface of the calibrators."""

    def __init__(self, batch: Batch) -> None:
        self._left = [batch]

    def get_next(self) -> dict[str, Batch] | None:
        return {INPUT: self._left.pop()} if self._left else None

    def __iter__(self) -> _Reader:
        return self

    def __next__(self) -> dict[str, Batch]:
        found = self.get_next()
        if found is None:
            raise StopIteration
        return found
