"""Problems with several predictors a row: one for each class, or for each column of the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from shrinkwise.design import Design
from shrinkwise.design.base import Array
from shrinkwise.design.outputs import OutputsDesign
from shrinkwise.exceptions import UsageError
from shrinkwise.losses import Loss
from shrinkwise.penalties import Penalty, Rows
from shrinkwise.penalties.groups import Groups
from shrinkwise.problem import Problem, build_problems, standardized_rows

LEAST = 1e-300  # share of a class that no training row has


@dataclass(frozen=True, eq=False)
class OutputsProblem(Problem):
    """A `Problem` over an `OutputsDesign`: y, weights and predictors are flat, row after row.

    The intercepts of a loss that is not a square are the last columns of the design: of all outputs but the last, whose
    is 0 until they are centered.
    """

    centers: Array | None = None  # (K,): means of the columns of the target

    @property
    def outputs(self) -> int:
        design: Any = self.design
        return int(design.outputs)

    @property
    def _ones(self) -> int:
        design: Any = self.design
        return int(design.ones)

    @cached_property
    def null_w(self) -> Array:
        w = np.zeros(self.design.shape[1])
        if self._ones:
            shares = np.log(self._shares)
            w[-self._ones :] = (shares - shares[-1])[: self._ones]
        return w

    @cached_property
    def _shares(self) -> Array:
        """Weighted mean of y for each output."""
        y, s = (values.reshape(-1, self.outputs) for values in (self.y, self.weights))
        return np.asarray(np.maximum(np.sum(s * y, axis=0), LEAST))

    @property
    def null_eta(self) -> Array:
        return np.asarray(self.predictor(self.null_w, 0.0))

    def in_data_units(self, w: Array, b: float, column_unit: Array | float = 1.0) -> tuple[Array, Any]:
        """Coefficients (pK,), feature by feature, and intercepts (K,)."""
        design: Any = self.design
        p = design.store.shape[1]
        size = p * self.outputs
        scale = design.store.scale[:, :1]
        V = w[:size].reshape(p, self.outputs)
        coef = np.divide(V, scale, out=np.zeros_like(V), where=scale > 0)
        intercept = -(design.store.means[:, 0] @ coef)
        if self.centers is not None:
            intercept = intercept + self.centers
        if self._ones:
            intercept[: self._ones] += w[size:]
            intercept -= intercept.mean()
        unit = column_unit if np.ndim(column_unit) == 0 else np.asarray(column_unit)[:, None]
        with np.errstate(over="ignore", under="ignore"):
            coef = coef / unit * self.unit
        return coef.ravel(), self.unit * intercept

    def predictor_of(self, w: Array, intercept: Any) -> Array:
        size = len(w) - self._ones
        b = (intercept - self.in_data_units(np.append(w[:size], np.zeros(self._ones)), 0.0)[1]) / self.unit
        flat = self.predictor(np.append(w[:size], np.zeros(self._ones)), 0.0)
        return np.asarray(flat + np.tile(b, len(flat) // self.outputs))

    def standardized(self, coef: Array, column_unit: Array | float = 1.0) -> Array:
        """Inverse of :meth:`in_data_units` for the coefficients; the intercepts are those of the null model."""
        design: Any = self.design
        unit = column_unit if np.ndim(column_unit) == 0 else np.asarray(column_unit)[:, None]
        W = coef.reshape(-1, self.outputs) / self.unit * unit * design.store.scale[:, :1]
        return np.concatenate([W.ravel(), self.null_w[len(coef) :]])


def problems_of(
    design: Design,
    y: Array,
    weights: Array,
    loss: Loss,
    penalty: Penalty,
    *,
    grouped: bool,
    offset: Array | float,
    l1_factors: Array | None = None,
    **options: Any,
) -> tuple[Design, Sequence[Problem]]:
    """Problems and the design that they are over: `build_problems`, or `build_outputs` for a target of shape (n, K)."""
    if y.ndim == 2:
        return build_outputs(design, y, weights, loss, penalty, grouped=grouped, **options)
    return design, build_problems(design, y, weights, loss, penalty, offset=offset, l1_factors=l1_factors, **options)


def build_outputs(
    design: Design,
    y: Array,
    weights: Array,
    loss: Loss,
    penalty: Penalty,
    *,
    grouped: bool,
    fit_intercept: bool,
    standardize: bool,
    column_unit: Array,
    unit: float,
) -> tuple[OutputsDesign, list[OutputsProblem]]:
    """As `build_problems`, for a target of shape (n, K).

    Parameters
    ----------
    grouped : bool
        The norm of a feature's K coefficients takes the place of their absolute values: a feature is in for all outputs
        or for none.
    """
    if penalty.rows(len(column_unit)).grouped:
        raise UsageError(
            f"groups of columns need a target of one column, got {y.shape[1]} outputs; grouped_outputs=True "
            "penalizes the coefficients of a feature together"
        )
    outputs = y.shape[1]
    ones = 0 if loss.quadratic or not fit_intercept else outputs - 1
    wide = OutputsDesign.over(design, outputs, ones)
    problems = []
    for i in range(weights.shape[1]):
        centers = weights[:, i] @ y if loss.quadratic and fit_intercept else np.zeros(outputs)
        rows = standardized_rows(penalty, design.scale[:, i] * column_unit, unit, standardize, loss.degree)
        problems.append(
            OutputsProblem(
                loss=loss,
                design=wide.problem(i),
                y=np.ascontiguousarray(y - centers).ravel(),
                weights=np.repeat(weights[:, i], outputs),
                rows=_repeated(rows, outputs, ones, grouped),
                free_intercept=False,
                unit=unit,
                centers=centers if loss.quadratic else None,
            )
        )
    return wide, problems


def _repeated(rows: Rows, outputs: int, ones: int, grouped: bool) -> Rows:
    """The penalty of each feature for each of its outputs; intercepts are free."""

    def repeat(values: Array, last: float) -> Array:
        return np.append(np.repeat(values, outputs), np.full(ones, last))

    l1, l2 = repeat(rows.l1, 0.0), repeat(rows.l2, 0.0)
    lower, upper = repeat(rows.lower, -np.inf), repeat(rows.upper, np.inf)
    if not grouped:
        return Rows(l1, l2, lower, upper)
    labels = np.append(np.repeat(np.arange(len(rows.l1)), outputs), np.full(ones, -1))
    return Rows(np.zeros_like(l1), l2, lower, upper, norm=l1, groups=Groups.of(labels))
