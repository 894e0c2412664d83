"""A Newton step on a working set and the dual point of its model, compiled: all of it that needs no loss."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

from shrinkwise.solvers._kernels import ENTRY, PARTS, VECTOR, violation
from shrinkwise.solvers._path_kernels import KNOWN, follow

FEW = 2  # sweeps of coordinate descent between two steps on the support
ROUNDS = 30  # of both
STALE, SOLVED, UNSOLVED = 0, 1, 2  # the Hessian is to be made afresh; a step; the model needs another solver
SUMS = PARTS | {"fastmath": {"reassoc", "contract"}}
ROWS = "f8[:,::1]"
PENALTY = f"{VECTOR},{VECTOR},{VECTOR},{VECTOR}"  # l1, l2, lower, upper at their strength


@njit(**SUMS)
def _dot(a, b):
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@njit(**PARTS)
def _slack(w, u, held, l1, l2, lower, upper):
    """`Rows.slack` of one coordinate."""
    excess, bound = max(abs(u) - l1, 0.0), upper if u >= 0.0 else -lower
    conjugate = 0.0
    if not held and excess > 0.0 and bound > 0.0:
        best = min(excess / l2, bound) if l2 > 0.0 else bound
        conjugate = excess * best - 0.5 * l2 * best * best if l2 > 0.0 else excess * best
    return max(l1 * abs(w) + 0.5 * l2 * w * w + conjugate - w * u, 0.0)


@njit(**PARTS)
def _certify(w, q, u, l1, l2, lower, upper):
    """u = τq for the largest τ <= 1 that is feasible, as in `feasible_scaling`; τ and the slack of the penalty."""
    tau = 1.0
    for j in range(len(w)):
        rigid = l2[j] == 0.0 and w[j] != (upper[j] if q[j] >= 0.0 else lower[j])
        if rigid and l1[j] > 0.0 and abs(q[j]) > l1[j]:
            tau = min(tau, l1[j] / abs(q[j]))
    slack = 0.0
    for j in range(len(w)):
        rigid = l2[j] == 0.0 and w[j] != (upper[j] if q[j] >= 0.0 else lower[j])
        u[j] = tau * q[j]
        if rigid:
            u[j] = min(max(u[j], -l1[j]), l1[j])
        slack += _slack(w[j], u[j], rigid, l1[j], l2[j], lower[j], upper[j])
    return tau, slack


@njit(**PARTS)
def _add_product(Z, change, out):
    """out += Z' change; most entries of change are zero."""
    for j in range(len(change)):
        c = change[j]
        if c != 0.0:
            z = Z[j]
            for n in range(len(out)):
                out[n] += c * z[n]


@njit(f"void({ROWS},{VECTOR},{VECTOR},f8,{VECTOR},{VECTOR},{VECTOR},{VECTOR})", **ENTRY)
def foresee(Z, w, before, share, lower, upper, ahead, move):
    """Along the line from ``before`` through w, no coefficient beyond zero or its bounds; move += Z'(ahead − w)."""
    step = np.empty(len(w))
    for j in range(len(w)):
        there = w[j] + share * (w[j] - before[j])
        ahead[j] = min(max(there, lower[j]), upper[j]) if there * w[j] > 0.0 else 0.0
        step[j] = ahead[j] - w[j]
    _add_product(Z, step, move)


@njit(
    f"i8({ROWS},{VECTOR},{VECTOR},{VECTOR},{ROWS},{VECTOR},f8,f8,i8,{VECTOR},{PENALTY},f8,"
    f"{VECTOR},{VECTOR},{VECTOR},{VECTOR},{VECTOR},{VECTOR},{KNOWN})",
    **ENTRY,
)
def step(
    Z, s, h, gradient, gram, column, total, limit, state, w, l1, l2, lower, upper, tol,
    new, q, slope, move, dual, sums, factor, support, inside, counts,
):  # fmt: skip
    """The minimum of the quadratic model of the loss about a predictor, and its dual point −θ = τ (h move + s ℓ').

    Z (m, n) holds columns as rows; h are the weighted curvatures of the Gram, ``column`` their products with Z and
    ``total`` their sum, 0 without an intercept. What is found: q the slope at w, ``slope`` the one of the dual point,
    move the change of the predictor to the minimum ``new``; sums the violation at w, the one that the model leaves, the
    shift of the intercept, the slack of the penalty and the change of the objective that the model promises. With state
    SOLVED, new and slope are the minimum of the model already. Where the violation at w is beyond ``limit`` or not
    finite, nothing but that is found.
    """
    residual, pull = np.empty(len(s)), 0.0
    for n in range(len(s)):
        residual[n] = -s[n] * gradient[n]
        pull += residual[n]
    finite = abs(pull) < np.inf  # not where numbers have overflowed
    pull = pull if total > 0.0 else 0.0
    for j in range(len(w)):
        q[j] = _dot(Z[j], residual)
    sums[0] = max(violation(q, w, l1, l2, lower, upper), abs(pull))
    if not (finite and sums[0] <= limit):
        return STALE
    if state != SOLVED:
        for j in range(len(w)):
            new[j] = w[j]
            slope[j] = q[j] - (column[j] * (pull / total) if total > 0.0 else 0.0)
        plan, turns = np.empty(2), np.zeros(1, np.int64)
        plan[0], plan[1] = 1.0, tol
        coefs, slopes = np.empty((1, len(w))), np.empty((1, len(w)))
        done = follow(
            gram, slope, new, l1, l2, lower, upper, plan[:1], plan[1:], coefs, slopes, turns,
            factor, support, inside, counts, 0, FEW, ROUNDS,
        )  # fmt: skip
        if done < 1:
            return UNSOLVED
    change, shift, promised = np.empty(len(w)), pull, 0.0
    for j in range(len(w)):
        change[j] = new[j] - w[j]
        shift -= column[j] * change[j]
        promised += l1[j] * (abs(new[j]) - abs(w[j])) + 0.5 * l2[j] * (new[j] ** 2 - w[j] ** 2) - q[j] * change[j]
    shift = shift / total if total > 0.0 else 0.0
    move[:] = shift
    _add_product(Z, change, move)
    sums[1], sums[2], sums[4] = violation(slope, new, l1, l2, lower, upper), shift, promised - pull * shift
    tau, sums[3] = _certify(new, slope, slope, l1, l2, lower, upper)
    for n in range(len(s)):
        dual[n] = tau * (h[n] * move[n] - residual[n])
    return SOLVED
