"""Columns that are proven to stay at zero are not looked at."""

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.grid import fit_grid
from shrinkwise.path.lockstep import Lockstep
from shrinkwise.path.sight import Sight
from tests.grid.splits import folds
from tests.oracles.definition import Definition


def table(seed=0, n=60, p=1500):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) + 0.5 * rng.standard_normal((n, 1))
    X[:, 7] = 2.0
    return X, X[:, :5] @ np.array([2.0, -1.0, 1.0, 0.5, 3.0]) + rng.standard_normal(n)


KINDS = {
    "lasso": {},
    "elastic net": {"l1_ratios": (0.5, 1.0)},
    "weights": {"penalty_weights": np.linspace(0.5, 3.0, 1500)},
    "nonnegative": {"lower": 0.0},
    "own scales": {"standardize": False},
    "no intercept": {"fit_intercept": False},
}


@pytest.mark.parametrize("storage", [np.asarray, sparse.csc_array])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_out_of_sight_would_not_have_changed_the_path(monkeypatch, kind, storage):
    X, y = table()
    looks = []
    look = Lockstep.look
    monkeypatch.setattr(Lockstep, "look", lambda self, *which: looks.append(1) or look(self, *which))
    arguments = {"alphas": 60, "extend": False, "unpenalized": False, "tol": 1e-9} | KINDS[kind]
    some = fit_grid(storage(X), y, folds(60), **arguments)
    few = len(looks)
    monkeypatch.setattr(Sight, "helps", staticmethod(lambda batch: False))
    every = fit_grid(storage(X), y, folds(60), **arguments)
    assert some.all_converged
    assert few < len(looks) - few
    np.testing.assert_allclose(some.test_score, every.test_score, rtol=1e-3)
    for ratio in range(len(some.l1_ratios)):
        for a in range(0, 60, 6):
            np.testing.assert_allclose(some.coef(ratio, a), every.coef(ratio, a), atol=1e-3)


def test_the_gap_of_a_path_that_looks_at_few_columns_is_confirmed():
    X, y = table(1)
    grid = fit_grid(X, y, folds(60), alphas=40, extend=False, unpenalized=False)
    for a in range(0, 40, 5):
        exact = Definition(X, y, float(grid.alphas[0, a]))
        assert exact.gap(grid.coef(0, a), grid.intercept(0, a)) <= 1e-6 + 1e-12
