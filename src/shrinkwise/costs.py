"""What features cost: checked, as factors of a penalty, and as the bill of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shrinkwise.exceptions import DataError, UsageError

Array = NDArray[Any]

POWERS = (0.0, 0.5, 1.0)  # γ: each feature's penalty is multiplied by its relative cost to this power
LEAST = 0.1  # of the mean cost: what costs less is penalized as if it cost this, or it would not be penalized at all


def check_costs(costs: Any, names: Sequence[str]) -> Array:
    """Costs of the features, finite and >= 0, as float64 of shape (p,).

    Raises
    ------
    DataError
        If one of them cannot be a cost; the message names its feature.
    """
    try:
        array = np.array(costs, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"costs must be numbers, one for each feature, got {costs!r}") from error
    if array.shape != (len(names),):
        raise DataError(f"costs must be one for each of the {len(names)} features, got an array of shape {array.shape}")
    wrong = np.flatnonzero(~(np.isfinite(array) & (array >= 0)))
    if len(wrong):
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise DataError(
            f"the cost of {names[wrong[0]]!r} must be a finite number >= 0, got {array[wrong[0]]:g}{more}; a feature "
            "that costs nothing has the cost 0"
        )
    return array


def check_sources(sources: Any, n_features: int) -> Array:
    """Numbers of the sources of columns, (p,), as 0, 1, … in the order of their first columns."""
    array = np.asarray(sources)
    if array.shape != (n_features,) or array.dtype.kind not in "iu":
        raise UsageError(
            f"cost_sources must be {n_features} whole numbers, the source that each column comes from, got an array "
            f"of {array.dtype} of shape {array.shape}"
        )
    _, first, inverse = np.unique(array, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse])


def cost_factors(costs: Array, power: float, groups: Sequence[str] | None = None) -> Array:
    """By which the penalties of features are multiplied: ( max(cⱼ, c̄/10) / c̄ )^γ, c̄ the mean cost.

    Parameters
    ----------
    costs : array of shape (p,)
    power : float
        γ; with 1 a unit of cost is penalized alike in all features.
    groups : names of the groups of the features, "" for one alone, optional
        The features of a group have one penalty: their mean cost counts.

    Returns
    -------
    array of shape (p,), all > 0
    """
    mean = float(np.mean(costs))
    if mean == 0 or power == 0:
        return np.ones(len(costs))
    if groups is not None:
        labels = np.array(groups)
        costs = costs.copy()
        for label in set(groups) - {""}:
            costs[labels == label] = np.mean(costs[labels == label])
    return np.asarray((np.maximum(costs, LEAST * mean) / mean) ** power)


def bill(coefs: sparse.csr_array, costs: Array, sources: Array | None = None, outputs: int = 1) -> Array:
    """What the features of each of A models cost; columns that come from one source are paid once.

    Parameters
    ----------
    coefs : sparse matrix of shape (A, p · outputs)
        Feature by feature where rows have several predictors.
    costs : array of shape (p,)
    sources : array of int, shape (p,), optional
        Numbers from 0; by default each column is a source of its own. A source costs what its dearest column in the
        model costs.
    outputs : int

    Returns
    -------
    array of shape (A,)
    """
    n, inside = coefs.shape[0], np.flatnonzero(coefs.data)
    model = np.repeat(np.arange(n), np.diff(coefs.indptr))[inside]
    feature = coefs.indices[inside] // outputs
    source = np.arange(len(costs)) if sources is None else sources
    paid = np.zeros((n, int(source.max(initial=-1)) + 1))
    np.maximum.at(paid, (model, source[feature]), costs[feature])
    return np.asarray(paid.sum(axis=1))
