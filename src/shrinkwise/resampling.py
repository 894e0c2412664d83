"""Half-samples and new deals of the folds, made of blocks of rows, so that one read of the rows serves them all.

Rows are dealt at random to a few dozen blocks. Half of the blocks, drawn at random, are half of the rows, drawn at
random; and blocks dealt to folds are rows dealt to folds. On a tall table every such set is a sum of block moments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Split = tuple[Array, Array]

BLOCKS = 40  # at least, where there are as many rows or groups


def blocks_of(
    n: int,
    n_folds: int,
    seed: int = 0,
    *,
    strata: Array | None = None,
    groups: Array | None = None,
    rows: Array | None = None,
) -> Array:
    """Deal rows at random to blocks of equal size, give or take a row.

    Parameters
    ----------
    n : int
    n_folds : int
        The number of blocks is a multiple of it, so that blocks can be dealt to folds of equal size.
    seed : int
    strata : array of shape (n,), optional
        Labels, such as classes, that each block has in the same shares.
    groups : array of shape (n,), optional
        Rows of a group stay together; then strata have no say, and blocks are as even as whole groups allow.
    rows : array of row numbers, optional
        Those that are dealt; the others are in no block.

    Returns
    -------
    array of int, shape (n,)
        -1 for rows in no block.
    """
    rng = np.random.default_rng(seed)
    dealt = np.arange(n) if rows is None else np.asarray(rows)
    blocks = np.full(n, -1, dtype=np.int64)
    if groups is not None:
        _, group_of, sizes = np.unique(np.asarray(groups)[dealt], return_inverse=True, return_counts=True)
        count = _count(len(sizes), n_folds)
        order = rng.permutation(len(sizes))
        block_of, filled = np.empty(len(sizes), dtype=np.int64), np.zeros(count)
        for group in order[np.argsort(-sizes[order], kind="stable")]:  # large ones first, each to the emptiest
            block_of[group] = np.argmin(filled)
            filled[block_of[group]] += sizes[group]
        blocks[dealt] = rng.permutation(count)[block_of[group_of]]
        return blocks
    count = _count(len(dealt), n_folds)
    shuffled = rng.permutation(dealt)
    if strata is not None:
        shuffled = shuffled[np.argsort(np.asarray(strata)[shuffled], kind="stable")]
    blocks[shuffled] = rng.permutation(count)[np.arange(len(shuffled)) % count]
    return blocks


def half_samples(blocks: Array, pairs: int, seed: int = 0) -> list[Split]:
    """Complementary pairs: two disjoint halves of the rows, one after the other; each half holds out the other.

    Parameters
    ----------
    blocks : array of int, shape (n,)
        As `blocks_of` makes them.
    pairs : int

    Returns
    -------
    list of 2 · pairs pairs (train, test) of row numbers

    References
    ----------
    Shah & Samworth, "Variable selection with error control: another look at stability selection", JRSS B 2013, sec. 2.
    """
    rng, count = np.random.default_rng([seed, 1]), int(blocks.max()) + 1
    half, splits = count // 2, []
    for _ in range(pairs):
        order = rng.permutation(count)
        inside = np.zeros(count + 1, dtype=np.int64)  # the last is that of rows in no block, -1
        inside[order[:half]], inside[order[half : 2 * half]] = 1, 2
        side = inside[blocks]
        first, second = np.flatnonzero(side == 1), np.flatnonzero(side == 2)
        splits += [(first, second), (second, first)]
    return splits


def dealt_again(blocks: Array, n_folds: int, repeats: int, seed: int = 0) -> list[Split]:
    """Folds of a repeated cross-validation, whole blocks dealt to them at random.

    Returns
    -------
    list of n_folds · repeats pairs (train, test) of row numbers, one repeat after the other
    """
    rng, count = np.random.default_rng([seed, 2]), int(blocks.max()) + 1
    splits: list[Split] = []
    for _ in range(repeats):
        fold_of = np.append(rng.permutation(np.arange(count) % n_folds), -1)
        folds = fold_of[blocks]
        splits += [(np.flatnonzero((folds >= 0) & (folds != k)), np.flatnonzero(folds == k)) for k in range(n_folds)]
    return splits


def _count(members: int, n_folds: int) -> int:
    """How many blocks: a multiple of the folds, no more than there are members."""
    wanted = n_folds * -(-BLOCKS // n_folds)
    return wanted if wanted <= members else max(n_folds, members - members % n_folds)


def rows_of(splits: Sequence[Split]) -> Array:
    """All rows that are in some fold, in order."""
    return np.unique(np.concatenate([np.concatenate(pair) for pair in splits]))
