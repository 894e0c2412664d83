"""A file as an Arrow table, whatever its format; what a person should know of it travels in the table's metadata."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from shrinkwise.data.column import kind_of, missing_count
from shrinkwise.data.csv import read_csv
from shrinkwise.data.names import counted, did_you_mean, listing
from shrinkwise.data.parquet import FEATHER, FEATHER_1, PARQUET, read_feather, read_parquet
from shrinkwise.exceptions import DataError

NOTES = b"shrinkwise:notes"  # the key of the notes in a table's metadata
SUFFIXES = {".parquet": "Parquet", ".pq": "Parquet", ".feather": "Feather", ".arrow": "Feather", ".ipc": "Feather"}

Reader = Callable[[Path], tuple[pa.Table, tuple[str, ...]]]


def read_table(path: str | os.PathLike[str], *, text: Sequence[str] = ()) -> pa.Table:
    r"""Read a CSV (also gzipped), Parquet or Feather file; its first bytes decide which it is.

    Parameters
    ----------
    path : path-like
        A file.
    text : sequence of str
        Columns that a CSV reads as text even where they look like numbers, so that ``007`` stays ``007``: the text
        columns of the model that shall predict (`Encoder.text_columns`), or those that a person named.

    Returns
    -------
    pyarrow.Table
        At least one row; every column has a name of its own. `table_notes` gives what was noticed.

    Raises
    ------
    DataError
        The file is missing, a directory, not a table, damaged, empty, not UTF-8 or ragged; the message says where and
        what to do.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "houses.csv"
    >>> _ = path.write_text("rooms,price\n3,100\n5,180\n")
    >>> read_table(path).column_names
    ['rooms', 'price']
    """
    path = Path(path)
    try:
        table, notes = _reader(path, text)(path)
    except PermissionError as error:
        raise DataError(f"{path} cannot be read: permission denied; change its permissions or copy it") from error
    return table.replace_schema_metadata({**(table.schema.metadata or {}), NOTES: json.dumps(notes)})


def table_notes(table: pa.Table) -> tuple[str, ...]:
    """What `read_table` noticed about the file, one sentence each."""
    stored = (table.schema.metadata or {}).get(NOTES)
    return tuple(json.loads(stored)) if stored else ()


@dataclass(frozen=True)
class TableSummary:
    """What a table holds; ``str()`` is a sentence for the person."""

    n_rows: int
    n_columns: int
    n_number: int
    n_text: int
    n_date: int
    n_other: int
    n_missing: int
    n_missing_columns: int

    def __str__(self) -> str:
        kinds = [(self.n_number, "numeric"), (self.n_text, "text"), (self.n_date, "date"), (self.n_other, "other")]
        parts = ", ".join(f"{count} {word}" for count, word in kinds if count)
        missing = (
            f"{counted(self.n_missing, 'missing cell')} in {counted(self.n_missing_columns, 'column')}"
            if self.n_missing
            else "no missing cells"
        )
        return f"{counted(self.n_rows, 'row')}, {counted(self.n_columns, 'column')} ({parts}), {missing}"


def describe(table: pa.Table) -> TableSummary:
    """Count the rows, the columns of each kind and the missing cells of a table.

    Examples
    --------
    >>> import pyarrow as pa
    >>> print(describe(pa.table({"a": [1.5, None], "b": ["x", "y"]})))
    2 rows, 2 columns (1 numeric, 1 text), 1 missing cell in 1 column
    """
    kinds = [kind_of(field.type) for field in table.schema]
    missing = [missing_count(column) for column in table.columns]
    return TableSummary(
        n_rows=table.num_rows,
        n_columns=table.num_columns,
        n_number=kinds.count("number"),
        n_text=kinds.count("text"),
        n_date=kinds.count("date"),
        n_other=kinds.count("other") + kinds.count("empty"),
        n_missing=sum(missing),
        n_missing_columns=sum(count > 0 for count in missing),
    )


def _reader(path: Path, text: Sequence[str]) -> Reader:
    """The reader for this file, by its first bytes; the suffix only words the refusal."""
    if path.is_dir():
        raise DataError(f"{path} is a directory; give a file {_tables_in(path)}")
    if not path.exists():
        raise DataError(f"there is no file {path}{_meant(path)}")
    if not path.is_file():
        raise DataError(f"{path} is not a regular file; write the data into a CSV or Parquet file first")
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(PARQUET):
        return read_parquet
    if head.startswith(FEATHER):
        return read_feather
    if head.startswith(FEATHER_1):
        raise DataError(f"{path} is a Feather file of the old version 1; write it again as Parquet or Feather 2")
    promised = SUFFIXES.get(path.suffix.lower())
    if promised:
        what = "is empty" if not head else f"starts with {head!r}"
        raise DataError(
            f"{path} is named as a {promised} file, but {what}; write it again, or give a CSV the suffix .csv"
        )
    return lambda csv_path: read_csv(csv_path, text)


def _meant(path: Path) -> str:
    """`` ; did you mean …``: the file beside it with the nearest name."""
    if not path.parent.is_dir():
        return f", nor a directory {path.parent}; check the path"
    meant = did_you_mean(path.name, [other.name for other in path.parent.iterdir() if other.is_file()])
    return f"; did you mean {path.parent / meant}?" if meant else "; check the path"


def _tables_in(path: Path) -> str:
    endings = (".csv", ".csv.gz", ".tsv", *SUFFIXES)
    names = sorted(file.name for file in path.iterdir() if file.name.lower().endswith(endings))
    return f"in it, such as {listing(names, 3)}" if names else ""
