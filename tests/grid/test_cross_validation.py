"""Cross-validated errors are what fold by fold brute force gives."""

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet as SklearnElasticNet
from sklearn.preprocessing import StandardScaler

from shrinkwise.grid import fit_grid
from shrinkwise.losses import LOSSES
from shrinkwise.path import solve
from shrinkwise.penalties import ElasticNet
from tests.grid.splits import N, every_kind

KINDS = list(every_kind(y=np.arange(N) % 2))
ALPHAS = [0.5, 0.02]


def data(loss="squared", seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N, 5)) * np.array([1.0, 10.0, 0.1, 1.0, 3.0]) + np.array([0.0, 5.0, 0.0, -2.0, 1.0])
    eta = X @ np.array([1.0, -0.1, 3.0, 0.0, 0.0])
    if loss == "squared":
        return X, 4.0 + eta + rng.standard_normal(N)
    y = (rng.uniform(size=N) < 1 / (1 + np.exp(-eta))).astype(float)
    y[:4] = y[-4:] = 0, 1, 0, 1
    return X, y


def weights_of(kind):
    rng = np.random.default_rng(1)
    return {
        "no weights": None,
        "weights": np.where(np.arange(N) % 5 == 2, 0.0, rng.uniform(0.1, 3.0, N)),
    }[kind]


def numbers(rows):
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows


@pytest.mark.parametrize("weighting", ["no weights", "weights"])
@pytest.mark.parametrize("kind", KINDS)
def test_squared_errors_equal_scikit_learn_fold_by_fold(route, kind, weighting):
    X, y = data()
    weights = weights_of(weighting)
    splits = every_kind(y=np.arange(N) % 2)[kind]
    grid = fit_grid(X, y, splits, l1_ratios=(0.4, 1.0), alphas=ALPHAS, sample_weight=weights, tol=1e-12)
    s = np.ones(N) if weights is None else weights
    assert grid.test_score.shape == (2, 2, len(splits))
    for fold, (train, test) in enumerate(splits):
        train, test = numbers(train), numbers(test)
        scaler = StandardScaler().fit(X[train], sample_weight=s[train])
        for ratio, l1_ratio in enumerate((0.4, 1.0)):
            for a, alpha in enumerate(ALPHAS):
                model = SklearnElasticNet(alpha=alpha, l1_ratio=l1_ratio, tol=1e-14, max_iter=100_000)
                model.fit(scaler.transform(X[train]), y[train], sample_weight=s[train])
                for rows, score in ((test, grid.test_score), (train, grid.train_score)):
                    error = np.average((y[rows] - model.predict(scaler.transform(X[rows]))) ** 2, weights=s[rows])
                    assert score[ratio, a, fold] == pytest.approx(error, rel=1e-6), (fold, l1_ratio, alpha)
        mean = np.average(y[train], weights=s[train])
        null = np.average((y[test] - mean) ** 2, weights=s[test])
        assert grid.null_score[fold] == pytest.approx(null, rel=1e-10)
    held_out = np.array([s[numbers(test)].sum() for _, test in splits])
    np.testing.assert_allclose(grid.fold_weights, held_out / held_out.sum(), rtol=1e-14)


@pytest.mark.parametrize("weighting", ["no weights", "weights"])
@pytest.mark.parametrize("kind", KINDS)
def test_log_losses_equal_separate_fits(kind, weighting):
    X, y = data("logistic")
    weights = weights_of(weighting)
    splits = every_kind(y=np.arange(N) % 2)[kind]
    grid = fit_grid(X, y, splits, loss="logistic", l1_ratios=(0.7,), alphas=ALPHAS, sample_weight=weights, tol=1e-12)
    s = np.ones(N) if weights is None else weights
    for fold, (train, test) in enumerate(splits):
        train, test = numbers(train), numbers(test)
        for a, alpha in enumerate(ALPHAS):
            alone = solve(
                X[train],
                y[train],
                loss=LOSSES["logistic"],
                penalty=ElasticNet(0.7),
                alpha=alpha,
                sample_weight=s[train],
                tol=1e-12,
            )
            for rows, score in ((test, grid.test_score), (train, grid.train_score)):
                eta = X[rows] @ alone.coef + alone.intercept
                error = np.average(np.logaddexp(0, eta) - y[rows] * eta, weights=s[rows])
                assert score[0, a, fold] == pytest.approx(error, rel=1e-5), (fold, alpha)
        rate = np.average(y[train], weights=s[train])
        null = np.average(-np.log(np.where(y[test] > 0, rate, 1 - rate)), weights=s[test])
        assert grid.null_score[fold] == pytest.approx(null, rel=1e-12)


def test_scores_are_those_of_the_reported_coefficients(loss):
    X, y = data(loss)
    splits = every_kind()["shuffled"]
    grid = fit_grid(X, y, splits, loss=loss, l1_ratios=(0.5, 1.0), alphas=6)
    for ratio in range(2):
        for a in range(6):
            for fold, (train, test) in enumerate(splits):
                eta = X @ grid.coef(ratio, a, fold) + grid.intercept(ratio, a, fold)
                score = (y - eta) ** 2 if loss == "squared" else np.logaddexp(0, eta) - y * eta
                assert grid.test_score[ratio, a, fold] == pytest.approx(score[test].mean(), rel=1e-10)
                assert grid.train_score[ratio, a, fold] == pytest.approx(score[train].mean(), rel=1e-10)


def test_a_row_outside_of_a_fold_does_not_leak_into_it(route):
    """Scaling, alpha grid and fit of a training set are the same whatever the held-out rows hold."""
    X, y = data()
    rows = np.arange(N)
    splits = [(rows[:40], rows[40:])]
    one = fit_grid(X, y, splits, alphas=ALPHAS, tol=1e-12)
    X[40:] *= 7.0
    y[40:] += 100.0
    other = fit_grid(X, y, splits, alphas=ALPHAS, tol=1e-12)
    for a in range(2):
        np.testing.assert_allclose(other.coef(0, a, 0), one.coef(0, a, 0), rtol=1e-7, atol=1e-10)
        assert other.intercept(0, a, 0) == pytest.approx(one.intercept(0, a, 0), rel=1e-7)
