"""The moments route and the row route are two ways to the same grid."""

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.grid import fit_grid
from shrinkwise.testing import problems
from tests.grid.splits import folds
from tests.problem.penalized import MODES, PENALTIES, SHARES, cases, options

TALL = [case for case in problems() if case.X.shape[0] > case.X.shape[1]]
TIGHT = 1e-11


@pytest.mark.parametrize(
    ("kind", "mode"), [(kind, "plain") for kind in PENALTIES] + [("elastic net", mode) for mode in MODES]
)
@pytest.mark.parametrize("every", SHARES)
def test_both_routes_agree(take, kind, mode, every):
    for case in cases("squared", kind, mode, every):
        if case.X.shape[0] <= case.X.shape[1]:
            continue
        penalty = options(kind, case.X.shape[1])
        l1_ratio = penalty.pop("l1_ratio", 1.0)
        arguments = {
            "l1_ratios": (l1_ratio,),
            "alphas": 8,
            "sample_weight": case.weights,
            "tol": TIGHT,
            "extend": False,
            **penalty,
            **MODES[mode],
        }
        found = {}
        for name in ("moments", "rows"):
            take(name)
            found[name] = fit_grid(case.X, case.y, folds(len(case.y)), **arguments)
        one, other = found["moments"], found["rows"]
        assert one.all_converged, case
        assert other.all_converged, case
        np.testing.assert_allclose(one.alphas, other.alphas, rtol=1e-10)
        np.testing.assert_allclose(one.null_score, other.null_score, rtol=1e-10)
        np.testing.assert_allclose(one.center, other.center, rtol=1e-12, atol=1e-12 * np.abs(case.dense).max())
        np.testing.assert_allclose(one.scale, other.scale, rtol=1e-9)
        np.testing.assert_array_equal(one.scale == 0, other.scale == 0)
        assert one.fold_weights.tolist() == other.fold_weights.tolist()
        # ½ mean (η − η*)² ≤ gap: predictions on training rows differ by 2 √(2 gap) of the null loss at the most
        near = 2 * np.sqrt(2 * TIGHT)
        s = np.ones(len(case.y)) if case.weights is None else case.weights
        null = np.average((case.y - np.average(case.y, weights=s) * one.standardize) ** 2, weights=s)
        for fold in range(-1, 3):
            rows = slice(None) if fold < 0 else folds(len(case.y))[fold][0]
            eta, other_eta = (
                grid.coefs[0][fold].toarray() @ case.dense[rows].T + grid.intercepts[0, :, [fold]].T
                for grid in (one, other)
            )
            apart = np.sqrt(np.average((eta - other_eta) ** 2, weights=s[rows], axis=1))
            assert np.max(apart) <= 4 * near * np.sqrt(null), (case, fold)
        np.testing.assert_allclose(one.train_score, other.train_score, rtol=1e-5, atol=1e-9 * null)
        np.testing.assert_allclose(one.test_score, other.test_score, rtol=1e-4, atol=1e-8 * null)


def test_both_routes_fit_without_a_penalty_alike(take):
    for case in TALL[:4]:
        found = {}
        for name in ("moments", "rows"):
            take(name)
            found[name] = fit_grid(
                case.X, case.y, folds(len(case.y)), alphas=3, sample_weight=case.weights, extend=False
            ).unpenalized
        one, other = found["moments"], found["rows"]
        np.testing.assert_allclose(one.coef, other.coef, rtol=1e-7)
        np.testing.assert_allclose(one.train_score, other.train_score, rtol=1e-7)
        np.testing.assert_allclose(one.test_score, other.test_score, rtol=1e-7)
        assert one.converged
        assert other.converged


def test_sparse_and_dense_tables_give_the_same_grid(route):
    case = next(case for case in TALL if case.name == "sparse")
    arguments = {"l1_ratios": (0.6,), "alphas": 8, "tol": 1e-12}
    grids = [fit_grid(X, case.y, folds(60), **arguments) for X in (case.dense, case.X, case.X.tocsr(), case.X.tocoo())]
    for other in grids[1:]:
        np.testing.assert_allclose(other.alphas, grids[0].alphas, rtol=1e-12)
        np.testing.assert_allclose(other.test_score, grids[0].test_score, rtol=1e-6)
        np.testing.assert_array_equal(other.support_size, grids[0].support_size)


@pytest.mark.parametrize("kind", ["float32", "int64", "strided", "Fortran"])
def test_layout_and_number_type_do_not_matter(route, kind):
    case = TALL[0]
    X = np.round(32 * case.X)
    given = {
        "float32": X.astype(np.float32),
        "int64": X.astype(np.int64),
        "strided": np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2],
        "Fortran": np.asfortranarray(X),
    }[kind]
    arguments = {"alphas": 8, "tol": 1e-12}
    expected = fit_grid(X, case.y, folds(40), **arguments)
    found = fit_grid(given, case.y, folds(40), **arguments)
    np.testing.assert_allclose(found.alphas, expected.alphas, rtol=1e-12)
    np.testing.assert_allclose(found.test_score, expected.test_score, rtol=1e-7)


def test_a_target_of_any_number_type_is_read_in_double_precision(route):
    case = TALL[0]
    y = np.round(16 * case.y) / 16
    expected = fit_grid(case.X, y, folds(40), alphas=6)
    for given in (y.astype(np.float32), y.tolist()):
        found = fit_grid(case.X, given, folds(40), alphas=6)
        np.testing.assert_array_equal(found.test_score, expected.test_score)


def test_a_gram_that_loses_its_digits_is_left_for_the_rows():
    """Nearly equal columns: their moments certify nothing, the rows do, and the caller sees no difference."""
    rng = np.random.default_rng(0)
    common = rng.standard_normal((50, 1))
    X = common + 1e-9 * rng.standard_normal((50, 4))
    y = common[:, 0] + 0.1 * rng.standard_normal(50)
    grid = fit_grid(X, y, folds(50), alphas=10)
    assert grid.all_converged
    assert grid.max_gap <= 1e-6


def test_moments_are_refused_where_squares_would_overflow():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 3)) * np.array([1e200, 1.0, 1e-200])
    y = X[:, 0] * 1e-200 + X[:, 2] * 1e200 + 0.1 * rng.standard_normal(40)
    grid = fit_grid(X, y, folds(40), alphas=10)
    plain = fit_grid(X / np.array([1e200, 1.0, 1e-200]), y, folds(40), alphas=10)
    assert grid.all_converged
    np.testing.assert_allclose(grid.test_score, plain.test_score, rtol=1e-4)
    np.testing.assert_array_equal(grid.support_size, plain.support_size)
    sparse_grid = fit_grid(sparse.csc_array(X), y, folds(40), alphas=10)
    np.testing.assert_allclose(sparse_grid.test_score, plain.test_score, rtol=1e-4)
