"""The encoding of a table for cross-validation: one matrix, and for each fold the linear map that makes its design."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.data.blocks import Matrix
from shrinkwise.data.encode import Encoder, learn, output_groups, output_space
from shrinkwise.data.expand import OTHER, Expansion, NumberColumn, TextColumn
from shrinkwise.data.names import counted, quoted
from shrinkwise.data.rules import NumberRule, TextRule

if TYPE_CHECKING:
    from scipy.sparse import csc_array

SHOWN = 5  # columns that a note lists


@dataclass(frozen=True, eq=False)
class Encoding:
    """What a cross-validated fit needs of a table.

    Attributes
    ----------
    Z : ndarray of float64 in Fortran order, or scipy.sparse.csc_array, shape (n, q)
    maps : tuple of K + 1 csc_arrays of shape (q, p), or None
        The design that fold k sees is ``Z @ maps[k]``; the last one is that of all rows. None: Z itself is the design
        of every fold and of all rows (q = p), since all maps are the same.
    names : tuple of str, length p
        Names of the output columns.
    encoder : Encoder
        Learned on all rows; `Encoder.transform` with ``space=names`` makes a new table's design.
    notes : tuple of str
        How the columns were encoded, one sentence each.
    groups : tuple of str or None, length p, or None
        For ``fit_grid``: the text column that an output column is a level of, and None for the others. None where no
        groups were asked for.
    """

    Z: Matrix = field(repr=False)
    maps: "tuple[csc_array, ...] | None" = field(repr=False)
    names: tuple[str, ...]
    encoder: Encoder
    notes: tuple[str, ...]
    groups: tuple[str | None, ...] | None = None


def encode(
    expansion: Expansion,
    folds: Sequence[NDArray[np.intp]],
    weights: NDArray[np.float64] | None = None,
    *,
    group_categoricals: bool = False,
) -> Encoding:
    """Learn the encoding in the training rows of each fold, and in all rows, as linear maps of one matrix.

    Parameters
    ----------
    expansion : Expansion
    folds : sequence of ndarray of int
        The training rows of each fold.
    weights : ndarray of float64, shape (n,), optional
        Weights of all rows.
    group_categoricals : bool
        Whether the 0/1 columns of a text column are one group.

    Returns
    -------
    Encoding

    Examples
    --------
    >>> import numpy as np, pyarrow as pa
    >>> from shrinkwise.data import expand
    >>> expansion = expand(pa.table({"a": [1.0, 2.0, 4.0, 8.0], "b": [0.0, 1.0, 0.0, 1.0]}))
    >>> encode(expansion, [np.array([0, 1]), np.array([2, 3])]).maps is None
    True
    """
    encoder = learn(expansion, weights=weights)
    encoders = [*(learn(expansion, rows, weights) for rows in folds), encoder]
    names = output_space(encoders)
    known: dict[tuple[Any, ...], csc_array] = {}
    for one in encoders:
        if (key := _learned(expansion, one)) not in known:
            known[key] = one.map(expansion, names)
    maps = tuple(known[_learned(expansion, one)] for one in encoders)
    notes = _notes(expansion, encoder)
    groups = output_groups(encoders, names) if group_categoricals else None
    if groups is not None:
        notes += (_grouped(groups),)
    if not all(_same(maps[-1], other) for other in maps[:-1]):
        return Encoding(expansion.Z, maps, names, encoder, notes, groups)
    if _is_identity(maps[-1]):
        return Encoding(expansion.Z, None, names, encoder, notes, groups)
    design = expansion.Z @ maps[-1]
    if isinstance(design, np.ndarray):
        design = np.asfortranarray(design)
    return Encoding(design, None, names, encoder, notes, groups)


def _learned(expansion: Expansion, encoder: Encoder) -> tuple[Any, ...]:
    """What a map depends on: rules, without the medians of columns where nothing is missing."""
    return tuple(
        rule.outputs if isinstance(column, NumberColumn) and column.missing is None else rule
        for column, rule in zip(expansion.columns, encoder.rules, strict=True)
    )


def _same(one: "csc_array", other: "csc_array") -> bool:
    """Whether two maps of the same expansion to the same space are equal; their entries are in the same order."""
    if one is other:
        return True
    return all(np.array_equal(getattr(one, part), getattr(other, part)) for part in ("indptr", "indices", "data"))


def _is_identity(one: "csc_array") -> bool:
    q, p = one.shape
    diagonal = (
        q == p == one.nnz and np.array_equal(one.indices, np.arange(q)) and np.array_equal(one.indptr, np.arange(q + 1))
    )
    return bool(diagonal and np.all(one.data == 1.0))


def _notes(expansion: Expansion, encoder: Encoder) -> tuple[str, ...]:
    """How the columns of all rows were encoded, for the person."""
    pairs = list(zip(expansion.columns, encoder.rules))
    texts = [(column, rule) for column, rule in pairs if isinstance(column, TextColumn) and isinstance(rule, TextRule)]
    gaps = [
        (column.hidden, rule)
        for column, rule in pairs
        if isinstance(column, NumberColumn) and isinstance(rule, NumberRule) and column.hidden is not None
    ]
    notes = []
    if texts:
        width = sum(len(rule.outputs) for _, rule in texts)
        notes.append(
            f"{counted(len(texts), 'text column')} became {counted(width, '0/1 column')}, one for every level: none is "
            "dropped as a reference, since the penalty settles the redundancy."
        )
    pooled = [f"{quoted(rule.name)} ({counted(column.n_pooled, 'level')})" for column, rule in texts if column.n_pooled]
    if pooled:
        notes.append(
            f"Levels with fewer than {expansion.min_level} rows share a column, named {OTHER!r}: {_first(pooled)}."
        )
    filled = [f"{quoted(rule.name)} ({counted(int(hidden.sum()), 'cell')})" for hidden, rule in gaps if rule.value]
    if filled:
        notes.append(f"Missing numbers became the median of the fold's training rows: {_first(filled)}.")
    indicators = [quoted(rule.missing_name) for _, rule in gaps if rule.indicator]
    if indicators:
        notes.append(f"A 0/1 column says where numbers were missing: {_first(indicators)}.")
    return tuple(notes)


def _grouped(groups: Sequence[str | None]) -> str:
    """What became a group, as a sentence."""
    sizes = Counter(name for name in groups if name is not None)
    if not sizes:
        return "There is no text column whose levels could be a group: every feature is by itself."
    listed = _first([f"{quoted(name)} ({counted(size, 'column')})" for name, size in sizes.items()])
    return f"The 0/1 columns of a text column are one group, which is in the model or not as a whole: {listed}."


def _first(items: Sequence[str]) -> str:
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(items[:SHOWN]) + more
