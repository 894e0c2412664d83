"""Training and held-out rows of folds, checked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.exceptions import DataError, UsageError

Split = tuple[Array, Array]


def members(splits: Sequence[Split], weights: Array) -> tuple[Array, tuple[Array, ...]]:
    """How often each row is in each training set, and the held-out rows."""
    if not len(splits):
        raise UsageError("cv must give at least one pair of training and held-out rows, got none")
    n = len(weights)
    counts = np.zeros((n, len(splits)), dtype=np.int32, order="F")
    positive = weights > 0
    alike = bool(np.all(positive))
    tests = []
    for fold, pair in enumerate(splits):
        train, test = (_row_numbers(part, n, fold) for part in pair)
        counts[:, fold] = np.bincount(train, minlength=n)
        for rows, kind in ((train, "training"), (test, "held-out")):
            if not (len(rows) if alike else np.any(positive[rows])):
                raise DataError(
                    f"the {kind} rows of fold {fold + 1} have no weight ({len(rows)} rows); "
                    "use fewer folds, or drop the rows of weight 0"
                )
        tests.append(test)
    most = max([int(counts.max()), *(int(np.bincount(rows).max()) for rows in tests)])
    return counts.astype(np.min_scalar_type(-most - 1), order="F"), tuple(tests)  # most often, a byte for each


def _row_numbers(rows: Array, n: int, fold: int) -> Array:
    """A boolean mask or row numbers, as row numbers."""
    rows = np.asarray(rows)
    if rows.dtype == bool and rows.shape == (n,):
        return np.flatnonzero(rows)
    if rows.ndim != 1 or (len(rows) and (rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= n)):
        raise UsageError(
            f"fold {fold + 1} of cv must hold row numbers from 0 to {n - 1} or a mask of length {n}, "
            f"got an array of {rows.dtype} with shape {rows.shape}"
        )
    return rows.astype(np.intp)
