"""Compiled loops. Signatures are fixed and penalties arrive as data rows, so that the disk cache always hits."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

LIFT = 1e-10  # of the diagonal of a singular system: its step is long where the system sees nothing, and cut at a zero
LARGE = 600  # a support beyond this is left to LAPACK
CUTS = 50  # of a Newton step before descent takes over again

VECTOR = "f8[::1]"
PROBLEM = f"f8[:,::1],{VECTOR},{VECTOR},{VECTOR},{VECTOR},{VECTOR},{VECTOR}"  # gram, q, w, l1, l2, lower, upper
PARTS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}  # compiled into the two entries, never by themselves
ENTRY = PARTS | {"cache": True}


@njit(**PARTS)
def minimizer(u, curvature, l1, lower, upper):
    """Of ½ curvature w² − uw + l1|w| in the bounds."""
    if u > l1:
        new = (u - l1) / curvature
    elif u < -l1:
        new = (u + l1) / curvature
    else:
        new = 0.0
    return min(max(new, lower), upper)


@njit(**PARTS)
def descend(gram, q, w, l1, l2, lower, upper, tol, max_sweeps):
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
            new = minimizer(u, curvature, l1[j], lower[j], upper[j])
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


@njit(**PARTS)
def violation(q, w, l1, l2, lower, upper):
    """How far q is from the subdifferential of the penalty at w, at the worst coordinate."""
    worst = 0.0
    for j in range(len(w)):
        if w[j] == 0.0:
            if (q[j] > 0.0 and upper[j] > 0.0) or (q[j] < 0.0 and lower[j] < 0.0):
                worst = max(worst, abs(q[j]) - l1[j])
            continue
        slope = q[j] - l2[j] * w[j] - l1[j] * np.sign(w[j])
        if not ((w[j] >= upper[j] and slope > 0.0) or (w[j] <= lower[j] and slope < 0.0)):
            worst = max(worst, abs(slope))
    return worst


@njit(fastmath={"reassoc", "contract"}, **PARTS)
def _dot(a, b, count):
    total = 0.0
    for i in range(count):
        total += a[i] * b[i]
    return total


@njit(**PARTS)
def _rearrange(gram, w, l1, lower, upper, support, inside, counts):
    """The support as it is now: those who stay in their order, then new ones; the factor keeps its rows above a gap."""
    kept = 0
    for a in range(counts[0]):
        j = support[a]
        if (w[j] != 0.0 or l1[j] == 0.0) and lower[j] < w[j] < upper[j]:
            support[kept] = j
            kept += 1
        else:
            inside[j] = False
            counts[1] = min(counts[1], kept)
    for j in range(len(w)):
        if not inside[j] and (w[j] != 0.0 or l1[j] == 0.0) and lower[j] < w[j] < upper[j] and gram[j, j] > 0.0:
            inside[j] = True
            support[kept] = j
            kept += 1
    counts[0] = kept


@njit(**PARTS)
def cholesky_row(factor, a, diagonal):
    """A row of a Cholesky factor in place of the system's; False where its pivot is lost to rounding."""
    row = factor[a]
    for b in range(a):
        row[b] = (row[b] - _dot(row, factor[b], b)) / factor[b, b]
    rest = diagonal - _dot(row, row, a)
    if not rest > 0.1 * LIFT * diagonal:
        return False
    row[a] = np.sqrt(rest)
    return True


@njit(**PARTS)
def _factorize(gram, l2, factor, support, counts, lift):
    """The missing rows of the Cholesky factor, of a diagonal lifted by a share; False where rounding takes a pivot."""
    for a in range(counts[1], counts[0]):
        j = support[a]
        for b in range(a):
            factor[a, b] = gram[j, support[b]]
        if not cholesky_row(factor, a, (gram[j, j] + l2[j]) * (1.0 + lift)):
            return False
    return True


@njit(**PARTS)
def substituted(factor, x):
    """x becomes (LL')⁻¹ x for the Cholesky factor L."""
    for a in range(len(x)):
        x[a] = (x[a] - _dot(factor[a], x, a)) / factor[a, a]
    for a in range(len(x) - 1, -1, -1):
        x[a] /= factor[a, a]
        for b in range(a):
            x[b] -= factor[a, b] * x[a]


@njit(**PARTS)
def _edge(w, step, l1, lower, upper):
    """How far a coefficient may go in the direction of a step: to zero where an L1 penalty turns, or to its bound."""
    if step > 0.0:
        return 0.0 if l1 > 0.0 and w < 0.0 else upper
    return 0.0 if l1 > 0.0 and w > 0.0 else lower


@njit(**PARTS)
def _advance(gram, q, w, l1, lower, upper, support, step):
    """Along a step, cut where a coefficient meets zero or a bound; whether it was cut."""
    length = 1.0
    for a in range(len(step)):
        j = support[a]
        edge = _edge(w[j], step[a], l1[j], lower[j], upper[j])
        if step[a] != 0.0 and (edge - w[j]) / step[a] < length:
            length = (edge - w[j]) / step[a]
    for a in range(len(step)):
        j = support[a]
        old = w[j]
        edge = _edge(old, step[a], l1[j], lower[j], upper[j])
        blocked = length < 1.0 and step[a] != 0.0 and (edge - old) / step[a] <= length
        w[j] = edge if blocked else old + length * step[a]
        if w[j] != old:
            for i in range(len(w)):
                q[i] -= (w[j] - old) * gram[j, i]
    return length < 1.0


@njit(**PARTS)
def newton_from(gram, q, w, l1, l2, lower, upper, factor, support, inside, counts):
    """`newton` with what is known of the factor: counts holds the size of the support, and the rows that are known."""
    for _ in range(CUTS):
        _rearrange(gram, w, l1, lower, upper, support, inside, counts)
        k = counts[0]
        if k > len(factor):
            return False
        lifted = not _factorize(gram, l2, factor, support, counts, 0.0)
        if lifted:
            counts[1] = 0
            if not _factorize(gram, l2, factor, support, counts, LIFT):
                return False
        counts[1] = 0 if lifted else k
        step = np.empty(k)
        for a in range(k):
            j = support[a]
            step[a] = q[j] - l2[j] * w[j] - l1[j] * np.sign(w[j])
        substituted(factor, step)
        if not _advance(gram, q, w, l1, lower, upper, support, step):
            return True
    return True


@njit(**PARTS)
def newton(gram, q, w, l1, l2, lower, upper):
    """Newton steps on the nonzeros, each cut where a coefficient meets zero or a bound, until one is full.

    Returns False where the support is too large for a kernel, or its system too singular.
    """
    support, inside, counts = np.empty(len(w), np.int64), np.zeros(len(w), np.bool_), np.zeros(2, np.int64)
    _rearrange(gram, w, l1, lower, upper, support, inside, counts)
    if counts[0] > LARGE:
        return False
    factor = np.empty((counts[0], counts[0]))
    return newton_from(gram, q, w, l1, l2, lower, upper, factor, support, inside, counts)


@njit(f"i8({PROBLEM},f8,i8,i8,b1)", **ENTRY)
def settle(gram, q, w, l1, l2, lower, upper, tol, max_sweeps, max_rounds, warm):
    """Descent and Newton steps in turn until no violation is above tol; the rounds taken, negative if too few.

    A warm start, whose nonzeros are nearly the right ones, begins with a Newton step.
    """
    for turn in range(1, max_rounds + 1):
        if turn > 1 or not warm:
            if descend(gram, q, w, l1, l2, lower, upper, tol, max_sweeps) > 0:
                return turn
            if violation(q, w, l1, l2, lower, upper) <= tol:
                return turn
        if not newton(gram, q, w, l1, l2, lower, upper):
            return -turn
        if violation(q, w, l1, l2, lower, upper) <= tol:
            return turn
    return -max_rounds
