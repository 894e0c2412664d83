"""``--costs``: what each column of the table costs, from a file, as costs of the encoded features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from shrinkwise.data import Encoding, did_you_mean, quoted, read_table
from shrinkwise.data.names import listing
from shrinkwise.data.rules import NumberRule, Rule
from shrinkwise.exceptions import DataError

COLUMNS = ("feature", "cost")
OTHERS = "*"  # the name that stands for all columns that are not named


def feature_costs(path: str, columns: Sequence[str], encoding: Encoding) -> dict[str, Any]:
    """``costs`` and ``cost_sources`` of the encoded features: what is made of one column is paid once.

    Parameters
    ----------
    path : str
        Of a table with the columns feature and cost.
    columns : names of all columns of the table
        Those that are no features may have a cost, too.
    encoding : Encoding

    Raises
    ------
    DataError
        If the file is no such table, a name is unknown or there twice, a cost is missing or cannot be one.
    """
    known = _read(path)
    unknown = [name for name in known if name not in (*columns, OTHERS)]
    if unknown:
        meant = did_you_mean(unknown[0], columns)
        hint = f"did you mean {quoted(meant)}?" if meant else f"its columns are {listing(columns)}"
        raise DataError(f"{path} has a cost for {quoted(unknown[0])}, which is no column of the table; {hint}")
    rules = encoding.encoder.rules
    places = [_source(name, rules) for name in encoding.names]
    used = [rules[place].name for place in dict.fromkeys(places)]
    missing = [name for name in used if name not in known]
    if missing and OTHERS not in known:
        raise DataError(
            f"{path} has no cost for {listing(missing)}; give each feature one, 0 where it costs nothing, or all "
            f"others one in a row with the name {OTHERS}"
        )
    costs = [known.get(rules[place].name, known.get(OTHERS, 0.0)) for place in places]
    return {"costs": np.array(costs), "cost_sources": np.array(places, dtype=np.int64)}


def _read(path: str) -> dict[str, float]:
    """The costs in the file, by name."""
    table = read_table(path, text=COLUMNS[:1])
    if sorted(table.column_names) != sorted(COLUMNS):
        raise DataError(
            f"{path} must have two columns, feature and cost, got {listing(table.column_names)}; the first names a "
            "column of the table, the second is a number >= 0"
        )
    costs: dict[str, float] = {}
    names, values = (table.column(name).to_pylist() for name in COLUMNS)
    for row, (name, value) in enumerate(zip(names, values, strict=True), start=1):
        if name is None:
            raise DataError(f"{path}: row {row} names no feature; give its column of the table, or remove the row")
        name = str(name)
        if name in costs:
            raise DataError(f"{path} has two costs for {quoted(name)}; remove one of the rows")
        costs[name] = _number(path, name, value)
    return costs


def _number(path: str, name: str, value: Any) -> float:
    try:
        cost = float(value)
    except (TypeError, ValueError):
        cost = math.nan
    if not (math.isfinite(cost) and cost >= 0) or isinstance(value, bool):
        got = "an empty cell" if value is None else quoted(str(value))
        raise DataError(
            f"{path}: the cost of {quoted(name)} must be a finite number >= 0, got {got}; 0 is for what costs nothing"
        )
    return cost


def _source(name: str, rules: Sequence[Rule]) -> int:
    """The number of the column that an encoded feature is made of."""
    for place, rule in enumerate(rules):
        if name in rule.outputs:
            return place
    made = {place: rule.name for place, rule in enumerate(rules) if _makes(rule, name)}  # in some fold alone
    return max(made, key=lambda place: len(made[place]))


def _makes(rule: Rule, name: str) -> bool:
    if isinstance(rule, NumberRule):
        return name in (rule.name, rule.missing_name)
    return name.startswith(f"{rule.name}=")
