"""Prox-Newton on a working set: one problem on its way down a path."""

from __future__ import annotations

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.problem import Problem
from shrinkwise.solvers.quadratic import solve_quadratic, violation

REUSE = 0.2  # a step that shrinks the violation less than this finds a fresh Hessian
CHEAP = 4_000_000  # multiplications of a Hessian that is always made afresh
FLOOR = 2e-16  # violations below this share of the steepest gradient are rounding
MAX_NEWTON = 100


class Track:
    """The state of one problem: coefficients, predictor, working set and its Gram.

    The Gram is that of the loss's second derivative, with the intercept eliminated. For the squared loss it never
    changes: columns that enter the working set extend it. For other losses it is kept as long as steps with it shrink
    the violation well.
    """

    def __init__(self, problem: Problem) -> None:
        n, p = problem.design.shape
        self.problem = problem
        self.w = np.zeros(p)
        self.b = problem.null_intercept
        self.eta = np.full(n, self.b)
        self.cols = np.zeros(0, dtype=np.intp)
        self.gram = np.zeros((0, 0))
        self.column = np.zeros(0)  # X'h: the intercept's row of the Hessian
        self.total = 1.0  # Σ h
        self.h: Array | None = problem.weights if problem.loss.quadratic else None
        self.steepest = 0.0  # the largest gradient of the null model: what rounding is measured against

    @property
    def residual(self) -> Array:
        """s · (−dℓ/dη), (n,)."""
        return -self.problem.weights * self.problem.loss.gradient(self.problem.y, self.eta)

    def work_on(self, cols: Array) -> None:
        """Make ``cols`` the working set; entries of the Gram that are known are kept."""
        known = np.isin(self.cols, cols, assume_unique=True)
        new = np.setdiff1d(cols, self.cols, assume_unique=True)
        old = self.cols[known]
        if self.h is not None:
            m, k = len(old), len(new)
            gram = np.empty((m + k, m + k))
            gram[:m, :m] = self.gram[np.ix_(known, known)] if not known.all() else self.gram
            if k:
                # one block of products serves both: columns known and new against new
                cross = self.problem.design.gram(self.h, new, np.concatenate([old, new]))
                column = self.problem.design.rmatvec(self.h[:, None], new)[:, 0]
                if self.problem.free_intercept:
                    cross -= np.outer(column, np.concatenate([self.column[known], column])) / self.total
                gram[m:] = cross
                gram[:m, m:] = cross[:, :m].T
                gram[m:, m:] = (cross[:, m:] + cross[:, m:].T) / 2
                self.column = np.concatenate([self.column[known], column])
            else:
                self.column = self.column[known]
            self.gram = gram
        self.cols = np.concatenate([old, new])

    def _refresh(self) -> None:
        problem = self.problem
        self.h = problem.weights * problem.loss.hessian(problem.y, self.eta)
        self.total = max(float(self.h.sum()), 1e-300)
        self.gram = problem.design.gram(self.h, self.cols)
        self.column = problem.design.rmatvec(self.h[:, None], self.cols)[:, 0]
        if problem.free_intercept:
            self.gram -= np.outer(self.column, self.column) / self.total

    def solve(self, alpha: float, tol: float, q: Array | None = None, max_iter: int = MAX_NEWTON) -> int:
        """Minimize over the working set until no condition of optimality is off by more than tol; returns the steps.

        ``q`` is the slope on the working set where it is known already.
        """
        problem, cols = self.problem, self.cols
        rows = problem.rows.take(cols).times(alpha)
        tol = max(tol, FLOOR * self.steepest)
        best, stalled, previous = np.inf, 0, np.inf
        cheap = len(self.problem.y) * len(cols) ** 2 <= CHEAP
        max_iter = min(max_iter, MAX_NEWTON)
        for step in range(max_iter):
            residual = self.residual
            pull = float(residual.sum()) if problem.free_intercept else 0.0
            if q is None:
                q = problem.design.rmatvec(residual[:, None], cols)[:, 0]
            w = self.w[cols]
            worst = max(violation(q, w, rows), abs(pull))
            if worst <= tol:
                return step
            stalled = 0 if worst < 0.5 * best else stalled + 1
            best = min(best, worst)
            if stalled > 4:
                return step
            if self.h is None or (not problem.loss.quadratic and (cheap or worst > REUSE * previous)):
                self._refresh()
            previous = worst
            self._step(rows, q, w, pull, 0.01 * tol if problem.loss.quadratic else min(0.1, worst) * 0.1 * worst)
            q = None
        return max_iter

    def _step(self, rows: Array, q: Array, w: Array, pull: float, tol: float) -> None:
        """Solve the quadratic model and go as far along as the objective agrees."""
        problem = self.problem
        new, slope = w.copy(), q - self.column * (pull / self.total) if problem.free_intercept else q.copy()
        solve_quadratic(self.gram, slope, new, rows, tol)
        direction = new - w
        moved = np.flatnonzero(direction)
        change = problem.design.matvec(direction[moved, None], self.cols[moved])[:, 0]
        shift = (pull - float(self.column @ direction)) / self.total if problem.free_intercept else 0.0
        if problem.loss.quadratic:
            self.w[self.cols] = new
            self.eta += change
            return
        change += shift
        length = self._line_search(rows, q, w, new, pull, change, shift)
        self.w[self.cols] = w + length * direction if length < 1 else new
        self.eta += length * change
        self.b += length * shift
        self.settle_intercept()

    def _line_search(self, rows: Array, q: Array, w: Array, new: Array, pull: float, change: Array, shift: float) -> float:
        """Halve the step until it brings a share of the decrease that the slope promises (Tseng & Yun 2009, eq. 9)."""
        problem = self.problem
        loss, y, s = problem.loss, problem.y, problem.weights
        start, penalty = loss.value(y, self.eta), rows.value(w)
        promised = float(np.sum(rows.value(new) - penalty)) - float(q @ (new - w)) - pull * shift
        length = 1.0
        for _ in range(60):
            trial = w + length * (new - w)
            gained = float(s @ (loss.value(y, self.eta + length * change) - start)) + float(
                np.sum(rows.value(trial) - penalty)
            )
            if gained <= 0.1 * length * promised or abs(promised) < 1e-14 * max(float(s @ start), 1e-300):
                return length
            length /= 2
        return length

    def settle_intercept(self) -> None:
        """Newton on the intercept alone: Σ residuals = 0 to rounding, which the certificate relies on."""
        if not self.problem.free_intercept:
            return
        problem = self.problem
        for _ in range(20):
            pull = float(self.residual.sum())
            curvature = float(problem.weights @ problem.loss.hessian(problem.y, self.eta))
            if abs(pull) <= 1e-16 or curvature <= 0:
                return
            shift = np.clip(pull / curvature, -2.0, 2.0)
            if abs(shift) <= 1e-16 * max(1.0, abs(self.b)):
                return
            self.b += shift
            self.eta += shift

    def restart(self) -> None:
        """Recompute the predictor from the coefficients, so that rounding of many updates does not add up."""
        self.eta = self.problem.predictor(self.w, self.b)
