"""The target of a table, as numbers and classes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shrinkwise.data.column import kind_of, number_cells, text_cells
from shrinkwise.data.names import check_column, check_names, counted, listing, quoted
from shrinkwise.data.spelling import are_dates, check_numbers
from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.losses import Loss
from shrinkwise.losses.domain import check_domain

Task = Literal["regression", "classification", "survival"]
TASKS = ("auto", "regression", "classification")


@dataclass(frozen=True, eq=False)
class Target:
    """The column to predict, or several.

    Attributes
    ----------
    name : str
        Of several columns their names, between commas.
    task : "regression", "classification" or "survival"
    values : ndarray of float64, shape (n,), or (n, K) for K columns
        The numbers, or 0.0, 1.0, … for the first, second, … of `classes`; times and events; kept rows only.
    classes : tuple of str, or None
        Two classes or more, sorted (numbers by size); None for regression.
    rows : ndarray of bool, shape (table rows,)
        The rows that are kept.
    notes : tuple of str
        The task assumed and the rows dropped, one sentence each.
    columns : tuple of str
        Names of several columns; else none.
    """

    name: str
    task: Task
    values: NDArray[np.float64] = field(repr=False)
    classes: tuple[str, ...] | None
    rows: NDArray[np.bool_] = field(repr=False)
    notes: tuple[str, ...]
    columns: tuple[str, ...] = ()

    @property
    def outputs(self) -> tuple[str, ...] | None:
        """The classes where there are more than two, or several columns: a row has a linear predictor for each."""
        if self.classes is not None:
            return self.classes if len(self.classes) > 2 else None
        return self.columns or None if self.task == "regression" else None

    @property
    def posed(self) -> NDArray[np.float64]:
        """As a loss takes it: the values; events without times; indicators (n, K) of more than two classes."""
        if self.task == "survival":
            return self.values[:, 1]
        if self.classes is None or self.outputs is None:
            return self.values
        return np.eye(len(self.outputs))[self.values.astype(np.intp)]

    @property
    def labels(self) -> NDArray[np.int64]:
        """What folds should have alike shares of: classes, or events; all 0 for a regression."""
        if self.task == "regression":
            return np.zeros(len(self.values), dtype=np.int64)
        return (self.posed if self.task == "survival" else self.values).astype(np.int64)


def take_target(
    table: pa.Table, target: str, task: str = "auto", drop_missing: bool = False, loss: Loss | None = None
) -> Target:
    """Take the target from the table, and settle what kind of task it is.

    Parameters
    ----------
    table : pyarrow.Table
    target : str
        Name of the column.
    task : {"auto", "regression", "classification"}
        "auto": classification if the target holds text, booleans or exactly two distinct values, else regression.
    drop_missing : bool
        Leave out the rows where the target is missing, instead of refusing them.
    loss : Loss, optional
        The one that was asked for: it decides where the task is "auto", and says which values it can take.

    Returns
    -------
    Target

    Raises
    ------
    DataError
        No such column, missing cells, infinities, dates, numbers written as text, a single value, classes or a number
        that the loss cannot take.
    UsageError
        An unknown task.

    Examples
    --------
    >>> import pyarrow as pa
    >>> take_target(pa.table({"y": ["yes", "no", "yes"]}), "y").classes
    ('no', 'yes')
    """
    if task not in TASKS:
        raise UsageError(f"task must be one of {', '.join(TASKS)}, got {task!r}")
    check_names(table)
    check_column(table, target, "the target")
    asked = task
    if loss is not None and task == "auto":
        task = task_of(loss)
    column = table.column(target)
    kind = kind_of(column.type)
    cells = _numbers(column, target) if kind in ("number", "empty") else _classes(column, target, task)
    notes = refuse_or_drop(target, cells.rows, drop_missing)
    settled, why = _task(target, task, kind, column.type, cells.words, loss)
    if loss is not None and asked == "auto":
        why = (
            f"Task: {settled}, since the {loss.name} loss is for {'numbers' if settled == 'regression' else 'classes'}."
        )
    if why:
        notes += (why,)
    if len(cells.words) == 1:
        lacks = "a regression has nothing to explain" if settled == "regression" else "a classifier needs two classes"
        raise DataError(
            f"the target {quoted(target)} is {quoted(cells.words[0])} in all {len(cells.codes)} rows: {lacks}; name "
            "another column with --target"
        )
    if settled == "regression":
        if loss is not None:
            of_file = np.full(len(cells.rows), np.nan)
            of_file[cells.rows] = cells.numbers
            check_target_domain(of_file, target, loss)
        return Target(target, "regression", cells.numbers, None, cells.rows, notes)
    if loss is not None and (len(cells.words) > 2) != (loss.name == "multinomial"):
        takes = "three or more" if loss.name == "multinomial" else "two"
        raise DataError(
            f"the target {quoted(target)} has {len(cells.words)} classes ({listing(cells.words, 5)}), and the "
            f"{loss.name} loss is for {takes}; leave out --loss, which the classes then decide"
        )
    return Target(target, "classification", cells.codes.astype(np.float64), tuple(cells.words), cells.rows, notes)


def take_targets(
    table: pa.Table,
    targets: Sequence[str],
    task: str = "auto",
    drop_missing: bool = False,
    loss: Loss | None = None,
) -> Target:
    """Take several columns as one target: a regression of numbers; of one column it is `take_target`.

    Raises
    ------
    DataError
        As for `take_target`; a column without numbers, or one that is constant in the rows where no target is missing.
    UsageError
        A classification or a loss other than the squared one.
    """
    if len(targets) == 1:
        return take_target(table, targets[0], task, drop_missing, loss)
    asked = "--task classification" if task == "classification" else f"--loss {loss.name}" if loss is not None else ""
    if asked not in ("", "--loss squared"):
        raise UsageError(f"{asked} is for one target, got {len(targets)}: fit each by itself, or leave it out")
    for name in targets:
        check_column(table, name, "the target")
        if kind_of(table.column(name).type) not in ("number", "empty"):
            raise DataError(
                f"the target {quoted(name)} holds {table.column(name).type} values, and several targets are numbers; "
                "fit it by itself"
            )
    cells = [_numbers(table.column(name), name) for name in targets]
    if not drop_missing:
        for name, one in zip(targets, cells, strict=True):
            refuse_or_drop(name, one.rows, False)
    rows = np.logical_and.reduce([one.rows for one in cells])
    notes = refuse_or_drop(", ".join(targets), rows, drop_missing)
    values = np.column_stack([one.numbers[rows[one.rows]] for one in cells])
    for name, column in zip(targets, values.T, strict=True):
        if np.all(column == column[0]):
            raise DataError(
                f"the target {quoted(name)} is {column[0]:g} in all {len(column)} rows: a regression has nothing to "
                "explain; leave it out"
            )
    return Target(", ".join(targets), "regression", values, None, rows, notes, tuple(targets))


def take_known_target(
    table: pa.Table,
    columns: Sequence[str],
    classes: Sequence[str] | None,
    losses: Sequence[Loss] = (),
    drop_missing: bool = False,
) -> Target:
    """Take the target of models that are fitted already: its task and classes are theirs, not those of these rows.

    Parameters
    ----------
    table : pyarrow.Table
    columns : sequence of str
        The target, or several columns of numbers.
    classes : sequence of str, or None
        Of a classification.
    losses : sequence of Loss
        Those that must be able to take the numbers.
    drop_missing : bool
        Leave out the rows where the target is missing, instead of refusing them.

    Returns
    -------
    Target

    Raises
    ------
    DataError
        No such column, missing cells, numbers where the models know classes, a class that they do not know, text where
        they know numbers, a number that a loss cannot take.

    Examples
    --------
    >>> import pyarrow as pa
    >>> take_known_target(pa.table({"y": ["yes", "yes"]}), ["y"], ("no", "yes")).values
    array([1., 1.])
    """
    check_names(table)
    for name in columns:
        check_column(table, name, "the target")
    if classes is not None:
        return _of_known_classes(table, columns[0], tuple(classes), drop_missing)
    numbers = []
    for name in columns:
        if kind_of(table.column(name).type) not in ("number", "empty"):
            raise DataError(
                f"the target {quoted(name)} holds {table.column(name).type} values; the models predict numbers there"
            )
        numbers.append(np.asarray(number_cells(table.column(name), name)))
        if not drop_missing:
            refuse_or_drop(name, ~np.isnan(numbers[-1]), False)
        for loss in losses:
            check_target_domain(numbers[-1], name, loss)
    values = np.column_stack(numbers)
    rows = np.asarray(~np.isnan(values).any(axis=1))
    notes = refuse_or_drop(", ".join(columns), rows, drop_missing)
    several = tuple(columns) if len(columns) > 1 else ()
    return Target(
        ", ".join(columns), "regression", values[rows] if several else values[rows, 0], None, rows, notes, several
    )


def _of_known_classes(table: pa.Table, name: str, classes: tuple[str, ...], drop_missing: bool) -> Target:
    column = table.column(name)
    number = kind_of(column.type) in ("number", "empty")
    cells = _numbers(column, name) if number else _classes(column, name, "classification")
    notes = refuse_or_drop(name, cells.rows, drop_missing)
    strange = [word for word in cells.words if word not in classes]
    if strange:
        raise DataError(
            f"the target {quoted(name)} holds {listing(strange, 3)}, and the classes of the models are "
            f"{listing(classes, 5)}; leave such rows out, or spell them alike"
        )
    place = np.array([classes.index(word) for word in cells.words], dtype=np.float64)
    return Target(name, "classification", place[cells.codes], classes, cells.rows, notes)


@dataclass(frozen=True, eq=False)
class _Cells:
    """A target: where it is present; there, the numbers and the codes of the distinct values; their words in order."""

    rows: NDArray[np.bool_]
    numbers: NDArray[np.float64]
    codes: NDArray[np.intp]
    words: list[str]


def _numbers(column: pa.ChunkedArray, target: str) -> _Cells:
    values = number_cells(column, target)
    rows = ~np.isnan(values)
    levels, codes = np.unique(values[rows], return_inverse=True)
    return _Cells(rows, values[rows], codes, _spelled(levels, pa.types.is_boolean(column.type)))


def _classes(column: pa.ChunkedArray, target: str, task: str) -> _Cells:
    kind = kind_of(column.type)
    if kind == "other":
        raise DataError(f"the target {quoted(target)} holds {column.type} values; make a number or a class of it first")
    cells = text_cells(column, target)
    if kind == "date" or are_dates(cells):
        raise DataError(f"the target {quoted(target)} holds dates or times; make a number or a class of it first")
    if task != "classification":
        check_numbers(cells, target, note=False)
    rows = cells.codes >= 0
    order = sorted(np.flatnonzero(cells.counts()), key=lambda word: cells.words[word])
    place = np.zeros(len(cells.words), dtype=np.intp)
    place[order] = np.arange(len(order))
    codes = place[cells.codes[rows]]
    return _Cells(rows, codes.astype(np.float64), codes, [cells.words[word] for word in order])


def refuse_or_drop(target: str, rows: NDArray[np.bool_], drop_missing: bool) -> tuple[str, ...]:
    """Refuse missing cells of the target, or give a note that their rows are left out."""
    n_missing = int(np.count_nonzero(~rows))
    if n_missing == len(rows):
        raise DataError(
            f"the target {quoted(target)} has no value in any of {counted(len(rows), 'row')}; name another column"
        )
    if not n_missing:
        return ()
    if not drop_missing:
        raise DataError(
            f"the target {quoted(target)} is missing in {n_missing} of {len(rows)} rows, the first is row "
            f"{int(np.argmin(rows)) + 1} (not counting the header); fill them in, or leave these rows out with "
            "--drop-missing-target"
        )
    return (f"{counted(n_missing, 'row')} without a target {'is' if n_missing == 1 else 'are'} left out.",)


def check_target_domain(of_file: NDArray[np.float64], target: str, loss: Loss) -> None:
    """Refuse a number that the loss cannot take, by its row in the file; NaN is missing."""
    try:
        check_domain(of_file, loss, first_row=1)
    except DataError as error:
        raise DataError(
            f"the target {quoted(target)} does not suit: {error} (not counting the header); choose another --loss, or "
            "leave such rows out"
        ) from error


def task_of(loss: Loss) -> Task:
    """The task that a loss is for."""
    return "classification" if loss.name in ("logistic", "multinomial") else "regression"


def _task(
    target: str, task: str, kind: str, type_: pa.DataType, words: Sequence[str], loss: Loss | None
) -> tuple[Task, str]:
    """The task, and a note if it was assumed."""
    if task == "regression" and kind == "text":
        needs, remedy = "a regression", "choose --task classification"
        if loss is not None:
            needs, remedy = f"the {loss.name} loss", "leave out --loss for a classification"
        raise DataError(
            f"the target {quoted(target)} holds text ({listing(words, 3)}), and {needs} needs numbers; {remedy}, or "
            "name a number column"
        )
    if task != "auto":
        return cast(Task, task), ""
    if kind == "text":
        reason = "holds text"
    elif pa.types.is_boolean(type_):
        reason = "holds true and false"
    elif len(words) == 2:
        reason = f"has two distinct values ({words[0]} and {words[1]})"
    else:
        reason = f"holds {len(words)} distinct numbers"
        return "regression", f"Task: regression, since {quoted(target)} {reason}; --task classification changes it."
    change = "" if kind == "text" else "; --task regression changes it"
    return "classification", f"Task: classification, since {quoted(target)} {reason}{change}."


def _spelled(levels: NDArray[np.float64], boolean: bool) -> list[str]:
    """Numbers as classes: ``1``, not ``1.0``."""
    if boolean:
        return ["true" if level else "false" for level in levels]
    return [str(int(level)) if level.is_integer() and abs(level) < 2**53 else repr(float(level)) for level in levels]
