"""A compiled path: descent and Newton steps in turn, their Cholesky factor kept while the support changes little."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

from shrinkwise.solvers._kernels import (
    CUTS,
    ENTRY,
    LIFT,
    PARTS,
    PROBLEM,
    VECTOR,
    _dot,
    _edge,
    descend,
    violation,
)

PLAN = f"{VECTOR},{VECTOR},f8[:,::1],f8[:,::1],i8[::1]"  # alphas, tols, coefs, slopes, turns
KNOWN = "f8[:,::1],i8[::1],b1[::1],i8[::1]"  # factor, support, inside, counts


@njit(**PARTS)
def _rearrange(w, l1, lower, upper, gram, support, count, known, inside):
    """The support in the order that the factor knows, the new ones last; how many there are, and how many it knows."""
    kept = 0
    for a in range(count):
        j = support[a]
        if (w[j] != 0.0 or l1[j] == 0.0) and lower[j] < w[j] < upper[j]:
            if kept < a:
                known = min(known, kept)
            support[kept] = j
            kept += 1
        else:
            inside[j] = False
            known = min(known, kept)
    for j in range(len(w)):
        if not inside[j] and (w[j] != 0.0 or l1[j] == 0.0) and lower[j] < w[j] < upper[j] and gram[j, j] > 0.0:
            inside[j] = True
            support[kept] = j
            kept += 1
    return kept, known


@njit(**PARTS)
def _factor(gram, l2, support, count, known, lift, factor):
    """Rows ``known`` to ``count`` of the Cholesky factor on the support; False where a pivot is lost to rounding."""
    for a in range(known, count):
        j, row = support[a], factor[a]
        for b in range(a):
            row[b] = (gram[j, support[b]] - _dot(row, factor[b], b)) / factor[b, b]
        diagonal = (gram[j, j] + l2[j]) * (1.0 + lift)
        rest = diagonal - _dot(row, row, a)
        if not rest > 0.1 * LIFT * diagonal:
            return False
        row[a] = np.sqrt(rest)
    return True


@njit(**PARTS)
def _solve(factor, x, count):
    for a in range(count):
        x[a] = (x[a] - _dot(factor[a], x, a)) / factor[a, a]
    for a in range(count - 1, -1, -1):
        x[a] /= factor[a, a]
        for b in range(a):
            x[b] -= factor[a, b] * x[a]


@njit(**PARTS)
def _advance(gram, q, w, l1, l2, lower, upper, support, count, step):
    """Along a step, cut where a coefficient meets zero or a bound; whether it was cut."""
    length = 1.0
    for a in range(count):
        j = support[a]
        edge = _edge(w[j], step[a], l1[j], lower[j], upper[j])
        if step[a] != 0.0 and (edge - w[j]) / step[a] < length:
            length = (edge - w[j]) / step[a]
    for a in range(count):
        j = support[a]
        old = w[j]
        edge = _edge(old, step[a], l1[j], lower[j], upper[j])
        blocked = length < 1.0 and step[a] != 0.0 and (edge - old) / step[a] <= length
        w[j] = edge if blocked else old + length * step[a]
        if w[j] != old:
            for i in range(len(w)):
                q[i] -= (w[j] - old) * gram[j, i]
    return length < 1.0


@njit(f"i8({PROBLEM},{PLAN},{KNOWN},i8,i8,i8)", **ENTRY)
def follow(
    gram, q, w, l1, l2, lower, upper, alphas, tols, coefs, slopes, turns,
    factor, support, inside, counts, first, max_sweeps, max_rounds,
):  # fmt: skip
    """Minimize ½ w'Gw − c'w + α (Σ l1|w| + l2/2 w²) for alphas[first:], each from the one before.

    Rows of coefs and slopes receive w and q. Returns how many alphas are done; the next one needs another solver.
    Factor, support, inside and counts (of the support, and of the rows of the factor) are what `Factor` keeps.
    """
    step = np.empty(len(w))
    count, known, lift = counts[0], counts[1], 0.0
    counts[1] = 0  # until all is well
    curved = np.any(l2 > 0.0)
    for a in range(first, len(alphas)):
        hold, bend, tol = alphas[a] * l1, alphas[a] * l2, tols[a]
        if curved:
            known = 0
        done = False
        for turn in range(1, max_rounds + 1):
            turns[a] = turn
            if turn > 1 or not np.any(w):
                done = descend(gram, q, w, hold, bend, lower, upper, tol, max_sweeps) > 0
                if done or violation(q, w, hold, bend, lower, upper) <= tol:
                    done = True
                    break
            for _ in range(CUTS):
                count, known = _rearrange(w, hold, lower, upper, gram, support, count, known, inside)
                counts[0] = count
                if count > len(factor):
                    return a
                if not _factor(gram, bend, support, count, known, lift, factor):
                    known, lift = 0, LIFT
                    if not _factor(gram, bend, support, count, known, lift, factor):
                        return a
                known = count
                for b in range(count):
                    j = support[b]
                    step[b] = q[j] - bend[j] * w[j] - hold[j] * np.sign(w[j])
                _solve(factor, step, count)
                if not _advance(gram, q, w, hold, bend, lower, upper, support, count, step):
                    break
            if violation(q, w, hold, bend, lower, upper) <= tol:
                done = True
                break
        if not done:
            return a
        coefs[a] = w
        slopes[a] = q
    counts[1] = 0 if lift > 0.0 else known
    return np.int64(len(alphas))
