"""What is learned about the columns on given rows, and how it makes a design: of the same table, or of a new one.

An encoder is a linear map of the additive base `Z` (see `expand`): missing numbers become the median by
``value + median * indicator``, rare levels become ``(other)`` as the sum of their 0/1 columns. So each fold learns its
own encoding, without reading the table again, and ``Z @ encoder.map(expansion, space)`` is exactly what
``encoder.transform(table, space)`` gives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shrinkwise.data.blocks import Matrix
from shrinkwise.data.expand import MISSING, OTHER, Expansion, NumberColumn, TextColumn
from shrinkwise.data.rules import NumberRule, Rule, TextRule, checked, nonsense, rule_from_dict, rule_to_dict, strings
from shrinkwise.data.transform import transform
from shrinkwise.exceptions import UsageError

if TYPE_CHECKING:
    from scipy.sparse import csc_array

VERSION = 1  # of the dictionary that `Encoder.to_dict` writes


@dataclass(frozen=True)
class Encoder:
    """What was learned on some rows: one rule a column, and the other columns that the table had.

    Attributes
    ----------
    rules : tuple of NumberRule and TextRule
        In the order of the table.
    ignored : tuple of str
        Columns that the table had but the encoding does not use; a new table may have them or not.
    """

    rules: tuple[Rule, ...]
    ignored: tuple[str, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the encoder's own output columns."""
        return tuple(output for rule in self.rules for output in rule.outputs)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that a new table must have."""
        return tuple(rule.name for rule in self.rules if rule.outputs)

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Columns that a new CSV must read as text (`read_table`)."""
        return tuple(rule.name for rule in self.rules if isinstance(rule, TextRule))

    def map(self, expansion: Expansion, space: Sequence[str]) -> "csc_array":
        """The sparse matrix T with ``expansion.Z @ T`` = the design of all rows as this encoder sees them.

        Parameters
        ----------
        expansion : Expansion
            The one that the encoder learned from.
        space : sequence of str, length p
            Names of the output columns: the encoder's own or more (`output_space`); T is zero for the others.

        Returns
        -------
        scipy.sparse.csc_array of float64, shape (q, p)
        """
        from scipy.sparse import coo_array

        self._check_space(space)
        at = {name: position for position, name in enumerate(space)}
        entries: list[tuple[int, int, float]] = []
        for column, rule in zip(expansion.columns, self.rules, strict=True):
            if isinstance(column, NumberColumn) and isinstance(rule, NumberRule):
                entries += _number_entries(column, rule, at)
            elif isinstance(column, TextColumn) and isinstance(rule, TextRule):
                entries += _text_entries(column, rule, at)
            else:
                raise UsageError(f"the encoder was not learned from this table: column {column.name!r} differs in kind")
        row, col, data = (np.array(part) for part in zip(*entries)) if entries else (np.zeros(0, np.intp),) * 3
        shape = (len(expansion.names), len(space))
        return coo_array((data.astype(np.float64), (row, col)), shape=shape).tocsc()

    def transform(self, table: pa.Table, space: Sequence[str] | None = None) -> tuple[Matrix, tuple[str, ...]]:
        """Encode a new table with what was learned.

        Parameters
        ----------
        table : pyarrow.Table
            Its columns are found by name, in any order.
        space : sequence of str, length p, optional
            Names of the output columns, such as a model's feature names; default: the encoder's own, `names`.

        Returns
        -------
        X : ndarray of float64 in Fortran order, or scipy.sparse.csc_array if large and mostly zero, shape (n, p)
        notes : tuple of str
            Columns ignored, missing numbers filled, levels not seen in training, with counts.

        Raises
        ------
        DataError
            A column is lacking, a number column holds text or dates, a number is infinite.
        """
        if space is not None:
            self._check_space(space)
        return transform(self.rules, self.ignored, table, self.names if space is None else space)

    def to_dict(self) -> dict[str, Any]:
        """The encoder as JSON types."""
        columns = [rule_to_dict(rule) for rule in self.rules]
        return {"encoder": VERSION, "columns": columns, "ignored": list(self.ignored)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Encoder":
        """The encoder that `to_dict` wrote; ModelFileError if it is anything else."""
        entry = checked(stored, {"encoder": int, "columns": list, "ignored": list})
        if entry["encoder"] != VERSION:
            raise nonsense(f"its version is {entry['encoder']}, this shrinkwise reads {VERSION}")
        encoder = cls(tuple(map(rule_from_dict, entry["columns"])), strings(entry["ignored"], "the ignored columns"))
        strings([rule.name for rule in encoder.rules] + list(encoder.ignored), "the columns")
        strings(list(encoder.names), "the outputs")
        return encoder

    def _check_space(self, space: Sequence[str]) -> None:
        lacking = set(self.names).difference(space)
        if lacking:
            raise UsageError(
                f"the output columns must contain all of the encoder's own; {sorted(lacking)[0]!r} is not there"
            )


def learn(
    expansion: Expansion, rows: NDArray[np.intp] | None = None, weights: NDArray[np.float64] | None = None
) -> Encoder:
    """Learn medians, levels to keep and missing indicators to keep from the given rows.

    A level with fewer than ``expansion.min_level`` of these rows is pooled in ``(other)``. A missing indicator is kept
    if both missing and present cells fill that many rows, and no earlier column is missing in the same rows.
    A row of weight zero counts as absent; the others count as one row each, and weigh in the medians.

    Parameters
    ----------
    expansion : Expansion
    rows : ndarray of int, optional
        Positions of the training rows; default: all rows, and then each number column's median is learned, even if
        nothing is missing yet: a new table may lack cells. A fold needs the median only where cells are missing.
    weights : ndarray of float64, shape (n,), optional
        Weights >= 0 of all rows of the expansion.

    Returns
    -------
    Encoder

    Examples
    --------
    >>> import pyarrow as pa
    >>> from shrinkwise.data import expand
    >>> expansion = expand(pa.table({"size": [1.0, None, 3.0, 8.0], "city": ["A", "B", "A", "B"]}), min_level=1)
    >>> encoder = learn(expansion)
    >>> encoder.names
    ('size', 'size (missing)', 'city=A', 'city=B')
    >>> encoder.transform(pa.table({"city": ["B", "C"], "size": [None, 2.0]}))[0]
    array([[3., 1., 0., 1.],
           [2., 0., 0., 0.]])
    """
    all_rows = rows is None
    if rows is None:
        rows = np.arange(expansion.n_rows)
    if weights is not None:
        rows = rows[weights[rows] > 0]
    patterns: set[bytes] = set()
    rules: list[Rule] = []
    for column in expansion.columns:
        if isinstance(column, TextColumn):
            rules.append(_text_rule(column, rows, expansion.min_level))
        else:
            rules.append(_number_rule(expansion, column, rows, weights, all_rows, patterns))
    return Encoder(tuple(rules), expansion.ignored)


def output_space(encoders: Sequence[Encoder]) -> tuple[str, ...]:
    """The output columns that any of the encoders has, in the order of the table; levels in order, ``(other)`` last."""
    space: list[str] = []
    for rules in zip(*(encoder.rules for encoder in encoders), strict=True):
        if isinstance(rules[0], NumberRule):
            union = NumberRule(
                rules[0].name,
                None,
                any(rule.value for rule in rules if isinstance(rule, NumberRule)),
                any(rule.indicator for rule in rules if isinstance(rule, NumberRule)),
            )
            space += union.outputs
        else:
            texts = [rule for rule in rules if isinstance(rule, TextRule)]
            levels = {level for rule in texts for level in rule.levels}
            ordered = sorted(levels, key=lambda level: (level == MISSING, level))
            space += TextRule(rules[0].name, tuple(ordered), any(rule.other for rule in texts)).outputs
    return tuple(space)


def output_groups(encoders: Sequence[Encoder], space: Sequence[str]) -> tuple[str | None, ...]:
    """The text column that each output column is a level of; None for numbers and missing indicators."""
    source = {
        output: rule.name
        for encoder in encoders
        for rule in encoder.rules
        if isinstance(rule, TextRule)
        for output in rule.outputs
    }
    return tuple(source.get(name) for name in space)


def weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> float:
    """The median; where half of the weight lies exactly between two values, their mean (as without weights)."""
    if weights is None:
        middle = [(len(values) - 1) // 2, len(values) // 2]
        low, high = np.partition(values, middle)[middle]
    else:
        order = np.argsort(values, kind="stable")
        below = np.cumsum(weights[order])
        half = below[-1] / 2
        at = int(np.searchsorted(below, half))
        low, high = values[order[at]], values[order[at + (below[at] == half)]]
    return float(low if low == high else low / 2 + high / 2)  # the sum could overflow


def _number_rule(
    expansion: Expansion,
    column: NumberColumn,
    rows: NDArray[np.intp],
    weights: NDArray[np.float64] | None,
    all_rows: bool,
    patterns: set[bytes],
) -> NumberRule:
    """Rule of a number column; adds the rows where its cells are missing to `patterns` if the indicator is kept."""
    indicator = False
    if column.hidden is not None:
        hidden = column.hidden[rows]
        rows = rows[~hidden]
        pattern = np.packbits(hidden).tobytes()
        frequent = min(len(rows), len(hidden) - len(rows)) >= expansion.min_level
        indicator = frequent and pattern not in patterns
        if indicator:
            patterns.add(pattern)
    if column.value is None or len(rows) == 0:
        return NumberRule(column.name, None, False, indicator)
    median = None
    if all_rows or column.hidden is not None:
        median = weighted_median(expansion.values(column.value)[rows], None if weights is None else weights[rows])
    return NumberRule(column.name, median, True, indicator)


def _text_rule(column: TextColumn, rows: NDArray[np.intp], min_level: int) -> TextRule:
    counts = np.bincount(column.codes[rows], minlength=len(column.levels))
    pairs = list(zip(column.levels, counts))
    kept = tuple(level for level, count in pairs if count >= min_level and level != OTHER)
    other = any(count > 0 for level, count in pairs if level not in set(kept))
    if len(kept) + other < 2:  # constant in these rows
        return TextRule(column.name, (), False)
    return TextRule(column.name, kept, other)


def _number_entries(column: NumberColumn, rule: NumberRule, at: Mapping[str, int]) -> list[tuple[int, int, float]]:
    entries = []
    if rule.value and column.value is not None:
        entries.append((column.value, at[rule.name], 1.0))
        if column.missing is not None and rule.median:  # a median of zero is the zero that is there
            entries.append((column.missing, at[rule.name], rule.median))
    if rule.indicator and column.missing is not None:
        entries.append((column.missing, at[rule.missing_name], 1.0))
    return entries


def _text_entries(column: TextColumn, rule: TextRule, at: Mapping[str, int]) -> list[tuple[int, int, float]]:
    kept = set(rule.levels)
    outputs = [
        (column.start + place, f"{rule.name}={level if level in kept else OTHER}")
        for place, level in enumerate(column.levels)
        if level in kept or rule.other
    ]
    return [(source, at[name], 1.0) for source, name in outputs]
