"""One Hessian for all folds of a mix: the curvatures of the fit on all rows serve its training sets, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from shrinkwise.design import Design
from shrinkwise.design.base import Array

APART = 100.0  # columns of a training set that lie further from those of all rows, in its sd, would lose digits
SAME = 1e-12  # weights that differ by less, relatively, are the same
SETS = 62  # of rows, that fit an integer

Read = Callable[[Callable[[slice], Array], Sequence[slice]], Iterable[Array]]


class SharedHessian:
    """X' diag(sh) X of all rows and of training sets, for one h, from one read.

    Rows in the same training sets form a cell, and the sums of a training set are those of its cells. Its columns are
    aⱼ zⱼ + eⱼ, where z is standardized on all rows: another center and scale are a change of coordinates.

    Parameters
    ----------
    design : Design
        Standardized, of m training sets and, last, of all rows.
    weights : array of shape (n, m + 1)
        Of all rows, and in proportion to them on each training set.
    """

    def __init__(self, design: Design, weights: Array) -> None:
        self.design, self.weights = design.problem(design.n_problems - 1), weights[:, -1]
        keys, cell_of = np.unique(_sets(weights), return_inverse=True)
        self.blocks = design.row_blocks()
        self.orders, self.ends = {}, {}  # of the rows of a block, cell by cell
        for block in self.blocks:
            rows = block.start + np.argsort(cell_of[block], kind="stable")
            self.orders[block.start] = block if len(keys) == 1 else rows
            self.ends[block.start] = np.searchsorted(cell_of[rows], np.arange(len(keys) + 1))
        holds = (keys[None] >> np.arange(weights.shape[1])[:, None]) & 1  # (m + 1, cells)
        self.factors = holds / (holds @ np.bincount(cell_of, weights[:, -1]))[:, None]
        self.stretch, self.offset = _coordinates(design)

    @staticmethod
    def serves(design: Design, weights: Array) -> bool:
        """Whether all of this is so, and the cells are few."""
        k = weights.shape[1]
        if k > SETS or design.maps is not None or not design.by_rows:
            return False
        used, whole = weights > 0, weights[:, -1]
        totals = np.array([whole[rows].sum() for rows in used.T])
        if not np.all(totals > 0) or len(np.unique(_sets(weights))) > 2 * k:
            return False
        parts = zip(weights.T, used.T, totals, strict=True)
        alike = all(np.all(np.abs(s * total - held * whole) <= SAME * whole) for s, held, total in parts)
        return bool(alike and np.all(np.abs(_coordinates(design)) <= APART))

    def hessians(self, curvature: Array, read: Read) -> list[tuple[Array, Array, float]]:
        """For each set of rows X' diag(sh) X, X'sh and Σ sh."""
        p = self.design.shape[1]

        def of_block(block: slice) -> Array:
            sums = np.zeros((len(self.factors.T), p + 1, p + 1))
            rows, ends = self.orders[block.start], self.ends[block.start]
            whole, weights = self.design.take(rows), self.weights[rows] * curvature[rows]
            for total, start, stop in zip(sums, ends[:-1], ends[1:], strict=True):
                if start < stop:
                    part, h = whole.take(slice(start, stop)), weights[start:stop]
                    total[:p, :p], total[p, :p], total[p, p] = part.gram(h), part.rmatvec(h[:, None])[:, 0], h.sum()
            return sums

        cells = np.asarray(sum(read(of_block, self.blocks)))
        found = []
        for factors, a, e in zip(self.factors, self.stretch.T, self.offset.T, strict=True):
            sums = np.tensordot(factors, cells, axes=1)
            column, total = a * sums[p, :p], float(sums[p, p])
            cross = np.outer(column, e)
            gram = a[:, None] * sums[:p, :p] * a + cross + cross.T + total * np.outer(e, e)
            found.append((gram, column + total * e, total))
        return found


def _sets(weights: Array) -> Array:
    """In which sets each row is, as the bits of an integer."""
    sets = np.zeros(len(weights), dtype=np.int64)
    for i, s in enumerate(weights.T):
        sets += (s > 0) * (1 << i)
    return sets


def _coordinates(design: Design) -> tuple[Array, Array]:
    """a and e of each column of each problem, (p, m + 1), next to those of the last."""
    return design.scale[:, -1:] / design.divisor, (design.center[:, -1:] - design.center) / design.divisor
