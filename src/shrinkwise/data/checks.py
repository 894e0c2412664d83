"""What a person should hear before a fit: columns that may leak the target, and folds that cannot be made."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.data.expand import Expansion, NumberColumn, TextColumn
from shrinkwise.data.names import argument, counted, quoted
from shrinkwise.data.target import Target
from shrinkwise.exceptions import DataError, UsageError

SAME = 0.9999  # |correlation| with the target above which a column is a near copy of it
FEW_ROWS = 20  # below, a run of distinct integers or a perfect fit may be chance


def leak_warnings(expansion: Expansion, target: Target) -> tuple[str, ...]:
    """Name the columns that look like an id, or like the target itself.

    A number column is an id if its cells are integers, no two the same, without gaps or in ascending order. A column is
    a near copy if its correlation with the target is beyond 0.9999 in absolute value; for a text column it is the
    correlation of the target with its mean in each level, so 1 if each level has one class only. Of more than two
    classes, a number column is compared with its own mean in each class, a text column with each class.

    Parameters
    ----------
    expansion : Expansion
        Of the target's rows.
    target : Target

    Returns
    -------
    tuple of str
        One sentence a column; each contains ``leaks?``.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from shrinkwise.data import expand, take_target
    >>> table = pa.table(
    ...     {"cents": [100 * (i * i % 23) for i in range(40)], "y": [float(i * i % 23) for i in range(40)]}
    ... )
    >>> leak_warnings(expand(table, ["cents"]), take_target(table, "y"))[0][:33]
    "Column 'cents' leaks? It is a cop"
    """
    if expansion.n_rows < FEW_ROWS:
        return ()
    warnings = []
    for column in expansion.columns:
        if isinstance(column, TextColumn):
            reason = _text_leak(column, target)
        else:
            reason = _number_leak(expansion, column, target)
        if reason:
            warnings.append(
                f"Column {quoted(column.name)} leaks? {reason}; if it would not be known at prediction time, leave it "
                f"out with --exclude {argument(column.name)}."
            )
    return tuple(warnings)


def check_folds(target: Target, n_folds: int, groups: NDArray[np.int64] | None = None) -> None:
    """Raise DataError if the rows, classes or groups are too few for this number of folds.

    Parameters
    ----------
    target : Target
    n_folds : int
        At least 2.
    groups : ndarray of int64, shape (n,), optional
        See `take_groups`.
    """
    if n_folds < 2:
        raise UsageError(f"the number of folds must be at least 2, got {n_folds}")
    n = len(target.values)
    if n < n_folds:
        raise DataError(
            f"{counted(n, 'row')} cannot make {n_folds} folds; choose fewer with --folds, or give more rows"
        )
    if groups is not None:
        n_groups = len(np.unique(groups))
        if n_groups < n_folds:
            raise DataError(
                f"{counted(n_groups, 'group')} cannot make {n_folds} folds, since the rows of a group stay together; "
                "choose fewer folds with --folds, or another column for --groups"
            )
    if target.task == "survival" and (events := int(target.posed.sum())) < n_folds:
        raise DataError(
            f"the target {quoted(target.name)} has {counted(events, 'event')}, fewer than {n_folds} folds, so that "
            "some folds would have none; choose fewer with --folds"
        )
    if target.classes is not None:
        for code, name in enumerate(target.classes):
            members = int(np.count_nonzero(target.values == code))
            if members < n_folds:
                remedy = "choose fewer with --folds, or give more rows of it"
                if target.outputs:
                    fewer = "choose fewer with --folds, " if members > 1 else ""
                    remedy = f"{fewer}give more rows of it, merge it with another class, or leave its rows out"
                raise DataError(
                    f"class {quoted(name)} of the target {quoted(target.name)} has {counted(members, 'row')}, fewer "
                    f"than {n_folds} folds, so that some folds would have none; {remedy}"
                )


def _number_leak(expansion: Expansion, column: NumberColumn, target: Target) -> str:
    """Why a number column may leak, or ``""``."""
    hidden, y = column.hidden, target.values
    if hidden is not None and _alike(hidden.astype(np.float64), y, target) > SAME:
        return f"Its missing cells tell the target {quoted(target.name)}"
    if column.value is None:
        return ""
    values = expansion.values(column.value)
    if hidden is not None:
        values, y = values[~hidden], y[~hidden]
    if len(values) >= FEW_ROWS and _alike(values, y, target) > SAME:
        return f"It is a copy of the target {quoted(target.name)}, or nearly"
    return "It looks like a row number or an id" if _is_id(values) else ""


def _text_leak(column: TextColumn, target: Target) -> str:
    """Why a text column may leak, or ``""``."""
    columns = target.values if target.classes is None else target.posed
    told = [_correlation(_means(y, column.codes), y) > SAME for y in np.atleast_2d(columns.T)]
    leaks = any(told) if target.classes is None else all(told)
    return f"Its levels tell the target {quoted(target.name)}" if leaks else ""


def _alike(values: NDArray[np.float64], y: NDArray[np.float64], target: Target) -> float:
    """Correlation with the target or, as more than two classes have no order, with the values' means in each class."""
    if target.classes is not None and target.outputs is not None:
        values = values / (np.abs(values).max() or 1.0)
        return _correlation(values, _means(values, y.astype(np.intp)))
    return max(_correlation(values, column) for column in np.atleast_2d(y.T))


def _means(values: NDArray[np.float64], codes: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """The mean of the values with the same code, for each row."""
    sums = np.bincount(codes, weights=values)
    return np.asarray((sums / np.maximum(np.bincount(codes), 1))[codes])


def _correlation(values: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Absolute correlation, 0 if one is constant."""
    a, b = _centered(values), _centered(y)
    norms = float(np.sqrt((a @ a) * (b @ b)))
    return abs(float(a @ b)) / norms if norms > 0 else 0.0


def _centered(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean zero and largest magnitude one, so that no square overflows or underflows."""
    scaled = values / (np.abs(values).max() or 1.0)
    scaled -= scaled.mean()
    scaled /= np.abs(scaled).max() or 1.0
    return scaled


def _is_id(values: NDArray[np.float64]) -> bool:
    """Whether the cells are integers, each once, that leave no gap or ascend from row to row."""
    n = len(values)
    if n < FEW_ROWS or np.any(values[:FEW_ROWS] != np.rint(values[:FEW_ROWS])) or np.any(values != np.rint(values)):
        return False
    if np.all(np.diff(values) > 0):
        return True
    low, high = values.min(), values.max()
    return bool(high - low == n - 1 and np.all(np.bincount((values - low).astype(np.int64), minlength=n) == 1))
