"""Poisson loss: counts."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from shrinkwise.losses._formulas import divergence, exponential, x_log
from shrinkwise.losses.base import Array, LogLink


@dataclass(frozen=True)
class PoissonLoss(LogLink):
    """ℓ(y, η) = e^η − yη for y ≥ 0, log link; ℓ*(y, u) = v log v − v, v = y + u."""

    name = "poisson"
    metric = "Poisson deviance"
    examples = ((0.0, 0.5), (1.0, -2.0), (3.0, 1.0), (2.5, 0.3))

    def value(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        return exponential(eta, xp) - y * eta

    def gradient(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        return exponential(eta, xp) - y

    def hessian(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        return exponential(eta, xp)

    def conjugate(self, y: Array, u: Array, xp: ModuleType = np) -> Array:
        v = y + u
        return xp.where(v < 0, np.inf, x_log(v, v, xp) - v)

    def slack(self, y: Array, eta: Array, u: Array, xp: ModuleType = np) -> Array:
        v = y + u
        return xp.where(v < 0, np.inf, divergence(v, exponential(eta, xp), eta, xp))
