"""Grams of sparse columns that are never formed."""

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.design import as_design
from shrinkwise.grid import fit_grid
from shrinkwise.solvers import factored
from shrinkwise.solvers.factored import Factored, solve_factored
from shrinkwise.solvers.quadratic import violation
from tests.grid.splits import folds
from tests.solvers.test_quadratic import penalty_rows

KINDS = ("lasso", "elastic net", "ridge", "some free", "all free", "nonnegative", "box", "free in a box")


def model(rng, n=90, m=30, centered=True, dependent=False):
    """A factored Gram and the same one formed, of columns of several densities, one of them empty, some rows unread."""
    X = rng.standard_normal((n, m)) * (rng.random((n, m)) < np.linspace(0.05, 1.0, m)) + 0.3 * (rng.random(m) < 0.2)
    X[:, 4] = 0.0
    if dependent:
        X[:, m // 2 :] = X[:, : m - m // 2]
    weights = rng.uniform(0.5, 2.0, n) * (rng.random(n) < 0.9)
    weights /= weights.sum()
    design, _ = as_design(sparse.csc_array(X))
    design = design.standardized(weights[:, None], centered)
    h = weights * rng.uniform(0.1, 1.0, n)
    Z = (X - design.center[:, 0]) / design.divisor[:, 0]
    if centered:
        Z = Z - (h @ Z) / h.sum()
    cols = rng.permutation(m)
    return Factored.of(design, h, cols, centered), (Z.T @ (h[:, None] * Z))[np.ix_(cols, cols)]


@pytest.mark.parametrize("centered", [True, False])
def test_factors_stand_for_the_gram(centered):
    rng = np.random.default_rng(0)
    some, gram = model(rng, centered=centered)
    v, cols = rng.standard_normal(30), np.arange(3, 20, 2)
    np.testing.assert_allclose(some.times(v), gram @ v, atol=1e-13)
    np.testing.assert_allclose(some.diagonal, np.diagonal(gram), atol=1e-13)
    np.testing.assert_allclose(some.take(cols).times(v[cols]), gram[np.ix_(cols, cols)] @ v[cols], atol=1e-13)


@pytest.mark.parametrize("dependent", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_minimum_satisfies_the_optimality_conditions(kind, dependent):
    rng = np.random.default_rng(1)
    some, gram = model(rng, dependent=dependent)
    c = gram @ rng.standard_normal(30)
    rows = penalty_rows(kind, 30, rng).times(0.05 * np.max(np.abs(c)))
    w = np.zeros(30)
    for start in (0.0, 1.0):  # cold, and warm from another strength
        q = c - gram @ w
        assert solve_factored(some, q, w, rows, 1e-10) > 0
        np.testing.assert_allclose(q, c - gram @ w, atol=1e-13)
        assert violation(c - gram @ w, w, rows) <= 2e-10
        rows = rows.times(0.5 + start)


def test_descent_comes_back_before_it_has_read_much(monkeypatch):
    some, gram = model(np.random.default_rng(2))
    c = gram @ np.ones(30)
    answers = []
    for at_once in (factored.AT_ONCE, 1):
        monkeypatch.setattr(factored, "AT_ONCE", at_once)
        w = np.zeros(30)
        assert solve_factored(some, c.copy(), w, penalty_rows("lasso", 30, np.random.default_rng(0)).times(0.01), 1e-12)
        answers.append(w)
    np.testing.assert_allclose(*answers, atol=1e-10)


@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson"])
@pytest.mark.parametrize(
    "arguments", [{}, {"fit_intercept": False}, {"l1_ratios": (0.5, 0.9), "standardize": False}]
)  # no lasso: short columns that are equal share it
def test_a_path_on_factors_is_that_on_grams(monkeypatch, loss, arguments):
    rng = np.random.default_rng(3)
    X = sparse.random_array((120, 400), density=0.05, rng=rng, format="csc")
    X.data = rng.standard_normal(len(X.data))
    eta = X[:, :6] @ np.full(6, 1.5)
    targets = {
        "squared": eta + 0.3 * rng.standard_normal(120),
        "logistic": (eta > 0) * 1.0,
        "poisson": rng.poisson(np.exp(eta.clip(-2, 2))) * 1.0,
    }
    arguments = {
        "l1_ratios": (0.9,),
        "alphas": 12,
        "alpha_min_ratio": 0.05,
        "extend": False,
        "unpenalized": False,
        "tol": 1e-11,
    } | arguments
    results = []
    for fewest in (factored.FEWEST, 1):
        monkeypatch.setattr(factored, "FEWEST", fewest)
        monkeypatch.setattr(factored, "WORTH", 0 if fewest == 1 else factored.WORTH)
        results.append(fit_grid(X, targets[loss], folds(120), loss=loss, **arguments))
    formed, never = results
    assert np.max(never.gaps) <= 1e-9
    np.testing.assert_allclose(never.mean, formed.mean, rtol=1e-5)
