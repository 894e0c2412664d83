"""Which rows are held out together: shuffled, classes kept in proportion, groups kept whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Folds = NDArray[np.int32]
Split = tuple[NDArray[np.intp], NDArray[np.intp]]


def make_folds(
    n_folds: int,
    seed: int,
    *,
    classes: NDArray[np.int64],
    groups: NDArray[np.int64] | None = None,
    counts: NDArray[np.bool_] | None = None,
) -> Folds:
    """Deal the rows to folds.

    Parameters
    ----------
    n_folds, seed : int
    classes : array of int, shape (n,)
        Each fold gets as many rows of a class as any other, give or take one; all 0 for a regression.
    groups : array of int, shape (n,), optional
        Rows of a group stay together; then folds are as even as whole groups allow.
    counts : array of bool, shape (n,), optional
        Rows that count; the others, of weight zero, are in no fold.

    Returns
    -------
    array of int32, shape (n,)
        From 0 to n_folds - 1; -1 for rows in no fold.
    """
    rng = np.random.default_rng(seed)
    dealt = np.flatnonzero(counts) if counts is not None else np.arange(len(classes))
    shuffled = rng.permutation(dealt)
    folds = np.full(len(classes), -1, dtype=np.int32)
    if groups is None:
        in_order = shuffled[np.argsort(classes[shuffled], kind="stable")]
        folds[in_order] = np.arange(len(in_order)) % n_folds
    else:
        folds[dealt] = _whole_groups(n_folds, classes[dealt], groups[dealt], rng)
    return folds


def _whole_groups(
    n_folds: int, classes: NDArray[np.int64], groups: NDArray[np.int64], rng: np.random.Generator
) -> Folds:
    """Large groups first, each to the fold that has the fewest rows of its classes so far, then the fewest rows."""
    _, group_of = np.unique(groups, return_inverse=True)
    table = np.zeros((int(group_of.max()) + 1, int(classes.max()) + 1))  # rows of each class in each group
    np.add.at(table, (group_of, classes), 1.0)
    share = table / np.maximum(table.sum(axis=0), 1.0)
    filled, size = np.zeros((n_folds, table.shape[1])), np.zeros(n_folds)
    shuffled = rng.permutation(len(table))
    fold_of = np.empty(len(table), dtype=np.int32)
    for group in shuffled[np.argsort(-table[shuffled].sum(axis=1), kind="stable")]:
        fold = int(np.lexsort((size, np.round(filled @ share[group], 12)))[0])
        fold_of[group] = fold
        filled[fold] += share[group]
        size[fold] += table[group].sum()
    return fold_of[group_of]


def splits(folds: Folds, n_folds: int) -> list[Split]:
    """Training and held-out rows of each fold."""
    return [(np.flatnonzero((folds >= 0) & (folds != fold)), np.flatnonzero(folds == fold)) for fold in range(n_folds)]
