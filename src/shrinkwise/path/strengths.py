"""The strengths of a path: where it begins, and how it goes down."""

from __future__ import annotations

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.penalties import Rows

RIDGE = 1e-3  # the l1_ratio whose alpha_max stands in for that of ridge, which has none


def alpha_max(rows: Rows, q: Array, spread: float = 1.0) -> float:
    """The smallest strength at which every penalized coefficient is zero, for the slope q of the null model.

    Ridge never gets there: its path begins at max |correlation| / RIDGE, whatever the unit of y, whose sd is
    ``spread``.
    """
    if not np.any(rows.l1) and not np.any(rows.norm):
        rows, q = Rows(RIDGE * rows.l2, rows.l2, rows.lower, rows.upper), q / (spread or 1.0)
    return rows.dual_norm(np.where(rows.unpenalized, 0.0, q))


def geometric(top: float, ratio: float, count: int) -> Array:
    """``count`` strengths from ``top`` down to ``ratio * top``, evenly spaced in their logarithm."""
    if count == 1:
        return np.array([top])
    grid = top * ratio ** (np.arange(count) / (count - 1))
    grid[0] = top
    return grid
