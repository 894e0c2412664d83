"""Repeated cross-validation, known by its held-out rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shrinkwise.design.base import Array


def repeats_of(tests: Sequence[Array], n: int) -> Array | None:
    """The repeat that each fold belongs to, (K,), or None where nothing is repeated.

    A repeat is a run of at least two folds whose held-out rows do not overlap; repeats hold out the same rows in all.
    Splits that overlap in other ways, as random ones do, are no repeats: their folds count as one.
    """
    repeats = np.zeros(len(tests), dtype=np.int64)
    covered = [np.zeros(n, dtype=bool)]
    for fold, rows in enumerate(tests):
        if np.any(covered[-1][rows]):
            covered.append(np.zeros(n, dtype=bool))
        before = np.count_nonzero(covered[-1])
        covered[-1][rows] = True
        if np.count_nonzero(covered[-1]) < before + len(rows):
            return None  # a row twice in one fold
        repeats[fold] = len(covered) - 1
    same = all(np.array_equal(rows, covered[0]) for rows in covered)
    return repeats if len(covered) > 1 and same and np.bincount(repeats).min() > 1 else None
