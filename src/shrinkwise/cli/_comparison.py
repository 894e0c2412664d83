"""The steps of ``shrinkwise compare``. Like ``predict`` it needs no solver."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.cli._measures import Measure, common_measure
from shrinkwise.cli._predictions import Rows, read_rows
from shrinkwise.cli._say import Voice, console
from shrinkwise.data import Target, take_groups, take_known_target, take_survival, take_weights
from shrinkwise.diagnosis import PairedRows, paired_rows
from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.losses import as_loss, named_loss
from shrinkwise.report.screen import Screen
from shrinkwise.report.text import general, scores, whole
from shrinkwise.report.words import plus_minus
from shrinkwise.store import Model, load_model

if TYPE_CHECKING:
    import pyarrow as pa

Array = NDArray[Any]
LETTERS = ("A", "B")
PLACE = 40  # columns of the name of a file at most


def run(a: str, b: str, data: str, weights: str | None, drop_missing: bool, as_json: bool, quiet: bool) -> None:
    """Do what was asked."""
    say, paths = Voice(quiet), (a, b)
    models = (load_model(a), load_model(b))
    check_alike(*models)
    measure = common_measure(*models)
    sides = tuple(read_rows(model, data) for model in models)
    for letter, rows in zip(LETTERS, sides, strict=True):
        say(*(f"{letter}: {note}" for note in rows.notes))
    table = sides[0].table
    target = _target(table, models, drop_missing)
    say(*target.notes, *_seen(models, data))
    by, note = _weights(table, models, weights)
    say(*note)
    s = np.ones(len(target.values)) if by is None else take_weights(table, by, target.rows)
    strata = _strata(table, models, target)
    errors_of, s = measure.errors_of(target, s, strata)
    with np.errstate(over="ignore", invalid="ignore"):  # what is beyond all numbers is refused in words
        a_errors, b_errors = (errors_of(model, _eta(model, rows, target)) for model, rows in zip(models, sides))
    _check_finite("A", a_errors, measure)
    _check_finite("B", b_errors, measure)
    found = paired_rows(a_errors, b_errors, s)
    if as_json:
        sys.stdout.write(_json(found, measure, models, paths=paths, data=data, weights=by) + "\n")
    else:
        _print(found, measure, paths, models)


def check_alike(a: Model, b: Model) -> None:
    """Refuse two models that predict different things.

    Raises
    ------
    UsageError
        If their targets, tasks or classes differ.
    """
    if a.target != b.target:
        raise UsageError(f"A predicts {a.target!r} and B {b.target!r}: only models of one target can be compared")
    if a.task != b.task:
        raise UsageError(
            f"A is a {a.task} of {a.target!r} and B a {b.task}: their errors have no common unit; fit one of them "
            "again with the other's --task"
        )
    if a.classes != b.classes:
        words = (", ".join(model.classes or ()) for model in (a, b))
        raise UsageError("A knows the classes {} and B {}: fit both to the same classes".format(*words))


def _target(table: pa.Table, models: tuple[Model, Model], drop_missing: bool) -> Target:
    """The target of both in these rows."""
    a = models[0]
    if a.task == "survival":
        return take_survival(table, *_time_and_event(a.target, table), drop_missing)
    columns = a.result.outputs if a.classes is None and a.result.outputs else (a.target,)
    losses = [] if a.classes is not None else [as_loss(model.loss) for model in models]
    return take_known_target(table, columns, a.classes, losses, drop_missing)


def _time_and_event(target: str, table: pa.Table) -> tuple[str, str]:
    """The two columns whose names stand in that of the target, with a comma between them."""
    parts = target.split(", ")
    ways = [(", ".join(parts[:cut]), ", ".join(parts[cut:])) for cut in range(1, len(parts))]
    return next((way for way in ways if set(way) <= set(table.column_names)), ways[0])


def _eta(model: Model, rows: Rows, target: Target) -> Array:
    """The linear predictor in the rows that have a target."""
    return model.linear_predictor(rows.X, rows.offset)[target.rows]


def _weights(table: pa.Table, models: tuple[Model, Model], asked: str | None) -> tuple[str | None, tuple[str, ...]]:
    """The column that weighs the rows, and a note where that of the models is not taken."""
    if asked is not None:
        return asked, ()
    a, b = (model.weights for model in models)
    if a != b:
        fitted = " and ".join(
            f"{letter} with the weights {name!r}" if name else f"{letter} without weights"
            for letter, name in zip(LETTERS, (a, b), strict=True)
        )
        return None, (f"{fitted}: here all rows count alike; --weights weighs them.",)
    if a is not None and a not in table.column_names:
        return None, (f"The table has no column {a!r}, the weights of both models: all rows count alike.",)
    return a, ()


def _strata(table: pa.Table, models: tuple[Model, Model], target: Target) -> Array | None:
    """Strata of Cox regression: those of the one that has some."""
    names = sorted({model.strata for model in models if model.strata is not None})
    if len(names) > 1:
        raise UsageError(
            f"A and B compare rows within different strata, {names[0]!r} and {names[1]!r}: fit both with one --strata"
        )
    return take_groups(table, names[0], target.rows, "strata") if names else None


def _seen(models: tuple[Model, Model], data: str) -> tuple[str, ...]:
    """A note where a model was fitted to this very file."""
    own = [letter for letter, model in zip(LETTERS, models, strict=True) if _same_file(model.source, data)]
    if not own:
        return ()
    who = " and ".join(own)
    words = (
        f"{who} {'were' if len(own) > 1 else 'was'} fitted to this file: errors on rows that a model has seen flatter "
        "it; compare on rows that neither has seen."
    )
    return (words,)


def _same_file(source: str, data: str) -> bool:
    try:
        return bool(source) and Path(source).samefile(data)
    except OSError:
        return False


def _check_finite(letter: str, errors: Array, measure: Measure) -> None:
    wrong = np.flatnonzero(~np.isfinite(errors))
    if len(wrong):
        raise DataError(
            f"the {measure.name} of {letter} is not finite in {len(wrong)} of {len(errors)} {measure.rows}: its "
            "predictions there are beyond all numbers; look for rows unlike those it was fitted to"
        )


def sentence(found: PairedRows, measure: Measure) -> str:
    """The answer: ``A is 152 ± 60 better (4.9 ± 1.9 % of B's error), paired over 442 rows: distinguishable``."""
    over = f"paired over {whole(found.n_rows)} {measure.rows}"
    if found.difference == 0 and found.difference_se == 0:
        return f"A and B predict alike: no error differs, {over}."
    first, second = LETTERS if found.difference <= 0 else LETTERS[::-1]
    gain, se = abs(found.difference), found.difference_se
    other = found.errors[LETTERS.index(second)]
    share = ""
    if other > 0:
        percent = scores([100 * gain / other], [100 * se / other])
        share = f" ({plus_minus(percent, 100 * gain / other, 100 * se / other)} % of {second}'s error)"
    words = "they cannot be told apart" if found.better is None else "distinguishable"
    return f"{first} is {plus_minus(scores([gain], [se]), gain, se)} better{share}, {over}: {words}."


def _print(found: PairedRows, measure: Measure, paths: tuple[str, str], models: tuple[Model, Model]) -> None:
    """The small table and the sentence."""
    screen = Screen.on(console(stderr=False))
    score = scores(found.errors, [*found.ses, found.difference_se])
    table = screen.table("model", "loss", "features", f"{measure.name} ± SE")
    for letter, path, model, error, se in zip(LETTERS, paths, models, found.errors, found.ses, strict=True):
        cells = (_kind(model), _features(model), plus_minus(score, error, se))
        table.add_row(screen.name(f"{letter}: {path}", PLACE), *map(screen.text, cells))
    table.add_row(*map(screen.text, ("A − B", "", "", plus_minus(score, found.difference, found.difference_se))))
    screen.console.print(table, highlight=False)
    screen.line()
    screen.line(sentence(found, measure), "bold")
    if measure.why:
        screen.line(measure.why)


def _kind(model: Model) -> str:
    """``squared``, ``huber:119.6``, ``network, logistic``."""
    loss = named_loss(model.loss)
    values = [general(getattr(loss, name)) for name in loss.parameters if name != "classes"]
    words = ":".join([loss.name, *values]) if not loss.coupled else model.loss
    return words if model.network is None else f"network, {words}"


def _features(model: Model) -> str:
    """``11 of 64``."""
    return f"{_kept(model)} of {len(model.feature_names)}"


def _kept(model: Model) -> int:
    return int(np.count_nonzero(np.any(np.atleast_2d(model.coef), axis=0)))


def _json(found: PairedRows, measure: Measure, models: tuple[Model, Model], **more: Any) -> str:
    """The numbers behind the sentence, as strict JSON."""
    paths = more.pop("paths")
    each = {
        letter.lower(): {
            "model": path,
            "loss": model.loss,
            "network": model.network is not None,
            "n_features": _kept(model),
            "error": error,
            "se": se,
        }
        for letter, path, model, error, se in zip(LETTERS, paths, models, found.errors, found.ses, strict=True)
    }
    numbers = {name: value for name, value in asdict(found).items() if name not in ("errors", "ses")}
    document = each | {"metric": measure.name, "over": measure.rows} | numbers | more
    words = {"sentence": sentence(found, measure), "note": measure.why or None}
    return json.dumps(document | words, allow_nan=False)
