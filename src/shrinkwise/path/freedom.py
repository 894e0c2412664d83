"""Degrees of freedom of penalized fits: the trace of the map from the target to its fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.penalties import Rows

Gram = Callable[[int | None, Array], Array]

DEPENDENT = 1e-10  # a column of which the others leave no larger share of its variance unexplained is dependent


def path_freedom(w: Array, rows: Rows, alphas: Array, gram: Gram, varies: bool) -> Array:
    """Degrees of freedom of the fits of a path, (A,), without the intercept.

    With A the columns whose coefficients are neither zero nor at a bound, tr( (G + αD)⁺ G ) for G = X_A' diag(s h) X_A
    and the curvature αD of the penalty; h are second derivatives of the loss. Where the penalty has no L2 part it is
    rank(X_A): the number of nonzero coefficients, but for columns that depend on each other. The norm of a group bends
    along its coefficients w, so that D holds norm (I/‖w‖ − ww'/‖w‖³), too.

    Parameters
    ----------
    w : array of shape (A, p)
        Standardized coefficients.
    rows : Rows
        The penalty at strength 1.
    alphas : array of shape (A,)
    gram : function (index of a strength or None, columns) -> array of shape (m, m)
        X' diag(s h) X of these columns at that strength, None: with h = 1; about the weighted means where there is an
        intercept.
    varies : bool
        Whether h depends on the strength.

    References
    ----------
    Zou, Hastie & Tibshirani, Annals of Statistics 2007, theorem 1; Tibshirani & Taylor, "Degrees of freedom in lasso
    problems", Annals of Statistics 2012, theorem 2 and eq. 19 (elastic net); Vaiter, Deledalle, Fadili, Peyré & Dossal,
    "The degrees of freedom of partly smooth regularizers", Ann. Inst. Stat. Math. 2017, theorem 1 (groups).
    """
    if rows.grouped:
        return np.array([_grouped(w[a], rows.times(alpha), gram, a) for a, alpha in enumerate(alphas)])
    open_ = (w != 0) & (w != rows.lower) & (w != rows.upper)
    ever = np.flatnonzero(np.any(open_, axis=0))
    flat = not np.any(rows.l2[ever])  # a rank, which h does not change
    if flat and len(ever) and rank(gram(None, ever)) == len(ever):
        return np.asarray(
            open_.sum(axis=1, dtype=np.float64)
        )  # what holds for all of these columns holds for some of them
    freedom = np.zeros(len(alphas))
    before, known = np.empty(0, dtype=np.intp), (0, np.empty(0))
    for a, alpha in enumerate(alphas):
        cols = np.flatnonzero(open_[a])
        if (varies and not flat) or not np.array_equal(cols, before):
            known, before = spectrum(gram(None if flat else a, cols), rows.l2[cols]), cols
        free, values = known
        freedom[a] = free + np.sum(values / (values + alpha)) if len(values) else free
    return freedom


def _grouped(w: Array, rows: Rows, gram: Gram, a: int) -> float:
    """The trace for one fit with norms of groups, on the columns in which its objective is smooth."""
    cols = np.flatnonzero((w != 0) & (w != rows.lower) & (w != rows.upper))
    own, part = gram(a, cols), rows.take(cols)
    curvature = np.diag(part.l2)
    if part.grouped:
        length = part.groups.lengths(w[cols])
        safe = np.where(length > 0, length, 1.0)
        unit = np.where(length > 0, w[cols] / safe, 0.0)
        together = np.equal.outer(part.groups.labels, part.groups.labels)
        bend = np.where(part.groups.inside, part.norm / safe, 0.0)
        curvature = curvature + np.diag(bend) - np.where(together, bend * np.outer(unit, unit), 0.0)
    return float(np.trace(np.linalg.lstsq(own + curvature, own, rcond=DEPENDENT)[0])) if len(cols) else 0.0


def spectrum(gram: Array, l2: Array) -> tuple[int, Array]:
    """(f, μ) with tr( (G + αD)⁺ G ) = f + Σ μ/(μ + α) for every α: one decomposition serves all strengths.

    f is the rank of the columns without curvature; μ are the eigenvalues of D^-½ G D^-½ for the others, once what
    those explain is taken out of them.
    """
    flat, curved = np.flatnonzero(l2 == 0), np.flatnonzero(l2 > 0)
    free = rank(gram[np.ix_(flat, flat)])
    if not len(curved):
        return free, np.empty(0)
    rest = gram[np.ix_(curved, curved)]
    if len(flat):
        cross = gram[np.ix_(flat, curved)]
        rest = rest - cross.T @ np.linalg.lstsq(gram[np.ix_(flat, flat)], cross, rcond=DEPENDENT)[0]
    root = np.sqrt(l2[curved])
    return free, np.maximum(np.linalg.eigvalsh(rest / root / root[:, None]), 0.0)


def rank(gram: Array) -> int:
    """The rank of a positive semi-definite matrix: a Cholesky factorization with pivots."""
    from scipy.linalg.lapack import dpstrf  # 0.1 s to import, which only those pay who ask for degrees of freedom

    sd = np.sqrt(np.diagonal(gram))
    kept = sd > 0
    if not np.any(kept):
        return 0
    unit = gram[np.ix_(kept, kept)] / sd[kept] / sd[kept, None]
    return int(dpstrf(unit, tol=DEPENDENT)[2])
