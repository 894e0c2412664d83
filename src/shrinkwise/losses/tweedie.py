"""Tweedie loss: amounts that are often exactly zero, as the claims of a year."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar

import numpy as np

from shrinkwise.losses._formulas import TINY, divergence, exp_divergence, exponential
from shrinkwise.losses.base import Array, LogLink
from shrinkwise.validation import check_number

STEPS = 20  # of Newton's iteration, for powers from 1.01 to 1.99


@dataclass(frozen=True)
class TweedieLoss(LogLink):
    """ℓ(y, η) = e^{aη}/a + y e^{−bη}/b for y ≥ 0, log link, a = 2 − power, b = power − 1: the variance is ∝ μ^power.

    Its conjugate has no closed form: the η where the gradient is u is found by Newton's iteration.

    Parameters
    ----------
    power : float in (1, 2), default 1.5
        Towards 1 it becomes the Poisson law, towards 2 the gamma law.

    Raises
    ------
    UsageError
        If the power is out of its range.

    References
    ----------
    Jørgensen, "Exponential dispersion models", JRSS-B 1987, sec. 4.
    """

    power: float = 1.5

    name = "tweedie"
    metric = "Tweedie deviance"
    parameters: ClassVar[tuple[str, ...]] = ("power",)
    dispersion = 1.0
    examples = ((0.0, 0.5), (1.0, -2.0), (3.0, 1.0), (2.5, 0.3))

    def __post_init__(self) -> None:
        hint = 'for 1 use loss="poisson", for 2 loss="gamma"'
        check_number("power", self.power, low=1, high=2, above=True, below=True, hint=hint)

    @property
    def _exponents(self) -> tuple[float, float]:
        return 2 - self.power, self.power - 1

    def value(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        a, b = self._exponents
        return exponential(a * eta, xp) / a + y * exponential(-b * eta, xp) / b

    def gradient(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        a, b = self._exponents
        return exponential(a * eta, xp) - y * exponential(-b * eta, xp)

    def hessian(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        a, b = self._exponents
        return a * exponential(a * eta, xp) + b * y * exponential(-b * eta, xp)

    def conjugate(self, y: Array, u: Array, xp: ModuleType = np) -> Array:
        a, _ = self._exponents
        at = self._predictor(y, u, xp)
        positive = u * at - self.value(y, at, xp)
        at_zero = xp.where(u > 0, u * xp.log(xp.maximum(u, TINY)) - u, 0.0) / a
        return xp.where(y > 0, positive, xp.where(u < 0, np.inf, at_zero))

    def slopes(self, y: Array) -> tuple[Array | float, Array | float]:
        return np.where(y > 0, -np.inf, 0.0), np.inf

    def slack(self, y: Array, eta: Array, u: Array, xp: ModuleType = np) -> Array:
        """The Bregman divergence of η from the predictor where the gradient is u."""
        a, b = self._exponents
        at = self._predictor(y, u, xp)
        positive = exp_divergence(eta, at, a, xp) / a + y * exp_divergence(eta, at, -b, xp) / b
        at_zero = divergence(xp.maximum(u, 0.0), exponential(a * eta, xp), a * eta, xp) / a
        return xp.where(y > 0, positive, xp.where(u < 0, np.inf, at_zero))

    def _predictor(self, y: Array, u: Array, xp: ModuleType) -> Array:
        """The η with e^{aη} − y e^{−bη} = u, for y > 0.

        For u ≥ 0 it is the root of 1 − y e^{−η} − u e^{−aη}, concave and increasing; else of e^{η} + |u| e^{bη} −
        y, convex and increasing. Where the larger of the two terms alone would balance the equation, Newton's iteration
        starts on the side from which it is monotone.
        """
        a, b = self._exponents
        log_y, log_u = xp.log(xp.maximum(y, TINY)), xp.log(xp.maximum(xp.abs(u), TINY))
        upward = u >= 0
        eta = xp.where(upward, xp.maximum(log_y, log_u / a), xp.minimum(log_y, (log_y - log_u) / b))
        for _ in range(STEPS):
            first, second = exponential(log_y - eta, xp), exponential(log_u - a * eta, xp)
            rise = (1 - first - second) / (first + a * second)
            first, second = exponential(eta - log_y, xp), exponential(log_u + b * eta - log_y, xp)
            fall = (first + second - 1) / (first + b * second)
            eta = eta - xp.where(upward, rise, fall)
        return eta
