"""The steps of ``shrinkwise explain``."""

from __future__ import annotations

import difflib
import sys
from typing import Any

from shrinkwise.cli._document import report_input, strict_json
from shrinkwise.cli._say import console
from shrinkwise.data import Encoder, quoted
from shrinkwise.exceptions import UsageError
from shrinkwise.report.explanation import Explanation, explain, so_many
from shrinkwise.report.screen import Screen
from shrinkwise.report.text import count, general, listed, shorten
from shrinkwise.store import Model, load_model

FULL = 6  # features of a column that are explained in full
LONGEST = 48  # columns of a name in an error
LABEL = 14  # columns of the labels


def run(feature: str, path: str, as_json: bool) -> None:
    """Do what was asked."""
    model = load_model(path)
    columns, source = meant(model, feature)
    report = report_input(model)
    found = [explain(report, column) for column in columns]
    if as_json:
        document = {"asked": feature, "column": source, "features": [one.numbers for one in found]}
        sys.stdout.write(strict_json(document) + "\n")
        return
    screen = Screen.on(console(stderr=False))
    if len(found) > 1:
        _print_column(screen, source or feature, found)
    for rank, one in enumerate(sorted(found, key=lambda one: not one.selected)[:FULL]):
        if rank or len(found) > 1:
            screen.line()
        _print_feature(screen, one)
    if (more := len(found) - FULL) > 0:
        screen.line()
        screen.line(f"and {count(more, 'more feature')} of this column: name one of them.", "dim")
    if lacking := list(dict.fromkeys(words for one in found for words in one.lacking)):
        screen.line()
        remedy = " `shrinkwise fit` again, with this version, finds them." if model.decision is None else ""
        screen.line(f"Not in this model file: {listed(lacking)}.{remedy}", "dim")


def meant(model: Model, feature: str) -> tuple[list[int], str | None]:
    """The features that a name stands for, and the column of the table that they were made of.

    Raises
    ------
    UsageError
        If it is no feature and no column that features were made of.
    """
    names, rules = model.feature_names, Encoder.from_dict(model.encoder).rules
    at = {name: place for place, name in enumerate(names)}
    sources = {rule.name: [at[name] for name in rule.outputs if name in at] for rule in rules}
    if feature in at:
        source = next((name for name, columns in sources.items() if at[feature] in columns), None)
        return [at[feature]], source
    if sources.get(feature):
        return sources[feature], feature
    if feature in sources:
        raise UsageError(f"{quoted(feature)} is constant in the rows of the fit: no feature was made of it")
    if feature in model.encoder.get("ignored", ()):
        raise UsageError(
            f"{quoted(feature)} is no feature of this model: it was the target, constant, excluded or in another role"
        )
    near = difflib.get_close_matches(feature, [*names, *sources], n=3)
    asked = feature.casefold().strip()
    folded = [name for name in (*names, *sources) if name.casefold() == asked or name.casefold().endswith(f"={asked}")]
    close = list(dict.fromkeys([*folded, *near]))[:3]
    hint = f"did you mean {' or '.join(map(_named, close))}?" if close else f"it has {_some(list(names))}"
    raise UsageError(f"this model has no feature or column {_named(feature)}; {hint}")


def _some(names: list[str], shown: int = 8) -> str:
    more = [f"{len(names) - shown} more"] if len(names) > shown else []
    return listed([*map(_named, names[:shown]), *more])


def _named(name: str) -> str:
    return quoted(shorten(name, LONGEST)) if len(name) > LONGEST else quoted(name)


def _print_column(screen: Screen, source: str, found: list[Explanation]) -> None:
    """A row for each feature of one column."""
    inside = sum(one.selected for one in found)
    screen.line(f"{shorten(source, 48)} became {count(len(found), 'feature')}, of which {so_many(inside)} in.", "bold")
    several = not isinstance(_numbers(found[0], "coefficient").get("per_sd", 0.0), float)
    of_network = any(fact.label == "weights" for fact in found[0].facts)
    head = "norm of its weights" if of_network else "largest per SD" if several else "coefficient per SD"
    table = screen.table("feature", head, "enters at", "folds")
    for one in found:
        path, folds = _numbers(one, "path"), _numbers(one, "folds")
        cells = (general(_effect(one)), general(path["enters_at"]), f"{folds['kept']} of {folds['of']}")
        table.add_row(screen.name(one.name), *map(screen.text, cells))
    screen.console.print(table, highlight=False)


def _effect(one: Explanation) -> float:
    """Its coefficient per SD, the largest of several; of a network the norm of its weights."""
    values: Any = _numbers(one, "coefficient").get("per_sd", _numbers(one, "weights").get("norm"))
    return float(max(values, key=abs)) if isinstance(values, list) else float(values)


def _numbers(one: Explanation, label: str) -> dict[str, Any]:
    return next((fact.numbers for fact in one.facts if fact.label == label), {})


def _print_feature(screen: Screen, one: Explanation) -> None:
    """The sentence, and a line for each fact."""
    screen.line(one.sentence, "bold")
    screen.facts(((fact.label, fact.words) for fact in one.facts), LABEL)
