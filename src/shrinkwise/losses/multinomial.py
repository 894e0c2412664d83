"""Multinomial loss: more than two classes."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar

import numpy as np

from shrinkwise.losses._formulas import divergence, x_log
from shrinkwise.losses.base import Array, Loss
from shrinkwise.validation import check_count


@dataclass(frozen=True)
class MultinomialLoss(Loss):
    """ℓ(y, η) = log Σ_c e^{η_c} − y'η for y in the unit simplex, softmax link; ℓ*(y, u) = Σ v_c log v_c, v = y + u.

    One row has K predictors, one for each class. Arrays are flat, row after row: entries iK to iK + K − 1 belong to row
    i, and what is returned for them sums to the value of the row. All classes are treated alike: adding a number to all
    predictors of a row changes nothing.

    Parameters
    ----------
    classes : int >= 2, default 3
        K.

    Raises
    ------
    UsageError
        If classes is not a whole number of at least 2.
    """

    classes: int = 3

    name = "multinomial"
    metric = "log loss"
    domain = (0.0, 1.0)
    parameters: ClassVar[tuple[str, ...]] = ("classes",)
    examples = ((0.0, 0.5), (1.0, -2.0))

    def __post_init__(self) -> None:
        classes: object = self.classes
        if isinstance(classes, float) and classes.is_integer():
            object.__setattr__(self, "classes", int(classes))
        check_count("classes", self.classes, low=2)

    def _by_row(self, values: Array, xp: ModuleType) -> Array:
        return xp.reshape(values, (-1, self.classes, *values.shape[1:]))

    def _shares(self, eta: Array, xp: ModuleType) -> tuple[Array, Array, Array]:
        """μ, 1 − μ and log μ, flat. The largest share of a row is that of all others short of one: no digit cancels."""
        rows = self._by_row(eta, xp)
        number = xp.reshape(xp.arange(self.classes), (1, self.classes, *([1] * (len(rows.shape) - 2))))
        largest = xp.argmax(rows, axis=1, keepdims=True) == number
        rows = rows - xp.max(rows, axis=1, keepdims=True)
        odds = xp.exp(rows)
        others = xp.sum(xp.where(largest, 0.0, odds), axis=1, keepdims=True)
        mu = odds / (1 + others)
        rest = xp.where(largest, others / (1 + others), 1 - mu)
        return tuple(xp.reshape(part, eta.shape) for part in (mu, rest, rows - xp.log1p(others)))

    def value(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        return -y * self._shares(eta, xp)[2]

    def gradient(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        mu, rest, _ = self._shares(eta, xp)
        return xp.where(mu > 0.5, (1 - y) - rest, mu - y)

    def hessian(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """The diagonal μ (1 − μ) of the second derivatives diag(μ) − μμ'."""
        mu, rest, _ = self._shares(eta, xp)
        return mu * rest

    def curvature(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """diag(μ) − μμ' of each row: (nK,) to (nK, K)."""
        mu, rest = (self._by_row(part, xp) for part in self._shares(eta, xp)[:2])
        blocks = xp.where(xp.eye(self.classes) > 0, (mu * rest)[:, :, None], -mu[:, :, None] * mu[:, None, :])
        return xp.reshape(blocks, (-1, self.classes))

    def diagonal(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        return self.hessian(y, eta, xp)

    def conjugate(self, y: Array, u: Array, xp: ModuleType = np) -> Array:
        v = y + u
        return xp.where((v < 0) | (v > 1), np.inf, x_log(v, v, xp))

    def slopes(self, y: Array) -> tuple[Array | float, Array | float]:
        return -y, 1 - y

    def slack(self, y: Array, eta: Array, u: Array, xp: ModuleType = np) -> Array:
        """Kullback–Leibler divergence of v = y + u from μ; both sum to one, as do the rows of y."""
        v, (mu, _, log_mu) = y + u, self._shares(eta, xp)
        return xp.where((v < 0) | (v > 1), np.inf, divergence(v, mu, log_mu, xp))

    def separates(self, y: Array, eta: Array) -> bool:
        own, rows = self._by_row(y, np) == 1, self._by_row(eta, np)
        others = np.max(np.where(own, -np.inf, rows), axis=1)
        return bool(np.all(np.any(own, axis=1) & (np.max(np.where(own, rows, -np.inf), axis=1) > others)))

    def link(self, mu: Array, xp: ModuleType = np) -> Array:
        return xp.log(mu)

    def inverse_link(self, eta: Array, xp: ModuleType = np) -> Array:
        return self._shares(eta, xp)[0]
