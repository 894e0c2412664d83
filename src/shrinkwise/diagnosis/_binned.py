"""Weighted rows in a few bins: what is left of them is of a size that does not grow with the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def ranked_bins(values: Array, weights: Array, count: int) -> Array:
    """The bin (n,) of each row, from low to high values, of equal weight but that equal values stay together."""
    _, place = np.unique(values, return_inverse=True)
    of_value = np.bincount(place, weights)
    middle = np.cumsum(of_value) - of_value / 2
    bins = np.minimum(count - 1, np.floor(count * middle / of_value.sum())).astype(np.intp)
    return np.asarray(np.cumsum(np.diff(bins, prepend=bins[:1]) > 0)[place])  # without those that are empty


def bin_means(values: Array, weights: Array, bins: Array) -> tuple[Array, Array]:
    """Weighted mean of the values in each bin and its standard error √(Σ sᵢ² (vᵢ − v̄)² m/(m − 1)) / Σ sᵢ."""
    total, rows = np.bincount(bins, weights), np.bincount(bins)
    mean = np.bincount(bins, weights * values) / total
    squares = np.bincount(bins, (weights * (values - mean[bins])) ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.where(rows > 1, np.sqrt(squares * rows / (rows - 1.0)) / total, np.nan)
    return mean, se


def mean_with_error(values: Array, weights: Array) -> tuple[float, float]:
    """The same of all rows."""
    mean, se = bin_means(values, weights, np.zeros(len(weights), dtype=np.intp))
    return float(mean[0]), float(se[0])


def weighted_quantiles(values: Array, weights: Array, shares: Array) -> Array:
    """The smallest value with such a share of the weight at or below it."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    places = np.searchsorted(below, np.asarray(shares) * below[-1] * (1 - 1e-12))
    return np.asarray(values[order][np.minimum(places, len(order) - 1)])


def ratio_with_error(above: Array, below: Array, weights: Array) -> tuple[float, float]:
    """Σ s a / Σ s b and its standard error over independent rows, by the delta method; NaN where Σ s b is 0."""
    total = float(weights @ below)
    if not abs(total) > 0:
        return float("nan"), float("nan")
    ratio = float(weights @ above) / total
    return ratio, float(np.sqrt(np.sum((weights * (above - ratio * below)) ** 2)) / abs(total))
