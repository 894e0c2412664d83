"""The target of a fit: within the domain of its loss, and with a null model to start from."""

from __future__ import annotations

from typing import Any

import numpy as np

from shrinkwise.exceptions import DataError
from shrinkwise.losses.base import Array, Loss
from shrinkwise.validation import non_finite_message


def checked_target(X: Any, y: Any, loss: Loss) -> Array:
    """The target as float64, one finite number for each row of X, within the domain of the loss."""
    if 0 in X.shape:
        raise DataError(f"X has shape {X.shape}: a fit needs at least one row and one column")
    target = np.asarray(y, dtype=np.float64)
    if target.shape != (X.shape[0],):
        raise DataError(f"y must have shape ({X.shape[0]},), one value for each row of X, got {target.shape}")
    if not np.all(np.isfinite(target)):
        raise DataError(non_finite_message(target, "y"))
    check_domain(target, loss)
    return target


def check_domain(y: Array, loss: Loss, first_row: int = 0) -> None:
    """Raise a `DataError` that names the first value outside of the domain; rows are counted from ``first_row``."""
    low, high = loss.domain
    outside = (y < low) | (y > high) | ((y == low) if loss.positive else False)
    if np.any(outside):
        row = int(np.flatnonzero(outside)[0])
        words = f"y in [{low:g}, {high:g}]" if np.isfinite(high) else f"y {'>' if loss.positive else '>='} {low:g}"
        raise DataError(f"the {loss.name} loss needs {words}, got {y[row]:g} at row {row + first_row}")


def check_null_model(loss: Loss, y: Array, where: str = "") -> None:
    """Raise a `DataError` where no finite intercept fits: every y lies at an end of the domain."""
    low, high = loss.domain
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
