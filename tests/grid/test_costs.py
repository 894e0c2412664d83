"""Grids of features that cost: more lines, and the rule that chooses by cost."""

import numpy as np
import pytest

from shrinkwise import DataError, UsageError, fit_adaptive_grid, fit_grid
from shrinkwise.costs import POWERS, bill, cost_factors
from shrinkwise.nested import nested_error
from tests.grid.splits import folds

COSTS = np.array([9.0, 1.0, 4.0, 0.0, 2.0])
RULE = "cheapest within 1se"


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    common = rng.standard_normal((120, 1))
    X = common + 0.6 * rng.standard_normal((120, 5))
    return X, X[:, 0] + 0.8 * X[:, 1] + rng.standard_normal(120)


def grid_of(data, **options):
    return fit_grid(*data, folds(120), alphas=30, l1_ratios=(0.5, 1.0), **options)


def test_there_is_a_line_for_each_power_of_the_costs_and_mix(data):
    grid = grid_of(data, costs=COSTS)
    assert grid.cost_powers.tolist() == [0, 0, 0.5, 0.5, 1, 1]
    assert grid.l1_ratios.tolist() == [0.5, 1.0] * 3
    for power in POWERS:
        alone = grid_of(data, penalty_weights=cost_factors(COSTS, power))
        lines = np.flatnonzero(grid.cost_powers == power)
        np.testing.assert_allclose(grid.test_score[lines], alone.test_score[:, : grid.alphas.shape[1]], rtol=1e-6)
        np.testing.assert_array_equal(grid.variant(lines[0])["factors"], cost_factors(COSTS, power))


def test_without_costs_nothing_varies(data):
    grid = grid_of(data)
    assert grid.model_costs is None
    assert grid.cost_powers is None
    assert grid.variant(0) == {}


@pytest.mark.parametrize("sources", [None, [0, 1, 1, 2, 0]])
def test_the_rule_takes_the_cheapest_model_within_one_standard_error(data, sources):
    grid = grid_of(data, costs=COSTS, cost_sources=sources)
    cost = np.array([bill(line[-1], COSTS, None if sources is None else np.array(sources)) for line in grid.coefs])
    np.testing.assert_array_equal(grid.model_costs, cost)
    best = np.unravel_index(np.argmin(grid.mean), grid.mean.shape)
    allowed = grid.mean <= grid.mean[best] + grid.se[best]
    chosen = grid.select(RULE)
    assert chosen.rule == RULE
    assert cost[chosen.ratio, chosen.index] == cost[allowed].min()
    assert chosen.mean == grid.mean[allowed & (cost == cost[allowed].min())].min()


def test_the_rule_spares_a_dear_feature_that_others_can_stand_for():
    rng = np.random.default_rng(0)
    size = rng.standard_normal(300)
    X = np.column_stack([size, size + 0.1 * rng.standard_normal(300), rng.standard_normal(300)])
    y = size + rng.standard_normal(300)
    plain, priced = fit_grid(X, y, folds(300)), fit_grid(X, y, folds(300), costs=[100.0, 1.0, 1.0])
    usual, cheap = plain.select("1se"), priced.select(RULE)
    assert plain.coef(usual.ratio, usual.index)[0] != 0
    assert np.flatnonzero(priced.coef(cheap.ratio, cheap.index)).tolist() == [1]


def test_the_rule_needs_costs(data):
    with pytest.raises(UsageError, match="--costs costs.csv"):
        grid_of(data).select(RULE)


def test_costs_go_with_the_relaxed_and_the_adaptive_lasso(data):
    relaxed = grid_of(data, costs=COSTS, relax=(1.0, 0.0))
    assert relaxed.cost_powers.tolist() == [p for p in POWERS for _ in range(4)]
    assert relaxed.relax.tolist() == [1.0, 0.0] * 6
    plain = grid_of(data, costs=COSTS)
    np.testing.assert_allclose(relaxed.test_score[relaxed.relax == 1][:, :30], plain.test_score[:, :30], rtol=1e-9)
    adaptive = fit_adaptive_grid(*data, folds(120), costs=COSTS)
    known = fit_adaptive_grid(*data, folds(120))
    np.testing.assert_allclose(adaptive.l1_factors, known.l1_factors)


def test_costs_of_groups_and_outputs(data):
    X, y = data
    grouped = grid_of(data, costs=COSTS, groups=["a", "a", None, "b", "b"])
    assert np.unique(grouped.variant(4)["factors"][:2]).size == 1
    many = fit_grid(X, np.column_stack([y, -y + X[:, 2]]), folds(120), costs=COSTS, alphas=10)
    inside = [np.any(many.coef(0, a) != 0, axis=0) for a in range(10)]
    np.testing.assert_array_equal(many.model_costs[0], np.array(inside) @ COSTS)
    assert many.select(RULE).n_features <= 5


def test_nested_folds_choose_by_cost(data):
    nested = nested_error(*data, folds(120), rule=RULE, costs=COSTS, alphas=10)
    assert np.isfinite(nested.mean)
    assert np.isfinite(grid_of(data, costs=COSTS).corrected_error(RULE))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"costs": COSTS, "variants": [{}]}, UsageError, "leave out costs or variants"),
        ({"costs": COSTS[:4]}, DataError, "one for each of the 5 features"),
        ({"costs": -COSTS, "feature_names": list("abcde")}, DataError, "the cost of 'a' must be"),
        ({"costs": COSTS, "cost_sources": [0, 1]}, UsageError, "cost_sources must be 5 whole numbers"),
    ],
)
def test_what_costs_cannot_be_is_refused(data, options, error, words):
    with pytest.raises(error, match=words):
        grid_of(data, **options)
