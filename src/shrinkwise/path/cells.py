"""Moments of overlapping sets of rows — training sets, held-out rows — from one read of all rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from shrinkwise.design.base import Array
from shrinkwise.engines import LocalEngine
from shrinkwise.moments import Moments

ROWS = 2048  # of a chunk: small enough for a cache, large enough for a product
CELLS = 64  # more cells than this, and than twice the sets, save nothing
USABLE = (1e-200, 1e200)  # variances outside of it have lost digits to under- or overflow


def moments_of_sets(
    X: Any, y: Array, weights: Array, member: Array, engine: LocalEngine, memory: float
) -> tuple[Moments, list[Moments]] | None:
    """Moments of all rows and of m sets of rows.

    Rows that are in the same sets form a cell; each row is read once, into the moments of its cell, and the moments
    of a set are a sum of cells, or all rows without some.

    Parameters
    ----------
    X : array or sparse matrix of shape (n, q)
    y, weights : arrays of shape (n,)
    member : array of whole numbers of shape (n, m)
        How often a row is in a set.
    memory : float
        Bytes that the cells may take.

    Returns
    -------
    (Moments, list of m Moments), or None
        None where the sets share too little, or where squares have under- or overflowed: rows have to serve.
    """
    patterns, cell_of = _distinct_rows(member)
    if len(patterns) > max(2 * member.shape[1], CELLS) or 8.0 * (X.shape[1] + 1) ** 2 * len(patterns) > memory:
        return None
    X = X.tocsr() if sparse.issparse(X) else X
    shift = np.append(_mean_of_first(X), np.mean(y[:ROWS]))
    uniform = bool(np.all(weights == weights[0]))

    def read(rows: Array | slice) -> Moments:
        block = X[rows].toarray() if sparse.issparse(X) else X[rows]
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):  # a thread has its own state
            return Moments.of(block, y[rows], None if uniform else weights[rows], shift)

    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        cells = []
        for number in range(len(patterns)):
            chunks = _chunks(np.flatnonzero(cell_of == number), max(ROWS, X.shape[1]))
            cell: Moments = engine.sum(read, chunks)
            cells.append(cell * float(weights[0]) if uniform else cell)
        whole = _sum(cells)
        diagonal = np.diagonal(whole.second) / whole.weight
    if not np.all(np.isfinite(whole.second)) or np.any(diagonal > USABLE[1]):
        return None
    if np.any(diagonal < USABLE[0]) and not _never_vary(X, diagonal[:-1] < USABLE[0]):
        return None
    return whole, [_of_set(whole, cells, counts) for counts in patterns.T]


def _of_set(whole: Moments, cells: list[Moments], counts: Array) -> Moments:
    picked, missing = np.flatnonzero(counts), np.flatnonzero(counts == 0)
    if len(missing) < len(picked) and np.all(counts[picked] == 1):
        for cell in missing:
            whole = whole - cells[cell]
        return whole
    return _sum([cells[cell] * float(counts[cell]) for cell in picked])


def _sum(parts: list[Moments]) -> Moments:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _distinct_rows(table: Array) -> tuple[Array, Array]:
    """The distinct rows of a table of whole numbers, and which of them each row is."""
    factors = np.random.default_rng(0).integers(1, 2**62, size=table.shape[1])
    with np.errstate(over="ignore"):
        keys = table.astype(np.int64) @ factors  # wraps around: a hash
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    if not np.array_equal(table[first][which], table):  # two rows with one hash
        distinct, which = np.unique(table, axis=0, return_inverse=True)
        return distinct, which.ravel()
    return table[first], which


def _chunks(rows: Array, size: int) -> list[Array | slice]:
    """Cuts of ascending row numbers; a run of neighbours becomes a slice, which copies nothing."""
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    return [slice(int(part[0]), int(part[-1]) + 1) if part[-1] - part[0] + 1 == len(part) else part for part in parts]


def _mean_of_first(X: Any) -> Array:
    first = X[:ROWS]
    mean = np.asarray(first.mean(axis=0, dtype=np.float64)).ravel()
    return np.where(np.isfinite(mean), mean, 0.0)


def _never_vary(X: Any, columns: Array) -> bool:
    """Whether columns whose variance is nothing really never vary (else it was lost to underflow)."""
    block = X[:, np.flatnonzero(columns)]
    block = block.toarray() if sparse.issparse(block) else block
    return bool(np.all(block == block[:1]))
