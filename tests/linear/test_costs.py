"""Estimators whose features cost."""

import numpy as np
import pandas as pd
import pytest

from shrinkwise import CoxRegressorCV, DataError, LinearClassifierCV, LinearRegressorCV, UsageError

RULE = "cheapest within 1se"
COSTS = np.array([50.0, 1.0, 2.0, 0.0])


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 4))
    X[:, 1] = X[:, 0] + 0.2 * X[:, 1]
    return pd.DataFrame(X, columns=list("abcd")), X[:, 0] + 0.5 * X[:, 2] + rng.standard_normal(200)


def test_the_cheapest_model_is_solved_with_its_own_penalty(data):
    X, y = data
    model = LinearRegressorCV(costs=COSTS, rule=RULE, l1_ratio=(0.5, 1.0)).fit(X, y)
    cell = model.result_.select(RULE)
    assert model.coef_[0] == 0
    assert (model.alpha_, model.l1_ratio_) == (cell.alpha, cell.l1_ratio)
    np.testing.assert_allclose(model.coef_, model.result_.coef(cell.ratio, cell.index), atol=1e-4)
    assert model.converged_


@pytest.mark.parametrize("rule", ["min", "1se", RULE])
@pytest.mark.parametrize("adaptive", [None, 1.0])
def test_the_chosen_model_is_that_of_its_line_whatever_the_rule(data, rule, adaptive):
    X, y = data
    model = LinearRegressorCV(costs=COSTS, rule=rule, cv=5, adaptive=adaptive, penalty_weights={"c": 2.0}).fit(X, y)
    for power in (0.0, 1.0):  # a line that the rule does not take is another model
        cell = model.result_.select(rule)
        if model.result_.cost_powers[cell.ratio] == power:
            np.testing.assert_allclose(model.coef_, model.result_.coef(cell.ratio, cell.index), atol=1e-4)
    assert model.gap_ < 1e-6
    assert model.n_iter_ <= 3


def test_costs_by_name_are_those_of_an_array(data):
    X, y = data
    by_name = LinearRegressorCV(costs={"a": 50, "d": 0, "c": 2, "*": 1}, rule=RULE, cv=4).fit(X, y)
    by_place = LinearRegressorCV(costs=COSTS, rule=RULE, cv=4).fit(X, y)
    np.testing.assert_array_equal(by_name.coef_, by_place.coef_)


def test_classes_and_times_have_costs(data):
    X, y = data
    one = LinearClassifierCV(costs=COSTS, rule=RULE, cv=4).fit(X, y > 0)
    assert one.coef_[0, 0] == 0
    many = LinearClassifierCV(costs=COSTS, rule=RULE, cv=4, alphas=20).fit(X, np.digitize(y, [-1, 1]))
    assert many.result_.model_costs.shape == many.result_.mean.shape
    times = CoxRegressorCV(costs=COSTS, rule=RULE, cv=4, alphas=20).fit(X, np.column_stack([np.exp(-y), y > -1]))
    assert times.coef_[0] == 0


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"rule": RULE}, UsageError, "costs= in Python"),
        ({"costs": {"a": 1, "b": 2}}, UsageError, "costs say nothing of 'c', 'd'; give each feature a cost"),
        ({"costs": {"e": 1, "*": 2}}, UsageError, "costs names 'e', which is no column of X"),
        ({"costs": [1, 2, 3]}, DataError, "one for each of the 4 features"),
        ({"costs": {"a": -1, "*": 2}}, DataError, "the cost of 'a' must be a finite number >= 0, got -1"),
        ({"costs": {"a": 1, "*": -2}}, UsageError, r'costs\["\*"\] must be >= 0'),
    ],
)
def test_costs_that_cannot_be_are_refused(data, options, error, words):
    with pytest.raises(error, match=words):
        LinearRegressorCV(cv=3, **options).fit(*data)
