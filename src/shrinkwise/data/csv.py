"""Read a CSV file as an Arrow table; what Arrow refuses, `csv_faults` explains.

UTF-8 with or without a byte-order mark, plain or gzipped. Fields are separated by commas; a file whose header has no
comma but semicolons, tabs or bars is read with these, and a note says so. Spaces around names and cells are dropped.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import IO, NoReturn, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from shrinkwise.data import csv_faults
from shrinkwise.data.column import MISSING_WORDS
from shrinkwise.data.names import check_names, listing
from shrinkwise.exceptions import DataError

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
HEAD = 1 << 16  # bytes read to find the header
BLOCK = 1 << 24  # bytes a block at most: 500 columns of a block of Arrow's default size would be chunks of 200 rows


def read_csv(path: Path, text: Sequence[str] = ()) -> tuple[pa.Table, tuple[str, ...]]:
    """Read a CSV file.

    Parameters
    ----------
    path : Path
        An existing file.
    text : sequence of str
        Columns to read as text, digit for digit, whatever they look like; names that are not there do not matter.

    Returns
    -------
    pyarrow.Table, tuple of str
        The table, at least one row and no two columns of one name, and notes for the person.

    Raises
    ------
    DataError
        Not text, not UTF-8, empty, a header only, ragged rows, unnamed or repeated columns.
    """
    try:
        head = _head(path)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        _refuse_gzip(path, error)
    csv_faults.check_head(path, head)
    (header, *rows), delimiter = _first_records(path, head)
    if not rows and len(head) < HEAD:
        raise DataError(f"{path} has a header ({listing(header)}) but no rows below it; add at least one row of data")
    notes = []
    if delimiter != ",":
        notes.append(f"The fields of {path.name} are separated by {DELIMITERS[delimiter]}, by the look of its header.")
    table = _parse(path, delimiter, text)
    names = [name.strip() for name in table.column_names]
    table = table.rename_columns(names)
    check_names(table, str(path))
    columns = [_tidy(table.column(i), names[i] in text) for i in range(len(names))]
    return pa.table(columns, names=names), tuple(notes)


def open_bytes(path: Path) -> IO[bytes]:
    """The file's bytes, unpacked if it is gzipped."""
    return cast("IO[bytes]", gzip.open(path, "rb")) if _is_gzipped(path) else path.open("rb")


def _is_gzipped(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _head(path: Path) -> bytes:
    with open_bytes(path) as file:
        return file.read(HEAD)


def _first_records(path: Path, head: bytes) -> tuple[list[list[str]], str]:
    """The fields of the header and, if it is there, of a record below it; and what separates them."""
    text = head.decode("utf-8-sig", errors="replace")

    def records(delimiter: str) -> list[list[str]]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            return list(islice(([field.strip() for field in row] for row in reader if row), 2))
        except csv.Error:
            return [[]]

    delimiter = "\t" if path.name.lower().removesuffix(".gz").endswith((".tsv", ".tab")) else ","
    if len(records(delimiter)[0]) <= 1:
        delimiter = max(DELIMITERS, key=lambda option: len(records(option)[0]))
    return records(delimiter), delimiter


def _parse(path: Path, delimiter: str, text: Sequence[str]) -> pa.Table:
    names = {name: pa.string() for name in text}
    try:
        with gzip.open(path, "rb") if _is_gzipped(path) else pa.OSFile(str(path)) as file:
            table = arrow_csv.read_csv(
                file,
                read_options=arrow_csv.ReadOptions(block_size=min(BLOCK, max(1 << 20, path.stat().st_size // 8))),
                parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
                convert_options=arrow_csv.ConvertOptions(
                    null_values=sorted(MISSING_WORDS), strings_can_be_null=True, column_types=names
                ),
            )
            _ = table.column_names  # decodes the header
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        _refuse_gzip(path, error)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        csv_faults.explain(path, open_bytes, delimiter, error)
    if any(pa.types.is_binary(field.type) for field in table.schema):  # Arrow's answer to text that is not UTF-8
        csv_faults.explain(path, open_bytes, delimiter, None)
    return table


def _tidy(column: pa.ChunkedArray, as_text: bool) -> pa.ChunkedArray:
    """Drop the spaces around the cells; padded numbers, which Arrow reads as text next to ``" NA"``, become numbers."""
    if not pa.types.is_string(column.type):
        return column
    trimmed = pc.utf8_trim_whitespace(column)
    if trimmed.equals(column):
        return column
    words = pa.array(sorted(MISSING_WORDS), type=pa.string())
    trimmed = pc.if_else(pc.is_in(trimmed, value_set=words), pa.scalar(None, pa.string()), trimmed)
    for type_ in (pa.int64(), pa.float64()) if not as_text else ():
        try:
            return trimmed.cast(type_)
        except pa.ArrowInvalid:
            continue
    return trimmed


def _refuse_gzip(path: Path, error: Exception) -> NoReturn:
    raise DataError(f"{path} is gzipped, but damaged or cut short ({error}); copy or download it again") from error
