"""The route of Cox's loss: each training set has risk sets, and so a loss, of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from shrinkwise.design import Design
from shrinkwise.design.base import Array
from shrinkwise.engines import LocalEngine
from shrinkwise.path.lockstep import WORTH_A_THREAD, Lockstep
from shrinkwise.path.rows import LockstepRoute
from shrinkwise.penalties import Penalty
from shrinkwise.penalties.concave import Concave
from shrinkwise.problem import Problem

STEPS = 10  # reads of the rows that a strength takes


class SideBySide:
    """What stands for a `Lockstep` of problems that share no loss: one for each of them."""

    def __init__(
        self, design: Design, problems: Sequence[Problem], tol: float, engine: LocalEngine, small: bool = False
    ) -> None:
        self.engine, inner = engine, engine.within()
        self.worth = STEPS * design.shape[0] * design.shape[1] >= WORTH_A_THREAD
        parts = [(design.problem(i), [problem], tol, inner) for i, problem in enumerate(problems)]
        self.parts = [Lockstep(*part, small=small) for part in parts]
        self._gather()

    def _gather(self) -> None:
        """State of all problems, as a `Batch` has it."""
        batches = [part.batch for part in self.parts]
        self.w, self.eta = (np.hstack([getattr(batch, name) for batch in batches]) for name in ("w", "eta"))
        self.b = np.zeros(len(batches))
        self.Q = np.hstack([part.Q for part in self.parts])

    @property
    def batch(self) -> SideBySide:
        return self

    @property
    def endless(self) -> Array:
        return np.concatenate([part.batch.endless for part in self.parts])

    @property
    def problems(self) -> list[Problem]:
        return [part.problems[0] for part in self.parts]

    def start_from(self, other: SideBySide) -> None:
        for part, start in zip(self.parts, other.parts, strict=False):
            part.start_from(start)

    def start_at(self, W: Array, alphas: Array) -> None:
        """At standardized coefficients (p, k): near the solutions at strengths (k,)."""
        for i, part in enumerate(self.parts):
            part.start_at(W[:, [i]], alphas[[i]])
        self._gather()

    def step(self, alphas: Array) -> tuple[Array, Array]:
        return self._each(lambda i: self.parts[i].step(alphas[[i]]))

    def step_concave(self, alphas: Array, concave: Concave) -> tuple[Array, Array]:
        return self._each(lambda i: self.parts[i].step_concave(alphas[[i]], concave))

    def _each(self, step: Callable[[int], tuple[Array, Array]]) -> tuple[Array, Array]:
        everyone = range(len(self.parts))
        found = list(self.engine.map(step, everyone) if self.worth else map(step, everyone))
        self._gather()
        gaps, steps = (np.concatenate(part) for part in zip(*found, strict=True))
        return gaps, steps

    def each(self, function: Callable[[int], None], which: Sequence[int], work: float) -> None:
        self.parts[0].each(function, which, work)


class CoxRoute(LockstepRoute):
    """All folds and mixes side by side, scored by what the held-out rows add to the partial likelihood.

    The score of a fold is ( D(training and held-out rows) − D(training rows) ) / Σ s over the events held out, at the
    coefficients of the training rows: D is the deviance, Σ sᵢ-weighted. Held-out rows alone would be compared with each
    other only, and few of them say little.

    Parameters
    ----------
    training, held_out : arrays of shape (n, K)
        Weights of the rows of each fold, as they came.

    References
    ----------
    van Houwelingen, Bruinsma, Hart, van't Veer & Wessels, "Cross-validated Cox regression on microarray gene expression
    data", Statistics in Medicine 2006, eq. 6; Verweij & van Houwelingen, ibid. 1993.
    """

    def __init__(
        self,
        design: Design,
        problems: Sequence[Sequence[Problem]],
        penalties: Sequence[Penalty],
        training: Array,
        held_out: Array,
        column_unit: Array,
        **options: Any,
    ) -> None:
        loss, event = problems[0][0].loss, problems[0][0].y
        whole = training + held_out
        self.both = [loss.of_rows(event, s) for s in whole.T]
        self.sizes = np.column_stack([training.sum(axis=0), whole.sum(axis=0)])
        self.events = np.column_stack([event @ training, event @ held_out])
        super().__init__(design, problems, penalties, (), column_unit, **options)

    def _march(self, design: Design, problems: Sequence[Problem], small: bool = False, lines: int = 1) -> Any:
        return SideBySide(design, problems, self.tol, self.engine, small)

    def _scores(self, fold: int, eta: Array) -> tuple[float, float]:
        problem = self.problems[0][fold]
        losses = problem.loss, self.both[fold]
        train, both = (s * loss.deviance(problem.y, eta).sum() for s, loss in zip(self.sizes[fold], losses))
        at_training, at_test = self.events[fold]
        return float(train / at_training), float((both - train) / at_test)
