"""Our fits of the partial likelihood are glmnet's: y and weights as they are, lambda our alpha (glmnet_fits.py)."""

import numpy as np
import pytest

from shrinkwise.losses.cox import CoxLoss
from shrinkwise.path import solve
from shrinkwise.penalties import ElasticNet
from tests.oracles import cox
from tests.oracles.glmnet_fits import glmnet_fits
from tests.oracles.glmnet_kkt import violation

TIGHT = 1e-9  # of the largest coefficient: what is left by glmnet's violations of 1e-11 where it has no strata


def solved(fit):
    time, event, stratum = fit.y.T
    return solve(
        fit.X,
        event,
        loss=CoxLoss(time, stratum.astype(int)),
        penalty=ElasticNet(fit.l1_ratio, fit.penalty_weights, fit.lower, fit.upper),
        alpha=fit.alpha,
        sample_weight=fit.sample_weight,
        standardize=fit.standardize,
        tol=1e-10,
    )


@pytest.mark.parametrize("fit", [fit for fit in glmnet_fits("cox") if "strata" not in fit.name], ids=str)
def test_coefficients_are_those_of_glmnet(fit):
    found = solved(fit)
    assert found.converged
    np.testing.assert_allclose(found.coef, fit.coef, atol=TIGHT * np.abs(fit.coef).max())


@pytest.mark.parametrize("fit", [fit for fit in glmnet_fits("cox") if "strata" in fit.name], ids=str)
def test_in_strata_they_are_as_near_as_glmnet_is_to_its_optimum(fit):
    """With |∇ + ∂Ω| <= δ in every coordinate, Δ'HΔ <= δ |Δ|_1 along the way: |Δ| <= δ √p / the least eigenvalue."""
    found = solved(fit)
    assert found.converged
    time, event, stratum = fit.y.T
    Z = fit.X / fit.scale
    weights = fit.weights
    inside = np.flatnonzero((found.coef != 0) | (fit.coef != 0))
    second = [
        Z[:, inside].T @ cox.hessian(time, event, weights, stratum, fit.X @ coef) @ Z[:, inside]
        for coef in (fit.coef, found.coef)
    ]
    least = min(np.linalg.eigvalsh(part)[0] for part in second)
    away = np.linalg.norm((found.coef - fit.coef) * fit.scale)
    assert away <= np.sqrt(len(inside)) * max(violation(fit), 1e-11) / least
    np.testing.assert_allclose(found.coef, fit.coef, atol=1e-4 * np.abs(fit.coef).max())
