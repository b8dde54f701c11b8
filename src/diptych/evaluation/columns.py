"""The columns of a report: the metrics, two of them also with the mean brightness matched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from diptych.core.color import LUMA
from diptych.core.errors import ParameterError
from diptych.core.image import FloatImage, Image, to_float
from diptych.core.metric import Direction, MetricDeclaration, MetricFunction

if TYPE_CHECKING:
    from diptych.metrics import NiqeModel

WITH_REFERENCES = ("psnr", "ssim", "niqe")
WITHOUT_REFERENCES = ("niqe", "noise")

# Also measured with the brightness of the reference: a gain alone moves these by decibels.
_ALSO_MATCHED = ("psnr", "ssim")

Metrics = Sequence[str | MetricFunction]


@dataclass(frozen=True)
class Column:
    """One column of a report.

    Attributes
    ----------
    key : str
        Its key in the JSON: the name of the metric; ``psnr_mean_matched`` for the matched one.
    label, unit, direction : str
        The heading, and which way is better.
    needs_reference : bool
        Whether it compares with a reference.
    mean_matched : bool
        Whether the output is first multiplied by the number that gives it the mean brightness of the reference.
    function : callable
        The metric.
    """

    key: str
    label: str
    unit: str
    direction: Direction
    needs_reference: bool
    function: Callable[..., float] = field(repr=False, compare=False)
    mean_matched: bool = False

    @property
    def sign(self) -> int:
        """1 if more is better, -1 if less is."""
        return 1 if self.direction == "higher" else -1


def columns_of(metrics: Metrics | None, has_references: bool, niqe_model: NiqeModel | None = None) -> list[Column]:
    """Return the columns for metrics, or names of metrics.

    Raises
    ------
    UnknownNameError
        If a metric is not known.
    ParameterError
        If a metric needs references and there are none, is named twice, or there is no metric at all.
    """
    if metrics is None:
        metrics = WITH_REFERENCES if has_references else WITHOUT_REFERENCES
    declarations = [_declaration(one) for one in _listed(metrics)]
    for one in declarations:
        if one.needs_reference and not has_references:
            raise ParameterError(f"{one.name} compares with a reference; give references, or leave this metric out")
    names = [one.name for one in declarations]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice or not names:
        raise ParameterError(
            f"metrics: {twice} is named twice; name it once" if twice else "metrics: is empty; give one or more"
        )
    return [column for one in declarations for column in _columns(one, niqe_model)]


def _listed(metrics: Metrics) -> Iterable[str | MetricFunction]:
    return [metrics] if isinstance(metrics, str) else metrics


def _declaration(metric: str | MetricFunction) -> MetricDeclaration:
    if not isinstance(metric, str):
        return metric.declaration
    from diptych import metrics

    return metrics.declaration(metric)


def _columns(one: MetricDeclaration, niqe_model: NiqeModel | None) -> list[Column]:
    function = niqe_model.score if niqe_model is not None and one.name == "niqe" else one.function
    plain = Column(one.name, one.name, one.unit, one.direction, one.needs_reference, function)
    if one.name not in _ALSO_MATCHED:
        return [plain]
    label = f"{one.name} (mean matched)"
    return [
        plain,
        Column(f"{one.name}_mean_matched", label, one.unit, one.direction, True, function, mean_matched=True),
    ]


def niqe_model_name(columns: Sequence[Column], niqe_model: NiqeModel | None) -> str:
    """Return name and source of the NIQE model; empty if NIQE is not among the columns."""
    if "niqe" not in {column.key for column in columns}:
        return ""
    if niqe_model is None:
        from diptych.metrics import NiqeModel

        niqe_model = NiqeModel.packaged()
    return f"{niqe_model.name} ({niqe_model.source})" if niqe_model.source else niqe_model.name


def mean_matched(image: Image, reference: Image) -> FloatImage:
    """Multiply the image by the number that gives it the mean brightness of the reference, clipped at white.

    Brightness is the luma ``0.299 R + 0.587 G + 0.114 B`` of an RGB image, the mean over the channels of others. What
    clipping takes away is not compensated, as in the published protocols. A black image stays black.

    References
    ----------
    Zhang, Zhang and Guo, "Kindling the Darkness: A Practical Low-light Image Enhancer", ACM Multimedia 2019: the
    protocol of its code, widely used since.

    Examples
    --------
    >>> mean_matched(np.full((2, 2), 51, np.uint8), np.full((2, 2), 102, np.uint8)).tolist()
    [[0.4000000059604645, 0.4000000059604645], [0.4000000059604645, 0.4000000059604645]]
    """
    floats = to_float(image)
    mean = _brightness(floats)
    gain = _brightness(to_float(reference)) / mean if mean > 0 else 1.0
    return np.minimum(floats * np.asarray(gain, floats.dtype), 1)


def _brightness(image: FloatImage) -> float:
    if image.ndim == 3 and image.shape[2] == 3:
        return float(np.dot(image.mean(axis=(0, 1), dtype=np.float64), LUMA))
    return float(image.mean(dtype=np.float64))
