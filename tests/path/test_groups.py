"""Random problems with groups, for every loss: what is certified, the definition in long double certifies, too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from shrinkwise.losses import LOSSES
from shrinkwise.path import solve
from shrinkwise.penalties import penalty_of
from tests.oracles.definition import Definition

TOL = 1e-9


def table(rng):
    """Columns that are correlated, sparse, constant, copies or of mixed scales."""
    n, p = rng.integers(8, 40), rng.integers(2, 16)
    X = rng.standard_normal((n, p)) @ (np.eye(p) + rng.integers(2) * rng.standard_normal((p, p)))
    if rng.uniform() < 0.4:
        X = np.where(rng.uniform(size=X.shape) < 0.5, X, 0.0)
    if rng.uniform() < 0.4:
        X[:, rng.integers(p)] = rng.integers(3)
    if rng.uniform() < 0.3:
        X[:, -1] = X[:, 0]
    return X * 10.0 ** rng.integers(-4, 5, p) if rng.uniform() < 0.3 else X


def target(X, loss, rng):
    sd = X.std(axis=0)
    eta = (X - X.mean(axis=0)) / np.where(sd > 0, sd, 1) @ rng.standard_normal(X.shape[1]) / 2
    y = eta + rng.standard_normal(len(X))
    low, high = LOSSES[loss].domain
    if low < 0:
        return y
    y = (y > 0).astype(float) if high == 1 else 0.5 + np.floor(2 * np.exp(np.clip(y, -3, 3)))
    y[:2] = (0.0, 1.0) if high == 1 else (1.0, 2.0)
    return np.floor(y) if loss in ("poisson", "negative_binomial") else y


def penalty(p, rng):
    groups = rng.permutation(np.sort(rng.integers(-1, p // 3 + 1, p)))
    weights = rng.uniform(0.2, 2, p)
    return {
        "groups": groups,
        "sparse_ratio": float(rng.choice([0, 0.3, 0.8])),
        "l1_ratio": float(rng.choice([0.1, 0.5, 1])),
        "penalty_weights": np.where(groups < 0, weights, weights[groups]) if rng.integers(2) else None,
    }


@pytest.mark.parametrize("loss", LOSSES)
@given(st.integers(0, 10**6))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_random_problems_with_groups_are_certified(loss, seed):
    rng = np.random.default_rng(seed)
    X = table(rng)
    y, (n, p) = target(X, loss, rng), X.shape
    weights = [None, rng.uniform(0.1, 2, n), rng.integers(0, 3, n) + np.r_[1, 1, np.zeros(n - 2)]][rng.integers(3)]
    options, alpha = penalty(p, rng), 10.0 ** rng.uniform(-3, 0.5)
    modes = {"fit_intercept": bool(rng.integers(2)), "standardize": bool(rng.integers(2))}
    found = solve(
        sparse.csc_array(X) if rng.integers(2) else X,
        y,
        loss=LOSSES[loss],
        penalty=penalty_of(**options),
        alpha=alpha,
        sample_weight=weights,
        tol=TOL,
        **modes,
    )
    exact = Definition(X, y, alpha, weights=weights, loss=loss, **options, **modes)
    assert found.converged
    assert exact.gap(found.coef, found.intercept) <= TOL + 1e-12
