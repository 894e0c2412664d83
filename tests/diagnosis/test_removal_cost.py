"""What a feature is worth: against fits without it."""

import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from shrinkwise import fit_grid
from shrinkwise._parts import from_parts, to_parts
from shrinkwise.adaptive import fit_adaptive_grid
from shrinkwise.association import associate
from shrinkwise.diagnosis import RemovalCost, removal_cost
from shrinkwise.diagnosis.refits import Refits
from shrinkwise.losses import as_loss
from shrinkwise.resampling import blocks_of
from tests.grid.splits import folds
from tests.result.networks import network_grid

N = 120


def table(loss="squared", n=N, p=8, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * np.linspace(1, 3, p)
    X[:, 3] = X[:, 0] + 0.4 * rng.standard_normal(n)  # a stand-in for the first
    eta = X[:, 0] + 0.5 * X[:, 1] - 0.3 * X[:, 2]
    y = eta + rng.standard_normal(n)
    return X, ((y > 0).astype(float) if loss == "logistic" else y)


def refits_of(X, y, loss="squared", penalty=None, fit=fit_grid, **options):
    """A grid and what may be asked of its data."""
    penalty, splits = penalty or {}, folds(len(y))
    bound = partial(fit, X, y, loss=loss, tol=1e-9, **penalty, **options)
    known = {name: options[name] for name in ("standardize", "grouped_outputs") if name in options}
    why = partial(associate, X, y, loss=as_loss(loss), penalty=penalty, **known)
    again = partial(bound, extend=False, unpenalized=False)
    return bound(splits, alphas=20), Refits(again, splits, blocks_of(len(y), len(splits)), associate=why)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize(
    "penalty", [{}, {"lower": np.array([-np.inf, 0, -0.2, 0, 0, 0, 0, 0])}], ids=["free", "bounds"]
)
def test_the_cost_is_that_of_a_fit_without_the_feature(loss, penalty):
    X, y = table(loss)
    result, refits = refits_of(X, y, loss, penalty)
    found, cell = removal_cost(result, refits, "min"), result.select("min")
    size = np.abs(result.standardized_coef(cell.ratio, cell.index))
    assert found.features.tolist() == [j for j in np.argsort(-size, kind="stable") if size[j]]
    for place, j in enumerate(found.features):
        kept = [k for k in range(8) if k != j]
        own = {name: bound[kept] for name, bound in penalty.items()}
        without = fit_grid(X[:, kept], y, folds(N), loss=loss, alphas=[cell.alpha], tol=1e-9, **own)
        change = without.test_score[0, 0] - result.test_score[cell.ratio, cell.index]
        np.testing.assert_allclose(found.cost[place], change @ result.fold_weights / cell.mean, atol=1e-5)
        np.testing.assert_allclose(found.cost_se[place], result.standard_error(change) / cell.mean, atol=1e-5)
        growth = np.abs(np.insert(without.coef(0, 0), j, 0.0)) * result.scale - size
        if found.successor[place] >= 0:
            assert found.successor[place] == np.argmax(growth)
            np.testing.assert_allclose(found.successor_gain[place], growth.max(), rtol=1e-3, atol=1e-5)
        else:
            assert growth.max() < 1e-4


def test_a_stand_in_takes_the_place_of_its_feature_and_neither_of_two_copies_costs():
    X, y = table()
    found = removal_cost(*refits_of(X, y))
    first = found.features.tolist().index(0)
    assert found.successor[first] == 3
    assert "x0" in found.sentence or "x1" in found.sentence
    X[:, 3] = X[:, 0]
    twins = removal_cost(*refits_of(X, y))
    place = next(place for place, j in enumerate(twins.features) if j in (0, 3))
    assert abs(twins.cost[place]) < 1e-6
    assert twins.successor[place] in (0, 3)


def test_what_fits_to_their_tolerance_leave_open_is_no_cost():
    """Two levels of one column say the same: the fit without one differs by rounding alone."""
    X, y = table()
    X = np.column_stack([X, -X[:, 0]])
    result, refits = refits_of(X, y)
    found = removal_cost(replace(result, tol=1e-6), refits, "min")
    small = np.abs(found.cost) < 1e-6
    assert np.any(small)
    assert np.all(found.cost[small] == 0)
    assert np.all(found.cost_se[small] == 0)


def test_rejected_features_have_slack_and_a_carrier():
    X, y = table()
    result, refits = refits_of(X, y)
    found, cell = removal_cost(result, refits), result.select("1se")
    coef = result.coef(cell.ratio, cell.index)
    assert sorted([*found.features, *found.rejected]) == list(range(8))
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    residual = y - X @ coef - result.intercept(cell.ratio, cell.index)
    pull = np.abs(Z[:, found.rejected].T @ residual) / N
    np.testing.assert_allclose(found.slack, np.clip(1 - pull / cell.alpha, 0, 1), atol=1e-4)
    correlation = np.corrcoef(X.T)[np.ix_(found.rejected, found.features)]
    np.testing.assert_array_equal(found.carrier, found.features[np.argmax(np.abs(correlation), axis=1)])
    np.testing.assert_allclose(np.abs(found.correlation), np.abs(correlation).max(axis=1), atol=1e-9)


def test_without_what_says_why_features_are_out_the_costs_are_the_same():
    X, y = table()
    result, refits = refits_of(X, y)
    bare = removal_cost(result, Refits(refits.fit, refits.splits, refits.blocks))
    assert np.all(np.isnan(bare.slack))
    assert np.all(bare.carrier == -1)
    np.testing.assert_array_equal(bare.cost, removal_cost(result, refits).cost)


def test_no_more_features_are_banned_than_the_limit_and_batches_change_nothing(monkeypatch):
    X, y = table("logistic")
    result, refits = refits_of(X, y, "logistic")
    whole, two = (removal_cost(result, refits, "min", limit) for limit in (50, 2))
    assert len(whole.features) == whole.n_selected > 4
    np.testing.assert_array_equal(two.features, whole.features[:2])
    assert two.n_selected == whole.n_selected
    assert "the 2 features of the largest coefficients" in two.sentence
    monkeypatch.setattr(sys.modules["shrinkwise.diagnosis.removal_cost"], "MEMORY", 1)
    parts = removal_cost(result, refits, "min")
    np.testing.assert_allclose(parts.cost, whole.cost, atol=1e-6)
    np.testing.assert_array_equal(parts.successor, whole.successor)


OPTIONS = {
    "elastic net": {"l1_ratios": (0.5,)},
    "groups": {"penalty": {"groups": ["a", "a", "b", "b", "b", None, None, None]}},
    "columns as they came": {"standardize": False},
    "concave": {"concave": "mcp"},
    "adaptive": {"fit": fit_adaptive_grid},
    "an unpenalized feature": {"penalty": {"penalty_weights": np.array([1.0, 1, 1, 1, 0, 1, 1, 1])}},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_every_penalty_has_removal_costs(options):
    X, y = table()
    result, refits = refits_of(X, y, **options)
    found = removal_cost(result, refits)
    assert np.all(np.isfinite(found.cost))
    assert found.cost[found.features.tolist().index(1)] > 0
    assert np.all((found.slack >= 0) & (found.slack <= 1))


def test_the_relaxed_lasso_is_judged_by_its_penalized_fit():
    X, y = table()
    result, _ = refits_of(X, y, relax=(0.0,))
    _, refits = refits_of(X, y)
    found = removal_cost(result, refits)
    assert found.relaxed
    assert found.sentence.endswith("before it was relaxed.")


def test_a_line_whose_penalty_grows_with_costs_keeps_its_factors():
    X, y = table()
    costs = np.array([50.0, 1, 1, 1, 1, 1, 1, 1])
    result, _ = refits_of(X, y, costs=costs)
    result = replace(
        result, test_score=result.test_score / (1 + result.cost_powers)[:, None, None]
    )  # the last line wins
    _, refits = refits_of(X, y)
    found, cell = removal_cost(result, refits, "k=3"), result.select("k=3")
    assert result.cost_powers[cell.ratio] == 1
    coef = result.coef(cell.ratio, cell.index)
    assert coef[0] == 0
    place = found.rejected.tolist().index(0)
    pull = abs(
        np.mean((X[:, 0] - X[:, 0].mean()) / X[:, 0].std() * (y - X @ coef - result.intercept(cell.ratio, cell.index)))
    )
    factor = result.variant(cell.ratio)["factors"][0]
    np.testing.assert_allclose(found.slack[place], 1 - pull / (cell.alpha * factor), atol=1e-4)


@pytest.mark.parametrize("grouped", [False, True])
def test_a_feature_is_banned_for_all_outputs(grouped):
    X, y = table()
    Y = np.column_stack([y, X[:, 2] + np.random.default_rng(2).standard_normal(N)])
    found = removal_cost(*refits_of(X, Y, grouped_outputs=grouped), "min")
    assert found.cost[found.features.tolist().index(2)] > 0.05
    assert len(found.features) + len(found.rejected) == 8


def test_where_nothing_is_in_nothing_can_be_taken_out():
    X, _ = table()
    y = np.random.default_rng(9).standard_normal(N)
    result, refits = refits_of(X, y)
    found = removal_cost(result, refits, "k=0")
    assert len(found.features) == 0
    assert found.sentence == "No feature is in the model: there is nothing to take out."
    assert len(found.rejected) == 8
    assert np.all(found.carrier == -1)


def test_networks_have_no_removal_costs():
    assert removal_cost(network_grid(), None) is None


def test_the_record_can_be_stored():
    found = removal_cost(*refits_of(*table()))
    again = from_parts(RemovalCost, *to_parts(found, "removal"), "removal")
    assert again.sentence == found.sentence
    np.testing.assert_array_equal(again.cost, found.cost)
