"""What features cost: checked, as factors of penalties, as the bill of a model."""

import numpy as np
import pytest
from scipy import sparse

from shrinkwise import DataError, UsageError
from shrinkwise.costs import bill, check_costs, check_sources, cost_factors

NAMES = ("age", "bmi", "sex")


@pytest.mark.parametrize(
    ("costs", "words"),
    [
        ([1, -2, 3], "cost of 'bmi' must be a finite number >= 0, got -2;"),
        ([1, 2, np.nan], "cost of 'sex' must be a finite number >= 0, got nan;"),
        ([np.inf, -1, 3], r"cost of 'age' .* got inf \(and 1 more\)"),
        ([1, 2], r"one for each of the 3 features, got an array of shape \(2,\)"),
        (3.0, r"one for each of the 3 features"),
        (["a", "b", "c"], "costs must be numbers"),
    ],
)
def test_what_cannot_be_a_cost_is_refused_by_name(costs, words):
    with pytest.raises(DataError, match=words):
        check_costs(costs, NAMES)


@pytest.mark.parametrize("sources", [[0, 1], [0.5, 1, 2], "abc"])
def test_what_cannot_be_sources_is_refused(sources):
    with pytest.raises(UsageError, match="cost_sources must be 3 whole numbers"):
        check_sources(sources, 3)


def test_sources_are_counted_in_the_order_of_their_columns():
    np.testing.assert_array_equal(check_sources([7, -3, 7, 5], 4), [0, 1, 0, 2])


def test_factors_have_no_unit_and_power_0_changes_nothing():
    costs = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(cost_factors(costs, 1.0), [0.5, 1, 1.5])
    np.testing.assert_allclose(cost_factors(100 * costs, 0.5), cost_factors(costs, 0.5))
    np.testing.assert_allclose(cost_factors(costs, 0.5) ** 2, cost_factors(costs, 1.0))
    np.testing.assert_array_equal(cost_factors(costs, 0.0), np.ones(3))
    np.testing.assert_array_equal(cost_factors(np.zeros(3), 1.0), np.ones(3))


def test_what_costs_nothing_is_still_penalized():
    assert cost_factors(np.array([0.0, 0, 6]), 1.0).tolist() == [0.1, 0.1, 3.0]


def test_a_group_has_the_mean_cost_of_its_features():
    np.testing.assert_allclose(cost_factors(np.array([1.0, 3, 5]), 1.0, ["g", "g", ""]), [2 / 3, 2 / 3, 5 / 3])


def test_the_bill_of_a_model_is_that_of_its_features_one_by_one():
    rng = np.random.default_rng(0)
    W = np.where(rng.random((7, 12)) < 0.4, rng.standard_normal((7, 12)), 0.0)
    costs, sources = rng.integers(0, 9, 6).astype(float), np.array([0, 1, 1, 2, 0, 3])
    model = (W.reshape(7, 6, 2) != 0).any(axis=2)  # of 6 features with 2 outputs
    np.testing.assert_array_equal(bill(sparse.csr_array(W), costs, outputs=2), model @ costs)
    once = [
        sum(max([costs[j] for j in range(6) if row[j] and sources[j] == s], default=0) for s in range(4))
        for row in model
    ]
    np.testing.assert_array_equal(bill(sparse.csr_array(W), costs, sources, outputs=2), once)


def test_a_stored_zero_costs_nothing():
    stored = sparse.csr_array((np.array([0.0, 2.0]), np.array([0, 1]), np.array([0, 2])), shape=(1, 3))
    assert bill(stored, np.array([5.0, 1.0, 1.0])).tolist() == [1.0]
