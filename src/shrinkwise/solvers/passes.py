"""Prox-Newton where all columns are in the working sets: a step, its line search and its certificate are one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.penalties import Rows
from shrinkwise.problem import feasible_scaling, scaled_gap
from shrinkwise.solvers.newton import ARMIJO, Batch
from shrinkwise.solvers.quadratic import solve_quadratic, violation

STEPS = 20  # at one strength; what has not settled by then is left to the solver that looks for rounding
STALE = 0.1  # a step that leaves more than this share of the violation finds a fresh Hessian
EXACT = 1e-14  # violations below this share of the steepest gradient are rounding

Read = Callable[[Callable[[slice], Array], Sequence[slice]], Iterable[Array]]
Run = Callable[[Callable[[int], None], Sequence[int]], object]


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
    read, run : functions
        Map a function over blocks of rows, or over problems; perhaps in threads.
    """

    def __init__(self, batch: Batch, null_losses: Sequence[float], read: Read, run: Run) -> None:
        self.batch, self.null_losses, self.read, self.run = batch, null_losses, read, run
        self.values = np.full(len(batch.problems), np.nan)
        self.pulls = np.zeros(len(batch.problems))
        self.curvature = np.zeros_like(batch.eta)
        self.trial = np.empty_like(batch.eta)

    def forget(self, which: Sequence[int]) -> None:
        """Others have moved some problems."""
        self.values[which] = np.nan

    def solve(self, alphas: Array, tol: float, exact: Array, slopes: Array) -> tuple[Array, Array]:
        """Newton steps until the certificate holds.

        Parameters
        ----------
        alphas, exact : arrays of shape (k,)
            Strengths, and the violations that the solutions of the models may leave.
        slopes : array of shape (p, k)
            −∇ of the losses; kept with the coefficients.

        Returns
        -------
        (Array, Array)
            Relative gaps, infinite where the certificate was not reached, and steps, both (k,).
        """
        batch, k = self.batch, len(self.batch.problems)
        steps, gaps = np.zeros(k, dtype=np.int64), np.full(k, np.inf)
        rows = [problem.rows.take(own.cols).times(a) for problem, own, a in zip(batch.problems, batch.sets, alphas)]
        before = np.full(k, np.inf)
        self._begin(slopes)
        active = list(range(k))
        new: dict[int, Array] = {}
        model: dict[int, Array] = {}

        def settle(i: int) -> None:
            own = batch.sets[i]
            new[i] = batch.w[own.cols, i]
            model[i] = slopes[own.cols, i] - own.column * (self.pulls[i] / own.total)
            solve_quadratic(own.gram, model[i], new[i], rows[i], exact[i])

        for _ in range(STEPS):
            stale = []
            for i in active:
                own = batch.sets[i]
                worst = max(violation(slopes[own.cols, i], batch.w[own.cols, i], rows[i]), abs(self.pulls[i]))
                if own.h is None or worst > STALE * before[i]:
                    stale.append(i)
                before[i] = worst
            self._refresh(stale)
            self.run(settle, active)
            slacks = self._step(active, rows, new, model, slopes)
            steps[active] += 1
            for i in active:
                gaps[i] = self._gap(i, alphas[i], exact[i], new[i], model[i], slacks[i])
            active = [i for i in active if not gaps[i] <= tol]
            if not active:
                break
        gaps[active] = np.inf
        return gaps, steps

    def _refresh(self, which: Sequence[int]) -> None:
        """Fresh Hessians, and the curvatures that they are made of; held-out rows have none."""

        def fresh(i: int) -> None:
            problem, eta = self.batch.problems[i], self.batch.eta[:, i]
            self.curvature[:, i] = problem.loss.hessian(problem.y, eta) * (problem.weights > 0)
            self.batch.sets[i].refresh(eta)

        self.run(fresh, which)

    def _begin(self, slopes: Array) -> None:
        """Losses and pulls of problems that others have moved."""
        unknown = [int(i) for i in np.flatnonzero(np.isnan(self.values))]
        if unknown:
            still = np.zeros((len(self.batch.w), len(unknown)))
            slope, pull, value, _ = self._pass(unknown, still, np.zeros(len(unknown)), np.ones(len(unknown)))
            slopes[:, unknown], self.pulls[unknown], self.values[unknown] = slope, pull, value

    def _step(
        self, active: list[int], rows: list[Rows], new: dict[int, Array], model: dict[int, Array], slopes: Array
    ) -> dict[int, float]:
        """Go to the minima of the models, or as far towards them as the objectives fall; slacks of full steps."""
        batch = self.batch
        directions, shifts, lengths = np.zeros((len(batch.w), len(active))), np.zeros(len(active)), np.ones(len(active))
        taus, promised, before = np.ones(len(active)), np.zeros(len(active)), np.zeros(len(active))
        slacks: dict[int, float] = {}
        for c, i in enumerate(active):
            own, old = batch.sets[i], batch.w[batch.sets[i].cols, i]
            directions[own.cols, c] = new[i] - old
            if batch.free_intercept:
                shifts[c] = (self.pulls[i] - float(own.column @ (new[i] - old))) / own.total
            taus[c] = feasible_scaling(rows[i], new[i], model[i])[1]
            before[c] = float(np.sum(rows[i].value(old)))
            promised[c] = float(np.sum(rows[i].value(new[i]))) - before[c] - self.pulls[i] * shifts[c]
            promised[c] -= float(slopes[own.cols, i] @ (new[i] - old))
        waiting = list(range(len(active)))
        while waiting:
            which = [active[c] for c in waiting]
            length = lengths[waiting]
            slope, pull, value, slack = self._pass(
                which, directions[:, waiting] * length, shifts[waiting] * length, taus[waiting]
            )
            still = []
            for place, (c, i) in enumerate(zip(waiting, which, strict=True)):
                cols = batch.sets[i].cols
                w = new[i] if lengths[c] == 1 else batch.w[cols, i] + lengths[c] * directions[cols, c]
                gained = value[place] - self.values[i] + float(np.sum(rows[i].value(w))) - before[c]
                rounding = 1e-14 * abs(self.values[i])
                if not gained <= ARMIJO * lengths[c] * promised[c] + rounding and lengths[c] > 1e-12:
                    lengths[c] /= 2
                    still.append(c)
                    continue
                slacks[i] = float(slack[place]) if lengths[c] == 1 else np.inf
                batch.w[cols, i] = w
                batch.b[i] += lengths[c] * shifts[c]
                batch.eta[:, i] = self.trial[:, i]
                slopes[:, i], self.pulls[i], self.values[i] = slope[:, place], pull[place], value[place]
            waiting = still
        return slacks

    def _pass(self, which: list[int], directions: Array, shifts: Array, taus: Array) -> tuple[Array, ...]:
        """Slope, pull, loss at η + Xd + shift, and the slack there of the dual point of the model times τ."""
        batch, loss = self.batch, self.batch.loss
        design = batch.design.problem(which)
        blocks = design.row_blocks()
        cols = slice(None) if which == list(range(len(batch.problems))) else which

        def read(rows: slice) -> Array:
            part = design if len(blocks) == 1 else design.take(rows)
            y, s, eta = batch.y[rows, cols], batch.weights[rows, cols], batch.eta[rows, cols]
            change = part.matvec(directions)
            change += shifts
            theta = loss.gradient(y, eta)
            theta += self.curvature[rows, cols] * change
            theta *= taus  # −θ
            eta = eta + change
            slack = np.einsum("nk,nk->k", s, loss.slack(y, eta, theta))
            value = np.einsum("nk,nk->k", s, loss.value(y, eta))
            residual = loss.gradient(y, eta)
            residual *= -s
            self.trial[rows, cols] = eta
            pull = residual.sum(axis=0)
            return np.vstack([part.rmatvec(residual), pull, value, slack])

        total = np.asarray(sum(self.read(read, blocks)))
        pull = total[-3] if batch.free_intercept else np.zeros(len(which))
        return total[:-3], pull, total[-2], total[-1]

    def _gap(self, i: int, alpha: float, exact: float, w: Array, q: Array, slack: float) -> float:
        """Relative gap after a full step; infinite where it certifies nothing."""
        batch, problem, cols = self.batch, self.batch.problems[i], self.batch.sets[i].cols
        rows = problem.noticeable(problem.rows.times(alpha)).take(cols)
        if not np.isfinite(slack) or violation(q, w, rows) > max(exact, EXACT * batch.steepest[i]):
            return np.inf
        tau = feasible_scaling(rows, w, q)[1]
        gap = float(scaled_gap(rows, w, tau * q, lambda _: np.asarray(slack), np.asarray(1.0)))
        return gap / self.null_losses[i] if self.null_losses[i] > 0 else gap
