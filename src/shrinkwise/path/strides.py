"""The squared loss: several strengths of every path at a time, and one product with X that looks at all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.penalties import Rows
from shrinkwise.penalties.base import open_pull
from shrinkwise.problem import scaled_gap
from shrinkwise.solvers.newton import FLOOR
from shrinkwise.solvers.quadratic import violations

if TYPE_CHECKING:
    from shrinkwise.path.lockstep import Lockstep

LENGTH = 10  # strengths of a stride
ROOM = 0.25  # of the numbers of X: what the residuals of a stride may take
NEW = 100  # columns that may enter at once, at least
TRIES = 3  # of a tighter solution where a certificate is not reached
TIGHTER = 1e-3

Nonzeros = tuple[Array, Array]  # numbers of columns, ascending, and their coefficients
Note = Callable[[int, int, Nonzeros, float, Array, float, int], None]  # problem, strength, w, b, η, gap, steps


class Strides:
    """All problems of a `Lockstep` down several strengths at once.

    The Gram of a working set is all that the squared loss needs: with it a problem goes down B strengths by itself.
    One product of X' with the residuals of all problems and strengths then tells which columns should have been let
    in. A path is right down to the first strength where one should have been; from there it goes on with these.

    Parameters
    ----------
    lockstep : Lockstep
        Of problems that `serve` approves of.
    """

    def __init__(self, lockstep: Lockstep) -> None:
        self.lockstep = lockstep
        rows, (_, p) = [problem.rows for problem in lockstep.problems], lockstep.design.shape
        with np.errstate(divide="ignore"):
            self.inverse = [np.where(part.upper - part.lower > 0, 1 / part.l1, 0.0) for part in rows]
        self.bounded = any(not np.all(np.isinf(part.upper - part.lower)) for part in rows)
        several = lockstep.design.by_rows  # many products with sparse columns cost as much as one, many times
        self.length = min(max(1, int(ROOM * p / len(rows))), LENGTH) if several else 1

    @staticmethod
    def serve(lockstep: Lockstep) -> bool:
        """Whether the loss is quadratic and each column has an L1 penalty of its own."""
        problems = lockstep.problems
        movable = [problem.rows.upper - problem.rows.lower > 0 for problem in problems]
        penalized = all(np.all(p.rows.l1[free] > 0) for p, free in zip(problems, movable, strict=True))
        alone = not any(problem.rows.grouped for problem in problems) and problems[0].outputs == 1
        return bool(alone and problems[0].loss.quadratic and penalized and not lockstep.small)

    def suit(self, alphas: Array) -> bool:
        """Whether the penalty is more than rounding at these strengths (k, B)."""
        lowest = zip(self.lockstep.problems, np.min(alphas, axis=1), strict=True)
        return all(problem.penalizes_all(float(alpha)) for problem, alpha in lowest)

    def march(self, alphas: Array, note: Note) -> None:
        """Solve all problems at alphas (k, B), falling; ``note`` hears of each solution once, perhaps in a thread."""
        lockstep = self.lockstep
        walks = [_Walk(lockstep, i, own, note) for i, own in enumerate(alphas)]
        lockstep.run(lambda i: walks[i].begin(), range(len(walks)))
        pending = list(range(len(walks)))
        while pending:
            lockstep.run(lambda i: walks[i].go(), pending)
            self._look([walks[i] for i in pending])
            lockstep.run(lambda i: walks[i].settle(), pending)
            pending = [i for i in pending if len(walks[i].open)]
        lockstep.alphas = np.array(alphas[:, -1], dtype=np.float64)

    def _look(self, walks: Sequence[_Walk]) -> None:
        """The slopes of all columns at all open strengths: of the working sets, and what is beyond its bound."""
        design, numbers = self.lockstep.design, [walk.number for walk in walks]
        counts = [len(walk.open) for walk in walks]
        owners, residuals = np.repeat(numbers, counts), np.hstack([walk.residuals for walk in walks])

        def read(cols: slice) -> list[tuple[Array, Array, Array, Array]]:
            slopes = design.rmatvec_for(owners, residuals, cols).T
            parts = np.split(slopes, np.cumsum(counts)[:-1])
            return [self._compare(walk, part, cols) for walk, part in zip(walks, parts, strict=True)]

        blocks = design.blocks()
        found = list(self.lockstep.map(read, blocks, design.shape[0] / len(blocks) * design.shape[1]))
        for walk, parts in zip(walks, zip(*found, strict=True), strict=True):
            worst, *beyond = zip(*parts, strict=True)
            walk.worst = np.max(worst, axis=0)
            walk.at, walk.cols, walk.ratio = (np.concatenate(part) for part in beyond)

    def _compare(self, walk: _Walk, slopes: Array, cols: slice) -> tuple[Array, Array, Array, Array]:
        """Of the columns outside of a working set the largest |slope| / l1, and where it is above the strength."""
        first, width = cols.start or 0, slopes.shape[1]
        self.lockstep.Q[cols, walk.number] = slopes[-1]
        inside = walk.own.cols - first
        places = np.flatnonzero((inside >= 0) & (inside < width))
        walk.Q[:, places] = slopes[:, inside[places]]
        slopes[:, inside[places]] = 0.0
        if self.bounded:
            rows = walk.problem.rows
            slopes = open_pull(slopes, rows.lower[cols], rows.upper[cols])
        ratio = np.abs(slopes)
        ratio *= self.inverse[walk.number][cols]
        worst = ratio.max(axis=1)
        if not np.any(worst > walk.open):
            return worst, *(np.zeros(0, dtype=kind) for kind in (np.intp, np.intp, np.float64))
        at, where = np.nonzero(ratio > walk.open[:, None])
        return worst, at, where + first, ratio[at, where]


class _Walk:
    """One problem on its way down the strengths of a stride."""

    eta: Array  # (n, B) at the open strengths
    residuals: Array  # (n, B), weighted
    worst: Array  # (B,) of the columns outside of the working set: the largest |slope| / l1
    at: Array  # strengths, columns and ratios of those beyond their bound
    cols: Array
    ratio: Array

    def __init__(self, lockstep: Lockstep, number: int, alphas: Array, note: Note) -> None:
        self.lockstep, self.number, self.alphas, self.note = lockstep, number, alphas, note
        self.problem, self.own = lockstep.problems[number], lockstep.batch.sets[number]
        self.done = self.turns = 0
        self._hope()

    def _hope(self) -> None:
        self.tries, self.tighter, self.best = 0, 1.0, np.inf

    @property
    def open(self) -> Array:
        """Strengths to come."""
        return self.alphas[self.done :]

    def begin(self) -> None:
        """Working set and state, for the strengths of this stride."""
        self.lockstep.choose(self.number, self.alphas[-1])
        cols = self.own.cols
        self.w, self.q = self.lockstep.batch.w[cols, self.number], self.lockstep.Q[cols, self.number]

    def go(self) -> None:
        """Down the open strengths on the working set; the residuals there."""
        problem, rows = self.problem, self.problem.rows.take(self.own.cols)
        self.tols = np.array([self.lockstep.tolerance(self.number, alpha) for alpha in self.open]) * self.tighter
        self.W, self.Q, self.steps = self.own.follow(self.q.copy(), self.w.copy(), rows, self.open, self.tols)
        self.eta = problem.design.matvec(self.W.T, self.own.cols) + problem.offset
        self.residuals = -problem.weights[:, None] * problem.loss.gradient(problem.y[:, None], self.eta)

    def settle(self) -> None:
        """Note what is solved; columns that should have been there enter, and the next strength is tried again."""
        rows = self.problem.rows.take(self.own.cols)
        floors = np.maximum(self.tols, FLOOR * self.lockstep.batch.steepest[self.number])
        left = np.max(violations(self.Q, self.W, rows.times(self.open[:, None])), axis=1, initial=0.0)
        missing, new = self._missing(floors)
        gaps = self._gaps(rows)
        good = ~missing & (left <= floors) & (gaps <= self.lockstep.tol)
        self.turns += 1
        last = self.turns == self.lockstep.max_iter
        count = len(good) if last or np.all(good) else int(np.argmin(good))
        if count == 0 and not len(new) and self._hopeless(left[0], floors[0]):
            count = 1
        if count:
            self._hope()
        order = np.argsort(self.own.cols)
        cols, W = self.own.cols[order], self.W[:, order]
        for b in range(count):
            nonzeros = cols[W[b] != 0], W[b, W[b] != 0]
            self.note(self.number, self.done + b, nonzeros, 0.0, self.eta[:, b], float(gaps[b]), int(self.steps[b]))
        now = min(count, len(gaps) - 1)  # the next one has been tried already
        self.w, self.q = self.W[now], self.Q[now]
        self.done += count
        if not len(self.open):
            self._leave()
        elif len(new):
            self._enter(new, self.residuals[:, [now]])

    def _hopeless(self, left: float, floor: float) -> bool:
        """Whether tighter solutions have not helped either: what is left is rounding."""
        if left <= floor or left > 0.5 * self.best:
            self.tries, self.tighter, self.best = self.tries + 1, TIGHTER * self.tighter, np.inf
        else:
            self.best = left
        return self.tries > TRIES

    def _missing(self, floors: Array) -> tuple[Array, Array]:
        """At which strengths columns should have been there, and those that are missing most."""
        missing = np.zeros(len(self.open), dtype=bool)
        excess = (self.ratio - self.open[self.at]) * self.problem.rows.l1[self.cols] > floors[self.at]
        missing[self.at[excess]] = True
        new, index = np.unique(self.cols[excess], return_inverse=True)
        most = np.zeros(len(new))
        np.maximum.at(most, index, (self.ratio / self.open[self.at])[excess])
        limit = max(NEW, len(self.own.cols))
        return missing, new if len(new) <= limit else new[np.argpartition(-most, limit)[:limit]]

    def _enter(self, new: Array, residual: Array) -> None:
        """New columns in the working set."""
        p = self.problem.design.shape[1]
        w, q = np.zeros(p), np.zeros(p)
        w[self.own.cols], q[self.own.cols] = self.w, self.q
        q[new] = self.problem.design.rmatvec(residual, new)[:, 0]
        self.own.choose(np.union1d(self.own.cols, new))
        self.w, self.q, self.best = w[self.own.cols], q[self.own.cols], np.inf

    def _leave(self) -> None:
        """The state of the batch is that at the last strength."""
        batch = self.lockstep.batch
        batch.w[:, self.number] = 0.0
        batch.w[self.own.cols, self.number] = self.w
        batch.eta[:, self.number] = self.eta[:, -1]

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
