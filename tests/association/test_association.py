"""What features outside of a model miss, against plain NumPy."""

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.association import associate
from shrinkwise.losses import as_loss
from shrinkwise.losses.cox import CoxLoss
from shrinkwise.path import solve
from shrinkwise.penalties import penalty_of

TIGHT = {"tol": 1e-14, "max_iter": 1000}


def table(n=80, p=7, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 1)) + rng.standard_normal((n, p)) * np.linspace(0.5, 3, p) + 2.0
    eta = X[:, 0] - X[:, 1] - np.mean(X[:, 0] - X[:, 1])
    return X, eta + rng.standard_normal(n), rng.uniform(0.2, 2.0, n)


def target(y, loss):
    if loss == "logistic":
        return (y > 0).astype(float)
    return np.random.default_rng(1).poisson(np.exp(np.clip(0.3 * y, -2, 2))).astype(float) if loss == "poisson" else y


def fitted(X, y, alpha, l1_ratio=1.0, penalty=None, **options):
    penalty = penalty or {}
    solution = solve(X, y, penalty=penalty_of(l1_ratio, **penalty), alpha=alpha, **TIGHT, **options)
    given = {"penalty": penalty, "l1_ratio": l1_ratio, "alpha": alpha, "intercept": solution.intercept}
    return solution.coef, given | options


@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson", "huber:1.3"])
@pytest.mark.parametrize("standardize", [True, False])
def test_slack_and_correlation_are_those_of_the_formulas(loss, standardize):
    X, y, s = table()
    y, kind, s = target(y, loss), as_loss(loss), s / s.sum()
    weights = np.array([1.0, 1, 1, 2, 0.5, 1, 1])
    coef, given = fitted(
        X, y, 0.15, 0.9, {"penalty_weights": weights}, loss=kind, sample_weight=s, standardize=standardize
    )
    found = associate(X, y, coef=coef, **given)
    gradient = kind.for_target(y, s).gradient(y, X @ coef + given["intercept"])
    sd = np.sqrt(s @ (X - s @ X) ** 2)
    unit = sd if standardize else np.ones(7)
    slack = 1 - np.abs((X / unit).T @ (s * gradient)) / (0.15 * 0.9 * weights)
    out = coef == 0
    assert 0 < out.sum() < 7
    np.testing.assert_allclose(found.slack[out], np.clip(slack[out], 0, 1), atol=1e-6)
    Z = (X - s @ X) / sd
    correlation = Z.T @ (s[:, None] * Z) * ~np.eye(7, dtype=bool) * (coef != 0)
    np.testing.assert_array_equal(found.carrier, np.argmax(np.abs(correlation), axis=1))
    np.testing.assert_allclose(found.correlation, correlation[np.arange(7), found.carrier], atol=1e-12)


def test_storage_and_maps_change_nothing():
    X, y, _ = table()
    X[:, 3:] = np.eye(4)[np.random.default_rng(5).integers(4, size=80)]  # levels, two of which are pooled
    T = sparse.csc_array(np.eye(5)[[0, 1, 2, 3, 4, 4, 4]])
    y = y + 2 * X[:, 3]
    coef, given = fitted(X @ T.toarray(), y, 0.1, loss=as_loss("squared"))
    known = associate(X @ T.toarray(), y, coef=coef, **given)
    for stored, linear in ((sparse.csc_array(X @ T.toarray()), None), (X, T), (sparse.csr_array(X), T)):
        found = associate(stored, y, coef=coef, linear=linear, **given)
        np.testing.assert_allclose(found.slack, known.slack, atol=1e-10)
        np.testing.assert_allclose(found.correlation, known.correlation, atol=1e-10)
        np.testing.assert_array_equal(found.carrier, known.carrier)


def test_what_a_bound_holds_is_not_pulled():
    X, y, _ = table()
    coef, given = fitted(X, y, 0.05, penalty={"lower": np.array([-np.inf, 0, 0, 0, 0, 0, 0])}, loss=as_loss("squared"))
    assert coef[1] == 0
    assert associate(X, y, coef=coef, **given).slack[1] == 1


def test_a_group_that_is_out_has_one_slack():
    X, y, _ = table()
    penalty = {"groups": ["a", "a", "b", "b", "b", None, None]}
    coef, given = fitted(X, y, 0.5, penalty=penalty, loss=as_loss("squared"))
    assert not np.any(coef[2:5])
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    pull = np.linalg.norm(Z[:, 2:5].T @ (y - X @ coef - given["intercept"]) / len(y))
    found = associate(X, y, coef=coef, **given)
    np.testing.assert_allclose(found.slack[2:5], 1 - pull / (0.5 * np.sqrt(3)), atol=1e-6)
    banned = associate(X, y, coef=coef, variant={"banned": [3]}, **given)
    assert banned.slack[3] == 1
    doubled = associate(X, y, coef=coef, variant={"factors": np.full(7, 2.0)}, **given)
    np.testing.assert_allclose(1 - doubled.slack[2:5], (1 - found.slack[2:5]) / 2, atol=1e-6)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("loss", ["squared", "multinomial:3"])
def test_the_smallest_slack_of_several_outputs_counts(loss, grouped):
    X, y, _ = table(n=150)
    Y = np.column_stack([y, X[:, 2] - y, y * 0 + X[:, 3]])
    Y = np.eye(3)[np.argmax(Y, axis=1)] if loss != "squared" else Y
    coef, given = fitted(X, Y, 0.25 if loss == "squared" else 0.1, loss=as_loss(loss), grouped_outputs=grouped)
    found = associate(X, Y, coef=coef.reshape(-1, 3).T, **given)
    eta = X @ coef.reshape(-1, 3) + given["intercept"]
    mean = eta if loss == "squared" else np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)
    pull = np.abs(((X - X.mean(axis=0)) / X.std(axis=0)).T @ (Y - mean)) / len(Y) / given["alpha"]
    slack = 1 - (np.linalg.norm(pull, axis=1) if grouped else pull.max(axis=1))
    out = ~np.any(coef.reshape(-1, 3), axis=1)
    assert np.any(out)
    np.testing.assert_allclose(found.slack[out], np.clip(slack[out], 0, 1), atol=1e-5)


def test_a_rejected_feature_comes_in_where_the_slack_of_a_cox_model_ends():
    X, y, s = table(n=150)
    time, event = np.exp(-0.3 * y), (np.arange(150) % 3 > 0).astype(float)
    loss = CoxLoss(time)
    coef, given = fitted(X, event, 0.1, loss=loss, sample_weight=s)
    found = associate(X, event, coef=coef, **given)
    out = np.flatnonzero(coef == 0)
    assert len(out)
    assert np.all(found.slack[out] > 0)
    assert np.all(np.abs(found.correlation) <= 1)
    for j in out:  # with its penalty just below its gradient it comes in, just above it does not
        for factor, comes in ((0.98, True), (1.02, False)):
            weights = np.ones(7)
            weights[j] = factor * (1 - found.slack[j])
            again, _ = fitted(X, event, 0.1, 1.0, {"penalty_weights": weights}, loss=loss, sample_weight=s)
            assert (again[j] != 0) == comes


def test_a_constant_column_and_a_model_of_nothing_have_no_carrier():
    X, y, _ = table()
    X[:, 4] = 3.0
    coef, given = fitted(X, y, 0.3, loss=as_loss("squared"))
    found = associate(X, y, coef=coef, **given)
    assert (found.carrier[4], found.correlation[4], found.slack[4]) == (-1, 0.0, 1.0)
    nothing = associate(X, y, coef=np.zeros(7), **given | {"intercept": y.mean(), "alpha": 100.0})
    assert np.all(nothing.carrier == -1)


def test_correlations_come_in_blocks(monkeypatch):
    X, y, _ = table()
    coef, given = fitted(X, y, 0.05, loss=as_loss("squared"))
    whole = associate(X, y, coef=coef, **given)
    monkeypatch.setattr("shrinkwise.association.ENTRIES", 8)
    np.testing.assert_array_equal(associate(X, y, coef=coef, **given).carrier, whole.carrier)
