"""Compiled loops. Signatures are fixed and penalties arrive as data rows, so that the disk cache always hits."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

LIFT = 1e-10  # of the diagonal of a singular system: its step is long where the system sees nothing, and cut at a zero
SWEEPS = 3  # of descent before a Newton step on a path, whose support is nearly the one before
LARGE = 600  # a support beyond this is left to LAPACK
ROUNDS = 30  # of descent and Newton step that one strength of a path may take
CUTS = 50  # of a Newton step before descent takes over again

VECTOR = "f8[::1]"
PROBLEM = f"f8[:,::1],{VECTOR},{VECTOR},{VECTOR},{VECTOR},{VECTOR},{VECTOR}"  # gram, q, w, l1, l2, lower, upper
PARTS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}  # compiled into the two entries, never by themselves
ENTRY = PARTS | {"cache": True}


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
def _factor(gram, l2, support, k, system, known, lift):
    """Rows of the Cholesky factor of Newton's system on the support, from row ``known`` on; a share lifts the diagonal.

    False where a pivot is lost to rounding.
    """
    for a in range(known, k):
        j, row = support[a], system[a]
        for b in range(a):
            row[b] = gram[j, support[b]]
        for b in range(a):
            row[b] = (row[b] - _dot(row, system[b], b)) / system[b, b]
        diagonal = (gram[j, j] + l2[j]) * (1.0 + lift)
        rest = diagonal - _dot(row, row, a)
        if not rest > 0.1 * LIFT * diagonal:
            return False
        row[a] = np.sqrt(rest)
    return True


@njit(**PARTS)
def _solve_in_place(system, x, k):
    """x[:k] becomes the solution of the system that is factored."""
    for a in range(k):
        x[a] = (x[a] - _dot(system[a], x, a)) / system[a, a]
    for a in range(k - 1, -1, -1):
        x[a] /= system[a, a]
        for b in range(a):
            x[b] -= system[a, b] * x[a]


@njit(**PARTS)
def _reorder(gram, w, l1, lower, upper, support, k, known):
    """The support as it is now, those who stay in their order; its size, and how many rows of the factor stay."""
    here = np.zeros(len(w), np.bool_)
    for j in range(len(w)):
        here[j] = gram[j, j] > 0.0 and (w[j] != 0.0 or l1[j] == 0.0) and lower[j] < w[j] < upper[j]
    kept = 0
    for a in range(k):
        j = support[a]
        if here[j]:
            here[j] = False
            support[kept] = j
            kept += 1
        else:
            known = min(known, kept)
    for j in range(len(w)):
        if here[j]:
            support[kept] = j
            kept += 1
    return kept, known


@njit(**PARTS)
def _edge(w, step, l1, lower, upper):
    """How far a coefficient may go in the direction of a step: to zero where an L1 penalty turns, or to its bound."""
    if step > 0.0:
        return 0.0 if l1 > 0.0 and w < 0.0 else upper
    return 0.0 if l1 > 0.0 and w > 0.0 else lower


@njit(**PARTS)
def newton(gram, q, w, l1, l2, lower, upper):
    """Newton steps on the nonzeros, each cut where a coefficient meets zero or a bound, until one is full.

    Returns False where the support is too large for a kernel, or its system too singular.
    """
    support = np.empty(len(w), np.int64)
    k, known = _reorder(gram, w, l1, lower, upper, support, 0, 0)
    if k > LARGE:
        return False
    return newton_from(gram, q, w, l1, l2, lower, upper, support, k, np.empty((k, k)), known)[1] >= 0


@njit(**PARTS)
def newton_from(gram, q, w, l1, l2, lower, upper, support, k, system, known):
    """`newton` on a support whose factor is known in the first rows.

    Returns the size of the support and how many rows of its factor are in the system at the end, -1 where it is
    singular.
    """
    step = np.empty(k)
    for _ in range(CUTS):
        if k == 0:
            return k, 0
        lifted = not _factor(gram, l2, support, k, system, known, 0.0)
        if lifted and not _factor(gram, l2, support, k, system, 0, LIFT):
            return k, -1
        known = 0 if lifted else k
        for a in range(k):
            j = support[a]
            step[a] = q[j] - l2[j] * w[j] - l1[j] * np.sign(w[j])
        _solve_in_place(system, step, k)
        length = 1.0
        for a in range(k):
            j = support[a]
            edge = _edge(w[j], step[a], l1[j], lower[j], upper[j])
            if step[a] != 0.0 and (edge - w[j]) / step[a] < length:
                length = (edge - w[j]) / step[a]
        kept = 0
        for a in range(k):
            j = support[a]
            old = w[j]
            edge = _edge(old, step[a], l1[j], lower[j], upper[j])
            blocked = length < 1.0 and step[a] != 0.0 and (edge - old) / step[a] <= length
            w[j] = edge if blocked else old + length * step[a]
            if w[j] != old:
                for i in range(len(w)):
                    q[i] -= (w[j] - old) * gram[j, i]
            if blocked:
                known = min(known, kept)
            else:
                support[kept] = j
                kept += 1
        k = kept
        if length >= 1.0:
            return k, known
    return k, known


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


@njit(f"i8({PROBLEM},{VECTOR},f8[:,::1],f8[:,::1],i8[::1],i8,f8)", **ENTRY)
def settle_path(gram, q, w, l1, l2, lower, upper, alphas, coefs, slopes, n_iter, first, tol):
    """`settle` for alphas[first:], each from the one before; stops at one that needs more than ROUNDS.

    Rows of coefs and slopes receive w and q. Returns the number of alphas that are done. Without an L2 part the
    factor of one Newton step serves the next, but for the columns that came or went.
    """
    m = len(w)
    size = min(m, LARGE)
    support, system = np.empty(m, np.int64), np.empty((size, size))
    k, known, ridge = 0, 0, np.any(l2 > 0.0)
    for a in range(first, len(alphas)):
        one, two = alphas[a] * l1, alphas[a] * l2
        turn, settled = 0, False
        known = 0 if ridge else known
        while not settled:
            turn += 1
            n_iter[a] = turn
            settled = descend(gram, q, w, one, two, lower, upper, tol, SWEEPS) > 0
            settled = settled or violation(q, w, one, two, lower, upper) <= tol
            if not settled:
                k, known = _reorder(gram, w, one, lower, upper, support, k, known)
                if turn > ROUNDS or k > LARGE:
                    return a
                k, known = newton_from(gram, q, w, one, two, lower, upper, support, k, system, known)
                if known < 0:
                    return a
                settled = violation(q, w, one, two, lower, upper) <= tol
        coefs[a] = w
        slopes[a] = q
    return np.int64(len(alphas))
