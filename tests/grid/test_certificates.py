"""Every reported gap, recomputed from the definition by other code, in long double."""

import numpy as np
import pytest

from shrinkwise.grid import fit_grid
from shrinkwise.losses import LOSSES
from shrinkwise.path.strides import Strides
from shrinkwise.testing import problems
from tests.grid.splits import folds
from tests.oracles.definition import Definition
from tests.oracles.separation import separable
from tests.problem.penalized import MODES, PENALTIES, SHARES, cases, options

TOL = 1e-6
ROUNDING = 1e-12  # of coefficients on their way to the units of the data, in units of the null loss


def check_all(case, grid, splits, penalty, mode):
    """Every cell of a grid, in every fold."""
    s = np.ones(len(case.y)) if case.weights is None else case.weights
    for fold, train in [*enumerate(train for train, _ in splits), (-1, np.arange(len(case.y)))]:
        if np.all(np.isinf(grid.gaps[..., fold])):  # there is no minimum
            assert grid.loss == "logistic"
            intercept = mode.get("fit_intercept", True)
            assert separable(case.dense[train], case.y[train], s[train], penalty, fit_intercept=intercept)
            continue
        assert np.all(grid.gaps[..., fold] <= TOL)
        for ratio, l1_ratio in enumerate(grid.l1_ratios):
            for a in range(0, grid.alphas.shape[1], 3):
                exact = Definition(
                    case.dense[train],
                    case.y[train],
                    grid.alphas[ratio, a],
                    l1_ratio,
                    weights=s[train],
                    loss=grid.loss,
                    **{key: value for key, value in penalty.items() if key != "l1_ratio"},
                    **mode,
                )
                gap = exact.gap(grid.coef(ratio, a, fold), grid.intercept(ratio, a, fold))
                assert gap <= TOL + ROUNDING, f"{case}: ratio {l1_ratio}, alpha {a}, fold {fold}: {gap}"
                assert gap >= -ROUNDING


@pytest.mark.parametrize(
    ("kind", "mode"), [(kind, "plain") for kind in PENALTIES] + [("elastic net", m) for m in MODES]
)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("every", SHARES)
def test_every_gap_is_confirmed(loss, kind, mode, every):
    for case in cases(loss, kind, mode, every):
        penalty = options(kind, case.X.shape[1])
        splits = folds(len(case.y))
        grid = fit_grid(
            case.X,
            case.y,
            splits,
            loss=loss,
            l1_ratios=(penalty.get("l1_ratio", 1.0),),
            alphas=7,
            sample_weight=case.weights,
            extend=False,
            unpenalized=False,
            **{k: v for k, v in penalty.items() if k != "l1_ratio"},
            **MODES[mode],
        )
        check_all(case, grid, splits, penalty, MODES[mode])


def test_every_gap_of_the_row_route_is_confirmed_for_squares_too(take):
    take("rows")
    for case in problems():
        splits = folds(len(case.y))
        grid = fit_grid(
            case.X, case.y, splits, l1_ratios=(0.2, 1.0), alphas=10, sample_weight=case.weights, extend=False
        )
        check_all(case, grid, splits, {}, {})


def test_gaps_that_are_reported_bound_the_true_ones(loss):
    """At a loose tolerance the gap is far from rounding, so both numbers can be compared."""
    case = problems(loss)[1]
    grid = fit_grid(case.X, case.y, folds(40), loss=loss, alphas=10, tol=1e-2, extend=False)
    for a in range(10):
        # the oracle takes another dual point: both bound what is left to gain, and both are within tol
        exact = Definition(case.X, case.y, grid.alphas[0, a], loss=loss)
        best = fit_grid(case.X, case.y, folds(40), loss=loss, alphas=[grid.alphas[0, a]], tol=1e-10)
        reached = exact.objective(best.coef(0, 0), best.intercept(0, 0))
        here = exact.objective(grid.coef(0, a), grid.intercept(0, a))
        left = float((here - reached) / exact.null_loss)
        assert left <= grid.gaps[0, a, -1] + 1e-10 + ROUNDING
        assert grid.gaps[0, a, -1] <= 1e-2


def test_the_gap_of_the_unpenalized_fit_is_confirmed(loss):
    case = problems(loss)[0]
    grid = fit_grid(case.X, case.y, folds(40), loss=loss, alphas=3)
    free = grid.unpenalized
    assert free.converged
    exact = Definition(case.X, case.y, 0.0, loss=loss)
    assert exact.gap(free.coef, free.intercept) <= TOL + ROUNDING


def test_what_cannot_be_reached_is_not_called_converged(route):
    case = next(case for case in problems() if case.name == "correlated")
    grid = fit_grid(case.X, case.y, folds(40), alphas=10, tol=1e-40)
    assert not grid.all_converged
    assert grid.max_gap > 1e-40
    np.testing.assert_array_equal(grid.converged, grid.gaps <= 1e-40)
    exact = Definition(case.X, case.y, grid.alphas[0, -1])
    assert exact.gap(grid.coef(0, -1), grid.intercept(0, -1)) <= 1e-11  # as good as double precision allows


@pytest.mark.parametrize("tol", [1e-6, 1e-8])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("shape", [(60, 1500), (400, 12)])
def test_fits_of_single_precision_columns_are_optimal_for_their_values(take, monkeypatch, shape, loss, tol):
    """A dual point of scaled residuals bounds the optimum from below; that of a model the definition does not know."""
    take("rows")
    rng = np.random.default_rng(7)
    X = np.asfortranarray(rng.standard_normal(shape) + 3.0, dtype=np.float32)
    signal = X[:, :5].sum(axis=1, dtype=np.float64) - 15 + rng.standard_normal(len(X))
    y = signal if loss == "squared" else (signal > 0).astype(float)
    splits = folds(len(y))
    arguments = {"loss": loss, "alphas": 9, "extend": False, "unpenalized": False}
    grid = fit_grid(X, y, splits, tol=tol, **arguments)
    monkeypatch.setattr("shrinkwise.path.lockstep.CHEAP", np.inf)
    monkeypatch.setattr(Strides, "serve", staticmethod(lambda lockstep: False))
    tight = fit_grid(X, y, splits, tol=1e-10, **arguments)
    assert grid.all_converged
    assert tight.all_converged
    for fold, train in [(0, splits[0][0]), (-1, np.arange(len(y)))]:
        for a in (2, 5, 8):
            exact = Definition(X[train], y[train], grid.alphas[0, a], loss=loss)
            best = tight.coef(0, a, fold), tight.intercept(0, a, fold)
            apart = exact.objective(grid.coef(0, a, fold), grid.intercept(0, a, fold)) - exact.objective(*best)
            known = exact.gap(*best)
            assert known <= 1e-10 + ROUNDING
            assert -known - ROUNDING <= float(apart / exact.null_loss) <= tol + ROUNDING
