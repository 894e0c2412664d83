"""One problem whose loss is not quadratic on its way down the strengths of a stride."""

from __future__ import annotations

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.path.lockstep import AIM, Lockstep
from shrinkwise.path.walk import Note, Walk
from shrinkwise.penalties import Rows
from shrinkwise.problem import feasible_scaling
from shrinkwise.solvers.newton import ARMIJO
from shrinkwise.solvers.passes import EXACT, LESS, SHORTEST, STALE, STEPS
from shrinkwise.solvers.quadratic import Factor, solve_path, violation

CROWD = 2  # times as many columns as are wanted: then some are dropped
ONCE = np.ones(1)

Solution = tuple[Array, Array, float, Array, Array, float, int]  # w, slopes, b, η, dual point, gap, steps


class Model:
    """The quadratic model of the loss on some columns of a working set: their Gram in the metric of a Hessian."""

    def __init__(self, n: int) -> None:
        self.places = np.zeros(0, dtype=np.intp)  # in the working set
        self.h: Array | None = None
        self.room = np.zeros((n, 0), order="F")
        self.Z, self.gram, self.column = self.room, np.zeros((0, 0)), np.zeros(0)
        self.factor = Factor()

    def keep(self, kept: Array) -> None:
        """The columns that a working set keeps."""
        own = kept[self.places]
        self.places = np.cumsum(kept)[self.places[own]] - 1
        self._take(own)

    def _take(self, own: Array) -> None:
        if np.all(own):
            return
        self.Z = self.room = np.asfortranarray(self.Z[:, own])
        if self.h is not None:
            self.column, self.gram = self.column[own], self.gram[np.ix_(own, own)]
        self.factor.forget()

    def choose(self, places: Array, Z: Array) -> None:
        """The columns, and perhaps some more that are known already."""
        if len(self.places) > CROWD * len(places):
            wanted = np.isin(self.places, places, assume_unique=True)
            self.places = self.places[wanted]
            self._take(wanted)
        new = np.setdiff1d(places, self.places, assume_unique=True)
        if not len(new):
            return
        old, self.places = len(self.places), np.concatenate([self.places, new])
        self._append(Z[:, new])
        if self.h is None:
            return
        column = self.h @ self.Z[:, old:] * self.centered
        self.column = np.append(self.column, column)
        cross = (self.Z[:, old:] * self.h[:, None]).T @ self.Z - np.outer(column, self.column) / self.total
        gram = np.empty((len(self.places), len(self.places)))
        gram[:old, :old], gram[old:], gram[:old, old:] = self.gram, cross, cross[:, :old].T
        self.gram = gram

    def _append(self, columns: Array) -> None:
        old, m = self.Z.shape[1], self.Z.shape[1] + columns.shape[1]
        if m > self.room.shape[1]:
            self.room = np.empty((len(columns), 2 * m), order="F")
            self.room[:, :old] = self.Z
        self.room[:, old:m] = columns
        self.Z = self.room[:, :m]

    def refresh(self, h: Array, centered: bool) -> None:
        """Another Hessian."""
        root = self.Z * np.sqrt(h)[:, None]
        self.h, self.total, self.centered = h, max(float(h.sum()), 1e-300), centered
        self.column = h @ self.Z * centered
        self.gram = root.T @ root - np.outer(self.column, self.column) / self.total
        self.factor.forget()

    def minimize(self, q: Array, w: Array, rows: Rows, tol: float) -> tuple[Array, Array]:
        """The minimum and the slope there."""
        new = w.copy()
        solve_path(self.gram, q, new, rows, ONCE, np.array([tol]), self.factor)
        return new, q


class CurvedWalk(Walk):
    """Newton steps, each with the dual point of its model (see `Passes`), on an inner set of columns.

    The inner set is what the strong rule takes from the working set for one strength, and what it has missed. A
    strength begins where the line through the two solutions before it leads: most of its changes are foreseen so, one
    step is left, and a Hessian stays good for many strengths.
    """

    def __init__(self, lockstep: Lockstep, number: int) -> None:
        super().__init__(lockstep, number)
        self.used = self.problem.weights > 0  # what held-out rows hold must not leave the domain of the loss
        self.names = np.zeros(0, dtype=np.intp)  # of the columns of Z
        self.Z = np.zeros((len(self.used), 0))
        self.model = Model(len(self.used))
        self.past, self.before, self.at_b = np.inf, np.zeros(0), 0.0  # the strength before the one where it stands

    @staticmethod
    def serves(lockstep: Lockstep) -> bool:
        loss = lockstep.batch.loss
        return not (loss.quadratic or loss.kinked or loss.coupled) and lockstep.design.by_rows

    def begin(self, alphas: Array, note: Note) -> None:
        super().begin(alphas, note)
        lockstep, batch = self.lockstep, self.lockstep.batch
        self.last = min(lockstep.alphas[self.number], lockstep.tops[self.number])  # the strength where it stands
        self.now, self.at_eta = float(batch.b[self.number]), batch.eta[:, self.number]
        self._gather()

    def _gather(self) -> None:
        """The columns of the working set, old ones first, and the state of a model of some of them."""
        cols = self.own.cols
        kept = np.isin(self.names, cols, assume_unique=True)
        new = cols[np.count_nonzero(kept) :]
        self.Z = np.hstack([self.Z[:, kept], self.problem.design.explicit(new)])
        self.model.keep(kept)
        self.before = np.append(self.before[kept], np.zeros(len(new)))
        self.names, self.rows = cols, self.problem.rows.take(cols)
        self.gradient = self.problem.loss.gradient(self.problem.y, self.at_eta)

    def go(self) -> None:
        """Down the open strengths, as far as certificates hold; where the first one does not, by another solver."""
        found: list[Solution] = []
        while len(self.open) and not found:
            self.start = self.last, self.w, self.now
            for alpha in self.open if self.turns < self.lockstep.max_iter else ():
                self.lockstep.engine.checkpoint()
                solution = self._strength(alpha)
                if solution is None:
                    break
                found.append(solution)
            if not found:
                self._alone()
        if found:
            W, Q, b, eta, dual, gaps, steps = zip(*found, strict=True)
            self.W, self.Q, self.b = np.array(W), np.array(Q), np.array(b)
            self.eta, self.residuals = np.column_stack(eta), np.column_stack(dual)
            self.gaps, self.steps = np.array(gaps), np.array(steps)

    def _strength(self, alpha: float) -> Solution | None:
        """One strength over the working set; None where no certificate is reached."""
        rows, steps = self.rows.times(alpha), 0
        stood = self.last, self.w, self.now
        self._foresee(alpha)
        wanted = (self.w != 0) | (np.abs(self.q) > max(2 * alpha - self.last, 0.0) * self.rows.l1)
        while True:
            self.model.choose(np.flatnonzero(wanted), self.Z)
            wanted[self.model.places] = True
            found = self._newton(rows.take(self.model.places), alpha)
            if found is None:
                return None
            dual, gap, taken = found
            slopes, steps = dual @ self.Z, steps + taken
            missing = (rows.beyond(slopes) > 0) & ~wanted
            if not np.any(missing):
                self.q, self.last = slopes, alpha
                self.past, self.before, self.at_b = stood
                return self.w, slopes, self.now, self.at_eta, dual, gap, steps
            wanted |= missing

    def _foresee(self, alpha: float) -> None:
        """Go along the line through the last two solutions; no coefficient goes beyond zero or its bounds."""
        if not alpha < self.last < self.past < np.inf:
            return
        share = min(np.log(self.last / alpha) / np.log(self.past / self.last), 1.0)
        w = self.w + share * (self.w - self.before)
        w = np.clip(np.where(w * self.w > 0, w, 0.0), self.rows.lower, self.rows.upper)
        shift = share * (self.now - self.at_b) if self.problem.free_intercept else 0.0
        self.at_eta = self.at_eta + self.Z @ (w - self.w) + shift
        self.w, self.now = w, self.now + shift
        self.gradient = self.problem.loss.gradient(self.problem.y, self.at_eta)

    def _newton(self, rows: Rows, alpha: float) -> tuple[Array, float, int] | None:
        """Newton steps on the inner set until the certificate holds there: the dual point, the gap and the steps."""
        problem, model, s = self.problem, self.model, self.problem.weights
        exact, null = 0.01 * self.lockstep.tolerance(self.number, alpha), self.lockstep.null_losses[self.number]
        exact = max(exact, EXACT * self.lockstep.batch.steepest[self.number])
        w, found = self.w[model.places], None
        before = last = np.inf
        for step in range(STEPS):
            residual = -s * self.gradient
            q, pull = residual @ model.Z, float(residual.sum()) if problem.free_intercept else 0.0
            worst = max(violation(q, w, rows), abs(pull))
            if model.h is None or worst > STALE * before:
                model.refresh(s * problem.loss.curvature(problem.y, self.at_eta), problem.free_intercept)
            before = worst
            new, slope = model.minimize(q - model.column * (pull / model.total), w, rows, exact)
            change = new - w
            shift = (pull - float(model.column @ change)) / model.total if problem.free_intercept else 0.0
            move = model.Z @ change + shift
            rigid, tau = feasible_scaling(rows, new, slope)
            dual = tau * (model.h * move - residual)  # −θ, weighted
            unweighted = np.divide(dual, s, out=np.zeros_like(s), where=self.used)
            gap = float(s @ problem.loss.slack(problem.y, self.at_eta + move, unweighted))
            u = np.where(rigid, np.clip(tau * slope, -rows.l1, rows.l1), tau * slope)
            gap += float(rows.slack(new, u, rigid))
            gap = gap / null if null > 0 else gap
            length = 1.0
            if not (gap < np.inf and gap <= LESS * last):
                promised = float(np.sum(rows.value(new) - rows.value(w))) - float(q @ change) - pull * shift
                length = self._length(rows, w, change, move, promised)
            w = new if length == 1 else w + length * change
            self.now, self.at_eta = self.now + length * shift, self.at_eta + length * move
            self.gradient = problem.loss.gradient(problem.y, self.at_eta)
            last = gap
            if length == 1 and gap <= AIM * self.lockstep.tol and violation(slope, new, rows) <= exact:
                found = -dual, gap, step + 1
                break
        self.w = np.zeros(len(self.w))
        self.w[model.places] = w
        return found

    def _length(self, rows: Rows, w: Array, change: Array, move: Array, promised: float) -> float:
        """Halve a step until the objective falls by a share of what the model promises."""
        problem, length, before = self.problem, 1.0, float(np.sum(rows.value(w)))
        reference = float(problem.weights @ problem.loss.value(problem.y, self.at_eta))
        while length > SHORTEST:
            gained = float(problem.weights @ problem.loss.value(problem.y, self.at_eta + length * move)) - reference
            gained += float(np.sum(rows.value(w + length * change))) - before
            if gained <= ARMIJO * length * promised + 1e-14 * abs(reference):
                break
            length /= 2
        return length

    def _alone(self) -> None:
        """The next strength by a lockstep of its own, which knows what to do about rounding."""
        engine = self.lockstep.engine.within()
        other = Lockstep(self.problem.design, [self.problem], self.lockstep.tol, engine)
        w = np.zeros(len(other.Q))
        w[self.own.cols] = self.w
        other.batch.set_coefficients(0, w)
        other.look([0])
        (gap,), (steps,) = other.step(self.open[:1])
        self.now, self.at_eta = float(other.batch.b[0]), other.batch.eta[:, 0]
        w, self.lockstep.Q[:, self.number] = other.batch.w[:, 0], other.Q[:, 0]
        cols = np.flatnonzero(w)
        self.note(self.number, self.done, (cols, w[cols]), self.now, self.at_eta, float(gap), int(steps))
        self.past, self.last = np.inf, self.open[0]
        self.done += 1
        self.own.choose(np.union1d(self.own.cols, cols))
        self.w, self.q = w[self.own.cols], other.Q[self.own.cols, 0]
        if len(self.open):
            self._gather()
        else:
            self._leave()

    def _leave(self) -> None:
        self.b, self.eta, self.standing = np.array([self.now]), self.at_eta[:, None], 0
        super()._leave()

    def _solved(self) -> tuple[int, Array]:
        missing, new = self._missing(np.zeros(len(self.tried)))
        return len(missing) if not np.any(missing) else int(np.argmax(missing)), new

    def _stand(self, a: int) -> None:
        super()._stand(a)
        self.past, self.before, self.at_b = (self.tried[a - 1], self.W[a - 1], float(self.b[a - 1])) if a else self.start
        self.now, self.at_eta, self.last = float(self.b[a]), self.eta[:, a], self.tried[a]

    def _enter(self, new: Array) -> None:
        super()._enter(new)
        self._gather()
