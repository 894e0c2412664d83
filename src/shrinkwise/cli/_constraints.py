"""What is asked of coefficients by the names of columns: a sign, or no penalty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shrinkwise.cli.fit import Request
from shrinkwise.data import Encoding
from shrinkwise.exceptions import UsageError


def constraints(request: Request, encoding: Encoding, named: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """``lower``, ``upper`` and ``penalty_weights`` of the encoded features, as far as they are asked for.

    Parameters
    ----------
    named : dict
        The columns of ``--positive``, ``--negative`` and ``--unpenalized``, each of them a column of the table.

    Raises
    ------
    UsageError
        If a column is no feature, has two signs, or is text and is to have a sign.
    """
    at = {name: place for place, name in enumerate(encoding.names)}
    rules = {rule.name: rule for rule in encoding.encoder.rules}
    options: dict[str, Any] = {}
    both = set(named["positive"]) & set(named["negative"])
    if both:
        raise UsageError(f"{sorted(both)[0]!r} cannot be both --positive and --negative; --exclude leaves it out")
    for option, columns in named.items():
        for column in columns:
            rule = rules.get(column)
            if rule is None or not rule.outputs:
                raise UsageError(f"--{option} {column!r}: it is no feature of this fit (excluded, constant, or a role)")
            if option == "unpenalized":
                weights = options.setdefault("penalty_weights", np.ones(len(at)))
                weights[[at[name] for name in rule.outputs if name in at]] = 0.0
            elif column not in rule.outputs:
                raise UsageError(f"--{option} {column!r}: it holds text, and a sign is for numbers")
            else:
                name, end = ("lower", -np.inf) if option == "positive" else ("upper", np.inf)
                options.setdefault(name, np.full(len(at), end))[at[column]] = 0.0
    if options and request.group_categoricals:
        grouped = [column for columns in named.values() for column in columns if column not in rules[column].outputs]
        if grouped:
            raise UsageError(f"--unpenalized {grouped[0]!r} cannot go with --group-categoricals: it is a group")
    return options
