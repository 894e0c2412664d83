"""From a table to what a grid needs: matrix, maps, target, loss, weights, offset, folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.cli._constraints import constraints
from shrinkwise.cli._costs import feature_costs
from shrinkwise.cli._deal import Dealt, deal
from shrinkwise.cli._folds import Folds, Split
from shrinkwise.cli._options import column_names, possible_names
from shrinkwise.cli._say import Voice
from shrinkwise.cli.fit import Request
from shrinkwise.data import (
    Encoding,
    Target,
    check_column,
    describe,
    encode,
    expand,
    feature_columns,
    leak_warnings,
    quoted,
    read_table,
    table_notes,
    take_groups,
    take_offset,
    take_survival,
    take_targets,
    take_weights,
)
from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.losses import LOSSES, Loss
from shrinkwise.losses.base import LogLink
from shrinkwise.losses.cox import CoxLoss
from shrinkwise.losses.multinomial import MultinomialLoss

if TYPE_CHECKING:
    import pyarrow as pa

ROLES = ("weights", "offset", "exposure", "groups", "strata")
SPREAD = 300.0  # of a log link's offset: sums of e^300 and their squares are floating-point numbers
CLASSES = 12  # that a note names
UNLIKE = 5.0  # times that one target may vary as much as another before a note says so
LINES = 15  # notes, and as many warnings, that are printed; the report holds all


@dataclass(frozen=True, eq=False)
class Prepared:
    """The data of a fit, checked and encoded."""

    target: Target
    loss: Loss
    weights: NDArray[np.float64] | None
    offset: NDArray[np.float64] | None  # the known part of the linear predictor, exposure included
    folds: Folds  # of each row of the file, for each repeat; -1 in none
    splits: list[Split]
    encoding: Encoding
    penalty: dict[str, Any]  # bounds and weights of the features
    costs: dict[str, Any]  # of the features, and what they come from; empty without --costs
    notes: tuple[str, ...]
    groups: NDArray[np.int64] | None = None  # rows that stay in one fold
    dealt: bool = True  # rows were dealt to the folds at random


def prepare(request: Request, asked: Loss | None, say: Voice) -> Prepared:
    """Read, check and encode; tell what was done on the way. ``asked`` is the loss of ``--loss``."""
    table, targets, exclude, as_text = _read(request)
    say(f"Read {request.table}: {describe(table)}.")
    notes = list(table_notes(table))
    if request.event and request.time:
        target = take_survival(table, request.time, request.event, request.drop_missing_target)
        targets = target.columns
    else:
        target = take_targets(table, targets, request.task, request.drop_missing_target, asked)
    _check_outputs(request, target)
    loss = _loss(target, asked, request, table)
    roles = {role: getattr(request, role) for role in ROLES} | {"folds": request.fold_column}
    roles["time"] = None if request.event else request.time
    columns = feature_columns(table, targets, **roles, exclude=exclude)
    weights = take_weights(table, request.weights, target.rows) if request.weights else None
    offset = take_offset(table, request.offset, request.exposure, target.rows)
    if offset is not None and isinstance(loss, LogLink):
        _check_spread(offset, request)
    notes += target.notes + _classes(target) + _known(request)
    if request.grouped_outputs:
        many = "targets" if target.classes is None else "classes"
        notes.append(f"Grouped outputs: a feature is in the model for all {many} or for none.")
    counts = None if weights is None else weights > 0
    dealt = deal(request, table, target, counts)
    notes += _units(target, weights)
    if counts is not None and not counts.all():
        idle = int(np.count_nonzero(~counts))
        notes.append(f"{idle} {'row' if idle == 1 else 'rows'} of weight zero: in no fold, without a say.")
    expansion = expand(table, columns, rows=target.rows, as_text=as_text)
    leaks = leak_warnings(expansion, target)
    if exclude:
        notes.append(f"Excluded: {', '.join(map(repr, exclude))}.")
    notes += expansion.notes
    named = {
        option: column_names(getattr(request, option), table.column_names, f"--{option}")
        for option in ("positive", "negative", "unpenalized")
    }
    for option, names in named.items():
        for name in names:
            check_column(table, name, f"--{option}")
    rows, names = len(table), table.column_names
    del table
    training = [train for train, _ in dealt.pairs]
    encoding = encode(expansion, training, weights, group_categoricals=request.group_categoricals)
    of_file = np.full((rows, *dealt.folds.shape[1:]), -1, dtype=np.int32)
    of_file[target.rows] = dealt.folds
    notes += encoding.notes
    notes.append(_encoded(encoding, dealt))
    say(*_first(notes), *_first([f"warning: {leak}" for leak in leaks]))
    penalty = constraints(request, encoding, named)
    costs = {} if request.costs is None else feature_costs(request.costs, names, encoding)
    return Prepared(
        target,
        loss,
        weights,
        offset,
        of_file,
        dealt.pairs,
        encoding,
        penalty,
        costs,
        (*leaks, *notes),
        dealt.groups,
        dealt.at_random,
    )


def _read(request: Request) -> tuple[pa.Table, tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The table, the targets, the columns to exclude and those to take as text."""
    wanted = possible_names(request.as_text)
    table = read_table(request.table, text=wanted)
    as_text = column_names(request.as_text, table.column_names, "--as-text")
    if set(wanted).intersection(table.column_names) - set(as_text):  # "a,b" is one column, and there is an "a"
        table = read_table(request.table, text=as_text)
    targets, exclude = (
        column_names(getattr(request, option), table.column_names, f"--{option}") for option in ("target", "exclude")
    )
    return table, targets, exclude, as_text


def _first(lines: list[str]) -> list[str]:
    """The lines that a screen can take."""
    more = len(lines) - LINES
    return lines if more <= 0 else [*lines[:LINES], f"... and {more} more like these: see the report."]


def _loss(target: Target, asked: Loss | None, request: Request, table: pa.Table) -> Loss:
    """The loss that was asked for, or what the target asks for."""
    if target.task == "survival":
        strata = None if request.strata is None else take_groups(table, request.strata, target.rows, "strata")
        return CoxLoss(target.values[:, 0], strata, request.ties)
    if target.classes is not None and target.outputs is not None:
        return MultinomialLoss(len(target.outputs))
    return asked or LOSSES["squared" if target.classes is None else "logistic"]


def _check_outputs(request: Request, target: Target) -> None:
    """Refuse what only one linear predictor a row can have, and what only several can."""
    if target.outputs is None:
        if request.grouped_outputs:
            raise UsageError(
                f"--grouped-outputs is for three classes or more, or several targets, and {target.name!r} has one "
                "linear predictor a row; leave it out"
            )
        return
    each = "each with a linear predictor of its own"
    has = f"{target.name!r} has {len(target.outputs)} classes, {each}"
    if target.classes is None:
        has = f"there are {len(target.outputs)} targets, {each}"
    if request.offset:
        raise UsageError(f"--offset {request.offset!r} is part of one linear predictor, but {has}; leave it out")
    if request.group_categoricals:
        raise UsageError(f"--group-categoricals groups coefficients of one linear predictor, but {has}; leave it out")
    for option in ("adaptive", "relax"):
        if getattr(request, option):
            raise UsageError(f"--{option} is for one linear predictor a row, but {has}; leave it out")
    for option in ("positive", "negative"):
        columns = getattr(request, option)
        if columns and request.grouped_outputs:
            raise UsageError(
                f"--grouped-outputs penalizes the norm of a feature's coefficients, which knows no --{option} "
                f"{columns[0]!r}; leave out one or the other"
            )
        if columns and target.classes is not None:
            raise UsageError(
                f"--{option} {columns[0]!r} gives a coefficient its sign, but {has}, and coefficients speak for a "
                "class against the others; leave it out"
            )


def _classes(target: Target) -> tuple[str, ...]:
    """The classes, their rows, and which of them a positive coefficient speaks for."""
    if target.classes is None:
        return ()
    if target.outputs is not None:
        sizes = np.bincount(target.values.astype(np.intp))
        each = [f"{quoted(name)} ({sizes[code]} rows)" for code, name in enumerate(target.outputs[:CLASSES])]
        more = f" and {len(sizes) - CLASSES} more" if len(sizes) > CLASSES else ""
        return (f"Classes: {', '.join(each)}{more}; a positive coefficient speaks for its class.",)
    second = int(target.values.sum())
    first, last = map(repr, target.classes)
    rows = f"{first} ({len(target.values) - second} rows) and {last} ({second} rows)"
    return (f"Classes: {rows}; positive coefficients speak for {last}.",)


def _units(target: Target, weights: NDArray[np.float64] | None) -> tuple[str, ...]:
    """Which of several targets weighs most, where it is much."""
    if target.outputs is None or target.classes is not None:
        return ()
    mean = np.average(target.values, axis=0, weights=weights)
    sd = np.sqrt(np.average((target.values - mean) ** 2, axis=0, weights=weights))
    most, least = int(np.argmax(sd)), int(np.argmin(sd))
    if sd[most] <= UNLIKE * sd[least]:
        return ()
    words = (
        f"The squared errors of the targets are added up, and {quoted(target.columns[most])} varies "
        f"{sd[most] / sd[least]:.0f} times as much as {quoted(target.columns[least])}: it has nearly all the say; "
        "bring them to one unit, or fit each by itself."
    )
    return (words,)


def _check_spread(offset: NDArray[np.float64], request: Request) -> None:
    """With a log link, refuse offsets whose exponentials, the known factors of the means, lie too far apart to add."""
    spread = float(np.ptp(offset))
    if spread > SPREAD:
        names = " and ".join(repr(name) for name in (request.offset, request.exposure) if name)
        raise DataError(
            f"with a log link {names} would make means differ by a factor of e^{spread:.0f}; an offset is on the scale "
            "of the logarithm: for amounts at risk use --exposure, and leave out rows where next to nothing was at risk"
        )


def _known(request: Request) -> tuple[str, ...]:
    """What is known of the linear predictor."""
    notes = []
    if request.strata:
        notes.append(f"Strata: only rows with the same {request.strata!r} are compared.")
    if request.offset:
        notes.append(f"Offset: {request.offset!r} is added to the linear predictor.")
    if request.exposure:
        notes.append(f"Exposure: the mean is proportional to {request.exposure!r}.")
    return tuple(notes)


def _encoded(encoding: Encoding, dealt: Dealt) -> str:
    """How many columns became how many features, and how the rows were dealt."""
    used = [rule for rule in encoding.encoder.rules if rule.outputs]
    columns, features = len(used), len(encoding.names)
    return (
        f"{columns} {'column' if columns == 1 else 'columns'} became {features} "
        f"{'feature' if features == 1 else 'features'}, standardized within each of {len(dealt.pairs)} folds "
        f"({dealt.words})."
    )
