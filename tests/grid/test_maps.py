"""An encoding learned in the fold, as a linear map of one table, is the fold's own encoded table."""

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.grid import fit_grid
from shrinkwise.losses import LOSSES
from shrinkwise.path import solve
from shrinkwise.penalties import ElasticNet
from tests.grid.splits import folds
from tests.oracles.definition import Definition

N, TOL = 90, 1e-12
ALPHAS = [0.2, 0.02]


def encoded_table(far=0.0, seed=0):
    """Z: a number with gaps and its indicator, a plain number, one column for each of 5 levels."""
    rng = np.random.default_rng(seed)
    missing = rng.uniform(size=N) < 0.2
    value = np.where(missing, 0.0, rng.standard_normal(N) + 3.0)
    level = rng.choice(5, N, p=[0.4, 0.3, 0.2, 0.06, 0.04])
    Z = np.column_stack([value, missing, rng.standard_normal(N) + far, level[:, None] == np.arange(5)]).astype(float)
    eta = value + np.array([1.0, -1.0, 0.5, 2.0, 2.0])[level] - 3.0 + 0.8 * (Z[:, 2] - far)
    return Z, eta


def learn(Z, rows):
    """Median imputation, and levels seen fewer than 4 times pooled; one output space for all."""
    linear = np.zeros((8, 9))  # value, indicator, number, 5 levels, other
    present = Z[rows][Z[rows, 1] == 0, 0]
    linear[0, 0], linear[1, 0], linear[1, 1], linear[2, 2] = 1.0, np.median(present), 1.0, 1.0
    for level in range(5):
        seen = Z[rows, 3 + level].sum()
        linear[3 + level, 3 + level if seen >= 4 else 8] = 1.0
    return linear


def prepared(loss, far=0.0):
    Z, eta = encoded_table(far)
    rng = np.random.default_rng(1)
    y = (
        eta + rng.standard_normal(N)
        if loss == "squared"
        else (rng.uniform(size=N) < 1 / (1 + np.exp(-eta))).astype(float)
    )
    splits = folds(N, 4)
    maps = [learn(Z, train) for train, _ in splits] + [learn(Z, np.arange(N))]
    assert len({linear.tobytes() for linear in maps}) > 2  # folds do differ
    return Z, y, splits, maps


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("storage", [np.asarray, sparse.csc_array, sparse.csr_array])
def test_maps_give_what_separately_encoded_tables_give(loss, storage, weighted):
    Z, y, splits, maps = prepared(loss)
    weights = np.random.default_rng(2).uniform(0.2, 2.0, N) if weighted else np.ones(N)
    grid = fit_grid(
        storage(Z),
        y,
        splits,
        loss=loss,
        l1_ratios=(0.5, 1.0),
        alphas=ALPHAS,
        tol=TOL,
        sample_weight=weights if weighted else None,
        maps=[sparse.csc_array(linear) for linear in maps],
    )
    assert grid.coef(0, 0).shape == (9,)
    everyone = (np.arange(N), np.arange(N))
    for fold, (train, test) in enumerate([*splits, everyone]):
        X = Z @ maps[fold]
        for ratio, l1_ratio in enumerate((0.5, 1.0)):
            for a, alpha in enumerate(ALPHAS):
                alone = solve(
                    X[train],
                    y[train],
                    loss=LOSSES[loss],
                    penalty=ElasticNet(l1_ratio),
                    alpha=alpha,
                    sample_weight=weights[train],
                    tol=TOL,
                )
                eta = X @ alone.coef + alone.intercept
                found = X @ grid.coef(ratio, a, fold) + grid.intercept(ratio, a, fold)
                np.testing.assert_allclose(found, eta, atol=1e-5)
                exact = Definition(X[train], y[train], alpha, l1_ratio, weights=weights[train], loss=loss)
                assert exact.gap(grid.coef(ratio, a, fold), grid.intercept(ratio, a, fold)) <= 1e-10
                if fold < len(splits):
                    score = (y - eta) ** 2 if loss == "squared" else np.logaddexp(0, eta) - y * eta
                    error = np.average(score[test], weights=weights[test])
                    assert grid.test_score[ratio, a, fold] == pytest.approx(error, rel=1e-5)


@pytest.mark.parametrize("storage", [np.asarray, sparse.csc_array])
def test_a_column_far_from_zero_keeps_its_digits_through_the_maps(loss, storage):
    far = 1e6
    Z, y, splits, maps = prepared(loss)
    linear = [sparse.csc_array(one) for one in maps]
    near = fit_grid(storage(Z), y, splits, loss=loss, alphas=5, maps=linear, extend=False)
    Z = prepared(loss, far)[0]
    away = fit_grid(storage(Z), y, splits, loss=loss, alphas=5, maps=linear, extend=False)
    np.testing.assert_allclose(away.alphas, near.alphas, rtol=1e-6)
    np.testing.assert_allclose(away.scale, near.scale, rtol=1e-6)
    np.testing.assert_allclose(away.center[2], near.center[2] + far, rtol=1e-12)
    np.testing.assert_allclose(away.test_score, near.test_score, rtol=1e-4)
    np.testing.assert_array_equal(away.support_size, near.support_size)
    assert away.all_converged


def test_a_column_that_a_fold_does_not_have_is_zero_there(loss):
    Z, y, splits, maps = prepared(loss)
    grid = fit_grid(Z, y, splits, loss=loss, alphas=[1e-3], maps=[sparse.csc_array(linear) for linear in maps])
    for fold, linear in enumerate(maps):
        absent = ~np.any(linear, axis=0)
        assert absent.any()
        assert not grid.coef(0, 0, fold if fold < len(splits) else -1)[absent].any()


def test_the_identity_changes_nothing(route):
    Z, y, splits, _ = prepared("squared")
    identity = [sparse.csc_array(sparse.eye_array(8))] * 5
    plain = fit_grid(Z, y, splits, alphas=6, tol=TOL)
    mapped = fit_grid(Z, y, splits, alphas=6, tol=TOL, maps=identity)
    np.testing.assert_allclose(mapped.alphas, plain.alphas, rtol=1e-12)
    np.testing.assert_allclose(mapped.test_score, plain.test_score, rtol=1e-6)
    np.testing.assert_array_equal(mapped.support_size, plain.support_size)
