"""From what is kept of the members to a `GridResult`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from scipy import sparse

from shrinkwise.keras.members import Kept
from shrinkwise.keras.plan import Array, null_scores
from shrinkwise.network import Network
from shrinkwise.path import repeats_of
from shrinkwise.result import GridResult, Unpenalized


def assemble(
    kept: Kept,
    l1: Array,
    l2: Array,
    *,
    standardize: bool,
    route: str,
    names: Sequence[str] | None,
    classes: Sequence[str] | None,
) -> GridResult:
    """The result of a grid of cells l2 × l1 (decreasing), and last of all the cell without a penalty.

    Its folds are those of the first seed, of the second, and so on, and then the fit on all data, of which the seed
    with the lowest objective stands for all.
    """
    table = _Table(kept, len(l2), len(l1))
    task, plan = kept.task, kept.task.plan
    varying = np.array([fit.factor > 0 for fit in plan.fits])[:, None, None]  # a constant column is read by none
    inputs, sound = table.with_full(kept.inputs * varying), table.with_full(kept.sound)
    tests = [fit.test for fit in plan.fits[:-1]]
    weights = np.tile([plan.weights[rows].sum() for rows in tests], task.n_seeds)
    center, factor, _, target_scale = plan.scaling()
    shape = (len(l2), len(l1), len(weights) + 1)
    grid_inputs = table.grid(inputs)
    free_sound = bool(np.all(sound[-1]))
    return GridResult(
        loss=plan.loss.spec,
        metric=plan.loss.metric,
        l1_ratios=np.full(len(l2), np.nan),
        alphas=l1[None, :] + 2 * l2[:, None],
        train_score=table.grid(table.by_fold(kept.train)),
        test_score=table.grid(table.by_fold(kept.test)),
        fold_weights=weights / weights.sum(),
        coefs=tuple(tuple(sparse.csr_array(line[:, fold]) for fold in range(shape[2])) for line in grid_inputs),
        intercepts=np.zeros(shape),
        gaps=np.full(shape, np.nan),
        converged=table.grid(sound),
        n_iter=table.grid(table.with_full(kept.epochs)),
        null_score=np.tile(null_scores(plan), task.n_seeds),
        unpenalized=Unpenalized(
            train_score=table.by_fold(kept.train)[-1],
            test_score=table.by_fold(kept.test)[-1],
            coef=inputs[-1, -1],
            intercept=0.0,
            gap=float("nan"),
            converged=free_sound,
            note="" if free_sound else "without a penalty training diverged",
        ),
        feature_names=tuple(names) if names is not None else tuple(f"x{j}" for j in range(plan.n_features)),
        center=center,
        scale=np.where(plan.unit > 0, np.divide(1.0, factor, out=np.zeros_like(factor), where=factor > 0), 0.0),
        target_scale=target_scale,
        n_samples=plan.n_samples,
        tol=float("nan"),
        standardize=standardize,
        classes=None if classes is None else tuple(classes),
        n_weighted=int(np.count_nonzero(plan.weights > 0)) // plan.copies,
        repeats=_repeats([rows % plan.n_samples for rows in tests], plan.n_samples, task.n_seeds),
        network=_network(kept, table, l1, l2, route),
    )


class _Table:
    """Turns arrays of fits × cells × seeds into those of l2 × l1 × folds of all seeds."""

    def __init__(self, kept: Kept, n_l2: int, n_l1: int) -> None:
        self.best, self.n_l2, self.n_l1 = kept.best, n_l2, n_l1

    def by_fold(self, values: Array) -> Array:
        """(F, C, S, …) to (C, S K, …)."""
        turned = np.moveaxis(values[:-1], 0, 2)
        return turned.reshape(turned.shape[0], -1, *turned.shape[3:])

    def with_full(self, values: Array) -> Array:
        """The same, and last the best seed of the fit on all data."""
        full = values[-1][np.arange(len(self.best)), self.best]
        return np.concatenate([self.by_fold(values), full[:, None]], axis=1)

    def grid(self, values: Array) -> Array:
        """The cells with a penalty, (R, A, …)."""
        return np.asarray(values[:-1].reshape(self.n_l2, self.n_l1, *values.shape[1:]))


def _network(kept: Kept, table: _Table, l1: Array, l2: Array, route: str) -> Network:
    task = kept.task
    variables = [task.model.trainable_variables[kind] for kind in kept.kinds]
    return Network(
        l1=l1,
        l2=l2,
        layers=tuple("/".join(variable.path.split("/")[-2:]) for variable in variables),
        sizes=np.array([int(np.prod(variable.shape)) for variable in variables]),
        zeros=table.grid(table.with_full(kept.zeros)),
        norms=table.grid(table.with_full(kept.norms)),
        objective=table.grid(table.by_fold(kept.objective)),
        epochs=task.epochs,
        refit=task.refit,
        batch_size=task.plan.width,
        seeds=task.n_seeds,
        optimizer=task.optimizer_name,
        backend=str(keras.backend.backend()),
        route=route,
    )


def _repeats(tests: list[Any], n: int, n_seeds: int) -> Array | None:
    """The repeat of each fold: those of the splitter, anew for each seed."""
    own = repeats_of(tests, n)
    if n_seeds == 1:
        return own
    own = np.zeros(len(tests), dtype=np.int64) if own is None else own
    return np.concatenate([own + seed * (int(own.max()) + 1) for seed in range(n_seeds)])
