"""The strengths of a grid: where they begin, how far they go, and the fits at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.engines.local import one_blas_thread
from shrinkwise.exceptions import UsageError
from shrinkwise.path import Block, FreeFit, MomentsRoute, Route, Task, choose_route, geometric, rows_route
from shrinkwise.path.relax import relaxed
from shrinkwise.validation import check_alpha, check_count, check_number

RIDGE = 1e-3  # a ridge path goes that much further: where its penalty matters does not depend on y
SMALLEST_RATIO = 1e-6  # an extended grid does not go below this share of alpha_max


@dataclass(frozen=True, eq=False)
class Fits:
    """The fits of a task at all strengths of its lines."""

    block: Block
    strengths: Array  # (R, A)
    extended: bool
    free: FreeFit | None
    freedom: Array | None  # (R, A)
    null_score: Array  # (K,)
    center: Array  # (p,), of the columns on all data
    scale: Array  # (p,)


def fit_strengths(
    task: Task,
    alphas: int | Sequence[float],
    alpha_min_ratio: float | None = None,
    *,
    extend: bool = True,
    relax: Sequence[float] | None = None,
    unpenalized: bool = True,
    degrees_of_freedom: bool = False,
) -> Fits:
    """Choose the route and go down all lines of the task; the arguments are those of `fit_grid`."""
    with one_blas_thread():
        route, center, scale = _relaxable(choose_route(task), task, relax)
        strengths = _strengths(task, route, alphas, alpha_min_ratio)
        blocks = [_begun(route, task, strengths)]
        if isinstance(route, MomentsRoute) and not np.all(blocks[0].gaps <= task.tol):
            # a Gram too ill-conditioned to certify: back to the rows
            route, center, scale = _relaxable(rows_route(task), task, relax)
            blocks = [_begun(route, task, strengths)]
        extended = False
        while extend and strengths.shape[1] > 1 and isinstance(alphas, int):
            further = _further(task, blocks, strengths)
            if further is None:
                break
            blocks.append(route.advance(further))
            strengths, extended = np.hstack([strengths, further]), True
        block = Block.joined(blocks) if len(blocks) > 1 else blocks[0]
        if relax is not None:
            block, strengths = relaxed(route, block, relax, task.tol), np.repeat(strengths, len(relax), axis=0)
        free = route.unpenalized() if unpenalized else None
        freedom = route.degrees_of_freedom(block, strengths) if degrees_of_freedom else None
    return Fits(block, strengths, extended, free, freedom, route.null_score, center, scale)


def fold_weights(task: Task) -> Array:
    """The share of all held-out weight that each fold holds out, (K,)."""
    counted = task.weights * task.y if task.loss.coupled else task.weights  # a partial likelihood is of events
    held_out = np.array([counted[rows].sum() for rows in task.tests])
    return np.asarray(held_out / held_out.sum())


def _begun(route: Route, task: Task, strengths: Array) -> Block:
    """The first strengths, from zero coefficients or from where the task starts."""
    if task.start is not None:
        route.start(task.start, strengths[:, 0])
    return route.advance(strengths)


def _relaxable(
    found: tuple[Route, Array, Array], task: Task, relax: Sequence[float] | None
) -> tuple[Route, Array, Array]:
    """What was found, unless it is a route that cannot refit columns that differ from fold to fold."""
    if relax is not None and task.maps is not None and not isinstance(found[0], MomentsRoute):
        raise UsageError(
            "relax needs columns that are encoded alike in every fold, but for the squared loss on a tall table: fill "
            "in missing numbers and pool rare levels before the fit, or leave relax out"
        )
    return found


def _strengths(task: Task, route: Route, alphas: int | Sequence[float], alpha_min_ratio: float | None) -> Array:
    if not isinstance(alphas, int):
        given = np.array([check_alpha(alpha) for alpha in alphas])
        if not len(given) or not np.all(np.isfinite(given)):
            raise UsageError(f"alphas must be a count or finite strengths, got {alphas!r}")
        return np.tile(np.unique(given)[::-1], (len(task.penalties), 1))
    count = check_count("alphas", alphas)
    ratio = 1e-3 if len(task.y) >= task.n_features else 1e-2
    if alpha_min_ratio is not None:
        ratio = check_number("alpha_min_ratio", alpha_min_ratio, low=0, high=1, above=True, below=True)
    tops = route.tops()
    tops = np.where(np.isfinite(tops) & (tops > 0), tops, 1.0)  # a constant target: any strength gives zeros
    ridge = [penalty.l1_ratio == 0 for penalty in task.penalties]
    return np.array([geometric(top, ratio * (RIDGE if flat else 1.0), count) for top, flat in zip(tops, ridge)])


def _further(task: Task, blocks: list[Block], strengths: Array) -> Array | None:
    """Weaker strengths, where the best cell of the grid is the weakest one."""
    mean = np.concatenate([block.test_score for block in blocks], axis=1) @ fold_weights(task)
    best, index = np.unravel_index(int(np.argmin(np.where(np.isfinite(mean), mean, np.inf))), mean.shape)
    if index < strengths.shape[1] - 1 or strengths[best, -1] <= SMALLEST_RATIO * strengths[best, 0]:
        return None
    step = strengths[:, -1] / strengths[:, -2]
    count = min(max(5, round(np.log(0.1) / np.log(step[best]))), 50)
    return np.asarray(strengths[:, -1:] * step[:, None] ** np.arange(1, count + 1))
