"""Squared loss."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from shrinkwise.losses.base import Array, Loss


@dataclass(frozen=True)
class SquaredLoss(Loss):
    """ℓ(y, η) = ½ (y − η)², ℓ*(y, u) = ½ u² + uy, identity link."""

    name = "squared"
    metric = "mean squared error"
    quadratic = True
    smoothness = 1.0
    degree = 2
    domain = (-np.inf, np.inf)
    dispersion = 1.0
    examples = ((0.0, 0.5), (-3.0, 1.0), (2.5, 2.5))

    def value(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        return 0.5 * (y - eta) ** 2

    def gradient(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        return eta - y

    def hessian(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        return xp.ones_like(eta)

    def conjugate(self, y: Array, u: Array, xp: ModuleType = np) -> Array:
        return 0.5 * u**2 + u * y

    def link(self, mu: Array, xp: ModuleType = np) -> Array:
        return mu

    def inverse_link(self, eta: Array, xp: ModuleType = np) -> Array:
        return eta

    def deviance(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        return (y - eta) ** 2

    def score(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        return (y - eta) ** 2

    def slack(self, y: Array, eta: Array, u: Array, xp: ModuleType = np) -> Array:
        """½ (η − y − u)²: the square is completed, so that nothing cancels."""
        return 0.5 * (eta - y - u) ** 2
