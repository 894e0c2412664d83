"""A new table as an encoder's rules see it: columns by name, levels and medians as learned."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shrinkwise.data.blocks import Matrix, Numbers, Ones, build
from shrinkwise.data.column import kind_of, number_cells, text_cells
from shrinkwise.data.expand import MISSING, OTHER
from shrinkwise.data.names import check_names, counted, did_you_mean, listing, quoted
from shrinkwise.data.rules import NumberRule, Rule, TextRule
from shrinkwise.exceptions import DataError

SHOWN = 5  # columns that a note lists


def transform(
    rules: Sequence[Rule], ignored: Sequence[str], table: pa.Table, space: Sequence[str]
) -> tuple[Matrix, tuple[str, ...]]:
    """Encode `table` by `rules`; see `Encoder.transform`."""
    check_names(table)
    known = {*ignored, *(rule.name for rule in rules)}
    rules = [rule for rule in rules if rule.outputs]
    _check_columns([rule.name for rule in rules], table)
    at = {name: position for position, name in enumerate(space)}
    blocks: list[Numbers | Ones] = []
    filled: list[str] = []
    notes: list[str] = []
    for rule in rules:
        column = table.column(rule.name)
        if isinstance(rule, NumberRule):
            number_blocks, n_filled = _numbers(rule, column, at)
            blocks += number_blocks
            if n_filled:
                filled.append(f"{quoted(rule.name)} ({counted(n_filled, 'cell')})")
        else:
            ones, note = _levels(rule, column, at)
            blocks.append(ones)
            notes += [note] if note else []
    if filled:
        more = f" and {len(filled) - SHOWN} more columns" if len(filled) > SHOWN else ""
        notes.insert(0, f"Missing numbers became the median of the training rows: {', '.join(filled[:SHOWN])}{more}.")
    extra = [name for name in table.column_names if name not in known]
    if extra:
        notes.insert(0, f"Ignored, since the model does not know {_them(extra)}: {listing(extra)}.")
    return build((table.num_rows, len(space)), blocks), tuple(notes)


def _check_columns(needed: Sequence[str], table: pa.Table) -> None:
    there = set(table.column_names)
    lacking = [name for name in needed if name not in there]
    if not lacking:
        return
    unused = sorted(there.difference(needed))
    parts = []
    for name in lacking[:SHOWN]:
        meant = did_you_mean(name, unused)
        parts.append(f"{quoted(name)} (is {quoted(meant)} meant?)" if meant else quoted(name))
    more = f" and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else ""
    raise DataError(
        f"the table lacks {counted(len(lacking), 'column')} that the model needs: {', '.join(parts)}{more}; add or "
        "rename them (empty cells are fine: they count as missing)"
    )


def _numbers(rule: NumberRule, column: pa.ChunkedArray, at: dict[str, int]) -> tuple[list[Numbers | Ones], int]:
    """The blocks of a number column, and how many missing cells got the median."""
    kind = kind_of(column.type)
    if kind == "text":
        column = _all_missing(rule, column)
    elif kind not in ("number", "empty"):
        raise DataError(f"column {quoted(rule.name)} holds {column.type} values; the model was fitted to numbers there")
    missing = np.isnan(number_cells(column, rule.name))
    n_missing = int(np.count_nonzero(missing))
    median = rule.median
    if n_missing and rule.value and median is None:
        raise DataError(
            f"column {quoted(rule.name)} has {counted(n_missing, 'missing cell')}, but the encoder learned no median "
            "of it: it belongs to a fold; use the encoder of all rows"
        )
    blocks: list[Numbers | Ones] = []
    if rule.value:

        def load() -> NDArray[np.float64]:
            cells = number_cells(column, rule.name)
            return cells if median is None else np.where(np.isnan(cells), median, cells)

        blocks.append(Numbers(at[rule.name], load))
    if rule.indicator:
        blocks.append(Ones(np.where(missing, at[rule.missing_name], -1).astype(np.int32)))
    return blocks, n_missing if rule.value else 0


def _all_missing(rule: NumberRule, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A text column that stands in for numbers: fine if each cell is missing, refused otherwise."""
    cells = text_cells(column, rule.name)
    present = np.flatnonzero(cells.codes >= 0)
    if present.size:
        word = cells.words[cells.codes[present[0]]]
        raise DataError(
            f"column {quoted(rule.name)} holds text, {quoted(word)} in row {present[0] + 1} (not counting the header); "
            "the model was fitted to numbers there: write plain numbers such as 1234.56, or leave the cell empty"
        )
    return pa.chunked_array([pa.nulls(len(column), pa.float64())])


def _levels(rule: TextRule, column: pa.ChunkedArray, at: dict[str, int]) -> tuple[Ones, str]:
    """The 0/1 columns of a text column, and a note on cells that are none of its levels."""
    cells = text_cells(column, rule.name)
    other = at[f"{rule.name}={OTHER}"] if rule.other else -1
    position = {level: at[f"{rule.name}={level}"] for level in rule.levels}
    of_word = [position.get(word, other) for word in cells.words] + [position.get(MISSING, other)]
    ones = np.array(of_word, dtype=np.int32)[cells.codes]  # code -1, missing, takes the last one
    counts = cells.counts()
    usual = {*position, OTHER}
    strange = [word for word in np.flatnonzero(counts) if cells.words[word] not in usual]
    strange.sort(key=lambda word: -counts[word])
    names = [cells.words[word] for word in strange]
    n_rows = int(counts[strange].sum())
    if MISSING not in position and (n_missing := int(np.count_nonzero(cells.codes < 0))):
        names.append(MISSING)
        n_rows += n_missing
    if not names:
        return Ones(ones), ""
    seen = "rare or not seen" if rule.other else "not seen"
    effect = f"they count as {quoted(f'{rule.name}={OTHER}')}" if rule.other else "no level's coefficient is used there"
    where = f"Column {quoted(rule.name)}: {counted(n_rows, 'row')} with levels {seen} in training"
    return Ones(ones), f"{where} ({listing(names, SHOWN)}); {effect}."


def _them(names: Sequence[str]) -> str:
    return "this column" if len(names) == 1 else f"these {len(names)} columns"
