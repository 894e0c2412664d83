"""What a pass makes of a block of rows: predictors move on, residuals and slacks are summed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shrinkwise.design import Design
from shrinkwise.design.base import Array, Cols
from shrinkwise.losses import LogisticLoss
from shrinkwise.solvers.newton import Batch


@dataclass(frozen=True, eq=False)
class Move:
    """Steps of some problems within a union of columns, and the shares of their dual points.

    Attributes
    ----------
    design : Design
        Of m problems.
    which : numbers of problems
    cols : the union of their columns
    steps : array of shape (len(cols), m)
    shifts, taus : arrays of shape (m,)
    """

    design: Design
    which: list[int]
    cols: Cols
    steps: Array
    shifts: Array
    taus: Array


class Blocks:
    """Blocks of rows by the formulas of the loss.

    Parameters
    ----------
    batch : Batch
    source : array of shape (k,)
        Whose curvatures a problem takes.
    whole : bool
        Whether the working sets are all columns; else dual points are kept.
    """

    def __init__(self, batch: Batch, source: Array, whole: bool) -> None:
        self.batch, self.source = batch, source
        self.curvature = np.zeros((len(batch.eta), source[-1] + 1), order="F")
        self.gradients = np.zeros_like(batch.eta)
        self.duals = None if whole else np.zeros_like(batch.eta)  # θ of the last steps, weighted

    def reader(self, move: Move) -> Callable[[slice], Array]:
        """What moves rows on: their X'(residuals), and below it Σ residuals and Σ slacks, (len(cols) + 2, m)."""
        batch, loss, which = self.batch, self.batch.loss, move.which
        cols = slice(None) if len(which) == len(batch.problems) else which  # a view of all
        source = self.source[which] if self.curvature.shape[1] > 1 else slice(None)

        def read(rows: slice) -> Array:
            part = self._part(move.design, rows)
            y, s, eta = batch.y[rows, cols], batch.weights[rows, cols], batch.eta[rows, cols]
            change = part.matvec(move.steps, move.cols)
            change += move.shifts
            eta = eta + change
            batch.eta[rows, cols] = eta
            change *= self.curvature[rows, source]
            change *= s > 0  # what held-out rows hold must not leave the domain of the loss
            change += self.gradients[rows, cols]
            change *= move.taus  # −θ
            self._keep(rows, which, change)
            slack = loss.slack(y, eta, change)
            residual = loss.gradient(y, eta)
            self.gradients[rows, cols] = residual
            residual *= -s
            sums = [[column.sum() for column in residual.T], [a @ b for a, b in zip(s.T, slack.T, strict=True)]]
            return np.vstack([part.rmatvec(residual, move.cols), sums])

        return read

    @staticmethod
    def _part(design: Design, rows: slice) -> Design:
        return design if rows.stop - rows.start >= design.shape[0] else design.take(rows)

    def _keep(self, rows: slice, which: list[int], dual: Array) -> None:
        if self.duals is not None:
            self.duals[rows, which] = -self.batch.weights[rows, which] * dual


class CompiledBlocks(Blocks):
    """Blocks of rows by a kernel, which takes the products as well where it can read the columns."""

    def __init__(self, batch: Batch, source: Array, whole: bool) -> None:
        super().__init__(batch, source, whole)
        self.y = np.array(batch.y[:, :1] if batch.y.strides[1] == 0 else batch.y, order="F")
        self.weights = np.require(batch.weights, requirements=["F", "W"])  # as the kernel is compiled for

    def reader(self, move: Move) -> Callable[[slice], Array]:
        from shrinkwise.solvers import _logistic_kernels  # compiled where a first pass asks for it

        certify: Callable[..., None] = _logistic_kernels.certify
        batch, design, m = self.batch, move.design, len(move.which)
        X = design.columns_as_rows if isinstance(move.cols, slice) else None
        raw = move.steps / design.divisor if X is not None else np.zeros((0, m))
        used, every = np.flatnonzero(np.any(raw, axis=1)), np.arange(len(raw))
        V = np.zeros((_up(m, 2), _up(len(used), 4)))
        V[:m, : len(used)] = raw[used].T
        shifts = move.shifts - np.einsum("jk,jk->k", design.center[: len(raw)], raw)
        problems = np.array(move.which), self.source[move.which], shifts, move.taus
        state = [part.T for part in (self.y, self.weights, self.curvature, batch.eta, self.gradients)]

        def read(rows: slice) -> Array:
            start, stop, _ = rows.indices(len(batch.eta))
            change, residual = np.zeros((2, len(V), stop - start))
            sums, slopes = np.zeros((2, m)), np.zeros((len(V), _up(len(every), 4)))
            part = self._part(design, rows) if X is None else design
            if X is None:
                change[:m] = part.matvec(move.steps, move.cols).T
            products = np.zeros((0, 0)) if X is None else X, _in_fours(used), V, _in_fours(every), slopes
            certify(start, stop, *problems, *state, change, residual, sums, *products)
            self._keep(rows, move.which, change[:m].T)
            if X is None:
                pulled = part.rmatvec(residual[:m].T, move.cols)
            else:
                pulled = (slopes[:m, : len(X)].T - design.center * sums[0]) / design.divisor
            return np.vstack([pulled, sums])

        return read


def _up(count: int, multiple: int) -> int:
    return count + -count % multiple


def _in_fours(cols: Array) -> Array:
    """Numbers of columns, with the first of all repeated until they are a multiple of four."""
    return np.concatenate([cols, np.zeros(-len(cols) % 4, dtype=np.intp)])


def blocks_of(batch: Batch, source: Array, whole: bool) -> Blocks:
    """Those that are fastest for the loss of a batch."""
    compiled = type(batch.loss) is LogisticLoss
    return (CompiledBlocks if compiled else Blocks)(batch, source, whole)
