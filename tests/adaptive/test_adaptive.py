"""The adaptive lasso: a lasso on columns divided by their factors, in each fold with its own first fit."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import Lasso

from shrinkwise import LinearClassifierCV, LinearRegressorCV, UsageError
from shrinkwise.adaptive import fit_adaptive_grid
from shrinkwise.grid import fit_grid
from shrinkwise.testing import problems
from tests.grid.splits import folds

N = 120


def data(p=12, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N, p)) + 0.7 * rng.standard_normal((N, 1))
    return X, X[:, :4] @ np.array([3.0, 1.5, 0.0, -2.0]) + rng.standard_normal(N)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("initial", ["ridge", "lasso"])
def test_each_fold_is_a_lasso_on_columns_divided_by_its_own_factors(exponent, initial):
    """|w| f penalized on z is |v| penalized on z/f with w = v/f; the factors come from the rows of the fold alone."""
    X, y = data()
    splits = folds(N, 3)
    alphas = [0.3, 0.1, 0.02]
    grid = fit_adaptive_grid(X, y, splits, exponent=exponent, initial=initial, alphas=alphas, tol=1e-12)
    mix = {"ridge": 0.0, "lasso": 1.0}[initial]
    first = fit_grid(X, y, splits, l1_ratios=(mix,), unpenalized=False, tol=1e-12)
    best = first.select("min")
    for fold, train in [*enumerate(train for train, _ in splits), (-1, np.arange(N))]:
        center, sd = X[train].mean(axis=0), X[train].std(axis=0)
        alone = fit_grid(X[train], y[train], folds(len(train), 3), l1_ratios=(mix,), alphas=[best.alpha], tol=1e-12)
        w = alone.coef(0, 0) * X.std(axis=0)
        size = np.abs(w) / np.abs(w).max()
        for a, alpha in enumerate(grid.alphas[0]):
            Z = (X[train] - center) / sd * size**exponent
            lasso = Lasso(alpha, fit_intercept=False, tol=1e-14, max_iter=100_000).fit(Z, y[train] - y[train].mean())
            np.testing.assert_allclose(grid.coef(0, a, fold), lasso.coef_ * size**exponent / sd, atol=1e-6)


def test_the_routes_agree(monkeypatch):
    X, y = data()
    tall = fit_adaptive_grid(X, y, folds(N), alphas=20)
    monkeypatch.setattr("shrinkwise.path.choose._is_tall", lambda task: False)
    rows = fit_adaptive_grid(X, y, folds(N), alphas=20)
    np.testing.assert_allclose(tall.alphas, rows.alphas, rtol=1e-5)
    np.testing.assert_allclose(tall.test_score, rows.test_score, rtol=1e-4)
    np.testing.assert_allclose(tall.l1_factors, rows.l1_factors, rtol=1e-4)


@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson", "huber"])
def test_every_fit_is_certified_and_alpha_max_gives_zeros(loss):
    case = problems(loss)[0]
    grid = fit_adaptive_grid(case.X, case.y, folds(40), loss=loss, alphas=15)
    assert grid.all_converged
    assert grid.support_size[0, 0] == 0
    assert grid.support_size[0, 1] > 0


def test_what_a_lasso_leaves_out_stays_out():
    X, y = data(p=40)
    grid = fit_adaptive_grid(X, y, folds(N), initial="lasso", alphas=20)
    out = np.isinf(grid.l1_factors)
    assert out.any()
    assert not any(grid.coef(0, a)[out].any() for a in range(grid.alphas.shape[1]))


def test_it_selects_fewer_and_shrinks_less_than_the_lasso():
    X, y = data(p=40)
    plain = LinearRegressorCV(cv=5, rule="min").fit(X, y)
    adaptive = LinearRegressorCV(cv=5, rule="min", adaptive=1.0).fit(X, y)
    assert np.count_nonzero(adaptive.coef_) < np.count_nonzero(plain.coef_)
    truth = np.array([3.0, 1.5, 0.0, -2.0])
    assert np.abs(adaptive.coef_[:4] - truth).sum() < np.abs(plain.coef_[:4] - truth).sum()
    assert adaptive.converged_
    np.testing.assert_allclose(
        adaptive.coef_, adaptive.result_.coef(*_chosen(adaptive)), atol=1e-5
    )  # the refit on the rows has the same penalty


def _chosen(model):
    chosen = model.result_.select("min")
    return chosen.ratio, chosen.index


def test_a_group_is_weighted_by_its_norm():
    X, y = data()
    groups = np.arange(12) // 3
    model = LinearRegressorCV(cv=5, adaptive=1.0, groups=groups).fit(X, y)
    factors = model.result_.l1_factors.reshape(4, 3)
    np.testing.assert_array_equal(factors, factors[:, :1] * np.ones(3))
    inside = (model.coef_ != 0).reshape(4, 3)
    np.testing.assert_array_equal(inside.any(axis=1), inside.all(axis=1))


def test_classes_and_sparse_tables_have_it_too():
    X, y = data()
    dense = LinearClassifierCV(cv=4, alphas=15, adaptive=1.0).fit(X, y > 0)
    thin = LinearClassifierCV(cv=4, alphas=15, adaptive=1.0).fit(sparse.csr_array(X), y > 0)
    np.testing.assert_allclose(dense.coef_, thin.coef_, atol=1e-6)


@pytest.mark.parametrize("value", [0, -1.0, np.nan, np.inf, "1", True])
def test_an_exponent_that_is_not_positive_is_refused(value):
    X, y = data()
    with pytest.raises(UsageError, match="adaptive must be > 0"):
        LinearRegressorCV(adaptive=value).fit(X, y)


def test_several_outputs_and_unknown_first_fits_are_refused():
    X, y = data()
    with pytest.raises(UsageError, match="one predictor a row, got 2 outputs"):
        LinearRegressorCV(adaptive=1.0).fit(X, np.column_stack([y, y]))
    with pytest.raises(UsageError, match='initial must be "ridge" or "lasso", got \'ols\''):
        fit_adaptive_grid(X, y, folds(N), initial="ols")


def test_a_target_without_signal_is_said():
    X, _ = data()
    with pytest.raises(UsageError, match="leaves no feature in"):
        fit_adaptive_grid(X, np.ones(N), folds(N), initial="lasso")
