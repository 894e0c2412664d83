"""Linear predictors of rows by the models that have not seen them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shrinkwise.exceptions import UsageError
from shrinkwise.resampling import Split
from shrinkwise.result import GridResult, Selection

Array = NDArray[Any]

CHUNK = 1 << 20  # numbers of X that are converted and multiplied together


def held_out_predictor(
    result: GridResult,
    cell: Selection | str,
    X: Any,
    splits: Sequence[Split],
    offset: Array | None = None,
    maps: Sequence[sparse.csc_array] | None = None,
) -> Array:
    """η of each row by the fit of one cell of the grid whose training set did not hold the row.

    Parameters
    ----------
    result : GridResult
        Of linear models.
    cell : Selection or str
        A cell of the grid, or the rule that picks one.
    X : array or sparse matrix of shape (n, q)
        The rows that the grid was fitted to; they are read once, a piece at a time.
    splits : K pairs (train, test) of row numbers
        Those of the grid.
    offset : array of shape (n,), optional
        A known part of η.
    maps : K + 1 sparse matrices of shape (q, p), optional
        What each training set makes of the columns of X, as in `shrinkwise.grid.fit_grid`.

    Returns
    -------
    array of shape (n,), or (n, K) where rows have K predictors
        The mean over the folds that hold a row out (there are several where cross-validation is repeated); not a number
        for rows that none holds out. Predictors of Cox regression are centered fold by fold at the mean of all rows,
        since only their differences mean something.

    Raises
    ------
    UsageError
        If the result is of networks, which have no coefficients, or has another number of folds.
    """
    if result.network is not None:
        raise UsageError(
            "networks have no linear predictor of coefficients: keep their held-out predictions in training"
        )
    if len(splits) != result.n_folds:
        raise UsageError(f"splits must be the {result.n_folds} folds of the result, got {len(splits)}")
    chosen = result.select(cell) if isinstance(cell, str) else cell
    K, folds = len(result.outputs or ("",)), range(len(splits))
    own = [np.atleast_2d(result.coef(chosen.ratio, chosen.index, fold)).T for fold in folds]  # (p, K) each
    columns = np.hstack([coef if maps is None else maps[fold] @ coef for fold, coef in zip(folds, own, strict=True)])
    shift = np.stack([np.atleast_1d(result.intercept(chosen.ratio, chosen.index, fold)) for fold in folds])
    rows = X.tocsr() if sparse.issparse(X) else X
    n = rows.shape[0]
    inside = np.zeros((n, len(splits)), dtype=bool)
    for fold, (_, test) in enumerate(splits):
        inside[test, fold] = True
    total, all_rows, step = np.zeros((n, K)), np.zeros(columns.shape[1]), max(1, CHUNK // max(1, rows.shape[1]))
    for start in range(0, n, step):
        piece = rows[start : start + step]
        product = np.asarray((piece if sparse.issparse(piece) else np.asarray(piece, dtype=np.float64)) @ columns)
        all_rows += product.sum(axis=0)
        eta = product.reshape(len(product), len(splits), K) + shift
        total[start : start + step] = np.einsum("nf,nfk->nk", inside[start : start + step], eta)
    times = inside.sum(axis=1)
    if result.loss.partition(":")[0] == "cox":
        total -= inside @ (all_rows.reshape(len(splits), K) / n)
    with np.errstate(invalid="ignore"):
        mean = np.where(times[:, None] > 0, total / times[:, None], np.nan)
    mean = mean if offset is None else mean + np.asarray(offset)[:, None]
    return np.asarray(mean if result.outputs is not None else mean[:, 0])


def first_fold(splits: Sequence[Split], n: int) -> Array:
    """The first fold (n,) that holds out each row; -1 where none does."""
    fold_of = np.full(n, -1, dtype=np.intp)
    for fold in reversed(range(len(splits))):
        fold_of[splits[fold][1]] = fold
    return fold_of
