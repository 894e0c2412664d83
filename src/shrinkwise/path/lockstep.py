"""The route for rows: wide and sparse tables, and losses that are not squares. All problems march in lock-step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from scipy import sparse

from shrinkwise.design import Design
from shrinkwise.design.base import Array
from shrinkwise.engines import LocalEngine
from shrinkwise.path.base import LEAST_NORM, Block, FreeFit, Route
from shrinkwise.path.freedom import Gram, path_freedom
from shrinkwise.path.strengths import alpha_max
from shrinkwise.penalties import Penalty
from shrinkwise.problem import Problem, without_penalty
from shrinkwise.solvers.newton import FLOOR, Batch
from shrinkwise.solvers.quadratic import violation, violations

Item = TypeVar("Item")
Result = TypeVar("Result")

SMALL = 256  # with no more columns than this, all of them are the working set
WORTH_A_THREAD = 1 << 20  # entries of X behind a piece of work; below it, threads would wait for each other
MANY = 2000  # columns beyond which the fit without a penalty, which needs all of them, is left out
LEAST_NORM_ENTRIES = 50_000_000  # of X, up to which a fit of least norm is worth its time
SEPARABLE = "the classes can be separated, so that coefficients grow without end"
NO_FINITE_FIT = {"logistic": SEPARABLE, "multinomial": SEPARABLE}
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
    """

    def __init__(
        self, design: Design, problems: Sequence[Problem], tol: float, engine: LocalEngine, max_iter: int = ROUNDS
    ) -> None:
        self.design, self.problems, self.tol, self.engine, self.max_iter = design, list(problems), tol, engine, max_iter
        self.batch = Batch(design, problems)
        self.null_losses = [problem.null_loss for problem in problems]
        self.small = design.shape[1] <= SMALL
        self.alphas = np.full(len(problems), np.inf)
        everyone = list(range(len(problems)))
        self.Q = np.asfortranarray(self.slopes(everyone))
        self.batch.steepest = np.max(np.abs(self.Q), axis=0, initial=0.0)
        with_free = [i for i in everyone if np.any(problems[i].free)]
        if with_free:
            for i in with_free:
                self.batch.sets[i].choose(np.flatnonzero(problems[i].free))
            nothing = np.zeros(len(problems))
            for _ in range(3):
                self.batch.solve(with_free, nothing, nothing, self.Q, ROUNDS, self._run)
                self.Q[:, with_free] = self.slopes(with_free)
        self.tops = [alpha_max(problem.rows, self.Q[:, i]) for i, problem in enumerate(problems)]

    def slopes(self, which: Sequence[int]) -> Array:
        """−∇ of the loss for some problems, (p, len(which)): one product, cut into blocks of columns."""
        design, residuals = self.design.problem(which), self.batch.residuals(which)
        blocks = design.blocks()
        return np.concatenate(list(self._map(lambda cols: design.rmatvec(residuals, cols), blocks, design.shape[1])))

    def _map(self, function: Callable[[Item], Result], items: Sequence[Item], width: int) -> Iterator[Result]:
        """In threads where the work on ``width`` columns is worth them; the results are the same bits either way."""
        worth = len(items) > 1 and self.design.shape[0] * width >= WORTH_A_THREAD
        return self.engine.map(function, items) if worth else map(function, items)

    def _run(self, function: Callable[[int], None], which: Sequence[int]) -> None:
        """``function(i)`` for some problems."""

        def guarded(i: int) -> None:
            self.engine.checkpoint()
            function(i)

        widest = max((len(self.batch.sets[i].cols) for i in which), default=0)
        list(self._map(guarded, which, widest))

    def step(self, alphas: Array) -> tuple[Array, Array]:
        """Solve every problem at its next strength; returns relative gaps and Newton steps, both (k,)."""
        everyone = list(range(len(self.problems)))
        tols = np.array([self._tolerance(i, alphas[i]) for i in everyone])
        for i in everyone:
            self._choose(i, alphas[i])
        gaps, steps = np.full(len(everyone), np.inf), np.zeros(len(everyone), dtype=np.int64)
        pending, tries, best = everyone, 0, np.full(len(everyone), np.inf)
        for _ in range(self.max_iter):
            taken, _ = self.batch.solve(pending, alphas, tols, self.Q, self.max_iter, self._run)
            steps += taken
            self.Q[:, pending] = self.slopes(pending)
            ended = self.batch.endless
            pending = [i for i in pending if not ended[i] and self._unfinished(i, alphas[i], tols[i], best)]
            if pending:
                continue
            for i in everyone:
                if not gaps[i] <= self.tol:
                    gaps[i] = self.gap(i, alphas[i])
            pending = [i for i in everyone if not (ended[i] or gaps[i] <= self.tol)]
            tries += 1
            if not pending or tries > 3:
                break
            tols[pending] *= 1e-3
            best[pending] = np.inf
            self.batch.restart(pending)
            self.Q[:, pending] = self.slopes(pending)
        for i in pending:
            gaps[i] = self.gap(i, alphas[i])
        self.alphas = np.array(alphas, dtype=np.float64)
        return gaps, steps

    def gap(self, i: int, alpha: float) -> float:
        """Relative duality gap of one problem where it stands."""
        batch = self.batch
        gap = self.problems[i].gap(alpha, batch.w[:, i], float(batch.b[i]), batch.eta[:, i], self.Q[:, i])
        return gap / self.null_losses[i] if self.null_losses[i] > 0 else gap

    def _tolerance(self, i: int, alpha: float) -> float:
        """The violation δ that leaves half of the gap: gap ≤ Σ|w|·δ ≤ (null loss / α l1)·δ, at the weakest l1."""
        rows = self.problems[i].rows
        strengths = rows.l1 + rows.l2 + rows.norm
        strengths = strengths[strengths > 0]
        return 0.5 * self.tol * alpha * float(np.min(strengths, initial=np.inf)) if len(strengths) else 0.0

    def _choose(self, i: int, alpha: float) -> None:
        """The working set for the next strength: the sequential strong rule (Tibshirani et al. 2012, eq. 18)."""
        own, problem, w = self.batch.sets[i], self.problems[i], self.batch.w[:, i]
        movable = problem.rows.upper - problem.rows.lower > 0
        if self.small:
            if len(own.cols) < np.count_nonzero(movable):
                own.choose(np.flatnonzero(movable))
            return
        weak = max(2 * alpha - min(self.alphas[i], self.tops[i]), 0.0)
        candidates = self._above(i, weak)
        wanted = (w != 0) | problem.free
        candidates = candidates[movable[candidates] & ~wanted[candidates]]
        pull = problem.rows.beyond(self.Q[:, i], weak)[candidates]
        wanted[_largest(candidates, pull, max(100, 2 * int(np.count_nonzero(wanted))))] = True
        wanted[problem.rows.groups.whole(np.flatnonzero(wanted))] = True
        if len(own.cols) <= 2 * np.count_nonzero(wanted) + 100:
            wanted[own.cols] = True
        own.choose(np.flatnonzero(wanted))

    def _unfinished(self, i: int, alpha: float, tol: float, best: Array) -> bool:
        """Whether another round would help: columns that violate their condition are let in, rounding is let be."""
        own, rows = self.batch.sets[i], self.problems[i].rows
        w, q = self.batch.w[:, i], self.Q[:, i]
        outside = np.setdiff1d(self._above(i, alpha), own.cols, assume_unique=True)
        excess = violations(q[outside], w[outside], rows.take(outside).times(alpha))
        floor = max(tol, FLOOR * self.batch.steepest[i])
        new = _largest(outside[excess > floor], excess[excess > floor], max(100, len(own.cols)))
        if len(new):
            own.choose(np.union1d(own.cols, rows.groups.whole(new)))
            best[i] = np.inf
            return True
        worst = violation(q[own.cols], w[own.cols], rows.take(own.cols).times(alpha))
        shrinks = worst < 0.5 * best[i]
        best[i] = min(best[i], worst)
        return bool(worst > floor and shrinks)

    def _above(self, i: int, alpha: float) -> Array:
        """Columns whose slope is beyond what the penalty holds at zero."""
        return np.flatnonzero(self.problems[i].rows.beyond(self.Q[:, i], alpha) > 0)


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
    outputs : tuple of int
        The number of predictors that a row has, or none where it is one.
    """

    def __init__(
        self,
        design: Design,
        problems: Sequence[Sequence[Problem]],
        penalties: Sequence[Penalty],
        test_weights: Array,
        column_unit: Array,
        *,
        outputs: tuple[int, ...] = (),
        tol: float,
        engine: LocalEngine,
        progress: Callable[[int], None],
    ) -> None:
        self.problems, self.penalties, self.test_weights = problems, penalties, test_weights
        self.column_unit, self.tol, self.engine, self.progress = column_unit, tol, engine, progress
        self.fits = design.n_problems
        self.several = outputs
        self.design = design
        flat = [problem for line in problems for problem in line]
        self.lockstep = Lockstep(design.problem(list(range(self.fits)) * len(problems)), flat, tol, engine)
        null = [problem.null_eta for problem in problems[0][:-1]]
        self.null_score = np.array([self._scores(k, eta)[1] for k, eta in enumerate(null)])

    def _scores(self, fold: int, eta: Array) -> tuple[float, float]:
        problem = self.problems[0][fold]
        rows = problem.loss.score(problem.y, eta)
        unit = problem.unit**problem.loss.degree
        return unit * float(problem.weights @ rows), unit * float(self.test_weights[:, fold] @ rows)

    def tops(self) -> Array:
        tops = []
        for ratio, line in enumerate(self.problems):
            last = (ratio + 1) * self.fits - 1
            tops.append(alpha_max(line[-1].rows, self.lockstep.Q[:, last], line[-1].null_spread))
        return np.array(tops)

    def advance(self, alphas: Array) -> Block:
        n_ratios, n_alphas = alphas.shape
        shape = (n_ratios, n_alphas, self.fits)
        intercepts, gaps, n_iter = np.empty(shape + self.several), np.empty(shape), np.empty(shape, dtype=np.int64)
        train, test = np.empty((n_ratios, n_alphas, self.fits - 1)), np.empty((n_ratios, n_alphas, self.fits - 1))
        deviance = np.empty((n_ratios, n_alphas))
        coefs: list[list[Array]] = [[] for _ in self.lockstep.problems]
        for a in range(n_alphas):
            gap, steps = self.lockstep.step(np.repeat(alphas[:, a], self.fits))
            gaps[:, a], n_iter[:, a] = gap.reshape(n_ratios, -1), steps.reshape(n_ratios, -1)
            batch = self.lockstep.batch
            for i, problem in enumerate(self.lockstep.problems):
                ratio, fit = divmod(i, self.fits)
                coef, intercepts[ratio, a, fit] = problem.in_data_units(
                    batch.w[:, i], float(batch.b[i]), self.column_unit
                )
                coefs[i].append(sparse.csr_array(coef[None]))
                if fit < self.fits - 1:
                    train[ratio, a, fit], test[ratio, a, fit] = self._scores(fit, batch.eta[:, i])
                else:
                    rows = problem.loss.deviance(problem.y, batch.eta[:, i])
                    deviance[ratio, a] = problem.unit**problem.loss.degree * float(problem.weights @ rows)
            self.progress(len(self.lockstep.problems))
        stacked = [sparse.vstack(rows, format="csr") for rows in coefs]
        lines = tuple(tuple(stacked[ratio * self.fits :][: self.fits]) for ratio in range(n_ratios))
        return Block(lines, intercepts, gaps, n_iter, train, test, deviance)

    def degrees_of_freedom(self, block: Block, alphas: Array) -> Array:
        freedom = []
        for ratio, (line, problems) in enumerate(zip(block.coefs, self.problems, strict=True)):
            problem, intercepts = problems[-1], block.intercepts[ratio, :, -1]
            W = np.array([problem.standardized(coef, self.column_unit) for coef in line[-1].toarray()])
            features = np.arange(len(W[0]) - problem.n_intercepts)
            varies = not problem.loss.quadratic
            gram = _grams(problem, W, intercepts)
            freedom.append(path_freedom(W[:, features], problem.rows.take(features), alphas[ratio], gram, varies))
        return np.array(freedom)

    def unpenalized(self) -> FreeFit | None:
        problems = self.problems[0]
        n, p = self.design.shape
        if p >= min(int(np.count_nonzero(problem.weights)) for problem in problems):
            if not problems[0].loss.quadratic:
                return None
            return self._least_norm() if n * p <= LEAST_NORM_ENTRIES else None
        if p > MANY:
            return None
        lockstep = Lockstep(self.design, problems, self.tol, self.engine)
        lockstep.small = lockstep.batch.watched = True
        gaps, _ = lockstep.step(np.zeros(self.fits))
        batch = lockstep.batch
        converged = bool(np.all(gaps <= self.tol) and not np.any(batch.endless))
        note = "" if converged else NO_FINITE_FIT.get(problems[0].loss.name, "coefficients grow without end")
        return self._free_fit(batch.w, batch.b, batch.eta, float(np.max(gaps)), converged, note)

    def _least_norm(self) -> FreeFit:
        """Of all fits that reproduce the training rows, the one whose standardized coefficients are smallest."""
        n, p = self.design.shape
        w, eta = np.zeros((p, self.fits)), np.zeros((n, self.fits))
        for i, problem in enumerate(self.problems[0]):
            rows = np.flatnonzero(problem.weights)
            pick = np.zeros((n, len(rows)))
            pick[rows, np.arange(len(rows))] = 1.0
            columns = np.concatenate([problem.design.rmatvec(pick[:, [j]]) for j in range(len(rows))], axis=1)
            w[:, i] = columns @ (np.linalg.pinv(columns.T @ columns, hermitian=True) @ problem.y[rows])
            eta[:, i] = problem.predictor(w[:, i], 0.0)
        return self._free_fit(w, np.zeros(self.fits), eta, 0.0, True, LEAST_NORM)

    def _free_fit(self, w: Array, b: Array, eta: Array, gap: float, converged: bool, note: str) -> FreeFit:
        fits = [
            without_penalty(problem).in_data_units(w[:, i], float(b[i]), self.column_unit)
            for i, problem in enumerate(self.problems[0])
        ]
        scores = [self._scores(fold, eta[:, fold]) for fold in range(self.fits - 1)]
        coefs, intercepts = (np.array(part) for part in zip(*fits, strict=True))
        train, test = (np.array(part) for part in zip(*scores, strict=True))
        return FreeFit(train, test, coefs, intercepts, gap, converged, note)


def _grams(problem: Problem, W: Array, intercepts: Array) -> Gram:
    """`Problem.hessian` of the fits (W, intercepts) of a path."""

    def gram(index: int | None, cols: Array) -> Array:
        flat = index is None or problem.loss.quadratic
        return problem.hessian(cols, None if flat else problem.predictor_of(W[index], intercepts[index]))

    return gram
