"""Negative binomial loss: counts that spread more than a Poisson law allows."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar

import numpy as np

from shrinkwise.losses._formulas import divergence, x_log
from shrinkwise.losses.base import Array, LogLink
from shrinkwise.validation import check_number


@dataclass(frozen=True)
class NegativeBinomialLoss(LogLink):
    """ℓ(y, η) = (y + θ) log(θ + e^η) − yη for y ≥ 0, log link: the variance is μ + μ²/θ.

    With σ = μ/(θ + μ) it is a logistic loss of y + θ trials: ℓ*(y, u) = (y + θ) (v log v + (1 − v) log(1 − v) −
    log θ) + (y + u) log θ, v = (y + u)/(y + θ).

    Parameters
    ----------
    theta : float > 0, default 1
        Number of successes of the law; towards infinity it becomes the Poisson law.

    Raises
    ------
    UsageError
        If theta is not positive.
    """

    theta: float = 1.0

    name = "negative_binomial"
    metric = "negative binomial deviance"
    parameters: ClassVar[tuple[str, ...]] = ("theta",)
    examples = ((0.0, 0.5), (1.0, -2.0), (3.0, 1.0), (2.5, 0.3))

    def __post_init__(self) -> None:
        check_number("theta", self.theta, low=0, above=True)

    def _shares(self, eta: Array, xp: ModuleType) -> tuple[Array, Array]:
        """σ = μ/(θ + μ) and 1 − σ, both with all their digits."""
        z = eta - np.log(self.theta)
        e = xp.exp(-xp.abs(z))
        large, small = 1 / (1 + e), e / (1 + e)
        return xp.where(z >= 0, large, small), xp.where(z >= 0, small, large)

    def value(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        log_theta = np.log(self.theta)
        z = eta - log_theta
        return (y + self.theta) * (log_theta + xp.maximum(z, 0.0) + xp.log1p(xp.exp(-xp.abs(z)))) - y * eta

    def gradient(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        share, rest = self._shares(eta, xp)
        return self.theta * share - y * rest

    def hessian(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        share, rest = self._shares(eta, xp)
        return (y + self.theta) * share * rest

    def conjugate(self, y: Array, u: Array, xp: ModuleType = np) -> Array:
        total, log_theta = y + self.theta, np.log(self.theta)
        v = (y + u) / total
        entropy = x_log(v, v, xp) + x_log(1 - v, 1 - v, xp)
        return xp.where((v < 0) | (v > 1), np.inf, total * (entropy - log_theta) + (y + u) * log_theta)

    def slopes(self, y: Array) -> tuple[Array | float, Array | float]:
        return -y, self.theta

    def slack(self, y: Array, eta: Array, u: Array, xp: ModuleType = np) -> Array:
        total = y + self.theta
        v, rest = (y + u) / total, (self.theta - u) / total
        share, other = self._shares(eta, xp)
        z = eta - np.log(self.theta)
        bend = xp.log1p(xp.exp(-xp.abs(z)))
        log_share, log_other = xp.minimum(z, 0.0) - bend, -xp.maximum(z, 0.0) - bend
        away = total * (divergence(v, share, log_share, xp) + divergence(rest, other, log_other, xp))
        return xp.where((v < 0) | (rest < 0), np.inf, away)
