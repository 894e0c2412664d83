"""Data frames of any library as Arrow tables, by way of narwhals."""

import json
import warnings
from typing import Any

import pyarrow as pa

from shrinkwise.data.names import check_names
from shrinkwise.exceptions import DataError


def to_table(frame: Any) -> pa.Table:
    """Turn a frame (pandas, polars, Modin, PyArrow, … or anything with Arrow's C stream) into an Arrow table.

    Values and types are kept; a pandas index is not a column and is left behind. A polars LazyFrame is collected.

    Parameters
    ----------
    frame : Any
        An eager or lazy frame.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    DataError
        Not a frame, a column that mixes types, or columns without a name of their own.

    Examples
    --------
    >>> import pyarrow as pa
    >>> to_table(pa.table({"a": [1, 2]})).num_rows
    2
    """
    if isinstance(frame, pa.Table):
        table = frame
    elif isinstance(frame, pa.RecordBatch):
        table = pa.Table.from_batches([frame])
    else:
        table = _by_narwhals(frame)
    check_names(table)
    return table


def _by_narwhals(frame: Any) -> pa.Table:
    import narwhals as nw  # 0.05 s, which a file need not pay

    try:
        known = nw.from_native(frame)
    except TypeError as error:
        return _by_stream(frame, error)
    except Exception as error:  # narwhals looks into the frame: two pandas columns of one name stop it here
        raise _unusable(frame, error) from error
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The DataFrame has column names of mixed type", UserWarning)
            table = (known.collect() if isinstance(known, nw.LazyFrame) else known).to_arrow()
    except Exception as error:  # whatever the frame's own library raises
        raise _unusable(frame, error) from error
    index = [name for name in _pandas_index(table) if table.column_names.count(name) == 1]
    return table.drop_columns(index) if index else table


def _by_stream(frame: Any, error: Exception) -> pa.Table:
    """A frame that narwhals does not know, by Arrow's C stream interface."""
    if not hasattr(frame, "__arrow_c_stream__"):
        raise _unusable(frame, error) from error
    try:
        return pa.table(frame)
    except pa.ArrowException as refused:
        raise _unusable(frame, refused) from refused


def _pandas_index(table: pa.Table) -> list[str]:
    """The columns that pandas made from its index."""
    stored = (table.schema.metadata or {}).get(b"pandas")
    columns = json.loads(stored)["index_columns"] if stored else []
    return [name for name in columns if isinstance(name, str)]


def _unusable(frame: Any, error: Exception) -> DataError:
    reason = " ".join(" ".join(str(part) for part in error.args).split())
    kind = f"{type(frame).__module__}.{type(frame).__qualname__}"
    return DataError(
        f"cannot read a {kind} as a table ({reason}); give a pandas, polars or PyArrow frame whose columns have names "
        "of their own and a single type each"
    )
