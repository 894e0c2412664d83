"""Compiled loops on a Gram for penalties with norms of groups: block descent, and Newton steps where smooth."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

from shrinkwise.solvers._group_parts import (
    PENALTY,
    WHOLE,
    advance,
    block_steps,
    held,
    largest_of,
    lengths_of,
    slopes_at,
    smooth_support,
    solved,
    violation,
)
from shrinkwise.solvers._kernels import CUTS, ENTRY, LIFT, PARTS, VECTOR, substituted

LARGE = 200  # a support beyond this is left to LAPACK: several systems are solved where there are norms
PROBLEM = f"f8[:,::1],{VECTOR},{VECTOR},{PENALTY}"  # gram, q, w, and the penalty


@njit(**PARTS)
def _settle_block(gram, q, w, l1, l2, norm, cols, curvature, tol):
    """`block_steps` on the columns of a Gram, where the block does not stay at zero."""
    k = len(cols)
    here, slope = np.empty(k), np.empty(k)
    for a in range(k):
        here[a], slope[a] = w[cols[a]], q[cols[a]]
    if held(slope, here, l1, norm, cols):
        return curvature, 0.0
    own = np.empty((k, k))
    for a in range(k):
        for b in range(k):
            own[a, b] = gram[cols[a], cols[b]]
    curvature, went = block_steps(own, slope, here, l1, l2, norm, cols, curvature, tol)
    for a in range(k):
        step = here[a] - w[cols[a]]
        if step != 0.0:
            w[cols[a]] = here[a]
            for i in range(len(w)):
                q[i] -= step * gram[cols[a], i]
    return curvature, went


@njit(**PARTS)
def _settle_column(gram, q, w, l1, l2, lower, upper, j):
    """The best value of one coefficient alone; how far it went, in units of a gradient."""
    curvature = gram[j, j] + l2[j]
    if curvature <= 0.0:
        return 0.0
    u = q[j] + gram[j, j] * w[j]
    new = np.sign(u) * max(abs(u) - l1[j], 0.0) / curvature
    step = min(max(new, lower[j]), upper[j]) - w[j]
    if step != 0.0:
        w[j] += step
        for i in range(len(w)):
            q[i] -= step * gram[j, i]
    return abs(step) * curvature


@njit(**PARTS)
def descend(gram, q, w, l1, l2, lower, upper, norm, members, starts, curvatures, tol, max_sweeps):
    """Cyclic block descent; as in `_kernels`, sweeps over all blocks and sweeps over the nonzeros take turns."""
    full = True
    for _ in range(max_sweeps):
        worst = 0.0
        for block in range(len(starts) - 1):
            cols = members[starts[block] : starts[block + 1]]
            if not full:
                zero = True
                for j in cols:
                    zero = zero and w[j] == 0.0
                if zero:
                    continue
            if len(cols) == 1:
                went = _settle_column(gram, q, w, l1, l2, lower, upper, cols[0])
            else:
                curvatures[block], went = _settle_block(gram, q, w, l1, l2, norm, cols, curvatures[block], tol)
            worst = max(worst, went)
        if worst <= tol:
            if full:
                return
            full = True
        else:
            full = False


@njit(f"f8({PROBLEM},{WHOLE},f8[:,::1],{VECTOR},f8)", **ENTRY)
def assemble(gram, q, w, l1, l2, lower, upper, norm, members, starts, support, system, right, lift):
    """Newton's equations on the support, lower triangle, their diagonal lifted by a share; the largest right side.

    A norm adds norm (I/‖w‖ − ww'/‖w‖³) to the block of its group.
    """
    lengths = lengths_of(w, members, starts)
    block = np.empty(len(w), np.int64)
    for number in range(len(starts) - 1):
        for a in range(starts[number], starts[number + 1]):
            block[members[a]] = number
    for a in range(len(right)):
        j = support[a]
        length = lengths[j]
        for b in range(a + 1):
            i = support[b]
            system[a, b] = gram[j, i]
            if length > 0.0 and block[i] == block[j]:
                system[a, b] -= norm[j] * (w[j] / length) * (w[i] / length) / length
        system[a, a] += l2[j]
        if length > 0.0:
            system[a, a] += norm[j] / length
        system[a, a] *= 1.0 + lift
    return slopes_at(q, w, l1, l2, norm, lengths, support, right)


@njit(f"void(f8[:,::1],{VECTOR})", **ENTRY)
def substitute(factor, x):
    """x becomes (LL')⁻¹ x for the Cholesky factor L."""
    substituted(factor, x)


@njit(f"{VECTOR}(f8[:,::1],{WHOLE},{VECTOR},i8)", **ENTRY)
def image(gram, support, step, m):
    """G times a step on the support, in its first m columns."""
    pushed = np.zeros(m)
    for a in range(len(support)):
        row = gram[support[a]]
        for i in range(m):
            pushed[i] += step[a] * row[i]
    return pushed


@njit(**PARTS)
def diagonal_of(gram, m):
    diagonal = np.empty(m)
    for j in range(m):
        diagonal[j] = gram[j, j]
    return diagonal


@njit(**PARTS)
def newton(gram, q, w, l1, l2, lower, upper, norm, members, starts, tol):
    """Newton steps where the objective is smooth, until its gradient there is below tol or shrinks no more.

    Returns False where the support is too large for a kernel, or its system too singular.
    """
    best, stalled, diagonal = np.inf, 0, diagonal_of(gram, len(w))
    for _ in range(CUTS):
        support = smooth_support(diagonal, w, l1, l2, lower, upper, norm, members, starts)
        k = len(support)
        if k > LARGE:
            return False
        if k == 0:
            return True
        system, right = np.empty((k, k)), np.empty(k)
        worst = assemble(gram, q, w, l1, l2, lower, upper, norm, members, starts, support, system, right, 0.0)
        stalled = 0 if worst < 0.5 * best else stalled + 1
        best = min(best, worst)
        if worst <= 0.1 * tol or stalled > 3:
            return True
        step = right.copy()
        if not solved(system, step):
            assemble(gram, q, w, l1, l2, lower, upper, norm, members, starts, support, system, right, LIFT)
            step[:] = right
            if not solved(system, step):
                return False
        pushed = image(gram, support, step, len(w))
        if advance(pushed, q, w, l1, l2, lower, upper, norm, members, starts, support, right, step) < 0:
            return True
    return True


@njit(f"i8({PROBLEM},f8,i8,i8)", **ENTRY)
def settle(gram, q, w, l1, l2, lower, upper, norm, members, starts, tol, max_sweeps, max_rounds):
    """Descent and Newton steps in turn until no violation is above tol; the rounds taken, negative if too few."""
    curvatures = largest_of(diagonal_of(gram, len(w)), members, starts)
    for turn in range(1, max_rounds + 1):
        descend(gram, q, w, l1, l2, lower, upper, norm, members, starts, curvatures, tol, max_sweeps)
        if violation(q, w, l1, l2, lower, upper, norm, members, starts) <= tol:
            return turn
        if not newton(gram, q, w, l1, l2, lower, upper, norm, members, starts, tol):
            return -turn
        if violation(q, w, l1, l2, lower, upper, norm, members, starts) <= tol:
            return turn
    return -max_rounds
