"""The calibration slope: by how much predictions would have to be stretched."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.losses import Loss

Array = NDArray[Any]

STEPS = 50  # of Newton's iteration, which takes three or four
ENOUGH = 1e-9  # of the parameters' size


def calibration_slope(
    y: Array, eta: Array, weights: Array, loss: Loss, offset: Array | float = 0.0
) -> tuple[float, float]:
    """The b of the fit of y to offset + a + b (η − offset) and its robust standard error; 1 is what it should be.

    Above 1 predictions lie too close together, as those of a strong penalty do; below 1 too far apart.

    Returns
    -------
    (float, float)
        Not numbers where predictions are constant, or tell the classes apart without error.
    """
    none = float("nan"), float("nan")
    own = eta - offset
    mean = np.average(own, weights=weights)
    sd = float(np.sqrt(np.average((own - mean) ** 2, weights=weights)))
    if not sd > 1e-12 * (abs(mean) + float(np.max(np.abs(y))) + 1):
        return none
    A, s = np.column_stack([np.ones(len(y)), (own - mean) / sd]), weights / weights.sum()
    b = np.array([mean, sd])

    def value(at: Array) -> float:
        return float(s @ loss.value(y, offset + A @ at))

    with np.errstate(over="ignore", invalid="ignore"):
        now = value(b)
        for _ in range(STEPS):
            at = offset + A @ b
            H = A.T @ (A * (s * loss.hessian(y, at))[:, None])
            if not np.all(np.isfinite(H)) or np.linalg.cond(H) > 1e12:
                return none
            step = np.linalg.solve(H, A.T @ (s * loss.gradient(y, at)))
            share = 1.0
            while not value(b - share * step) <= now * (1 + 1e-12) + 1e-300 and share > 1e-6:
                share /= 2
            b = b - share * step
            now = value(b)
            if np.max(np.abs(step)) <= ENOUGH * (np.max(np.abs(b)) + sd):
                break
        else:
            return none
        at = offset + A @ b
        bread = np.linalg.inv(A.T @ (A * (s * loss.hessian(y, at))[:, None]))
        meat = A * (s * loss.gradient(y, at))[:, None]
    return float(b[1] / sd), float(np.sqrt((bread @ meat.T @ meat @ bread)[1, 1]) / sd)
