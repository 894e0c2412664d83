"""What accuracy costs: the lowest held-out error that each budget for features buys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.costs import POWERS, bill, check_costs, check_sources, cost_factors
from shrinkwise.diagnosis.overfit import paired, plus_minus
from shrinkwise.diagnosis.refits import Refits
from shrinkwise.exceptions import UsageError
from shrinkwise.losses import named_loss
from shrinkwise.result import GridResult
from shrinkwise.rules import UNPRICED

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class BudgetFrontier:
    """Models that no other one beats at once in cost and in held-out error, the cheapest first.

    Attributes
    ----------
    sentence : str
    cost : array of shape (m,)
        What the features of each model cost, ascending.
    mean, se : arrays of shape (m,)
        Cross-validated error, descending, and its standard error.
    n_features : array of int, shape (m,)
    line, index : arrays of int, shape (m,)
        The cell of the grid. Lines beyond those of the grid are of the extra fits: for each power of the costs all
        mixes of the grid.
    chosen : int
        The place among them of the cheapest whose error is within one standard error of the lowest.
    above, above_se : arrays of shape (m,)
        How far each error is above the lowest, from paired folds, and the standard error of that difference.
    """

    sentence: str
    cost: Array
    mean: Array
    se: Array
    n_features: Array
    line: Array
    index: Array
    chosen: int
    above: Array
    above_se: Array


@dataclass(frozen=True, eq=False)
class Cell:
    """A model, what it costs, and its held-out error."""

    cost: float
    mean: float
    grid: GridResult
    line: int  # of its grid
    index: int
    number: int  # of the line among those of all grids


def budget_frontier(
    result: GridResult, refits: Refits | None = None, costs: Any = None, sources: Any = None
) -> BudgetFrontier:
    """Held-out error against the cost of features, over all models of the grid and models that spare dear features.

    Parameters
    ----------
    result : GridResult
    refits : Refits, optional
        Where the grid was fitted without costs: fits the lines whose penalties are multiplied by relative costs to the
        powers 1/2 and 1, see `shrinkwise.costs.cost_factors`. Without it the grid's own models are all there are.
    costs : array of shape (p,), optional
        What each feature costs, >= 0; by default those of the grid.
    sources : array of int, shape (p,), optional
        What the columns come from: columns of one source are paid once.

    Returns
    -------
    BudgetFrontier

    Raises
    ------
    UsageError
        If neither the grid nor the caller has costs.
    DataError
        If a cost is not a finite number >= 0; the message names its feature.

    Notes
    -----
    The rule "cheapest within 1se" takes the chosen model, where the grid was fitted with costs. Errors on the frontier
    are the lowest of many at their cost, and flatter a little, see `GridResult.search_bias`.
    """
    own = costs is None or (result.costs is not None and np.array_equal(costs, result.costs))
    costs = result.costs if costs is None else check_costs(costs, result.feature_names)
    if costs is None:
        raise UsageError(f"a budget needs costs: {UNPRICED}")
    known = result.sources if own and sources is None else sources
    sources = None if known is None else check_sources(known, len(costs))
    grids = [(result, 0)]
    if not (own and result.cost_powers is not None) and refits is not None and result.network is None:
        alike = result.metric == named_loss(result.loss).metric  # refits are scored by the loss
        powers = [power for power in POWERS if power or not alike]
        grids = [*(grids if alike else []), (_spared(result, refits, costs, powers), len(result.alphas))]
    return _frontier(result, [cell for grid, before in grids for cell in _cells(grid, before, costs, sources)])


def _spared(result: GridResult, refits: Refits, costs: Array, powers: Sequence[float]) -> GridResult:
    """Lines whose penalties are multiplied by powers of relative costs, for all mixes of the grid."""
    variants = [{"factors": cost_factors(costs, power, result.groups)} for power in powers]
    mixes = tuple(dict.fromkeys(result.l1_ratios.tolist()))
    return refits(variants=variants, l1_ratios=mixes, alphas=result.alphas.shape[1])


def _cells(grid: GridResult, before: int, costs: Array, sources: Array | None) -> Iterator[Cell]:
    """Cost, error and place of all models of a grid, whose lines are counted from ``before``."""
    outputs = 1 if grid.outputs is None else len(grid.outputs)
    for line, means in enumerate(grid.mean):
        paid = bill(grid.coefs[line][-1], costs, sources, outputs)
        for index in np.flatnonzero(np.isfinite(means)).tolist():
            yield Cell(float(paid[index]), float(means[index]), grid, line, index, line + before)


def _frontier(result: GridResult, cells: list[Cell]) -> BudgetFrontier:
    """The cells with the lowest error of all that cost no more."""
    kept: list[Cell] = []
    for cell in sorted(cells, key=lambda cell: (cell.cost, cell.mean)):
        if not kept or cell.mean < kept[-1].mean:
            kept.append(cell)
    cost, mean = np.array([cell.cost for cell in kept]), np.array([cell.mean for cell in kept])
    scores = [cell.grid.test_score[cell.line, cell.index] for cell in kept]
    se = np.array([float(result.standard_error(score)) for score in scores])
    above, above_se = np.array([paired(result, score - scores[-1]) for score in scores]).T
    chosen = int(np.argmax(mean <= mean[-1] + se[-1]))
    coefs = (cell.grid.coef(cell.line, cell.index) for cell in kept)
    sizes = np.array([np.count_nonzero(np.any(np.atleast_2d(coef), axis=0)) for coef in coefs])
    return BudgetFrontier(
        sentence=_sentence(cost, mean, se, sizes, chosen),
        cost=cost,
        mean=mean,
        se=se,
        n_features=sizes,
        line=np.array([cell.number for cell in kept]),
        index=np.array([cell.index for cell in kept]),
        chosen=chosen,
        above=above,
        above_se=above_se,
    )


def _sentence(cost: Array, mean: Array, se: Array, sizes: Array, chosen: int) -> str:
    def model(place: int) -> str:
        count = f"{sizes[place]} {'feature' if sizes[place] == 1 else 'features'}"
        return f"costs {cost[place]:.4g} ({count})"

    lowest = f"the lowest held-out error, {plus_minus(mean[-1], se[-1])}, {model(-1)}"
    if chosen == len(cost) - 1:
        return f"{lowest[0].upper()}{lowest[1:]}, and no cheaper model is within one standard error of it."
    return (
        f"The cheapest model within one standard error of the lowest error {model(chosen)} at an error of "
        f"{plus_minus(mean[chosen], se[chosen])}; {lowest}."
    )
