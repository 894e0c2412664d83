"""The adaptive lasso: a first fit says which coefficients are large, and those are penalized less."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.exceptions import UsageError
from shrinkwise.grid import fit_grid
from shrinkwise.path.splits import Split
from shrinkwise.result import GridResult
from shrinkwise.validation import check_number

RIDGE_UP_TO = 1000  # features; a ridge fit of more needs a Gram of all of them, and begins with the lasso


def fit_adaptive_grid(
    X: Any, y: Array, splits: Sequence[Split], *, exponent: float = 1.0, initial: str | None = None, **options: Any
) -> GridResult:
    """A grid whose L1 penalty of feature j is α r πⱼ / |w̃ⱼ|^exponent, w̃ from a first fit on the same training rows.

    Parameters
    ----------
    X, y, splits
        As for :func:`~shrinkwise.grid.fit_grid`.
    exponent : float > 0, default 1
    initial : {"ridge", "lasso"}, optional
        The first fit, at the strength with the lowest cross-validated error. Ridge up to 1000 features, else the lasso,
        which leaves out for good what it sets to zero.
    **options
        Further ones of `fit_grid`.

    Returns
    -------
    GridResult
        Its ``l1_factors`` are 1 / |w̃ⱼ|^exponent of the fit on all data, with w̃ of standardized columns scaled so that
        the largest is 1; infinite for a feature that is left out.

    Raises
    ------
    UsageError
        If the exponent is not positive, or rows have several predictors.

    Notes
    -----
    No fold sees factors of another one: only the strength of the first fit is shared. The L2 part keeps its weights.

    References
    ----------
    Zou, "The adaptive lasso and its oracle properties", JASA 2006, eq. 4; Zou & Zhang, "On the adaptive elastic-net",
    Annals of Statistics 2009, eq. 2.1.
    """
    check_number("adaptive", exponent, low=0, above=True)
    if initial not in (None, "ridge", "lasso"):
        raise UsageError(f'initial must be "ridge" or "lasso", got {initial!r}')
    if np.ndim(y) == 2:
        raise UsageError(f"the adaptive lasso needs one predictor a row, got {np.shape(y)[1]} outputs")
    maps = options.get("maps")
    n_features = X.shape[1] if maps is None else maps[0].shape[1]
    ridge = n_features <= RIDGE_UP_TO if initial is None else initial == "ridge"
    first = options | {"l1_ratios": (0.0,) if ridge else (1.0,), "unpenalized": False, "degrees_of_freedom": False}
    first |= {
        "variants": None,
        "costs": None,
        "start": None,
    }  # the factors of all lines are those of the penalty itself
    start = fit_grid(X, y, splits, **first | ({} if np.ndim(options.get("alphas", 100)) == 0 else {"alphas": 100}))
    factors = l1_factors(start, exponent)
    if not np.all(np.any(np.isfinite(factors), axis=1)):
        raise UsageError('the first fit of the adaptive lasso leaves no feature in; use initial="ridge"')
    return fit_grid(X, y, splits, l1_factors=factors, **options)


def l1_factors(start: GridResult, exponent: float) -> Array:
    """1 / |w̃|^exponent for each fold and, last, all data, (K + 1, p); groups of columns share the norm of theirs."""
    best = start.select("min")
    W = np.array([start.coef(best.ratio, best.index, fold) for fold in range(start.n_folds + 1)]) * start.scale
    size = np.abs(W)
    if start.groups is not None:
        labels = np.array(start.groups)
        for label in set(start.groups) - {""}:
            size[:, labels == label] = np.linalg.norm(W[:, labels == label], axis=1, keepdims=True)
    size /= np.maximum(size.max(axis=1, keepdims=True), np.finfo(float).tiny)
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(size**-exponent)
