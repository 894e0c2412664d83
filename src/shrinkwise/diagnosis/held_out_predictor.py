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

CHUNK = 1 << 22  # numbers of X that are converted and multiplied together


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
    chosen = result.select(cell) if isinstance(cell, str) else cell
    eta = held_out_predictors(result, chosen.ratio, [chosen.index], X, splits, offset, maps)[:, 0]
    return eta if result.outputs is not None else eta[:, 0]


def held_out_predictors(
    result: GridResult,
    line: int,
    index: Sequence[int],
    X: Any,
    splits: Sequence[Split],
    offset: Array | None = None,
    maps: Sequence[sparse.csc_array] | None = None,
) -> Array:
    """The same at S strengths of a line of the grid, from one read of the rows.

    Parameters
    ----------
    result, X, splits, offset, maps
        As of :func:`held_out_predictor`.
    line : int
    index : S int
        Places of the strengths in the line.

    Returns
    -------
    array of shape (n, S, K)
        K is 1 where rows have one predictor.

    Raises
    ------
    UsageError
        As of :func:`held_out_predictor`.

    Notes
    -----
    Each row is multiplied by the coefficients of the folds that hold it out alone, and only in columns where one of
    these is not zero: 2 n p S K operations for each repeat of the cross-validation.
    """
    if result.network is not None:
        raise UsageError(
            "networks have no linear predictor of coefficients: keep their held-out predictions in training"
        )
    if len(splits) != result.n_folds:
        raise UsageError(f"splits must be the {result.n_folds} folds of the result, got {len(splits)}")
    rows = X.tocsr() if sparse.issparse(X) else X
    n, S, K, folds = rows.shape[0], len(index), len(result.outputs or ("",)), range(len(splits))
    columns = np.stack([_columns(result, line, index, fold, maps) for fold in folds])  # (folds, q, S K)
    inside, active = np.zeros((n, len(splits)), dtype=bool), np.flatnonzero(np.any(columns, axis=(0, 2)))
    for fold, (_, test) in enumerate(splits):
        inside[test, fold] = True
    columns = columns[:, active]
    shift = np.stack([np.reshape(result.intercepts[line, index, fold], -1) for fold in folds])
    total, sums, step = np.zeros((n, S * K)), np.zeros(len(active)), max(1, CHUNK // max(1, rows.shape[1], S * K))
    for start in range(0, n, step):
        piece = rows[start : start + step]
        if len(active) < rows.shape[1]:
            piece = piece[:, active]
        piece = piece if sparse.issparse(piece) else np.asarray(piece, dtype=np.float64)
        sums += np.asarray(piece.sum(axis=0)).ravel()
        for fold in folds:
            here = np.flatnonzero(inside[start : start + step, fold])
            if here.size:
                total[start + here] += np.asarray(piece[here] @ columns[fold]) + shift[fold]
    times = inside.sum(axis=1)
    if result.loss.partition(":")[0] == "cox":
        total -= inside @ (sums / n @ columns + shift)
    total /= np.maximum(times, 1)[:, None]
    total[times == 0] = np.nan
    if offset is not None:
        total += np.asarray(offset)[:, None]
    return total.reshape(n, S, K)


def _columns(
    result: GridResult, line: int, index: Sequence[int], fold: int, maps: Sequence[sparse.csc_array] | None
) -> Array:
    """Coefficients (q, S K) of a fold at these strengths, of the columns of X itself."""
    flat = result.coefs[line][fold][list(index)].toarray()  # (S, p K)
    K = len(result.outputs or ("",))
    coef = flat.reshape(len(index), -1, K).swapaxes(0, 1).reshape(-1, len(index) * K)
    return np.asarray(coef if maps is None else maps[fold] @ coef)


def first_fold(splits: Sequence[Split], n: int) -> Array:
    """The first fold (n,) that holds out each row; -1 where none does."""
    fold_of = np.full(n, -1, dtype=np.intp)
    for fold in reversed(range(len(splits))):
        fold_of[splits[fold][1]] = fold
    return fold_of
