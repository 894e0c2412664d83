"""Several strengths of every path at a time, and one product with X that looks at all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.path.curved_walk import CurvedWalk
from shrinkwise.path.lockstep import Lockstep
from shrinkwise.path.walk import Note, Walk
from shrinkwise.penalties.base import open_pull

LENGTH = 10  # strengths of a stride
ROOM = 0.25  # of the numbers of X: what the residuals of a stride may take


class Strides:
    """All problems of a `Lockstep` down several strengths at once.

    With the columns of a working set a problem goes down B strengths by itself. One product of X' with the residuals
    of all problems and strengths then tells which columns should have been let in. A path is right down to the first
    strength where one should have been; from there it goes on with these.

    Parameters
    ----------
    lockstep : Lockstep
        Of problems that `serve` approves of.
    """

    def __init__(self, lockstep: Lockstep) -> None:
        self.lockstep = lockstep
        kind = Walk if Walk.serves(lockstep) else CurvedWalk
        self.walks = [kind(lockstep, i) for i in range(len(lockstep.problems))]
        rows, (_, p) = [problem.rows for problem in lockstep.problems], lockstep.design.shape
        with np.errstate(divide="ignore"):
            self.inverse = [np.where(part.upper - part.lower > 0, 1 / part.l1, 0.0) for part in rows]
        self.bounded = any(not np.all(np.isinf(part.upper - part.lower)) for part in rows)
        several = lockstep.design.by_rows  # many products with sparse columns cost as much as one, many times
        self.length = min(max(1, int(ROOM * p / len(rows))), LENGTH) if several else 1

    @staticmethod
    def serve(lockstep: Lockstep) -> bool:
        """Whether each column has an L1 penalty of its own, and the loss is one of those that can walk."""
        problems = lockstep.problems
        movable = [problem.rows.upper - problem.rows.lower > 0 for problem in problems]
        penalized = all(np.all(p.rows.l1[free] > 0) for p, free in zip(problems, movable, strict=True))
        alone = not any(problem.rows.grouped for problem in problems) and problems[0].outputs == 1
        able = Walk.serves(lockstep) or CurvedWalk.serves(lockstep)
        return bool(alone and able and penalized and not lockstep.small)

    def suit(self, alphas: Array) -> bool:
        """Whether the penalty is more than rounding at these strengths (k, B)."""
        lowest = zip(self.lockstep.problems, np.min(alphas, axis=1), strict=True)
        return all(problem.penalizes_all(float(alpha)) for problem, alpha in lowest)

    def march(self, alphas: Array, note: Note) -> None:
        """Solve all problems at alphas (k, B), falling; ``note`` hears of each solution once, perhaps in a thread."""
        lockstep, walks = self.lockstep, self.walks
        lockstep.run(lambda i: walks[i].begin(alphas[i], note), range(len(walks)))
        pending = list(range(len(walks)))
        while pending:
            lockstep.run(lambda i: walks[i].go(), pending)
            pending = [i for i in pending if len(walks[i].open)]
            if pending:
                self._look([walks[i] for i in pending])
            lockstep.run(lambda i: walks[i].settle(), pending)
            pending = [i for i in pending if len(walks[i].open)]
        lockstep.alphas = np.array(alphas[:, -1], dtype=np.float64)

    def _look(self, walks: Sequence[Walk]) -> None:
        """The slopes of all columns at all open strengths: of the working sets, and what is beyond its bound."""
        design, numbers = self.lockstep.design, [walk.number for walk in walks]
        counts = [len(walk.tried) for walk in walks]
        owners, residuals = np.repeat(numbers, counts), np.hstack([walk.residuals for walk in walks])

        def read(cols: slice) -> list[tuple[Array, Array, Array, Array]]:
            slopes = design.rmatvec_for(owners, residuals, cols).T
            parts = np.split(slopes, np.cumsum(counts)[:-1])
            return [self._compare(walk, part, cols) for walk, part in zip(walks, parts, strict=True)]

        blocks = design.blocks()
        found = list(self.lockstep.map(read, blocks, design.shape[0] / len(blocks) * design.shape[1]))
        for walk, parts in zip(walks, zip(*found, strict=True), strict=True):
            worst, *beyond = zip(*parts, strict=True)
            walk.worst = np.max(worst, axis=0)
            walk.at, walk.cols, walk.ratio = (np.concatenate(part) for part in beyond)

    def _compare(self, walk: Walk, slopes: Array, cols: slice) -> tuple[Array, Array, Array, Array]:
        """Of the columns outside of a working set the largest |slope| / l1, and where it is above the strength."""
        first, width = cols.start or 0, slopes.shape[1]
        self.lockstep.Q[cols, walk.number] = slopes[-1]
        inside = walk.own.cols - first
        places = np.flatnonzero((inside >= 0) & (inside < width))
        walk.Q[:, places] = slopes[:, inside[places]]
        slopes[:, inside[places]] = 0.0
        if self.bounded:
            rows = walk.problem.rows
            slopes = open_pull(slopes, rows.lower[cols], rows.upper[cols])
        ratio = np.abs(slopes)
        ratio *= self.inverse[walk.number][cols]
        worst = ratio.max(axis=1)
        if not np.any(worst > walk.tried):
            return worst, *(np.zeros(0, dtype=kind) for kind in (np.intp, np.intp, np.float64))
        at, where = np.nonzero(ratio > walk.tried[:, None])
        return worst, at, where + first, ratio[at, where]
