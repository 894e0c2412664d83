"""One fit at one strength, certified on the rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shrinkwise.design import as_design
from shrinkwise.design.base import Array
from shrinkwise.engines import LocalEngine
from shrinkwise.engines.local import one_blas_thread
from shrinkwise.losses import Loss
from shrinkwise.path.lockstep import Lockstep
from shrinkwise.penalties import ElasticNet
from shrinkwise.problem import build_problems, power_of_two
from shrinkwise.validation import check_weights


@dataclass(frozen=True, eq=False)
class Solution:
    """A fit in the units of the data with its certificate."""

    coef: Array  # (p,)
    intercept: float
    gap: float  # duality gap relative to the loss of the intercept-only model
    n_iter: int
    converged: bool  # gap <= tol


def solve(
    X: Any,
    y: Array,
    *,
    loss: Loss,
    penalty: ElasticNet,
    alpha: float,
    sample_weight: Array | None = None,
    fit_intercept: bool = True,
    standardize: bool = True,
    tol: float = 1e-8,
    max_iter: int = 1000,
    start: Array | None = None,
    engine: LocalEngine | None = None,
) -> Solution:
    """Minimize (1/Σs) Σ s ℓ(y, η) + α Ω(w) and certify the minimum.

    Parameters
    ----------
    X : array or sparse matrix of shape (n, p)
    y : float64 array of shape (n,)
    alpha : float >= 0, may be infinite
    start : array of shape (p,), optional
        Coefficients to begin from, in the units of the data.
    tol : float
        Duality gap to reach, relative to the loss of the intercept-only model.
    max_iter : int
        Newton steps and rounds of working sets at the most.

    Returns
    -------
    Solution
        Never silently unfinished: see ``converged`` and ``gap``.
    """
    if alpha == np.inf:
        penalty, alpha = _frozen(penalty, X.shape[1]), 0.0
    y = np.asarray(y, dtype=np.float64)
    weights = check_weights(sample_weight, len(y))
    weights = weights / np.ldexp(1.0, int(np.frexp(weights.max())[1]))
    weights /= weights.sum()
    if np.any(weights == 0):
        kept = np.flatnonzero(weights)
        X, y, weights = X.tocsr()[kept] if hasattr(X, "tocsr") else X[kept], y[kept], weights[kept]
    unit = power_of_two(y) if loss.quadratic else 1.0
    with one_blas_thread():
        design, column_unit = as_design(X)
        design = design.standardized(weights[:, None], fit_intercept)
        (problem,) = build_problems(
            design,
            y / unit,
            weights[:, None],
            loss,
            penalty,
            fit_intercept=fit_intercept,
            standardize=standardize,
            column_unit=column_unit,
            unit=unit,
        )
        lockstep = Lockstep(design, [problem], tol, engine or LocalEngine(), max_iter)
        gap, steps = np.inf, 1
        if start is not None and np.any(start):
            lockstep.batch.set_coefficients(0, problem.standardized(start, column_unit))
            lockstep.look([0])
            gap = lockstep.gap(0, alpha)  # a good start is only certified
        if not gap <= tol:
            (gap,), (steps,) = lockstep.step(np.array([alpha]))
        batch = lockstep.batch
        coef, intercept = problem.in_data_units(batch.w[:, 0], float(batch.b[0]), column_unit)
    return Solution(coef, intercept, float(gap), int(steps), bool(gap <= tol))


def _frozen(penalty: ElasticNet, n_features: int) -> ElasticNet:
    """Infinite strength: penalized coefficients are held at zero."""
    weights = penalty.rows(n_features)
    penalized = weights.l1 + weights.l2 > 0
    return replace(
        penalty, lower=np.where(penalized, 0.0, weights.lower), upper=np.where(penalized, 0.0, weights.upper)
    )
