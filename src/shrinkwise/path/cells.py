"""Moments of overlapping sets of rows — training sets, held-out rows — from one read of all rows."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from shrinkwise.design.base import Array
from shrinkwise.engines import LocalEngine
from shrinkwise.moments import Moments

ROWS = (2048, 8192)  # of a chunk: large enough for a product, small enough for a cache
ENTRIES = 1 << 20  # of a chunk of all cells
PIECE = 1 << 16  # entries of all cells that stay in a cache while they are summed for many sets
CODES = 1 << 62  # codes of memberships are 64-bit numbers
CELLS = 64  # more cells than this, and than twice the sets, save nothing
USABLE = (1e-200, 1e200)  # variances outside of it have lost digits to under- or overflow


def moments_of_sets(
    X: Any, y: Array, weights: Array, member: Sequence[Array], engine: LocalEngine, memory: float
) -> tuple[Moments, list[Moments]] | None:
    """Moments of all rows and of m sets of rows.

    Rows that are in the same sets form a cell; each row is read once, into the moments of its cell, and the moments
    of a set are a sum of cells, or all rows without some.

    Parameters
    ----------
    X : array or sparse matrix of shape (n, q)
    y, weights : arrays of shape (n,)
    member : m arrays of whole numbers of shape (n,)
        How often a row is in each set.
    memory : float
        Bytes that the cells may take.

    Returns
    -------
    (Moments, list of m Moments), or None
        None where the sets share too little, or where squares have under- or overflowed: rows have to serve.
    """
    found = _cells(member, max(2 * len(member), CELLS))
    if found is None or 8.0 * (X.shape[1] + 1) ** 2 * len(found[0]) > memory:
        return None
    patterns, cell_of = found
    X = X.tocsr() if sparse.issparse(X) else X
    shift = np.append(_mean_of_first(X), np.mean(y[: ROWS[0]]))
    uniform = bool(np.all(weights == weights[0]))

    def read(rows: Array | slice) -> _Sums:
        cells = cell_of[rows]
        order = None if np.all(cells[1:] >= cells[:-1]) else np.argsort(cells, kind="stable")
        counts = np.bincount(cells)
        block = X[rows].toarray() if sparse.issparse(X) else _rows(X, rows)
        own = None if uniform else weights[rows]
        here = np.flatnonzero(counts)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):  # a thread has its own state
            parts = Moments.of_parts(block, y[rows], own, shift, order, np.cumsum(counts)[here].tolist())
        return _Sums(zip(here.tolist(), parts))

    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        sums = engine.sum(read, _chunks(cell_of, len(patterns), X.shape[1]))
        cells = [sums[cell] * float(weights[0]) if uniform else sums[cell] for cell in range(len(patterns))]
        whole = _sum(cells)
        diagonal = np.diagonal(whole.second) / whole.weight
    if not np.all(np.isfinite(whole.second)) or np.any(diagonal > USABLE[1]):
        return None
    if np.any(diagonal < USABLE[0]) and not _never_vary(X, diagonal[:-1] < USABLE[0]):
        return None
    return whole, _of_sets(whole, cells, patterns.T)


def _of_sets(whole: Moments, cells: list[Moments], patterns: Array) -> list[Moments]:
    """Moments of the sets that hold each cell so many times, patterns (sets, cells); equal sets share theirs."""
    distinct, number = np.unique(patterns, axis=0, return_inverse=True)
    made = [_one_apart(whole, cells, counts) for counts in distinct]
    rest = [at for at, moments in enumerate(made) if moments is None]
    sums = dict(zip(rest, _of_many_cells(cells, distinct[rest]), strict=True))
    return [made[at] or sums[at] for at in number.ravel().tolist()]


def _one_apart(whole: Moments, cells: list[Moments], counts: Array) -> Moments | None:
    """Moments of a single cell, or of all but one, as folds and their training sets are; None for other sets."""
    picked, missing = np.flatnonzero(counts), np.flatnonzero(counts == 0)
    if len(missing) <= 1 < len(picked) and np.all(counts[picked] == 1):
        return whole - cells[int(missing[0])] if len(missing) else whole
    if len(picked) == 1:
        return cells[int(picked[0])] * float(counts[picked[0]])
    return None


def _of_many_cells(cells: list[Moments], patterns: Array) -> list[Moments]:
    """Sums of many cells each, as products with the patterns: a cell is read once for all sets."""
    times, shift = patterns.astype(np.float64), cells[0].shift
    weights = times @ np.array([cell.weight for cell in cells])
    first = times @ np.array([cell.first for cell in cells])
    second = np.empty((len(times), len(shift), len(shift)))
    size = max(1, PIECE // (len(cells) * len(shift)))
    for start in range(0, len(shift), size):
        rows = slice(start, start + size)
        second[:, rows] = np.tensordot(times, np.array([cell.second[rows] for cell in cells]), 1)
    return [Moments(float(weight), shift, *sums) for weight, *sums in zip(weights, first, second, strict=True)]


def _sum(parts: list[Moments]) -> Moments:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


class _Sums(dict[int, Moments]):
    """Moments of some cells by their number; those of one cell add."""

    def __add__(self, other: _Sums) -> _Sums:
        return _Sums(self | {cell: self[cell] + part if cell in self else part for cell, part in other.items()})


def _cells(member: Sequence[Array], most: int) -> tuple[Array, Array] | None:
    """How often each cell is in the sets, (cells, sets), and the cell of each row; None where cells are too many."""
    cell, count = np.zeros(len(member[0]), dtype=np.int64), 1
    for times in member:
        width = int(times.max(initial=0)) + 1
        if count * width > CODES:
            cell, count = _numbered(cell)
            if count > most:
                return None
        cell *= width
        cell += times
        count *= width
    cell, count = _numbered(cell)
    if count > most:
        return None
    first = np.empty(count, dtype=np.intp)
    first[cell[::-1]] = np.arange(len(cell))[::-1]
    return np.stack([times[first] for times in member], axis=1), cell.astype(np.min_scalar_type(count))


def _numbered(codes: Array) -> tuple[Array, int]:
    """Codes numbered from 0 in their order, and how many there are."""
    distinct, numbers = np.unique(codes, return_inverse=True)
    return numbers, len(distinct)


def _chunks(cell_of: Array, n_cells: int, n_columns: int) -> list[Array | slice]:
    """Cuts of the rows: neighbours of all cells, unless their products are larger than the rows; else cell by cell."""
    n, size = len(cell_of), int(np.clip(ENTRIES // (n_columns + 2), *ROWS))
    if n_cells * (n_columns + 2) <= size:
        ends = np.linspace(0, n, -(-n // size) + 1).astype(int)
        return [slice(start, end) for start, end in itertools.pairwise(ends.tolist())]
    size, cuts = max(ROWS[0], n_columns), []
    for number in range(n_cells):
        rows = np.flatnonzero(cell_of == number)
        cuts += [_as_slice(rows[start : start + size]) for start in range(0, len(rows), size)]
    return cuts


def _as_slice(rows: Array) -> Array | slice:
    """A run of neighbours as a slice, which copies nothing."""
    return slice(int(rows[0]), int(rows[-1]) + 1) if rows[-1] - rows[0] + 1 == len(rows) else rows


def _rows(X: Array, rows: Array | slice) -> Array:
    if X.flags.f_contiguous and not isinstance(rows, slice):
        return np.take(X.T, rows, axis=1).T  # column by column, as they lie
    return X[rows]


def _mean_of_first(X: Any) -> Array:
    first = X[: ROWS[0]]
    mean = np.asarray(first.mean(axis=0, dtype=np.float64)).ravel()
    return np.where(np.isfinite(mean), mean, 0.0)


def _never_vary(X: Any, columns: Array) -> bool:
    """Whether columns whose variance is nothing really never vary (else it was lost to underflow)."""
    block = X[:, np.flatnonzero(columns)]
    block = block.toarray() if sparse.issparse(block) else block
    return bool(np.all(block == block[:1]))
