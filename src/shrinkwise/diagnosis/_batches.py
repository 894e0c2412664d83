"""Splits in batches whose moments fit in memory together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shrinkwise.path.choose import MEMORY
from shrinkwise.resampling import Split
from shrinkwise.result import GridResult


def batches(result: GridResult, splits: Sequence[Split], whole: int) -> Iterator[Sequence[Split]]:
    """Splits as they lie, as many at once as a tall grid can hold the moments of; ``whole`` of them stay together."""
    p = len(result.feature_names)
    most = int(MEMORY // (24 * (p + 1) ** 2)) - 1  # of each fit two moments and a Gram
    size = len(splits)
    if result.loss == "squared" and p <= result.n_samples and result.n_folds <= most < size:
        size = max(1, most // whole) * whole
    return (splits[start : start + size] for start in range(0, len(splits), size))
