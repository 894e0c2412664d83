"""Units do not matter at default settings; powers of two change no bit."""

import numpy as np
import pytest
from scipy import sparse

from shrinkwise import LinearClassifier, LinearClassifierCV, LinearRegressor, LinearRegressorCV
from tests.linear.data import table

X, Y, LABELS = table(n=90, p=10, seed=2, noise=1.0)
SMALL_GRID = {"alphas": 12, "cv": 3}  # a search of full size takes seconds for a classifier
MODELS = {
    "LinearRegressor": (lambda unit=1.0: LinearRegressor(0.05 * unit), Y),
    "LinearClassifier": (lambda unit=1.0: LinearClassifier(0.02), LABELS),
    "LinearRegressorCV": (lambda unit=1.0: LinearRegressorCV(), Y),
    "LinearClassifierCV": (lambda unit=1.0: LinearClassifierCV(**SMALL_GRID), LABELS),
    "elastic net": (lambda unit=1.0: LinearRegressor(0.05 * unit, l1_ratio=0.4, ridge_unit="sd"), Y),
    "elastic nets": (lambda unit=1.0: LinearRegressorCV(l1_ratio=(0.2, 0.7), ridge_unit="sd"), Y),
}
REGRESSIONS = ["LinearRegressor", "LinearRegressorCV", "elastic net", "elastic nets"]
COLUMN_UNITS = {
    "1e8": 1e8,
    "1e-8": 1e-8,
    "mixed": 10.0 ** np.linspace(-8, 8, 10),
}
EXACT_UNITS = {
    "2**30": 2.0**30,
    "2**-30": 2.0**-30,
    "mixed": 2.0 ** np.arange(-25, 25, 5),
    "2**180": 2.0**180,
}


@pytest.fixture(scope="module")
def fitted():
    return {name: make().fit(X, target) for name, (make, target) in MODELS.items()}


def same_support(model, expected):
    support = np.ravel(expected.coef_) != 0
    assert 0 < support.sum() < 10
    np.testing.assert_array_equal(np.ravel(model.coef_) != 0, support)
    assert model.converged_


@pytest.mark.parametrize("unit", COLUMN_UNITS)
@pytest.mark.parametrize("name", MODELS)
def test_units_of_the_columns_do_not_change_the_support(name, unit, fitted):
    make, target = MODELS[name]
    model = make().fit(X * COLUMN_UNITS[unit], target)
    same_support(model, fitted[name])
    np.testing.assert_allclose(np.ravel(model.coef_) * COLUMN_UNITS[unit], np.ravel(fitted[name].coef_), rtol=1e-6)


@pytest.mark.parametrize("storage", [np.asarray, sparse.csc_array])
@pytest.mark.parametrize("name", MODELS)
def test_far_columns_do_not_change_the_support(name, storage, fitted):
    make, target = MODELS[name]
    model = make().fit(storage(X + 1e6), target)
    same_support(model, fitted[name])
    np.testing.assert_allclose(model.coef_, fitted[name].coef_, rtol=1e-6)


@pytest.mark.parametrize("unit", [1e6, 1e-6, 1e-9, 1e12])
@pytest.mark.parametrize("name", REGRESSIONS)
def test_units_of_the_target_do_not_change_the_support(name, unit, fitted):
    model = MODELS[name][0](unit).fit(X, Y * unit)
    same_support(model, fitted[name])
    np.testing.assert_allclose(model.coef_ / unit, fitted[name].coef_, rtol=1e-6)


@pytest.mark.parametrize("name", REGRESSIONS)
def test_a_far_target_does_not_change_the_support(name, fitted):
    same_support(MODELS[name][0]().fit(X, Y + 1e6), fitted[name])


@pytest.mark.parametrize("unit", EXACT_UNITS)
@pytest.mark.parametrize("name", MODELS)
def test_powers_of_two_of_the_columns_change_no_bit(name, unit, fitted):
    make, target = MODELS[name]
    model = make().fit(X * EXACT_UNITS[unit], target)
    np.testing.assert_array_equal(np.ravel(model.coef_) * EXACT_UNITS[unit], np.ravel(fitted[name].coef_))
    np.testing.assert_array_equal(model.intercept_, fitted[name].intercept_)
    assert getattr(model, "alpha_", None) == getattr(fitted[name], "alpha_", None)


@pytest.mark.parametrize("unit", [2.0**20, 2.0**-20, 2.0**-180])
@pytest.mark.parametrize("name", REGRESSIONS)
def test_powers_of_two_of_the_target_change_no_bit(name, unit, fitted):
    model = MODELS[name][0](unit).fit(X, Y * unit)
    np.testing.assert_array_equal(model.coef_ / unit, fitted[name].coef_)
    np.testing.assert_array_equal(model.intercept_ / unit, fitted[name].intercept_)
    assert model.gap_ == fitted[name].gap_


@pytest.mark.parametrize("name", MODELS)
def test_weights_count_by_their_ratios_alone(name):
    make, target = MODELS[name]
    weights = np.random.default_rng(0).uniform(0.5, 2, len(X))
    one, other = make().fit(X, target, weights), make().fit(X, target, weights * 2.0**70)
    np.testing.assert_array_equal(one.coef_, other.coef_)


@pytest.mark.parametrize("name", ["LinearRegressor", "LinearClassifier"])
def test_whole_weights_equal_repeated_rows(name):
    make, target = MODELS[name]
    counts = np.random.default_rng(1).integers(0, 4, len(X))
    rows = np.repeat(np.arange(len(X)), counts)
    weighted, repeated = make().fit(X, target, counts), make().fit(X[rows], target[rows])
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-7, atol=1e-12)


def test_the_ridge_unit_is_the_unit_of_squared_coefficients():
    weights = np.random.default_rng(0).uniform(0.5, 2, len(X))
    sd = np.sqrt(np.average((Y - np.average(Y, weights=weights)) ** 2, weights=weights))
    by_name = LinearRegressor(0.3, l1_ratio=0.4, ridge_unit="sd").fit(X, Y, weights)
    by_number = LinearRegressor(0.3, l1_ratio=0.4, ridge_unit=sd).fit(X, Y, weights)
    np.testing.assert_allclose(by_name.coef_, by_number.coef_, rtol=1e-9)
    l1, l2 = 0.3 * 0.4, 0.3 * 0.6 / sd  # the same penalty with unit 1
    plain = LinearRegressor(l1 + l2, l1_ratio=l1 / (l1 + l2)).fit(X, Y, weights)
    np.testing.assert_allclose(by_name.coef_, plain.coef_, rtol=1e-7)


def test_a_search_and_a_fit_measure_alike():
    search = LinearRegressorCV(l1_ratio=(0.2, 0.7), ridge_unit="sd", cv=4).fit(X, Y * 1000)
    single = LinearRegressor(search.alpha_, l1_ratio=search.l1_ratio_, ridge_unit="sd").fit(X, Y * 1000)
    np.testing.assert_allclose(single.coef_, search.coef_, rtol=1e-6)
    assert search.result_.ridge_unit == pytest.approx(1000 * np.std(Y))
