"""The folds that were asked for: dealt, taken from a column, or cut in time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shrinkwise.cli._folds import Folds, Split, repeated_folds, splits, splits_in_time, time_folds
from shrinkwise.cli.fit import Request
from shrinkwise.data import Target, check_folds, take_groups, take_times
from shrinkwise.exceptions import DataError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Dealt:
    """The fold of each row — one for each repeat — the training and held-out rows, and how it was done."""

    folds: Folds  # (n,) or (n, repeats); -1 in none
    pairs: list[Split]
    words: str
    groups: NDArray[np.int64] | None = None  # rows that stay together
    at_random: bool = False  # so that rows may be dealt again


def deal(request: Request, table: pa.Table, target: Target, counts: NDArray[np.bool_] | None) -> Dealt:
    """Make the folds; ``counts`` are the rows of positive weight, None: all."""
    _check_varies(target, counts)
    if request.fold_column:
        return _from_column(request.fold_column, table, target, counts)
    if request.time and not request.event:
        folds = time_folds(request.folds, take_times(table, request.time, target.rows), counts)
        pairs = splits_in_time(folds, counts)
        _check_training(target, pairs)
        return Dealt(folds, pairs, f"each predicted from the rows that are earlier by {request.time!r}")
    groups = take_groups(table, request.groups, target.rows) if request.groups else None
    _check_dealt(target, request.folds, groups, counts)
    folds = repeated_folds(
        request.folds, request.repeats, request.seed, classes=target.labels, groups=groups, counts=counts
    )
    words = f"shuffled with seed {request.seed}"
    words += f", rows of one {request.groups!r} together" if request.groups else ""
    words += f", {request.folds} folds dealt {request.repeats} times" if request.repeats > 1 else ""
    return Dealt(folds, splits(folds, request.folds * request.repeats), words, groups, at_random=True)


def _from_column(name: str, table: pa.Table, target: Target, counts: NDArray[np.bool_] | None) -> Dealt:
    labels = take_groups(table, name, target.rows, "folds")
    used = np.ones(len(labels), dtype=bool) if counts is None else counts
    distinct, folds = np.unique(labels[used], return_inverse=True)
    if len(distinct) < 2:
        raise DataError(f"the folds {name!r} are all the same; a fold is predicted by a fit to the others: give two")
    of_rows = np.full(len(labels), -1, dtype=np.int32)
    of_rows[used] = folds
    pairs = splits(of_rows, len(distinct))
    _check_training(target, pairs)
    return Dealt(of_rows, pairs, f"taken from {name!r}")


def _check_training(target: Target, pairs: list[Split]) -> None:
    """Refuse training rows without a row of one of several classes."""
    for fold, (train, _) in enumerate(pairs, 1):
        there = set(np.unique(target.values[train]).astype(int))
        for code, name in enumerate(target.classes or ()):
            if target.outputs is not None and code not in there:
                raise DataError(
                    f"the rows that fold {fold} is predicted from ({len(train)}) hold none of class {name!r} of the "
                    f"target {target.name!r}; choose other or fewer folds, merge it with another class, or leave its "
                    "rows out"
                )


def _check_varies(target: Target, counts: NDArray[np.bool_] | None) -> None:
    if counts is None or target.task == "survival":
        return
    values = target.values[counts]
    if np.any(np.all(values == values[0], axis=0)):
        raise DataError(
            f"the target {target.name!r} has one value only in the rows of positive weight; "
            "give rows with other values a positive weight, too"
        )


def _check_dealt(
    target: Target, n_folds: int, groups: NDArray[np.int64] | None, counts: NDArray[np.bool_] | None
) -> None:
    """`check_folds` for the rows that count."""
    if counts is not None:
        target, groups = replace(target, values=target.values[counts]), None if groups is None else groups[counts]
    check_folds(target, n_folds, groups)
