"""What a diagnosis may fit once more, bound to the data of a grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from scipy import sparse

from shrinkwise.design.base import Array
from shrinkwise.diagnosis.refits import Refits
from shrinkwise.grid import fit_grid
from shrinkwise.path import repeats_of
from shrinkwise.resampling import Split, blocks_of, rows_of
from shrinkwise.result import GridResult


def refits_of(
    X: Any,
    y: Array,
    splits: Sequence[Split],
    *,
    fit: Callable[..., GridResult] = fit_grid,
    maps: Sequence[sparse.csc_array] | None = None,
    strata: Array | None = None,
    groups: Array | None = None,
    dealt: bool = True,
    seed: int = 0,
    **options: Any,
) -> Refits:
    """Bind a grid to its data.

    Parameters
    ----------
    X, y, splits, maps
        As of `fit_grid`. On other folds than these the encoding is that of all rows.
    fit : function
        `fit_grid`, or another of its signature.
    strata, groups : arrays of shape (n,), optional
        Labels that halves of the rows have in the same shares; rows that stay together. See `blocks_of`.
    dealt : bool
        Whether rows were dealt to their folds at random, or may be: not where folds are times or sites.
    **options
        Further ones of ``fit``: loss, weights, penalty, mixes, tolerance.

    Returns
    -------
    Refits
    """

    @cache
    def encoded() -> Any:
        return X if maps is None else X @ maps[-1]

    def again(own: Sequence[Split], **changes: Any) -> GridResult:
        quiet = {"extend": False, "unpenalized": False}
        if own is splits:
            return fit(X, y, own, maps=maps, **options | quiet | changes)
        return fit(encoded(), y, own, **options | quiet | changes)

    repeats = repeats_of([test for _, test in splits], len(y))
    n_folds = len(splits) if repeats is None else int(np.count_nonzero(repeats == 0))
    blocks = blocks_of(len(y), max(2, n_folds), seed, strata=strata, groups=groups, rows=rows_of(splits))
    return Refits(again, splits, blocks, dealt, seed)
