"""Can two sets of features be told apart? A linear classifier, tested on pictures it has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.stats import rankdata

FEWEST_SCENES = 10

_Floats = NDArray[np.float64]
_FOLDS = 5
_REPEATS = 4
_SHRINKAGE = 1.0
_SAME_SCENE = 0.85
_SURE = 1.96

# What the folds learn from overlaps, so their results vary together: 1 + folds x (tested / learned).
_DEPENDENCE = 1 + _FOLDS / (_FOLDS - 1)


@dataclass(frozen=True, eq=False)
class Separation:
    """How well a classifier tells B from A.

    Attributes
    ----------
    auc : float
        Probability that a picture of B gets a higher score than one of A; 0.5 is chance.
    low, high : float
        Its 95 % interval.
    accuracy : float
        Mean of the shares of A and of B that are told rightly.
    scores : ndarray
        Of every picture, by classifiers that have not seen it; above 0 is B.
    """

    auc: float
    low: float
    high: float
    accuracy: float
    scores: _Floats


def separate(features: NDArray[np.float32], is_target: NDArray[np.bool_], *, seed: int = 0) -> Separation | None:
    """Classify by a linear discriminant, cross-validated.

    ``w = (S + s tr(S) / d I)^-1 (m_B - m_A)`` with the covariance within the classes S, their means m, d features and
    shrinkage s = 1; five folds, four times over. Pictures of the same scene stay in one fold, so that a classifier
    cannot recognise a scene that it has learned, and count as one in the interval.

    Parameters
    ----------
    features : ndarray, shape (n, d)
        A row for each picture.
    is_target : ndarray, shape (n,)
        True for B.
    seed : int
        Of the folds.

    Returns
    -------
    Separation or None
        None if one of the domains has less than ten scenes.

    Notes
    -----
    Own code, as scikit-learn would be a dependency for this page alone, and has neither the folds by scene with their
    correction nor the interval of clustered data.

    References
    ----------
    Obuchowski, "Nonparametric analysis of clustered ROC curve data", Biometrics 53 (1997), for the variance of the area;
    Nadeau and Bengio, "Inference for the generalization error", Machine Learning 52 (2003), for what the folds add to it.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> is_target = np.arange(80) >= 40
    >>> features = rng.normal(size=(80, 6)).astype(np.float32)
    >>> features[is_target, 0] += 5
    >>> separate(features, is_target).auc > 0.95
    True
    """
    groups = scenes(features, is_target)
    if min(len(set(groups[is_target])), len(set(groups[~is_target]))) < FEWEST_SCENES:
        return None
    rng = np.random.default_rng(seed)
    values = features.astype(np.float64)
    scores = np.zeros(len(values))
    for _ in range(_REPEATS):
        fold = _folds(groups, is_target, rng)
        for index in range(_FOLDS):
            scores[fold == index] += _discriminant(values, is_target, fold != index) / _REPEATS
    auc, low, high = _area(scores, is_target, groups)
    accuracy = (np.mean(scores[is_target] > 0) + np.mean(scores[~is_target] <= 0)) / 2
    return Separation(auc, low, high, float(accuracy), scores)


def scenes(features: NDArray[np.float32], is_target: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the number of the scene of each picture: features that correlate by 0.85 and more are of one scene.

    They are compared with the mean of their own domain, or all pictures of one domain would be alike where the two differ.
    """
    means = features[~is_target].mean(axis=0), features[is_target].mean(axis=0)
    centred = features - np.where(is_target[:, np.newaxis], means[1], means[0])
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = centred / np.maximum(lengths, 1e-9)
    return connected_components(unit @ unit.T > _SAME_SCENE, directed=False)[1].astype(np.int64)


def _folds(groups: NDArray[np.int64], is_target: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Deal the groups to the folds, those with mostly A first, so that each fold has its share of both."""
    count = int(groups.max()) + 1
    share = np.bincount(groups, is_target, count) / np.bincount(groups, minlength=count)
    order = rng.permutation(count)
    order = order[np.argsort(share[order] > 0.5, kind="stable")]
    fold = np.empty(count, np.int64)
    fold[order] = np.arange(count) % _FOLDS
    return fold[groups]


def _discriminant(values: _Floats, is_target: NDArray[np.bool_], learned: NDArray[np.bool_]) -> _Floats:
    """Return the scores of the pictures that were not learned from, in standard deviations within the classes."""
    source, target = values[learned & ~is_target], values[learned & is_target]
    means = source.mean(axis=0), target.mean(axis=0)
    residuals = np.concatenate([source - means[0], target - means[1]])
    covariance = residuals.T @ residuals / max(len(residuals) - 2, 1)
    ridge = _SHRINKAGE * np.trace(covariance) / len(covariance) + 1e-12
    weights = np.linalg.solve(covariance + ridge * np.eye(len(covariance)), means[1] - means[0])
    spread = float(np.sqrt(weights @ covariance @ weights))
    return (values[~learned] - (means[0] + means[1]) / 2) @ weights / max(spread, 1e-12)


def _area(scores: _Floats, is_target: NDArray[np.bool_], groups: NDArray[np.int64]) -> tuple[float, float, float]:
    """Return the area under the ROC curve and its interval."""
    ranks = rankdata(scores)
    sizes = int((~is_target).sum()), int(is_target.sum())
    # The share of the other domain that a picture is on the right side of.
    placement = np.empty(len(scores))
    placement[is_target] = (ranks[is_target] - rankdata(scores[is_target])) / sizes[0]
    placement[~is_target] = 1 - (ranks[~is_target] - rankdata(scores[~is_target])) / sizes[1]
    auc = float(placement[is_target].mean())
    excess = (placement - auc) / np.where(is_target, sizes[1], sizes[0])
    count = int(groups.max()) + 1
    variance = _DEPENDENCE * count / (count - 1) * float((np.bincount(groups, excess, count) ** 2).sum())
    half = _SURE * max(variance, _least_variance(auc, *sizes)) ** 0.5
    return auc, max(auc - half, 0.0), min(auc + half, 1.0)


def _least_variance(auc: float, sources: int, targets: int) -> float:
    """Return the variance that even a perfect separation of so few pictures has, by Hanley and McNeil (1982)."""
    edge = 0.5 / min(sources, targets)
    area = min(max(auc, edge), 1 - edge)
    above, below = area / (2 - area) - area**2, 2 * area**2 / (1 + area) - area**2
    if edge < auc < 1 - edge:
        return 0.0
    return (area * (1 - area) + (targets - 1) * above + (sources - 1) * below) / (sources * targets)
