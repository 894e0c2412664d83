"""Compiled coordinate descent on sparse columns, for Grams that are too large to be formed."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from numba import njit

from shrinkwise.solvers._kernels import minimizer

V = "f8[::1]"


@njit(
    f"i8({V},i4[::1],i8[::1],{V},{V},{V},{V},{V},{V},{V},{V},{V},{V},f8,i8)",
    nogil=True,
    error_model="numpy",
    cache=True,
)
def descend(data, indices, indptr, mean, diagonal, q, w, l1, l2, lower, upper, image, along, tol, max_sweeps):
    """Cyclic coordinate descent on ½ w'Gw − c'w + Σ l1|w| + l2/2 w² in the bounds, with G = Z'Z − mm'.

    q is c − Gw where the descent began; of the steps d since then, ``image`` holds −Zd and ``along`` m'd. A full sweep,
    then sweeps over the nonzeros until they rest, and again, until a full sweep moves no gradient by more than tol.
    Returns the number of sweeps, negative if max_sweeps ended it.
    """
    full = True
    for sweep in range(max_sweeps):
        worst = 0.0
        for j in range(len(w)):
            old = w[j]
            if old == 0.0 and not full:
                continue
            curvature = diagonal[j] + l2[j]
            if curvature <= 0.0:
                continue
            start, end = indptr[j], indptr[j + 1]
            u = 0.0
            for t in range(start, end):
                u += data[t] * image[indices[t]]
            u += q[j] + mean[j] * along[0] + diagonal[j] * old
            new = minimizer(u, curvature, l1[j], lower[j], upper[j])
            if new != old:
                step = new - old
                w[j] = new
                for t in range(start, end):
                    image[indices[t]] -= step * data[t]
                along[0] += step * mean[j]
                worst = max(worst, abs(step) * curvature)
        if worst <= tol:
            if full:
                return sweep + 1
            full = True
        else:
            full = False
    return -max_sweeps
