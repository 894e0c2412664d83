"""The gap that a dual point certifies, over the ways to scale it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.penalties import Rows


def scaled_gap(rows: Rows, w: Array, q: Array, loss_slack: Callable[[Array], Array], towards_target: Array) -> Array:
    """The smallest gap over scalings τ of a dual point whose slope is q: Σ of the Fenchel–Young slacks.

    Parameters
    ----------
    rows : Rows at their strength, broadcastable to w
    w, q : arrays of shape (..., p)
        q is exactly 0, up to rounding, on unpenalized columns.
    loss_slack : function of τ (...) that returns the slack of the loss (...)
    towards_target : array of shape (...)
        The τ that is best for the loss alone.

    Returns
    -------
    array of shape (...)
    """
    rigid, feasible = feasible_scaling(rows, w, q)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        best = np.full(np.shape(feasible), np.inf)
        candidates = [feasible]
        if np.any(feasible < 1) and (np.any(rows.l2 > 0) or np.any(np.isfinite(rows.upper - rows.lower))):
            candidates.append(np.ones_like(feasible))
        if np.any(towards_target < feasible):
            candidates.append(np.clip(towards_target, 0.0, feasible))
        for tau in candidates:
            u = tau[..., None] * q
            held = rigid & (tau <= feasible)[..., None] & ~rows.unpenalized
            u = np.where(held & (rows.norm == 0), np.clip(u, -rows.l1, rows.l1), u)
            total = loss_slack(tau) + rows.slack(w, u, held)
            best = np.minimum(best, np.where(np.isnan(total), np.inf, total))
    return best


def feasible_scaling(rows: Rows, w: Array, q: Array) -> tuple[Array, Array]:
    """Where only a slope that is held makes the slack of a penalty small, and the largest τ <= 1 that keeps τq held."""
    rigid = (rows.l2 == 0) & (w != np.where(q >= 0, rows.upper, rows.lower))
    limited = rigid & (rows.l1 + rows.norm > 0) & (q != 0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(limited, rows.limits(q), 1.0)
    return rigid, np.minimum(1.0, np.min(ratio, axis=-1, initial=1.0))
