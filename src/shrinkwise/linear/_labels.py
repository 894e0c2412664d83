"""Class labels: numbers, booleans, text or categories, two of them or more."""

from __future__ import annotations

import numpy as np

from shrinkwise.exceptions import DataError
from shrinkwise.linear._values import Array, is_missing, missing_message
from shrinkwise.validation import non_finite_message


def class_codes(y: Array, weights: Array | None) -> tuple[Array, Array]:
    """The classes in ascending order and, for each row, the number of its class: 0.0, 1.0, and so on.

    Raises
    ------
    DataError
        If there are fewer than two classes, one of them has no weight, or y does not hold labels.
    """
    labels = _labels(y)
    classes, codes = np.unique(labels, return_inverse=True)
    shown = ", ".join(repr(value) for value in classes[:4].tolist()) + (", …" if len(classes) > 4 else "")
    if len(classes) < 2:
        raise DataError(f"y holds only one class ({shown}); a classifier needs samples of two classes")
    if weights is not None:
        for code, value in enumerate(classes.tolist()):
            if not np.any(weights[codes == code] > 0):
                one = "y holds only one class with a weight: " if len(classes) == 2 else ""
                raise DataError(f"{one}the weights of class {value!r} are all zero; leave its rows out")
    return classes, codes.astype(np.float64)


def _labels(y: Array) -> Array:
    if y.dtype.kind == "T":
        y = y.astype(object)
    if y.dtype.kind == "O":
        for row, value in enumerate(y):
            if is_missing(value):
                raise DataError(missing_message(value, "y", f"row {row}"))
        text = [isinstance(value, str) for value in y]
        if all(text):
            return y
        if any(text):
            number, word = text.index(False), text.index(True)
            raise DataError(
                f"y mixes label types: text ({y[word]!r} at row {word}) and {type(y[number]).__name__} "
                f"({y[number]!r} at row {number}); give all labels one type"
            )
        try:
            y = np.array(y.tolist())
        except (TypeError, ValueError) as error:
            raise _unknown(y[0]) from error
        if y.ndim != 1 or y.dtype.kind not in "fiub":
            raise _unknown(y[0])
    if y.dtype.kind == "f":
        if not np.all(np.isfinite(y)):
            raise DataError(non_finite_message(y, "y"))
        broken = np.flatnonzero(y != np.floor(y))
        if len(broken):
            raise DataError(
                f"Unknown label type: continuous. y holds {y[broken[0]]} at row {broken[0]}: class labels must be "
                "whole numbers, booleans or text; for a continuous target use LinearRegressor"
            )
    return y


def _unknown(value: object) -> DataError:
    return DataError(
        f"Unknown label type: {type(value).__name__} ({value!r}); class labels must be numbers, booleans or text"
    )
