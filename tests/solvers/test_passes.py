"""Steps that are one pass over the rows, and the certificate that comes with them."""

import numpy as np
import pytest

from shrinkwise.engines import LocalEngine
from shrinkwise.grid import fit_grid
from shrinkwise.solvers.passes import Passes
from shrinkwise.testing import problems
from tests.grid.splits import folds
from tests.oracles.definition import Definition
from tests.oracles.separation import separable
from tests.problem.penalized import PAIRS, SHARES, cases, options

ROUNDING = 1e-12  # in units of the null loss
GRID = {"loss": "logistic", "alphas": 6, "extend": False}


@pytest.fixture
def forced(monkeypatch):
    """Small tables in many blocks of rows, as if their Hessians cost much."""
    monkeypatch.setattr("shrinkwise.path.lockstep.CHEAP", 0)
    monkeypatch.setattr("shrinkwise.design.dense.ROWS", 16)
    monkeypatch.setattr("shrinkwise.path.lockstep.WORTH_A_THREAD", 1)


def check_minima(grid, case, splits, penalty, mode):
    """A training set without a certificate has no minimum; returns whether all data have one."""
    s = np.ones(len(case.y)) if case.weights is None else case.weights
    intercept = mode.get("fit_intercept", True)
    for fold, train in [*enumerate(train for train, _ in splits), (-1, np.arange(len(case.y)))]:
        if not np.all(grid.converged[..., fold]):
            assert separable(case.dense[train], case.y[train], s[train], penalty, fit_intercept=intercept), (case, fold)
    return bool(np.all(grid.converged[..., -1]))


@pytest.mark.parametrize(("kind", "mode"), PAIRS)
@pytest.mark.parametrize("every", SHARES)
def test_the_gap_bounds_what_is_left_to_gain(forced, monkeypatch, kind, mode, every):
    """Next to the fit at a tolerance a millionth of it, in long double."""
    modes = {"plain": {}, "no intercept": {"fit_intercept": False}, "own scales": {"standardize": False}}
    for case in cases("logistic", kind, mode, every):
        n, p = case.X.shape
        penalty = options(kind, p)
        mix = penalty.pop("l1_ratio", 1.0)
        arguments = GRID | penalty | modes[mode] | {"l1_ratios": (mix,), "sample_weight": case.weights}
        splits = folds(n)
        loose = fit_grid(case.X, case.y, splits, tol=1e-4, **arguments)
        with monkeypatch.context() as ordinary:
            ordinary.setattr("shrinkwise.path.lockstep.CHEAP", np.inf)
            tight = fit_grid(case.X, case.y, splits, tol=1e-10, **arguments)
        if not check_minima(loose, case, splits, penalty, modes[mode]):
            continue
        for a in range(6):
            at = float(loose.alphas[0, a])
            exact = Definition(case.X, case.y, at, mix, weights=case.weights, loss="logistic", **penalty, **modes[mode])
            here, best = (exact.objective(g.coef(0, a), g.intercept(0, a)) for g in (loose, tight))
            left = float((here - best) / exact.null_loss)
            assert left <= loose.gaps[0, a, -1] + ROUNDING, f"{case}: alpha {a}: {left}, {loose.gaps[0, a, -1]}"
            assert left >= -1e-10


def test_the_number_of_threads_changes_no_bit(forced):
    case = problems("logistic")[0]
    grids = [
        fit_grid(case.X, case.y, folds(40), l1_ratios=(0.5, 1.0), engine=LocalEngine(workers), **GRID)
        for workers in (1, 2, 4)
    ]
    for other in grids[1:]:
        for name in ("test_score", "gaps", "intercepts", "n_iter"):
            np.testing.assert_array_equal(getattr(other, name), getattr(grids[0], name))


def test_a_tolerance_beyond_a_pass_is_reached_by_the_other_solver(forced):
    case = problems("logistic")[0]
    grid = fit_grid(case.X, case.y, folds(40), tol=1e-14, **GRID)
    assert grid.all_converged


def test_few_steps_and_fewer_hessians(forced, monkeypatch):
    """A path of many strengths: one or two passes for each of them, and a Hessian for several."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((600, 10))
    y = (rng.uniform(size=600) < 1 / (1 + np.exp(-X[:, :3].sum(axis=1)))).astype(float)
    hessians = []
    refresh = Passes._refresh
    monkeypatch.setattr(Passes, "_refresh", lambda self, which: hessians.extend(which) or refresh(self, which))
    grid = fit_grid(X, y, folds(600), unpenalized=False, **GRID | {"alphas": 100})
    assert grid.all_converged
    assert grid.n_iter.mean() < 2
    assert len(hessians) < 0.5 * grid.n_iter.size


@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
def test_on_wide_tables_the_dual_points_look_at_all_columns(monkeypatch, l1_ratio):
    """Working sets that begin too small grow until no column outside of them pulls too hard."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((60, 400)) + rng.standard_normal((60, 1))
    y = (rng.uniform(size=60) < 1 / (1 + np.exp(-2 * X[:, :4].sum(axis=1)))).astype(float)
    splits = folds(60)
    quick = fit_grid(X, y, splits, l1_ratios=(l1_ratio,), tol=1e-4, unpenalized=False, **GRID)
    monkeypatch.setattr("shrinkwise.path.lockstep.CHEAP", np.inf)
    tight = fit_grid(X, y, splits, l1_ratios=(l1_ratio,), tol=1e-10, unpenalized=False, **GRID)
    assert quick.all_converged
    assert quick.n_iter.sum() < tight.n_iter.sum()
    for fold, train in [*enumerate(train for train, _ in splits), (-1, np.arange(60))]:
        for a in range(6):
            exact = Definition(X[train], y[train], float(quick.alphas[0, a]), l1_ratio, loss="logistic")
            here, best = (exact.objective(g.coef(0, a, fold), g.intercept(0, a, fold)) for g in (quick, tight))
            left = float((here - best) / exact.null_loss)
            assert -1e-10 <= left <= quick.gaps[0, a, fold] + ROUNDING
