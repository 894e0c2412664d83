"""The relaxed lasso against its definition: a lasso, least squares on its support, and what lies between."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import PoissonRegressor

from shrinkwise import LinearClassifierCV, LinearRegressorCV, UsageError
from shrinkwise.grid import fit_grid
from tests.grid.splits import folds

N = 120
SHARES = (1.0, 0.4, 0.0)


def data(p=12, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N, p)) + 0.5 * rng.standard_normal((N, 1))
    return X, X[:, :4] @ np.array([3.0, 1.5, 0.0, -2.0]) + rng.standard_normal(N)


@pytest.mark.parametrize("tall", [True, False])
def test_each_line_lies_between_the_lasso_and_least_squares_on_its_support(monkeypatch, tall):
    monkeypatch.setattr("shrinkwise.path.choose._is_tall", lambda task: tall)
    X, y = data()
    s = np.random.default_rng(2).uniform(0.5, 2.0, N)
    splits = folds(N)
    options = {"alphas": [1.0, 0.3, 0.05], "l1_ratios": (1.0, 0.5), "sample_weight": s, "tol": 1e-12}
    plain = fit_grid(X, y, splits, **options)
    grid = fit_grid(X, y, splits, relax=SHARES, **options)
    np.testing.assert_array_equal(grid.relax, [*SHARES, *SHARES])
    np.testing.assert_array_equal(grid.l1_ratios, np.repeat([1.0, 0.5], 3))
    for fold, (train, test) in enumerate([*splits, (np.arange(N), np.arange(N))]):
        for line, share in enumerate(grid.relax):
            for a in range(3):
                w = plain.coef(line // 3, a, fold)
                inside = np.append(np.flatnonzero(w), -1)
                Z = np.column_stack([X, np.ones(N)])[train][:, inside] * np.sqrt(s[train])[:, None]
                free = np.zeros(13)
                free[inside] = np.linalg.lstsq(Z, y[train] * np.sqrt(s[train]), rcond=None)[0]
                both = share * np.append(w, plain.intercept(line // 3, a, fold)) + (1 - share) * free
                np.testing.assert_allclose(grid.coef(line, a, fold), both[:-1], atol=1e-9)
                assert grid.intercept(line, a, fold) == pytest.approx(both[-1], abs=1e-9)
                if fold < 3:
                    error = np.average((y[test] - X[test] @ both[:-1] - both[-1]) ** 2, weights=s[test])
                    assert grid.test_score[line, a, fold] == pytest.approx(error, rel=1e-9)


def test_a_generalized_model_is_refitted_by_its_own_loss():
    X, y = data()
    counts = np.random.default_rng(4).poisson(np.exp(0.2 * y)).astype(float)
    grid = fit_grid(X, counts, folds(N), loss="poisson", relax=(0.0,), alphas=[0.2], tol=1e-12)
    inside = np.flatnonzero(grid.coef(0, 0))
    peer = PoissonRegressor(alpha=0.0, solver="newton-cholesky", tol=1e-12).fit(X[:, inside], counts)
    np.testing.assert_allclose(grid.coef(0, 0)[inside], peer.coef_, rtol=1e-6)
    assert grid.all_converged


def test_separated_classes_stay_with_the_penalty():
    X, _ = data()
    grid = fit_grid(X, (X[:, 0] > 0).astype(float), folds(N), loss="logistic", relax=(1.0, 0.0), alphas=8, extend=False)
    np.testing.assert_allclose(grid.coef(0, 7), grid.coef(1, 7))
    assert grid.all_converged


def test_a_support_as_large_as_the_rows_is_not_refitted():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((20, 60))
    y = X[:, 0] + rng.standard_normal(20)
    grid = fit_grid(X, y, folds(20, 4), relax=(1.0, 0.0), alphas=40, alpha_min_ratio=1e-4, extend=False)
    large = grid.support_size[0] + 1 >= 20
    assert large.any()
    for a in np.flatnonzero(large):
        np.testing.assert_array_equal(grid.coef(0, a), grid.coef(1, a))


def test_the_estimator_mixes_the_chosen_model_as_the_grid_does():
    X, y = data(p=40)
    model = LinearRegressorCV(cv=5, rule="min", relax=True).fit(X, y)
    chosen = model.result_.select("min")
    assert chosen.relax < 1
    np.testing.assert_allclose(model.coef_, model.result_.coef(chosen.ratio, chosen.index), atol=1e-6)
    assert model.converged_
    plain = LinearRegressorCV(cv=5, rule="min").fit(X, y)
    assert np.count_nonzero(model.coef_) < np.count_nonzero(plain.coef_)


def test_classes_sparse_tables_and_bounds_have_it_too():
    X, y = data()
    noisy = y + 5 * np.random.default_rng(1).standard_normal(N) > 0
    dense = LinearClassifierCV(cv=3, alphas=8, relax=[0.0, 1.0]).fit(X, noisy)
    thin = LinearClassifierCV(cv=3, alphas=8, relax=[0.0, 1.0]).fit(sparse.csr_array(X), noisy)
    np.testing.assert_allclose(dense.coef_, thin.coef_, atol=1e-5)
    held = LinearRegressorCV(cv=3, alphas=20, relax=[0.0], lower=0.0).fit(X, y)
    assert np.all(held.coef_ >= 0)


@pytest.mark.parametrize(
    ("value", "words"),
    [([2], "in \\[0, 1\\], got 2"), ([], "at least one share"), ("x", "'x'"), ([-0.1], "-0.1"), ([np.nan], "nan")],
)
def test_shares_outside_of_their_range_are_refused(value, words):
    X, y = data()
    with pytest.raises(UsageError, match=words):
        LinearRegressorCV(relax=value).fit(X, y)


@pytest.mark.parametrize("options", [{"groups": np.arange(12) // 3}, {"rule": "bic"}])
def test_what_it_cannot_go_with_is_said(options):
    X, y = data()
    with pytest.raises(UsageError, match="leave relax out"):
        LinearRegressorCV(relax=True, **options).fit(X, y)
