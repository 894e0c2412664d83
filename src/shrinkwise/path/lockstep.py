"""The route for rows: wide and sparse tables, and losses that are not squares. All problems march in lock-step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from scipy import sparse

from shrinkwise.design import Design
from shrinkwise.design.base import Array
from shrinkwise.engines import LocalEngine
from shrinkwise.path.base import Block, FreeFit, Route
from shrinkwise.path.strengths import alpha_max
from shrinkwise.penalties import ElasticNet
from shrinkwise.problem import Problem
from shrinkwise.solvers.newton import Track
from shrinkwise.solvers.quadratic import violations

Item = TypeVar("Item")
Result = TypeVar("Result")

SMALL = 256  # with no more columns than this, all of them are the working set
WORTH_A_THREAD = 1 << 20  # entries of X behind a piece of work; below it, threads would wait for each other
ROUNDS = 50  # of solving, looking at all columns and letting some in


class Lockstep:
    """Problems over one storage, each with its track; one product with X serves all of them.

    Parameters
    ----------
    design : Design
        Standardized, of k problems.
    problems : k problems
        Over views of the design.
    tol : float
        Relative duality gap to reach.
    """

    def __init__(
        self, design: Design, problems: Sequence[Problem], tol: float, engine: LocalEngine, max_iter: int = ROUNDS
    ) -> None:
        self.design, self.problems, self.tol, self.engine = design, list(problems), tol, engine
        self.max_iter = max_iter
        self.tracks = [Track(problem) for problem in problems]
        self.null_losses = [problem.null_loss for problem in problems]
        self.small = design.shape[1] <= SMALL
        self.alphas = np.full(len(problems), np.inf)
        everyone = list(range(len(problems)))
        self.Q = np.asfortranarray(self.slopes(everyone))
        for i, track in enumerate(self.tracks):
            track.steepest = float(np.max(np.abs(self.Q[:, i]), initial=0.0))
        with_free = [i for i in everyone if np.any(problems[i].free)]
        for i in with_free:
            self.tracks[i].work_on(np.flatnonzero(problems[i].free))
            self.tracks[i].solve(0.0, 0.0)
        if with_free:
            self.Q[:, with_free] = self.slopes(with_free)
        self.tops = [alpha_max(problem.rows, self.Q[:, i], 1.0) for i, problem in enumerate(problems)]

    def slopes(self, which: Sequence[int]) -> Array:
        """−∇ of the loss for some problems, (p, len(which)): one product, cut into blocks of columns."""
        design = self.design.problem(which)
        R = np.column_stack([self.tracks[i].residual for i in which])
        blocks = design.blocks()
        return np.concatenate(list(self._map(lambda cols: design.rmatvec(R, cols), blocks, design.shape[1])))

    def _map(self, function: Callable[[Item], Result], items: Sequence[Item], width: int) -> Iterator[Result]:
        """In threads where the work on ``width`` columns is worth them; the results are the same bits either way."""
        worth = len(items) > 1 and self.design.shape[0] * width >= WORTH_A_THREAD
        return self.engine.map(function, items) if worth else map(function, items)

    def step(self, alphas: Array) -> tuple[Array, Array]:
        """Solve every problem at its next strength; returns relative gaps and steps, both (k,)."""
        everyone = list(range(len(self.tracks)))
        tols = [self._tolerance(i, alphas[i]) for i in everyone]
        for i in everyone:
            self._choose(i, alphas[i])
        gaps, steps = np.full(len(everyone), np.inf), np.zeros(len(everyone), dtype=np.int64)
        pending, tries = everyone, 0
        for _ in range(self.max_iter):
            width = max(len(self.tracks[i].cols) for i in pending)
            for i, count in zip(pending, self._map(lambda i: self._solve(i, alphas[i], tols[i]), pending, width)):
                steps[i] += count
            self.Q[:, pending] = self.slopes(pending)
            pending = [i for i in pending if self._extend(i, alphas[i], tols[i])]
            if pending:
                continue
            for i in everyone:
                if not gaps[i] <= self.tol:
                    gaps[i] = self._gap(i, alphas[i])
            pending = [i for i in everyone if not gaps[i] <= self.tol]
            tries += 1
            if not pending or tries > 3:
                break
            for i in pending:
                tols[i] *= 1e-3
                self.tracks[i].restart()
            self.Q[:, pending] = self.slopes(pending)
        self.alphas = np.array(alphas, dtype=np.float64)
        return gaps, steps

    def _gap(self, i: int, alpha: float) -> float:
        track = self.tracks[i]
        gap = self.problems[i].gap(alpha, track.w, track.b, track.eta, self.Q[:, i])
        return gap / self.null_losses[i] if self.null_losses[i] > 0 else gap

    def _tolerance(self, i: int, alpha: float) -> float:
        """The violation that leaves a tenth of the gap: gap ≤ Σ|w|·δ ≤ (null loss / α)·δ for an L1 penalty."""
        rows = self.problems[i].rows
        return 0.1 * self.tol * alpha * float(np.max(rows.l1 + rows.l2, initial=0.0))

    def _solve(self, i: int, alpha: float, tol: float) -> int:
        self.engine.checkpoint()
        track = self.tracks[i]
        return track.solve(alpha, tol, self.Q[track.cols, i], self.max_iter)

    def _choose(self, i: int, alpha: float) -> None:
        """The working set for the next strength: the sequential strong rule (Tibshirani et al. 2012, eq. 18)."""
        track, problem = self.tracks[i], self.problems[i]
        movable = problem.rows.upper - problem.rows.lower > 0
        if self.small:
            if len(track.cols) == 0 or len(track.cols) < np.count_nonzero(movable):
                track.work_on(np.flatnonzero(movable))
            return
        weak = max(2 * alpha - min(self.alphas[i], self.tops[i]), 0.0)
        candidates = self._above(i, weak)
        wanted = (track.w != 0) | problem.free
        candidates = candidates[movable[candidates] & ~wanted[candidates]]
        pull = np.abs(self.Q[candidates, i]) - weak * problem.rows.l1[candidates]
        wanted[_largest(candidates, pull, max(100, 2 * int(np.count_nonzero(wanted))))] = True
        if len(track.cols) <= 2 * np.count_nonzero(wanted) + 100:
            wanted[track.cols] = True
        track.work_on(np.flatnonzero(wanted))

    def _extend(self, i: int, alpha: float, tol: float) -> bool:
        """Let in the columns that violate their condition; False where there is none."""
        track, problem = self.tracks[i], self.problems[i]
        outside = np.setdiff1d(self._above(i, alpha), track.cols, assume_unique=True)
        excess = violations(self.Q[outside, i], track.w[outside], problem.rows.take(outside).times(alpha))
        above = excess > max(tol, 1e-15 * track.steepest)
        new = _largest(outside[above], excess[above], max(100, len(track.cols)))
        if not len(new):
            return False
        track.work_on(np.union1d(track.cols, new))
        return True

    def _above(self, i: int, alpha: float) -> Array:
        """Columns whose slope is beyond what the penalty holds at zero."""
        return np.flatnonzero(np.abs(self.Q[:, i]) > alpha * self.problems[i].rows.l1)


def _largest(cols: Array, values: Array, limit: int) -> Array:
    """The columns with the largest values, at most ``limit``, ascending."""
    if len(cols) <= limit:
        return cols
    return np.sort(cols[np.argpartition(-values, limit)[:limit]])


class LockstepRoute(Route):
    """All folds and mixes in lock-step.

    Parameters
    ----------
    problems : K + 1 problems for each of R mixes
        Of each training set and, last, of all data.
    test_weights : array of shape (n, K)
        Weights of the held-out rows of each fold, summing to 1.
    """

    def __init__(
        self,
        design: Design,
        problems: Sequence[Sequence[Problem]],
        penalties: Sequence[ElasticNet],
        test_weights: Array,
        column_unit: Array,
        *,
        tol: float,
        engine: LocalEngine,
        progress: Callable[[int], None],
    ) -> None:
        self.problems, self.penalties, self.test_weights = problems, penalties, test_weights
        self.column_unit, self.tol, self.engine, self.progress = column_unit, tol, engine, progress
        self.fits = design.n_problems
        self.design = design
        flat = [problem for line in problems for problem in line]
        self.lockstep = Lockstep(design.problem(list(range(self.fits)) * len(problems)), flat, tol, engine)
        null = [np.full_like(problem.y, problem.null_intercept) for problem in problems[0][:-1]]
        self.null_score = np.array([self._scores(k, eta)[1] for k, eta in enumerate(null)])

    def _scores(self, fold: int, eta: Array) -> tuple[float, float]:
        problem = self.problems[0][fold]
        rows = problem.loss.score(problem.y, eta)
        square = problem.unit**2
        return square * float(problem.weights @ rows), square * float(self.test_weights[:, fold] @ rows)

    def tops(self) -> Array:
        last = [(ratio + 1) * self.fits - 1 for ratio in range(len(self.problems))]
        return np.array(
            [
                alpha_max(line[-1].rows, self.lockstep.Q[:, i], penalty.l1_ratio)
                for i, line, penalty in zip(last, self.problems, self.penalties)
            ]
        )

    def advance(self, alphas: Array) -> Block:
        n_ratios, n_alphas = alphas.shape
        shape = (n_ratios, n_alphas, self.fits)
        intercepts, gaps, n_iter = np.empty(shape), np.empty(shape), np.empty(shape, dtype=np.int64)
        train, test = np.empty((n_ratios, n_alphas, self.fits - 1)), np.empty((n_ratios, n_alphas, self.fits - 1))
        coefs: list[list[Array]] = [[] for _ in self.lockstep.tracks]
        for a in range(n_alphas):
            gap, steps = self.lockstep.step(np.repeat(alphas[:, a], self.fits))
            gaps[:, a], n_iter[:, a] = gap.reshape(n_ratios, -1), steps.reshape(n_ratios, -1)
            for i, (track, problem) in enumerate(zip(self.lockstep.tracks, self.lockstep.problems)):
                ratio, fit = divmod(i, self.fits)
                coef, intercepts[ratio, a, fit] = problem.in_data_units(track.w, track.b, self.column_unit)
                coefs[i].append(sparse.csr_array(coef[None]))
                if fit < self.fits - 1:
                    train[ratio, a, fit], test[ratio, a, fit] = self._scores(fit, track.eta)
            self.progress(len(self.lockstep.tracks))
        stacked = [sparse.vstack(rows, format="csr") for rows in coefs]
        lines = tuple(tuple(stacked[ratio * self.fits :][: self.fits]) for ratio in range(n_ratios))
        return Block(lines, intercepts, gaps, n_iter, train, test)

    def unpenalized(self) -> FreeFit | None:
        problems = self.problems[0]
        n_train = min(int(np.count_nonzero(problem.weights)) for problem in problems)
        if self.design.shape[1] >= n_train or not self.lockstep.small:
            return None
        lockstep = Lockstep(self.design, problems, self.tol, self.engine)
        gaps, _ = lockstep.step(np.zeros(self.fits))
        scores = [self._scores(k, track.eta) for k, track in enumerate(lockstep.tracks[:-1])]
        fits = [problem.in_data_units(t.w, t.b, self.column_unit) for problem, t in zip(problems, lockstep.tracks)]
        coefs, intercepts = (np.array(part) for part in zip(*fits, strict=True))
        converged = bool(np.all(gaps <= self.tol))
        note = "" if converged else "the classes can be separated, so coefficients grow without end"
        train, test = (np.array(part) for part in zip(*scores, strict=True))
        return FreeFit(train, test, coefs, intercepts, float(np.max(gaps)), converged, note)
