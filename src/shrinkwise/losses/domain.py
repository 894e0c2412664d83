"""The target of a fit: within the domain of its loss, and with a null model to start from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.losses.base import Array, Loss
from shrinkwise.losses.multinomial import MultinomialLoss
from shrinkwise.validation import non_finite_message

SEVERAL = ("squared", "multinomial")  # losses of a target with several columns


def checked_target(X: Any, y: Any, loss: Loss) -> Array:
    """The target as float64, one finite number for each row of X, within the domain of the loss."""
    if 0 in X.shape:
        raise DataError(f"X has shape {X.shape}: a fit needs at least one row and one column")
    target = np.asarray(y, dtype=np.float64)
    several = target.ndim == 2 and loss.name in SEVERAL and target.shape[1] > 1
    if target.shape[:1] != (X.shape[0],) or (target.ndim != 1 and not several):
        raise DataError(f"y must have shape ({X.shape[0]},), one value for each row of X, got {target.shape}")
    if loss.name == "multinomial" and (not several or not np.allclose(target.sum(axis=1), 1.0)):
        raise DataError(
            f"the multinomial loss needs y of shape (n, classes), its rows summing to 1, got {target.shape}"
        )
    check_classes(target, loss)
    if not np.all(np.isfinite(target)):
        raise DataError(non_finite_message(target, "y"))
    check_domain(target, loss)
    return target


def check_classes(y: Array, loss: Loss) -> None:
    """Raise a `UsageError` where a loss of classes has another number of them than the target has columns."""
    if isinstance(loss, MultinomialLoss) and y.shape[1:] != (loss.classes,):
        found = y.shape[1] if y.ndim == 2 else 1
        raise UsageError(
            f"y has {found} columns, one for each class, and the loss {loss.spec!r} is of {loss.classes} classes; "
            f'give loss="multinomial:{found}" or MultinomialLoss({found})'
        )


def check_domain(y: Array, loss: Loss, first_row: int = 0) -> None:
    """Raise a `DataError` that names the first value outside of the domain; rows are counted from ``first_row``."""
    low, high = loss.domain
    outside = (y < low) | (y > high) | ((y == low) if loss.positive else False)
    if np.any(outside):
        where = tuple(int(i) for i in np.argwhere(outside)[0])
        row = where[0]
        words = f"y in [{low:g}, {high:g}]" if np.isfinite(high) else f"y {'>' if loss.positive else '>='} {low:g}"
        raise DataError(f"the {loss.name} loss needs {words}, got {y[where]:g} at row {row + first_row}")


def check_events(event: Array, weights: Array, counts: Array, tests: Sequence[Array]) -> None:
    """Raise a `DataError` where the rows, the training rows (n, K) or the held-out rows of a fold have no event."""
    if not np.any(event * weights > 0):
        zero = "" if np.all(weights > 0) else " of positive weight"
        raise DataError(f"none of the {np.count_nonzero(weights)} rows{zero} has an event: there is nothing to compare")
    for fold, rows in enumerate(tests):
        parts = {"training": np.flatnonzero(counts[:, fold]), "held-out": rows}
        for kind, part in parts.items():
            if not np.any((event * weights)[part] > 0):
                raise DataError(
                    f"the {kind} rows of fold {fold + 1} have no event ({len(part)} rows); use fewer folds, or folds "
                    "that spread the events (stratified by event)"
                )


def check_null_model(loss: Loss, y: Array, where: str = "") -> None:
    """Raise a `DataError` where no finite intercept fits: every y lies at an end of the domain."""
    low, high = loss.domain
    if y.ndim == 2 and not loss.degree and not np.all(np.any(y > low, axis=0)):
        missing = int(np.flatnonzero(~np.any(y > low, axis=0))[0])
        raise DataError(
            f"the training rows {where}hold no row of class number {missing + 1} ({len(y)} rows); use fewer folds, or "
            "folds that keep the shares of the classes (stratified)"
        )
    if np.any(y > low) and np.any(y < high):
        return
    if np.isfinite(high):
        reason, remedy = "hold only one class", "folds that keep the shares of the classes (stratified)"
    else:
        reason, remedy = f"hold only y = {low:g}", f"folds that spread the rows with y > {low:g}"
    remedy = f"use fewer folds, or {remedy}" if where else "name another target"
    raise DataError(
        f"the training rows {where}{reason} ({len(y)} rows): the {loss.name} loss has no finite intercept there; "
        f"{remedy}"
    )
