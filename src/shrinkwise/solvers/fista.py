"""Accelerated proximal gradient: slow, short and independent of the other solvers."""

from __future__ import annotations

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.problem import Problem


def fista(
    problem: Problem, alpha: float, tol: float = 1e-6, max_iter: int = 100_000
) -> tuple[Array, float, float, int]:
    """Minimize one problem by FISTA with restarts.

    Parameters
    ----------
    problem : Problem
    alpha : float
    tol : float
        Relative duality gap to reach.
    max_iter : int

    Returns
    -------
    (w, b, gap, n_iter)
        Coefficients (p,) in standardized coordinates, intercept, relative duality gap, iterations.

    References
    ----------
    Beck & Teboulle, SIAM J. Imaging Sci. 2009; restarts by O'Donoghue & Candès, Found. Comput. Math. 2015, sec. 3.2.
    """
    rows = problem.rows.times(alpha)
    p = problem.design.shape[1]
    loss, eigenvalue = problem.loss, _largest_eigenvalue(problem)
    w, b = np.zeros(p), problem.null_intercept
    at_null = float(np.max(loss.curvature(problem.y, problem.null_eta)))
    step = 1.0 / (min(loss.smoothness, at_null) * eigenvalue)
    v, c, t = w, b, 1.0
    gap = np.inf
    for iteration in range(1, max_iter + 1):
        eta = problem.predictor(v, c)
        slope, pull = problem.slope(eta), float(problem.weights @ -loss.gradient(problem.y, eta))
        before = problem.weights @ loss.value(problem.y, eta)
        while True:  # not every loss has a bound of its curvature: the step shrinks until the model is above the loss
            new = rows.prox(v + step * slope, step)
            moved = c + step * pull if problem.free_intercept else b
            d, e = new - v, moved - c
            after = problem.weights @ loss.value(problem.y, problem.predictor(new, moved))
            if after <= before - slope @ d - pull * e + (d @ d + e * e) / (2 * step) + 1e-14 * abs(before):
                break
            step /= 2
        if (v - new) @ (new - w) + (c - moved) * (moved - b) > 0:
            t = 1.0
        following = (1 + np.sqrt(1 + 4 * t * t)) / 2
        momentum = (t - 1) / following
        v, c, t = new + momentum * (new - w), moved + momentum * (moved - b), following
        w, b = new, moved
        if iteration % 10 == 0:
            gap = problem.relative_gap(alpha, w, b)
            if gap <= tol:
                break
    return w, b, gap, iteration


def _largest_eigenvalue(problem: Problem) -> float:
    """An upper bound of the largest eigenvalue of [X, 1]' S [X, 1]: power iteration with a margin."""
    v = np.random.default_rng(0).standard_normal(problem.design.shape[1])
    value = 1.0
    for _ in range(50):
        v = problem.design.rmatvec(problem.weights[:, None] * problem.design.matvec(v[:, None]))[:, 0]
        value = float(np.linalg.norm(v))
        if value == 0:
            return 1.0
        v /= value
    return 1.05 * value + float(problem.free_intercept)
