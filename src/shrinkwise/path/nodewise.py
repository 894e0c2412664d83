"""Directions that see one column and hardly any other: the residuals of its lasso regression on the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

from shrinkwise.design import Design
from shrinkwise.design.base import Array
from shrinkwise.penalties import Rows
from shrinkwise.solvers.quadratic import solve_path

Products = Callable[[Array], Array]

ALLOWANCE = 0.25  # κ0: share by which a standard error may grow for less bias (Zhang & Zhang 2014, table 2)
STEP, STRENGTHS = 0.85, 42  # a path goes down to 0.85⁴² ≈ 0.001 of its top
AT_ONCE = 6  # strengths between two looks at where the path may end
TOL = 1e-3  # of a strength: bias and noise are measured on whatever direction there is
WHOLE = 2000  # columns up to which one Gram serves all of them
WORKING = 400  # columns that a path on more of them begins with
LEFT_OUT = 1.1  # times its strength: what columns that are left out may still see of a direction
ADDED, ROUNDS = 200, 5  # columns that it lets in at a time, and how often
INDEPENDENT = 1e-8  # share of a column's variance that the others must leave for least squares


@dataclass(frozen=True, eq=False)
class Directions:
    """For m columns j: z_j = Xθ_j with θ_jj = 1, in standardized coordinates; products weigh the rows to a mean.

    ``noise`` is ‖z_j‖ / z_j'x_j, the standard error of a coefficient over σ/√n; ``bias`` is √n max_k≠j |z_j'x_k| /
    ‖z_j‖: errors of the other coefficients, Σ|ŵ_k − w_k| in units of σ, move the estimate by at most that many
    standard errors for each 1 of their sum.
    """

    theta: sparse.csr_array  # (m, p)
    pull: Array  # (m,), z_j'x_j
    noise: Array  # (m,)
    bias: Array  # (m,)


def tolerated_bias(p: int) -> float:
    """√(2 log p), what Zhang & Zhang ask of a direction; where none reaches it the column is a copy of others."""
    return float(np.sqrt(2 * np.log(max(p, 2))))


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """Residuals of least squares see no other column at all."""

    inverse: Array  # (p, p), of the Gram; zero where columns are constant

    @classmethod
    def of(cls, gram: Array) -> LeastSquares | None:
        """None where a column is (nearly) a combination of others."""
        part = np.flatnonzero(np.diagonal(gram) > 0)
        try:
            factor = cho_factor(gram[np.ix_(part, part)], lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            return None
        inverse = np.zeros_like(gram)
        inverse[np.ix_(part, part)] = cho_solve(factor, np.eye(len(part)), check_finite=False)
        return cls(inverse) if np.all(np.diagonal(inverse) * INDEPENDENT <= 1) else None

    def directions(self, columns: Array) -> Directions:
        pull = 1 / np.diagonal(self.inverse)[columns]
        theta = sparse.csr_array(self.inverse[columns] * pull[:, None])
        return Directions(theta, pull, 1 / np.sqrt(pull), np.zeros(len(columns)))


def nodewise_directions(design: Design, weights: Array, columns: Array, n: int) -> Directions:
    """The residuals of lasso regressions of some columns on all others, each with a strength of its own.

    The strength is the one with the least ``bias`` among those whose ``noise`` is within 1/4 of that of the first
    direction with ``bias`` ≤ √(2 log p).

    Parameters
    ----------
    design : Design
        Of one problem, standardized with these weights.
    weights : array of shape (n,)
        Summing to 1.
    columns : array of int, shape (m,)
        Not constant.
    n : int
        Rows of positive weight.

    Returns
    -------
    Directions
        Where none reaches that ``bias``, the one with the least.

    Notes
    -----
    Bias and noise are properties of a direction, whatever made it, so the lassos are not solved to their digits.

    References
    ----------
    Zhang & Zhang, "Confidence intervals for low dimensional parameters in high dimensional linear models", JRSS-B
    76:217, 2014, table 2.
    """
    p = design.shape[1]
    gram = design.gram(weights) if p <= WHOLE else None
    chosen = []
    for j in columns:
        if gram is None:
            chosen.append(_on_working_set(design, weights, int(j), n))
        else:
            trail = _follow(gram, np.arange(p), int(j), n, lambda theta: theta @ gram)
            chosen.append(trail.at(trail.best()))
    cols, theta, pull, noise, bias = zip(*chosen)
    ends = np.cumsum([0, *(len(part) for part in cols)])
    rows = sparse.csr_array((np.concatenate(theta), np.concatenate(cols), ends), shape=(len(columns), p))
    return Directions(rows, np.array(pull), np.array(noise), np.array(bias))


@dataclass(frozen=True, eq=False)
class _Trail:
    """Directions of one column on the way down: A strengths, m columns of p."""

    cols: Array  # (m,)
    strengths: Array  # (A,)
    theta: Array  # (A, m)
    slopes: Array  # (A, p), X'z but for the column itself
    pull: Array  # (A,)
    noise: Array  # (A,)
    bias: Array  # (A,)

    @classmethod
    def of(cls, cols: Array, strengths: Array, theta: Array, products: Array, column: int, n: int) -> _Trail:
        """From X'z (A, p)."""
        pull, square = products[:, column], np.maximum(np.einsum("am,am->a", products[:, cols], theta), 0.0)
        slopes = products.copy()
        slopes[:, column] = 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            noise = np.where((square > 0) & (pull > 0), np.sqrt(square) / pull, np.inf)
            bias = np.where(square > 0, np.sqrt(n / square) * np.max(np.abs(slopes), axis=1), np.inf)
        return cls(cols, strengths, theta, slopes, pull, noise, bias)

    def limit(self) -> float:
        """The noise that is allowed for the sake of less bias; infinite before a direction is good enough."""
        good = self.noise[self.bias <= tolerated_bias(self.slopes.shape[1])]
        return float((1 + ALLOWANCE) * np.min(good, initial=np.inf))

    def best(self) -> int:
        return int(np.argmin(np.where(self.noise <= self.limit(), self.bias, np.inf)))

    def at(self, index: int) -> tuple[Array, Array, float, float, float]:
        """Columns with their entries of θ, pull, noise and bias of one direction."""
        inside = np.flatnonzero(self.theta[index])
        numbers = (float(values[index]) for values in (self.pull, self.noise, self.bias))
        return self.cols[inside], self.theta[index, inside], *numbers


def _follow(gram: Array, cols: Array, column: int, n: int, products: Products) -> _Trail:
    """Down the path of a column's lasso on ``cols``, itself among them, until more noise buys nothing.

    ``gram`` is that of ``cols``, and ``products`` makes X'Xθ (A, p) of directions θ (A, m).
    """
    j = int(np.flatnonzero(cols == column)[0])
    q, w, held = gram[:, j].copy(), np.zeros(len(cols)), np.full(len(cols), np.inf)
    held[j] = 0.0
    rows = Rows(np.ones(len(cols)), np.zeros(len(cols)), -held, held)
    top = float(np.max(np.abs(np.delete(q, j)), initial=0.0))
    strengths = top * STEP ** np.arange(STRENGTHS if top > 0 else 1)
    theta, found = np.zeros((0, len(cols))), []
    while True:
        alphas = strengths[len(theta) :][:AT_ONCE]
        W, _, _ = solve_path(gram, q, w, rows, alphas, TOL * alphas)
        W[:, j] = -1.0
        theta = np.concatenate([theta, -W])
        found.append(products(-W))
        trail = _Trail.of(cols, strengths[: len(theta)], theta, np.concatenate(found), column, n)
        if len(theta) == len(strengths) or trail.noise[-1] > trail.limit():
            return trail


def _on_working_set(design: Design, weights: Array, column: int, n: int) -> tuple[Array, Array, float, float, float]:
    """The direction of one column among very many: a path on the columns nearest to it, then on those it left out."""

    def seen_by(theta: Array, cols: Array) -> Array:
        return design.rmatvec(weights[:, None] * design.matvec(theta.T, cols)).T

    near = np.abs(seen_by(np.ones((1, 1)), np.array([column]))[0])
    cols = np.sort(np.argpartition(-near, WORKING)[:WORKING])
    turn = 0
    while True:
        trail = _follow(design.gram(weights, cols), cols, column, n, partial(seen_by, cols=cols))
        beyond, turn = np.flatnonzero(trail.noise > trail.limit()), turn + 1
        end = beyond[0] + 1 if len(beyond) else len(trail.noise)  # the first beyond would be within with more columns
        outside = np.max(np.abs(trail.slopes[:end]) / trail.strengths[:end, None], axis=0)
        outside[cols] = 0.0
        missing = np.argsort(-outside)[:ADDED]
        missing = missing[outside[missing] > LEFT_OUT]
        if turn == ROUNDS or not len(missing):
            return trail.at(trail.best())
        cols = np.sort(np.concatenate([cols, missing]))
