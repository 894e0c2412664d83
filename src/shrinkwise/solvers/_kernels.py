"""Compiled loops. Signatures are fixed and penalties arrive as data rows, so that the disk cache always hits."""

from __future__ import annotations

import numpy as np
from numba import njit

VECTOR = "f8[::1]"


@njit(
    f"i8(f8[:,::1],{VECTOR},{VECTOR},{VECTOR},{VECTOR},{VECTOR},{VECTOR},f8,i8)",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def descend(gram, q, w, l1, l2, lower, upper, tol, max_sweeps):  # type: ignore[no-untyped-def]
    """Cyclic coordinate descent on ½ w'Gw − c'w + Σ l1|w| + l2/2 w² in the bounds; q = c − Gw is kept with w.

    A full sweep, then sweeps over the nonzeros until they rest, and again, until a full sweep moves no gradient by
    more than tol. Returns the number of sweeps, negative if max_sweeps ended it.
    """
    m = len(w)
    full = True
    for sweep in range(max_sweeps):
        worst = 0.0
        for j in range(m):
            old = w[j]
            if old == 0.0 and not full:
                continue
            curvature = gram[j, j] + l2[j]
            if curvature <= 0.0:
                continue
            u = q[j] + gram[j, j] * old
            if u > l1[j]:
                new = (u - l1[j]) / curvature
            elif u < -l1[j]:
                new = (u + l1[j]) / curvature
            else:
                new = 0.0
            new = min(max(new, lower[j]), upper[j])
            if new != old:
                step = new - old
                w[j] = new
                for i in range(m):
                    q[i] -= step * gram[j, i]
                worst = max(worst, abs(step) * curvature)
        if worst <= tol:
            if full:
                return sweep + 1
            full = True
        else:
            full = False
    return -max_sweeps


@njit(
    f"i8(f8[:,::1],{VECTOR},{VECTOR},{VECTOR},{VECTOR},{VECTOR},{VECTOR},{VECTOR},f8[:,::1],f8[:,::1],i8[::1],i8,f8,i8)",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def descend_path(gram, q, w, l1, l2, lower, upper, alphas, coefs, slopes, n_iter, first, tol, max_sweeps):  # type: ignore[no-untyped-def]
    """`descend` for alphas[first:], each from the one before; stops where one needs more than max_sweeps.

    Rows of coefs and slopes receive w and q. Returns the number of alphas that are done.
    """
    for a in range(first, len(alphas)):
        sweeps = descend(gram, q, w, alphas[a] * l1, alphas[a] * l2, lower, upper, tol, max_sweeps)
        n_iter[a] = abs(sweeps)
        if sweeps < 0:
            return a
        coefs[a] = w
        slopes[a] = q
    return np.int64(len(alphas))
