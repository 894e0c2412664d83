"""Prox-Newton on working sets for many problems at once: each product with X serves all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from shrinkwise.design import Design
from shrinkwise.design.base import ALL, Array, Cols
from shrinkwise.design.dense import ROWS
from shrinkwise.penalties import Rows
from shrinkwise.problem import LEAP, Problem
from shrinkwise.solvers.quadratic import violation
from shrinkwise.solvers.working_set import WorkingSet

REUSE = 0.1  # a step that leaves more than this share of the violation finds a fresh Hessian
CHEAP = 4_000_000  # multiplications of a Hessian that is always made afresh
FLOOR = 2e-16  # violations below this share of the steepest gradient are rounding
STALLS = 4  # steps that do not halve the best violation: rounding has been reached
MAJORIZERS = 300  # of a concave penalty in one quadratic model
FALLS = 1e3  # roundings by which an objective falls while steps are worth taking
ARMIJO = 0.1  # share of the promised decrease that a step has to bring (Tseng & Yun 2009, eq. 9)
HALVINGS = 60
INTERCEPTS = 50

Map = Callable[[Callable[[int], None], Sequence[int]], object]


class Batch:
    """The state of k problems over one storage: coefficients, intercepts, predictors, working sets.

    Parameters
    ----------
    design : Design
        Standardized, of k problems.
    problems : k problems
        Over views of the design.
    """

    def __init__(self, design: Design, problems: Sequence[Problem]) -> None:
        self.design, self.problems = design, list(problems)
        k = len(self.problems)
        self.loss = self.problems[0].loss
        self.free_intercept = self.problems[0].free_intercept
        self.y = _side_by_side([problem.y for problem in self.problems])
        self.weights = _side_by_side([problem.weights for problem in self.problems])
        self.w, self.eta = (np.empty((size, k), order="F") for size in (design.shape[1], len(self.y)))
        self.b = np.array([problem.null_intercept for problem in self.problems])
        for i, problem in enumerate(self.problems):
            self.w[:, i], self.eta[:, i] = problem.null_w, problem.null_eta
        values = (np.abs(self.loss.value(y, eta)) for y, eta in zip(self.y.T, self.eta.T, strict=True))
        self.sizes = np.array([s @ value for s, value in zip(self.weights.T, values, strict=True)])  # of sums of losses
        self.sets = [WorkingSet(problem) for problem in self.problems]
        self.majorizer: Callable[[int, Array, Array], Rows] | None = None  # of a penalty that bends with w
        self.gains = np.zeros(k, dtype=bool)  # whether the last step lowered the objective by more than rounding
        self.watched = False  # whether to stop where a fit without a penalty turns out to be endless
        self.endless = np.zeros(k, dtype=bool)
        self.steepest = np.zeros(k)  # of the null model: what rounding is measured against

    def residuals(self, which: Sequence[int]) -> Array:
        """s · (−dℓ/dη) of some problems, (n, len(which))."""
        some: slice | Sequence[int] = slice(None) if len(which) == len(self.problems) else which  # a view of all
        out = np.empty((len(self.y), len(which)), order="F")
        block = len(out) if self.loss.coupled else ROWS * self.problems[0].outputs
        for start in range(0, len(out), block):
            rows = slice(start, start + block)
            residuals = self.loss.gradient(self.y[rows, some], self.eta[rows, some])
            np.multiply(-self.weights[rows, some], residuals, out=out[rows])
        return out

    def set_coefficients(self, i: int, w: Array) -> None:
        """Put a problem at w, with its best intercept."""
        self.w[:, i] = w
        self.restart([i])
        self.settle_intercepts([i])

    def restart(self, which: Sequence[int]) -> None:
        """Recompute predictors from coefficients, so that rounding of many updates does not add up."""
        for i in which:
            self.eta[:, i] = self.problems[i].predictor(self.w[:, i], self.b[i])

    def solve(
        self, which: Sequence[int], alphas: Array, tols: Array, slopes: Array, max_iter: int, run: Map
    ) -> tuple[Array, Array]:
        """Minimize some problems over their working sets.

        Parameters
        ----------
        which : numbers of problems
        alphas, tols : arrays of shape (k,)
            Strengths, and the largest violations of the optimality conditions to leave.
        slopes : array of shape (p, k)
            −∇ of the losses at the present coefficients.
        run : function
            Calls a function for each of some problems, perhaps in threads.

        Returns
        -------
        (Array, Array)
            Newton steps taken by each problem, (k,), and which of them have settled. The squared loss takes one
            step: its model is exact, and the next look at all columns tells what rounding has left.
        """
        k = len(self.problems)
        steps, settled = np.zeros(k, dtype=np.int64), np.zeros(k, dtype=bool)
        best, previous, stalled = np.full(k, np.inf), np.full(k, np.inf), np.zeros(k, dtype=np.int64)
        rows = {i: self.problems[i].rows.take(self.sets[i].cols).times(alphas[i]) for i in which}
        slope = {i: slopes[self.sets[i].cols, i] for i in which}
        pull = self.residuals(which).sum(axis=0) if self.free_intercept else np.zeros(len(which))
        pulls = dict(zip(which, pull, strict=True))
        active = list(which)
        value: dict[int, float] = {}
        for step in range(max_iter):
            if self.majorizer is not None:
                rows |= {i: self.majorizer(i, self.sets[i].cols, self.w[self.sets[i].cols, i]) for i in active}
            stale = []
            for i in list(active):
                worst = max(violation(slope[i], self.w[self.sets[i].cols, i], rows[i]), abs(pulls[i]))
                stalled[i] = 0 if worst < 0.5 * best[i] or (self.loss.kinked and self.gains[i]) else stalled[i] + 1
                best[i] = min(best[i], worst)
                self.endless[i] = self.watched and self.problems[i].separated(self.eta[:, i])
                if worst <= max(tols[i], FLOOR * self.steepest[i]) or stalled[i] > STALLS or self.endless[i]:
                    settled[i] = True
                    active.remove(i)
                    continue
                cheap = not self.sets[i].formed or len(self.y) * len(slope[i]) ** 2 <= CHEAP
                if self.sets[i].h is None or (not self.loss.quadratic and (cheap or worst > REUSE * previous[i])):
                    stale.append(i)
                previous[i] = worst
            if not active:
                break
            run(lambda i: self.sets[i].refresh(self.eta[:, i]), stale)
            self._step(active, rows, slope, pulls, previous, tols, value, run)
            steps[active] += 1
            if self.loss.quadratic or step == max_iter - 1:
                break
            residual = self.residuals(active)
            union = self.union(active)
            fresh = self.design.problem(active).rmatvec(residual, union)
            for column, i in enumerate(active):
                slope[i] = fresh[self.within(union, i), column]
                pulls[i] = float(residual[:, column].sum()) if self.free_intercept else 0.0
        self.settle_intercepts([i for i in which if steps[i]])
        return steps, settled

    def union(self, which: Sequence[int]) -> Cols:
        """All columns that some problem works on."""
        union = np.unique(np.concatenate([self.sets[i].cols for i in which]))
        return ALL if len(union) == len(self.w) else union

    def within(self, union: Cols, i: int) -> Array:
        cols = self.sets[i].cols
        return cols if isinstance(union, slice) else np.searchsorted(union, cols)

    def _step(
        self,
        active: list[int],
        rows: dict[int, Rows],
        slope: dict[int, Array],
        pulls: dict[int, float],
        worst: Array,
        tols: Array,
        value: dict[int, float],
        run: Map,
    ) -> None:
        """Solve the quadratic models and go along each as far as its objective agrees."""
        new: dict[int, Array] = {}

        def settle(i: int) -> None:
            own = self.sets[i]
            new[i] = self.w[own.cols, i]
            q = slope[i] - own.column * (pulls[i] / own.total)
            tol = own.share * tols[i]
            if not self.loss.quadratic:
                tol = max(tol, min(0.1, worst[i]) * 0.1 * worst[i])
            own.minimize(q, new[i], rows[i], tol)
            if self.majorizer is None or not self.loss.quadratic:
                return
            for _ in range(MAJORIZERS):
                rows[i] = self.majorizer(i, own.cols, new[i])
                if violation(q, new[i], rows[i]) <= tol:
                    break
                own.minimize(q, new[i], rows[i], tol)

        run(settle, active)
        union = self.union(active)
        directions = np.zeros((len(self.w[union]), len(active)))
        shifts = np.zeros(len(active))
        for column, i in enumerate(active):
            own = self.sets[i]
            direction = new[i] - self.w[own.cols, i]
            directions[self.within(union, i), column] = direction
            if self.free_intercept:
                shifts[column] = (pulls[i] - float(own.column @ direction)) / own.total
        change = self.design.problem(active).matvec(directions, union) + shifts
        lengths = np.ones(len(active))
        if not self.loss.quadratic:
            lengths = self._lengths(active, rows, slope, pulls, new, change, shifts, value)
        self.eta[:, active] += lengths * change
        self.b[active] += lengths * shifts
        for column, i in enumerate(active):
            cols, length = self.sets[i].cols, lengths[column]
            self.w[cols, i] = new[i] if length == 1 else self.w[cols, i] + length * (new[i] - self.w[cols, i])

    def _lengths(
        self,
        active: list[int],
        rows: dict[int, Rows],
        slope: dict[int, Array],
        pulls: dict[int, float],
        new: dict[int, Array],
        change: Array,
        shifts: Array,
        value: dict[int, float],
    ) -> Array:
        """Halve each step until it brings a share of the decrease that the slope promises."""
        unknown = [i for i in active if i not in value]
        if unknown:
            value |= dict(zip(unknown, self._values(unknown, self.eta[:, unknown]), strict=True))
        lengths = np.ones(len(active))
        old = {i: self.w[self.sets[i].cols, i] for i in active}
        before = {i: float(np.sum(rows[i].value(old[i]))) for i in active}
        promised = {
            i: float(np.sum(rows[i].value(new[i])))
            - before[i]
            - float(slope[i] @ (new[i] - old[i]))
            - pulls[i] * shifts[c]
            for c, i in enumerate(active)
        }
        open_columns = list(range(len(active)))
        for _ in range(HALVINGS):
            which = [active[c] for c in open_columns]
            trial = self.eta[:, which] + lengths[open_columns] * change[:, open_columns]
            reached = self._values(which, trial)
            still = []
            for c, i, after in zip(open_columns, which, reached, strict=True):
                w = old[i] + lengths[c] * (new[i] - old[i])
                gained = float(after - value[i]) + float(np.sum(rows[i].value(w))) - before[i]
                rounding = 1e-14 * max(abs(value[i]), self.sizes[i])
                if gained <= ARMIJO * lengths[c] * promised[i] + rounding or lengths[c] < 1e-12:
                    value[i] = float(after)
                    self.gains[i] = gained < -FALLS * rounding
                else:
                    lengths[c] /= 2
                    still.append(c)
            open_columns = still
            if not open_columns:
                break
        return lengths

    def _values(self, which: Sequence[int], eta: Array) -> Array:
        return np.asarray(np.einsum("nk,nk->k", self.weights[:, which], self.loss.value(self.y[:, which], eta)))

    def value(self, i: int, eta: Array) -> float:
        """The loss of one problem at a predictor."""
        return float(self.weights[:, i] @ self.loss.value(self.y[:, i], eta))

    def settle_intercepts(self, which: Sequence[int]) -> None:
        """Newton on the intercepts alone: Σ residuals = 0 to rounding, which the certificate relies on."""
        if not self.free_intercept:
            return
        which = list(which)
        low, high = np.full(len(which), -np.inf), np.full(len(which), np.inf)
        for _ in range(INTERCEPTS):
            if not which:
                return
            pull = self.residuals(which).sum(axis=0)
            curvature = self.weights[:, which] * self.loss.curvature(self.y[:, which], self.eta[:, which])
            shift = pull / np.maximum(curvature.sum(axis=0), 1e-300)
            if not self.loss.degree:
                shift = np.clip(shift, -LEAP, LEAP)
            b = self.b[which]
            low, high = np.where(pull > 0, b, low), np.where(pull < 0, b, high)
            outside = (b + shift < low) | (b + shift > high)
            shift[outside] = 0.5 * (low[outside] + high[outside]) - b[outside]
            moves = (np.abs(pull) > 1e-16) & (np.abs(shift) > 1e-16 * np.maximum(1.0, np.abs(b)))
            which, low, high = [i for i, move in zip(which, moves, strict=True) if move], low[moves], high[moves]
            self.b[which] += shift[moves]
            self.eta[:, which] += shift[moves]


def _side_by_side(vectors: Sequence[Array]) -> Array:
    """Vectors as columns: a view where all are one, or those of one array."""
    first, whole = vectors[0], vectors[0].base
    if all(vector is first for vector in vectors):
        return np.broadcast_to(first[:, None], (len(first), len(vectors)))
    if isinstance(whole, np.ndarray):
        lines = whole if whole.flags.c_contiguous else whole.T
        places = [(vector.ctypes.data, vector.strides) for vector in vectors]
        if lines.shape == (len(vectors), len(first)) and places == [(line.ctypes.data, line.strides) for line in lines]:
            return lines.T
    return np.array(vectors).T
