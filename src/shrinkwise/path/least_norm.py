"""Of all fits that reproduce their training rows, the one whose standardized coefficients are smallest."""

from __future__ import annotations

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.problem import Problem

WIDTH = 2048  # of a block of columns
SMALLEST_PIVOT = 1e-6  # relative; below it the rows are as good as dependent


def least_norm(problem: Problem) -> Array:
    """w = Z' pinv(ZZ') y in standardized coordinates, from one read of the columns in blocks."""
    design, y, weights = problem.table
    n, p = design.shape
    rows = np.flatnonzero(weights)
    pick = np.zeros((n, len(rows)))
    pick[rows, np.arange(len(rows))] = 1.0
    products = np.zeros((len(rows), len(rows)))
    for start in range(0, p, WIDTH):
        columns = design.rmatvec(pick, slice(start, start + WIDTH))
        products += columns.T @ columns
    residual = np.zeros(y.shape)
    residual[rows] = _solve(products, y[rows], weights[rows])
    return np.asarray(design.rmatvec(residual).ravel())


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
