"""All of scikit-learn's own checks, no exceptions."""

import warnings

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from shrinkwise import DataWarning, LinearClassifier, LinearClassifierCV, LinearRegressor, LinearRegressorCV

QUICK = [
    LinearRegressor(),
    LinearRegressor(loss="gamma"),
    LinearRegressor(loss="quantile:0.7"),
    LinearClassifier(),
    LinearRegressorCV(),
    LinearClassifierCV(alphas=4, cv=3),
]


def run(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        # some checks fit a dozen rows, so that a class has fewer members than there are folds
        warnings.simplefilter("ignore", DataWarning)
        check(estimator)


@parametrize_with_checks(QUICK)
def test_scikit_learns_checks(estimator, check):
    run(estimator, check)


@pytest.mark.long
@parametrize_with_checks([LinearClassifierCV()])
def test_scikit_learns_checks_with_the_full_grid(estimator, check):
    run(estimator, check)
