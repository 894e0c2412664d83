"""Many problems down their paths together: one product with X serves all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from shrinkwise.design import Design
from shrinkwise.design.base import Array
from shrinkwise.engines import LocalEngine
from shrinkwise.path.strengths import alpha_max
from shrinkwise.penalties import Rows
from shrinkwise.penalties.concave import Concave
from shrinkwise.problem import Problem
from shrinkwise.solvers.newton import CHEAP, FLOOR, Batch
from shrinkwise.solvers.passes import Passes
from shrinkwise.solvers.quadratic import violation, violations
from shrinkwise.solvers.working_set import WorkingSet

Item = TypeVar("Item")
Result = TypeVar("Result")

SMALL = 256  # with no more columns than this, all of them are the working set
WORTH_A_THREAD = 1 << 18  # numbers that a piece of work reads; below it, threads would wait for each other
SWEPT = 10  # times that a Gram is read
TURNS = 5  # of looking at majorizers of a concave penalty again, each of many steps
NEAR = 1.2  # times its strength: the strength before, as it were, of a solution that a problem starts near
AIM = 0.1  # of the tolerance: what a certificate that costs nothing is asked for; errors go with its root
AIM_FREE = 1e-7  # the same without a penalty: there is one such fit, and others print its digits
ROUNDS = 50  # of solving, looking at all columns and letting some in


class Lockstep:
    """Problems over one storage on their way down their paths; one product with X serves all of them.

    Parameters
    ----------
    design : Design
        Standardized, of k problems.
    problems : k problems
        Over views of the design.
    tol : float
        Relative duality gap to reach.
    max_iter : int
        Rounds of solving and looking at all columns, and Newton steps in each of them, at the most.
    small : bool
        Whether all columns are the working set, however many there are.
    lines : int
        Problems come in as many lines over the same sets of rows, each ending with the one of all rows.
    """

    def __init__(
        self,
        design: Design,
        problems: Sequence[Problem],
        tol: float,
        engine: LocalEngine,
        max_iter: int = ROUNDS,
        small: bool = False,
        lines: int = 1,
    ) -> None:
        self.design, self.problems, self.tol, self.engine, self.max_iter = design, list(problems), tol, engine, max_iter
        self.bases = list(problems)
        self.majorize: Callable[[Sequence[int]], None] | None = None  # bends the penalties of some problems
        self.batch = Batch(design, problems)
        self.null_losses = [problem.null_loss for problem in problems]
        self.lines = lines
        self.small = small or design.shape[1] <= SMALL
        self.alphas = np.full(len(problems), np.inf)
        everyone = list(range(len(problems)))
        self.movable = [problem.rows.upper - problem.rows.lower > 0 for problem in problems]
        self.free = [np.flatnonzero(problem.free) for problem in problems]
        self.weakest = [_weakest(problem) for problem in problems]
        self.Q = np.empty((design.shape[1], len(problems)), order="F")
        self.look(everyone)
        self.batch.steepest = np.max(np.abs(self.Q), axis=0, initial=0.0)
        with_free = [i for i in everyone if len(self.free[i])]
        if with_free:
            for i in with_free:
                self.batch.sets[i].choose(self.free[i])
            nothing = np.zeros(len(problems))
            for _ in range(3):
                self.batch.solve(with_free, nothing, nothing, self.Q, ROUNDS, self.run)
                self.look(with_free)
        self.passes: Passes | None = None
        n, p = design.shape
        loss, grouped = self.batch.loss, any(problem.rows.grouped for problem in problems)
        plain = not (loss.quadratic or loss.kinked or loss.coupled or grouped or problems[0].outputs > 1)
        if plain and n * p**2 > CHEAP:
            self.passes = Passes(self.batch, self.null_losses, lines, self.small, self._read, self.run)
        self.tops = [alpha_max(problem.rows, self.Q[:, i]) for i, problem in enumerate(problems)]

    def start_from(self, other: Lockstep) -> None:
        """Where the first line of another stands."""
        everyone = list(range(len(self.problems)))
        for name in ("w", "b", "eta"):
            getattr(self.batch, name)[:] = getattr(other.batch, name)[..., everyone]
        self.look(everyone)

    def start_at(self, W: Array, alphas: Array) -> None:
        """At standardized coefficients (p, k), with intercepts to match: near the solutions at strengths (k,).

        Lines stand nearly alike, so that one Hessian of each set of rows serves all of them.
        """
        batch, everyone = self.batch, range(len(self.problems))
        fits, cols = len(everyone) // self.lines, np.flatnonzero(np.any(W, axis=1))
        batch.w[:], batch.eta[:] = W, self.design.matvec(W[cols], cols) + batch.b
        for i in everyone:
            batch.eta[:, i] += self.problems[i].offset
        before = batch.b[:fits].copy()
        batch.settle_intercepts(range(fits))  # and those of the other lines are much the same
        batch.b[fits:] = np.tile(batch.b[:fits], self.lines - 1)
        batch.eta[:, fits:] += np.tile(batch.b[:fits] - before, self.lines - 1)
        self.look(everyone)
        self.alphas = NEAR * np.asarray(alphas, dtype=np.float64)
        wanted = [self._wanted(i, alphas[i]) for i in everyone]
        sharing = [(fit, {i: wanted[i] for i in everyone[fit::fits]}) for fit in range(fits)]
        list(self.map(lambda part: self._share(*part), sharing, float("inf")))

    def _share(self, fit: int, members: dict[int, Array]) -> None:
        """The Hessian of a set of rows for its problem in each line: numbers of problems, and their working sets."""
        batch, passes = self.batch, self.passes
        at = len(self.problems) // self.lines - 1 if passes is not None and passes.shared is not None else fit
        whole = WorkingSet(self.problems[fit])
        whole.choose(self.problems[fit].rows.groups.whole(np.unique(np.concatenate(list(members.values())))))
        if not batch.loss.quadratic:
            whole.refresh(batch.eta[:, at])
        for i, cols in members.items():
            if not whole.formed or batch.loss.coupled:
                batch.sets[i].choose(cols)
                continue
            batch.sets[i].part_of(whole, cols)
        if passes is not None:
            places = np.unique(passes.blocks.source[list(members)])
            passes.blocks.curvature[:, places] = batch.loss.curvature(batch.y[:, at], batch.eta[:, at])[:, None]

    def look(self, which: Sequence[int], residuals: Array | None = None) -> None:
        """Q = −∇ of the loss at all columns for some problems: one product, cut into blocks of columns."""
        design = self.design.problem(which)
        residuals = self.batch.residuals(which) if residuals is None else residuals
        target = slice(None) if len(which) == len(self.problems) else which

        def fill(cols: slice) -> None:
            self.Q[cols, target] = design.rmatvec(residuals, cols)

        blocks = design.blocks()
        list(self.map(fill, blocks, design.shape[0] / len(blocks) * design.shape[1]))

    def map(self, function: Callable[[Item], Result], items: Sequence[Item], work: float) -> Iterator[Result]:
        """In threads where the work on one item is worth them; the results are the same bits either way."""
        worth = len(items) > 1 and work >= WORTH_A_THREAD
        return self.engine.map(function, items) if worth else map(function, items)

    def _read(self, function: Callable[[slice], Array], blocks: Sequence[slice]) -> Iterator[Array]:
        """``function(rows)`` for blocks of rows."""
        return self.map(function, blocks, self.design.shape[0] / len(blocks) * self.design.shape[1])

    def each(self, function: Callable[[int], None], which: Sequence[int], work: float) -> None:
        """``function(i)`` for some problems."""

        def guarded(i: int) -> None:
            self.engine.checkpoint()
            function(i)

        list(self.map(guarded, which, work))

    def run(self, function: Callable[[int], None], which: Sequence[int]) -> None:
        """``function(i)`` for some problems, for work on their Grams."""
        widest = max((len(self.batch.sets[i].cols) for i in which), default=0)
        self.each(function, which, widest * max(self.design.shape[0], SWEPT * widest))

    def step(self, alphas: Array) -> tuple[Array, Array]:
        """Solve every problem at its next strength; returns relative gaps and Newton steps, both (k,)."""
        everyone = list(range(len(self.problems)))
        tols = np.array([self.tolerance(i, alphas[i]) for i in everyone])
        for i in everyone:
            self.choose(i, alphas[i])
        gaps, steps = np.full(len(everyone), np.inf), np.zeros(len(everyone), dtype=np.int64)
        if self.passes is not None:
            gaps, steps = self._by_passes(self.passes, alphas, tols)
            self.batch.endless[:] = [
                self.batch.watched and self.problems[i].separated(self.batch.eta[:, i]) for i in everyone
            ]
        pending, tries, best = self._above_tol(gaps), 0, np.full(len(everyone), np.inf)
        if self.passes is not None:
            self.passes.forget(pending)
        for _ in range(self.max_iter if pending else 0):
            taken, _ = self.batch.solve(pending, alphas, tols, self.Q, self.max_iter, self.run)
            steps += taken
            if self.majorize is not None:
                self.majorize(pending)
            self.look(pending)
            ended = self.batch.endless
            pending = [i for i in pending if not ended[i] and self._unfinished(i, alphas[i], tols[i], best)]
            if pending:
                continue
            for i in self._above_tol(gaps):
                gaps[i] = self.gap(i, alphas[i])
            pending = [i for i in self._above_tol(gaps) if not ended[i]]
            tries += 1
            if not pending or tries > 3:
                break
            tols[pending] *= 1e-3
            best[pending] = np.inf
            self.batch.restart(pending)
            self.look(pending)
        for i in pending:
            gaps[i] = self.gap(i, alphas[i])
        self.alphas = np.array(alphas, dtype=np.float64)
        return gaps, steps

    def step_concave(self, alphas: Array, concave: Concave) -> tuple[Array, Array]:
        """`step` over majorizers, until each is the one at its own minimum; the gaps are theirs."""
        self.passes = None  # its proofs are for one penalty
        bases = [problem.rows.times(alpha) for problem, alpha in zip(self.bases, alphas, strict=True)]

        def majorizer(i: int, cols: Array, w: Array) -> Rows:
            return concave.majorizer(bases[i].take(cols), w)

        def majorize(which: Sequence[int]) -> None:
            for i in which:
                rows = concave.majorizer(bases[i], self.batch.w[:, i])  # at their strength
                problem = replace(self.problems[i], rows=rows.times(1 / alphas[i] if alphas[i] > 0 else 1.0))
                self.problems[i] = self.batch.problems[i] = self.batch.sets[i].problem = problem

        self.batch.majorizer, self.majorize = majorizer, majorize
        majorize(range(len(self.problems)))
        total = np.zeros(len(self.problems), dtype=np.int64)
        for _ in range(TURNS):
            gaps, steps = self.step(alphas)
            total += steps
            if np.all(gaps <= self.tol):
                break
        return gaps, total

    def _by_passes(self, passes: Passes, alphas: Array, tols: Array) -> tuple[Array, Array]:
        """Gaps, infinite where another solver is needed, and steps; the look at all columns is that of the duals."""
        pending = list(range(len(self.problems)))
        gaps, steps = np.full(len(pending), np.inf), np.zeros(len(pending), dtype=np.int64)
        for _ in range(self.max_iter):
            aim = (AIM if np.any(alphas) else AIM_FREE) * self.tol
            found, taken = passes.solve(pending, alphas, aim, 0.01 * tols, self.Q)
            steps += taken
            gaps[pending] = found[pending]
            pending = [i for i in pending if gaps[i] <= self.tol]
            if not pending or passes.blocks.duals is None:
                break
            known = [self.Q[self.batch.sets[i].cols, i] for i in pending]
            self.look(pending, passes.blocks.duals[:, pending])
            for i, slopes in zip(pending, known, strict=True):
                self.Q[self.batch.sets[i].cols, i] = slopes
            pending = [i for i in pending if self._let_in(i, alphas[i], 0.0)]
            for i in pending:
                gaps[i] = np.inf
                passes.grown(i)
            if not pending:
                break
        return gaps, steps

    def _above_tol(self, gaps: Array) -> list[int]:
        return [i for i, gap in enumerate(gaps) if not gap <= self.tol]

    def gap(self, i: int, alpha: float) -> float:
        """Relative duality gap of one problem where it stands."""
        batch = self.batch
        gap = self.problems[i].gap(alpha, batch.w[:, i], float(batch.b[i]), batch.eta[:, i], self.Q[:, i])
        return gap / self.null_losses[i] if self.null_losses[i] > 0 else gap

    def tolerance(self, i: int, alpha: float) -> float:
        """The violation δ that leaves half of the gap: gap ≤ Σ|w|·δ ≤ (null loss / α l1)·δ, at the weakest l1."""
        return 0.5 * self.tol * alpha * self.weakest[i]

    def choose(self, i: int, alpha: float) -> None:
        """The working set for the next strength."""
        own = self.batch.sets[i]
        if not self.small or len(own.cols) < np.count_nonzero(self.movable[i]):
            self._adopt(i, self._wanted(i, alpha))

    def _wanted(self, i: int, alpha: float) -> Array:
        """Columns by the sequential strong rule (Tibshirani et al. 2012, eq. 18), or all of them where they are few."""
        own, movable = self.batch.sets[i], self.movable[i]
        if self.small:
            return np.flatnonzero(movable)
        weak = max(2 * alpha - min(self.alphas[i], self.tops[i]), 0.0)
        wanted = self.batch.w[:, i] != 0
        wanted[self.free[i]] = True
        candidates = self._above(i, weak)
        candidates = candidates[movable[candidates] & ~wanted[candidates]]
        rows = self.problems[i].rows
        pull = rows.take(candidates).beyond(self.Q[candidates, i], weak)
        wanted[_largest(candidates, pull, max(100, int(np.count_nonzero(wanted))))] = True
        wanted[rows.groups.whole(np.flatnonzero(wanted))] = True
        if len(own.cols) <= np.count_nonzero(wanted) + 100:
            wanted[own.cols] = True
        return np.flatnonzero(wanted)

    def _adopt(self, i: int, cols: Array) -> None:
        if self.batch.sets[i].choose(cols) and self.passes is not None:
            self.passes.grown(i)

    def _unfinished(self, i: int, alpha: float, tol: float, best: Array) -> bool:
        """Whether another round would help: columns that violate their condition are let in, rounding is let be."""
        floor = max(tol, FLOOR * self.batch.steepest[i])
        if self._let_in(i, alpha, floor):
            best[i] = np.inf
            return True
        own, rows = self.batch.sets[i], self.problems[i].rows
        worst = violation(self.Q[own.cols, i], self.batch.w[own.cols, i], rows.take(own.cols).times(alpha))
        shrinks = worst < 0.5 * best[i]
        best[i] = min(best[i], worst)
        return bool(worst > floor and shrinks)

    def _let_in(self, i: int, alpha: float, floor: float) -> bool:
        """Columns outside of the working set that violate their condition by more than ``floor`` are let in."""
        own, above = self.batch.sets[i], self._above(i, alpha)
        outside = above[~np.isin(above, own.cols, assume_unique=True)]
        excess = violations(
            self.Q[outside, i], self.batch.w[outside, i], self.problems[i].rows.take(outside).times(alpha)
        )
        new = _largest(outside[excess > floor], excess[excess > floor], max(100, len(own.cols)))
        whole = self.problems[i].rows.groups.whole(new)
        return len(new) > 0 and own.choose(np.union1d(own.cols, whole))

    def _above(self, i: int, alpha: float) -> Array:
        """Columns whose slope is beyond what the penalty holds at zero."""
        return np.flatnonzero(self.problems[i].rows.beyond(self.Q[:, i], alpha) > 0)


def _weakest(problem: Problem) -> float:
    """The smallest penalty of a column, 0 where there is none."""
    strengths = problem.rows.l1 + problem.rows.l2 + problem.rows.norm
    return float(np.min(strengths[strengths > 0])) if np.any(strengths > 0) else 0.0


def _largest(cols: Array, values: Array, limit: int) -> Array:
    """The columns with the largest values, at most ``limit``, ascending."""
    if len(cols) <= limit:
        return cols
    return np.sort(cols[np.argpartition(-values, limit)[:limit]])
