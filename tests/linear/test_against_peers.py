"""Coefficients equal those of other packages, each with an algorithm of its own, on problems of any shape.

scikit-learn's closed forms and Newton always; celer, skglm and glum where they are installed (`pip install .[bench]`),
in `make test-long`.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.linear_model import Lasso, LogisticRegression, Ridge

from shrinkwise import LinearClassifier, LinearRegressor

CLOSE = 1e-5  # of the largest coefficient

shapes = {
    "seed": st.integers(0, 100_000),
    "n": st.integers(20, 80),
    "p": st.integers(1, 60),
    "share": st.floats(0.01, 0.9),  # of alpha_max
    "thin": st.booleans(),
    "weighted": st.booleans(),
    "fit_intercept": st.booleans(),
}


def draw(seed, n, p, thin, weighted, **_):
    """Independent columns: coefficients are then as well determined as the objective."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * (rng.uniform(size=(n, p)) < 0.4 if thin else 1.0)
    eta = X[:, :4].sum(axis=1) + 0.3
    y = eta + rng.standard_normal(n)
    labels = (eta + rng.logistic(size=n) > 0).astype(int)
    labels[:2] = 0, 1
    weights = rng.uniform(0.3, 2.0, n) if weighted else np.ones(n)
    return sparse.csc_array(X) if thin else X, y, labels, weights


def top(X, y, weights):
    """alpha_max of centered y, up to the centering of X."""
    s = weights / weights.sum()
    return float(np.max(np.abs(X.T @ (s * (y - s @ y))))) + 1e-3


def close(ours, theirs):
    theirs = np.ravel(theirs)
    np.testing.assert_allclose(np.ravel(ours), theirs, rtol=0, atol=CLOSE * max(1.0, np.max(np.abs(theirs), initial=0)))


def ours(model, alpha, X, y, weights, fit_intercept, **options):
    fitted = model(alpha, fit_intercept=fit_intercept, standardize=False, tol=1e-10, **options).fit(X, y, weights)
    assert fitted.gap_ <= 1e-10
    return fitted


def same(one, other):
    close(one.coef_, other.coef_)
    close(one.intercept_, other.intercept_)


@given(**shapes)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_ridge_equals_the_closed_form(share, fit_intercept, **shape):
    X, y, _, weights = draw(**shape)
    alpha = share * top(X, y, weights)
    solver = "sparse_cg" if sparse.issparse(X) else "svd"
    theirs = Ridge(alpha * weights.sum(), fit_intercept=fit_intercept, solver=solver, tol=1e-12).fit(X, y, weights)
    same(ours(LinearRegressor, alpha, X, y, weights, fit_intercept, l1_ratio=0.0), theirs)


@given(**shapes)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_lasso_equals_coordinate_descent(share, fit_intercept, **shape):
    X, y, _, weights = draw(**shape)
    alpha = share * top(X, y, weights)
    theirs = Lasso(alpha, fit_intercept=fit_intercept, tol=1e-13, max_iter=200_000).fit(X, y, weights)
    same(ours(LinearRegressor, alpha, X, y, weights, fit_intercept), theirs)


@given(**shapes)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_logistic_ridge_equals_newton(share, fit_intercept, **shape):
    X, _, labels, weights = draw(**shape)
    alpha = share * top(X, labels, weights)
    theirs = LogisticRegression(
        C=1 / (alpha * weights.sum()), solver="newton-cholesky", tol=1e-10, fit_intercept=fit_intercept
    )
    theirs.fit(X.toarray() if sparse.issparse(X) else X, labels, weights)
    same(ours(LinearClassifier, alpha, X, labels, weights, fit_intercept, l1_ratio=0.0), theirs)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@given(**shapes, l1_ratio=st.sampled_from([0.2, 0.6, 1.0]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_glum_agrees(share, fit_intercept, l1_ratio, **shape):
    glum = pytest.importorskip("glum")
    X, y, labels, weights = draw(**shape)
    counts = np.random.default_rng(shape["seed"]).poisson(np.exp(np.clip(0.3 * y, -3, 2))).astype(float)
    cases = [
        ("normal", LinearRegressor, y, {}),
        ("binomial", LinearClassifier, labels, {}),
        ("poisson", LinearRegressor, counts, {"loss": "poisson"}),
    ]
    for family, model, target, options in cases:
        alpha = share * top(X, target, weights)
        theirs = glum.GeneralizedLinearRegressor(
            alpha=alpha,
            l1_ratio=l1_ratio,
            family=family,
            fit_intercept=fit_intercept,
            gradient_tol=1e-9,
            max_iter=3000,
            scale_predictors=False,
        )
        table = sparse.csc_matrix(X) if sparse.issparse(X) else X
        theirs.fit(table, target.astype(float), sample_weight=weights)
        same(ours(model, alpha, X, target, weights, fit_intercept, l1_ratio=l1_ratio, **options), theirs)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@given(**{**shapes, "weighted": st.just(False)}, l1_ratio=st.sampled_from([0.5, 1.0]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_celer_agrees(share, fit_intercept, l1_ratio, **shape):
    celer = pytest.importorskip("celer")
    X, y, labels, weights = draw(**shape)
    table = sparse.csc_matrix(X) if sparse.issparse(X) else np.asfortranarray(X)
    alpha = share * top(X, y, weights)
    theirs = celer.ElasticNet(alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-12, max_iter=1000)
    same(ours(LinearRegressor, alpha, X, y, weights, fit_intercept, l1_ratio=l1_ratio), theirs.fit(table, y))
    alpha = share * top(X, labels, weights)
    theirs = celer.LogisticRegression(C=1 / (alpha * len(labels)), fit_intercept=False, tol=1e-12, max_iter=1000)
    same(ours(LinearClassifier, alpha, X, labels, weights, False), theirs.fit(table, labels))


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@given(**{**shapes, "weighted": st.just(False)}, l1_ratio=st.sampled_from([0.5, 1.0]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_skglm_agrees(share, fit_intercept, l1_ratio, **shape):
    skglm = pytest.importorskip("skglm")
    X, y, labels, weights = draw(**shape)
    table = sparse.csc_matrix(X) if sparse.issparse(X) else np.asfortranarray(X)
    alpha = share * top(X, y, weights)
    theirs = skglm.ElasticNet(alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-10, max_iter=1000)
    same(ours(LinearRegressor, alpha, X, y, weights, fit_intercept, l1_ratio=l1_ratio), theirs.fit(table, y))
    alpha = share * top(X, labels, weights)
    theirs = skglm.SparseLogisticRegression(alpha, fit_intercept=fit_intercept, tol=1e-10, max_iter=1000)
    same(ours(LinearClassifier, alpha, X, labels, weights, fit_intercept), theirs.fit(table, labels))
