"""What the scores of folds say: how sure their mean is, and how much the lowest of many means flatters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def standard_error(scores: Array, weights: Array, repeats: Array | None = None) -> Array:
    """Standard error of a mean over folds: sqrt( Σ_k w_k (e_k − ē)² / (K − 1) ), 0 where there is a single fold.

    Where cross-validation is repeated it is that of one repeat, averaged over the repeats: folds of different repeats
    hold out the same rows, so more repeats say nothing more about other rows.

    Parameters
    ----------
    scores : array of shape (..., K)
    weights : array of shape (K,)
        Shares of the folds in the mean.
    repeats : array of int, shape (K,), or None
        The repeat that each fold belongs to.

    Returns
    -------
    array of shape (...)

    References
    ----------
    Friedman, Hastie & Tibshirani, "Regularization paths for GLMs via coordinate descent", JSS 2010 (the "cvsd").
    """
    if repeats is not None:
        groups = repeats_as_groups(repeats, len(weights))
        parts = [standard_error(scores[..., group], weights[group] / weights[group].sum()) for group in groups]
        return np.asarray(np.mean(parts, axis=0))
    mean = np.asarray(scores @ weights)
    if len(weights) < 2:
        return np.zeros_like(mean)
    with np.errstate(invalid="ignore", over="ignore"):
        differences = scores - mean[..., None]
        unit = np.max(np.abs(differences), initial=0.0, where=np.isfinite(differences)) or 1.0
        squares = (differences / unit) ** 2 @ weights
    return np.asarray(unit * np.sqrt(np.where(np.isnan(squares), np.inf, squares) / (len(weights) - 1)))


def repeats_as_groups(repeats: Array | None, n_folds: int) -> list[Array]:
    """The folds of each repeat; None: one repeat."""
    if repeats is None:
        return [np.arange(n_folds)]
    return [np.flatnonzero(repeats == repeat) for repeat in np.unique(repeats)]


def search_bias(scores: Array, chosen: Array, weights: Array) -> float:
    """How far the lowest mean of many cells flatters its cell: Σ_k w_k ( e_k − min over cells of e_k ).

    What a fold loses by the choice that all folds made, against its own lucky pick.

    Parameters
    ----------
    scores : array of shape (cells, K)
        Of the cells that were searched; folds of many rows, or else each fold's own minimum says nothing.
    chosen : array of shape (K,)
        Of the cell with the lowest mean.
    weights : array of shape (K,)

    Returns
    -------
    float
        0 or more; not a number with a single fold.

    Notes
    -----
    Made for counted errors where features outnumber rows, and right there; for squares and log-likelihoods, and folds
    of few rows, it says two to four times too much (tests/result/test_search_bias.py measures both).

    References
    ----------
    Tibshirani & Tibshirani, "A bias correction for the minimum error rate in cross-validation", Annals of Applied
    Statistics 3:822, 2009, eq. 4.
    """
    if len(weights) < 2:
        return float("nan")
    lowest = np.min(np.where(np.isfinite(scores), scores, np.inf), axis=0)
    return float((chosen - lowest) @ weights)
