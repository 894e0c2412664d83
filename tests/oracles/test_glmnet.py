"""Coefficients equal glmnet's: another algorithm, another language, other hands."""

from collections import Counter

import numpy as np
import pytest

from shrinkwise import LinearClassifier, LinearRegressor
from tests.oracles.glmnet_fits import glmnet_fits
from tests.oracles.glmnet_kkt import violation

FAMILIES = {"gaussian": 43, "binomial": 49, "poisson": 45, "multinomial": 60, "mgaussian": 27, "cox": 45}
CLOSE = 1e-7  # of standardized coefficients; glmnet's own violations are below 1e-8


@pytest.mark.parametrize("family", FAMILIES)
def test_fits_of_glmnet_are_stationary_points_of_the_objective_as_we_write_it(family):
    fits = glmnet_fits(family)
    assert len(fits) == FAMILIES[family]
    for fit in fits:
        assert violation(fit) <= (1e-5 if "strata" in fit.name else 1e-8), str(fit)  # strata: as tight as it gets
    sizes = Counter(np.count_nonzero(fit.coef) for fit in fits)
    assert len(sizes) >= 4  # supports of many sizes, not one model again and again


@pytest.mark.parametrize(("family", "model"), [("gaussian", LinearRegressor), ("binomial", LinearClassifier)])
def test_coefficients_equal_those_of_glmnet(family, model):
    for fit in glmnet_fits(family):
        if fit.offset is not None:
            continue
        X, unit = fit.prepared
        unit_of_ridge = {"ridge_unit": fit.ridge_unit} if family == "gaussian" else {}
        ours = model(**fit.options, **unit_of_ridge, tol=1e-10).fit(X, fit.y, fit.sample_weight)
        coef = np.ravel(ours.coef_) / unit
        np.testing.assert_allclose(coef * fit.scale, fit.coef * fit.scale, rtol=CLOSE, atol=CLOSE, err_msg=str(fit))
        np.testing.assert_allclose(np.ravel(ours.intercept_)[0], fit.intercept, rtol=CLOSE, atol=CLOSE)
        np.testing.assert_array_equal(coef != 0, fit.coef != 0, err_msg=str(fit))


@pytest.mark.parametrize("storage", [np.asarray, np.float32])
def test_the_sd_of_y_is_the_ridge_unit_of_glmnet(storage):
    fits = [fit for fit in glmnet_fits("gaussian") if fit.fit_intercept and fit.l1_ratio < 1]
    assert len(fits) > 10
    for fit in fits:
        ours = LinearRegressor(**fit.options, ridge_unit="sd", tol=1e-10)
        ours.fit(storage(fit.X), fit.y, fit.sample_weight)
        limit = CLOSE if storage is np.asarray else 1e-5  # columns of 24 bits
        np.testing.assert_allclose(ours.coef_ * fit.scale, fit.coef * fit.scale, rtol=limit, atol=limit)
