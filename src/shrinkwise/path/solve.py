"""One fit at one strength, certified on the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from shrinkwise.design import Design, as_design
from shrinkwise.design.base import Array
from shrinkwise.design.build import one_scale_a_group
from shrinkwise.engines import LocalEngine
from shrinkwise.engines.local import one_blas_thread
from shrinkwise.losses import Loss
from shrinkwise.outputs import check_single, problems_of
from shrinkwise.path.lockstep import Lockstep
from shrinkwise.path.orthogonal import least_squares
from shrinkwise.penalties import ElasticNet, Penalty
from shrinkwise.penalties.concave import Concave
from shrinkwise.penalties.standardized import groups_of
from shrinkwise.problem import Problem, power_of_two, without_penalty
from shrinkwise.validation import check_weights


@dataclass(frozen=True, eq=False)
class Solution:
    """A fit in the units of the data with its certificate."""

    coef: Array  # (p,), or (pK,) feature by feature for K outputs
    intercept: Any  # a float, or (K,)
    gap: float  # duality gap relative to the loss of the intercept-only model
    n_iter: int
    converged: bool  # gap <= tol


def solve(
    X: Any,
    y: Array,
    *,
    loss: Loss,
    penalty: Penalty,
    alpha: float,
    sample_weight: Array | None = None,
    offset: Array | None = None,
    fit_intercept: bool = True,
    standardize: bool = True,
    grouped_outputs: bool = False,
    l1_factors: Array | None = None,
    concave: Concave | None = None,
    tol: float = 1e-8,
    max_iter: int = 1000,
    start: Array | None = None,
    engine: LocalEngine | None = None,
) -> Solution:
    """Minimize (1/Σs) Σ s ℓ(y, η) + α Ω(w) and certify the minimum.

    Parameters
    ----------
    X : array or sparse matrix of shape (n, p)
    y : float64 array of shape (n,), or (n, K) for K outputs
    alpha : float >= 0, may be infinite
    grouped_outputs : bool
        Of K outputs, see `fit_grid`.
    l1_factors : array of shape (p,), optional
        By which the L1 part of each coefficient is multiplied; infinity leaves a coefficient at zero.
    concave : Concave, optional
        See `fit_grid`; the local optimum is the one that majorizers reach from the start.
    offset : float64 array of shape (n,), optional
        A known part of η.
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
    with one_blas_thread():
        problem, _, column_unit, _ = one_problem(
            X,
            y,
            loss=loss,
            penalty=penalty,
            sample_weight=sample_weight,
            offset=offset,
            fit_intercept=fit_intercept,
            standardize=standardize,
            grouped_outputs=grouped_outputs,
            l1_factors=l1_factors,
        )
        loss, unit = problem.loss, problem.unit
        lockstep = Lockstep(problem.design, [problem], tol, engine or LocalEngine(), max_iter)
        gap, steps, bent = np.inf, 1, None
        if concave is not None:
            bent = concave.in_unit(unit ** (2 - loss.degree) if loss.degree else 1.0)
        if start is not None and np.any(start):
            lockstep.batch.set_coefficients(0, problem.standardized(start, column_unit))
            lockstep.look([0])
            if bent is None:
                gap = lockstep.gap(0, alpha)  # a good start is only certified
        if not gap <= tol:
            at = np.array([alpha])
            (gap,), (steps,) = lockstep.step(at) if bent is None else lockstep.step_concave(at, bent)
        w, b = lockstep.batch.w[:, 0], float(lockstep.batch.b[0])
        if not gap <= tol:
            other = least_squares(problem, alpha, fit_intercept)
            if other is not None and other[1] < gap:
                w, gap = other
        problem = problem if alpha else without_penalty(problem)
        coef, intercept = problem.in_data_units(w, b, column_unit)
    return Solution(coef, intercept, float(gap), int(steps), bool(gap <= tol))


def one_problem(
    X: Any,
    y: Array,
    *,
    loss: Loss,
    penalty: Penalty,
    sample_weight: Array | None = None,
    offset: Array | None = None,
    fit_intercept: bool = True,
    standardize: bool = True,
    grouped_outputs: bool = False,
    l1_factors: Array | None = None,
    linear: sparse.csc_array | None = None,
) -> tuple[Problem, Design, Array, Array]:
    """All rows as one problem, the standardized design of its features, the units of its columns, and the weights.

    The parameters are those of `solve`; ``linear``, of shape (q, p), is what is made of the columns of X.
    """
    y = np.asarray(y, dtype=np.float64)
    weights = check_weights(sample_weight, len(y))
    weights = weights / np.ldexp(1.0, int(np.frexp(weights.max())[1]))
    weights /= weights.sum()
    if np.any(weights == 0):
        kept = np.flatnonzero(weights)
        X, y, weights = X.tocsr()[kept] if hasattr(X, "tocsr") else X[kept], y[kept], weights[kept]
        offset, loss = None if offset is None else offset[kept], loss.take(kept)
    check_single(y, offset=offset, l1_factors=l1_factors)
    if loss.degree and offset is not None:
        y, offset = y - offset, None
    loss = loss.for_target(y, weights)
    unit = power_of_two(y) if loss.degree else 1.0
    features, column_unit = as_design(X)
    if linear is not None:
        features = features.mapped((sparse.csc_array(sparse.diags_array(column_unit) @ linear),))
        column_unit = np.ones(linear.shape[1])
    features = features.standardized(weights[:, None], fit_intercept)
    if not standardize:
        features = one_scale_a_group(features, groups_of([penalty], features.shape[1]), column_unit)
    _, (problem,) = problems_of(
        features,
        y / unit,
        weights[:, None],
        loss.in_unit(unit),
        penalty,
        grouped=grouped_outputs,
        fit_intercept=fit_intercept,
        standardize=standardize,
        column_unit=column_unit,
        unit=unit,
        offset=0.0 if offset is None else offset,
        l1_factors=None if l1_factors is None else l1_factors[None],
    )
    return problem, features, column_unit, weights


def _frozen(penalty: Penalty, n_features: int) -> Penalty:
    """Infinite strength: penalized coefficients are held at zero."""
    rows = penalty.rows(n_features)
    return ElasticNet(
        penalty_weights=np.where(rows.unpenalized, 0.0, 1.0),
        lower=np.where(rows.unpenalized, rows.lower, 0.0),
        upper=np.where(rows.unpenalized, rows.upper, 0.0),
    )
