"""Read a Parquet or Feather (Arrow IPC) file as an Arrow table."""

from pathlib import Path

import pyarrow as pa

from shrinkwise.data.names import check_names
from shrinkwise.exceptions import DataError

PARQUET, FEATHER, FEATHER_1 = b"PAR1", b"ARROW1", b"FEA1"  # first bytes


def read_parquet(path: Path) -> tuple[pa.Table, tuple[str, ...]]:
    """Read a Parquet file; return the table and notes. A damaged file is a DataError."""
    import pyarrow.parquet as parquet  # 0.1 s, which a CSV need not pay

    try:
        with parquet.ParquetFile(path) as file:
            table = _valid(file.read())
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _damaged(path, "Parquet", error) from error
    return _checked(path, table)


def read_feather(path: Path) -> tuple[pa.Table, tuple[str, ...]]:
    """Read a Feather (Arrow IPC) file; return the table and notes. A damaged file is a DataError."""
    try:
        with pa.OSFile(str(path)) as file:
            table = _valid(pa.ipc.open_file(file).read_all())
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _damaged(path, "Feather", error) from error
    return _checked(path, table)


def _valid(table: pa.Table) -> pa.Table:
    """The table if its names are text and its buffers are what their types say; Arrow trusts a file otherwise."""
    _ = table.column_names
    table.validate(full=True)
    return table


def _checked(path: Path, table: pa.Table) -> tuple[pa.Table, tuple[str, ...]]:
    check_names(table, str(path))
    if table.num_rows == 0:
        raise DataError(f"{path} has {table.num_columns} columns but no rows; write it again with at least one row")
    # pandas stores an index without a name as __index_level_0__: row numbers, never a feature.
    index = [name for name in table.column_names if name.startswith("__index_level_")]
    notes = (f"The pandas index stored in {path.name} is not a column: it is not used.",) if index else ()
    return table.drop_columns(index) if index else table, notes


def _damaged(path: Path, kind: str, error: Exception) -> DataError:
    reason = " ".join(str(error).split())[:200]
    return DataError(f"{path} is a {kind} file, but damaged or cut short ({reason}); write or download it again")
