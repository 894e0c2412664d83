"""Compiled loops for penalties with norms of groups: block descent, and Newton steps where the norms are smooth."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

from shrinkwise.solvers._kernels import CUTS, ENTRY, LIFT, PARTS, VECTOR, _edge, cholesky_row, substituted

INNER = 10  # proximal steps on one block in one sweep
ARMIJO = 0.1  # share of the decrease that the slope promises which a step has to bring
LARGE = 200  # a support beyond this is left to LAPACK: several systems are solved where there are norms
ROUNDED = 1e-12  # share by which a curvature may seem larger than its bound
EDGE = 1e-15  # share of its factors by which a group may seem to be beyond what they hold at zero

WHOLE = "i8[::1]"
PENALTY = f"{VECTOR},{VECTOR},{VECTOR},{VECTOR},{VECTOR},{WHOLE},{WHOLE}"  # l1, l2, lower, upper, norm, members, starts
PROBLEM = f"f8[:,::1],{VECTOR},{VECTOR},{PENALTY}"  # gram, q, w, and the penalty


@njit(**PARTS)
def _lengths(w, members, starts):
    """Norm of each block, on all its columns; 0 on columns alone."""
    lengths = np.zeros(len(w))
    for block in range(len(starts) - 1):
        first, last = starts[block], starts[block + 1]
        if last - first > 1:
            square = 0.0
            for a in range(first, last):
                square += w[members[a]] ** 2
            for a in range(first, last):
                lengths[members[a]] = np.sqrt(square)
    return lengths


@njit(**PARTS)
def _prox(v, step, l1, l2, norm, cols, out):
    """Proximal step of one block, v to out."""
    square = 0.0
    for a in range(len(v)):
        out[a] = max(abs(v[a]) - step * l1[cols[a]], 0.0)
        square += out[a] ** 2
    length = np.sqrt(square)
    threshold = step * norm[cols[0]]
    factor = (length - threshold) / length if length > threshold else 0.0
    for a in range(len(v)):
        out[a] = np.sign(v[a]) * out[a] * factor / (1.0 + step * l2[cols[a]])


@njit(**PARTS)
def _held(q, w, l1, norm, cols):
    """Whether a block is at zero and stays there; at alpha_max itself, rounding must not let it in."""
    square, largest = 0.0, 0.0
    for j in cols:
        if w[j] != 0.0:
            return False
        square += max(abs(q[j]) - l1[j], 0.0) ** 2
        largest = max(largest, l1[j])
    return np.sqrt(square) <= norm[cols[0]] + EDGE * (norm[cols[0]] + largest)


@njit(**PARTS)
def _settle_block(gram, q, w, l1, l2, norm, cols, curvature, tol):
    """Proximal steps on one block; ``curvature`` grows where a step meets more of it.

    Returns the curvature and how far the first step went, in units of a gradient.
    """
    k = len(cols)
    here, slope, v, new, pushed = np.empty(k), np.empty(k), np.empty(k), np.empty(k), np.empty(k)
    for a in range(k):
        here[a], slope[a] = w[cols[a]], q[cols[a]]
    went = 0.0
    for turn in range(INNER):
        while True:
            for a in range(k):
                v[a] = here[a] + slope[a] / curvature
            _prox(v, 1.0 / curvature, l1, l2, norm, cols, new)
            length, square = 0.0, 0.0
            for a in range(k):
                pushed[a] = 0.0
                for b in range(k):
                    pushed[a] += gram[cols[a], cols[b]] * (new[b] - here[b])
                length += (new[a] - here[a]) ** 2
                square += (new[a] - here[a]) * pushed[a]
            if square <= curvature * length * (1.0 + ROUNDED):
                break
            curvature = max(1.5 * curvature, square / length)
        moved = (curvature + l2[cols[0]]) * np.sqrt(length)
        if turn == 0:
            went = moved
        for a in range(k):
            here[a] = new[a]
            slope[a] -= pushed[a]
        if moved <= 0.1 * tol:
            break
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
            elif _held(q, w, l1, norm, cols):
                went = 0.0
            else:
                curvatures[block], went = _settle_block(gram, q, w, l1, l2, norm, cols, curvatures[block], tol)
            worst = max(worst, went)
        if worst <= tol:
            if full:
                return
            full = True
        else:
            full = False


@njit(**PARTS)
def violation(q, w, l1, l2, lower, upper, norm, members, starts):
    """How far q is from the subdifferential of the penalty at w, at the worst column alone or group (2-norm)."""
    worst = 0.0
    lengths = _lengths(w, members, starts)
    for block in range(len(starts) - 1):
        cols = members[starts[block] : starts[block + 1]]
        square = 0.0
        for j in cols:
            slope = max(abs(q[j]) - l1[j], 0.0)
            if w[j] != 0.0:
                slope = q[j] - l2[j] * w[j] - l1[j] * np.sign(w[j])
                if lengths[j] > 0.0:
                    slope -= norm[j] * w[j] / lengths[j]
            pulled = slope if w[j] != 0.0 else q[j]
            if (w[j] >= upper[j] and pulled > 0.0) or (w[j] <= lower[j] and pulled < 0.0):
                slope = 0.0
            square += slope**2
        distance = np.sqrt(square)
        if lengths[cols[0]] == 0.0:
            distance -= norm[cols[0]]
        worst = max(worst, distance)
    return worst


@njit(f"{WHOLE}(f8[:,::1],{VECTOR},{PENALTY})", **ENTRY)
def smooth_support(gram, w, l1, l2, lower, upper, norm, members, starts):
    """The coefficients in which the objective is smooth at w, and that are free to move."""
    lengths = _lengths(w, members, starts)
    support = np.empty(len(w), np.int64)
    k = 0
    for j in range(len(w)):
        open_zero = l1[j] == 0.0 and (lengths[j] > 0.0 or norm[j] == 0.0)
        if gram[j, j] > 0.0 and (w[j] != 0.0 or open_zero) and lower[j] < w[j] < upper[j]:
            support[k] = j
            k += 1
    return support[:k].copy()


@njit(f"f8({PROBLEM},{WHOLE},f8[:,::1],{VECTOR},f8)", **ENTRY)
def assemble(gram, q, w, l1, l2, lower, upper, norm, members, starts, support, system, right, lift):
    """Newton's equations on the support, lower triangle, their diagonal lifted by a share; the largest right side.

    A norm adds norm (I/‖w‖ − ww'/‖w‖³) to the block of its group.
    """
    lengths = _lengths(w, members, starts)
    block = np.empty(len(w), np.int64)
    for number in range(len(starts) - 1):
        for a in range(starts[number], starts[number + 1]):
            block[members[a]] = number
    worst = 0.0
    for a in range(len(right)):
        j = support[a]
        length = lengths[j]
        for b in range(a + 1):
            i = support[b]
            system[a, b] = gram[j, i]
            if length > 0.0 and block[i] == block[j]:
                system[a, b] -= norm[j] * (w[j] / length) * (w[i] / length) / length
        right[a] = q[j] - l2[j] * w[j] - l1[j] * np.sign(w[j])
        system[a, a] += l2[j]
        if length > 0.0:
            system[a, a] += norm[j] / length
            right[a] -= norm[j] * w[j] / length
        system[a, a] *= 1.0 + lift
        worst = max(worst, abs(right[a]))
    return worst


@njit(**PARTS)
def _change(t, slope, curvature, pulls, squares, lengths, norms):
    """The change of the objective t along a step, every part of it to full relative precision.

    With p = w'd/‖w‖: ‖w + td‖ − ‖w‖ − tp = t² (d'd − p²) / (‖w + td‖ + ‖w‖ + tp).
    """
    change = -t * slope + 0.5 * t * t * curvature
    for g in range(len(norms)):
        across = max(squares[g] - pulls[g] ** 2, 0.0)
        along = lengths[g] + t * pulls[g]
        if across > 0.0:
            change += norms[g] * t * t * across / (np.sqrt(along**2 + t * t * across) + along)
        elif along < 0.0:
            change -= 2.0 * norms[g] * along
    return change


@njit(f"void(f8[:,::1],{VECTOR})", **ENTRY)
def substitute(factor, x):
    """x becomes (LL')⁻¹ x for the Cholesky factor L."""
    substituted(factor, x)


@njit(**PARTS)
def _solved(system, x):
    """x becomes the solution of a system, and the system its Cholesky factor; False where rounding takes a pivot."""
    for a in range(len(x)):
        if not cholesky_row(system, a, system[a, a]):
            return False
    substituted(system, x)
    return True


@njit(f"i8({PROBLEM},{WHOLE},{VECTOR},{VECTOR})", **ENTRY)
def advance(gram, q, w, l1, l2, lower, upper, norm, members, starts, support, right, step):
    """Go along a Newton step as far as no L1 penalty turns and no bound is met, and halve it until it is worth it.

    Returns 1 where the whole step was taken, 0 for a part of it, -1 for none.
    """
    m = len(w)
    longest = 1.0
    direction = np.zeros(m)
    for a in range(len(support)):
        j = support[a]
        direction[j] = step[a]
        edge = _edge(w[j], step[a], l1[j], lower[j], upper[j])
        if step[a] != 0.0 and (edge - w[j]) / step[a] < longest:
            longest = (edge - w[j]) / step[a]
    pushed = np.zeros(m)
    slope, curvature = 0.0, 0.0
    for a in range(len(support)):
        j = support[a]
        for i in range(m):
            pushed[i] += step[a] * gram[j, i]
        slope += right[a] * step[a]
    for j in support:
        curvature += direction[j] * (pushed[j] + l2[j] * direction[j])
    if not slope > 0.0:
        return -1
    size = _lengths(w, members, starts)
    pulls, squares = np.zeros(len(starts) - 1), np.zeros(len(starts) - 1)
    lengths, norms = np.zeros(len(starts) - 1), np.zeros(len(starts) - 1)
    for g in range(len(starts) - 1):
        j = members[starts[g]]
        if size[j] > 0.0:
            lengths[g], norms[g] = size[j], norm[j]
            for a in range(starts[g], starts[g + 1]):
                i = members[a]
                pulls[g] += w[i] * direction[i] / size[j]
                squares[g] += direction[i] ** 2
    t = longest
    while _change(t, slope, curvature, pulls, squares, lengths, norms) > -ARMIJO * t * slope:
        t *= 0.5
        if t < 1e-10:
            return -1
    for a in range(len(support)):
        j = support[a]
        old = w[j]
        edge = _edge(old, step[a], l1[j], lower[j], upper[j])
        blocked = step[a] != 0.0 and t < 1.0 and (edge - old) / step[a] <= t
        w[j] = edge if blocked else old + t * step[a]
        if w[j] != old:
            for i in range(m):
                q[i] -= (w[j] - old) * gram[j, i]
    return 1 if t >= 1.0 else 0


@njit(**PARTS)
def newton(gram, q, w, l1, l2, lower, upper, norm, members, starts, tol):
    """Newton steps where the objective is smooth, until its gradient there is below tol or shrinks no more.

    Returns False where the support is too large for a kernel, or its system too singular.
    """
    best, stalled = np.inf, 0
    for _ in range(CUTS):
        support = smooth_support(gram, w, l1, l2, lower, upper, norm, members, starts)
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
        if not _solved(system, step):
            assemble(gram, q, w, l1, l2, lower, upper, norm, members, starts, support, system, right, LIFT)
            step[:] = right
            if not _solved(system, step):
                return False
        if advance(gram, q, w, l1, l2, lower, upper, norm, members, starts, support, right, step) < 0:
            return True
    return True


@njit(f"i8({PROBLEM},f8,i8,i8)", **ENTRY)
def settle(gram, q, w, l1, l2, lower, upper, norm, members, starts, tol, max_sweeps, max_rounds):
    """Descent and Newton steps in turn until no violation is above tol; the rounds taken, negative if too few."""
    curvatures = np.empty(len(starts) - 1)
    for block in range(len(starts) - 1):
        curvatures[block] = 1e-300
        for a in range(starts[block], starts[block + 1]):
            curvatures[block] = max(curvatures[block], gram[members[a], members[a]])
    for turn in range(1, max_rounds + 1):
        descend(gram, q, w, l1, l2, lower, upper, norm, members, starts, curvatures, tol, max_sweeps)
        if violation(q, w, l1, l2, lower, upper, norm, members, starts) <= tol:
            return turn
        if not newton(gram, q, w, l1, l2, lower, upper, norm, members, starts, tol):
            return -turn
        if violation(q, w, l1, l2, lower, upper, norm, members, starts) <= tol:
            return turn
    return -max_rounds
