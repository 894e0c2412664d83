"""The additive base of a table: one matrix, made once, of which every fold's design is a linear map.

A number column becomes its values (0 where missing) and, if any is missing, a 0/1 column that says where. A text column
becomes a 0/1 column for each level; levels that are rare in the whole table are rare in each part of it too, so they
share one column, ``city=(other)``, from the start. What is learned from rows (medians, levels kept) is in `encode`.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shrinkwise.data.blocks import Matrix, Numbers, Ones, build
from shrinkwise.data.column import TextCells, kind_of, number_cells, text_cells
from shrinkwise.data.names import check_column, check_names, counted, listing, quoted
from shrinkwise.data.spelling import are_dates, check_numbers
from shrinkwise.exceptions import DataError, UsageError

MISSING, OTHER = "(missing)", "(other)"
FREE_TEXT = 0.9  # share of distinct cells from which a text column is an id or free text

# The coefficient of a level in fewer rows has a standard error near half the noise (1 / sqrt 5); some folds lack it.
FEWEST_ROWS = 5
# ... and at most 1 / 0.002 = 500 columns come from one text column, however tall the table.
FEWEST_SHARE = 0.002


@dataclass(frozen=True, eq=False)
class NumberColumn:
    """Where a number column is in Z: its values and its missing indicator (None: not there), and the missing rows."""

    name: str
    value: int | None
    missing: int | None
    hidden: NDArray[np.bool_] | None


@dataclass(frozen=True, eq=False)
class TextColumn:
    """Where a text column is in Z: level ``levels[codes[i]]`` in row i, at column ``start + codes[i]``.

    The levels are sorted; behind them come ``(missing)`` and ``(other)``, where there are such rows.
    """

    name: str
    start: int
    levels: tuple[str, ...]
    codes: NDArray[np.int32]
    n_pooled: int


@dataclass(frozen=True, eq=False)
class Expansion:
    """The additive base of a table.

    Attributes
    ----------
    Z : ndarray of float64 in Fortran order, or scipy.sparse.csc_array, shape (n, q)
        Sparse only where it is large and mostly zero (`shrinkwise.data.blocks`).
    names : tuple of str, length q
    columns : tuple of NumberColumn and TextColumn
        Where each column of the table is in Z.
    min_level : int
        Rows that a level or a missing indicator needs for a column of its own.
    ignored : tuple of str
        Columns of the table that were not asked for or cannot be used.
    notes : tuple of str
        What the person should know, one sentence each.
    """

    Z: Matrix = field(repr=False)
    names: tuple[str, ...]
    columns: tuple[NumberColumn | TextColumn, ...]
    min_level: int
    ignored: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.Z.shape[0])

    def values(self, position: int) -> NDArray[np.float64]:
        """Column `position` of Z as a dense array, shape (n,)."""
        if isinstance(self.Z, np.ndarray):
            return self.Z[:, position]
        dense = np.zeros(self.n_rows)
        part = slice(self.Z.indptr[position], self.Z.indptr[position + 1])
        dense[self.Z.indices[part]] = self.Z.data[part]
        return dense


def expand(
    table: pa.Table,
    columns: Sequence[str] | None = None,
    *,
    rows: NDArray[np.bool_] | None = None,
    as_text: Sequence[str] = (),
    min_level: int | None = None,
) -> Expansion:
    """Turn columns of a table into one matrix of which every fold's design is a linear map.

    Left out, with a note: columns that are constant or empty, dates, text with nearly all distinct cells (ids, free
    text), nested and binary columns.

    Parameters
    ----------
    table : pyarrow.Table
    columns : sequence of str, optional
        The features, see `feature_columns`; default: every column.
    rows : ndarray of bool, shape (table rows,), optional
        The rows to use (`Target.rows`); default: all. Messages count the rows of the table.
    as_text : sequence of str
        Columns to take as levels whatever they look like: zip codes, dates, numbers that are labels.
    min_level : int, optional
        Rows below which a level is pooled in ``(other)`` and a missing indicator left out; default: 5, or 0.2 % of the
        rows if that is more.

    Returns
    -------
    Expansion

    Raises
    ------
    DataError
        An infinite number, numbers written as text (``1,234``) or among words, no usable column.

    Notes
    -----
    Reads each column twice (to look, then to fill), so that the matrix is the only large copy.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"size": [1.5, None, 3.0, 4.0], "city": ["Bonn", "Kiel", "Bonn", "Kiel"]})
    >>> expand(table, min_level=1).names
    ('size', 'size (missing)', 'city=Bonn', 'city=Kiel')
    """
    check_names(table)
    asked = tuple(table.column_names) if columns is None else tuple(columns)
    for name in {*asked, *as_text}.difference(table.column_names):
        check_column(table, name, "a text column" if name in as_text else "a feature")
    n = table.num_rows if rows is None else int(np.count_nonzero(rows))
    if n == 0:
        raise DataError("the table has no rows to learn from; give at least one row")
    if min_level is None:
        min_level = max(FEWEST_ROWS, math.ceil(FEWEST_SHARE * n))
    elif min_level < 1:
        raise UsageError(f"min_level must be at least 1 row, got {min_level}")
    taken = None if rows is None or n == table.num_rows else np.flatnonzero(rows)
    parts: list[_Part] = []
    notes: list[str] = []
    left_out: dict[str, list[str]] = {}
    width = 0
    for name in asked:
        part = _part(table, name, width, taken, min_level, name in as_text)
        if isinstance(part, str):
            left_out.setdefault(part, []).append(name)
        else:
            parts.append(part)
            notes += [part.note] if part.note else []
            width += len(part.names)
    notes += [words.format(*_subject(names)) for reason, words in LEFT_OUT.items() if (names := left_out.get(reason))]
    if not parts:
        raise DataError("no column is left to learn from. " + " ".join(notes))
    columns_used = tuple(part.column for part in parts)
    _check_clashes(columns_used)
    used = {column.name for column in columns_used}
    return Expansion(
        Z=build((n, width), [block for part in parts for block in part.blocks]),
        names=tuple(name for part in parts for name in part.names),
        columns=columns_used,
        min_level=min_level,
        ignored=tuple(name for name in table.column_names if name not in used),
        notes=tuple(notes),
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """One column of the table in Z."""

    column: NumberColumn | TextColumn
    names: tuple[str, ...]
    blocks: tuple[Numbers | Ones, ...]
    note: str = ""


def _part(
    table: pa.Table, name: str, start: int, rows: NDArray[np.intp] | None, min_level: int, as_text: bool
) -> _Part | str:
    """What the column becomes from position `start` of Z on, or the reason (in `LEFT_OUT`) why it is left out."""
    column = table.column(name)
    kind = kind_of(column.type)
    if as_text and kind != "empty":
        return _text_part(text_cells(column, name), name, start, rows, min_level)
    if kind == "number":
        return _number_part(column, name, start, rows)
    if kind != "text":
        return kind
    cells = text_cells(column, name)
    if are_dates(cells):
        return "date"
    note = check_numbers(cells, name)
    counts = np.bincount(_taken(cells.codes, rows) + 1, minlength=len(cells.words) + 1)
    n_missing, n_present = counts[0], counts[1:].sum()
    if n_present > n_missing and np.count_nonzero(counts[1:]) >= FREE_TEXT * n_present:
        return "numeric text" if note else "free text"
    return _text_part(cells, name, start, rows, min_level, note)


def _taken(cells: NDArray[Any], rows: NDArray[np.intp] | None) -> NDArray[Any]:
    return cells if rows is None else cells[rows]


def _number_part(column: pa.ChunkedArray, name: str, start: int, rows: NDArray[np.intp] | None) -> _Part | str:
    cells = _taken(number_cells(column, name), rows)
    hidden = np.isnan(cells)
    some_hidden = bool(hidden.any())
    present = cells[~hidden] if some_hidden else cells
    if present.size == 0:
        return "empty"
    names: tuple[str, ...] = ()
    blocks: tuple[Numbers | Ones, ...] = ()
    value = missing = None
    if present.min() < present.max():
        value = start
        names += (name,)
        blocks += (Numbers(value, lambda: _zero_where(hidden, _taken(number_cells(column, name), rows))),)
    if some_hidden:
        missing = start + len(names)
        names += (f"{name} {MISSING}",)
        blocks += (Ones(np.where(hidden, missing, -1).astype(np.int32)),)
    if not names:
        return "constant"
    return _Part(NumberColumn(name, value, missing, hidden if some_hidden else None), names, blocks)


def _zero_where(hidden: NDArray[np.bool_], cells: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(hidden, 0.0, cells) if hidden.any() else cells


def _text_part(
    cells: TextCells, name: str, start: int, rows: NDArray[np.intp] | None, min_level: int, note: str = ""
) -> _Part | str:
    codes = _taken(cells.codes, rows)
    counts = np.bincount(codes[codes >= 0], minlength=len(cells.words))
    n_levels, n_missing = int(np.count_nonzero(counts)), int(np.count_nonzero(codes < 0))
    if n_levels == 0:
        return "empty"
    if n_levels == 1 and n_missing == 0:
        return "constant"
    kept = [int(word) for word in np.flatnonzero(counts >= min_level) if cells.words[word] != OTHER]
    kept.sort(key=cells.words.__getitem__)
    levels = [cells.words[word] for word in kept]
    place = np.full(len(cells.words) + 1, -1, dtype=np.int32)  # the last one is for code -1, missing
    place[kept] = np.arange(len(kept), dtype=np.int32)
    if n_missing >= min_level:
        place[-1] = len(levels)
        levels.append(MISSING)
    in_level = place[codes]
    n_pooled = n_levels - len(kept) + (0 < n_missing < min_level)
    if n_pooled:
        in_level[in_level < 0] = len(levels)
        levels.append(OTHER)
    if len(levels) == 1:
        return "rare"
    column = TextColumn(name, start, tuple(levels), in_level, n_pooled)
    return _Part(column, tuple(f"{name}={level}" for level in levels), (Ones(start + in_level),), note)


def _check_clashes(columns: Sequence[NumberColumn | TextColumn]) -> None:
    """Refuse columns whose outputs could have the same name, such as "city=Bonn" next to "city" with level Bonn."""
    outputs: Counter[str] = Counter()
    for column in columns:
        if isinstance(column, NumberColumn):
            outputs.update((column.name, f"{column.name} {MISSING}"))
        else:
            outputs.update(f"{column.name}={level}" for level in {*column.levels, MISSING, OTHER})
    clash = [name for name, count in outputs.items() if count > 1]
    if clash:
        raise DataError(
            f"two columns would both make a feature named {quoted(clash[0])} (text levels are named column=level, "
            f"missing indicators 'column {MISSING}'); rename one of them"
        )


LEFT_OUT = {
    "constant": "Not used, since {1} one value only: {0}.",
    "empty": "Not used, since {1} no value at all: {0}.",
    "date": (
        "Not used, since {1} dates or times: {0}. To use them, add number columns made of them (year, month, days "
        "since a start), or take each as a level with --as-text."
    ),
    "free text": (
        "Not used, since {1} text with nearly all cells distinct (an id or free text): {0}. To use it, add columns "
        "made of it (a group, a length), or keep the levels that repeat with --as-text."
    ),
    "numeric text": (
        "Not used, since {1} text with nearly all cells distinct, most of them numbers: {0}. To use it, store it as "
        "numbers, or keep the levels that repeat with --as-text."
    ),
    "rare": "Not used, since {1} no level that is frequent enough for a column of its own: {0}.",
    "other": "Not used, since {1} neither numbers nor text: {0}. To use it, add number or text columns made of it.",
}


def _subject(names: list[str]) -> tuple[str, str]:
    """The names, and the words that say how many they are."""
    return listing(names), "it holds" if len(names) == 1 else f"these {counted(len(names), 'column')} hold"
