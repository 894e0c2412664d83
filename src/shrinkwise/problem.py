"""One penalized problem: its objective and its certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shrinkwise.design import Design
from shrinkwise.design.base import Array
from shrinkwise.losses import Loss
from shrinkwise.penalties import ElasticNet, Rows

ROUNDING = 1e-15  # a sum of n weighted terms of order 1 below this is zero


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

    @property
    def free(self) -> Array:
        """Columns without any penalty, as a mask."""
        return np.asarray((self.rows.l1 == 0) & (self.rows.l2 == 0) & (self.rows.upper > 0))

    @cached_property
    def null_intercept(self) -> float:
        """b of the intercept-only model."""
        return float(self.loss.link(np.dot(self.weights, self.y))) if self.free_intercept else 0.0

    @cached_property
    def null_loss(self) -> float:
        """Loss of the intercept-only model: the unit of every gap."""
        return float(self.weights @ self.loss.value(self.y, np.full_like(self.y, self.null_intercept)))

    def predictor(self, w: Array, b: float) -> Array:
        """η of shape (n,)."""
        cols = np.flatnonzero(w)
        return np.asarray(self.design.matvec(w[cols, None], cols)[:, 0] + b)

    def slope(self, eta: Array) -> Array:
        """q = −∇ of the loss with respect to w, (p,)."""
        return self.design.rmatvec((-self.weights * self.loss.gradient(self.y, eta))[:, None])[:, 0]

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
        free = np.zeros(0, dtype=np.intp)
        if not self._penalizes_all(alpha):
            free = np.flatnonzero(self.noticeable(self.rows.times(alpha)).unheld(w, q))
        if len(free) or (self.free_intercept and abs(self.weights @ residual) > ROUNDING):
            residual, q = self._orthogonal(residual, q, eta, free)

        square = float(self.weights @ residual**2)
        towards_target = float(self.weights @ (self.y * residual)) / square if square > 0 else 1.0

        def loss_slack(tau: Array) -> Array:
            return np.asarray(self.weights @ self.loss.slack(self.y, eta, -tau * residual))

        counted = np.flatnonzero((w != 0) | (np.abs(q) > alpha * self.rows.l1))
        rows = self.noticeable(self.rows.take(counted).times(alpha))  # all others have slack 0 at any τ ≤ 1
        return float(scaled_gap(rows, w[counted], q[counted], loss_slack, np.asarray(towards_target)))

    def _penalizes_all(self, alpha: float) -> bool:
        """Whether each column that can move feels a penalty at this strength."""
        floor, (l1, l2, free) = self._floor, self._weakest
        return alpha > 0 and not free and alpha * l1 > floor and alpha * l2 > ROUNDING

    @cached_property
    def _weakest(self) -> tuple[float, float, bool]:
        """The smallest l1 and l2 above zero, and whether a column has neither."""
        l1, l2 = self.rows.l1, self.rows.l2
        free = (l1 == 0) & (l2 == 0) & ((self.rows.upper > 0) | (self.rows.lower < 0))
        smallest = [float(np.min(part[part > 0], initial=np.inf)) for part in (l1, l2)]
        return smallest[0], smallest[1], bool(np.any(free))

    @cached_property
    def _floor(self) -> float:
        """Slopes below it are rounding: |q| ≤ √(2 null loss)."""
        return ROUNDING * float(np.sqrt(2 * self.null_loss))

    def noticeable(self, rows: Rows) -> Rows:
        """Penalties that drown in the rounding of slopes count as none: a bound all the same."""
        l1 = np.where(rows.l1 > self._floor, rows.l1, 0.0)
        return rows._replace(l1=l1, l2=np.where(rows.l2 > ROUNDING, rows.l2, 0.0))

    def relative_gap(self, alpha: float, w: Array, b: float, eta: Array | None = None, q: Array | None = None) -> float:
        """The gap in units of the null loss."""
        gap, null = self.gap(alpha, w, b, eta, q), self.null_loss
        return gap / null if null > 0 else gap

    def _orthogonal(self, residual: Array, q: Array, eta: Array, free: Array) -> tuple[Array, Array]:
        """One Newton step of the dual point onto the complement of the unpenalized columns and the intercept."""
        hessian = self.loss.hessian(self.y, eta)
        weights = self.weights * hessian
        m = len(free)
        system, right = np.zeros((m + 1, m + 1)), np.zeros(m + 1)
        system[:m, :m] = self.design.gram(weights, free)
        right[:m] = q[free]
        if self.free_intercept:
            column = self.design.rmatvec(weights[:, None], free)[:, 0]
            system[m, :m] = system[:m, m] = column
            system[m, m], right[m] = weights.sum(), self.weights @ residual
        step = np.linalg.lstsq(system, right, rcond=None)[0]
        change = hessian * (self.design.matvec(step[:m, None], free)[:, 0] + step[m])
        corrected = q - self.design.rmatvec((self.weights * change)[:, None])[:, 0]
        corrected[free] = 0.0
        return residual - change, corrected

    def in_data_units(self, w: Array, b: float, column_unit: Array | float = 1.0) -> tuple[Array, float]:
        """Coefficients and intercept for the columns and the target as they came."""
        cols, coef = np.flatnonzero(w), np.zeros_like(w)
        units = column_unit if np.ndim(column_unit) == 0 else np.asarray(column_unit)[cols]
        coef[cols], intercept = self.nonzeros_in_data_units(w[cols], cols, b, units)
        return coef, intercept

    def nonzeros_in_data_units(
        self, w: Array, cols: Array, b: float, column_unit: Array | float = 1.0
    ) -> tuple[Array, float]:
        """The same for coefficients of some columns, where the others are zero."""
        scale = self.design.scale[cols, 0]
        coef = np.divide(w, scale, out=np.zeros_like(w), where=scale > 0)
        shift = float(self.design.means[cols, 0] @ coef)
        with np.errstate(over="ignore", under="ignore"):
            coef = coef / column_unit * self.unit
        return coef, self.unit * (b + self.y_center - shift)

    def standardized(self, coef: Array, column_unit: Array | float = 1.0) -> Array:
        """Inverse of :meth:`in_data_units` for the coefficients."""
        return coef / self.unit * column_unit * self.design.scale[:, 0]


def scaled_gap(rows: Rows, w: Array, q: Array, loss_slack: Callable[[Array], Array], towards_target: Array) -> Array:
    """The smallest gap over scalings τ of a dual point whose slope is q: Σ of the Fenchel–Young slacks.

    Parameters
    ----------
    rows : Rows at their strength, broadcastable to w
    w, q : arrays of shape (..., p)
        q is exactly 0, up to rounding, on unpenalized columns.
    loss_slack : function of τ (...) that returns the slack of the loss (...)
    towards_target : array of shape (...)
        The τ that is best for the loss alone.

    Returns
    -------
    array of shape (...)
    """
    rigid, feasible = feasible_scaling(rows, w, q)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        best = np.full(np.shape(feasible), np.inf)
        candidates = [feasible]
        if np.any(feasible < 1) and (np.any(rows.l2 > 0) or np.any(np.isfinite(rows.upper - rows.lower))):
            candidates.append(np.ones_like(feasible))
        if np.any(towards_target < feasible):
            candidates.append(np.clip(towards_target, 0.0, feasible))
        for tau in candidates:
            u = tau[..., None] * q
            u = np.where(rigid & (tau <= feasible)[..., None], np.clip(u, -rows.l1, rows.l1), u)
            penalty = np.sum(np.maximum(rows.value(w) + rows.conjugate(u) - w * u, 0.0), axis=-1)
            total = loss_slack(tau) + penalty
            best = np.minimum(best, np.where(np.isnan(total), np.inf, total))
    return best


def feasible_scaling(rows: Rows, w: Array, q: Array) -> tuple[Array, Array]:
    """Where only |u| <= l1 makes the slack of a penalty small, and the largest τ <= 1 with which τq keeps to that."""
    rigid = (rows.l2 == 0) & (w != np.where(q >= 0, rows.upper, rows.lower))
    limited = rigid & (rows.l1 > 0) & (q != 0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(limited, rows.l1 / np.abs(q), 1.0)
    return rigid, np.minimum(1.0, np.min(ratio, axis=-1, initial=1.0))


def build_problems(
    design: Design,
    y: Array,
    weights: Array,
    loss: Loss,
    penalty: ElasticNet,
    *,
    fit_intercept: bool,
    standardize: bool,
    column_unit: Array,
    unit: float,
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
    """
    problems = []
    for i in range(weights.shape[1]):
        center = _mean(y, weights[:, i]) if loss.quadratic and fit_intercept else 0.0
        problems.append(
            Problem(
                loss=loss,
                design=design.problem(i),
                y=y - center,
                weights=np.ascontiguousarray(weights[:, i]),
                rows=standardized_rows(penalty, design.scale[:, i] * column_unit, unit, standardize),
                free_intercept=fit_intercept and not loss.quadratic,
                y_center=center,
                unit=unit,
            )
        )
    return problems


def _mean(y: Array, weights: Array) -> float:
    """Weighted mean; exact for a constant, so that nothing but zeros is left of it."""
    used = y[weights > 0]
    return float(used[0]) if np.all(used == used[0]) else float(weights @ y)


def power_of_two(y: Array) -> float:
    """A power of two of the magnitude of y about its mean, 1 for a constant: dividing by it changes no bit."""
    spread = float(np.max(np.abs(y - np.mean(y[:1]))))
    return float(np.ldexp(1.0, int(np.frexp(spread)[1]))) if spread > 0 and np.isfinite(spread) else 1.0


def standardized_rows(penalty: ElasticNet, scale: Array, unit: float, standardize: bool) -> Rows:
    """The penalty for coefficients of columns divided by their scale and a target divided by its unit.

    With ``standardize`` the penalty acts on the coefficients of the standardized columns, else on those of the columns
    as they came; bounds are always in the units of the data. A constant column is held at zero.
    """
    rows = penalty.rows(len(scale))
    varies = scale > 0
    safe = np.where(varies, scale, 1.0)
    divisor = np.ones_like(safe) if standardize else safe
    with np.errstate(over="ignore", under="ignore"):
        return Rows(
            np.where(varies, rows.l1 / divisor / unit, 0.0),
            np.where(varies, rows.l2 / divisor / divisor, 0.0),
            np.where(varies, _product(rows.lower, safe / unit), 0.0),
            np.where(varies, _product(rows.upper, safe / unit), 0.0),
        )


def _product(bound: Array, factor: Array) -> Array:
    return np.where(bound == 0, 0.0, bound * factor)
