"""Why is a feature in, why is it out? What the model loses without it, and what it misses to come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shrinkwise.diagnosis.overfit import DISTINGUISHABLE, paired
from shrinkwise.diagnosis.percent import percent
from shrinkwise.diagnosis.refits import Refits
from shrinkwise.result import GridResult, Selection

Array = NDArray[Any]

LIMIT = 50  # features that are banned in turn: those of the largest standardized coefficients
MEMORY = 1 << 29  # bytes that the problems of one call may take, where all of them march over the rows together
COPIES = 6  # numbers that such a problem keeps for each row
LARGER = 1e-6  # share of the largest coefficient by which another one has to grow to have taken its place


@dataclass(frozen=True, eq=False)
class RemovalCost:
    """What each feature of a model is worth, and what each other one misses.

    Attributes
    ----------
    sentence : str
    features : array of int, shape (m,)
        Columns in the model, by the size of their standardized coefficients; at most ``limit`` of them.
    cost, cost_se : arrays of shape (m,)
        How much higher the cross-validated loss is when the column is banned and all else fitted again at the same
        strength, relative to the loss with it (0.02 = 2 %), and the standard error of the paired difference.
    successor : array of int, shape (m,)
        The column whose standardized coefficient grows most in the fit of all data without it; -1 where none grows.
    successor_gain : array of shape (m,)
        By how much, in standardized coefficients (of several outputs, of their norm).
    rejected : array of int, shape (r,)
        Columns that vary and are not in the model, in the order of the table.
    slack : array of shape (r,), in [0, 1]
        1 − |gradient| / (what the penalty holds at zero): near 0 a column is about to come in, at a slightly weaker
        penalty; at 1 nothing in the residuals pulls it. Not a number where the refits do not know it.
    carrier : array of int, shape (r,)
        The column in the model that is most correlated with it; -1 where there is none.
    correlation : array of shape (r,), in [-1, 1]
    strength, l1_ratio : float
        At which all of this was fitted: the penalized fit, where the chosen one is relaxed.
    relaxed : bool
        Whether the chosen one is.
    n_selected : int
    """

    sentence: str
    features: Array
    cost: Array
    cost_se: Array
    successor: Array
    successor_gain: Array
    rejected: Array
    slack: Array
    carrier: Array
    correlation: Array
    strength: float = 0.0
    l1_ratio: float = 1.0
    relaxed: bool = False
    n_selected: int = 0


def removal_cost(result: GridResult, refits: Refits, rule: str = "1se", limit: int = LIMIT) -> RemovalCost | None:
    """Ban each selected feature in turn and fit again; ask of each rejected one what keeps it out.

    cⱼ = ( e₋ⱼ − e ) / e, where e is the cross-validated loss of the model at its strength, and e₋ⱼ that of the model at
    the same strength, in each fold, whose coefficient j is held at zero.

    Parameters
    ----------
    result : GridResult
    refits : Refits
        Of the same data; its ``associate`` says what keeps features out.
    rule : str
        The rule that chose the model.
    limit : int
        How many features are banned in turn at most, those of the largest standardized coefficients first.

    Returns
    -------
    RemovalCost or None
        None for networks, whose inputs can only be banned by training again.

    Notes
    -----
    Columns count by themselves: a level of a text column or a column of a group is banned alone, the others stay. With
    several predictors a row a feature is banned for all of them. Errors are those of the loss, whatever scored the
    grid. A cost is what the feature adds beyond the others: of two copies neither has any. On a tall table all fits
    come from one read of the rows; elsewhere they march together from the fits that are known.
    """
    if result.network is not None:
        return None
    chosen = result.select(rule)
    size = _sizes(result, result.coef(chosen.ratio, chosen.index))
    inside = np.flatnonzero(size)
    features = inside[np.argsort(-size[inside], kind="stable")][: max(0, limit)]
    grids = _banned(result, refits, chosen, features)
    base, base_size = grids[0], _sizes(result, grids[0].coef(0, 0))
    unit = abs(float(base.mean[0, 0])) or 1.0
    cost, se = np.zeros(len(features)), np.zeros(len(features))
    successor, gain = np.full(len(features), -1, dtype=np.int64), np.zeros(len(features))
    without = [(grid, line) for grid in grids for line in range(1, len(grid.alphas))]
    for place, (grid, line) in enumerate(without):
        change, change_se = paired(base, grid.test_score[line, 0] - grid.test_score[0, 0])
        if abs(change) + change_se > result.tol * unit:  # less is what fits to this tolerance leave open
            cost[place], se[place] = change / unit, change_se / unit
        growth = _sizes(result, grid.coef(line, 0)) - base_size
        growth[features[place]] = -np.inf
        grown = int(np.argmax(growth))
        if growth[grown] > LARGER * float(np.max(base_size)):
            successor[place], gain[place] = grown, growth[grown]
    rejected = np.setdiff1d(np.flatnonzero(result.scale > 0), inside)
    slack, carrier, correlation = _kept_out(result, refits, chosen, base, rejected)
    words = _sentence(result, len(inside), features, cost, se, successor)
    return RemovalCost(
        sentence=words + (" These are of the penalized fit, before it was relaxed." if chosen.relax < 1 else ""),
        features=features,
        cost=cost,
        cost_se=se,
        successor=successor,
        successor_gain=gain,
        rejected=rejected,
        slack=slack,
        carrier=carrier,
        correlation=correlation,
        strength=chosen.alpha,
        l1_ratio=chosen.l1_ratio,
        relaxed=chosen.relax < 1,
        n_selected=len(inside),
    )


def _banned(result: GridResult, refits: Refits, chosen: Selection, features: Array) -> list[GridResult]:
    """Grids of one strength; the first line of each has all features, the others lack one each, in their order."""
    own = result.variant(chosen.ratio)
    start = sparse.vstack([fit[[chosen.index]] for fit in result.coefs[chosen.ratio]], format="csr")
    options: dict[str, Any] = {"l1_ratios": (chosen.l1_ratio,), "alphas": [chosen.alpha], "start": start}
    options |= {} if result.relax is None else {"relax": None}
    options |= {} if result.costs is None else {"costs": None}
    width = _at_once(result, chosen.n_features)
    parts = [features[first : first + width] for first in range(0, len(features), width)] or [features]
    variants: list[Sequence[Mapping[str, Any]]] = [
        [own, *({**own, "banned": np.array([j])} for j in part.tolist())] for part in parts
    ]
    return [refits(variants=some, **options) for some in variants]


def _at_once(result: GridResult, n_features: int) -> int:
    """How many features may be banned in one call; on a tall table, where the rows are read once, all of them."""
    outputs = 1 if result.outputs is None else len(result.outputs)
    if result.loss == "squared" and outputs == 1 and len(result.feature_names) <= result.n_samples:
        return max(1, len(result.feature_names))
    numbers = (
        COPIES * outputs * result.n_samples + 2 * outputs * len(result.feature_names) + (outputs * n_features) ** 2
    )
    return max(4, MEMORY // (8 * numbers * (result.n_folds + 1)))


def _sizes(result: GridResult, coef: Array) -> Array:
    """Standardized coefficients without their sign, (p,); of several outputs their norm."""
    return np.asarray(np.linalg.norm(np.atleast_2d(coef), axis=0) * result.scale)


def _kept_out(
    result: GridResult, refits: Refits, chosen: Selection, base: GridResult, rejected: Array
) -> tuple[Array, Array, Array]:
    """Slacks of rejected columns, the columns that carry them, and their correlations."""
    if refits.associate is None:
        nothing = np.zeros(len(rejected))
        return np.full(len(rejected), np.nan), np.full(len(rejected), -1, dtype=np.int64), nothing
    found = refits.associate(
        l1_ratio=chosen.l1_ratio,
        alpha=chosen.alpha,
        coef=base.coef(0, 0),
        intercept=base.intercept(0, 0),
        variant=result.variant(chosen.ratio),
        l1_factors=result.l1_factors,
    )
    return found.slack[rejected], found.carrier[rejected], found.correlation[rejected]


def _sentence(result: GridResult, inside: int, features: Array, cost: Array, se: Array, successor: Array) -> str:
    """The dearest feature, and how many can be spared."""
    if not len(features):
        return "No feature is in the model: there is nothing to take out."
    names, dearest = result.feature_names, int(np.argmax(cost))
    spared = int(np.count_nonzero(~(cost > DISTINGUISHABLE * se)))
    which = "the only feature" if inside == 1 else f"the most of {_of_them(inside, len(features))}"
    words = (
        f"Without {names[features[dearest]]} the held-out error would be "
        f"{percent(float(cost[dearest]), float(se[dearest]))} higher, {which}"
    )
    if successor[dearest] >= 0:
        words += f"; {names[successor[dearest]]} would take its place"
    if inside == 1:
        return words + "."
    if not spared:
        return words + ". None of them can be spared without a distinguishable loss."
    each = "can be spared" if spared == 1 else "can each be spared"
    return words + f". {spared} of them {each}, one at a time, without a distinguishable loss."


def _of_them(inside: int, banned: int) -> str:
    return f"{inside} features" if banned == inside else f"the {banned} features of the largest coefficients"
