"""Logistic loss."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from shrinkwise.losses._formulas import x_log
from shrinkwise.losses.base import Array, Loss


@dataclass(frozen=True)
class LogisticLoss(Loss):
    """ℓ(y, η) = log(1 + e^η) − yη for y in [0, 1], logit link; ℓ*(y, u) = v log v + (1 − v) log(1 − v), v = y + u."""

    name = "logistic"
    metric = "log loss"
    smoothness = 0.25
    domain = (0.0, 1.0)
    examples = ((0.0, 0.5), (1.0, -2.0), (1.0, 30.0), (0.3, -0.7))

    def value(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        return xp.maximum(eta, 0.0) + xp.log1p(xp.exp(-xp.abs(eta))) - y * eta

    def gradient(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        up, down = xp.exp(xp.minimum(eta, 0.0)), xp.exp(-xp.maximum(eta, 0.0))  # μ : 1 − μ; one of them is 1
        return ((1 - y) * up - y * down) / (up + down)  # where y is 0 or 1 one term is 0, so no digit cancels

    def hessian(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        e = xp.exp(-xp.abs(eta))
        return e / (1 + e) ** 2

    def conjugate(self, y: Array, u: Array, xp: ModuleType = np) -> Array:
        v = y + u
        entropy = x_log(v, v, xp) + x_log(1 - v, 1 - v, xp)
        return xp.where((v < 0) | (v > 1), np.inf, entropy)

    def slopes(self, y: Array) -> tuple[Array | float, Array | float]:
        return -y, 1 - y

    def separates(self, y: Array, eta: Array) -> bool:
        return bool(np.all((y == 1) & (eta > 0) | (y == 0) & (eta < 0)))

    def link(self, mu: Array, xp: ModuleType = np) -> Array:
        return xp.log(mu) - xp.log1p(-mu)

    def inverse_link(self, eta: Array, xp: ModuleType = np) -> Array:
        e = xp.exp(-xp.abs(eta))
        return xp.where(eta >= 0, 1.0, e) / (1 + e)

    def slack(self, y: Array, eta: Array, u: Array, xp: ModuleType = np) -> Array:
        """Kullback–Leibler divergence of v = y + u from μ: v log(v/μ) + (1 − v) log((1 − v)/(1 − μ))."""
        v = y + u
        divergence = x_log(v, v, xp) + x_log(1 - v, 1 - v, xp) + self.value(v, eta, xp)
        return xp.where((v < 0) | (v > 1), np.inf, xp.maximum(divergence, 0.0))
