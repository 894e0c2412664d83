"""Which rows are held out together: shuffled, classes kept in proportion, groups kept whole; or later rows, in time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shrinkwise.exceptions import DataError

Folds = NDArray[np.int32]
Split = tuple[NDArray[np.intp], NDArray[np.intp]]


def make_folds(
    n_folds: int,
    seed: int | Sequence[int],
    *,
    classes: NDArray[np.int64],
    groups: NDArray[np.int64] | None = None,
    counts: NDArray[np.bool_] | None = None,
) -> Folds:
    """Deal the rows to folds.

    Parameters
    ----------
    n_folds : int
    seed : int, or several
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


def repeated_folds(
    n_folds: int,
    repeats: int,
    seed: int,
    *,
    classes: NDArray[np.int64],
    groups: NDArray[np.int64] | None = None,
    counts: NDArray[np.bool_] | None = None,
) -> Folds:
    """Deal the rows several times: (n, repeats), or (n,) for a single one.

    The folds of repeat r are numbered from r · n_folds; the first repeat is dealt as it would be alone.
    """
    dealt = [
        make_folds(n_folds, [seed, repeat] if repeat else seed, classes=classes, groups=groups, counts=counts)
        for repeat in range(repeats)
    ]
    if repeats == 1:
        return dealt[0]
    return np.column_stack([np.where(one < 0, -1, one + n_folds * repeat) for repeat, one in enumerate(dealt)])


def time_folds(n_folds: int, times: NDArray[np.int64], counts: NDArray[np.bool_] | None = None) -> Folds:
    """Cut the rows in time into n_folds + 1 parts, as even as equal times allow; all but the first are folds.

    Parameters
    ----------
    times : array of int, shape (n,)
        Equal times stay together.
    counts : array of bool, shape (n,), optional
        Rows that count.

    Returns
    -------
    array of int32, shape (n,)
        -1 for the earliest rows, which are never held out, and for rows that do not count.

    Raises
    ------
    DataError
        If there are no more different times than folds.
    """
    used = np.ones(len(times), dtype=bool) if counts is None else counts
    moments, sizes = np.unique(times[used], return_counts=True)
    if len(moments) <= n_folds:
        raise DataError(
            f"{len(moments)} different {'time' if len(moments) == 1 else 'times'} cannot make {n_folds} folds, each "
            f"predicted from what came before; choose fewer with --folds (at most {len(moments) - 1})"
        )
    before = np.cumsum(sizes) - sizes / 2  # rows before the middle of each time
    part = np.floor(before / sizes.sum() * (n_folds + 1)).astype(np.int32)
    first = np.arange(len(moments))
    part = np.minimum(part, first)  # and no part is empty: part k needs k earlier times, and as many later as parts
    part = np.maximum(part, n_folds + 1 - (len(moments) - first))
    for at in range(1, len(moments)):
        part[at] = min(part[at], part[at - 1] + 1)
    folds = np.full(len(times), -1, dtype=np.int32)
    folds[used] = part[np.searchsorted(moments, times[used])] - 1
    return folds


def splits(folds: Folds, n_folds: int) -> list[Split]:
    """Training and held-out rows of each fold; with several repeats a fold trains on the others of its own."""
    columns = folds.reshape(len(folds), -1)
    per_repeat = n_folds // columns.shape[1]
    pairs = []
    for fold in range(n_folds):
        own = columns[:, fold // per_repeat]
        pairs.append((np.flatnonzero((own >= 0) & (own != fold)), np.flatnonzero(own == fold)))
    return pairs


def splits_in_time(folds: Folds, counts: NDArray[np.bool_] | None = None) -> list[Split]:
    """Each fold and, to train on, all rows before it."""
    used = np.ones(len(folds), dtype=bool) if counts is None else counts
    n_folds = int(folds.max()) + 1
    return [(np.flatnonzero(used & (folds < fold)), np.flatnonzero(folds == fold)) for fold in range(n_folds)]
