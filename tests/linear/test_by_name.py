"""Bounds and penalty weights by the names of columns."""

import numpy as np
import pandas as pd
import pytest

from shrinkwise import LinearClassifier, LinearRegressor, LinearRegressorCV, UsageError


def data():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.standard_normal((80, 4)), columns=["age", "dose", "bmi", "höhe"])
    return X, (X @ np.array([1.0, -2.0, 0.5, 0.2])).to_numpy() + 0.3 * rng.standard_normal(80)


def test_names_say_what_arrays_say():
    X, y = data()
    named = {"lower": {"dose": 0, "höhe": -0.1}, "upper": {"age": 0.4}, "penalty_weights": {"bmi": 0}}
    arrays = {
        "lower": [-np.inf, 0, -np.inf, -0.1],
        "upper": [0.4, np.inf, np.inf, np.inf],
        "penalty_weights": [1, 1, 0, 1],
    }
    for kind, target in ((LinearRegressor, y), (LinearClassifier, y > 0)):
        np.testing.assert_array_equal(kind(**named).fit(X, target).coef_, kind(**arrays).fit(X, target).coef_)
    model = LinearRegressorCV(cv=4, alphas=10, **named).fit(X, y)
    np.testing.assert_array_equal(model.coef_, LinearRegressorCV(cv=4, alphas=10, **arrays).fit(X, y).coef_)
    assert model.coef_[1] == 0
    assert model.coef_[0] <= 0.4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lower": {"wage": 0}}, ["lower names 'wage'", "age, dose"]),
        ({"upper": {"age": "high"}}, ["upper['age']", "high"]),
        ({"upper": {"age": np.nan}}, ["upper['age']", "nan"]),
        ({"lower": {"age": 1}}, ["lower <= 0 <= upper"]),
        ({"lower": {"age": 0.0}, "upper": {"age": -1.0}}, ["lower <= 0 <= upper"]),
        ({"penalty_weights": {"age": -1}}, ["penalty_weights", "-1"]),
    ],
)
def test_names_that_mean_nothing_are_refused(options, words):
    X, y = data()
    with pytest.raises(UsageError) as caught:
        LinearRegressor(**options).fit(X, y)
    assert all(word in str(caught.value) for word in words), caught.value


def test_an_array_has_no_names():
    X, y = data()
    with pytest.raises(UsageError, match=r"lower names \['age'\], but the columns of X have no names"):
        LinearRegressor(lower={"age": 0}).fit(X.to_numpy(), y)
