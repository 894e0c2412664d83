"""The state of many problems holds each array once."""

import numpy as np

from shrinkwise.design import as_design
from shrinkwise.losses import LOSSES
from shrinkwise.penalties import ElasticNet
from shrinkwise.problem import build_problems
from shrinkwise.solvers.newton import Batch, _side_by_side


def batch(loss):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 4)), rng.standard_normal(60)
    y = y if loss == "squared" else (y > 0).astype(float)
    weights = np.asfortranarray((rng.random((60, 3)) < 0.8).astype(float))
    weights /= weights.sum(axis=0)
    design, unit = as_design(X)
    design = design.standardized(weights)
    options = {"fit_intercept": True, "standardize": True, "column_unit": unit, "unit": 1.0}
    problems = build_problems(design, y, weights, LOSSES[loss], ElasticNet(), **options)
    return Batch(design, problems), weights, y


def test_a_batch_shares_weights_and_targets_with_its_problems():
    for loss in ("squared", "logistic"):
        state, weights, _ = batch(loss)
        assert np.shares_memory(state.weights, weights)
        np.testing.assert_array_equal(state.weights, weights)
        for i, problem in enumerate(state.problems):
            assert np.shares_memory(state.y, problem.y)
            np.testing.assert_array_equal(state.y[:, i], problem.y)


def test_columns_in_another_order_are_not_taken_for_their_array():
    whole = np.asfortranarray(np.arange(12.0).reshape(4, 3))
    for order in ([2, 1, 0], [0, 0, 2], [0, 1]):
        np.testing.assert_array_equal(_side_by_side([whole[:, i] for i in order]), whole[:, order])


def test_residuals_do_not_depend_on_how_rows_are_cut(monkeypatch):
    state, weights, y = batch("logistic")
    state.eta[:] = np.random.default_rng(1).standard_normal(state.eta.shape)
    whole = state.residuals([0, 1, 2])
    monkeypatch.setattr("shrinkwise.solvers.newton.ROWS", 7)
    np.testing.assert_array_equal(state.residuals([0, 2]), whole[:, [0, 2]])
    np.testing.assert_allclose(whole, weights * (y[:, None] - 1 / (1 + np.exp(-state.eta))), atol=1e-16)
