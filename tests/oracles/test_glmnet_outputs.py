"""Several classes and several columns of y beside glmnet's fits of "multinomial" and "mgaussian"."""

import numpy as np
import pytest

from shrinkwise import LinearClassifier, LinearRegressor
from tests.oracles.glmnet_fits import glmnet_fits

CLOSE = 1e-7


@pytest.mark.parametrize(
    ("family", "model", "count", "grouped"),
    [("multinomial", LinearClassifier(), 60, 27), ("mgaussian", LinearRegressor(), 27, 27)],
    ids=["multinomial", "mgaussian"],
)
def test_coefficients_of_several_outputs_equal_those_of_glmnet(family, model, count, grouped):
    fits = glmnet_fits(family)
    assert len(fits) == count
    assert sum(fit.grouped for fit in fits) == grouped
    for fit in fits:
        X, unit = fit.prepared
        model.set_params(**fit.options, grouped_outputs=fit.grouped, tol=1e-10).fit(X, fit.y, fit.sample_weight)
        coef = model.coef_ / unit
        np.testing.assert_allclose(coef * fit.scale, fit.coef * fit.scale, rtol=CLOSE, atol=CLOSE, err_msg=str(fit))
        free = fit.intercept.mean() * (family == "multinomial")  # of classes, only differences are determined
        np.testing.assert_allclose(model.intercept_, fit.intercept - free, rtol=CLOSE, atol=CLOSE, err_msg=str(fit))
        np.testing.assert_array_equal(coef != 0, fit.coef != 0, err_msg=str(fit))
