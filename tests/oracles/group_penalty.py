"""The sparse group lasso one group at a time, from its definition: value, prox by numerical search, KKT conditions."""

import numpy as np
from scipy import optimize


def value(w, l1, l2, parts):
    """Σ l1|w| + l2/2 w² + Σ factor ‖w_g‖ for parts = [(columns, factor), ...]."""
    return np.sum(l1 * np.abs(w) + l2 / 2 * w**2) + sum(factor * np.linalg.norm(w[cols]) for cols, factor in parts)


def prox_of_group(v, l1, l2, factor):
    """argmin ½‖w − v‖² + Σ l1|w| + l2/2 w² + factor ‖w‖, by a search for the length of w.

    Where ‖w‖ = t > 0: w_j (1 + l2 + factor/t) = S(v_j, l1), so that t is the root of a decreasing function.
    """
    pull = np.sign(v) * np.maximum(np.abs(v) - l1, 0)
    if np.linalg.norm(pull) <= factor:
        return np.zeros_like(v)

    def excess(t):
        return np.linalg.norm(pull / ((1 + l2) * t + factor)) - 1

    size = np.linalg.norm(pull)
    t = optimize.brentq(excess, 1e-15 * size, size, xtol=1e-300, rtol=4 * np.finfo(float).eps)
    return pull / (1 + l2 + factor / t)


def kkt(q, w, l1, l2, parts):
    """The distance of q from the subdifferential at w, group by group; columns in no part are groups of their own."""
    alone = np.setdiff1d(np.arange(len(w)), np.concatenate([cols for cols, _ in parts] or [[]]))
    worst = 0.0
    for cols, factor in [*parts, *(([j], 0.0) for j in alone)]:
        u, x, a = q[cols] - l2[cols] * w[cols], w[cols], l1[cols]
        size = np.linalg.norm(x)
        if size == 0:
            distance = max(np.linalg.norm(np.maximum(np.abs(u) - a, 0)) - factor, 0)
        else:
            at_zero = np.maximum(np.abs(u) - a, 0)
            distance = np.linalg.norm(np.where(x == 0, at_zero, u - a * np.sign(x) - factor * x / size))
        worst = max(worst, distance)
    return worst


def proximal_gradient(gradient, prox, w, step, n_iter):
    """FISTA with restarts (Beck & Teboulle 2009), plain."""
    v, t = w, 1.0
    for _ in range(n_iter):
        new = prox(v - step * gradient(v), step)
        if (v - new) @ (new - w) > 0:
            t = 1.0
        following = (1 + np.sqrt(1 + 4 * t * t)) / 2
        v, w, t = new + (t - 1) / following * (new - w), new, following
    return w
