"""Prox-Newton on working sets where a step and its certificate are one pass over the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.dual_scaling import feasible_scaling, scaled_gap
from shrinkwise.penalties import Rows
from shrinkwise.problem import FEASIBLE
from shrinkwise.solvers.blocks import Move, blocks_of
from shrinkwise.solvers.newton import ARMIJO, Batch
from shrinkwise.solvers.quadratic import violation
from shrinkwise.solvers.shared import Read, SharedHessian

STEPS = 20  # at one strength; what has not settled by then is left to the solver that looks for rounding
STALE = 0.1  # a step that leaves more than this share of the violation finds a fresh Hessian
AHEAD = 1.5  # times the way that a first step has gone: where a Hessian is made, for the strengths to come
REACH = 0.2  # how far ahead at most, so that curvatures stay near those at hand where strengths are far apart
LESS = 0.5  # a step that leaves no more than this share of the gap needs no other proof that it went down
SHORTEST = 1e-12  # step
EXACT = 1e-14  # violations below this share of the steepest gradient are rounding

Run = Callable[[Callable[[int], None], Sequence[int]], object]


@dataclass(frozen=True, eq=False)
class Model:
    """The minimum of the quadratic model of one problem."""

    number: int
    cols: Array
    rows: Rows  # at their strength
    old: Array
    new: Array
    q: Array  # slope of the model's dual point
    shift: float  # of the intercept
    promised: float  # change of the objective, to first order in the loss: negative
    solved: bool

    def at(self, length: float) -> Array:
        return self.new if length == 1 else self.old + length * (self.new - self.old)


class Passes:
    """Newton steps for all problems of a batch, for losses that are not quadratic.

    The model of the loss at η with curvatures h brings a dual point with it: θ = −ℓ'(η) − h·Xd, the residual that the
    model foresees after its step d. Its slope is q − Gd, which the solution of the model makes feasible, whatever h
    is. Next to the fit after the step its gap is of fourth order in d with a fresh h, and of second order with an old
    one; a residual scaled into the dual feasible set is of first order. So a path of many strengths takes one or two
    passes for each of them, and few Hessians.

    Parameters
    ----------
    batch : Batch
    null_losses : array of shape (k,)
        The units of the gaps.
    lines : int
        Problems come in as many lines over the same sets of rows, each ending with the one of all rows.
    whole : bool
        Whether the working sets are all columns; else others have to look at the rest of them with `duals`.
    read, run : functions
        Map a function over blocks of rows, or over problems; perhaps in threads.
    """

    def __init__(
        self, batch: Batch, null_losses: Sequence[float], lines: int, whole: bool, read: Read, run: Run
    ) -> None:
        self.batch, self.null_losses, self.read, self.run = batch, null_losses, read, run
        k = len(batch.problems)
        fits = k // lines
        first, weights = batch.design.problem(list(range(fits))), batch.weights[:, :fits]
        shared = whole and SharedHessian.serves(first, weights)
        self.shared = SharedHessian(first, weights) if shared else None
        self.blocks = blocks_of(batch, np.arange(k) // fits if self.shared else np.arange(k), whole)
        self.owners = [int(np.flatnonzero(self.blocks.source == line)[-1]) for line in np.unique(self.blocks.source)]
        self.start = batch.eta[:, self.owners]  # predictors of the owners of curvatures at the strength before
        self.pulls = np.zeros(k)  # Σ residuals
        self.moved = np.ones(k, dtype=bool)  # gradients, pulls and slopes are not those of the predictor

    def forget(self, which: Sequence[int]) -> None:
        """Others have moved some problems and made Hessians for them."""
        self.moved[which] = True
        for i in which:
            self.batch.sets[i].h = None

    def grown(self, i: int) -> None:
        """A working set has new columns, whose slopes are not known."""
        self.moved[i] = True

    def solve(
        self, which: Sequence[int], alphas: Array, tol: float, exact: Array, slopes: Array
    ) -> tuple[Array, Array]:
        """Newton steps until the certificate holds on the working sets.

        Parameters
        ----------
        which : numbers of problems
        alphas, exact : arrays of shape (k,)
            Strengths, and the violations that the solutions of the models may leave.
        slopes : array of shape (p, k)
            −∇ of the losses; kept with the coefficients on the working sets.

        Returns
        -------
        (Array, Array)
            Relative gaps, infinite where the certificate was not reached, and steps, both (k,).
        """
        batch, k = self.batch, len(self.batch.problems)
        steps, gaps, before = np.zeros(k, dtype=np.int64), np.full(k, np.inf), np.full(k, np.inf)
        rows = {i: batch.problems[i].rows.take(batch.sets[i].cols).times(alphas[i]) for i in which}
        active = list(which)
        self._catch_up(slopes)
        self.start = batch.eta[:, self.owners]
        for _ in range(STEPS):
            stale = []
            for i in active:
                own = batch.sets[i]
                worst = max(violation(slopes[own.cols, i], batch.w[own.cols, i], rows[i]), abs(self.pulls[i]))
                if own.h is None or worst > STALE * before[i]:
                    stale.append(i)
                before[i] = worst
            self._refresh(stale)
            self._step(self._models(active, rows, exact, slopes), slopes, gaps)
            steps[active] += 1
            active = [i for i in active if not gaps[i] <= tol]
            if not active:
                break
        gaps[active] = np.inf
        return gaps, steps

    def _refresh(self, which: Sequence[int]) -> None:
        """Fresh Hessians, and the curvatures that they are made of."""
        batch, blocks = self.batch, self.blocks
        if self.shared is None:

            def fresh(i: int) -> None:
                eta = self._ahead(i)
                blocks.curvature[:, i] = batch.loss.curvature(batch.y[:, i], eta)
                batch.sets[i].refresh(eta)

            self.run(fresh, which)
            return
        for line in sorted({int(blocks.source[i]) for i in which}):
            members = np.flatnonzero(blocks.source == line)
            blocks.curvature[:, line] = batch.loss.curvature(batch.y[:, members[-1]], self._ahead(int(members[-1])))
            parts = self.shared.hessians(blocks.curvature[:, line], self.read)
            for i, (gram, column, total) in zip(members, parts, strict=True):
                own, h = batch.sets[i], blocks.curvature[:, line]  # which no new column asks for: all are in
                own.adopt(h, gram[np.ix_(own.cols, own.cols)], column[own.cols], total)

    def _ahead(self, i: int) -> Array:
        """A predictor on the way that a problem has gone at this strength: its Hessian has to serve those to come."""
        eta = self.batch.eta[:, i]
        return np.asarray(eta + np.clip(AHEAD * (eta - self.start[:, self.blocks.source[i]]), -REACH, REACH))

    def _models(self, active: list[int], rows: dict[int, Rows], exact: Array, slopes: Array) -> list[Model]:
        """The minima of the quadratic models."""
        models: dict[int, Model] = {}

        def settle(i: int) -> None:
            own, pull = self.batch.sets[i], self.pulls[i]
            old, slope = self.batch.w[own.cols, i], slopes[own.cols, i]
            new, q = old.copy(), slope - own.column * (pull / own.total)
            tol = max(0.0 if np.any(rows[i].unpenalized) else exact[i], EXACT * self.batch.steepest[i])
            own.minimize(q, new, rows[i], tol)
            shift = (pull - float(own.column @ (new - old))) / own.total if self.batch.free_intercept else 0.0
            promised = float(np.sum(rows[i].value(new) - rows[i].value(old)) - slope @ (new - old) - pull * shift)
            solved = violation(q, new, rows[i]) <= tol
            models[i] = Model(i, own.cols, rows[i], old, new, q, shift, promised, solved)

        self.run(settle, active)
        return [models[i] for i in active]

    def _step(self, models: list[Model], slopes: Array, gaps: Array) -> None:
        """Go to the minima of the models, or less far where neither the gap nor the objective falls enough."""
        batch, which = self.batch, [model.number for model in models]
        for model in models:
            batch.w[model.cols, model.number] = model.new
        shifts = np.array([model.shift for model in models])
        batch.b[which] += shifts
        taus = np.array([feasible_scaling(model.rows, model.new, model.q)[1] for model in models])
        slacks = self._pass(which, [model.new - model.old for model in models], shifts, taus, slopes)
        for model, slack in zip(models, slacks, strict=True):
            i, last = model.number, gaps[model.number]
            gaps[i] = self._gap(model, float(slack))
            if not (gaps[i] < np.inf and gaps[i] <= LESS * last):
                self._back_off(model)
        self._catch_up(slopes)

    def _back_off(self, model: Model) -> None:
        """Halve a step until the objective falls by a share of what the model promises."""
        batch, i = self.batch, model.number
        union = batch.union([i])
        step = (model.new - model.old)[np.argsort(model.cols)]
        change = batch.design.problem(i).matvec(step[:, None], union)[:, 0] + model.shift
        start, before, length = batch.eta[:, i] - change, float(np.sum(model.rows.value(model.old))), 1.0
        reference = batch.value(i, start)
        while length > SHORTEST:
            gained = batch.value(i, start + length * change) - reference
            gained += float(np.sum(model.rows.value(model.at(length)))) - before
            if gained <= ARMIJO * length * model.promised + 1e-14 * abs(reference):
                break
            length /= 2
        if length < 1:
            batch.w[model.cols, i] = model.at(length)
            batch.b[i] -= (1 - length) * model.shift
            batch.eta[:, i] = start + length * change
            self.moved[i] = True

    def _catch_up(self, slopes: Array) -> None:
        """Gradients, slopes and pulls of problems that have moved otherwise."""
        moved = [int(i) for i in np.flatnonzero(self.moved)]
        if moved:
            nowhere = [np.zeros(len(self.batch.sets[i].cols)) for i in moved]
            self._pass(moved, nowhere, np.zeros(len(moved)), np.zeros(len(moved)), slopes)
            self.moved[:] = False

    def _pass(self, which: list[int], steps: Sequence[Array], shifts: Array, taus: Array, slopes: Array) -> Array:
        """Move on by Xd + shift, take slopes and pulls there; the slack of the dual points of the models times τ."""
        batch = self.batch
        union = batch.union(which)
        within = [batch.within(union, i) for i in which]
        directions = np.zeros((len(batch.w[union]), len(which)))
        for column, (places, step) in enumerate(zip(within, steps, strict=True)):
            directions[places, column] = step
        move = Move(batch.design.problem(which), which, union, directions, shifts, taus)
        total = np.asarray(sum(self.read(self.blocks.reader(move), move.design.row_blocks())))
        for column, (places, i) in enumerate(zip(within, which, strict=True)):
            slopes[batch.sets[i].cols, i] = total[:-2][places, column]
        if batch.free_intercept:
            self.pulls[which] = total[-2]
        return np.asarray(total[-1])

    def _gap(self, model: Model, slack: float) -> float:
        """Relative gap after a full step; infinite where it certifies nothing."""
        problem, null = self.batch.problems[model.number], self.null_losses[model.number]
        rows = problem.noticeable(model.rows)
        if not (model.solved and np.isfinite(slack)):
            return np.inf
        rounding = rows.unpenalized & (np.abs(model.q) <= FEASIBLE * problem.slope_size)
        q = np.where(rounding, 0.0, model.q)
        tau = feasible_scaling(rows, model.new, q)[1]
        gap = float(scaled_gap(rows, model.new, tau * q, lambda _: np.asarray(slack), np.asarray(1.0)))
        return gap / null if null > 0 else gap
