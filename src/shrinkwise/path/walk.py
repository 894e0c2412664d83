"""One problem with the squared loss on its way down the strengths of a stride."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.dual_scaling import scaled_gap
from shrinkwise.path.lockstep import Lockstep
from shrinkwise.penalties import Rows
from shrinkwise.solvers.newton import FLOOR
from shrinkwise.solvers.quadratic import violations

NEW = 100  # columns that may enter at once, at least
TRIES = 3  # of a tighter solution where a certificate is not reached
TIGHTER = 1e-3

Nonzeros = tuple[Array, Array]  # numbers of columns, ascending, and their coefficients
Note = Callable[[int, int, Nonzeros, float, Array, float, int], None]  # problem, strength, w, b, η, gap, steps


class Walk:
    """One problem on its way down the strengths of a stride."""

    W: Array  # (B, m) at the strengths that have been tried
    Q: Array  # (B, m) their slopes
    b: Array  # (B,) and intercepts
    eta: Array  # (n, B)
    residuals: Array  # (n, B), weighted: dual points
    gaps: Array  # (B,)
    steps: Array  # (B,)
    worst: Array  # (B,) of the columns outside of the working set: the largest |slope| / l1
    at: Array  # strengths, columns and ratios of those beyond their bound
    cols: Array
    ratio: Array

    def __init__(self, lockstep: Lockstep, number: int) -> None:
        self.lockstep, self.number = lockstep, number
        self.problem, self.own = lockstep.problems[number], lockstep.batch.sets[number]

    @staticmethod
    def serves(lockstep: Lockstep) -> bool:
        """Whether it is for the loss of these problems."""
        return lockstep.batch.loss.quadratic

    def _hope(self) -> None:
        self.tries, self.tighter, self.best = 0, 1.0, np.inf

    @property
    def tried(self) -> Array:
        """Strengths at which there are solutions over the working set."""
        return self.open[: len(self.W)]

    @property
    def open(self) -> Array:
        """Strengths to come."""
        return self.alphas[self.done :]

    def begin(self, alphas: Array, note: Note) -> None:
        """Working set and state, for the strengths of a stride; ``note`` hears of each solution."""
        self.alphas, self.note = alphas, note
        self.done = self.turns = 0
        self._hope()
        self.lockstep.choose(self.number, alphas[-1])
        cols = self.own.cols
        self.w, self.q = self.lockstep.batch.w[cols, self.number], self.lockstep.Q[cols, self.number]

    def go(self) -> None:
        """Down the open strengths on the working set; the residuals there."""
        problem, rows = self.problem, self.problem.rows.take(self.own.cols)
        self.tols = np.array([self.lockstep.tolerance(self.number, alpha) for alpha in self.open]) * self.tighter
        self.W, self.Q, self.steps = self.own.follow(self.q.copy(), self.w.copy(), rows, self.open, self.tols)
        self.eta = problem.design.matvec(self.W.T, self.own.cols) + problem.offset
        self.residuals = -problem.weights[:, None] * problem.loss.gradient(problem.y[:, None], self.eta)
        self.b = np.zeros(len(self.open))

    def settle(self) -> None:
        """Note what is solved; columns that should have been there enter, and the next strength is tried again."""
        self.turns += 1
        count, new = self._solved()
        order = np.argsort(self.own.cols)
        cols, W = self.own.cols[order], self.W[:, order]
        for a in range(count):
            nonzeros, b = (cols[W[a] != 0], W[a, W[a] != 0]), float(self.b[a])
            self.note(self.number, self.done + a, nonzeros, b, self.eta[:, a], float(self.gaps[a]), int(self.steps[a]))
        self._stand(min(count, len(W) - 1))  # the next one has been tried already
        self.done += count
        if not len(self.open):
            self._leave()
        elif len(new):
            self._enter(new)

    def _solved(self) -> tuple[int, Array]:
        """How many strengths are solved, and columns that should have been there at the next one."""
        rows = self.problem.rows.take(self.own.cols)
        floors = np.maximum(self.tols, FLOOR * self.lockstep.batch.steepest[self.number])
        left = np.max(violations(self.Q, self.W, rows.times(self.open[:, None])), axis=1, initial=0.0)
        missing, new = self._missing(floors)
        self.gaps = self._gaps(rows)
        good = ~missing & (left <= floors) & (self.gaps <= self.lockstep.tol)
        count = self._first(good)
        if count == 0 and not len(new) and self._hopeless(left[0], floors[0]):
            count = 1
        if count:
            self._hope()
        return count, new

    def _first(self, good: Array) -> int:
        """How many are good before the first that is not; all of them where it has taken too long."""
        last = self.turns == self.lockstep.max_iter
        return len(good) if last or np.all(good) else int(np.argmin(good))

    def _stand(self, a: int) -> None:
        """Go on from a strength that has been tried."""
        self.w, self.q, self.standing = self.W[a], self.Q[a], a

    def _hopeless(self, left: float, floor: float) -> bool:
        """Whether tighter solutions have not helped either: what is left is rounding."""
        if left <= floor or left > 0.5 * self.best:
            self.tries, self.tighter, self.best = self.tries + 1, TIGHTER * self.tighter, np.inf
        else:
            self.best = left
        return self.tries > TRIES

    def _missing(self, floors: Array) -> tuple[Array, Array]:
        """At which strengths columns should have been there, and those that are missing most."""
        missing = np.zeros(len(self.tried), dtype=bool)
        excess = (self.ratio - self.open[self.at]) * self.problem.rows.l1[self.cols] > floors[self.at]
        missing[self.at[excess]] = True
        new, index = np.unique(self.cols[excess], return_inverse=True)
        most = np.zeros(len(new))
        np.maximum.at(most, index, (self.ratio / self.open[self.at])[excess])
        limit = max(NEW, len(self.own.cols))
        return missing, new if len(new) <= limit else new[np.argpartition(-most, limit)[:limit]]

    def _enter(self, new: Array) -> None:
        """New columns in the working set."""
        p = self.problem.design.shape[1]
        w, q = np.zeros(p), np.zeros(p)
        w[self.own.cols], q[self.own.cols] = self.w, self.q
        q[new] = self.problem.design.rmatvec(self.residuals[:, [self.standing]], new)[:, 0]
        self.own.choose(np.union1d(self.own.cols, new))
        self.w, self.q, self.best = w[self.own.cols], q[self.own.cols], np.inf

    def _leave(self) -> None:
        """The state of the batch is that at the last strength."""
        batch = self.lockstep.batch
        batch.w[:, self.number] = 0.0
        batch.w[self.own.cols, self.number] = self.w
        batch.b[self.number] = self.b[self.standing]
        batch.eta[:, self.number] = self.eta[:, self.standing]

    def _gaps(self, rows: Rows) -> Array:
        """Relative duality gaps at the open strengths; a column with the worst slope stands for all others."""
        problem, alphas = self.problem, self.open[:, None]
        others = zip(rows.vectors, (1.0, 0.0, -np.inf, np.inf), strict=True)
        l1, l2, lower, upper = (np.append(own, other) for own, other in others)
        rows = Rows(l1, l2, lower, upper).times(alphas)
        w, q = np.hstack([self.W, np.zeros_like(alphas)]), np.hstack([self.Q, self.worst[:, None]])
        residual = -problem.loss.gradient(problem.y[:, None], self.eta)
        square = problem.weights @ residual**2
        towards = np.divide(
            (problem.weights * problem.y) @ residual, square, out=np.ones_like(square), where=square > 0
        )
        gaps = scaled_gap(rows, w, q, lambda tau: 0.5 * (1 - tau) ** 2 * square, towards)
        null = self.lockstep.null_losses[self.number]
        return gaps / null if null > 0 else gaps
