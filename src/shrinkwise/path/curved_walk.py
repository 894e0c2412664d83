"""One problem whose loss is not quadratic on its way down the strengths of a stride."""

from __future__ import annotations

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.path.lockstep import AIM, Lockstep
from shrinkwise.path.walk import Note, Walk
from shrinkwise.penalties import Rows
from shrinkwise.solvers.curved_model import CurvedModel, Step
from shrinkwise.solvers.newton import ARMIJO
from shrinkwise.solvers.passes import EXACT, LESS, SHORTEST, STALE, STEPS

Stand = tuple[float, Array, float]  # strength, w over the working set, b
Solution = tuple[Array, Array, float, Array, Array, float, int]  # w, slopes, b, η, dual point, gap, steps


class CurvedWalk(Walk):
    """Newton steps, each with the dual point of its model (see `Passes`).

    A strength begins where the line through the two solutions before it leads: most of its changes are foreseen so, one
    step is left, and a Hessian stays good for many strengths.
    """

    def __init__(self, lockstep: Lockstep, number: int) -> None:
        super().__init__(lockstep, number)
        self.used = self.problem.weights > 0  # what held-out rows hold must not leave the domain of the loss
        self.model = CurvedModel(self.problem)
        self.before: Stand = np.inf, np.zeros(0), 0.0  # the solution before the one where it stands

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
        """The columns of the working set, old ones first."""
        kept, cols = self.model.choose(self.own.cols), self.own.cols
        alpha, before, b = self.before
        w = np.zeros(len(cols))
        w[: np.count_nonzero(kept)] = before[kept]
        self.before, self.rows = (alpha, w, b), self.problem.rows.take(cols)

    def go(self) -> None:
        """Down the open strengths, as far as certificates hold; where the first one does not, by another solver."""
        found: list[Solution] = []
        while len(self.open) and not found:
            self.start: Stand = self.last, self.w, self.now
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
        """Newton steps until the certificate holds over the working set; None where they do not reach it."""
        stood = self.last, self.w, self.now
        self._foresee(alpha)
        problem, rows = self.problem, self.rows.times(alpha)
        exact, null = 0.01 * self.lockstep.tolerance(self.number, alpha), self.lockstep.null_losses[self.number]
        exact = max(exact, EXACT * self.lockstep.batch.steepest[self.number])
        before = last = np.inf
        for turn in range(STEPS):
            step = self.model.step(self.at_eta, self.w, rows, exact, STALE * before)
            if step is None:
                return None
            u = np.divide(step.dual, problem.weights, out=np.zeros_like(step.dual), where=self.used)
            eta = self.at_eta + step.move
            gap = float(problem.weights @ problem.loss.slack(problem.y, eta, u)) + step.slack
            gap = gap / null if null > 0 else gap
            length = 1.0 if gap < np.inf and gap <= LESS * last else self._length(rows, step)
            before, last = step.violation, gap
            if length == 1:
                self.w, self.at_eta, self.now = step.new, eta, self.now + step.shift
            else:
                self.w = self.w + length * (step.new - self.w)
                self.at_eta, self.now = self.at_eta + length * step.move, self.now + length * step.shift
            if length == 1 and gap <= AIM * self.lockstep.tol and step.left <= exact:
                self.q, self.last, self.before = step.slope, alpha, stood
                return self.w, self.q, self.now, self.at_eta, -step.dual, gap, turn + 1
        return None

    def _foresee(self, alpha: float) -> None:
        """Go along the line through the last two solutions, whose axis is log α."""
        first, w, b = self.before
        if not alpha < self.last < first < np.inf:
            return
        share = min(float(np.log(self.last / alpha) / np.log(first / self.last)), 1.0)
        self.w, move = self.model.foresee(self.w, w, share, self.rows)
        shift = share * (self.now - b)
        self.at_eta, self.now = self.at_eta + (move + shift), self.now + shift

    def _length(self, rows: Rows, step: Step) -> float:
        """Halve a step until the objective falls by a share of what the model promises."""
        problem, length, before = self.problem, 1.0, float(np.sum(rows.value(self.w)))
        reference = float(problem.weights @ problem.loss.value(problem.y, self.at_eta))
        while length > SHORTEST:
            eta, w = self.at_eta + length * step.move, self.w + length * (step.new - self.w)
            gained = float(problem.weights @ problem.loss.value(problem.y, eta)) - reference
            gained += float(np.sum(rows.value(w))) - before
            if gained <= ARMIJO * length * step.promised + 1e-14 * abs(reference):
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
        self.model.forget()
        self.before, self.last = (np.inf, self.before[1], 0.0), self.open[0]
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
        self.before = (float(self.tried[a - 1]), self.W[a - 1], float(self.b[a - 1])) if a else self.start
        self.now, self.at_eta, self.last = float(self.b[a]), self.eta[:, a], self.tried[a]

    def _enter(self, new: Array) -> None:
        super()._enter(new)
        self._gather()
