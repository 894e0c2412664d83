"""Nested cross-validation: the error of the whole way of choosing, strength and mix included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shrinkwise.design.base import Array
from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.grid import fit_grid
from shrinkwise.held_out import standard_error
from shrinkwise.path import repeats_of
from shrinkwise.path.splits import Split
from shrinkwise.result import GridResult, Selection
from shrinkwise.rules import parse_rule


@dataclass(frozen=True, eq=False)
class NestedError:
    """Error of the models that a rule chose inside of each training set, on the rows that it never saw.

    ``scores`` are those of the outer folds, ``choices`` the cells that were chosen in them.
    """

    mean: float
    se: float
    scores: Array  # (K,)
    choices: tuple[Selection, ...]


def nested_error(X: Any, y: Array, splits: Sequence[Split], rule: str = "1se", **options: Any) -> NestedError:
    """Choose by cross-validation inside of each training set, and score the choice on its held-out rows.

    The inner folds of an outer fold are what its training rows share with the other folds. All outer and inner fits
    are one grid: on a tall table the rows are read once, and every training set is a sum of the same K cells.

    Parameters
    ----------
    X, y
        As for :func:`~shrinkwise.grid.fit_grid`.
    splits : sequence of K >= 3 pairs (train, test) of row numbers
    rule : str
        A rule that folds decide: ``"min"``, ``"1se"``, ``"k=7"``, ``"within=1%"``.
    **options
        Further ones of `fit_grid`; the grid is not extended.

    Returns
    -------
    NestedError

    Raises
    ------
    DataError
        If an outer fold has fewer than two inner ones.

    Notes
    -----
    K² fits of each strength and mix. The error is that of models fitted to (K − 1)/K of the rows by a choice that saw
    (K − 2)/K of them: a little more than that of the model for all rows. `GridResult.corrected_error` comes close
    without any further fit.

    References
    ----------
    Varma & Simon, "Bias in error estimation when using cross-validation for model selection", BMC Bioinformatics 2006.
    """
    if parse_rule(rule).is_criterion:
        raise UsageError(f"nested cross-validation needs a rule that folds decide, such as 1se or min, got {rule!r}")
    outer_pairs = [(_numbers(train, len(y)), _numbers(test, len(y))) for train, test in splits]
    repeats = repeats_of([test for _, test in outer_pairs], len(y))
    inner: list[Split] = []
    places: list[slice] = []
    for fold, (train, _) in enumerate(outer_pairs):
        others = [j for j in range(len(splits)) if j != fold and (repeats is None or repeats[j] == repeats[fold])]
        pairs = [(train[np.isin(train, outer_pairs[j][0])], np.intersect1d(train, outer_pairs[j][1])) for j in others]
        pairs = [pair for pair in pairs if len(pair[0]) and len(pair[1])]
        if len(pairs) < 2:
            raise DataError(f"fold {fold + 1} has {len(pairs)} inner folds of its own; nested folds need at least 2")
        places.append(slice(len(splits) + len(inner), len(splits) + len(inner) + len(pairs)))
        inner += pairs
    grid = fit_grid(X, y, [*outer_pairs, *inner], **options | {"extend": False, "unpenalized": False})
    choices = tuple(_inside(grid, fold, place).select(rule) for fold, place in enumerate(places))
    scores = np.array([grid.test_score[cell.ratio, cell.index, fold] for fold, cell in enumerate(choices)])
    weights = grid.fold_weights[: len(splits)] / grid.fold_weights[: len(splits)].sum()
    return NestedError(float(scores @ weights), float(standard_error(scores, weights, repeats)), scores, choices)


def _inside(grid: GridResult, fold: int, place: slice) -> GridResult:
    """The grid as the training rows of an outer fold know it: its inner folds, and its own fit for all data."""
    return replace(grid.on_folds(place), coefs=tuple((line[fold],) for line in grid.coefs))


def _numbers(rows: Array, n: int) -> Array:
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool and rows.shape == (n,) else rows
