"""The strengths of a path: where it begins, and how it goes down."""

from __future__ import annotations

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.penalties import Rows

RIDGE = 1e-3  # ridge has no alpha_max: its path begins where that of this l1_ratio does


def alpha_max(rows: Rows, q: Array, l1_ratio: float) -> float:
    """The smallest strength at which every penalized coefficient is zero, for the slope q of the null model."""
    if l1_ratio == 0:
        rows = Rows(RIDGE * rows.l2, rows.l2, rows.lower, rows.upper)
    return rows.dual_norm(np.where((rows.l1 == 0) & (rows.l2 == 0), 0.0, q))


def geometric(top: float, ratio: float, count: int) -> Array:
    """``count`` strengths from ``top`` down to ``ratio * top``, evenly spaced in their logarithm."""
    if count == 1:
        return np.array([top])
    grid = top * ratio ** (np.arange(count) / (count - 1))
    grid[0] = top
    return grid
