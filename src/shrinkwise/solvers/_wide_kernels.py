"""Compiled loops on the columns themselves, for models with more columns than rows: no Gram is formed.

The model is ½ d'Gd with G = Z'BZ. Coefficient c multiplies column ``feature[c]``, a line of Z (F, n), in the predictor
``output[c]``. B (K, L, n) holds a K x K block for each row, or, with L = 1, its diagonal.
"""

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
from shrinkwise.solvers._kernels import CUTS, ENTRY, LIFT, PARTS, VECTOR, minimizer, substituted

SUMS = PARTS | {"fastmath": {"reassoc", "contract"}}
PRODUCTS = 100  # of conjugate gradients in a Newton step
SHARE = 0.05  # of the largest slope that conjugate gradients leave

TABLE = "f8[:,::1]"
MODEL = f"{TABLE},{WHOLE},{WHOLE},f8[:,:,::1],{VECTOR}"  # Z, feature, output, B, diagonal of G
OWN = f"{VECTOR},{WHOLE},u1[::1]"  # Grams of blocks one after another, where each begins, which are known


@njit(**SUMS)
def dot(a, b):
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@njit(**SUMS)
def _dot3(a, b, c):
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i] * c[i]
    return total


@njit(**SUMS)
def push(column, B, k, step, R):
    """R += B (column eₖ) step."""
    if B.shape[1] == 1:
        target, block = R[k], B[k, 0]
        for i in range(len(column)):
            target[i] += step * column[i] * block[i]
        return
    for c in range(len(R)):
        target, block = R[c], B[c, k]
        for i in range(len(column)):
            target[i] += step * column[i] * block[i]


@njit(**PARTS)
def _own_gram(Z, feature, output, B, cols, out):
    """The Gram of a block."""
    for a in range(len(cols)):
        f, k = feature[cols[a]], output[cols[a]]
        for b in range(a + 1):
            g, c = feature[cols[b]], output[cols[b]]
            if B.shape[1] == 1:
                out[a, b] = _dot3(Z[f], Z[g], B[k, 0]) if c == k else 0.0
            else:
                out[a, b] = _dot3(Z[f], Z[g], B[k, c])
            out[b, a] = out[a, b]


@njit(**PARTS)
def _gram_of(block, Z, feature, output, B, cols, grams, places, known):
    """The Gram of a block, from where they are kept."""
    k = len(cols)
    own = grams[places[block] : places[block] + k * k].reshape(k, k)
    if not known[block]:
        _own_gram(Z, feature, output, B, cols, own)
        known[block] = 1
    return own


@njit(**PARTS)
def descend(
    Z, feature, output, B, diagonal, grams, places, known,
    q, w, l1, l2, lower, upper, norm, members, starts, curvatures, tol, max_sweeps,
):  # fmt: skip
    """Cyclic block descent; as in `_kernels`, sweeps over all blocks and sweeps over the nonzeros take turns."""
    R = np.zeros((B.shape[0], Z.shape[1]))  # B Zd for the steps d that have been taken
    full, rests = True, False
    for _ in range(max_sweeps):
        worst = 0.0
        for block in range(len(starts) - 1):
            cols = members[starts[block] : starts[block + 1]]
            zero = True
            for j in cols:
                zero = zero and w[j] == 0.0
            if zero and not full:
                continue
            if len(cols) == 1:
                j = cols[0]
                curvature = diagonal[j] + l2[j]
                if curvature <= 0.0:
                    continue
                u = q[j] - dot(Z[feature[j]], R[output[j]]) + diagonal[j] * w[j]
                step = minimizer(u, curvature, l1[j], lower[j], upper[j]) - w[j]
                if step != 0.0:
                    w[j] += step
                    push(Z[feature[j]], B, output[j], step, R)
                    worst = max(worst, abs(step) * curvature)
                continue
            here, slope = np.empty(len(cols)), np.empty(len(cols))
            for a in range(len(cols)):
                j = cols[a]
                here[a], slope[a] = w[j], q[j] - dot(Z[feature[j]], R[output[j]])
            if held(slope, here, l1, norm, cols):
                continue
            own = _gram_of(block, Z, feature, output, B, cols, grams, places, known)
            curvatures[block], went = block_steps(own, slope, here, l1, l2, norm, cols, curvatures[block], tol)
            for a in range(len(cols)):
                j = cols[a]
                if here[a] != w[j]:
                    push(Z[feature[j]], B, output[j], here[a] - w[j], R)
                    w[j] = here[a]
            worst = max(worst, went)
        if worst <= tol:
            rests = full
            if full:
                break
        full = worst <= tol
    for j in range(len(w)):
        q[j] -= dot(Z[feature[j]], R[output[j]])
    return rests


@njit(**PARTS)
def _moved(Z, feature, output, B, cols, x, U, R):
    """R = B Zx for coefficients x of some columns."""
    U[:], R[:] = 0.0, 0.0
    for a in range(len(cols)):
        target, column = U[output[cols[a]]], Z[feature[cols[a]]]
        for i in range(len(column)):
            target[i] += x[a] * column[i]
    for k in range(len(U)):
        push(U[k], B, k, 1.0, R)


@njit(**PARTS)
def _bend(w, l2, norm, lengths, first, last, support, x, out):
    """What the penalty adds to G x: l2 x, and norm (x − u u'x) / ‖w‖ on each group, u = w/‖w‖; adjacent in support."""
    for g in range(len(first)):
        along, length = 0.0, lengths[support[first[g]]]
        if length > 0.0:
            for a in range(first[g], last[g]):
                along += w[support[a]] * x[a] / length
        for a in range(first[g], last[g]):
            j = support[a]
            out[a] += l2[j] * x[a]
            if length > 0.0:
                out[a] += norm[j] * (x[a] - along * w[j] / length) / length


@njit(**PARTS)
def _by_blocks(w, starts, members, support):
    """The support block by block, and where each block begins and ends in it."""
    inside = np.zeros(len(w), np.bool_)
    for j in support:
        inside[j] = True
    ordered = np.empty(len(support), np.int64)
    first, last, number = (
        np.empty(len(starts), np.int64),
        np.empty(len(starts), np.int64),
        np.empty(len(starts), np.int64),
    )
    count, at = 0, 0
    for block in range(len(starts) - 1):
        begin = at
        for a in range(starts[block], starts[block + 1]):
            if inside[members[a]]:
                ordered[at] = members[a]
                at += 1
        if at > begin:
            first[count], last[count], number[count] = begin, at, block
            count += 1
    return ordered, first[:count].copy(), last[:count].copy(), number[:count].copy()


@njit(**PARTS)
def _factors(
    Z, feature, output, B, diagonal, grams, places, known,
    w, l2, norm, members, starts, lengths, support, first, last, number,
):  # fmt: skip
    """Cholesky factors of the blocks of the system on the support, one after another, and where each begins."""
    size = 0
    for g in range(len(first)):
        size += (last[g] - first[g]) ** 2
    factors, begins = np.empty(size), np.empty(len(first), np.int64)
    at = 0
    for g in range(len(first)):
        k, block = last[g] - first[g], number[g]
        begins[g] = at
        own = factors[at : at + k * k].reshape(k, k)
        at += k * k
        if starts[block + 1] - starts[block] == 1:
            j = support[first[g]]
            own[0, 0] = np.sqrt(diagonal[j] + l2[j])
            continue
        cols = members[starts[block] : starts[block + 1]]
        whole = _gram_of(block, Z, feature, output, B, cols, grams, places, known)
        for lift in (0.0, LIFT, 1.0):
            a = 0
            for c in range(len(cols)):
                if a == k or support[first[g] + a] != cols[c]:
                    continue
                j, b = cols[c], 0
                length = lengths[j]
                for d in range(c + 1):
                    if b < k and support[first[g] + b] == cols[d]:
                        i = cols[d]
                        own[a, b] = whole[c, d]
                        if length > 0.0:
                            own[a, b] -= norm[j] * (w[j] / length) * (w[i] / length) / length
                        b += 1
                own[a, a] += l2[j] + (norm[j] / length if length > 0.0 else 0.0) + lift * diagonal[j]
                a += 1
            if solved(own, np.zeros(k)):
                break
    return factors, begins


@njit(**PARTS)
def _preconditioned(factors, begins, first, last, x, out):
    """Each block solved by itself."""
    out[:] = x
    for g in range(len(first)):
        k = last[g] - first[g]
        substituted(factors[begins[g] : begins[g] + k * k].reshape(k, k), out[first[g] : last[g]])


@njit(**PARTS)
def _conjugate_gradients(
    Z, feature, output, B, w, l2, norm, lengths, support, first, last, factors, begins, right, tol
):
    """Newton's step, each block preconditioned by itself, until no residual is above tol."""
    k, shape = len(support), (B.shape[0], Z.shape[1])
    x, residual, scaled, image = np.zeros(k), right.copy(), np.empty(k), np.empty(k)
    U, R = np.empty(shape), np.empty(shape)
    _preconditioned(factors, begins, first, last, residual, scaled)
    direction, size = scaled.copy(), dot(residual, scaled)
    for _ in range(PRODUCTS):
        _moved(Z, feature, output, B, support, direction, U, R)
        for a in range(k):
            image[a] = dot(Z[feature[support[a]]], R[output[support[a]]])
        _bend(w, l2, norm, lengths, first, last, support, direction, image)
        curvature = dot(direction, image)
        if not curvature > 1e-14 * dot(direction, direction) * size / max(dot(scaled, scaled), 1e-300):
            break  # what the system does not see
        worst, length = 0.0, size / curvature
        for a in range(k):
            x[a] += length * direction[a]
            residual[a] -= length * image[a]
            worst = max(worst, abs(residual[a]))
        if worst <= tol:
            break
        _preconditioned(factors, begins, first, last, residual, scaled)
        before, size = size, dot(residual, scaled)
        for a in range(k):
            direction[a] = scaled[a] + size / before * direction[a]
    return x


@njit(**PARTS)
def newton(
    Z, feature, output, B, diagonal, grams, places, known,
    q, w, l1, l2, lower, upper, norm, members, starts, tol,
):  # fmt: skip
    """Newton steps where the objective is smooth, until its gradient there is below tol or shrinks no more."""
    best, stalled = np.inf, 0
    pushed = np.empty(len(w))
    U, R = np.empty((B.shape[0], Z.shape[1])), np.empty((B.shape[0], Z.shape[1]))
    for _ in range(CUTS):
        free = smooth_support(diagonal, w, l1, l2, lower, upper, norm, members, starts)
        if not len(free):
            return
        support, first, last, number = _by_blocks(w, starts, members, free)
        lengths, right = lengths_of(w, members, starts), np.empty(len(support))
        worst = slopes_at(q, w, l1, l2, norm, lengths, support, right)
        stalled = 0 if worst < 0.5 * best else stalled + 1
        best = min(best, worst)
        if worst <= 0.1 * tol or stalled > 3:
            return
        factors, begins = _factors(
            Z, feature, output, B, diagonal, grams, places, known,
            w, l2, norm, members, starts, lengths, support, first, last, number,
        )  # fmt: skip
        goal = max(0.03 * tol, SHARE * worst)
        step = _conjugate_gradients(
            Z, feature, output, B, w, l2, norm, lengths, support, first, last, factors, begins, right, goal
        )
        _moved(Z, feature, output, B, support, step, U, R)
        for j in range(len(w)):
            pushed[j] = dot(Z[feature[j]], R[output[j]])
        if advance(pushed, q, w, l1, l2, lower, upper, norm, members, starts, support, right, step) < 0:
            return


@njit(
    f"i8({MODEL},{OWN},{VECTOR},{VECTOR},{PENALTY},f8,i8,i8)",
    **ENTRY,
)
def settle(
    Z, feature, output, B, diagonal, grams, places, known,
    q, w, l1, l2, lower, upper, norm, members, starts, tol, max_sweeps, max_rounds,
):  # fmt: skip
    """Descent and Newton steps in turn until no violation is above tol; the rounds taken, negative if too few."""
    curvatures = largest_of(diagonal, members, starts)
    for turn in range(1, max_rounds + 1):
        descend(
            Z, feature, output, B, diagonal, grams, places, known,
            q, w, l1, l2, lower, upper, norm, members, starts, curvatures, tol, max_sweeps,
        )  # fmt: skip
        if violation(q, w, l1, l2, lower, upper, norm, members, starts) <= tol:
            return turn
        newton(
            Z, feature, output, B, diagonal, grams, places, known,
            q, w, l1, l2, lower, upper, norm, members, starts, tol,
        )  # fmt: skip
        if violation(q, w, l1, l2, lower, upper, norm, members, starts) <= tol:
            return turn
    return -max_rounds
