"""Intervals of coefficients, as a decision keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class DebiasedIntervals:
    """Intervals of coefficients in the units of the data, without p-values.

    ``lower`` and ``upper`` cover a coefficient that was named beforehand with probability ``level``. Of features that
    were picked from the same data because they stood out more miss: ``selected_lower`` and ``selected_upper`` are as
    wide as it takes for a share of 1 − ``level`` of them to miss, on average; where features were named they are the
    same intervals. ``bias`` is 0 where no error of other coefficients can move the estimate, see `nodewise_directions`.
    A feature that is (nearly) a copy of others has an infinite interval.
    """

    sentence: str
    features: Array  # (m,), numbers of columns
    estimate: Array  # (m,)
    se: Array  # (m,)
    lower: Array  # (m,)
    upper: Array  # (m,)
    level: float
    assumptions: str
    selected_level: float
    selected_lower: Array  # (m,)
    selected_upper: Array  # (m,)
    bias: Array  # (m,)
