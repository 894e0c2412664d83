"""Intervals of coefficients, as a decision keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class DebiasedIntervals:
    """Intervals of coefficients in the units of the data, without p-values.

    ``lower`` and ``upper`` cover a coefficient that was named beforehand with probability ``level``. Of those that the
    same data picked because they stood out they miss more, by simulation 9 to 23 % at 95 %: ``selected_lower`` and
    ``selected_upper``, of ``selected_level``, are so wide that on average no more than 1 − ``level`` of these miss.
    Where the features were named they are the same intervals. ``bias`` is 0 where errors of other coefficients cannot
    move the estimate, see `shrinkwise.path.nodewise.Directions`. A feature that is (nearly) a copy of others has an
    infinite interval.
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
