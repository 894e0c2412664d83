import dataclasses

import numpy as np
import pytest
from scipy import sparse

from shrinkwise._parts import from_parts, to_parts
from shrinkwise.diagnosis import FitStability, fit_stability
from shrinkwise.exceptions import UsageError
from shrinkwise.grid import fit_grid
from tests.diagnosis.refitted import linear
from tests.grid.splits import folds
from tests.result.networks import network_grid

X, Y = linear(n=100, p=6, noise=2.0)


def test_spreads_are_those_of_their_definition():
    result = fit_grid(X, Y, folds(100, 4), l1_ratios=[0.5, 1.0], alphas=12)
    found = fit_stability(result, X)
    for ratio, index in np.ndindex(result.alphas.shape):
        W = np.array([result.coef(ratio, index, fold) * result.scale for fold in range(4)])
        size = np.linalg.norm(W.mean(axis=0))
        spread = np.sqrt(W.var(axis=0, ddof=1).sum()) / size if size else 0.0
        assert found.coef_spread[ratio, index] == pytest.approx(spread, rel=1e-12)
        eta = np.array([X @ result.coef(ratio, index, k) + result.intercept(ratio, index, k) for k in range(4)])
        spread = np.sqrt(eta.var(axis=0, ddof=1).mean()) / eta.mean(axis=0).std() if size else 0.0
        assert found.prediction_spread[ratio, index] == pytest.approx(spread, rel=1e-9)
        scores = result.test_score[ratio, index]
        assert found.score_spread[ratio, index] == pytest.approx(scores.std(ddof=1) / scores.mean())


def test_on_correlated_features_ridge_and_elastic_net_move_less_than_the_lasso():
    """Which of two alike columns the lasso takes is luck; an L2 part takes both. At the lowest error of each mix."""
    lower = []
    for seed in range(10):
        A, y = linear(n=80, p=20, k=5, noise=3.0, correlation=0.9, seed=seed)
        result = fit_grid(A, y, folds(80, 8), l1_ratios=[0.0, 0.5, 1.0], alphas=40, unpenalized=False)
        spread = fit_stability(result).coef_spread
        ridge, mixed, lasso = (spread[line, np.argmin(result.mean[line])] for line in range(3))
        lower.append((ridge < lasso, mixed < lasso))
    assert np.min(np.sum(lower, axis=0)) >= 9  # of 10; by chance alone in 1 of 93


def test_predictions_of_correlated_features_move_less_than_their_coefficients():
    A, y = linear(n=80, p=20, k=5, noise=3.0, correlation=0.9)
    result = fit_grid(A, y, folds(80, 8), alphas=40, unpenalized=False)
    found, best = fit_stability(result, A), result.select("min")
    assert found.prediction_spread[0, best.index] < 0.5 * found.coef_spread[0, best.index]


def test_units_of_columns_change_nothing():
    units = 2.0 ** np.array([-20, 0, 3, 10, -5, 1])
    plain, scaled = (fit_stability(fit_grid(A, Y, folds(100, 4), alphas=12), A) for A in (X, X * units))
    np.testing.assert_allclose(plain.coef_spread, scaled.coef_spread, rtol=1e-9)
    np.testing.assert_allclose(plain.prediction_spread, scaled.prediction_spread, rtol=1e-9)


def test_without_rows_nothing_is_said_of_predictions():
    result = fit_grid(X, Y, folds(100, 4), alphas=12)
    assert fit_stability(result).prediction_spread is None
    assert "predictions" not in fit_stability(result).sentence
    assert "its predictions by" in fit_stability(result, X).sentence


def test_sparse_rows_are_as_good():
    A = np.where(np.abs(X) > 1, X, 0.0)
    result = fit_grid(A, Y, folds(100, 4), alphas=12)
    dense, thin = fit_stability(result, A), fit_stability(result, sparse.csr_array(A))
    np.testing.assert_array_equal(dense.prediction_spread, thin.prediction_spread)


def test_outputs_are_taken_together():
    Z = np.column_stack([Y, 2 * X[:, 3] + Y[::-1]])
    result = fit_grid(X, Z, folds(100, 4), alphas=8)
    found = fit_stability(result, X)
    W = np.array([result.coef(0, 5, fold) * result.scale for fold in range(4)])
    assert found.coef_spread[0, 5] == pytest.approx(
        np.sqrt(W.var(axis=0, ddof=1).sum()) / np.linalg.norm(W.mean(axis=0))
    )
    eta = np.array([X @ result.coef(0, 5, fold).T + result.intercept(0, 5, fold) for fold in range(4)])
    variance = eta.mean(axis=0).var(axis=0).sum() / 2
    assert found.prediction_spread[0, 5] == pytest.approx(np.sqrt(eta.var(axis=0, ddof=1).mean() / variance))
    assert found.frequency.shape == (6,)


def test_features_are_counted_over_the_folds_at_the_chosen_cell():
    result = fit_grid(X, Y, folds(100, 4), alphas=12)
    cell = result.select("min")
    inside = [result.coef(cell.ratio, cell.index, fold) != 0 for fold in range(4)]
    np.testing.assert_array_equal(fit_stability(result, rule="min").frequency, np.mean(inside, axis=0))


def test_each_mix_is_named_at_its_lowest_error():
    result = fit_grid(X, Y, folds(100, 4), l1_ratios=[0.0, 1.0], relax=[0.0, 1.0], alphas=12)
    sentence = fit_stability(result).sentence
    assert sentence.count("(l1_ratio 0)") == sentence.count("(l1_ratio 1)") == 1


def test_a_single_fold_says_nothing():
    found = fit_stability(fit_grid(X, Y, folds(100, 4)[:1], alphas=5), X)
    assert np.all(np.isnan(found.coef_spread))
    assert np.all(np.isnan(found.prediction_spread))
    assert found.sentence == "A single fold does not say how much fits move."


def test_networks_have_a_spread_of_their_inputs_and_of_their_seeds():
    grid = network_grid(folds=3, seeds=2, diverged=[(0, 2, 1)])
    lines = []
    for line in grid.coefs:  # fits 0 … 2 are those of the first seed
        dense = [path.toarray() * (1 + 0.1 * k // 3) for k, path in enumerate(line)]
        lines.append(tuple(sparse.csr_array(path) for path in dense))
    found = fit_stability(dataclasses.replace(grid, coefs=tuple(lines)), np.zeros((4, 99)))
    assert found.prediction_spread is None
    assert np.argwhere(np.isnan(found.coef_spread)).tolist() == [[0, 2]]
    assert "norms of the inputs" in found.sentence
    assert "folds and seeds" in found.sentence
    assert "(l2 0)" in found.sentence
    assert np.all(found.seed_spread[np.isfinite(found.seed_spread)] >= 0)
    assert fit_stability(network_grid(seeds=1)).seed_spread is None


def test_the_spread_of_seeds_is_within_folds():
    grid = network_grid(folds=3, seeds=2)
    by_fold = [sparse.csr_array(grid.coefs[0][0].toarray() * (1 + fold)) for fold in range(3)]
    line = (*by_fold, *by_fold, grid.coefs[0][-1])
    found = fit_stability(dataclasses.replace(grid, coefs=(line, line)))
    assert np.max(found.seed_spread) == 0
    assert found.coef_spread[0, -1] > 0.3


def test_other_columns_are_refused():
    with pytest.raises(UsageError, match=r"X must have the 6 columns of the result, got shape \(100, 5\)"):
        fit_stability(fit_grid(X, Y, folds(100, 4), alphas=5), X[:, :5])


def test_the_record_goes_through_a_file():
    for rows in (X, None):
        found = fit_stability(fit_grid(X, Y, folds(100, 4), alphas=5), rows)
        again = from_parts(FitStability, *to_parts(found, "f"), "f")
        for field in dataclasses.fields(found):
            np.testing.assert_array_equal(getattr(again, field.name), getattr(found, field.name))
