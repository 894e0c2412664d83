"""What a diagnosis may fit once more, bound to the data of a grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from shrinkwise.association import associate
from shrinkwise.design.base import Array
from shrinkwise.diagnosis.refits import Observations, Refits
from shrinkwise.grid import fit_grid
from shrinkwise.losses import as_loss
from shrinkwise.path import repeats_of
from shrinkwise.resampling import Split, blocks_of, rows_of
from shrinkwise.result import GridResult

SEEN = ("sample_weight", "offset", "fit_intercept", "standardize", "grouped_outputs")  # of options, by one fit
COSTS = ("costs", "cost_sources")  # make lines of a grid; what is fitted again says itself which line it is
PENALTY = ("groups", "sparse_ratio", "penalty_weights", "lower", "upper", "ridge_unit")


def refits_of(
    X: Any,
    y: Array,
    splits: Sequence[Split],
    *,
    fit: Callable[..., GridResult] = fit_grid,
    maps: Sequence[sparse.csc_array] | None = None,
    strata: Array | None = None,
    row_groups: Array | None = None,
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
    strata, row_groups : arrays of shape (n,), optional
        Labels that halves of the rows have in the same shares; rows that stay together. See `blocks_of`.
    dealt : bool
        Whether rows were dealt to their folds at random, or may be: not where folds are times or sites.
    **options
        Further ones of ``fit``: loss, weights, penalty, mixes, tolerance; a scorer for its
        own folds. Costs of features are left out.

    Returns
    -------
    Refits
    """
    options = {name: value for name, value in options.items() if name not in COSTS}
    kind = as_loss(options.get("loss", "squared"))
    known = options.get("sample_weight"), options.get("offset"), maps
    data = Observations(X, y, kind, *known, fit_intercept=options.get("fit_intercept", True))

    seen = {name: options[name] for name in SEEN if name in options}
    penalty = {name: options[name] for name in PENALTY if name in options}
    linear = None if maps is None else maps[-1]
    outside = partial(associate, X, y, loss=kind, penalty=penalty, linear=linear, **seen)
    plain = options | {"extend": False, "unpenalized": False, "degrees_of_freedom": False}
    elsewhere = plain | {"scorer": None, "metric": None}  # a scorer knows the folds by their number

    def again(own: Sequence[Split], **changes: Any) -> GridResult:
        if own is splits:
            return fit(X, y, own, maps=maps, **plain | changes)
        return fit(data.encoded, y, own, **elsewhere | changes)

    repeats = repeats_of([test for _, test in splits], len(y))
    n_folds = len(splits) if repeats is None else int(np.count_nonzero(repeats == 0))
    blocks = blocks_of(len(y), max(2, n_folds), seed, strata=strata, groups=row_groups, rows=rows_of(splits))
    return Refits(again, splits, blocks, dealt, seed, data, outside)
