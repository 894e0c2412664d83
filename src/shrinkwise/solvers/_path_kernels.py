"""A compiled path: descent and Newton steps in turn, their Cholesky factor kept while the support changes little."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

from shrinkwise.solvers._kernels import ENTRY, PROBLEM, VECTOR, descend, newton_from, violation

PLAN = f"{VECTOR},{VECTOR},f8[:,::1],f8[:,::1],i8[::1]"  # alphas, tols, coefs, slopes, turns
KNOWN = "f8[:,::1],i8[::1],b1[::1],i8[::1]"  # factor, support, inside, counts


@njit(f"i8({PROBLEM},{PLAN},{KNOWN},i8,i8,i8)", **ENTRY)
def follow(
    gram, q, w, l1, l2, lower, upper, alphas, tols, coefs, slopes, turns,
    factor, support, inside, counts, first, max_sweeps, max_rounds,
):  # fmt: skip
    """Minimize ½ w'Gw − c'w + α (Σ l1|w| + l2/2 w²) for alphas[first:], each from the one before.

    Rows of coefs and slopes receive w and q. Returns how many alphas are done; the next one needs another solver.
    Factor, support, inside and counts (of the support, and of the rows of the factor) are what `Factor` keeps.
    """
    curved = np.any(l2 > 0.0)
    for a in range(first, len(alphas)):
        hold, bend, tol = alphas[a] * l1, alphas[a] * l2, tols[a]
        if curved:
            counts[1] = 0
        done = False
        while not done and turns[a] < max_rounds:
            turns[a] += 1
            if turns[a] > 1 or not np.any(w):
                done = descend(gram, q, w, hold, bend, lower, upper, tol, max_sweeps) > 0
                done = done or violation(q, w, hold, bend, lower, upper) <= tol
            if not done:
                if not newton_from(gram, q, w, hold, bend, lower, upper, factor, support, inside, counts):
                    return a
                done = violation(q, w, hold, bend, lower, upper) <= tol
        if not done:
            return a
        coefs[a] = w
        slopes[a] = q
    return np.int64(len(alphas))
