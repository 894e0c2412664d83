"""The column that orders rows in time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shrinkwise.data.column import kind_of, number_cells
from shrinkwise.data.names import check_column, counted, quoted
from shrinkwise.exceptions import DataError

ISO = r"^\d{4}(-\d{2}(-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?)?)?$"  # ISO 8601


def take_times(table: pa.Table, name: str, rows: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """Take the times of the rows as integer codes: 0 for the earliest, equal times share a code.

    Parameters
    ----------
    table : pyarrow.Table
    name : str
        A column of numbers, dates or times, or of text as in 2025-11-22, all cells of one length.
    rows : ndarray of bool, shape (table rows,), optional
        The rows to take, such as `Target.rows`; default: all.

    Returns
    -------
    ndarray of int64, shape (number of rows taken,)

    Raises
    ------
    DataError
        No such column, a row without a time, or text that does not sort as time does.

    Examples
    --------
    >>> import pyarrow as pa
    >>> take_times(pa.table({"day": ["2025-11-22", "2024-01-31", "2025-11-22"]}), "day")
    array([1, 0, 1])
    """
    check_column(table, name, "the time")
    column = table.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = kind_of(column.type)
    missing = np.isnan(number_cells(column, name)) if kind in ("number", "empty") else column.is_null().to_numpy()
    taken = np.arange(len(missing)) if rows is None else np.flatnonzero(rows)
    if missing[taken].any():
        raise DataError(
            f"the time {quoted(name)} is missing in {counted(int(missing[taken].sum()), 'row')}, the first is row "
            f"{taken[missing[taken]][0] + 1} (not counting the header); give each row a time, or leave it out"
        )
    if kind == "text":
        _check_sorts(column.take(pa.array(taken)), name)
    elif kind not in ("number", "date"):
        raise DataError(f"the time {quoted(name)} holds {column.type} values; times are numbers, dates or ISO text")
    order = pc.rank(column.take(pa.array(taken)), tiebreaker="dense")
    return np.asarray(order.to_numpy(), dtype=np.int64) - 1


def _check_sorts(column: pa.ChunkedArray, name: str) -> None:
    """Text sorts as time does if all of it is ISO 8601 with the same parts."""
    iso = pc.match_substring_regex(column, ISO).to_numpy().astype(bool)
    lengths = pc.utf8_length(column).to_numpy()
    odd = np.flatnonzero(~iso | (lengths != lengths[:1]))
    if len(odd):
        raise DataError(
            f"the time {quoted(name)} holds {quoted(column[int(odd[0])].as_py())}, which does not sort as time does; "
            "write all of it alike, as in 2025-11-22 or 2025-11-22T09:30"
        )
