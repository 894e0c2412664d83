"""Variants of a penalty: what differs from line to line of a grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from shrinkwise.exceptions import UsageError
from shrinkwise.penalties.group_lasso import alone

REPLACED = ("lower", "penalty_weights", "upper")  # take the place of what the penalty has
COMBINED = ("banned", "factors")  # act on what it has


def varied(penalty: Mapping[str, Any], variant: Mapping[str, Any], n_features: int) -> dict[str, Any]:
    """What `penalty_of` takes, as a variant changes it.

    Parameters
    ----------
    penalty : mapping
        Options of `penalty_of`.
    variant : mapping
        ``penalty_weights``, ``lower`` and ``upper`` take the place of those of the penalty. ``factors``, an array of
        shape (p,), multiply its weights. ``banned``, numbers of columns, are held at zero; a group goes on without
        them, as if the table had no such columns.
    n_features : int

    Returns
    -------
    dict

    Raises
    ------
    UsageError
        If a variant changes anything else.
    """
    unknown = sorted(set(variant) - {*REPLACED, *COMBINED})
    if unknown:
        raise UsageError(f"variants change {', '.join(sorted((*REPLACED, *COMBINED)))}, got {', '.join(unknown)}")
    options = dict(penalty) | {name: variant[name] for name in REPLACED if name in variant}
    if variant.get("factors") is not None:
        weights = options.get("penalty_weights")
        options["penalty_weights"] = np.asarray(variant["factors"]) * (1.0 if weights is None else np.asarray(weights))
    if variant.get("banned") is not None:
        out = np.zeros(n_features, dtype=bool)
        out[np.asarray(variant["banned"], dtype=np.intp)] = True
        for name, end in (("lower", -np.inf), ("upper", np.inf)):
            options[name] = np.where(out, 0.0, options.get(name, end))
        if options.get("groups") is not None:
            options["groups"] = alone(options["groups"], out)
    return options
