"""Formulas that several losses share."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

NEAR = 0.5  # relative distance within which differences are formed before functions
TINY = 1e-300  # keeps log(0) and x/0 away where their factor is zero
STEEP = 700.0  # e^η beyond it leaves floating point: predictors there are only met, and left, by line searches


def x_log(x: Array, of: Array, xp: ModuleType) -> Array:
    """x log(of), 0 where x = 0."""
    return x * xp.log(xp.maximum(of, TINY))


def exponential(eta: Array, xp: ModuleType) -> Array:
    """e^η, held within floating point."""
    return xp.exp(xp.clip(eta, -STEEP, STEEP))


def divergence(v: Array, mu: Array, log_mu: Array, xp: ModuleType) -> Array:
    """v log(v/μ) − v + μ for v ≥ 0 and μ > 0 (Kullback–Leibler), without cancellation where v is near μ.

    With v = μ(1 + t) it is μ ((1 + t) log(1 + t) − t), and all digits of t count; far away log μ itself is used.
    """
    t = (v - mu) / xp.maximum(mu, TINY)
    near = xp.abs(t) < NEAR
    t = xp.where(near, t, 0.0)
    apart = x_log(v, v, xp) - v * log_mu - v + mu
    return xp.where(near, mu * xp.maximum((1 + t) * xp.log1p(t) - t, 0.0), apart)


def exp_divergence(eta: Array, at: Array, rate: float, xp: ModuleType) -> Array:
    """e^{rη} − e^{ra} (1 + r (η − a)) ≥ 0, r the rate and a the point: the Bregman divergence of e^{rη}."""
    x = rate * (eta - at)
    near = xp.abs(x) < NEAR
    small = xp.where(near, x, 0.0)
    start = exponential(rate * at, xp)
    return xp.where(
        near, start * xp.maximum(xp.expm1(small) - small, 0.0), exponential(rate * eta, xp) - start * (1 + x)
    )
