"""The columns with a role beside the target's: weights, offset and exposure, groups."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shrinkwise.data.column import kind_of, number_cells, text_cells
from shrinkwise.data.names import check_column, counted, quoted
from shrinkwise.exceptions import DataError


def take_weights(table: pa.Table, name: str, rows: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """Take the weights of the rows: finite numbers >= 0, not all zero.

    Parameters
    ----------
    table : pyarrow.Table
    name : str
    rows : ndarray of bool, shape (table rows,), optional
        The rows to take, such as `Target.rows`; default: all.

    Returns
    -------
    ndarray of float64, shape (number of rows taken,)

    Raises
    ------
    DataError
        No such column, text, a missing, negative or infinite weight, only zeros.

    Examples
    --------
    >>> import pyarrow as pa
    >>> take_weights(pa.table({"w": [1, 0, 2]}), "w")
    array([1., 0., 2.])
    """
    values, rows_taken = _numbers(
        table, name, rows, "weights", "weights are numbers, zero or more", "give each row a weight, 0 to leave it out"
    )
    _refuse(values < 0, values, rows_taken, f"the weights {quoted(name)} are negative", "weights are zero or more")
    if not (values > 0).any():
        raise DataError(
            f"the weights {quoted(name)} are all zero, so that no row counts; give some rows a positive weight"
        )
    return values


def take_offset(
    table: pa.Table, offset: str | None = None, exposure: str | None = None, rows: NDArray[np.bool_] | None = None
) -> NDArray[np.float64] | None:
    """Take the known part of the linear predictor: offset + log(exposure).

    Parameters
    ----------
    table : pyarrow.Table
    offset, exposure : str, optional
        Columns of finite numbers; exposures are above zero.
    rows : ndarray of bool, shape (table rows,), optional
        The rows to take, such as `Target.rows`; default: all.

    Returns
    -------
    ndarray of float64, shape (number of rows taken,), or None
        None without either column.

    Raises
    ------
    DataError
        No such column, text, a missing or infinite cell, an exposure that is not above zero.

    Examples
    --------
    >>> import pyarrow as pa
    >>> take_offset(pa.table({"years": [1.0, 2.0]}), exposure="years").round(3)
    array([0.   , 0.693])
    """
    known = None
    if offset is not None:
        known, _ = _numbers(table, offset, rows, "offset", "an offset is a number", "give each row one, 0 for none")
    if exposure is not None:
        values, rows_taken = _numbers(
            table, exposure, rows, "exposure", "an exposure is a number above zero", "give each row one"
        )
        words = f"the exposure {quoted(exposure)} is not above zero"
        _refuse(values <= 0, values, rows_taken, words, "leave out rows that were never exposed")
        known = np.log(values) if known is None else known + np.log(values)
    return known


def take_groups(
    table: pa.Table, name: str, rows: NDArray[np.bool_] | None = None, role: str = "groups"
) -> NDArray[np.int64]:
    """Take the groups whose rows stay together in one fold, the folds themselves, or strata, as integer codes.

    Parameters
    ----------
    table : pyarrow.Table
    name : str
        A column of any type.
    rows : ndarray of bool, shape (table rows,), optional
        The rows to take, such as `Target.rows`; default: all.
    role : {"groups", "folds", "strata"}
        For messages.

    Returns
    -------
    ndarray of int64, shape (number of rows taken,)
        0, 1, … in the sorted order of the groups' names.

    Raises
    ------
    DataError
        No such column, or a row without a group.

    Examples
    --------
    >>> import pyarrow as pa
    >>> take_groups(pa.table({"clinic": ["B", "A", "B"]}), "clinic")
    array([1, 0, 1])
    """
    check_column(table, name, f"the {role}")
    cells = text_cells(table.column(name), name)
    taken = np.arange(len(cells.codes)) if rows is None else np.flatnonzero(rows)
    codes = cells.codes[taken]
    missing = codes < 0
    if missing.any():
        one = "stratum" if role == "strata" else role[:-1]
        raise DataError(
            f"the {role} {quoted(name)} are missing in {counted(int(missing.sum()), 'row')}, the first is row "
            f"{taken[missing][0] + 1} (not counting the header); give each row a {one}"
            + (", if only one of its own" if role == "groups" else "")
        )
    used = sorted(np.unique(codes), key=lambda word: cells.words[word])
    place = np.zeros(len(cells.words), dtype=np.int64)
    place[used] = np.arange(len(used))
    return place[codes]


def _numbers(
    table: pa.Table, name: str, rows: NDArray[np.bool_] | None, role: str, kind: str, remedy: str
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The numbers of a column with a role, none of them missing or infinite, and the rows of the table they are of."""
    check_column(table, name, f"the {role}")
    column = table.column(name)
    holds, are = ("hold", "are") if role.endswith("s") else ("holds", "is")
    if kind_of(column.type) not in ("number", "empty"):
        raise DataError(f"the {role} {quoted(name)} {holds} {column.type} values; {kind}")
    values = number_cells(column, name)
    taken = np.arange(len(values)) if rows is None else np.flatnonzero(rows)
    missing = np.isnan(values[taken])
    if missing.any():
        raise DataError(
            f"the {role} {quoted(name)} {are} missing in {counted(int(missing.sum()), 'row')}, the first is row "
            f"{taken[missing][0] + 1} (not counting the header); {remedy}"
        )
    return np.array(values[taken]), taken


def _refuse(
    wrong: NDArray[np.bool_], values: NDArray[np.float64], taken: NDArray[np.intp], what: str, remedy: str
) -> None:
    """Refuse values of a column with a role, by the first of them and its row."""
    if wrong.any():
        first = int(np.argmax(wrong))
        raise DataError(
            f"{what} in {counted(int(wrong.sum()), 'row')}, such as {values[first]:g} in row {taken[first] + 1} "
            f"(not counting the header); {remedy}"
        )
