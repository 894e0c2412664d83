"""Folds from a number, a splitter or pairs of rows."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, PredefinedSplit, StratifiedGroupKFold, StratifiedKFold

from shrinkwise.exceptions import DataError, DataWarning, UsageError
from shrinkwise.linear._values import Array
from shrinkwise.validation import check_count

DEFAULT = 10  # folds


def folds(
    cv: Any, X: Any, y: Array, classes: Array | None, groups: Any, options: dict[str, Any]
) -> list[tuple[Array, Array]]:
    """Pairs (training rows, held-out rows).

    Parameters
    ----------
    cv : int, splitter, iterable of pairs, or array of shape (n,)
        An array says for each row which fold holds it out; -1: none, it is trained on in all of them.
    y : array of shape (n,)
        Labels for a classifier.
    classes : array, or None for a regression
    groups : array of shape (n,) or None
        With a number of folds: rows of one group stay together.
    options : dict
        What metadata routing gives to the splitter's ``split``; with routing off, the groups.
    """
    cv = DEFAULT if cv is None else cv
    if isinstance(cv, Real | np.bool_):
        cv = _of_count(check_count("cv", cv, low=2), y, classes, groups)
    labels = _labels(cv, len(y))
    if labels is not None:
        cv = PredefinedSplit(labels)
        options = {}
    if hasattr(cv, "split") and not isinstance(cv, str):
        pairs = list(cv.split(X, y, **options))
    elif isinstance(cv, Iterable) and not isinstance(cv, str):
        pairs = list(cv)
    else:
        raise UsageError(
            "cv must be a number of folds, a scikit-learn splitter, pairs of training and held-out rows, or an array "
            f"with the fold of each row, got {cv!r}"
        )
    if not pairs:
        raise UsageError(f"cv must give at least one pair of training and held-out rows, got none from {cv!r}")
    checked = []
    for fold, pair in enumerate(pairs, 1):
        try:
            train, test = pair
        except (TypeError, ValueError) as error:
            raise UsageError(f"cv must give pairs of training and held-out rows, fold {fold} is {pair!r}") from error
        checked.append((_rows(train, fold, "training", len(y)), _rows(test, fold, "held-out", len(y))))
    return checked


def _labels(cv: Any, n: int) -> Array | None:
    """The fold of each row as whole numbers, where cv is one scalar for each row; -1 is no fold."""
    if isinstance(cv, str | bytes) or hasattr(cv, "split") or not hasattr(cv, "__len__") or not len(cv):
        return None
    if not all(isinstance(label, Integral | str | np.bool_) for label in cv):
        return None
    if len(cv) != n:
        raise UsageError(f"cv as an array must say the fold of each of the {n} rows, got {len(cv)} labels")
    labels = np.asarray(cv)
    if labels.dtype.kind not in "iu":
        labels = np.unique(labels, return_inverse=True)[1]
    if len(set(labels.tolist()) - {-1}) < 1 + (-1 not in labels):
        raise UsageError("cv as an array must name two folds or more, or leave some rows in none (-1)")
    return labels


def _of_count(count: int, y: Array, classes: Array | None, groups: Any) -> Any:
    n = len(y)
    if groups is not None:
        return GroupKFold(count) if classes is None else StratifiedGroupKFold(count)
    if n < count:
        raise DataError(f"cv={count} folds need at least {count} samples, got n_samples={n}; use fewer folds")
    if classes is None:
        return KFold(count)
    sizes = np.array([np.count_nonzero(y == label) for label in classes])
    smallest = int(np.argmin(sizes))
    label, size = classes.tolist()[smallest], int(sizes[smallest])
    if size >= count:
        return StratifiedKFold(count)
    if size < 2:
        raise DataError(
            f"class {label!r} has {size} member, so one of the training sets would hold only one class; "
            "cross-validation needs at least 2 members of each class"
        )
    warnings.warn(
        f"class {label!r} has {size} members, fewer than cv={count} folds: {size} folds are used, so that each holds "
        "out a member of both classes; give a splitter to decide otherwise",
        DataWarning,
        stacklevel=4,
    )
    return StratifiedKFold(size)


def _rows(rows: Any, fold: int, kind: str, n: int) -> Array:
    """Row numbers within the data."""
    array = np.asarray(rows)
    if array.dtype == bool and array.shape == (n,):
        return np.flatnonzero(array)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise UsageError(
            f"cv: the {kind} rows of fold {fold} must be a 1D array of row numbers, got shape {array.shape} of dtype "
            f"{array.dtype}"
        )
    if not array.size:
        raise DataError(f"cv: fold {fold} has no {kind} rows; use fewer folds or another splitter")
    if array.min() < 0 or array.max() >= n:
        bad = array[(array < 0) | (array >= n)][0]
        raise UsageError(f"cv: the {kind} rows of fold {fold} hold row {bad}, but there are {n} samples (0 to {n - 1})")
    return array.astype(np.intp)
