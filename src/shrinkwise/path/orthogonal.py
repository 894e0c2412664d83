"""Least squares by an orthogonal factorization: where columns are so alike that their Gram holds no digits."""

from __future__ import annotations

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.problem import Problem

ENTRIES = 20_000_000  # of X, up to which two copies of it and their factorization are worth their memory and time
EPS = float(np.finfo(np.float64).eps)
TURNS = 3  # of refinement
LOOSE = 0.1  # share by which rounding may move the lengths that the factor stands for; beyond it nothing is known
PAIRWISE = 20  # roundings of a number on its way through a sum by halves, beside those of the halves


def least_squares(problem: Problem, alpha: float, centered: bool) -> tuple[Array, float] | None:
    """Standardized coefficients without a penalty, and their relative gap; None where this is no way to them.

    With A = QR the columns, weights in them, w solves Rw = Q'y, refined with the residuals r of the rows. What is left
    to gain is half the square of the part of r that the columns can explain,

        ½ ‖R⁻ᵀ A'r‖² ,

    and the gap is that with the roundings of A'r, of the columns, and of the predictor added to the length.

    Parameters
    ----------
    problem : Problem
        Of the squared loss and one predictor a row.
    alpha : float
        No column that can move may feel a penalty, or a bound.
    centered : bool
        Whether there is an intercept.

    References
    ----------
    Björck, "Numerical Methods for Least Squares Problems", 1996, sec. 2.4 and 2.9; Higham, "Accuracy and Stability of
    Numerical Algorithms", 2002, sec. 4.2 (sums by halves), theorem 19.4.
    """
    rows, design = problem.rows.times(alpha), problem.design
    held = (rows.lower == 0) & (rows.upper == 0) | (design.scale[:, 0] == 0)
    cols = np.flatnonzero(~held)
    n, p = design.shape[0], len(cols)
    bounded = np.isfinite(rows.lower[cols]) | np.isfinite(rows.upper[cols])
    suits = problem.loss.quadratic and problem.outputs == 1 and 0 < p <= n and n * p <= ENTRIES
    if not suits or np.any(bounded | ~rows.unpenalized[cols]):
        return None
    root = np.sqrt(problem.weights)
    A, y = root[:, None] * design.explicit(cols), root * problem.y
    Q, R = np.linalg.qr(A)
    if np.any(np.diagonal(R) == 0):
        return None
    factor = _Factor(A, Q, R, root[:, None] * (np.abs(design.means[cols, 0]) / design.scale[cols, 0]))
    if not factor.loose < LOOSE:
        return None
    best, found, w = np.inf, np.zeros(p), factor.solve(y)
    for _ in range(1 + TURNS):
        r = y - A @ w
        left = factor.length(r) + factor.rounding(w, root * (np.abs(problem.y) + abs(problem.y_center)))
        left += abs(float(root @ r)) if centered else 0.0
        if not left < best:
            break
        best, found = left, w
        w = w + factor.solve(r)
    out = np.zeros(design.shape[1])
    out[cols] = found
    gap = 0.5 * (best / (1 - factor.loose)) ** 2
    return out, gap / problem.null_loss if problem.null_loss > 0 else gap


class _Factor:
    """A = QR, and what rounding makes of it; ``far``: how far from zero the columns were before they were centered."""

    def __init__(self, A: Array, Q: Array, R: Array, far: Array) -> None:
        self.A, self.Q, self.R, self.far = A, Q, R, far
        n, p = A.shape
        self.inverse = np.linalg.solve(R, np.eye(p))
        self.sum_digits, self.dot_digits = (PAIRWISE + np.log2(n)) * EPS, (PAIRWISE + p) * EPS
        error = np.linalg.norm(A - Q @ R) + self.sum_digits * np.linalg.norm(np.abs(A) + far)
        self.loose = float(np.linalg.norm(self.inverse) * error + np.linalg.norm(Q.T @ Q - np.eye(p)))

    def solve(self, right: Array) -> Array:
        return np.asarray(self.inverse @ (self.Q.T @ right))

    def length(self, r: Array) -> float:
        """The length of the part of r in the span of the columns, and the rounding of it."""
        slopes = np.array([np.sum(column * r) for column in self.A.T])
        digits = self.sum_digits * (np.abs(self.A) + self.far).T @ np.abs(r)
        return float(np.linalg.norm(self.inverse.T @ slopes) + np.linalg.norm(np.abs(self.inverse.T) @ digits))

    def rounding(self, w: Array, target: Array) -> float:
        """The length of the rounding of the residuals, coefficients being rounded in the units of the data."""
        return float(self.dot_digits * np.linalg.norm((np.abs(self.A) + self.far) @ np.abs(w) + target))
