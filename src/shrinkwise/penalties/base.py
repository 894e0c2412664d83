"""What a penalty has to know."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import ModuleType
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Rows(NamedTuple):
    """A separable penalty as data, one entry a coefficient: Σ l1 |w| + l2/2 w², lower ≤ w ≤ upper.

    This is how a penalty reaches the kernels; strengths multiply ``l1`` and ``l2``.
    """

    l1: Array
    l2: Array
    lower: Array
    upper: Array

    def times(self, alpha: float) -> Rows:
        """The rows at strength ``alpha``."""
        with np.errstate(over="ignore"):
            return Rows(alpha * self.l1, alpha * self.l2, self.lower, self.upper)

    def unheld(self, w: Array, q: Array) -> Array:
        """Columns without a penalty that no bound keeps from going where q pulls them, as a mask."""
        return np.asarray((self.l1 == 0) & (self.l2 == 0) & (w != np.where(q >= 0, self.upper, self.lower)))

    def take(self, cols: Array) -> Rows:
        return Rows(self.l1[cols], self.l2[cols], self.lower[cols], self.upper[cols])

    def value(self, w: Array, xp: ModuleType = np) -> Array:
        """Σ l1 |w| + l2/2 w², coordinate by coordinate."""
        return self.l1 * xp.abs(w) + 0.5 * self.l2 * w**2

    def prox(self, v: Array, step: Array | float, xp: ModuleType = np) -> Array:
        """argmin_w ½ (w − v)² + step · (l1 |w| + l2/2 w²) within the bounds."""
        shrunk = xp.sign(v) * xp.maximum(xp.abs(v) - step * self.l1, 0.0)
        return xp.clip(shrunk / (1 + step * self.l2), self.lower, self.upper)

    def conjugate(self, u: Array, xp: ModuleType = np) -> Array:
        """sup_w { uw − l1 |w| − l2/2 w² : lower ≤ w ≤ upper }, coordinate by coordinate; may be infinite."""
        excess = xp.maximum(xp.abs(u) - self.l1, 0.0)
        bound = xp.where(u >= 0, self.upper, -self.lower)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            w = xp.minimum(xp.where(excess > 0, excess / self.l2, 0.0), bound)
            curved = xp.where(self.l2 > 0, excess * w - 0.5 * self.l2 * w**2, excess * bound)
        return xp.where((excess > 0) & (bound > 0), curved, 0.0)

    def dual_norm(self, u: Array) -> float:
        """The smallest strength at which ``prox(u, strength)`` is zero."""
        pull = open_pull(u, self.lower, self.upper)
        pulled = pull > 0
        if not np.any(pulled):
            return 0.0
        pull, l1 = pull[pulled], self.l1[pulled]
        if np.any(l1 == 0):
            return float(np.inf)
        norm = np.max(pull / l1)
        while np.any(norm * l1 < pull):  # the quotient was rounded down
            norm = np.nextafter(norm, np.inf)
        return float(norm)


def open_pull(u: Array, lower: Array, upper: Array) -> Array:
    """How strongly u pulls each coefficient away from zero in a direction that its bounds leave open."""
    return np.where(u >= 0, np.where(upper > 0, u, 0.0), np.where(lower < 0, -u, 0.0))


class Penalty(ABC):
    """A penalty Ω(w). Its strength is an argument of every method, never a field."""

    convex: ClassVar[bool]
    separable: ClassVar[bool]
    examples: ClassVar[tuple[dict[str, Any], ...]]  # constructor arguments for the conformance checks

    @abstractmethod
    def value(self, w: Array, xp: ModuleType = np) -> Array:
        """Ω(w) for w of shape (p,)."""

    @abstractmethod
    def prox(self, v: Array, step: Array | float, xp: ModuleType = np) -> Array:
        """argmin_w ½‖w − v‖² + Σ step · Ω(w); ``step`` is α·t, a number or one for each coordinate."""

    @abstractmethod
    def dual_norm(self, u: Array) -> float:
        """The smallest step with ``prox(u, step) = 0``; α_max is the dual norm of the gradient at zero."""

    @abstractmethod
    def conjugate(self, u: Array, alpha: float, xp: ModuleType = np) -> Array:
        """(αΩ)*(u) = sup_w { ⟨u, w⟩ − αΩ(w) }."""

    @abstractmethod
    def rows(self, n_features: int) -> Rows:
        """The penalty at strength 1 as data rows of length p."""
