"""Counts and offsets beside glmnet's fits of "poisson" and "binomial"."""

import numpy as np
import pytest

from shrinkwise import LinearClassifier, LinearRegressor
from tests.oracles.glmnet_fits import glmnet_fits

CLOSE = 1e-7


@pytest.mark.parametrize(
    ("family", "model", "count"),
    [("poisson", LinearRegressor(loss="poisson"), 45), ("binomial", LinearClassifier(), 49)],
    ids=["poisson", "binomial"],
)
def test_coefficients_equal_those_of_glmnet_with_weights_and_offsets(family, model, count):
    fits = glmnet_fits(family)
    assert len(fits) == count
    assert sum(fit.offset is not None for fit in fits) == 6
    for fit in fits:
        X, unit = fit.prepared
        model.set_params(**fit.options, tol=1e-10).fit(X, fit.y, fit.sample_weight, offset=fit.offset)
        coef = np.ravel(model.coef_) / unit
        np.testing.assert_allclose(coef * fit.scale, fit.coef * fit.scale, rtol=CLOSE, atol=CLOSE, err_msg=str(fit))
        np.testing.assert_allclose(np.ravel(model.intercept_)[0], fit.intercept, rtol=CLOSE, atol=CLOSE)
        np.testing.assert_array_equal(coef != 0, fit.coef != 0, err_msg=str(fit))
