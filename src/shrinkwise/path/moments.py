"""The route for tall tables and the squared loss: one read of the rows, then work of size p."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import sparse

from shrinkwise.design.base import Array
from shrinkwise.dual_scaling import scaled_gap
from shrinkwise.engines import LocalEngine
from shrinkwise.moments import Moments, Quadratic
from shrinkwise.path.base import LEAST_NORM, Block, FreeFit, Refit, Route
from shrinkwise.path.freedom import path_freedom
from shrinkwise.path.strengths import alpha_max
from shrinkwise.penalties import Penalty, Rows
from shrinkwise.penalties.concave import Concave
from shrinkwise.penalties.standardized import common_scale, groups_of, standardized_rows, unpenalized_rows, with_factors
from shrinkwise.problem import FEASIBLE
from shrinkwise.solvers.quadratic import solve_path, solve_quadratic, violation

TIGHT = 1e-10  # violations below this share of the steepest gradient end coordinate descent
RANK = 1e-11  # eigenvalues below this share of the largest are rounding
EPS = float(np.finfo(np.float64).eps)
MAJORIZERS = 300  # of a concave penalty at one strength


class MomentsRoute(Route):
    """All paths from the moments of the training sets.

    Parameters
    ----------
    training : K + 1 moments
        Of each training set and, last, of all data.
    held_out : K moments
    penalties : R mixes of one penalty
    fewest_rows : int
        Of the smallest training set.
    unit : float
        The y of the moments is measured in this unit (a power of two); results are not.
    """

    def __init__(
        self,
        training: Sequence[Moments],
        held_out: Sequence[Moments],
        penalties: Sequence[Penalty],
        *,
        fewest_rows: int,
        unit: float,
        fit_intercept: bool,
        standardize: bool,
        tol: float,
        engine: LocalEngine,
        progress: Callable[[int], None],
        l1_factors: Array | None = None,
        concave: Concave | None = None,
    ) -> None:
        self.training, self.held_out, self.penalties = training, held_out, penalties
        self.quadratics = [moments.quadratic(fit_intercept) for moments in training]
        self.center, self.scale = self.quadratics[-1].center, self.quadratics[-1].scale
        groups = groups_of(penalties, len(self.scale))
        if not standardize and len(groups.members):
            self.quadratics = [
                quadratic.rescaled(common_scale(quadratic.scale[:, None], groups)[:, 0])
                for quadratic in self.quadratics
            ]
        self.rows = [
            [standardized_rows(penalty, quadratic.scale, unit, standardize) for quadratic in self.quadratics]
            for penalty in penalties
        ]
        if l1_factors is not None:
            self.rows = [[with_factors(rows, own) for rows, own in zip(line, l1_factors)] for line in self.rows]
        self.concave = concave
        self.fewest_rows = fewest_rows
        self.unit, self.tol, self.engine, self.progress = unit, tol, engine, progress
        self.states = [
            [self._null(quadratic, rows) for quadratic, rows in zip(self.quadratics, line)] for line in self.rows
        ]
        zero = np.zeros((1, len(self.quadratics[0].c)))
        self.null_score = unit**2 * np.array(
            [
                part.mean_squared_error(zero, np.array([quadratic.y_center]))[0]
                for part, quadratic in zip(held_out, self.quadratics)
            ]
        )

    @staticmethod
    def _null(quadratic: Quadratic, rows: Rows) -> tuple[Array, Array]:
        """(w, q) of the model with the unpenalized columns alone."""
        w, q = np.zeros_like(quadratic.c), quadratic.c.copy()
        free = np.flatnonzero(rows.free)
        if len(free):
            part, inside = q[free].copy(), w[free].copy()
            gram = np.ascontiguousarray(quadratic.gram[np.ix_(free, free)])
            solve_quadratic(gram, part, inside, rows.take(free), 1e-15 * float(np.max(np.abs(q))))
            w[free] = inside
            q -= inside @ quadratic.gram[free]
        return w, q

    def tops(self) -> Array:
        return np.array(
            [
                alpha_max(line[-1], states[-1][1], float(np.sqrt(self.quadratics[-1].yy)))
                for line, states in zip(self.rows, self.states, strict=True)
            ]
        )

    def start(self, coefs: sparse.csr_array, alphas: Array) -> None:
        found = coefs.toarray() / self.unit
        for line, states in zip(self.rows, self.states, strict=True):
            for fit, (quadratic, rows) in enumerate(zip(self.quadratics, line, strict=True)):
                w = np.clip(found[fit] * quadratic.scale, rows.lower, rows.upper)
                inside = np.flatnonzero(w)
                states[fit] = (w, quadratic.c - w[inside] @ quadratic.gram[inside])

    def advance(self, alphas: Array) -> Block:
        n_ratios, n_alphas = alphas.shape
        fits = len(self.training)
        shape = (n_ratios, n_alphas, fits)
        intercepts, gaps, n_iter = np.empty(shape), np.empty(shape), np.empty(shape, dtype=np.int64)
        train, test = np.empty((n_ratios, n_alphas, fits - 1)), np.empty((n_ratios, n_alphas, fits - 1))
        deviance = np.empty((n_ratios, n_alphas))
        coefs: list[list[sparse.csr_array]] = [[] for _ in range(n_ratios)]
        if n_alphas == 1 and self._plain(alphas[:, 0]):
            pieces = [(list(range(n_ratios)), fit) for fit in range(fits)]
            done = self.engine.map(lambda piece: self._abreast(piece[1], alphas[:, 0]), pieces)
        else:
            pieces = [([ratio], fit) for ratio in range(n_ratios) for fit in range(fits)]
            done = self.engine.map(lambda piece: self._path(piece[0][0], piece[1], alphas[piece[0][0]]), pieces)
        for (ratios, fit), (coef, intercept, gap, steps) in zip(pieces, done, strict=True):
            size = (len(ratios), n_alphas)
            place = (ratios, slice(None), fit)
            intercepts[place], gaps[place] = self.unit * intercept.reshape(size), gap.reshape(size)
            n_iter[place] = steps.reshape(size)
            for ratio, part in zip(ratios, (self.unit * coef).reshape(*size, -1), strict=True):
                coefs[ratio].append(_as_sparse(part))
            if fit < fits - 1:
                train[place] = self.training[fit].mean_squared_error(coef, intercept).reshape(size)
                test[place] = self.held_out[fit].mean_squared_error(coef, intercept).reshape(size)
            else:
                deviance[ratios] = self.training[fit].mean_squared_error(coef, intercept).reshape(size)
            self.progress(n_alphas * len(ratios))
        square = self.unit**2
        lines = tuple(tuple(line) for line in coefs)
        return Block(lines, intercepts, gaps, n_iter, square * train, square * test, square * deviance)

    def degrees_of_freedom(self, block: Block, alphas: Array) -> Array:
        quadratic = self.quadratics[-1]
        coefs = [line[-1].toarray() / self.unit * quadratic.scale for line in block.coefs]
        return np.array(
            [
                path_freedom(W, line[-1], along, lambda _, cols: quadratic.gram[np.ix_(cols, cols)], varies=False)
                for W, line, along in zip(coefs, self.rows, alphas, strict=True)
            ]
        )

    def _path(self, ratio: int, fit: int, alphas: Array) -> tuple[Array, Array, Array, Array]:
        quadratic, rows = self.quadratics[fit], self.rows[ratio][fit]
        w, q = (part.copy() for part in self.states[ratio][fit])
        if self.concave is None:
            W, gaps, steps = self._walk(quadratic, rows, alphas, w, q)
        else:
            W, gaps, steps = self._walk_concave(self.concave, quadratic, rows, alphas, w, q)
        self.states[ratio][fit] = (w, q)
        return self._finished(quadratic, W, gaps, steps)

    @staticmethod
    def _finished(quadratic: Quadratic, W: Array, gaps: Array, steps: Array) -> tuple[Array, Array, Array, Array]:
        """Coefficients of the columns as they came, intercepts, gaps relative to the null loss, and steps."""
        null = 0.5 * quadratic.yy
        coef = np.divide(W, quadratic.scale, out=np.zeros_like(W), where=quadratic.scale > 0)
        return coef, quadratic.y_center - coef @ quadratic.center, gaps / null if null > 0 else gaps, steps

    def _plain(self, alphas: Array) -> bool:
        """Whether there are several lines, of penalties at these strengths on each coefficient that may move."""
        rows = [part.times(alpha) for line, alpha in zip(self.rows, alphas, strict=True) for part in line]
        plain = not any(part.grouped or np.any(part.unpenalized & (part.upper > part.lower)) for part in rows)
        return self.concave is None and len(self.rows) > 1 and plain

    def _abreast(self, fit: int, alphas: Array) -> tuple[Array, Array, Array, Array]:
        """All lines of a training set at a strength each (R,): what is small for each is done for all at once."""
        quadratic, lines = self.quadratics[fit], [line[fit] for line in self.rows]
        shape, tol = (len(lines), len(quadratic.c)), TIGHT * float(np.max(np.abs(quadratic.c), initial=0.0))
        W, Q, steps = np.empty(shape), np.empty(shape), np.empty(len(lines), dtype=np.int64)
        for a, rows in enumerate(lines):
            w, q = (part.copy() for part in self.states[a][fit])
            at = slice(a, a + 1)
            W[at], Q[at], steps[at] = solve_path(
                quadratic.gram, q, w, rows, alphas[at], np.array([tol]), checkpoint=self.engine.checkpoint
            )
            self.states[a][fit] = (w, q)
        l1, l2, lower, upper = (np.array(part) for part in zip(*(rows.vectors for rows in lines), strict=True))
        gaps = self._gaps(quadratic, Rows(l1, l2, lower, upper), alphas, W, Q)
        for a in np.flatnonzero(gaps > 0.1 * self.tol * 0.5 * quadratic.yy).tolist():
            W[a], Q[a] = self._refined(quadratic, lines[a].times(alphas[a]), W[a])
            gaps[a] = self._gaps(quadratic, lines[a], alphas[[a]], W[[a]], Q[[a]])[0]
        return self._finished(quadratic, W, gaps, steps)

    def _walk(self, quadratic: Quadratic, rows: Rows, alphas: Array, w: Array, q: Array) -> tuple[Array, Array, Array]:
        """w at all strengths, gaps and steps; w and its slope q end where the path does."""
        tols = np.full(len(alphas), TIGHT * float(np.max(np.abs(quadratic.c), initial=0.0)))
        W, Q, steps = solve_path(quadratic.gram, q, w, rows, alphas, tols, checkpoint=self.engine.checkpoint)
        gaps = self._gaps(quadratic, rows, alphas, W, Q)
        for a in np.flatnonzero(gaps > 0.1 * self.tol * 0.5 * quadratic.yy):
            self.engine.checkpoint()
            W[a], Q[a] = self._refined(quadratic, rows.times(alphas[a]), W[a])
            gaps[a] = self._gaps(quadratic, rows, alphas[[a]], W[[a]], Q[[a]])[0]
        return W, gaps, steps

    def _walk_concave(
        self, concave: Concave, quadratic: Quadratic, rows: Rows, alphas: Array, w: Array, q: Array
    ) -> tuple[Array, Array, Array]:
        """`_walk` over majorizers, until each is the one at its own minimum; the gaps are theirs."""
        W = np.zeros((len(alphas), len(w)))
        gaps, steps = np.zeros(len(alphas)), np.zeros(len(alphas), dtype=np.int64)
        tol, once = TIGHT * float(np.max(np.abs(quadratic.c), initial=0.0)), np.ones(1)
        for a, alpha in enumerate(alphas):
            self.engine.checkpoint()
            at = concave.majorizer(rows.times(alpha), w)
            for _ in range(MAJORIZERS):
                steps[a] += abs(solve_quadratic(quadratic.gram, q, w, at, tol))
                at = concave.majorizer(rows.times(alpha), w)
                if violation(q, w, at) <= tol:
                    break
            W[a] = w
            gaps[a] = self._gaps(quadratic, at, once, w[None], q[None])[0]
        return W, gaps, steps

    @staticmethod
    def _refined(quadratic: Quadratic, rows: Rows, w: Array) -> tuple[Array, Array]:
        """As exact as the Gram allows: the slope is computed afresh and the system solved again."""
        for _ in range(3):
            q = quadratic.c - quadratic.gram @ w
            solve_quadratic(quadratic.gram, q, w, rows, 1e-15 * float(np.max(np.abs(quadratic.c))), max_rounds=50)
        return w, quadratic.c - quadratic.gram @ w

    @classmethod
    def _gaps(cls, quadratic: Quadratic, rows: Rows, alphas: Array, W: Array, Q: Array) -> Array:
        """Duality gaps of all strengths of a path, (A,), from the moments alone."""
        fit = W @ quadratic.c
        square = np.maximum(quadratic.yy - fit - np.sum(W * Q, axis=1), 0.0)
        target = quadratic.yy - fit
        scaled = rows.times(alphas[:, None])
        unheld = scaled.unheld(W, Q)
        if np.any(unheld != unheld[0]):  # a bound holds some column at some strengths only
            one_by_one = range(len(alphas))
            return np.concatenate([cls._gaps(quadratic, rows, alphas[[a]], W[[a]], Q[[a]]) for a in one_by_one])
        free = np.flatnonzero(unheld[0])
        removed, left = np.zeros(len(alphas)), np.zeros(len(alphas))
        if len(free):
            step = np.linalg.lstsq(quadratic.gram[np.ix_(free, free)], Q[:, free].T, rcond=None)[0].T
            removed = np.sum(step * Q[:, free], axis=1)
            Q = Q - step @ quadratic.gram[free]
            left = np.max(np.abs(Q[:, free]), axis=1)
            Q[:, free] = 0.0
        square, target = np.maximum(square - removed, 0.0), target - removed
        towards = np.divide(target, square, out=np.ones_like(target), where=square > 0)
        gaps = scaled_gap(scaled, W, Q, lambda tau: 0.5 * (1 - tau) ** 2 * square + 0.5 * removed, towards)
        unseen = EPS * np.sum(np.abs(W), axis=1) ** 2  # a Gram knows a slope to EPS Σ|w|, and w'q to |w| times that
        return np.where(left > FEASIBLE * np.sqrt(quadratic.yy), np.inf, gaps + unseen)

    def refit(self, fit: int, support: Array, coef: Array) -> Refit | None:
        if len(support) + 1 >= self.fewest_rows:
            return None
        whole, rows = self.quadratics[fit], unpenalized_rows(self.rows[0][fit].take(support))
        part = whole._replace(gram=np.ascontiguousarray(whole.gram[np.ix_(support, support)]), c=whole.c[support])
        start = coef / self.unit * whole.scale[support]
        w, q = self._refined(part, rows, start)
        gap = float(self._gaps(part, rows, np.ones(1), w[None], q[None])[0] / (0.5 * whole.yy or 1.0))
        found = w / whole.scale[support]
        intercept = whole.y_center - float(found @ whole.center[support])
        return Refit(self.unit * found, self.unit * intercept, gap)

    def scores(self, fit: int, coefs: Array, intercepts: Array) -> tuple[Array, Array]:
        w, b, square = coefs / self.unit, intercepts / self.unit, self.unit**2
        train = square * self.training[fit].mean_squared_error(w, b)
        return train, square * self.held_out[fit].mean_squared_error(w, b) if fit < len(self.held_out) else train

    @staticmethod
    def _least_norm(quadratic: Quadratic) -> Array:
        """Of all minimizers of a singular quadratic the one of least norm, without what rounding adds to it."""
        values, vectors = np.linalg.eigh(quadratic.gram)
        kept = values > RANK * values[-1]
        return np.asarray(vectors[:, kept] @ ((vectors[:, kept].T @ quadratic.c) / values[kept]))

    def unpenalized(self) -> FreeFit | None:
        coefs, intercepts = [], []
        crowded = len(self.quadratics[0].c) >= self.fewest_rows
        for quadratic, rows in zip(self.quadratics, self.rows[0]):
            w = (
                self._least_norm(quadratic)
                if crowded
                else self._refined(quadratic, rows.times(0.0), 0 * quadratic.c)[0]
            )
            coef = np.divide(w, quadratic.scale, out=np.zeros_like(w), where=quadratic.scale > 0)
            coefs.append(coef)
            intercepts.append(quadratic.y_center - coef @ quadratic.center)
        gap = self._gaps(quadratic, rows, np.zeros(1), w[None], (quadratic.c - quadratic.gram @ w)[None])[0]
        gap = float(gap / (0.5 * quadratic.yy or 1.0))
        train, test = (
            np.array(
                [part.mean_squared_error(c[None], np.array([b]))[0] for part, c, b in zip(parts, coefs, intercepts)]
            )
            for parts in (self.training[:-1], self.held_out)
        )
        unit = self.unit
        return FreeFit(
            unit**2 * train,
            unit**2 * test,
            unit * np.array(coefs),
            unit * np.array(intercepts),
            gap,
            gap <= self.tol,
            LEAST_NORM if crowded else "",
        )


def _as_sparse(W: Array) -> sparse.csr_array:
    """The nonzeros of a few rows: many times as fast as SciPy's own way, which goes by triples."""
    ends = np.append(0, np.cumsum(np.count_nonzero(W, axis=1)))
    cols = np.nonzero(W)[1].astype(np.int32)
    return sparse.csr_array((W[W != 0], cols, ends.astype(np.int32)), shape=W.shape)
