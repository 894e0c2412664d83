"""Which columns a path has to look at: the others are proven to stay at zero for some strengths to come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.solvers.newton import Batch

SHARE = 8  # one column in so many stays in sight
MARGIN = 1e-6  # of the strength: rounding proves nothing


class Sight:
    """The columns with the largest slopes at a reference, and a bound for all others.

    Columns have length 1 in the metric S of the weights, so for a residual r and a multiple c of the one at the
    reference  |xⱼ'Sr| <= |c| |xⱼ'Sr₀| + ‖r − c r₀‖.  Where that is below what the penalty holds at zero, the column
    satisfies its condition: this is the sphere test of safe screening with the reference scaled along the path.

    References
    ----------
    El Ghaoui, Viallon & Rabbani, "Safe feature elimination for the lasso", Pacific J. Optim. 2012;
    Fercoq, Gramfort & Salmon, "Mind the duality gap", ICML 2015.
    """

    def __init__(self, batch: Batch) -> None:
        self.batch, self.design = batch, batch.design
        rows = [problem.rows for problem in batch.problems]
        held = [part.upper - part.lower <= 0 for part in rows]
        self.l1 = [np.where(at, np.inf, part.l1) if np.any(at) else part.l1 for at, part in zip(held, rows)]
        self.cols = np.zeros(0, dtype=np.intp)  # none: all columns have to be looked at
        self.served, self.pause, self.paused = True, 0, 0  # references that serve nobody are taken ever less often

    @staticmethod
    def helps(batch: Batch) -> bool:
        """Many columns, each of them with an L1 penalty, of length 1 where they vary."""
        movable = [problem.rows.upper - problem.rows.lower > 0 for problem in batch.problems]
        penalized = all(np.all(p.rows.l1[free] > 0) for p, free in zip(batch.problems, movable, strict=True))
        alone = not any(problem.rows.grouped for problem in batch.problems) and batch.problems[0].outputs == 1
        return alone and batch.loss.quadratic and batch.design.maps is None and len(batch.w) >= 1024 and penalized

    def settle(self, Q: Array, alphas: Array, everyone: bool) -> None:
        """Take the present residuals for the reference if everyone's slopes are in Q; those out of sight become 0."""
        batch, self.cols = self.batch, np.zeros(0, dtype=np.intp)
        self.design = batch.design  # lets go of the last copy before there is another
        if not everyone:
            return
        if self.paused:
            self.paused -= 1
            return
        self.pause = 0 if self.served else 2 * self.pause + 1
        self.served, self.paused = False, self.pause
        ratio = np.abs(Q)
        for column, l1 in zip(ratio.T, self.l1):
            column /= l1
        score = np.max(ratio / alphas, axis=1)
        near = score >= np.partition(score, -(len(score) // SHARE))[-(len(score) // SHARE)]
        for own in batch.sets:
            near[own.cols] = True
        far = ~near
        self.largest = np.max(ratio[far], axis=0, initial=0.0)
        self.weakest = np.array([np.min(l1[far], initial=np.inf) for l1 in self.l1])
        if np.all(self.largest <= alphas * (1 - MARGIN)) and np.count_nonzero(near) < len(near) / 2:
            self.cols = np.flatnonzero(near)
            self.design = batch.design.columns(self.cols)
            self.reference = self._residuals(range(len(batch.sets)))
            self.square = np.einsum("nk,nk,nk->k", batch.weights, self.reference, self.reference)
            Q[far] = 0.0

    def suffices(self, which: Sequence[int], alphas: Array) -> bool:
        """Whether all columns out of sight are proven to satisfy their condition."""
        if not len(self.cols):
            return False
        s, r, reference = self.batch.weights[:, which], self._residuals(which), self.reference[:, which]
        square = self.square[list(which)]
        along = np.einsum("nk,nk,nk->k", s, r, reference)
        share = np.divide(along, square, out=np.zeros_like(along), where=square > 0)
        rest = r - share * reference
        apart = np.sqrt(np.einsum("nk,nk,nk->k", s, rest, rest))
        with np.errstate(divide="ignore"):
            bound = np.abs(share) * self.largest[which] + apart / self.weakest[which]
        enough = bool(np.all(bound <= alphas[which] * (1 - MARGIN)))
        self.served |= enough
        return enough

    def _residuals(self, which: Sequence[int]) -> Array:
        batch = self.batch
        return np.asarray(-batch.loss.gradient(batch.y[:, which], batch.eta[:, which]))
