"""Scores of a caller in place of those of the loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.path.base import Block, FreeFit
from shrinkwise.path.choose import Task
from shrinkwise.problem import best_intercept

Scorer = Callable[[int, Array, Array], tuple[Array, Array]]  # (fold, coefs, intercepts): training and held-out scores


def rescored(scorer: Scorer, block: Block, free: FreeFit | None, task: Task) -> tuple[Block, Array, FreeFit | None]:
    """The scores of a caller in place of the loss's own, for the grid, the intercept alone and the unpenalized fit."""
    folds = range(len(task.tests))
    train, test = np.empty_like(block.train_score), np.empty_like(block.test_score)
    for ratio, line in enumerate(block.coefs):
        for fold in folds:
            train[ratio, :, fold], test[ratio, :, fold] = scorer(
                fold, line[fold].toarray(), block.intercepts[ratio, :, fold]
            )
    zero = np.zeros((1, block.coefs[0][0].shape[1]))
    null = np.array([scorer(fold, zero, _null_intercept(task, fold))[1][0] for fold in folds])
    if free is not None:
        pairs = [scorer(fold, free.coefs[[fold]], free.intercepts[[fold]]) for fold in folds]
        free = replace(
            free, train_score=np.array([p[0][0] for p in pairs]), test_score=np.array([p[1][0] for p in pairs])
        )
    return replace(block, train_score=train, test_score=test), null, free


def _null_intercept(task: Task, fold: int) -> Array:
    if not task.fit_intercept or task.loss.coupled:
        return np.zeros((1, *task.y.shape[1:]))
    weights = task.weights * task.counts[:, fold]
    if task.y.ndim == 2:
        return np.asarray(task.unit * task.loss.link(weights @ task.y / weights.sum()))[None]
    return np.atleast_1d(task.unit * best_intercept(task.loss, task.y, weights / weights.sum(), task.offset))
