"""Positive semi-definite systems, singular ones too."""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from shrinkwise.penalties.base import Array

LIFT = 1e-10  # share of its diagonal by which a singular system is lifted, ten times more until it factors


def solve_psd(system: Array, right: Array) -> Array:
    """Solution of a positive semi-definite system; the diagonal of a singular one is lifted by a share of it."""
    diagonal = np.diagonal(system)
    root = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled, lift = system / root / root[:, None], 0.0
    while True:
        lifted = scaled + lift * np.eye(len(right))
        try:
            factor = cho_factor(lifted, lower=True, check_finite=False)
            pivots = np.diagonal(factor[0]) ** 2
        except np.linalg.LinAlgError:
            pivots = np.zeros(1)
        if pivots.min() > 0.1 * LIFT:
            return np.asarray(cho_solve(factor, right / root, check_finite=False) / root)
        lift = max(LIFT, 10 * lift)
