"""Whose errors are smaller, and how sure is that? Two models on the same rows, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.diagnosis._binned import mean_with_error
from shrinkwise.diagnosis.overfit import DISTINGUISHABLE
from shrinkwise.exceptions import DataError

Array = NDArray[Any]


@dataclass(frozen=True)
class PairedRows:
    """Mean errors of A and B, their difference A − B, and standard errors over the rows.

    ``better`` is ``"A"``, ``"B"``, or None where the two cannot be told apart.
    """

    errors: tuple[float, float]
    ses: tuple[float, float]
    difference: float
    difference_se: float
    better: str | None
    n_rows: int


def paired_rows(a: Array, b: Array, weights: Array | None = None) -> PairedRows:
    """Compare the errors of two models row by row.

    With weights s the mean of the differences d is  d̄ = Σ s d / Σ s  and its standard error
    sqrt( n/(n − 1) Σ s² (d − d̄)² ) / Σ s,  over the n rows of positive weight, which count as independent.

    Parameters
    ----------
    a, b : array of shape (n,)
        Errors of the two models in the same rows; lower is better.
    weights : array of shape (n,), optional
        Weights >= 0 of the rows.

    Returns
    -------
    PairedRows

    Raises
    ------
    DataError
        If fewer than two rows have a positive weight.

    References
    ----------
    Cochran, "Sampling Techniques", 3rd ed., 1977, sec. 6.3: the variance of a ratio of two sums.

    Examples
    --------
    >>> paired_rows([1.0, 2.0, 3.0, 2.0], [2.0, 3.0, 4.0, 3.5]).better
    'A'
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    s = np.ones(len(a)) if weights is None else np.asarray(weights, dtype=np.float64)
    used = s > 0
    n = int(np.count_nonzero(used))
    if n < 2:
        raise DataError(f"a standard error needs two rows of positive weight or more, got {n}: give more rows")
    (difference, se), *alone = (mean_with_error(part[used], s[used]) for part in (a - b, a, b))
    errors, ses = zip(*alone, strict=True)
    better = None if abs(difference) <= DISTINGUISHABLE * se else "A" if difference < 0 else "B"
    return PairedRows(errors, ses, difference, se, better, n)
