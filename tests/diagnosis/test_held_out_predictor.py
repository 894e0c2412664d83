import numpy as np
import pytest
from scipy import sparse

from shrinkwise.diagnosis import first_fold, held_out_predictor
from shrinkwise.exceptions import UsageError
from shrinkwise.grid import fit_grid
from shrinkwise.losses import as_loss
from shrinkwise.losses.cox import CoxLoss
from tests.result.networks import network_grid

N, P = 90, 6


def rows(repeats=1, folds=5, left_out=4):
    """Splits of a repeated cross-validation; the last rows are in no test set."""
    splits = []
    for repeat in range(repeats):
        fold = np.random.default_rng(repeat).permutation(N) % folds
        for k in range(folds):
            test = np.flatnonzero((fold == k) & (np.arange(N) < N - left_out))
            splits.append((np.setdiff1d(np.arange(N), test), test))
    return splits


def targets(loss, rng, X):
    eta = 0.6 * X[:, 0] - 0.4 * X[:, 1]
    if loss == "logistic":
        return (rng.random(N) < 1 / (1 + np.exp(-eta))).astype(float)
    if loss == "poisson":
        return rng.poisson(np.exp(eta)).astype(float)
    if loss == "multinomial:3":
        return np.eye(3)[rng.integers(0, 3, N)]
    return eta + rng.normal(size=N)


@pytest.mark.parametrize("storage", [np.asarray, sparse.csc_array, lambda X: X.astype(np.float32)])
@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson", "multinomial:3"])
def test_the_score_of_held_out_predictors_is_that_of_the_grid(loss, storage):
    rng = np.random.default_rng(1)
    X = np.round(rng.normal(size=(N, P)), 2).astype(np.float32)
    y, splits = targets(loss, rng, X), rows(left_out=0)
    offset = rng.normal(size=N) if loss in ("squared", "poisson") else None
    result = fit_grid(storage(X), y, splits, loss=loss, alphas=8, offset=offset, unpenalized=False, extend=False)
    for rule in ("min", "k=1"):
        cell = result.select(rule)
        eta = held_out_predictor(result, cell, storage(X), splits, offset)
        score = as_loss(loss).score(y.ravel(), eta.ravel()).sum() / N
        assert score == pytest.approx(cell.mean, rel=1e-9)
        np.testing.assert_array_equal(eta, held_out_predictor(result, rule, storage(X), splits, offset))


def test_repeats_are_averaged_and_rows_never_held_out_have_none():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(N, P))
    y, splits = targets("squared", rng, X), rows(repeats=2)
    result = fit_grid(X, y, splits, alphas=6, unpenalized=False, extend=False)
    cell = result.select("min")
    eta = held_out_predictor(result, cell, X, splits)
    assert np.all(np.isnan(eta[-4:]))
    fits = [result.intercept(cell.ratio, cell.index, k) + X @ result.coef(cell.ratio, cell.index, k) for k in range(10)]
    for row in (0, 17, 85):
        of_row = [fit[row] for fit, (_, test) in zip(fits, splits, strict=True) if row in test]
        assert len(of_row) == 2
        assert eta[row] == pytest.approx(np.mean(of_row), rel=1e-12)
    assert list(first_fold(splits, N)[-4:]) == [-1] * 4
    assert all(row in splits[fold][1] for row, fold in enumerate(first_fold(splits, N)[:-4]))


def test_columns_are_mapped_as_each_training_set_maps_them():
    rng = np.random.default_rng(3)
    X, splits = rng.normal(size=(N, P)), rows(left_out=0)
    y = targets("squared", rng, X)
    maps = [sparse.csc_array(np.eye(P)[:, :4] * (1 + 0.1 * k)) for k in range(len(splits) + 1)]
    result = fit_grid(X, y, splits, alphas=6, maps=maps, unpenalized=False, extend=False)
    cell = result.select("min")
    eta = held_out_predictor(result, cell, X, splits, maps=maps)
    assert np.mean((y - eta) ** 2) == pytest.approx(cell.mean, rel=1e-9)


def test_predictors_of_cox_are_centered_in_each_fold():
    rng = np.random.default_rng(4)
    X, splits = rng.normal(3.0, 1.0, size=(N, P)), rows(left_out=0)
    time, event = rng.exponential(np.exp(-X[:, 0])), (rng.random(N) < 0.7).astype(float)
    result = fit_grid(X, event, splits, loss=CoxLoss(time), alphas=6, unpenalized=False, extend=False)
    eta = held_out_predictor(result, "min", X, splits)
    cell = result.select("min")
    for fold, (_, test) in enumerate(splits):
        w = result.coef(cell.ratio, cell.index, fold)
        np.testing.assert_allclose(eta[test], (X[test] - X.mean(axis=0)) @ w, atol=1e-12 * np.abs(X @ w).max() * P)


def test_networks_and_other_folds_are_refused():
    X = np.zeros((N, 12))
    with pytest.raises(UsageError, match="networks have no linear predictor"):
        held_out_predictor(network_grid(), "min", X, rows())
    result = fit_grid(np.random.default_rng(0).normal(size=(N, 2)), np.arange(N), rows(), alphas=3)
    with pytest.raises(UsageError, match="the 5 folds of the result, got 4"):
        held_out_predictor(result, "min", X[:, :2], rows()[:4])
