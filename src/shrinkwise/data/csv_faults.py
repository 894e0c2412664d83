"""Why a file cannot be read as CSV: the line, what is wrong there, and the remedy.

These functions read the file again, in Python, and only after Arrow refused it.
"""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import IO, NoReturn

from shrinkwise.data.names import argument, counted, quoted
from shrinkwise.exceptions import DataError

SCANNED = 1_000_000  # lines read in search of further ragged rows

# First bytes of files that are no text, and what to do with them.
MAGIC = {
    b"\xff\xfe": "is UTF-16 text; save it as UTF-8: iconv -f UTF-16 -t UTF-8 {name} > new.csv",
    b"\xfe\xff": "is UTF-16 text; save it as UTF-8: iconv -f UTF-16 -t UTF-8 {name} > new.csv",
    b"PK\x03\x04": "is a zip archive (an Excel workbook is one too); unpack it, or save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "is an old Excel or Office file; save the sheet as CSV",
    b"%PDF": "is a PDF; save the table as CSV",
    b"BZh": "is packed by bzip2; unpack it first: bunzip2 {name}",
    b"\xfd7zXZ": "is packed by xz; unpack it first: unxz {name}",
    b"\x28\xb5\x2f\xfd": "is packed by zstd; unpack it first: unzstd {name}",
    b"SQLite format 3": "is an SQLite database; export the table as CSV",
    b"\x89HDF": "is an HDF5 file; save the table as CSV or Parquet",
    b"<": "starts with '<', so it is a web page or XML rather than a table; download the CSV file itself",
    b"{": "starts with '{{', so it is JSON rather than a table; save it as CSV or Parquet",
    b"[": "starts with '[', so it is JSON rather than a table; save it as CSV or Parquet",
}


def check_head(path: Path, head: bytes) -> None:
    """Refuse a file that is empty or, by its first bytes, no text."""
    for magic, words in MAGIC.items():
        if head.startswith(magic):
            raise DataError(f"{path} {words.format(name=argument(path.name))}")
    if not head.removeprefix(b"\xef\xbb\xbf").strip():
        raise DataError(
            f"{path} is empty; a table needs a header line with the names of its columns, and rows below it"
        )
    if (position := head.find(b"\0")) >= 0:
        raise DataError(
            f"{path} is not a text file (byte 0 at position {position}); save the table as CSV in UTF-8, or as Parquet"
        )


def explain(path: Path, open_bytes: Callable[[Path], IO[bytes]], delimiter: str, error: Exception | None) -> NoReturn:
    """Raise the DataError that says why Arrow refused the file."""
    _find_wrong_encoding(path, open_bytes)
    _find_ragged_row(path, open_bytes, delimiter)
    raise DataError(f"{path} cannot be read as CSV: {error}; check that it is a table in UTF-8 text") from error


def _find_wrong_encoding(path: Path, open_bytes: Callable[[Path], IO[bytes]]) -> None:
    """Refuse the first byte that is not UTF-8."""
    before = 0
    with open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                at = error.start
                near = line[max(0, at - 15) : at + 15].decode("cp1252", errors="replace").strip()
                raise DataError(
                    f"{path} is not UTF-8: byte 0x{line[at]:02X} at position {before + at} (line {number}, in "
                    f"{quoted(near)} if it is Windows-1252); convert it first, from the encoding it was saved in: "
                    f"iconv -f WINDOWS-1252 -t UTF-8 {argument(path.name)} > new.csv"
                ) from error
            before += len(line)


def _find_ragged_row(path: Path, open_bytes: Callable[[Path], IO[bytes]], delimiter: str) -> None:
    """Refuse the first row whose number of fields is not the header's."""
    width, begins, ragged = 0, 1, 0
    first = ""
    with open_bytes(path) as file:
        reader = csv.reader(io.TextIOWrapper(file, "utf-8-sig", newline=""), delimiter=delimiter)
        try:
            for row in reader:
                width = width or len(row)
                if row and len(row) != width:  # an empty row is a blank line
                    ragged += 1
                    first = first or _ragged_row(row, begins, reader.line_num)
                begins = reader.line_num + 1
                if ragged and begins > SCANNED:
                    break
        except csv.Error as error:
            raise DataError(
                f"{path}: the record that begins in line {begins} cannot be read ({error}); "
                "is a quote opened there and never closed?"
            ) from error
    if ragged:
        others = f" ({counted(ragged - 1, 'later row')} too)" if ragged > 1 else ""
        raise DataError(
            f"{path}: {first}, but the header has {width}{others}; every row needs one field for each column: put text "
            f"that contains {quoted(delimiter)} in quotes, and remove lines that are not part of the table"
        )


def _ragged_row(row: list[str], begins: int, ends: int) -> str:
    where = f"line {begins} has {counted(len(row), 'field')}"
    return where if ends == begins else f"{where} (it runs to line {ends}: is a quote opened there and never closed?)"
