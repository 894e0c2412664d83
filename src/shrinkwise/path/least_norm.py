"""Of all fits that reproduce their training rows, the one whose standardized coefficients are smallest."""

from __future__ import annotations

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.problem import Problem

WIDTH = 2048  # of a block of columns
SMALLEST_PIVOT = 1e-6  # relative; below it the rows are as good as dependent


def least_norm(problem: Problem) -> Array:
    """V of the fit W = Z'V, V = pinv(ZZ') Y in standardized coordinates, flat, from one read of blocks of columns."""
    design, y, weights = problem.table
    rows = np.flatnonzero(weights)
    products = np.zeros((len(rows), len(rows)))
    for start in range(0, design.shape[1], WIDTH):
        columns = design.explicit(slice(start, start + WIDTH))[rows]
        products += columns @ columns.T
    multipliers = np.zeros(y.shape)
    multipliers[rows] = _solve(products, y[rows], weights[rows])
    return multipliers.ravel()


def _solve(products: Array, y: Array, weights: Array) -> Array:
    """pinv(ZZ') y. Centered columns sum to zero with weights s, and so does y: adding ss' changes no solution."""
    along = weights / np.linalg.norm(weights)
    regular = products + np.outer(along, along) * (np.trace(products) / len(y))
    try:
        pivots = np.diagonal(np.linalg.cholesky(regular))
    except np.linalg.LinAlgError:
        pivots = np.zeros(1)
    if np.linalg.norm(along @ y) <= 1e-12 * np.linalg.norm(y) and pivots.min() > SMALLEST_PIVOT * pivots.max():
        return np.asarray(np.linalg.solve(regular, y))
    return np.asarray(np.linalg.pinv(products, hermitian=True) @ y)
