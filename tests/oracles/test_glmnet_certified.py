"""Our certificate finds next to nothing left to gain in glmnet's fits: one objective, seen from both sides.

No solver of ours takes part, so this holds for losses as soon as they have a certificate.
"""

import numpy as np
import pytest

from shrinkwise.design import as_design
from shrinkwise.losses import LOSSES
from shrinkwise.losses.multinomial import MultinomialLoss
from shrinkwise.outputs import build_outputs
from shrinkwise.penalties import ElasticNet
from shrinkwise.problem import build_problems
from tests.oracles.glmnet_fits import glmnet_fits

LOSS = {"gaussian": "squared", "binomial": "logistic", "poisson": "poisson"}
TIGHT = 1e-8  # of the null loss; violations of glmnet's (test_glmnet.py) times the size of coefficients


def built(fit):
    """(design, arguments of the builders) for columns in the units that the options of the fit are right for."""
    X, unit = fit.prepared
    weights = fit.weights[:, None]
    design, column_unit = as_design(X)
    design = design.standardized(weights, fit.fit_intercept)
    penalty = ElasticNet(fit.l1_ratio, fit.penalty_weights, fit.lower, fit.upper, ridge_unit=fit.ridge_unit)
    options = {
        "fit_intercept": fit.fit_intercept,
        "standardize": fit.options["standardize"],
        "column_unit": column_unit,
        "unit": 1.0,
    }
    return design, weights, penalty, options, unit


@pytest.mark.parametrize("family", LOSS)
def test_single_outputs_of_glmnet_are_certified(family):
    for fit in glmnet_fits(family):
        design, weights, penalty, options, unit = built(fit)
        offset = {} if fit.offset is None else {"offset": fit.offset}
        (problem,) = build_problems(design, fit.y, weights, LOSSES[LOSS[family]], penalty, **offset, **options)
        coef = fit.coef * unit
        w = np.clip(problem.standardized(coef), problem.rows.lower, problem.rows.upper)  # the last digit of a bound
        b = fit.intercept + design.means[:, 0] @ coef if problem.free_intercept else 0.0
        assert problem.relative_gap(fit.alpha, w, b) <= TIGHT, str(fit)


@pytest.mark.parametrize("family", ["multinomial", "mgaussian"])
def test_several_outputs_of_glmnet_are_certified(family):
    for fit in glmnet_fits(family):
        design, weights, penalty, options, _ = built(fit)
        classes = family == "multinomial"
        target = (fit.y[:, None] == np.arange(3)).astype(float) if classes else fit.y
        loss = MultinomialLoss(3) if classes else LOSSES["squared"]
        _, (problem,) = build_outputs(design, target, weights, loss, penalty, grouped=fit.grouped, **options)
        w = problem.standardized(fit.coef.T.ravel())
        if classes:
            intercept = fit.intercept + fit.coef @ design.means[:, 0]
            w[-2:] = intercept[:2] - intercept[2]
        w = np.clip(w, problem.rows.lower, problem.rows.upper)
        assert problem.relative_gap(fit.alpha, w, 0.0) <= TIGHT, str(fit)
