"""What accuracy costs."""

from functools import partial

import numpy as np
import pytest

from shrinkwise import DataError, UsageError, fit_grid
from shrinkwise._parts import from_parts, to_parts
from shrinkwise.diagnosis import BudgetFrontier, budget_frontier
from shrinkwise.diagnosis.refits import Refits
from shrinkwise.resampling import blocks_of
from tests.grid.splits import folds

COSTS = np.array([9.0, 1.0, 4.0, 0.0, 2.0])
RULE = "cheapest within 1se"
N = 120


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((N, 1)) + 0.6 * rng.standard_normal((N, 5))
    return X, X[:, 0] + 0.8 * X[:, 1] + rng.standard_normal(N)


def grid_of(data, **options):
    return fit_grid(*data, folds(N), **{"alphas": 25, "l1_ratios": (0.5, 1.0)} | options)


def refits_of(data, **options):
    fit = partial(fit_grid, *data, l1_ratios=(0.5, 1.0), extend=False, unpenalized=False, **options)
    return Refits(fit, folds(N), blocks_of(N, 3))


@pytest.mark.parametrize("sources", [None, [0, 1, 1, 2, 0]])
def test_no_model_beats_one_on_the_frontier_in_cost_and_error_at_once(data, sources):
    grid = grid_of(data, costs=COSTS, cost_sources=sources)
    found = budget_frontier(grid)
    assert np.all(np.diff(found.cost) > 0)
    assert np.all(np.diff(found.mean) < 0)
    assert found.mean[-1] == grid.mean.min()
    np.testing.assert_allclose(found.se, grid.se[found.line, found.index], rtol=1e-12)
    for cost, mean, line, index in zip(found.cost, found.mean, found.line, found.index, strict=True):
        assert (grid.model_costs[line, index], grid.mean[line, index]) == (cost, mean)
        assert not np.any((grid.model_costs <= cost) & (grid.mean < mean))
    assert found.n_features.tolist() == grid.support_size[found.line, found.index].tolist()


def test_the_chosen_model_is_that_of_the_rule(data):
    grid = grid_of(data, costs=COSTS)
    found, cell = budget_frontier(grid), grid.select(RULE)
    assert (found.line[found.chosen], found.index[found.chosen]) == (cell.ratio, cell.index)
    assert found.above[-1] == found.above_se[-1] == 0
    assert np.all(found.above[:-1] > 0)


def test_refits_add_what_a_grid_without_costs_lacks(data):
    plain, priced = grid_of(data), grid_of(data, costs=COSTS)
    alone, more = budget_frontier(plain, None, COSTS), budget_frontier(plain, refits_of(data), COSTS)
    assert set(alone.line) <= {0, 1}
    assert more.line.max() > 1
    whole = budget_frontier(priced)
    np.testing.assert_allclose(more.mean[-1], min(whole.mean[-1], plain.mean.min()), rtol=1e-6)
    for cost, mean in zip(alone.cost, alone.mean, strict=True):
        assert np.any((more.cost <= cost) & (more.mean <= mean))
    extra = refits_of(data)(variants=[priced.variant(2), priced.variant(4)], alphas=25)
    for line, index, mean in zip(more.line, more.index, more.mean, strict=True):
        assert mean == pytest.approx((plain.mean if line < 2 else extra.mean)[line - 2 * (line >= 2), index], rel=1e-6)


def test_grids_of_another_score_are_judged_by_the_loss_throughout(data):
    grid = grid_of(data, scorer=lambda fold, coefs, b: (np.full(len(b), 0.1), np.full(len(b), 0.1)), metric="constant")
    found = budget_frontier(grid, refits_of(data), COSTS)
    assert found.line.min() >= 2
    np.testing.assert_allclose(found.mean[-1], budget_frontier(grid_of(data, costs=COSTS)).mean[-1], rtol=1e-3)


def test_the_sentence_says_what_is_saved(data):
    found = budget_frontier(grid_of(data, costs=COSTS))
    assert found.sentence.startswith("The cheapest model within one standard error of the lowest error costs ")
    assert f"{found.cost[-1]:.4g}" in found.sentence
    free = budget_frontier(grid_of(data, costs=np.zeros(5)))
    assert len(free.cost) == 1
    assert free.sentence.endswith("and no cheaper model is within one standard error of it.")


def test_a_budget_needs_costs(data):
    with pytest.raises(UsageError, match="a budget needs costs"):
        budget_frontier(grid_of(data))
    with pytest.raises(DataError, match="the cost of 'x1' must be"):
        budget_frontier(grid_of(data), None, [1, -1, 1, 1, 1])


def test_the_record_can_be_stored(data):
    found = budget_frontier(grid_of(data, costs=COSTS))
    again = from_parts(BudgetFrontier, *to_parts(found, "budget"), "budget")
    assert again.chosen == found.chosen
    np.testing.assert_array_equal(again.cost, found.cost)
