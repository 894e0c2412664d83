"""One penalized problem: its objective and its certificate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from shrinkwise.design import Design
from shrinkwise.design.base import Array
from shrinkwise.dual_scaling import scaled_gap
from shrinkwise.losses import Loss
from shrinkwise.penalties import Penalty, Rows
from shrinkwise.penalties.standardized import standardized_rows, with_factors

TINY = 1e-300
LEAP = 2.0  # the longest step of an intercept on the scale of a logarithm
ROUNDING = 1e-15  # a sum of n weighted terms of order 1 below this is zero
FEASIBLE = 1e-12  # a slope of an unpenalized column above this share of `slope_size` is more than rounding


@dataclass(frozen=True, eq=False)
class Problem:
    """(1/Σs) Σ sᵢ ℓ(yᵢ, ηᵢ) + α Ω(w) in standardized coordinates, η = Xw + b.

    Attributes
    ----------
    design : Design
        Of one problem; its columns are centered and have unit sd.
    y : array of shape (n,)
        For the squared loss: centered (with an intercept) and divided by ``unit``.
    weights : array of shape (n,)
        Summing to 1; 0 on the rows of held-out folds.
    rows : Rows
        The penalty at strength 1 in standardized coordinates.
    free_intercept : bool
        Whether b is a variable; for the squared loss centering has solved it already.
    """

    loss: Loss
    design: Design
    y: Array
    weights: Array
    rows: Rows
    free_intercept: bool
    y_center: float = 0.0
    unit: float = 1.0
    offset: Array | float = 0.0  # a known part of η: (n,) or a number

    @property
    def free(self) -> Array:
        """Columns without any penalty, as a mask."""
        return self.rows.free

    @cached_property
    def null_intercept(self) -> float:
        """b of the intercept-only model."""
        return best_intercept(self.loss, self.y, self.weights, self.offset) if self.free_intercept else 0.0

    @property
    def outputs(self) -> int:
        """Predictors of a row."""
        return 1

    @property
    def n_intercepts(self) -> int:
        """How many of the last columns of the design are intercepts."""
        return 0

    @property
    def table(self) -> tuple[Design, Array, Array]:
        """X, the target (n, K) for K predictors a row, and the weights of the rows (n,)."""
        return self.design, self.y[:, None], self.weights

    @property
    def null_w(self) -> Array:
        """Coefficients of the intercept-only model."""
        return np.zeros(self.design.shape[1])

    @property
    def null_eta(self) -> Array:
        """η of the intercept-only model, (n,)."""
        return np.full_like(self.y, self.null_intercept) + self.offset

    @cached_property
    def null_loss(self) -> float:
        """Loss of the intercept-only model above that of a perfect fit: the unit of every gap."""
        return float(0.5 * (self.weights @ self.loss.deviance(self.y, self.null_eta)))

    @property
    def null_spread(self) -> float:
        """Weighted sd of the target in the unit of η: of the residuals of the null model over its mean curvature."""
        gradient, curvature = (f(self.y, self.null_eta) for f in (self.loss.gradient, self.loss.diagonal))
        return float(np.sqrt(self.weights @ gradient**2) / max(self.weights @ curvature, TINY))

    @cached_property
    def slope_size(self) -> float:
        """The size that slopes −∇ of the loss with respect to w have: rounding is measured against it."""
        curvature = float(self.weights @ self.loss.diagonal(self.y, self.null_eta))
        return float(np.sqrt(2 * self.null_loss * max(1.0, curvature)))

    def curvature(self, eta: Array) -> Array:
        """Weighted second derivatives: (n,), or blocks (nK, K) where rows have K predictors."""
        curvature = self.loss.curvature(self.y, eta)
        return np.asarray((self.weights if curvature.ndim == 1 else self.weights[:, None]) * curvature)

    def hessian(self, cols: Array, eta: Array | None = None) -> Array:
        """X[:, cols]' diag(s h) X[:, cols], the intercept taken out; without a predictor one of the same rank."""
        if self.loss.quadratic or eta is None:
            return self.design.gram(self.weights, cols)
        weights = self.curvature(eta)
        products = self.design.gram(weights, cols)
        if self.free_intercept:
            column = self.design.rmatvec(weights[:, None], cols)[:, 0]
            products = products - np.outer(column, column) / weights.sum()
        return products

    def predictor(self, w: Array, b: float) -> Array:
        """η of shape (n,)."""
        cols = np.flatnonzero(w)
        return np.asarray(self.design.matvec(w[cols, None], cols)[:, 0] + b + self.offset)

    def slope(self, eta: Array) -> Array:
        """q = −∇ of the loss with respect to w, (p,)."""
        return self.design.rmatvec((-self.weights * self.loss.gradient(self.y, eta))[:, None])[:, 0]

    def separated(self, eta: Array) -> bool:
        """Whether η shows that without a penalty no fit is finite: see `Loss.separates`."""
        ends = np.concatenate([self.rows.lower, self.rows.upper])
        bounded, used = np.isfinite(ends) & (ends != 0), self.weights > 0
        return not np.any(bounded) and self.loss.separates(self.y[used], (eta - self.offset)[used])

    def objective(self, alpha: float, w: Array, eta: Array) -> float:
        return float(self.weights @ self.loss.value(self.y, eta) + np.sum(self.rows.times(alpha).value(w)))

    def gap(self, alpha: float, w: Array, b: float, eta: Array | None = None, q: Array | None = None) -> float:
        """Duality gap of (w, b): an upper bound of objective − optimum, in units of the loss; may be infinite.

        The dual point is the residual, corrected so that unpenalized columns and the intercept are orthogonal to it,
        and scaled by τ into the dual feasible set. The gap is summed as Fenchel–Young slacks, each of them ≥ 0, so
        that it keeps its digits where objective and dual agree to rounding.
        """
        eta = self.predictor(w, b) if eta is None else eta
        q = self.slope(eta) if q is None else q
        residual = -self.loss.gradient(self.y, eta)
        free = np.zeros(len(w), dtype=bool)
        if not self.penalizes_all(alpha):
            free = self.noticeable(self.rows.times(alpha)).unheld(w, q)
        if np.any(free) or (self.free_intercept and abs(self.weights @ residual) > ROUNDING):
            rows = self.noticeable(self.rows.times(alpha))
            residual, q, left = self._feasible(rows, w, residual, q, eta, free)
            if left > FEASIBLE * self.slope_size:
                return np.inf  # columns so nearly dependent that their Gram cannot make the dual point feasible
            reach = self._reach(residual)
            residual, q = reach * residual, reach * q

        square = float(self.weights @ residual**2)
        towards_target = float(self.weights @ (self.y * residual)) / square if square > 0 else 1.0

        def loss_slack(tau: Array) -> Array:
            return np.asarray(self.weights @ self.loss.slack(self.y, eta, -tau * residual))

        counted = np.flatnonzero((w != 0) | (self.rows.beyond(q, alpha) > 0))  # all others have slack 0 at any τ ≤ 1
        counted = self.rows.groups.whole(counted)
        rows = self.noticeable(self.rows.take(counted).times(alpha))
        return float(scaled_gap(rows, w[counted], q[counted], loss_slack, np.asarray(towards_target)))

    def _reach(self, residual: Array) -> float:
        """The largest share of a dual point with which the conjugate of the loss is finite; rounding is let be."""
        low, high = (np.broadcast_to(end, residual.shape) for end in self.loss.slopes(self.y))
        end = np.where(residual > 0, -low, high)
        size = np.abs(residual)
        beyond = (size > end * (1 + ROUNDING)) & (size > ROUNDING) & (self.weights > 0)
        return float(np.min(end[beyond] / size[beyond], initial=1.0))

    def penalizes_all(self, alpha: float) -> bool:
        """Whether each column that can move feels a penalty at this strength."""
        l1, l2, free = self._weakest
        return alpha > 0 and not free and alpha * l1 > ROUNDING * self.slope_size and alpha * l2 > ROUNDING

    @cached_property
    def _weakest(self) -> tuple[float, float, bool]:
        """The smallest l1 or norm of a group and the smallest l2 above zero, and whether a column has none of them."""
        rows = self.rows
        linear = np.concatenate([np.ravel(rows.l1), np.ravel(rows.norm)])
        free = bool(np.any(rows.unpenalized & ((rows.upper > 0) | (rows.lower < 0))))
        smallest = [float(np.min(part[part > 0], initial=np.inf)) for part in (linear, rows.l2)]
        return smallest[0], smallest[1], free

    def noticeable(self, rows: Rows) -> Rows:
        """Penalties that drown in the rounding of slopes count as none: a bound all the same."""
        floor = ROUNDING * self.slope_size
        return rows._replace(
            l1=np.where(rows.l1 > floor, rows.l1, 0.0),
            l2=np.where(rows.l2 > ROUNDING, rows.l2, 0.0),
            norm=np.where(rows.norm > floor, rows.norm, 0.0),
        )

    def relative_gap(self, alpha: float, w: Array, b: float, eta: Array | None = None, q: Array | None = None) -> float:
        """The gap in units of the null loss."""
        gap, null = self.gap(alpha, w, b, eta, q), self.null_loss
        return gap / null if null > 0 else gap

    def _feasible(
        self, rows: Rows, w: Array, residual: Array, q: Array, eta: Array, free: Array
    ) -> tuple[Array, Array, float]:
        """`_orthogonal` to all columns without a penalty that no bound holds against the slope that comes of it."""
        while True:
            found = self._orthogonal(residual, q, eta, np.flatnonzero(free))
            let_go = rows.unheld(w, found[1]) & ~free
            if not np.any(let_go):
                return found
            free = free | let_go

    def _orthogonal(self, residual: Array, q: Array, eta: Array, free: Array) -> tuple[Array, Array, float]:
        """One Newton step of the dual point onto the complement of the unpenalized columns and the intercept.

        The last value is the largest slope that the step has left on these columns.
        """
        hessian = self.loss.curvature(self.y, eta)
        weights = self.curvature(eta)
        m = len(free)
        system, right = np.zeros((m + 1, m + 1)), np.zeros(m + 1)
        system[:m, :m] = self.design.gram(weights, free)
        right[:m] = q[free]
        if self.free_intercept:
            column = self.design.rmatvec(weights[:, None], free)[:, 0]
            system[m, :m] = system[:m, m] = column
            system[m, m], right[m] = weights.sum(), self.weights @ residual
        step = np.linalg.lstsq(system, right, rcond=None)[0]
        change = self.design.matvec(step[:m, None], free)[:, 0] + step[m]
        change = hessian * change if hessian.ndim == 1 else _times_blocks(hessian, change)
        corrected = q - self.design.rmatvec((self.weights * change)[:, None])[:, 0]
        residual = residual - change
        pull = abs(self.weights @ residual) if self.free_intercept else 0.0
        left = float(np.max(np.abs(corrected[free]), initial=pull))
        corrected[free] = 0.0
        return residual, corrected, left

    def in_data_units(self, w: Array, b: float, column_unit: Array | float = 1.0) -> tuple[Array, Any]:
        """Coefficients and intercept for the columns and the target as they came."""
        nonzeros = np.flatnonzero(w)
        cols, values, intercept = self.nonzeros_in_data_units(nonzeros, w[nonzeros], b, column_unit)
        coef = np.zeros(len(w) - self.n_intercepts)
        coef[cols] = values
        return coef, intercept

    def nonzeros_in_data_units(
        self, cols: Array, w: Array, b: float, column_unit: Array | float = 1.0
    ) -> tuple[Array, Array, Any]:
        """The same of some columns, ascending, all others being zero; those columns and their coefficients."""
        scale = self.design.scale[cols, 0]
        coef = np.divide(w, scale, out=np.zeros_like(w), where=scale > 0)
        shift = float(self.design.means[cols, 0] @ coef)
        with np.errstate(over="ignore", under="ignore"):
            coef = coef / (column_unit if np.ndim(column_unit) == 0 else np.asarray(column_unit)[cols]) * self.unit
        return cols, coef, self.unit * (b + self.y_center - shift)

    def predictor_of(self, w: Array, intercept: Any) -> Array:
        """η of standardized coefficients and an intercept in the units of the data."""
        return self.predictor(w, (intercept - self.in_data_units(w, 0.0)[1]) / self.unit)

    def standardized(self, coef: Array, column_unit: Array | float = 1.0) -> Array:
        """Inverse of :meth:`in_data_units` for the coefficients."""
        return coef / self.unit * column_unit * self.design.scale[:, 0]


def without_penalty(problem: Problem) -> Problem:
    """The problem at strength zero."""
    return replace(problem, rows=problem.rows.times(0.0))


def _times_blocks(blocks: Array, v: Array) -> Array:
    """A block-diagonal matrix, its blocks (K, K) one below the other, times a vector."""
    size = blocks.shape[1]
    return np.asarray(np.einsum("nab,nb->na", blocks.reshape(-1, size, size), v.reshape(-1, size)).ravel())


def build_problems(
    design: Design,
    y: Array,
    weights: Array,
    loss: Loss,
    penalty: Penalty,
    *,
    fit_intercept: bool,
    standardize: bool,
    column_unit: Array,
    unit: float,
    offset: Array | float = 0.0,
    l1_factors: Array | None = None,
) -> list[Problem]:
    """One problem for each column of the weights, over a standardized design.

    Parameters
    ----------
    design : Design
        Standardized with the same weights.
    y : array of shape (n,)
        In units of ``unit``.
    weights : array of shape (n, k)
        Each column sums to 1.
    column_unit : array of shape (q,)
        Powers of two in which the design stores its columns.
    offset : array of shape (n,), or 0
        A known part of the linear predictor.
    l1_factors : array of shape (k, p), optional
        See `with_factors`.
    """
    problems: list[Problem] = []
    weights = np.asfortranarray(weights)  # the problems hold its columns, and those of one array of targets
    centers = [_mean(y, s) if loss.quadratic and fit_intercept else 0.0 for s in weights.T]
    targets = y - np.array(centers)[:, None] if any(centers) else [y] * len(centers)
    for i, center in enumerate(centers):
        rows = standardized_rows(penalty, design.scale[:, i] * column_unit, unit, standardize, loss.degree)
        rows = rows.sharing(problems[-1].rows) if problems else rows
        problems.append(
            Problem(
                loss=loss,
                design=design.problem(i),
                y=targets[i],
                weights=weights[:, i],
                rows=rows if l1_factors is None else with_factors(rows, l1_factors[i]),
                free_intercept=fit_intercept and not loss.quadratic,
                y_center=center,
                unit=unit,
                offset=offset,
            )
        )
    return problems


def best_intercept(loss: Loss, y: Array, weights: Array, offset: Array | float = 0.0) -> float:
    """The b that minimizes Σ s ℓ(y, b + offset): the link of the mean, or a bracketed Newton iteration from there."""
    start = float(loss.link(np.dot(weights, y)))
    if loss.mean_fits and not np.any(offset):
        return start
    start -= float(np.dot(weights, np.broadcast_to(offset, y.shape)))
    low, high, b = -np.inf, np.inf, start
    for _ in range(200):
        eta = np.full_like(y, b) + offset
        pull = -float(weights @ loss.gradient(y, eta))
        low, high = (b, high) if pull > 0 else (low, b)
        step = pull / max(float(weights @ loss.curvature(y, eta)), TINY)
        step = step if loss.degree else float(np.clip(step, -LEAP, LEAP))
        following = b + step
        if not low <= following <= high:
            following = 0.5 * (low + high)
        if following == b or abs(following - b) <= 1e-16 * abs(b):
            break
        b = following
    return b


def _mean(y: Array, weights: Array) -> float:
    """Weighted mean; exact for a constant, so that nothing but zeros is left of it."""
    used = y[weights > 0]
    return float(used[0]) if np.all(used == used[0]) else float(weights @ y)


def power_of_two(y: Array) -> float:
    """A power of two of the magnitude of y about its mean, 1 for a constant: dividing by it changes no bit."""
    spread = float(np.max(np.abs(y - np.mean(y[:1]))))
    return float(np.ldexp(1.0, int(np.frexp(spread)[1]))) if spread > 0 and np.isfinite(spread) else 1.0
