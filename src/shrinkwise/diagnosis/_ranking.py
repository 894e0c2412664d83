"""How well predictions put rows in order: ROC curve and the area under it, lift by tenths, the Gini index."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.diagnosis._binned import ranked_bins

Array = NDArray[Any]

POINTS = 200  # of a ROC curve at most


def auc(score: Array, positive: Array, negative: Array) -> tuple[float, float]:
    """The area under the ROC curve and its standard error by placements.

    Parameters
    ----------
    score : array of shape (n,)
    positive, negative : array of shape (n,)
        Weight of each row as one of the class, and as one of the other.

    Returns
    -------
    (float, float)
        Not numbers where one of the classes has no weight; the error not one where it has a single row.

    References
    ----------
    DeLong, DeLong & Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating
    characteristic curves", Biometrics 1988.
    """
    _, place = np.unique(score, return_inverse=True)
    ups, downs = np.bincount(place, positive), np.bincount(place, negative)
    all_up, all_down = float(ups.sum()), float(downs.sum())
    if not all_up > 0 or not all_down > 0:
        return float("nan"), float("nan")
    beaten = ((np.cumsum(downs) - downs / 2) / all_down)[place]
    beating = 1 - ((np.cumsum(ups) - ups / 2) / all_up)[place]
    area = float(positive @ beaten) / all_up
    variance = sum(_placement_variance(placed, own, area) for placed, own in ((beaten, positive), (beating, negative)))
    return area, float(np.sqrt(variance))


def _placement_variance(placed: Array, weights: Array, area: float) -> float:
    """Variance of the weighted mean of the placements of one class."""
    rows = np.count_nonzero(weights)
    if rows < 2:
        return float("nan")
    return float(np.sum((weights * (placed - area)) ** 2) / weights.sum() ** 2 * rows / (rows - 1))


def roc_points(score: Array, positive: Array, negative: Array) -> Array:
    """False and true positive rates, (points, 2), from (0, 0) to (1, 1): at most 200, evenly spaced along the curve."""
    _, place = np.unique(-score, return_inverse=True)
    rates = [np.append(0.0, np.cumsum(np.bincount(place, part))) for part in (negative, positive)]
    curve = np.column_stack([rate / rate[-1] for rate in rates])
    if len(curve) <= POINTS:
        return curve
    along = curve.sum(axis=1)
    chosen = np.unique(np.searchsorted(along, np.linspace(0, along[-1], POINTS)).clip(0, len(curve) - 1))
    chosen[-1] = len(curve) - 1
    return np.asarray(curve[chosen])


def lift_table(score: Array, outcome: Array, weights: Array, bins: int) -> Array:
    """From the highest predictions to the lowest, a row for each tenth of the weight.

    Returns
    -------
    array of shape (at most bins, 4)
        Share of the weight so far, mean outcome of the tenth, that mean above that of all (the lift), share of the
        outcomes so far (the gain).
    """
    tenth = ranked_bins(-score, weights, bins)
    weight, sums = np.bincount(tenth, weights), np.bincount(tenth, weights * outcome)
    with np.errstate(divide="ignore", invalid="ignore"):
        lift = sums / weight / (sums.sum() / weight.sum())
        gain = np.cumsum(sums) / sums.sum()
    return np.column_stack([np.cumsum(weight) / weight.sum(), sums / weight, lift, gain])


def gini(score: Array, outcome: Array, weights: Array) -> float:
    """Twice the area between the diagonal and the Lorenz curve of the outcomes, rows ordered by prediction."""
    _, place = np.unique(score, return_inverse=True)
    weight, sums = np.bincount(place, weights), np.bincount(place, weights * outcome)
    if not sums.sum() > 0:
        return float("nan")
    across, up = (np.append(0.0, np.cumsum(part)) / part.sum() for part in (weight, sums))
    return float(1 - np.sum(np.diff(across) * (up[1:] + up[:-1])))


def confusion_at(threshold: float, p: Array, positive: Array, negative: Array) -> list[float]:
    """Weight of true and false negatives, of false and true positives, where p from the threshold on is positive."""
    called = p >= threshold
    return [float(part.sum()) for part in (negative[~called], positive[~called], negative[called], positive[called])]
