"""Working sets, screening, passes, shared and reused Hessians, threads: without them the answer is the same."""

import numpy as np
import pytest

from shrinkwise.engines import LocalEngine
from shrinkwise.grid import fit_grid
from shrinkwise.path.curved_walk import CurvedWalk
from shrinkwise.path.strides import Strides
from shrinkwise.solvers.shared import SharedHessian
from tests.grid.splits import folds

SWITCHES = {
    "working sets": lambda m: m.setattr("shrinkwise.path.lockstep.SMALL", 10**9),
    "strides": lambda m: m.setattr(Strides, "serve", staticmethod(lambda lockstep: False)),
    "models": lambda m: m.setattr("shrinkwise.path.curved_walk.STEPS", 0),
    "passes": lambda m: m.setattr("shrinkwise.path.lockstep.CHEAP", 10**18),
    "shared Hessians": lambda m: m.setattr(SharedHessian, "serves", staticmethod(lambda design, weights: False)),
    "reused Hessians": lambda m: (
        m.setattr("shrinkwise.solvers.newton.REUSE", 1e-300),
        m.setattr("shrinkwise.solvers.passes.STALE", 1e-300),
        m.setattr("shrinkwise.path.curved_walk.STALE", 1e-300),
    ),
    "foreseen starts": lambda m: m.setattr(CurvedWalk, "_foresee", lambda self, alpha: None),
    "threads": lambda m: m.setattr("shrinkwise.path.lockstep.WORTH_A_THREAD", 10**18),
}
SHAPES = {"tall": (1800, 50), "wide": (50, 1200)}


def grid(loss, shape):
    n, p = SHAPES[shape]
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p)) + 0.5 * rng.standard_normal((n, 1))
    eta = X[:, :5] @ np.array([1.0, -1.0, 0.5, 0.5, -0.3])
    y = {
        "squared": lambda: eta + rng.standard_normal(n),
        "logistic": lambda: (eta + rng.standard_normal(n) > 0).astype(float),
        "poisson": lambda: rng.poisson(np.exp(0.3 * eta)).astype(float),
    }[loss]()
    options = {"alphas": 6, "alpha_min_ratio": 0.1, "extend": False, "unpenalized": False, "tol": 1e-8}
    return fit_grid(X, y, folds(n), loss=loss, engine=LocalEngine(2), **options)


@pytest.fixture(scope="module")
def with_all():
    known = {}

    def of(loss, shape):
        if (loss, shape) not in known:
            known[loss, shape] = grid(loss, shape)
        return known[loss, shape]

    return of


@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson"])
def test_what_makes_fits_fast_changes_no_answer(monkeypatch, with_all, loss, shape, switch):
    monkeypatch.setattr("shrinkwise.path.choose._is_tall", lambda task: False)
    expected = with_all(loss, shape)
    SWITCHES[switch](monkeypatch)
    found = grid(loss, shape)
    assert expected.all_converged
    assert found.all_converged
    np.testing.assert_allclose(found.alphas, expected.alphas, rtol=1e-12)
    np.testing.assert_allclose(found.test_score, expected.test_score, rtol=2e-4)  # errors go with the root of the gap
    same = np.count_nonzero(found.support_size == expected.support_size)
    assert same >= found.support_size.size - 2  # a feature about to come in may be a hair early
