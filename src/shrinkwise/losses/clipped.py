"""Losses that are a square near the target and a straight line away from it: Huber and the smoothed quantile loss."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from types import ModuleType
from typing import ClassVar, Self

import numpy as np

from shrinkwise.losses.base import Array, Loss
from shrinkwise.validation import check_number

CONSISTENT = 1.4826  # the median absolute deviation of a normal law is its sd divided by this
EFFICIENT = 1.345  # sds: 95 % efficient for normal noise (Huber 1981, sec. 4.4)
BANDWIDTH = 0.1  # sds over which the corner of the quantile loss is rounded
SHARE = 1e-3  # of the majorizer's curvature, on the straight parts: their own is zero
ROUNDING = 8 * np.finfo(np.float64).eps


class Clipped(Loss):
    """ℓ(y, η) = max { ar − h a²/2 : low ≤ a ≤ high }, r = y − η: the Moreau envelope of a tilted absolute value.

    Its gradient is −a at the maximum, a = clip(r/h, low, high); ℓ*(y, u) = uy + h u²/2 for −u in [low, high].
    """

    domain = (-np.inf, np.inf)
    kinked = True
    mean_fits = False

    @property
    @abstractmethod
    def _shape(self) -> tuple[float, float, float]:
        """h, low, high."""

    @property
    def smoothness(self) -> float:  # type: ignore[override]
        return 1 / self._shape[0]

    def value(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        h, low, high = self._shape
        r = y - eta
        a = xp.clip(r / h, low, high)
        return a * (r - 0.5 * h * a)

    def gradient(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        h, low, high = self._shape
        return -xp.clip((y - eta) / h, low, high)

    def hessian(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        h, low, high = self._shape
        r = (y - eta) / h
        return xp.where((r >= low) & (r <= high), 1 / h, 0.0)

    def curvature(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """The second derivative; on the straight parts a share of the curvature a/r of a parabola above the loss."""
        h, low, high = self._shape
        r = (y - eta) / h
        clipped = xp.clip(r, low, high)
        inside = clipped == r
        above = clipped / xp.where(inside, 1.0, r) / h
        return xp.where(inside, 1 / h, SHARE * above)

    def conjugate(self, y: Array, u: Array, xp: ModuleType = np) -> Array:
        h, low, high = self._shape
        return xp.where((-u < low) | (-u > high), np.inf, u * y + 0.5 * h * u**2)

    def slopes(self, y: Array) -> tuple[Array | float, Array | float]:
        _, low, high = self._shape
        return -high, -low

    def slack(self, y: Array, eta: Array, u: Array, xp: ModuleType = np) -> Array:
        """h/2 (a − c)² + (c − a)(r − hc) with a = −u and c where the maximum is: no part is negative."""
        h, low, high = self._shape
        r, a = y - eta, -u
        c = xp.clip(r / h, low, high)
        beyond = ROUNDING * max(high, -low)
        total = 0.5 * h * (a - c) ** 2 + xp.maximum((c - a) * (r - h * c), 0.0)
        return xp.where((a < low - beyond) | (a > high + beyond), np.inf, total)

    def link(self, mu: Array, xp: ModuleType = np) -> Array:
        return mu

    def inverse_link(self, eta: Array, xp: ModuleType = np) -> Array:
        return eta


@dataclass(frozen=True)
class HuberLoss(Clipped):
    """ℓ(y, η) = ½ r² for |r| ≤ δ, δ|r| − ½ δ² beyond, r = y − η: outliers pull with a bounded force.

    Parameters
    ----------
    delta : float > 0, optional
        In the units of y. By default 1.345 robust standard deviations of the target about its median.

    Raises
    ------
    UsageError
        If delta is not positive.

    References
    ----------
    Huber, "Robust estimation of a location parameter", Ann. Math. Statist. 1964.
    """

    delta: float | None = None

    name = "huber"
    metric = "Huber loss"
    degree = 2
    dispersion = 1.0
    parameters: ClassVar[tuple[str, ...]] = ("delta",)
    examples = ((0.0, 0.5), (-3.0, 1.0), (2.5, 2.4))

    def __post_init__(self) -> None:
        if self.delta is not None:
            check_number("delta", self.delta, low=0, above=True)

    @property
    def _shape(self) -> tuple[float, float, float]:
        delta = EFFICIENT if self.delta is None else self.delta
        return 1.0, -delta, delta

    def for_target(self, y: Array, weights: Array) -> Self:
        return self if self.delta is not None else replace(self, delta=EFFICIENT * robust_sd(y, weights))

    def in_unit(self, unit: float) -> Self:
        return self if self.delta is None else replace(self, delta=self.delta / unit)


@dataclass(frozen=True)
class QuantileLoss(Clipped):
    """Quantile regression: ρ(r) = q·r for r ≥ 0, (q − 1)·r below, r = y − η, its corner rounded by a parabola.

    Between (q − 1)h and qh the loss is r²/(2h), beyond it is ρ moved by a constant, so that it is above ρ by at most
    h/8 (Moreau's envelope). Held-out errors are those of ρ itself.

    Parameters
    ----------
    quantile : float in (0, 1), default 0.5
    smoothing : float > 0, optional
        The width h of the rounded corner in the units of y. By default a tenth of a robust standard deviation of the
        target about its median.

    Raises
    ------
    UsageError
        If a parameter is out of its range.

    References
    ----------
    Koenker & Bassett, Econometrica 1978; the smoothing is that of Nesterov, Math. Program. 2005, with ½‖·‖².
    """

    quantile: float = 0.5
    smoothing: float | None = None

    name = "quantile"
    metric = "pinball loss"
    degree = 1
    dispersion = 2.0
    parameters: ClassVar[tuple[str, ...]] = ("quantile", "smoothing")
    examples = ((0.0, 0.5), (-3.0, 1.0), (2.5, 2.49))

    def __post_init__(self) -> None:
        check_number("quantile", self.quantile, low=0, high=1, above=True, below=True)
        if self.smoothing is not None:
            check_number("smoothing", self.smoothing, low=0, above=True)

    @property
    def _shape(self) -> tuple[float, float, float]:
        h = BANDWIDTH if self.smoothing is None else self.smoothing
        return h, self.quantile - 1, self.quantile

    def score(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        r = y - eta
        return xp.maximum(self.quantile * r, (self.quantile - 1) * r)

    def for_target(self, y: Array, weights: Array) -> Self:
        return self if self.smoothing is not None else replace(self, smoothing=BANDWIDTH * robust_sd(y, weights))

    def in_unit(self, unit: float) -> Self:
        return self if self.smoothing is None else replace(self, smoothing=self.smoothing / unit)


def robust_sd(y: Array, weights: Array) -> float:
    """1.4826 × the median absolute deviation; where half of the values are equal, the mean one; 1 for a constant."""
    away = np.abs(y - _median(y, weights))
    return float(CONSISTENT * _median(away, weights) or np.average(away, weights=weights) or 1.0)


def _median(values: Array, weights: Array) -> float:
    """The smallest value with half of the weight at or below it."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, 0.5 * below[-1] * (1 - ROUNDING))])
