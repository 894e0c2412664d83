"""Compiled parts for penalties with norms of groups, whatever the form of the quadratic model."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

from shrinkwise.solvers._kernels import ENTRY, PARTS, VECTOR, _edge, cholesky_row, substituted

INNER = 10  # proximal steps on one block in one sweep
ARMIJO = 0.1  # share of the decrease that the slope promises which a step has to bring
ROUNDED = 1e-12  # share by which a curvature may seem larger than its bound
EDGE = 1e-15  # share of its factors by which a group may seem to be beyond what they hold at zero

WHOLE = "i8[::1]"
PENALTY = f"{VECTOR},{VECTOR},{VECTOR},{VECTOR},{VECTOR},{WHOLE},{WHOLE}"  # l1, l2, lower, upper, norm, members, starts


@njit(**PARTS)
def lengths_of(w, members, starts):
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
def held(slope, here, l1, norm, cols):
    """Whether a block is at zero and stays there; at alpha_max itself, rounding must not let it in."""
    square, largest = 0.0, 0.0
    for a in range(len(cols)):
        if here[a] != 0.0:
            return False
        square += max(abs(slope[a]) - l1[cols[a]], 0.0) ** 2
        largest = max(largest, l1[cols[a]])
    return np.sqrt(square) <= norm[cols[0]] + EDGE * (norm[cols[0]] + largest)


@njit(**PARTS)
def block_steps(gram, slope, here, l1, l2, norm, cols, curvature, tol):
    """Proximal steps on one block with its own Gram; ``here`` and ``slope`` move.

    ``curvature`` grows where a step meets more of it. Returns the curvature and how far the first step went, in units
    of a gradient.
    """
    k = len(cols)
    v, new, pushed = np.empty(k), np.empty(k), np.empty(k)
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
                    pushed[a] += gram[a, b] * (new[b] - here[b])
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
    return curvature, went


@njit(**PARTS)
def violation(q, w, l1, l2, lower, upper, norm, members, starts):
    """How far q is from the subdifferential of the penalty at w, at the worst column alone or group (2-norm)."""
    worst = 0.0
    lengths = lengths_of(w, members, starts)
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


@njit(f"{WHOLE}({VECTOR},{VECTOR},{PENALTY})", **ENTRY)
def smooth_support(diagonal, w, l1, l2, lower, upper, norm, members, starts):
    """The coefficients in which the objective is smooth at w, and that are free to move."""
    lengths = lengths_of(w, members, starts)
    support = np.empty(len(w), np.int64)
    k = 0
    for j in range(len(w)):
        open_zero = l1[j] == 0.0 and (lengths[j] > 0.0 or norm[j] == 0.0)
        if diagonal[j] > 0.0 and (w[j] != 0.0 or open_zero) and lower[j] < w[j] < upper[j]:
            support[k] = j
            k += 1
    return support[:k].copy()


@njit(**PARTS)
def slopes_at(q, w, l1, l2, norm, lengths, support, right):
    """What is left of the gradient on the support; its largest part."""
    worst = 0.0
    for a in range(len(support)):
        j = support[a]
        right[a] = q[j] - l2[j] * w[j] - l1[j] * np.sign(w[j])
        if lengths[j] > 0.0:
            right[a] -= norm[j] * w[j] / lengths[j]
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


@njit(**PARTS)
def solved(system, x):
    """x becomes the solution of a system, and the system its Cholesky factor; False where rounding takes a pivot."""
    for a in range(len(x)):
        if not cholesky_row(system, a, system[a, a]):
            return False
    substituted(system, x)
    return True


@njit(f"i8({VECTOR},{VECTOR},{VECTOR},{PENALTY},{WHOLE},{VECTOR},{VECTOR})", **ENTRY)
def advance(pushed, q, w, l1, l2, lower, upper, norm, members, starts, support, right, step):
    """Go along a Newton step as far as no L1 penalty turns and no bound is met, and halve it until it is worth it.

    ``pushed`` is G times the step. Returns 1 where the whole step was taken, 0 for a part of it, -1 for none.
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
    slope, curvature = 0.0, 0.0
    for a in range(len(support)):
        j = support[a]
        slope += right[a] * step[a]
        curvature += step[a] * (pushed[j] + l2[j] * step[a])
    if not slope > 0.0:
        return -1
    size = lengths_of(w, members, starts)
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
    for i in range(m):
        q[i] -= t * pushed[i]
    return 1 if t >= 1.0 else 0


@njit(**PARTS)
def largest_of(diagonal, members, starts):
    """The largest number of each block, where descent begins to look for its curvature."""
    curvatures = np.full(len(starts) - 1, 1e-300)
    for block in range(len(starts) - 1):
        for a in range(starts[block], starts[block + 1]):
            curvatures[block] = max(curvatures[block], diagonal[members[a]])
    return curvatures
