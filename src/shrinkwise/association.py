"""What lies outside of a model: how far each feature is from coming in, and which feature stands for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from shrinkwise.design import Design
from shrinkwise.design.base import Array
from shrinkwise.engines.local import one_blas_thread
from shrinkwise.losses import Loss
from shrinkwise.path import one_problem
from shrinkwise.penalties import Rows, penalty_of, varied
from shrinkwise.penalties.base import open_pull

ENTRIES = 1 << 22  # correlations that are held at a time


@dataclass(frozen=True, eq=False)
class Association:
    """Of each feature, at one fit of all data.

    Attributes
    ----------
    slack : array of shape (p,), in [0, 1]
        1 − |gradient| / (what the penalty holds at zero): at 0 a feature comes in. 1 where nothing pulls it.
    carrier : array of int, shape (p,)
        The other feature of the model that is most correlated with it; -1 where there is none.
    correlation : array of shape (p,), in [-1, 1]
        With the carrier; 0 where there is none.
    """

    slack: Array
    carrier: Array
    correlation: Array


def associate(
    X: Any,
    y: Array,
    *,
    loss: Loss,
    penalty: Mapping[str, Any],
    l1_ratio: float,
    alpha: float,
    coef: Array,
    intercept: Any,
    variant: Mapping[str, Any] | None = None,
    linear: sparse.csc_array | None = None,
    **options: Any,
) -> Association:
    """Optimality conditions of the features and their correlations with those of a model: s = 1 − |g| / (α r π).

    Parameters
    ----------
    X : array or sparse matrix of shape (n, q)
    y : float64 array of shape (n,), or (n, K) for K outputs
    loss : Loss
    penalty : mapping
        What `penalty_of` takes beside the mix.
    l1_ratio, alpha : float
    coef, intercept : array of shape (p,), or (K, p) for K outputs, and a number, or (K,)
        A solution at this strength, in the units of the data.
    variant : mapping, optional
        How the penalty of the line of a grid differs, see `shrinkwise.penalties.varied`.
    linear : sparse matrix of shape (q, p), optional
        What is made of the columns of X on all data.
    **options
        ``sample_weight``, ``offset``, ``fit_intercept``, ``standardize``, ``grouped_outputs`` and ``l1_factors``, as
        `shrinkwise.path.solve` takes them.

    Returns
    -------
    Association

    Notes
    -----
    A feature whose bounds keep it from going where it is pulled has slack 1. In a group that is left out as a whole
    all columns have the slack of the group; in one that is in, that of their own L1 part. Of a feature with several
    coefficients the smallest slack counts. Without an intercept correlations are those about zero. X is read four
    times, in blocks; sparse matrices stay sparse.
    """
    n_features = int(X.shape[1] if linear is None else linear.shape[1])
    bent = penalty_of(l1_ratio, **varied(penalty, variant or {}, n_features))
    by_feature = np.atleast_2d(coef).T  # (p, K)
    with one_blas_thread():
        problem, features, unit, weights = one_problem(X, y, loss=loss, penalty=bent, linear=linear, **options)
        w = problem.standardized(by_feature.ravel(), unit)
        slope = problem.slope(problem.predictor_of(w, intercept))
        slack = slack_of(problem.rows.times(alpha), w, slope)[: by_feature.size]
        inside = np.flatnonzero(np.any(by_feature, axis=1))
        carrier, correlation = _carriers(features, weights, inside)
    return Association(np.min(slack.reshape(by_feature.shape), axis=1), carrier, correlation)


def slack_of(rows: Rows, w: Array, slope: Array) -> Array:
    """1 − pull / limit of each coefficient, in [0, 1], for a penalty at its strength and the slope −∇ of the loss."""
    pull = open_pull(slope, rows.lower, rows.upper)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(pull > 0, pull / rows.l1, 0.0)
        if rows.grouped:
            out = rows.groups.inside & (rows.groups.lengths(w) == 0)
            share = np.where(out, 1 / rows.limits(slope), share)
    return np.asarray(np.clip(1 - share, 0.0, 1.0))


def _carriers(design: Design, weights: Array, inside: Array) -> tuple[Array, Array]:
    """Of each column the one inside, but itself, with which it is most correlated; and that correlation."""
    p = design.shape[1]
    everyone, best, carrier = np.arange(p), np.zeros(p), np.full(p, -1, dtype=np.int64)
    width = max(1, ENTRIES // p)
    for start in range(0, len(inside), width):
        some = inside[start : start + width]
        found = design.gram(weights, everyone, some)
        found[some, np.arange(len(some))] = 0.0
        at = np.argmax(np.abs(found), axis=1)
        value = found[everyone, at]
        larger = np.abs(value) > np.abs(best)
        best[larger], carrier[larger] = value[larger], some[at[larger]]
    return carrier, np.clip(best, -1.0, 1.0)
