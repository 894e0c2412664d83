"""What a pass over a block of rows makes of the logistic loss, compiled: no temporaries, and no lock between threads.

`LogisticLoss.slack` and `gradient` are the formulas. Their loop has no calls and no branches, so that it becomes vector
instructions; that is why it brings its own exponential and logarithm.
"""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

LOWEST = -708.0  # its exponential is still a normal number, and far below the rounding of 1
TINY = 1e-300  # keeps log(0) away where its factor is zero
LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # k LN2_HIGH has no rounding
SQRT_HALF = 0x3FE6A09E667F3BCD  # as bits
PARTS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
SUMS = PARTS | {"fastmath": {"reassoc", "contract"}}
ENTRY = PARTS | {"cache": True}
ROWS, NUMBERS, VECTOR = "f8[:,::1]", "i8[::1]", "f8[::1]"
TILE = 256  # rows, whose columns and products are in the caches when they are used again


@njit(**PARTS)
def exponential(x):
    """e^x for x <= 0, by 2^k e^r with |r| <= log(2)/2 and Taylor's series."""
    x = max(x, LOWEST)
    k = np.rint(x * LOG2_E)
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    series = 1 / 6227020800
    series = series * r + 1 / 479001600
    series = series * r + 1 / 39916800
    series = series * r + 1 / 3628800
    series = series * r + 1 / 362880
    series = series * r + 1 / 40320
    series = series * r + 1 / 5040
    series = series * r + 1 / 720
    series = series * r + 1 / 120
    series = series * r + 1 / 24
    series = series * r + 1 / 6
    series = series * r + 1 / 2
    series = series * r + 1
    series = series * r + 1
    return series * np.int64((np.int64(k) + 1023) << 52).view(np.float64)


@njit(**PARTS)
def logarithm(x):
    """log x for normal x > 0, by x = 2^k m with m about 1 and the series of 2 artanh((m − 1)/(m + 1))."""
    bits = np.float64(x).view(np.int64)
    k = (bits - SQRT_HALF) >> 52
    m = np.int64(bits - (k << 52)).view(np.float64)
    s = (m - 1) / (m + 1)
    z = s * s
    series = 1 / 23
    series = series * z + 1 / 21
    series = series * z + 1 / 19
    series = series * z + 1 / 17
    series = series * z + 1 / 15
    series = series * z + 1 / 13
    series = series * z + 1 / 11
    series = series * z + 1 / 9
    series = series * z + 1 / 7
    series = series * z + 1 / 5
    series = series * z + 1 / 3
    return k * LN2_HIGH + (2 * s + (2 * s * z * series + k * LN2_LOW))


@njit(**SUMS)
def total(values):
    out = 0.0
    for value in values:
        out += value
    return out


@njit(**PARTS)
def meet(y, s, h, tau, shift, eta, gradient, change, residual, slack):
    """One problem: move on, and leave −θ in place of the change."""
    for n in range(len(y)):
        u = tau * (gradient[n] + h[n] * (change[n] + shift))
        eta[n] += change[n] + shift
        change[n] = u
        above, below = max(eta[n], 0.0), min(eta[n], 0.0)
        e = exponential(below - above)  # of −|η|
        up, down = (1.0, e) if eta[n] >= 0 else (e, 1.0)  # μ : 1 − μ
        gradient[n] = ((1 - y[n]) * up - y[n] * down) / (1 + e)
        residual[n] = -s[n] * gradient[n]
        v = y[n] + u
        rest = 1 - v
        apart = v * logarithm(max(v, TINY)) + rest * logarithm(max(rest, TINY)) + above + logarithm(1 + e) - v * eta[n]
        apart = np.inf if min(v, rest) < 0 else (0.0 if apart <= 0 else apart)  # not a number remains it
        slack[n] = s[n] * apart if s[n] > 0 else 0.0


@njit(**PARTS)
def add_times(V, X, cols, start, stop, out, at):
    """out[:, at:] += V X[cols, start:stop], four columns for two problems at a time."""
    n = stop - start
    for c in range(0, len(cols), 4):
        x0, x1, x2, x3 = X[cols[c]], X[cols[c + 1]], X[cols[c + 2]], X[cols[c + 3]]
        x0, x1, x2, x3 = x0[start:stop], x1[start:stop], x2[start:stop], x3[start:stop]
        for i in range(0, len(V), 2):
            u, v, one, two = V[i, c : c + 4], V[i + 1, c : c + 4], out[i, at : at + n], out[i + 1, at : at + n]
            u0, u1, u2, u3, v0, v1, v2, v3 = u[0], u[1], u[2], u[3], v[0], v[1], v[2], v[3]
            for t in range(n):
                one[t] += x0[t] * u0 + x1[t] * u1 + x2[t] * u2 + x3[t] * u3
                two[t] += x0[t] * v0 + x1[t] * v1 + x2[t] * v2 + x3[t] * v3


@njit(**SUMS)
def add_transposed(R, at, X, cols, start, stop, out):
    """out += R[:, at:] X[cols, start:stop]', four columns for two problems at a time."""
    n = stop - start
    for c in range(0, len(cols), 4):
        x0, x1, x2, x3 = X[cols[c]], X[cols[c + 1]], X[cols[c + 2]], X[cols[c + 3]]
        x0, x1, x2, x3 = x0[start:stop], x1[start:stop], x2[start:stop], x3[start:stop]
        for i in range(0, len(R), 2):
            one, two, u, v = R[i, at : at + n], R[i + 1, at : at + n], out[i, c : c + 4], out[i + 1, c : c + 4]
            u0, u1, u2, u3, v0, v1, v2, v3 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            for t in range(n):
                u0 += x0[t] * one[t]
                u1 += x1[t] * one[t]
                u2 += x2[t] * one[t]
                u3 += x3[t] * one[t]
                v0 += x0[t] * two[t]
                v1 += x1[t] * two[t]
                v2 += x2[t] * two[t]
                v3 += x3[t] * two[t]
            u[0] += u0
            u[1] += u1
            u[2] += u2
            u[3] += u3
            v[0] += v0
            v[1] += v1
            v[2] += v2
            v[3] += v3


@njit(
    f"void(i8,i8,{NUMBERS},{NUMBERS},{VECTOR},{VECTOR},{ROWS},{ROWS},{ROWS},{ROWS},{ROWS},{ROWS},{ROWS},{ROWS},"
    f"Array(f8, 2, 'C', True, aligned=True),{NUMBERS},{ROWS},{NUMBERS},{ROWS})",
    **ENTRY,
)
def certify(
    start, stop, which, source, shifts, taus, y, weights, curvature, eta, gradients, change, residual, totals,
    X, live, V, cols, slopes,
):  # fmt: skip
    """`meet` for rows from start to stop of some problems; Σ residuals and Σ slacks go to totals.

    Rows of weights, eta and gradients belong to all problems, those of change, residual, shifts and taus to the ones of
    ``which``, of which source names the rows of curvature; y has one row where all problems share it. Products with the
    columns X, V X[live] and R X[cols]', are taken with it where there are such; their shapes are multiples of (2, 4).
    """
    slack = np.empty(TILE)
    for first in range(start, stop, TILE):
        last = min(first + TILE, stop)
        at, n = first - start, last - first
        add_times(V, X, live, first, last, change, at)
        for a in range(len(which)):
            i = which[a]
            meet(
                y[i if len(y) > 1 else 0, first:last],
                weights[i, first:last],
                curvature[source[a], first:last],
                taus[a],
                shifts[a],
                eta[i, first:last],
                gradients[i, first:last],
                change[a, at : at + n],
                residual[a, at : at + n],
                slack,
            )
            totals[0, a] += total(residual[a, at : at + n])
            totals[1, a] += total(slack[:n])
        add_transposed(residual, at, X, cols, first, last, slopes)
