"""The columns that one problem works on, and the quadratic model of its loss there."""

from __future__ import annotations

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.penalties import Rows
from shrinkwise.problem import Problem
from shrinkwise.solvers.factored import Factored
from shrinkwise.solvers.quadratic import solve_path, solve_quadratic
from shrinkwise.solvers.wide import Wide

SHARE = 0.01  # of the violation to leave: what the solution of a model is asked for
FACTORED = 0.3  # the same of descent on columns, where digits are not for free


class WorkingSet:
    """The columns that one problem works on, and their Gram in the metric of the loss's second derivative.

    The intercept is eliminated from the Gram. Columns that enter extend it; for losses other than the squared it is
    kept as long as steps with it shrink the violation well. Where columns are many and sparse, or more than rows with
    groups or several predictors, the model is of the columns themselves.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.cols = np.zeros(0, dtype=np.intp)
        self.gram = np.zeros((0, 0))
        self.column = np.zeros(0)  # X'h: the intercept's row of the Hessian
        self.h: Array | None = problem.weights if problem.loss.quadratic else None
        self.total = 1.0  # Σ h
        self.formed = True  # whether the model is a Gram
        self._model: Factored | Wide | None = None  # what takes its place, once it is asked for

    def choose(self, cols: Array) -> bool:
        """Make ``cols`` the working set, with the entries of the Gram that are known; whether some of them are new."""
        wanted = np.zeros(self.problem.design.shape[1], dtype=bool)
        wanted[cols] = True
        known = wanted[self.cols]
        wanted[self.cols] = False
        new = cols[wanted[cols]]
        old = self.cols[known]
        self.cols = np.concatenate([old, new])
        same, self._model = not len(new) and bool(known.all()), None if len(new) or not known.all() else self._model
        if len(new) and self.problem.loss.coupled:
            self.h = None  # what is not diagonal in a Hessian is not kept: it is made afresh
        if self.h is None or (same and not self.formed):
            return len(new) > 0
        formed = self.formed
        self.formed = self._suits_gram()
        if not (formed and self.formed):
            self._renew(self.h)
            return len(new) > 0
        m = len(old)
        gram = np.empty((len(self.cols), len(self.cols)))
        gram[:m, :m] = self.gram if known.all() else self.gram[np.ix_(known, known)]
        self.column = self.column[known]
        if len(new):
            design = self.problem.design
            cross = design.gram(self.h, new, self.cols)
            column = design.rmatvec(self.h[:, None], new)[:, 0] if self.problem.free_intercept else np.zeros(len(new))
            self.column = np.concatenate([self.column, column])
            cross -= np.outer(column, self.column) / self.total
            gram[m:] = cross
            gram[:m, m:] = cross[:, :m].T
            gram[m:, m:] = (cross[:, m:] + cross[:, m:].T) / 2
        self.gram = gram
        return len(new) > 0

    def part_of(self, other: WorkingSet, cols: Array) -> None:
        """Make ``cols`` the working set, with what another one of the same rows knows of them."""
        places = np.argsort(other.cols)[np.searchsorted(other.cols, cols, sorter=np.argsort(other.cols))]
        self.cols, self.h, self.total, self.formed, self._model = cols, other.h, other.total, True, None
        self.gram = other.gram[np.ix_(places, places)]
        self.column = other.column[places] if len(other.column) else np.zeros(len(cols))

    def refresh(self, eta: Array) -> None:
        """The Hessian at a predictor."""
        problem = self.problem
        if problem.loss.coupled:
            self.adopt(problem.weights, problem.hessian(self.cols, eta), None, 1.0)
        else:
            self.formed = self._suits_gram()
            self._renew(problem.curvature(eta))

    def minimize(self, q: Array, w: Array, rows: Rows, tol: float) -> None:
        """`solve_quadratic` on the working set."""
        if self.formed:
            solve_quadratic(self.gram, q, w, rows, tol)
        else:
            self._columns().solve(q, w, rows, tol)

    @property
    def share(self) -> float:
        """Of the violation that a solution over all columns may leave: what the solution of a model is asked for."""
        return SHARE if self.formed else FACTORED

    def follow(self, q: Array, w: Array, rows: Rows, alphas: Array, tols: Array) -> tuple[Array, Array, Array]:
        """The quadratic model down its path: w and its slope q at each strength (A, m), and the rounds it took.

        ``tols`` are violations to leave on the way to a solution over all columns: here it is a share of them.
        """
        if self.formed:
            return solve_path(self.gram, q, w, rows, alphas, SHARE * tols)
        W, Q = np.empty((len(alphas), len(w))), np.empty((len(alphas), len(w)))
        turns, model = np.zeros(len(alphas), dtype=np.int64), self._columns()
        for a, (alpha, tol) in enumerate(zip(alphas, tols, strict=True)):
            turns[a] = abs(model.solve(q, w, rows.times(alpha), FACTORED * tol))
            W[a], Q[a] = w, q
        return W, Q, turns

    def _columns(self) -> Factored | Wide:
        """What takes the place of the Gram."""
        if self._model is None:
            design, h = self.problem.design, self.problem.weights if self.h is None else self.h
            if Wide.suits(self.problem, self.cols):
                self._model = Wide(self.problem, h, self.cols)
            else:
                centered = self.problem.free_intercept or bool(np.any(design.center))
                self._model = Factored.of(design, h, self.cols, centered)
        return self._model

    def _suits_gram(self) -> bool:
        problem, cols = self.problem, self.cols
        apart = not (problem.rows.grouped or problem.loss.coupled) and Factored.suits(problem.design, cols)
        return not (apart or Wide.suits(problem, cols))

    def _renew(self, h: Array) -> None:
        """All of the Hessian; what takes the place of its Gram is made where it is used."""
        design, self._model = self.problem.design, None
        column = design.rmatvec(h[:, None], self.cols)[:, 0] if self.problem.free_intercept else None
        if not self.formed:
            self.h, self.total, self.gram = h, max(float(h.sum()), 1e-300), np.zeros((0, 0))
            self.column = np.zeros(len(self.cols)) if column is None else column
        else:
            self.adopt(h, design.gram(h, self.cols), column, float(h.sum()))

    def adopt(self, h: Array, gram: Array, column: Array | None, total: float) -> None:
        """X' diag(h) X, X'h and Σ h of the working set."""
        self.h, self.gram, self.total = h, gram, max(total, 1e-300)
        self.column = np.zeros(len(self.cols))
        if self.problem.free_intercept and column is not None:
            self.column = column
            self.gram -= np.outer(column, column) / self.total
