"""Quadratic models with more columns than rows: descent on the columns and conjugate gradients in place of a Gram."""

from __future__ import annotations

import numpy as np

from shrinkwise.penalties.base import Array, Rows
from shrinkwise.problem import Problem
from shrinkwise.solvers.group_quadratic import kernel_data
from shrinkwise.solvers.quadratic import violation

SWEEPS = 5  # of block descent between two Newton steps
AT_ONCE = 20  # rounds of both before a kernel comes back
LONG = 2_000_000  # numbers in the columns from which on it comes back after each, so that Ctrl-C is heard
ROUNDS = 200
STALLS = 20  # rounds that do not halve the best violation: rounding has been reached


class Wide:
    """G = Z'BZ of a problem: columns as they are, and a block of B for each row, which couples its predictors.

    Parameters
    ----------
    problem : Problem
        Of one predictor a row, or of K.
    h : array of shape (n,), (nK,) or (nK, K)
        Weighted second derivatives of the loss: numbers, or a K x K block for each row.
    cols : array of int of shape (M,)
        The columns of the problem's design that Z holds.

    Attributes
    ----------
    columns : array of shape (F, n)
        Z, a line for each feature, without rows that have no weight.
    blocks : array of shape (K, L, n)
        B, or its diagonal where L = 1.
    """

    def __init__(self, problem: Problem, h: Array, cols: Array) -> None:
        (design, _, weights), K = problem.table, problem.outputs
        rows = np.flatnonzero(weights)
        feature, self.output = np.divmod(np.asarray(cols, dtype=np.int64), K)
        used, self.feature = np.unique(feature, return_inverse=True)
        inside = used[used < design.shape[1]]  # what is beyond them are intercepts
        self.blocks = np.ascontiguousarray(h.reshape(len(weights), K, -1)[rows].transpose(1, 2, 0))
        self.columns = np.ones((len(used), len(rows)))
        self.columns[: len(inside)] = design.explicit(inside)[rows].T
        if problem.free_intercept:
            total = max(float(self.blocks.sum()), 1e-300)
            self.columns -= (self.columns @ self.blocks[0, 0] / total)[:, None]
        own = self.blocks[:, 0] if self.blocks.shape[1] == 1 else np.array([self.blocks[k, k] for k in range(K)])
        self.diagonal = (self.columns**2 @ own.T)[self.feature, self.output]
        self._kept: tuple[Array, Array, Array] | None = None

    @staticmethod
    def suits(problem: Problem, cols: Array) -> bool:
        """Whether rows are few beside these columns, and coefficients come in groups or for several predictors."""
        if problem.loss.coupled or not (problem.outputs > 1 or problem.rows.grouped):
            return False
        return len(problem.y) < problem.outputs * len(cols)

    def solve(self, q: Array, w: Array, rows: Rows, tol: float) -> int:
        """`solve_quadratic` by block descent and inexact Newton steps on the support."""
        from shrinkwise.solvers._wide_kernels import settle  # numba is imported when a fit starts

        data = kernel_data(rows)
        model = (self.columns, self.feature, self.output, self.blocks, self.diagonal, *self._grams(data[-1]))
        at_once = AT_ONCE if self.columns.size <= LONG else 1
        best, stalled, turn = np.inf, 0, 0
        while turn < ROUNDS:
            turns = int(settle(*model, q, w, *data, tol, SWEEPS, at_once))
            turn += abs(turns)
            if turns > 0:
                return turn
            worst = violation(q, w, rows)
            stalled = 0 if worst < 0.5 * best else stalled + at_once
            best = min(best, worst)
            if stalled > STALLS:
                break
        return -turn

    def _grams(self, starts: Array) -> tuple[Array, Array, Array]:
        """Room for the Grams of the blocks, one after another, where each begins, and which are known."""
        if self._kept is None:
            sizes = np.diff(starts) ** 2
            places = np.concatenate([[0], np.cumsum(np.where(sizes > 1, sizes, 0))])
            self._kept = np.empty(places[-1]), places, np.zeros(len(sizes), dtype=np.uint8)
        return self._kept
