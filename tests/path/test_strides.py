"""Several strengths at a time, with one look at all columns, end where one at a time ends."""

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.grid import fit_grid
from shrinkwise.path.strides import Strides
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
def test_strides_end_where_single_steps_end(monkeypatch, kind, storage):
    X, y = table()
    looks = []
    look = Strides._look
    monkeypatch.setattr(Strides, "_look", lambda self, walks: looks.append(1) or look(self, walks))
    arguments = {"alphas": 60, "extend": False, "unpenalized": False, "tol": 1e-9} | KINDS[kind]
    some = fit_grid(storage(X), y, folds(60), **arguments)
    assert some.all_converged
    assert 0 < len(looks) < 40 or storage is sparse.csc_array
    monkeypatch.setattr(Strides, "serve", staticmethod(lambda lockstep: False))
    every = fit_grid(storage(X), y, folds(60), **arguments)
    np.testing.assert_allclose(some.test_score, every.test_score, rtol=1e-3)
    for ratio in range(len(some.l1_ratios)):
        for a in range(0, 60, 6):
            np.testing.assert_allclose(some.coef(ratio, a), every.coef(ratio, a), atol=1e-3)


def target(loss, eta):
    return {
        "squared": eta,
        "logistic": (eta > 0).astype(float),
        "poisson": np.random.default_rng(0).poisson(np.exp(0.2 * eta)).astype(float),
    }[loss]


@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson"])
@pytest.mark.parametrize("kind", ["lasso", "weights", "nonnegative"])
def test_no_fit_of_a_path_in_strides_is_further_from_the_optimum_than_its_gap(loss, kind):
    X, eta = table(1)
    y = target(loss, eta)
    arguments = {"loss": loss, "extend": False, "unpenalized": False} | KINDS[kind]
    grid = fit_grid(X, y, folds(60), alphas=40, **arguments)
    tight = fit_grid(X, y, folds(60), alphas=grid.alphas[0], tol=1e-11, **arguments)
    assert grid.all_converged
    for a in range(0, 40, 5):
        exact = Definition(X, y, float(grid.alphas[0, a]), loss=loss, **KINDS[kind])
        reached, best = (exact.objective(fits.coef(0, a), fits.intercept(0, a)) for fits in (grid, tight))
        assert (reached - best) / exact.null_loss <= grid.gaps[0, a, -1] + 1e-11
        assert exact.gap(tight.coef(0, a), tight.intercept(0, a)) <= 1e-6


@pytest.mark.parametrize("loss", ["logistic", "poisson"])
def test_curved_strides_end_where_single_steps_end(monkeypatch, loss):
    X, eta = table(2)
    arguments = {"loss": loss, "alphas": 30, "extend": False, "unpenalized": False, "l1_ratios": (0.5, 1.0)}
    some = fit_grid(X, target(loss, eta), folds(60), tol=1e-9, **arguments)
    monkeypatch.setattr(Strides, "serve", staticmethod(lambda lockstep: False))
    every = fit_grid(X, target(loss, eta), folds(60), tol=1e-9, **arguments)
    assert some.all_converged
    for ratio in range(2):
        for a in range(0, 30, 3):
            np.testing.assert_allclose(some.coef(ratio, a), every.coef(ratio, a), atol=1e-3)
