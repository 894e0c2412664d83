"""A Problem from a case, built the way a fit builds it."""

import numpy as np

from shrinkwise.design import as_design
from shrinkwise.design.build import one_scale_a_group
from shrinkwise.losses import LOSSES
from shrinkwise.penalties import penalty_of
from shrinkwise.penalties.standardized import groups_of
from shrinkwise.problem import build_problems, power_of_two


def build(case, loss, *, fit_intercept=True, standardize=True, **penalty):
    """(problem, unit of each column)."""
    weights = np.ones(len(case.y)) if case.weights is None else case.weights
    weights = (weights / weights.sum())[:, None]
    kind = LOSSES[loss].for_target(case.y, weights[:, 0])
    unit = power_of_two(case.y) if kind.degree else 1.0
    design, column_unit = as_design(case.X)
    design = design.standardized(weights, fit_intercept)
    if not standardize:
        design = one_scale_a_group(design, groups_of([penalty_of(**penalty)], len(column_unit)), column_unit)
    (problem,) = build_problems(
        design,
        case.y / unit,
        weights,
        kind.in_unit(unit),
        penalty_of(**penalty),
        fit_intercept=fit_intercept,
        standardize=standardize,
        column_unit=column_unit,
        unit=unit,
    )
    return problem, column_unit
