"""The route for rows: wide and sparse tables, and losses that are not squares. All problems march in lock-step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from shrinkwise.design import Design
from shrinkwise.design.base import Array
from shrinkwise.engines import LocalEngine
from shrinkwise.path.base import LEAST_NORM, Block, FreeFit, Refit, Route
from shrinkwise.path.freedom import Gram, path_freedom
from shrinkwise.path.least_norm import least_norm
from shrinkwise.path.lockstep import Lockstep
from shrinkwise.path.strengths import alpha_max
from shrinkwise.path.strides import Strides
from shrinkwise.path.walk import Nonzeros, Note
from shrinkwise.penalties import Penalty
from shrinkwise.penalties.concave import Concave
from shrinkwise.penalties.standardized import unpenalized_rows
from shrinkwise.problem import Problem, without_penalty

COSTLY = 10  # numbers that a loss is worth
MANY = 2000  # columns beyond which the fit without a penalty, which needs all of them, is left out
LEAST_NORM_ENTRIES = 50_000_000  # of X, up to which a fit of least norm is worth its time
SEPARABLE = "the classes can be separated, so that coefficients grow without end"
ORDERED = "features put the events in order, so that coefficients grow without end"
NO_FINITE_FIT = {"logistic": SEPARABLE, "multinomial": SEPARABLE, "cox": ORDERED}


class LockstepRoute(Route):
    """All folds and mixes in lock-step.

    Parameters
    ----------
    problems : K + 1 problems for each of R mixes
        Of each training set and, last, of all data.
    held_out : K pairs (places, weights)
        Of the held-out rows of each fold in η; weights of rows sum to 1.
    outputs : tuple of int
        The number of predictors that a row has, or none where it is one.
    """

    def __init__(
        self,
        design: Design,
        problems: Sequence[Sequence[Problem]],
        penalties: Sequence[Penalty],
        held_out: Sequence[tuple[Array, Array]],
        column_unit: Array,
        *,
        outputs: tuple[int, ...] = (),
        concave: Concave | None = None,
        tol: float,
        engine: LocalEngine,
        progress: Callable[[int], None],
    ) -> None:
        self.problems, self.penalties, self.held_out = problems, penalties, held_out
        self.column_unit, self.tol, self.engine, self.progress = column_unit, tol, engine, progress
        self.fits = design.n_problems
        self.several, self.concave = outputs, concave
        self.design = design
        flat = [problem for line in problems for problem in line]
        everyone = design.problem(list(range(self.fits)) * len(problems))
        self.lockstep = self._march(everyone, flat, lines=len(problems))
        plain = concave is None and isinstance(self.lockstep, Lockstep) and Strides.serve(self.lockstep)
        self.strides = Strides(self.lockstep) if plain else None
        null = [problem.null_eta for problem in problems[0][:-1]]
        self.null_score = np.array([self._scores(k, eta)[1] for k, eta in enumerate(null)])

    def _march(self, design: Design, problems: Sequence[Problem], small: bool = False, lines: int = 1) -> Any:
        """A `Lockstep`, or what stands for one."""
        return Lockstep(design, problems, self.tol, self.engine, small=small, lines=lines)

    def _scores(self, fold: int, eta: Array) -> tuple[float, float]:
        problem = self.problems[0][fold]
        rows = problem.loss.score(problem.y, eta)
        unit, (places, weights) = problem.unit**problem.loss.degree, self.held_out[fold]
        return unit * float(problem.weights @ rows), unit * float(weights @ rows[places])

    def tops(self) -> Array:
        tops = []
        for ratio, line in enumerate(self.problems):
            last = (ratio + 1) * self.fits - 1
            tops.append(alpha_max(line[-1].rows, self.lockstep.Q[:, last], line[-1].null_spread))
        return np.array(tops)

    def start(self, coefs: sparse.csr_array, alphas: Array) -> None:
        found, unit = coefs.toarray(), self.column_unit
        flat = [(problem, coef) for line in self.problems for problem, coef in zip(line, found, strict=True)]
        W = [np.clip(problem.standardized(w, unit), problem.rows.lower, problem.rows.upper) for problem, w in flat]
        self.lockstep.start_at(np.array(W).T, np.repeat(alphas, self.fits))
        self.strides = None

    def advance(self, alphas: Array) -> Block:
        n_ratios, n_alphas = alphas.shape
        shape = (n_ratios, n_alphas, self.fits)
        intercepts, gaps, n_iter = np.empty(shape + self.several), np.empty(shape), np.empty(shape, dtype=np.int64)
        train, test = np.empty((n_ratios, n_alphas, self.fits - 1)), np.empty((n_ratios, n_alphas, self.fits - 1))
        deviance = np.empty((n_ratios, n_alphas))
        found: list[list[tuple[Array, Array]]] = [[] for _ in self.lockstep.problems]

        def note(before: int, i: int, a: int, nonzeros: Nonzeros, b: float, eta: Array, gap: float, steps: int) -> None:
            a += before
            ratio, fit = divmod(i, self.fits)
            problem = self.lockstep.problems[i]
            cols, coef, intercepts[ratio, a, fit] = problem.nonzeros_in_data_units(*nonzeros, b, self.column_unit)
            found[i].append((cols.astype(np.int32), coef))
            gaps[ratio, a, fit], n_iter[ratio, a, fit] = gap, steps
            if fit < self.fits - 1:
                train[ratio, a, fit], test[ratio, a, fit] = self._scores(fit, eta)
            else:
                deviance[ratio, a] = self._deviance(problem, eta)

        done = 0
        while done < n_alphas:
            done += self._go_on(np.repeat(alphas[:, done:], self.fits, axis=0), partial(note, done))
        width = self.design.shape[1] - self.problems[0][0].n_intercepts
        lines = [_stacked(found.pop(0), width) for _ in range(len(found))]
        coefs = tuple(tuple(lines[ratio * self.fits :][: self.fits]) for ratio in range(n_ratios))
        return Block(coefs, intercepts, gaps, n_iter, train, test, deviance)

    def _go_on(self, alphas: Array, note: Note) -> int:
        """Solve all problems at the first of some strengths (k, A), and perhaps a few more; returns how many."""
        march, count = self.lockstep, 1
        if self.strides is not None and self.strides.suit(alphas[:, : self.strides.length]):
            count = min(self.strides.length, alphas.shape[1])
            self.strides.march(alphas[:, :count], note)
        else:
            first, batch = alphas[:, 0], march.batch
            gaps, steps = march.step(first) if self.concave is None else march.step_concave(first, self.concave)

            def tell(i: int) -> None:
                cols = np.flatnonzero(batch.w[:, i])
                found = cols, batch.w[cols, i]
                note(i, 0, found, float(batch.b[i]), batch.eta[:, i], float(gaps[i]), int(steps[i]))

            march.each(tell, range(len(alphas)), len(batch.eta) * COSTLY)
        self.progress(count * len(alphas))
        return count

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

    def refit(self, fit: int, support: Array, coef: Array) -> Refit | None:
        problem = self.problems[0][fit]
        if len(support) + 1 >= np.count_nonzero(problem.weights):
            return None
        unit, rows = self.column_unit[support], unpenalized_rows(problem.rows.take(support))
        part = replace(problem, design=problem.design.columns(support), rows=rows)
        lockstep = Lockstep(part.design, [part], self.tol, LocalEngine(1), small=True)
        lockstep.batch.set_coefficients(0, part.standardized(coef, unit))
        lockstep.look([0])
        (gap,), _ = lockstep.step(np.zeros(1))
        batch = lockstep.batch
        found, intercept = part.in_data_units(batch.w[:, 0], float(batch.b[0]), unit)
        return Refit(found, intercept, float(gap))

    def scores(self, fit: int, coefs: Array, intercepts: Array) -> tuple[Array, Array]:
        problem, train, test = self.problems[0][fit], np.empty(len(coefs)), np.empty(len(coefs))
        for a, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True)):
            eta = problem.predictor_of(problem.standardized(coef, self.column_unit), intercept)
            if fit < self.fits - 1:
                train[a], test[a] = self._scores(fit, eta)
            else:
                train[a] = test[a] = self._deviance(problem, eta)
        return train, test

    @staticmethod
    def _deviance(problem: Problem, eta: Array) -> float:
        rows = problem.loss.deviance(problem.y, eta)
        return float(problem.unit**problem.loss.degree * (problem.weights @ rows))

    def unpenalized(self) -> FreeFit | None:
        problems = self.problems[0]
        n, p = self.design.shape
        if p >= min(int(np.count_nonzero(problem.weights)) for problem in problems):
            if not problems[0].loss.quadratic:
                return None
            n, p = problems[0].table[0].shape
            return self._least_norm() if n * p <= LEAST_NORM_ENTRIES else None
        if p > MANY:
            return None
        lockstep = self._march(self.design, problems, small=True)
        lockstep.batch.watched = True
        lockstep.start_from(self.lockstep)
        gaps, _ = lockstep.step(np.zeros(self.fits))
        batch = lockstep.batch
        converged = bool(np.all(gaps <= self.tol) and not np.any(batch.endless))
        note = "" if converged else NO_FINITE_FIT.get(problems[0].loss.name, "coefficients grow without end")
        return self._free_fit(batch.w, batch.b, batch.eta, float(np.max(gaps)), converged, note)

    def _least_norm(self) -> FreeFit:
        n, p = self.design.shape
        multipliers = np.zeros((n, self.fits), order="F")

        def fit(i: int) -> None:
            multipliers[:, i] = least_norm(self.problems[0][i])

        self.lockstep.each(fit, range(self.fits), n * p)
        w = self.design.rmatvec(multipliers)
        eta = self.design.matvec(w) + np.column_stack(
            [np.broadcast_to(problem.offset, n) for problem in self.problems[0]]
        )
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


def _stacked(rows: list[tuple[Array, Array]], width: int) -> sparse.csr_array:
    """Rows of nonzeros, as (columns, values), one below the other."""
    ends = np.cumsum([0, *(len(cols) for cols, _ in rows)])
    cols, values = (np.concatenate(part) for part in zip(*rows, strict=True))
    return sparse.csr_array((values, cols, ends), shape=(len(rows), width))
