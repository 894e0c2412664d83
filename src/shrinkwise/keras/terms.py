"""The penalty of one weight array as a formula: value, gradient and proximal step, over any array namespace."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np

NEWTON = 10  # steps to the norm of a group; one is enough where all its coordinates have one step


@dataclass(frozen=True)
class Terms:
    """Ω(w) = l1 Σ|w| + l2 Σ w² + group Σ_g √m_g ‖w_g‖₂: the textbook's form, in Keras' own units.

    Parameters
    ----------
    l1, l2, group : float or scalar tensor, >= 0
        Strengths; tensors may be traced, so that a compiled step serves any of them.
    axis : int, optional
        Each index along this axis of w is a group of the m_g entries on the other axes. None where ``group`` is 0.

    References
    ----------
    Parikh & Boyd, "Proximal algorithms", 2014, sections 6.5.1 to 6.5.4; the norm of a group in a metric is the root
    of the secular equation of Conn, Gould & Toint, "Trust-region methods", 2000, section 7.3.
    """

    l1: Any = 0.0
    l2: Any = 0.0
    group: Any = 0.0
    axis: int | None = None

    def times(self, l1: Any, l2: Any) -> Terms:
        """These terms as a template: what selects (l1 and group) multiplied by ``l1``, the ridge part by ``l2``."""
        return replace(self, l1=self.l1 * l1, l2=self.l2 * l2, group=self.group * l1)

    def value(self, w: Any, xp: ModuleType = np) -> Any:
        """Ω(w), a scalar."""
        total = self.l1 * xp.sum(xp.abs(w)) + self.l2 * xp.sum(w * w)
        if self.axis is None:
            return total
        return total + self.norm(w) * xp.sum(self._lengths(w, xp))

    def gradient(self, w: Any, xp: ModuleType = np) -> Any:
        """A gradient of Ω, of |w| and of ‖w_g‖ 0 at 0, as TensorFlow and Torch (JAX: 1 of |w|) differentiate it."""
        slope = self.l1 * xp.sign(w) + 2 * self.l2 * w
        if self.axis is None:
            return slope
        length = self._lengths(w, xp)
        return slope + self.norm(w) * w / xp.where(length > 0, length, xp.ones_like(length))

    def norm(self, w: Any) -> Any:
        """The strength of the norm of each group of an array like w, √m_g included."""
        assert self.axis is not None
        m = int(np.prod(w.shape)) // int(w.shape[self.axis])
        return self.group * float(np.sqrt(m))

    def prox(self, v: Any, step: Any, xp: ModuleType = np) -> Any:
        """argmin_w Σ (w − v)²/(2 step) + Ω(w), its zeros exact.

        Parameters
        ----------
        v : array
        step : scalar or array like v, >= 0
            The step of each coordinate: the learning rate over its preconditioner.
        """
        u = xp.sign(v) * xp.maximum(xp.abs(v) - step * self.l1, 0.0)
        ridge = 1 + 2 * self.l2 * step
        if self.axis is None:
            return u / ridge
        hold = self.norm(u) * step + xp.zeros_like(u)  # what the norm takes from each coordinate, times its share
        ridge = ridge + xp.zeros_like(u)
        positive = hold > 0
        reach = xp.where(positive, u / xp.where(positive, hold, xp.ones_like(hold)), xp.where(u == 0, 0.0, np.inf))
        stays = xp.logical_not(self._over(reach * reach, xp, xp.sum) <= 1)  # what is not a number stays one
        # ‖w_g‖ = t solves Σ u²/(ridge t + hold)² = 1; from the left Newton's steps on the inverse root never overshoot
        length = xp.sqrt(self._over(u * u, xp, xp.sum))
        most_hold, most_ridge = self._over(hold, xp, xp.max), self._over(ridge, xp, xp.max)
        t = xp.maximum((length - most_hold) / most_ridge, 0.0)
        for _ in range(NEWTON):
            below = xp.maximum(ridge * t + hold, 1e-30)
            size = self._over((u / below) ** 2, xp, xp.sum)
            slope = self._over(ridge * (u / below) ** 2 / below, xp, xp.sum)
            safe = xp.where(slope > 0, slope, xp.ones_like(slope))
            t = t + xp.where(stays & (slope > 0), (xp.sqrt(size) - 1) * size / safe, 0.0)
        t = xp.maximum(t, 0.0)
        return xp.where(stays, u * t / xp.maximum(ridge * t + hold, 1e-30), xp.zeros_like(u))

    def _over(self, values: Any, xp: ModuleType, reduce: Any) -> Any:
        """Reduced over each group, broadcastable to the array."""
        assert self.axis is not None
        rank = len(values.shape)
        others = tuple(axis for axis in range(rank) if axis != self.axis % rank)
        return reduce(values, axis=others, keepdims=True) if others else values

    def _lengths(self, w: Any, xp: ModuleType) -> Any:
        """‖w_g‖₂, with a finite derivative at 0."""
        squares = self._over(w * w, xp, xp.sum)
        positive = squares > 0
        return xp.where(positive, xp.sqrt(xp.where(positive, squares, xp.ones_like(squares))), xp.zeros_like(squares))
