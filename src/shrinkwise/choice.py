"""The chosen model of a grid, solved once more on the rows themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from shrinkwise.path import Solution
from shrinkwise.penalties import ElasticNet, penalty_of, varied
from shrinkwise.penalties.concave import as_concave
from shrinkwise.result import GridResult, Selection

RELAX = (1.0, 0.75, 0.5, 0.25, 0.0)  # shares of the penalized fit that the relaxed lasso tries


def solve_choice(
    on_rows: Callable[..., Solution], result: GridResult, chosen: Selection, penalty: Mapping[str, Any]
) -> Solution:
    """The fit of a cell on all data: from the grid's answer, and relaxed as the cell is.

    Parameters
    ----------
    on_rows : function (penalty, alpha, start, **more) -> Solution
        `shrinkwise.path.solve` with its data.
    result : GridResult
    chosen : Selection
    penalty : mapping
        What `penalty_of` takes beside the mix, for all lines of the grid.
    """
    penalty = varied(penalty, result.variant(chosen.ratio), len(result.feature_names))
    solution = on_rows(
        penalty=penalty_of(chosen.l1_ratio, **penalty),
        alpha=chosen.alpha,
        start=result.coef(chosen.ratio, chosen.index).T.ravel(),
        l1_factors=result.l1_factors,
        concave=None if result.concave is None else as_concave(result.concave),
    )
    if chosen.relax == 1:
        return solution
    inside, share = solution.coef != 0, chosen.relax
    lower, upper = (
        np.where(inside, penalty.get(name, end), 0.0) for name, end in (("lower", -np.inf), ("upper", np.inf))
    )
    free = on_rows(penalty=ElasticNet(lower=lower, upper=upper), alpha=0.0, start=solution.coef)
    return replace(
        solution,
        coef=share * solution.coef + (1 - share) * free.coef,
        intercept=share * solution.intercept + (1 - share) * free.intercept,
        gap=max(solution.gap, free.gap),
        converged=solution.converged and free.converged,
    )
