"""Problems whose rows are coupled by risk sets: Cox's partial likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shrinkwise.design import Design
from shrinkwise.design.base import Array
from shrinkwise.dual_scaling import scaled_gap
from shrinkwise.losses import Loss
from shrinkwise.losses.cox import CoxLoss
from shrinkwise.penalties import Penalty
from shrinkwise.problem import FEASIBLE, ROUNDING, TINY, Problem, build_problems

WIDTH = 64  # columns that are spread out together
DIGITS = 1e-14  # a second derivative below this share of what it is the difference of is rounding
DUAL_STEPS = 30  # of Newton towards a dual point that is orthogonal to the unpenalized columns


@dataclass(frozen=True, eq=False)
class CoxProblem(Problem):
    """A `Problem` whose loss is bound to its training set; y says which rows have an event.

    The weights of the training set are in the values of the loss: those of the problem only say which rows count. There
    is no intercept; columns are centered all the same, which changes no difference of predictors.
    """

    @property
    def _cox(self) -> CoxLoss:
        loss: Any = self.loss
        return loss  # type: ignore[no-any-return]

    @property
    def null_spread(self) -> float:
        gradient, hazard = (f(self.y, self.null_eta) for f in (self.loss.gradient, self.loss.hessian))
        return float(np.sqrt(np.count_nonzero(self.weights) * (gradient @ gradient)) / max(hazard.sum(), TINY))

    def hessian(self, cols: Array, eta: Array | None = None) -> Array:
        """X'HX = X' diag(p) X − Σ a mm', m the means of the columns over risk sets; without a predictor, at 0."""
        eta = self.null_eta if eta is None else eta
        at = self._cox.at(eta)
        products = self.design.gram(self._cox.of_all(at.hazard, eta), cols)
        largest = np.diagonal(products).copy()
        means = np.empty((len(at.log_term), len(cols)))
        for start in range(0, len(cols), WIDTH):
            some = cols[start : start + WIDTH]
            means[:, start : start + WIDTH] = at.means(self.design.explicit(some))
        means *= np.sqrt(at.sets.share)[:, None]
        products -= means.T @ means
        flat = np.diagonal(products) <= DIGITS * largest  # no variation within risk sets
        products[flat] = products[:, flat] = 0.0
        return products

    def gap(self, alpha: float, w: Array, b: float, eta: Array | None = None, q: Array | None = None) -> float:
        """As of any problem, with τ times a gradient of the loss as the dual point.

        It is the gradient at η or, where there are unpenalized columns, at a predictor near it where it is orthogonal
        to them.
        """
        eta = self.predictor(w, b) if eta is None else eta
        q = self.slope(eta) if q is None else q
        at, rows = eta, self.noticeable(self.rows.times(alpha))
        free = rows.unheld(w, q)
        if np.any(free):
            at, q, left = self._feasible(rows, w, -self.loss.gradient(self.y, eta), q, eta, free)
            if left > FEASIBLE * self.slope_size:
                return np.inf
        slack_at = self._cox.slack_towards(eta, at)

        def loss_slack(tau: Array) -> Array:
            return np.asarray(slack_at(float(tau)))

        counted = self.rows.groups.whole(np.flatnonzero((w != 0) | (self.rows.beyond(q, alpha) > 0)))
        return float(scaled_gap(rows.take(counted), w[counted], q[counted], loss_slack, np.ones(())))

    def _orthogonal(self, residual: Array, q: Array, eta: Array, free: Array) -> tuple[Array, Array, float]:
        """A predictor where the gradient is orthogonal to some columns, found by Newton's method from ``eta``.

        The first value is that predictor, where other problems return a residual: it knows the whole dual point.
        """
        at, found, best = eta, eta, np.inf
        for _ in range(DUAL_STEPS):
            with np.errstate(over="ignore", invalid="ignore"):
                slope = self.design.rmatvec(-self.loss.gradient(self.y, at)[:, None], free)[:, 0]
            left = float(np.max(np.abs(slope)))
            if not left < 0.5 * best:
                break
            found, best = at, left
            if left <= ROUNDING * self.slope_size:
                break
            step = np.linalg.lstsq(self.hessian(free, at), slope, rcond=None)[0]
            at = at + self.design.matvec(step[:, None], free)[:, 0]
        slopes = q if found is eta else self.slope(found)
        return found, np.where(np.isin(np.arange(len(q)), free), 0.0, slopes), best

    def in_data_units(self, w: Array, b: float, column_unit: Array | float = 1.0) -> tuple[Array, Any]:
        return super().in_data_units(w, b, column_unit)[0], 0.0

    def nonzeros_in_data_units(
        self, cols: Array, w: Array, b: float, column_unit: Array | float = 1.0
    ) -> tuple[Array, Array, Any]:
        return (*super().nonzeros_in_data_units(cols, w, b, column_unit)[:2], 0.0)

    def predictor_of(self, w: Array, intercept: Any) -> Array:
        return self.predictor(w, 0.0)


def build_coupled(
    design: Design, y: Array, weights: Array, loss: Loss, penalty: Penalty, **options: Any
) -> Sequence[CoxProblem]:
    """As `build_problems`, with a loss for each training set."""
    problems = build_problems(design, y, weights, loss, penalty, **options | {"fit_intercept": False})
    parts = [{name: getattr(problem, name) for name in problem.__dataclass_fields__} for problem in problems]
    return [
        CoxProblem(**part | {"loss": loss.of_rows(y, s), "weights": (s > 0).astype(np.float64)})
        for part, s in zip(parts, weights.T, strict=True)
    ]
