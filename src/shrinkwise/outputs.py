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
from shrinkwise.penalties.groups import ALONE, Groups
from shrinkwise.penalties.standardized import standardized_rows
from shrinkwise.problem import Problem, build_problems
from shrinkwise.survival import build_coupled

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
    def n_intercepts(self) -> int:
        design: Any = self.design
        return int(design.ones)

    @property
    def table(self) -> tuple[Design, Array, Array]:
        design: Any = self.design
        return design.store, self.y.reshape(-1, self.outputs), self.weights[:: self.outputs]

    @cached_property
    def null_w(self) -> Array:
        w = np.zeros(self.design.shape[1])
        if self.n_intercepts:
            shares = np.log(self._shares)
            w[-self.n_intercepts :] = (shares - shares[-1])[: self.n_intercepts]
        return w

    @cached_property
    def _shares(self) -> Array:
        """Weighted mean of y for each output."""
        y, s = (values.reshape(-1, self.outputs) for values in (self.y, self.weights))
        return np.asarray(np.maximum(np.sum(s * y, axis=0), LEAST))

    @property
    def null_eta(self) -> Array:
        return np.asarray(self.predictor(self.null_w, 0.0))

    @property
    def _endless(self) -> Array:
        """Columns without penalty and bounds, as a mask."""
        return self.rows.unpenalized & np.isinf(self.rows.lower) & np.isinf(self.rows.upper)

    def hessian(self, cols: Array, eta: Array | None = None) -> Array:
        if self.loss.quadratic:
            return super().hessian(cols)
        if eta is None:  # whatever the classes' shares, a number for all of them changes nothing
            block = np.eye(self.outputs) - 1 / self.outputs
            return self.design.gram(
                self.weights[:, None] * np.tile(block, (len(self.weights) // self.outputs, 1)), cols
            )
        last = np.arange(self.design.shape[1])[-self.n_intercepts :] if self.n_intercepts else cols[:0]
        whole, m = self.design.gram(self.curvature(eta), np.concatenate([cols, last])), len(cols)
        return np.asarray(whole[:m, :m] - whole[:m, m:] @ np.linalg.lstsq(whole[m:, m:], whole[m:, :m], rcond=None)[0])

    def in_data_units(self, w: Array, b: float, column_unit: Array | float = 1.0) -> tuple[Array, Any]:
        """Coefficients (pK,), feature by feature, and intercepts (K,)."""
        design: Any = self.design
        p = design.store.shape[1]
        size = p * self.outputs
        scale = design.store.scale[:, :1]
        V = w[:size].reshape(p, self.outputs)
        coef = np.divide(V, scale, out=np.zeros_like(V), where=scale > 0)
        if not self.loss.quadratic:  # without a penalty only differences of classes are determined: their sum is 0
            free = np.all(self._endless[:size].reshape(p, self.outputs), axis=1)
            coef[free] -= coef[free].mean(axis=1, keepdims=True)
        intercept = (0.0 if self.centers is None else self.centers) - design.store.means[:, 0] @ coef
        if self.n_intercepts:
            intercept[: self.n_intercepts] += w[size:]
            intercept -= intercept.mean()
        unit = column_unit if np.ndim(column_unit) == 0 else np.asarray(column_unit)[:, None]
        with np.errstate(over="ignore", under="ignore"):
            coef = coef / unit * self.unit
        return coef.ravel(), self.unit * intercept

    def nonzeros_in_data_units(
        self, cols: Array, w: Array, b: float, column_unit: Array | float = 1.0
    ) -> tuple[Array, Array, Any]:
        whole = np.zeros(self.design.shape[1])
        whole[cols] = w
        coef, intercept = self.in_data_units(whole, b, column_unit)
        cols = np.flatnonzero(coef)
        return cols, coef[cols], intercept

    def predictor_of(self, w: Array, intercept: Any) -> Array:
        without = np.append(w[: len(w) - self.n_intercepts], np.zeros(self.n_intercepts))
        b = (intercept - self.in_data_units(without, 0.0)[1]) / self.unit
        flat = self.predictor(without, 0.0)
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
    """Problems and the design that they are over.

    They are of `build_problems`, of `build_outputs` for a target of shape (n, K), of `build_coupled` for Cox's loss.
    """
    if y.ndim == 2:
        check_single(y, offset=offset, l1_factors=l1_factors)
        return build_outputs(design, y, weights, loss, penalty, grouped=grouped, **options)
    build = build_coupled if loss.coupled else build_problems
    return design, build(design, y, weights, loss, penalty, offset=offset, l1_factors=l1_factors, **options)


def check_single(y: Array, **known: Any) -> None:
    """Raise a `UsageError` that names what only a target of one column can have."""
    for name, value in known.items():
        if value is not None and np.ndim(value) and y.ndim == 2:
            remedy = "an offset is part of one predictor" if name == "offset" else "they scale one penalty a feature"
            raise UsageError(
                f"{name} needs one predictor a row, but there are {y.shape[1]} (classes, or columns of y): {remedy}; "
                f"leave {name} out, or fit each class or column by itself"
            )


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
    if grouped:
        _check_unbounded(penalty.rows(len(column_unit)))
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


def _check_unbounded(rows: Rows) -> None:
    held = rows.upper == rows.lower  # at zero, for all outputs
    bounded = np.flatnonzero((np.isfinite(rows.lower) | np.isfinite(rows.upper)) & ~held)
    if len(bounded):
        j = int(bounded[0])
        raise UsageError(
            f"grouped_outputs=True leaves no room for bounds, but column {j} has [{rows.lower[j]:g}, "
            f"{rows.upper[j]:g}]: the norm of a feature's coefficients knows no bounds; leave out one or the other"
        )


def _repeated(rows: Rows, outputs: int, ones: int, grouped: bool) -> Rows:
    """The penalty of each feature for each of its outputs; intercepts are free."""

    def repeat(values: Array, last: float) -> Array:
        return np.append(np.repeat(values, outputs), np.full(ones, last))

    l1, l2 = repeat(rows.l1, 0.0), repeat(rows.l2, 0.0)
    lower, upper = repeat(rows.lower, -np.inf), repeat(rows.upper, np.inf)
    if not grouped:
        return Rows(l1, l2, lower, upper)
    feature = np.where(rows.upper > rows.lower, np.arange(len(rows.l1)), ALONE)  # a constant one is held at zero
    labels = np.append(np.repeat(feature, outputs), np.full(ones, ALONE))
    return Rows(np.zeros_like(l1), l2, lower, upper, norm=l1, groups=Groups.of(labels))
