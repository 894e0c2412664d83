"""Which route a grid takes: moments where the table is tall and the loss squared, else rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from shrinkwise.design import as_design
from shrinkwise.design.base import Array
from shrinkwise.design.build import one_scale_a_group
from shrinkwise.engines import LocalEngine
from shrinkwise.losses import Loss
from shrinkwise.moments import MEMORY, Moments
from shrinkwise.outputs import problems_of
from shrinkwise.path.base import Route
from shrinkwise.path.cells import moments_of_sets
from shrinkwise.path.cox import CoxRoute
from shrinkwise.path.moments import MomentsRoute
from shrinkwise.path.repeats import repeats_of
from shrinkwise.path.rows import LockstepRoute
from shrinkwise.penalties import Penalty
from shrinkwise.penalties.concave import Concave
from shrinkwise.penalties.standardized import groups_of


@dataclass(frozen=True, eq=False)
class Task:
    """What a grid fits, checked."""

    X: Any
    y: Array  # (n,), or (n, outputs), in units of `unit`
    offset: Array | float  # a known part of η
    weights: Array
    counts: Array  # (n, K): how often a row is in the training set of each fold
    tests: tuple[Array, ...]
    loss: Loss
    penalties: tuple[Penalty, ...]
    unit: float
    fit_intercept: bool
    standardize: bool
    maps: tuple[sparse.csc_array, ...] | None
    tol: float
    engine: LocalEngine
    progress: Callable[[int], None]
    grouped_outputs: bool = False
    l1_factors: Array | None = None  # (K + 1, p)
    concave: Concave | None = None
    start: sparse.csr_array | None = None  # (K + 1, p) coefficients that all lines start from

    @property
    def n_features(self) -> int:
        return int(self.maps[0].shape[1] if self.maps else self.X.shape[1])


def choose_route(task: Task) -> tuple[Route, Array, Array]:
    """The cheapest route that keeps its digits, and center and scale of the columns on all data."""
    moments = _moments_of_folds(task) if _is_tall(task) else None
    if moments is not None:
        training, testing = moments
        if task.maps is not None:
            training = [part.mapped(linear) for part, linear in zip(training, task.maps, strict=True)]
            testing = [part.mapped(linear) for part, linear in zip(testing, task.maps[:-1], strict=True)]
        route = MomentsRoute(
            training,
            testing,
            task.penalties,
            fewest_rows=int(np.min(np.count_nonzero(task.counts * (task.weights > 0)[:, None], axis=0))),
            unit=task.unit,
            fit_intercept=task.fit_intercept,
            standardize=task.standardize,
            tol=task.tol,
            engine=task.engine,
            progress=task.progress,
            l1_factors=task.l1_factors,
            concave=task.concave,
        )
        return route, route.center, route.scale
    return rows_route(task)


def _moments_of_folds(task: Task) -> tuple[list[Moments], list[Moments]] | None:
    """Moments of the K training sets and all rows, and of the held-out rows.

    One read of the rows, or one for each repeat of a cross-validation: the folds of one repeat share K cells, those of
    all repeats together K^repeats, which may be too many.
    """
    together = np.zeros(len(task.tests), dtype=np.int64)
    for repeats in (together, repeats_of(task.tests, len(task.y))):
        if repeats is None:
            break
        parts = [part for repeat in np.unique(repeats) if (part := _moments_of(task, repeats == repeat))]
        if len(parts) == repeats.max() + 1:
            training = [moments for part in parts for moments in part[0]]
            return [*training, parts[0][2]], [moments for part in parts for moments in part[1]]
    return None


def _moments_of(task: Task, folds: Array) -> tuple[list[Moments], list[Moments], Moments] | None:
    """Moments of the training sets and held-out rows of some folds, and of all rows."""
    tests = [rows for rows, wanted in zip(task.tests, folds) if wanted]
    held_out = [np.bincount(rows, minlength=len(task.y)).astype(task.counts.dtype) for rows in tests]
    member = [*(task.counts[:, fold] for fold in np.flatnonzero(folds)), *held_out]
    moments = moments_of_sets(task.X, task.y, task.weights, member, task.engine, MEMORY)
    if moments is None:
        return None
    whole, sets = moments
    return sets[: len(tests)], sets[len(tests) :], whole


def rows_route(task: Task) -> tuple[Route, Array, Array]:
    """The route for rows, and center and scale of the columns on all data."""
    weights = np.empty((len(task.y), task.counts.shape[1] + 1), order="F")  # problems share its columns
    weights[:, :-1], weights[:, -1] = task.counts, 1.0
    weights *= task.weights[:, None]
    weights /= weights.sum(axis=0)
    design, column_unit = as_design(task.X)
    if task.maps is not None:
        design = design.mapped(
            tuple(sparse.csc_array(sparse.diags_array(column_unit) @ linear) for linear in task.maps)
        )
        column_unit = np.ones(task.n_features)
    design = design.standardized(weights, task.fit_intercept)
    scale = design.scale[:, -1] * column_unit
    if not task.standardize:
        design = one_scale_a_group(design, groups_of(task.penalties, task.n_features), column_unit)
    built = [
        problems_of(
            design,
            task.y,
            weights,
            task.loss,
            penalty,
            grouped=task.grouped_outputs,
            fit_intercept=task.fit_intercept,
            standardize=task.standardize,
            column_unit=column_unit,
            unit=task.unit,
            offset=task.offset,
            l1_factors=task.l1_factors,
        )
        for penalty in task.penalties
    ]
    paths = built[0][0], [problems for _, problems in built], task.penalties
    options: dict[str, Any] = {
        "concave": task.concave,
        "tol": task.tol,
        "engine": task.engine,
        "progress": task.progress,
    }
    if task.loss.coupled:
        held_out = np.zeros((len(task.y), len(task.tests)), order="F")
        for fold, rows in enumerate(task.tests):
            np.add.at(held_out[:, fold], rows, task.weights[rows])
        route: Route = CoxRoute(*paths, task.counts * task.weights[:, None], held_out, column_unit, **options)
    else:
        outputs = task.y.shape[1:]
        held_out_rows = [_held_out(rows, task.weights, *outputs) for rows in task.tests]
        route = LockstepRoute(*paths, held_out_rows, column_unit, outputs=outputs, **options)
    return route, design.means[:, -1] * column_unit, scale


def _held_out(rows: Array, weights: Array, outputs: int = 1) -> tuple[Array, Array]:
    """The places of held-out rows in a flat η of so many predictors a row, and the weights; those of rows sum to 1."""
    places = rows if outputs == 1 else (rows[:, None] * outputs + np.arange(outputs)).ravel()
    own = weights[rows]
    return places, np.repeat(own / own.sum(), outputs)


def _is_tall(task: Task) -> bool:
    n, q = task.X.shape
    fits_memory = 8.0 * (q + 1) ** 2 * 3 * (task.counts.shape[1] + 1) <= MEMORY
    dense_enough = not sparse.issparse(task.X) or task.X.nnz * 50 >= n * q or q <= 200
    return task.loss.quadratic and task.y.ndim == 1 and q <= n and fits_memory and dense_enough
