"""Tweedie loss: amounts that are often exactly zero, as the claims of a year."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar

import numpy as np

from shrinkwise.losses._formulas import STEEP, TINY, divergence, exp_divergence, exponential
from shrinkwise.losses.base import Array, LogLink
from shrinkwise.validation import check_number

ROUNDING = 2e-16
STEPS = 60  # of a bracketed Newton iteration: bisection alone would reach all digits


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
        """The η with e^{aη} − y e^{−bη} = u, for y > 0."""
        a, b = self._exponents
        y = xp.maximum(y, TINY)
        up, down = xp.log(xp.maximum(u, TINY)) / a, xp.log(y / xp.maximum(-u, TINY)) / b
        near = xp.log(y)  # the gradient is 0 there
        low = xp.clip(xp.where(u >= 0, xp.maximum(near, up), near - STEEP), -STEEP, STEEP)
        high = xp.clip(xp.where(u >= 0, near + STEEP, xp.minimum(near, down)), -STEEP, STEEP)
        eta = xp.where(u >= 0, low, high)
        for _ in range(STEPS):
            before, excess = eta, self.gradient(y, eta, xp) - u
            low, high = xp.where(excess < 0, eta, low), xp.where(excess > 0, eta, high)
            newton = eta - excess / xp.maximum(self.hessian(y, eta, xp), TINY)
            inside = (newton >= low) & (newton <= high)
            eta = xp.where(excess == 0, eta, xp.where(inside, newton, 0.5 * (low + high)))
            if bool(xp.max(xp.abs(eta - before) - ROUNDING * (1 + xp.abs(eta))) <= 0):
                break
        return eta
