"""Splits in batches whose moments fit in memory together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shrinkwise.moments import MEMORY
from shrinkwise.resampling import Split
from shrinkwise.result import GridResult


def is_tall(result: GridResult) -> bool:
    """Whether moments serve the folds of such a grid, as far as its shape says."""
    squares = result.loss == "squared" and result.outputs is None
    return squares and len(result.feature_names) <= result.n_samples and result.n_folds <= most_fits(result)


def most_fits(result: GridResult) -> int:
    """How many training sets moments can serve at once."""
    return int(MEMORY // (24 * (len(result.feature_names) + 1) ** 2)) - 1  # each has two moments and a Gram


def batches(result: GridResult, splits: Sequence[Split], whole: int) -> Iterator[Sequence[Split]]:
    """Splits as they lie, as many at once as a tall grid can hold the moments of; ``whole`` of them stay together."""
    size = len(splits)
    if is_tall(result) and most_fits(result) < size:
        size = max(1, most_fits(result) // whole) * whole
    return (splits[start : start + size] for start in range(0, len(splits), size))
