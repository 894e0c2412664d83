"""Gamma loss: positive amounts whose spread grows with their mean."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from shrinkwise.losses._formulas import divergence, exponential, x_log
from shrinkwise.losses.base import Array, LogLink


@dataclass(frozen=True)
class GammaLoss(LogLink):
    """ℓ(y, η) = y e^−η + η for y > 0, log link; ℓ*(y, u) = v log(v/y) − v, v = 1 − u."""

    name = "gamma"
    metric = "gamma deviance"
    positive = True
    dispersion = 1.0
    examples = ((0.5, 0.5), (1.0, -2.0), (30.0, 3.0), (2.5, 0.3))

    def value(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        return y * exponential(-eta, xp) + eta

    def gradient(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        return 1 - y * exponential(-eta, xp)

    def hessian(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        return y * exponential(-eta, xp)

    def conjugate(self, y: Array, u: Array, xp: ModuleType = np) -> Array:
        v = 1 - u
        return xp.where(v < 0, np.inf, x_log(v, v / y, xp) - v)

    def slopes(self, y: Array) -> tuple[Array | float, Array | float]:
        return -np.inf, 1.0

    def slack(self, y: Array, eta: Array, u: Array, xp: ModuleType = np) -> Array:
        v = 1 - u
        return xp.where(v < 0, np.inf, divergence(v, y * exponential(-eta, xp), xp.log(y) - eta, xp))
