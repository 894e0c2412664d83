"""One Arrow column as NumPy arrays: numbers with NaN where missing, or text as codes of its words.

Values are read from Arrow's buffers: `to_numpy` and `pyarrow.array` would import pandas wherever it is installed.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shrinkwise.data.names import quoted
from shrinkwise.exceptions import DataError

Kind = Literal["number", "text", "date", "empty", "other"]

# Arrow's own list of null spellings, and those of R, pandas, Python, SAS/Stata and the UCI repository.
MISSING_WORDS = {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "N/A", "NA"}
MISSING_WORDS |= {"NULL", "NaN", "n/a", "nan", "null", "None", "<NA>", ".", "?", "(missing)"}


def kind_of(type_: pa.DataType) -> Kind:
    """What a column of this Arrow type holds, for a model."""
    if isinstance(type_, pa.BaseExtensionType):
        return "date" if type_.extension_name == "pandas.period" else kind_of(type_.storage_type)
    if pa.types.is_dictionary(type_) or pa.types.is_run_end_encoded(type_):
        return kind_of(type_.value_type)
    is_ = pa.types
    if is_.is_null(type_):
        return "empty"
    if is_.is_boolean(type_) or is_.is_integer(type_) or is_.is_floating(type_) or is_.is_decimal(type_):
        return "number"
    if is_.is_string(type_) or is_.is_large_string(type_) or is_.is_string_view(type_):
        return "text"
    if is_.is_temporal(type_):
        return "date"
    return "other"


def number_cells(column: pa.ChunkedArray, name: str) -> NDArray[np.float64]:
    """Read a column of numbers or booleans as float64 with NaN where a cell is missing; refuse infinities.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Of kind "number" or "empty".
    name : str
        For the message.

    Returns
    -------
    ndarray of float64, shape (n,)
        It may be a read-only view of Arrow's memory.

    Raises
    ------
    DataError
        A cell is infinite.
    """
    # safe=False: integers beyond 2^53 are rounded to the nearest float64, as everywhere in NumPy.
    array = _one_array(_decoded(column).cast(pa.float64(), safe=False))
    values = _values(array, np.float64)
    missing = _null_mask(array)
    if missing is not None:
        values = np.where(missing, np.nan, values)
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        raise DataError(
            f"column {quoted(name)} holds {values[infinite[0]]:g} in row {infinite[0] + 1} (not counting the header)"
            f"{f', and {infinite.size - 1} more infinite cells' if infinite.size > 1 else ''}; "
            "leave such cells empty, or put a finite number there"
        )
    return values


@dataclass(frozen=True, eq=False)
class TextCells:
    """The cells of a text column: word `words[codes[i]]` in row i, without spaces around it; -1 where missing."""

    codes: NDArray[np.int32]
    words: list[str]
    arrow: pa.Array

    def counts(self) -> NDArray[np.int64]:
        """Rows of each word; 0 for a spelling of "missing"."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.words)).astype(np.int64)

    def first_row(self, word: int) -> int:
        """The first row (from 1) that holds this word."""
        return int(np.flatnonzero(self.codes == word)[0]) + 1


def text_cells(column: pa.ChunkedArray, name: str) -> TextCells:
    """Read any column as text: each distinct word once, and a code for each row.

    Numbers are spelled without a trailing ``.0``, so that 1 and 1.0 are the same word whatever the column's type.
    The spellings in `MISSING_WORDS` are missing, in every source alike: a model fitted on Parquet must read a CSV.

    Raises
    ------
    DataError
        The column's type cannot be written as text.
    """
    array = _one_array(_spelled(_decoded(column), name))
    encoded = array.dictionary_encode()
    trimmed = pc.utf8_trim_whitespace(encoded.dictionary).dictionary_encode()
    words = trimmed.dictionary.to_pylist()
    word_of = _values(trimmed.indices, np.int32)
    present = np.array([word not in MISSING_WORDS for word in words], dtype=bool)
    word_of = np.where(present[word_of], word_of, -1).astype(np.int32)
    codes = _values(encoded.indices, np.int32)
    missing = _null_mask(encoded.indices)
    if missing is not None:
        known = np.where(missing, 0, codes)
        codes = np.where(missing, -1, word_of[known] if len(word_of) else -1).astype(np.int32)
    else:
        codes = word_of[codes]
    return TextCells(codes, words, trimmed.dictionary)


def missing_count(column: pa.ChunkedArray) -> int:
    """Number of missing cells: null, NaN in a number column, a spelling of "missing" in a text column."""
    kind = kind_of(column.type)
    column = _decoded(column)
    if kind == "number" and pa.types.is_floating(column.type):
        return int(column.null_count) + int(pc.sum(pc.is_nan(column)).as_py() or 0)
    if kind == "text":
        return int((text_cells(column, "").codes < 0).sum())
    return int(column.null_count)


def matches(words: pa.Array, pattern: str) -> NDArray[np.bool_]:
    """Which of these words match a regular expression (RE2) as a whole."""
    found = pc.match_substring_regex(words, f"^(?:{pattern})$")
    return _values(found.cast(pa.uint8()), np.uint8).astype(bool)


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column without dictionary, run-end or extension wrapping."""
    while True:
        type_ = column.type
        if isinstance(type_, pa.BaseExtensionType):
            column = column.cast(type_.storage_type)
        elif pa.types.is_dictionary(type_):
            column = column.cast(type_.value_type)
        elif pa.types.is_run_end_encoded(type_):
            chunks = [pc.run_end_decode(chunk) for chunk in column.chunks]
            column = pa.chunked_array(chunks, type=type_.value_type)
        else:
            return column


def _spelled(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """The cells as text."""
    type_ = column.type
    try:
        if pa.types.is_decimal(type_):
            column = column.cast(pa.float64(), safe=False)
        elif pa.types.is_duration(type_):
            column = column.cast(pa.int64())
        return column.cast(pa.large_string())
    except pa.ArrowException as error:
        raise DataError(
            f"column {quoted(name)} of type {type_} cannot be used as text; make a text or number column from it"
        ) from error


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    return array.chunk(0) if isinstance(array, pa.ChunkedArray) and array.num_chunks == 1 else array


def _values(array: pa.Array, dtype: Any) -> NDArray[Any]:
    """The value buffer of a fixed-width array, without a copy; cells that are null hold anything."""
    if len(array) == 0:
        return np.zeros(0, dtype=dtype)
    width = np.dtype(dtype).itemsize
    return np.frombuffer(array.buffers()[1], dtype=dtype, count=len(array), offset=array.offset * width)


def _null_mask(array: pa.Array) -> NDArray[np.bool_] | None:
    """Where the array is null; None if nowhere."""
    if array.null_count == 0:
        return None
    bits = np.frombuffer(array.buffers()[0], dtype=np.uint8)
    valid = np.unpackbits(bits, count=array.offset + len(array), bitorder="little")[array.offset :]
    return np.equal(valid, 0)
