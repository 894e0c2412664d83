"""What a penalty has to know."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import ModuleType
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shrinkwise.penalties.groups import NO_GROUPS, Groups

Array = NDArray[Any]

EPS = float(np.finfo(np.float64).eps)
NEWTON = 60  # steps to the root of a group's norm; they converge quadratically, and a handful is enough
NOTHING = np.zeros(())  # broadcasts as the factor of the norms where there are none


class Rows(NamedTuple):
    """A penalty as data, one entry a coefficient: Σ l1 |w| + l2/2 w² + Σ_g norm_g ‖w_g‖, lower ≤ w ≤ upper.

    This is how a penalty reaches the kernels; strengths multiply ``l1``, ``l2`` and ``norm``. In a group, norm is the
    same number for all columns and so is l2, and no column has bounds; columns alone have norm 0.
    """

    l1: Array
    l2: Array
    lower: Array
    upper: Array
    norm: Array = NOTHING
    groups: Groups = NO_GROUPS

    @property
    def vectors(self) -> tuple[Array, Array, Array, Array]:
        """(l1, l2, lower, upper): all there is to a penalty without groups."""
        return self.l1, self.l2, self.lower, self.upper

    def sharing(self, other: Rows) -> Rows:
        """The same rows, with the arrays of others where they are equal: one of each for many problems."""
        l1, l2, lower, upper = (
            theirs if np.array_equal(theirs, own) else own
            for own, theirs in zip(self.vectors, other.vectors, strict=True)
        )
        return self._replace(l1=l1, l2=l2, lower=lower, upper=upper)

    @property
    def grouped(self) -> bool:
        """Whether the penalty has norms of groups: without them it falls apart into coordinates."""
        return len(self.groups.members) > 0 and bool(np.any(self.norm))

    @property
    def unpenalized(self) -> Array:
        """Columns without any penalty, as a mask."""
        return np.asarray((self.l1 == 0) & (self.l2 == 0) & (self.norm == 0))

    @property
    def free(self) -> Array:
        """Columns without any penalty that are not held at zero, as a mask."""
        return np.asarray(self.unpenalized & (self.upper > 0))

    def times(self, alpha: float | Array) -> Rows:
        """The rows at strength ``alpha``."""
        with np.errstate(over="ignore"):
            return self._replace(l1=alpha * self.l1, l2=alpha * self.l2, norm=alpha * self.norm)

    def unheld(self, w: Array, q: Array) -> Array:
        """Columns without a penalty that no bound keeps from going where q pulls them, as a mask."""
        return np.asarray(self.unpenalized & (w != np.where(q >= 0, self.upper, self.lower)))

    def take(self, cols: Array) -> Rows:
        """The rows of some columns: the penalty where all others are zero."""
        some = Rows(self.l1[cols], self.l2[cols], self.lower[cols], self.upper[cols])
        return some._replace(norm=self.norm[cols], groups=self.groups.take(cols)) if self.grouped else some

    def value(self, w: Array, xp: ModuleType = np) -> Array:
        """Σ l1 |w| + l2/2 w², coordinate by coordinate; of the norm of a group each w has the share w²/‖w_g‖."""
        single = self.l1 * xp.abs(w) + 0.5 * self.l2 * w**2
        if not self.grouped:
            return single
        length = self.groups.lengths(w, xp)
        return single + self.norm * w**2 / xp.where(length > 0, length, 1.0)

    def beyond(self, v: Array, step: Array | float = 1.0, xp: ModuleType = np) -> Array:
        """How far |v| is beyond what the penalty holds at zero: max(|v| − step l1, 0), and groups shortened by norm."""
        excess = xp.maximum(xp.abs(v) - step * self.l1, 0.0)
        if not self.grouped:
            return excess
        length = self.groups.lengths(excess, xp)
        left = xp.maximum(length - step * self.norm, 0.0) / xp.where(length > 0, length, 1.0)
        return excess * xp.where(length > 0, left, 1.0)

    def prox(self, v: Array, step: Array | float, xp: ModuleType = np) -> Array:
        """argmin_w ½ ‖w − v‖² + step · value(w) within the bounds; ``step`` is one number for all of a group."""
        shrunk = xp.sign(v) * self.beyond(v, step, xp)
        return xp.clip(shrunk / (1 + step * self.l2), self.lower, self.upper)

    def conjugate(self, u: Array, xp: ModuleType = np) -> Array:
        """sup_w { u'w − value(w) : lower ≤ w ≤ upper } as shares of the coordinates; may be infinite.

        For a group it is e²/(2 l2) with e = max(‖S(u_g, l1)‖ − norm, 0), S the soft threshold.
        """
        excess = self.beyond(u, 1.0, xp)
        bound = xp.where(u >= 0, self.upper, -self.lower)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            w = xp.minimum(xp.where(excess > 0, excess / self.l2, 0.0), bound)
            curved = xp.where(self.l2 > 0, excess * w - 0.5 * self.l2 * w**2, excess * bound)
        return xp.where((excess > 0) & (bound > 0), curved, 0.0)

    def slack(self, w: Array, u: Array, held: Array) -> Array:
        """Σ of value(w) + conjugate(u) − u'w, each coordinate and each group ≥ 0: (..., p) to (...).

        Where ``held``, u is known to be within what the penalty holds at zero, up to rounding: its conjugate is zero.
        """
        parts = self.value(w) + np.where(held, 0.0, self.conjugate(u)) - w * u
        if not self.grouped:
            return np.asarray(np.sum(np.maximum(parts, 0.0), axis=-1))
        alone = np.sum(np.maximum(np.where(self.groups.inside, 0.0, parts), 0.0), axis=-1)
        return np.asarray(alone + np.sum(np.maximum(self.groups.sums(parts), 0.0), axis=-1))

    def limits(self, u: Array) -> Array:
        """The largest factor τ at which the penalty holds τu at zero, coordinate by coordinate, whatever the bounds."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            single = self.l1 / np.abs(u)
            return np.where(self.groups.inside, 1 / self._gauge(u), single) if self.grouped else single

    def _gauge(self, u: Array) -> Array:
        """The smallest strength at which each group is held at zero, on all its columns; 0 on columns alone.

        It is the root a of ‖S(u_g, a l1)‖ = a norm. The difference is convex and falls, so that Newton's steps from 0
        rise to the root and never pass it.
        """
        gauge = np.zeros(np.broadcast_shapes(np.shape(u), np.shape(self.norm)))
        l1 = np.where(self.groups.inside, self.l1, 0.0)
        for _ in range(NEWTON):
            left = np.maximum(np.abs(u) - np.where(l1 > 0, gauge, 0.0) * l1, 0.0)
            length = self.groups.lengths(left)
            fall = self.groups.spread(self.groups.sums(l1 * left)) + self.norm * length
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                rise = np.where(length > 0, length * (length - gauge * self.norm) / fall, 0.0)
            rises = (rise > EPS * gauge) & np.isfinite(gauge)
            if not np.any(rises):
                break
            gauge = np.where(rises, gauge + rise, gauge)
        return gauge

    def dual_norm(self, u: Array) -> float:
        """The smallest strength at which ``prox(u, strength)`` is zero."""
        norm = self._dual_norm_alone(u)
        if not self.grouped:
            return norm
        norm = max(norm, float(np.max(self._gauge(u), initial=0.0)))
        if np.isinf(norm):
            return norm
        step = EPS
        while np.any(self.beyond(u, norm)[self.groups.inside]):  # the root was rounded down
            norm *= 1 + step
            step *= 2
        return norm

    def _dual_norm_alone(self, u: Array) -> float:
        """The dual norm of the columns that are in no group."""
        pull = open_pull(u, self.lower, self.upper)
        pulled = (pull > 0) & ~self.groups.inside if self.grouped else pull > 0
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
    """A penalty Ω(w), written once, as data rows. Its strength is an argument of every method, never a field."""

    l1_ratio: float  # the share of the part that selects; 0 is ridge
    convex: ClassVar[bool]
    separable: ClassVar[bool]  # a sum over coordinates; else the step of prox is one number for all of a group
    examples: ClassVar[tuple[dict[str, Any], ...]]  # constructor arguments for the conformance checks

    @abstractmethod
    def rows(self, n_features: int) -> Rows:
        """The penalty at strength 1 as data rows of length p."""

    def value(self, w: Array, xp: ModuleType = np) -> Array:
        """Ω(w) for w of shape (p,)."""
        return xp.sum(self.rows(len(w)).value(w, xp))

    def prox(self, v: Array, step: Array | float, xp: ModuleType = np) -> Array:
        """argmin_w ½‖w − v‖² + Σ step · Ω(w); ``step`` is α·t, a number or one for each coordinate."""
        return self.rows(len(v)).prox(v, step, xp)

    def dual_norm(self, u: Array) -> float:
        """The smallest step with ``prox(u, step) = 0``; α_max is the dual norm of the gradient at zero."""
        return self.rows(len(u)).dual_norm(u)

    def conjugate(self, u: Array, alpha: float, xp: ModuleType = np) -> Array:
        """(αΩ)*(u) = sup_w { ⟨u, w⟩ − αΩ(w) }."""
        return xp.sum(self.rows(len(u)).times(alpha).conjugate(u, xp))
