"""The quadratic model of a loss on the columns of a working set, as they come and go."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.penalties import Rows
from shrinkwise.problem import Problem
from shrinkwise.solvers.quadratic import Factor, solve_quadratic

ROOM = 1.5  # times as many columns as there are: so that few of them come without a new array


class Step(NamedTuple):
    """A Newton step and the dual point of its model."""

    new: Array  # (m,) the minimum of the model
    q: Array  # (m,) slope at the start
    slope: Array  # (m,) of the dual point
    move: Array  # (n,) of the predictor
    dual: Array  # (n,) −θ, weighted
    sums: Array

    @property
    def violation(self) -> float:
        """How far the start is from its optimality conditions."""
        return float(self.sums[0])

    @property
    def left(self) -> float:
        """The same of the minimum of the model."""
        return float(self.sums[1])

    @property
    def shift(self) -> float:
        """Of the intercept."""
        return float(self.sums[2])

    @property
    def slack(self) -> float:
        """What the penalty adds to the gap."""
        return float(self.sums[3])

    @property
    def promised(self) -> float:
        """The change of the objective, to first order in the loss: negative."""
        return float(self.sums[4])


class CurvedModel:
    """Columns of a problem and their Gram in the metric of a Hessian, the intercept eliminated.

    Columns that come extend the Gram; the Hessian is made afresh only where a step finds that the one before did too
    little.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem, self.weights = problem, np.ascontiguousarray(problem.weights)
        self.cols = np.zeros(0, dtype=np.intp)
        self.h: Array | None = None  # weighted curvatures
        self.total = 0.0  # their sum, where there is an intercept
        self.factor = Factor()
        self._columns, self._gram, self._column = np.zeros((0, len(problem.y))), np.zeros((0, 0)), np.zeros(0)

    @property
    def Z(self) -> Array:
        """The columns, as rows."""
        return self._columns[: len(self.cols)]

    @property
    def gram(self) -> Array:
        """Z diag(h) Z', less what the intercept takes of it."""
        return self._gram[: len(self.cols), : len(self.cols)]

    @property
    def column(self) -> Array:
        """Z h, 0 without an intercept."""
        return self._column[: len(self.cols)]

    def choose(self, cols: Array) -> Array:
        """Make these the columns, of which old ones come first and in their order; which of the old ones stay."""
        kept = np.isin(self.cols, cols, assume_unique=True)
        old = int(np.count_nonzero(kept))
        if old < len(kept):
            self._take(kept)
        if len(cols) > len(self._columns):
            self._make_room(int(ROOM * len(cols)))
        self.cols = cols
        if len(cols) > old:
            self.Z[old:] = self.problem.design.explicit(cols[old:]).T
            if self.h is not None:
                self._extend(old, self.h)
        return kept

    def _take(self, kept: Array) -> None:
        old = np.count_nonzero(kept)
        self._columns[:old] = self.Z[kept]
        self._gram[:old, :old], self._column[:old] = self.gram[np.ix_(kept, kept)], self.column[kept]
        self.cols = self.cols[kept]
        self.factor.forget()

    def _make_room(self, size: int) -> None:
        columns, gram, column = np.empty((size, len(self.problem.y))), np.empty((size, size)), np.zeros(size)
        m = len(self.cols)
        columns[:m], gram[:m, :m], column[:m] = self.Z, self.gram, self.column
        self._columns, self._gram, self._column = columns, gram, column

    def _extend(self, old: int, h: Array) -> None:
        """The rows of the Gram from ``old`` on."""
        new = self.Z[old:] * h
        if self.total:
            self.column[old:] = new.sum(axis=1)
        cross = new @ self.Z.T
        if self.total:
            cross -= np.outer(self.column[old:], self.column) / self.total
        cross[:, old:] = (cross[:, old:] + cross[:, old:].T) / 2
        self.gram[old:], self.gram[:old, old:] = cross, cross[:, :old].T

    def forget(self) -> None:
        """The Hessian is worth nothing."""
        self.h = None

    def refresh(self, eta: Array) -> None:
        """The Hessian at a predictor."""
        self.h = self.problem.curvature(eta)
        root = self.Z * np.sqrt(self.h)
        self.gram[:] = root @ root.T
        if self.problem.free_intercept:
            self.total = max(float(self.h.sum()), 1e-300)
            self.column[:] = self.Z @ self.h
            self.gram[:] -= np.outer(self.column, self.column) / self.total
        self.factor.forget()

    def foresee(self, w: Array, before: Array, share: float, rows: Rows) -> tuple[Array, Array]:
        """Along the line from ``before`` through w, no coefficient beyond zero or its bounds; how predictors move."""
        from shrinkwise.solvers import _curved_kernels  # numba is imported when a fit starts

        ahead, move = np.empty_like(w), np.zeros(len(self.problem.y))
        _curved_kernels.foresee(self.Z, w, before, share, rows.lower, rows.upper, ahead, move)
        return ahead, move

    def step(self, eta: Array, w: Array, rows: Rows, tol: float, limit: float) -> Step | None:
        """Towards the minimum from w, where the predictor is η; None where numbers have overflowed.

        Parameters
        ----------
        rows : Rows at their strength
        tol : float
            The violation that the minimum of the model may leave.
        limit : float
            With a larger violation at w the Hessian is made afresh.
        """
        from shrinkwise.solvers import _curved_kernels as kernels

        if self.h is None:
            self.refresh(eta)
        m, n = self.Z.shape
        found = Step(np.empty(m), np.empty(m), np.empty(m), np.empty(n), np.empty(n), np.empty(5))
        gradient, state = self.problem.loss.gradient(self.problem.y, eta), kernels.STALE
        for _ in range(3):
            state = kernels.step(
                self.Z, self.weights, self.h, gradient, self._gram, self.column, self.total, limit, state, w,
                *rows.vectors, tol, *found, *self.factor.arrays(len(w)),
            )  # fmt: skip
            if state == kernels.SOLVED:
                return found
            if state == kernels.STALE:
                self.refresh(eta)
                limit = np.inf
            else:
                solve_quadratic(self._gram, found.slope, found.new, rows, tol)
                state = kernels.SOLVED
        self.forget()
        return None
