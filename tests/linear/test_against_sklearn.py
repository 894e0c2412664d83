"""Coefficients equal scikit-learn's, whose solvers share no line with ours."""

import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.linear_model import ElasticNet, LogisticRegression
from sklearn.preprocessing import StandardScaler

from shrinkwise import LinearClassifier, LinearRegressor
from tests.linear.data import table, weights_of

problems = {
    "seed": st.integers(0, 10_000),
    "p": st.integers(1, 8),
    "share": st.sampled_from([0.003, 0.05, 0.4]),  # of alpha_max
    "l1_ratio": st.sampled_from([1.0, 0.7, 0.1]),
    "weighted": st.booleans(),
    "fit_intercept": st.booleans(),
    "storage": st.sampled_from([np.asarray, sparse.csc_array, sparse.csr_matrix]),
}


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * max(1.0, np.max(np.abs(theirs))))


def thinned(X, storage):
    """Sparse storage is for data with zeros."""
    return storage(X if storage is np.asarray else np.where(np.abs(X) > 0.6, X, 0.0))


@given(**problems)
@settings(max_examples=60, deadline=None)
def test_regression_has_scikit_learns_coefficients(seed, p, share, l1_ratio, weighted, fit_intercept, storage):
    X, y, _ = table(n=50, p=p, seed=seed)
    X = thinned(X, storage)
    weights = weights_of(50, seed) if weighted else None
    alpha = share * np.max(np.abs(X.T @ (y - y.mean()))) / 50
    ours = LinearRegressor(alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, standardize=False)
    ours.fit(X, y, weights)
    theirs = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-12, max_iter=100_000)
    theirs.fit(X, y, weights)
    close(ours.coef_, theirs.coef_)
    close(ours.intercept_, theirs.intercept_)
    close(ours.predict(X), theirs.predict(X))
    assert ours.score(X, y, weights) == pytest.approx(theirs.score(X, y, weights), abs=1e-6)


@given(**problems)
@example(seed=1, p=6, share=0.003, l1_ratio=1.0, weighted=True, fit_intercept=False, storage=np.asarray)
@settings(max_examples=100, deadline=None)
def test_classification_has_scikit_learns_coefficients(seed, p, share, l1_ratio, weighted, fit_intercept, storage):
    X, _, labels = table(n=50, p=p, seed=seed)
    X = thinned(X, storage)
    weights = weights_of(50, seed) if weighted else np.ones(50)
    alpha = max(share * np.max(np.abs(X.T @ (labels - labels.mean()))) / 50, 1e-3)
    ours = LinearClassifier(alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, standardize=False)
    ours.fit(X, labels, weights)
    weights = weights / weights.max()  # saga's step does not know the weights: it is too long for those above 1
    theirs = LogisticRegression(
        C=1 / (alpha * weights.sum()),
        l1_ratio=l1_ratio,
        solver="saga",
        fit_intercept=fit_intercept,
        tol=1e-9,
        max_iter=100_000,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)
        theirs.fit(X.toarray() if sparse.issparse(X) else X, labels, weights)  # saga is inexact on sparse columns
    assert ours.coef_.shape == theirs.coef_.shape
    assert ours.intercept_.shape == np.shape(theirs.intercept_)
    close(ours.coef_, theirs.coef_)
    close(ours.intercept_, theirs.intercept_)
    close(ours.predict_proba(X), theirs.predict_proba(X))
    close(np.exp(ours.predict_log_proba(X)), theirs.predict_proba(X))
    close(ours.decision_function(X), theirs.decision_function(X))
    assert ours.predict(X).dtype == theirs.predict(X).dtype


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("model", [LinearRegressor, LinearClassifier])
def test_standardizing_inside_equals_a_scaler_before(model, l1_ratio):
    X, y, labels = table()
    X = X * 10.0 ** np.arange(-2, 4) + 5
    target = y if model is LinearRegressor else labels
    weights = weights_of(len(X))
    scaler = StandardScaler().fit(X, sample_weight=weights)
    inside = model(0.02, l1_ratio=l1_ratio).fit(X, target, weights)
    before = model(0.02, l1_ratio=l1_ratio, standardize=False).fit(scaler.transform(X), target, weights)
    np.testing.assert_allclose(np.ravel(inside.coef_) * scaler.scale_, np.ravel(before.coef_), atol=1e-7)
    np.testing.assert_allclose(inside.predict(X), before.predict(scaler.transform(X)), atol=1e-6)


def test_predictions_survive_extreme_log_odds():
    X = np.array([[-1.0], [-0.5], [0.5], [1.0]])
    model = LinearClassifier(1e-3).fit(X, [0, 1, 0, 1])
    far = model.predict_log_proba([[1e6], [-1e6]])
    assert np.all(np.isfinite(far))
    np.testing.assert_array_equal(model.predict_proba([[1e6], [-1e6]]), [[0, 1], [1, 0]])
