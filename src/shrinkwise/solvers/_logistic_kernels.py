"""What a pass over a block of rows makes of the logistic loss, compiled: no temporaries, and no lock between threads.

`LogisticLoss.slack` and `gradient` are the formulas. Their loop has no calls and no branches, so that it becomes vector
instructions; that is why it brings its own exponential and logarithm.
"""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

LOWEST = -708.0  # its exponential is still a normal number, and far below the rounding of 1
TINY = 1e-300  # keeps log(0) away where its factor is zero
LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # k LN2_HIGH has no rounding
SQRT_HALF = 0x3FE6A09E667F3BCD  # as bits
PARTS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
ROWS = "f8[:,::1]"


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


@njit(nogil=True, fastmath={"reassoc", "contract"})
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
        apart = np.inf if min(v, rest) < 0 else max(apart, 0.0)
        slack[n] = s[n] * apart if s[n] > 0 else 0.0


@njit(f"void(i8,i8,i8[::1],i8[::1],f8[::1],f8[::1],{ROWS},{ROWS},{ROWS},{ROWS},{ROWS},{ROWS},{ROWS},{ROWS})", **PARTS, cache=True)
def certify(start, stop, which, source, shifts, taus, y, weights, curvature, eta, gradients, change, residual, totals):
    """`meet` for rows from start to stop of some problems; Σ residuals and Σ slacks go to totals.

    Rows of weights, eta and gradients belong to all problems, those of change, residual, shifts and taus to the ones of
    ``which``, of which source names the rows of curvature; y has one row where all problems share it.
    """
    slack = np.empty(stop - start)
    for a in range(len(which)):
        i = which[a]
        meet(
            y[i if len(y) > 1 else 0, start:stop],
            weights[i, start:stop],
            curvature[source[a], start:stop],
            taus[a],
            shifts[a],
            eta[i, start:stop],
            gradients[i, start:stop],
            change[a],
            residual[a],
            slack,
        )
        totals[0, a], totals[1, a] = total(residual[a]), total(slack)
