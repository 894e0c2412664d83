"""Units do not matter."""

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.grid import fit_grid
from shrinkwise.testing import problems
from tests.grid.splits import folds
from tests.problem.penalized import SHARES


@pytest.mark.parametrize("storage", [np.asarray, sparse.csc_array])
@pytest.mark.parametrize("every", SHARES)
def test_powers_of_two_scale_every_bit_of_a_grid(loss, storage, every):
    for case in problems(loss)[storage is np.asarray :: every]:
        n, p = case.X.shape
        columns = 2.0 ** np.random.default_rng(0).integers(-40, 40, p)
        target = 2.0**-37 if loss == "squared" else 1.0
        arguments = {"loss": loss, "alphas": 8, "sample_weight": case.weights, "l1_ratios": (1.0, 0.3)}
        plain = fit_grid(storage(case.dense), case.y, folds(n, 2), ridge_unit=3.0, **arguments)
        scaled = fit_grid(
            storage(case.dense * columns), case.y * target, folds(n, 2), ridge_unit=3.0 * target, **arguments
        )
        np.testing.assert_array_equal(scaled.alphas, plain.alphas * target, err_msg=case.name)
        square = target**2 if loss == "squared" else 1.0
        for name, factor in {
            "test_score": square,
            "train_score": square,
            "null_score": square,
            "gaps": 1.0,
            "intercepts": target,
            "center": columns,
            "scale": columns,
            "target_scale": target,
            "n_iter": 1,
        }.items():
            np.testing.assert_array_equal(
                getattr(scaled, name), getattr(plain, name) * factor, err_msg=f"{case.name}: {name}"
            )
        for a in range(plain.alphas.shape[1]):
            for fold in range(-1, 2):
                for ratio in range(2):
                    np.testing.assert_array_equal(
                        scaled.coef(ratio, a, fold) * columns, plain.coef(ratio, a, fold) * target
                    )
        assert scaled.select("1se").index == plain.select("1se").index
        assert (scaled.unpenalized is None) == (plain.unpenalized is None)
        if plain.unpenalized is not None:
            np.testing.assert_array_equal(scaled.unpenalized.coef * columns, plain.unpenalized.coef * target)
            np.testing.assert_array_equal(scaled.unpenalized.test_score, plain.unpenalized.test_score * square)


CHANGES = {
    "y × 1e6": lambda X, y: (X, 1e6 * y),
    "y × 1e-6": lambda X, y: (X, 1e-6 * y),
    "X × 1e8": lambda X, y: (1e8 * X, y),
    "X × 1e-8": lambda X, y: (1e-8 * X, y),
    "mixed scales": lambda X, y: (X * 10.0 ** np.linspace(-8, 8, X.shape[1]), y),
    "columns + 1e6": lambda X, y: (X + 1e6, y),
    "y + 1e6": lambda X, y: (X, y + 1e6),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_support_does_not_depend_on_units(loss, change):
    if loss == "logistic" and change.startswith("y"):
        return  # classes have no unit
    for case in problems(loss)[:2]:
        n = len(case.y)
        X, y = CHANGES[change](case.X, case.y)
        arguments = {"loss": loss, "alphas": 8, "l1_ratios": (0.5, 1.0)}
        units = [target.std() if loss == "squared" else 1.0 for target in (case.y, y)]
        plain = fit_grid(case.X, case.y, folds(n), ridge_unit=units[0], **arguments)
        changed = fit_grid(X, y, folds(n), ridge_unit=units[1], **arguments)
        assert changed.all_converged
        for rule in ("min", "1se"):
            one, other = plain.select(rule), changed.select(rule)
            assert (one.ratio, one.index) == (other.ratio, other.index), case
            cell = one.ratio, one.index
            assert set(np.flatnonzero(plain.coef(*cell))) == set(np.flatnonzero(changed.coef(*cell)))


def test_a_constant_added_to_the_target_goes_to_the_intercept(route):
    case = problems()[0]
    plain = fit_grid(case.X, case.y, folds(40), alphas=10, tol=1e-12)
    moved = fit_grid(case.X, case.y + 1000.0, folds(40), alphas=10, tol=1e-12)
    np.testing.assert_allclose(moved.intercepts, plain.intercepts + 1000.0, rtol=1e-10)
    np.testing.assert_allclose(moved.test_score, plain.test_score, rtol=1e-6)


@pytest.mark.parametrize("factor", [1e-250, 1e-100, 1e100, 1e250])
def test_weights_have_no_unit(route, factor):
    case = next(case for case in problems() if case.name == "weights")
    plain = fit_grid(case.X, case.y, folds(40), alphas=8, sample_weight=case.weights)
    scaled = fit_grid(case.X, case.y, folds(40), alphas=8, sample_weight=case.weights * factor)
    np.testing.assert_allclose(scaled.test_score, plain.test_score, rtol=1e-6)
    np.testing.assert_allclose(scaled.alphas, plain.alphas, rtol=1e-12)


def test_the_order_of_columns_does_not_matter(loss):
    for case in problems(loss)[:4]:
        n, p = case.X.shape
        order = np.random.default_rng(0).permutation(p)
        plain = fit_grid(case.X, case.y, folds(n), loss=loss, alphas=10, sample_weight=case.weights, tol=1e-10)
        mixed = fit_grid(
            case.X[:, order], case.y, folds(n), loss=loss, alphas=10, sample_weight=case.weights, tol=1e-10
        )
        np.testing.assert_allclose(mixed.test_score, plain.test_score, rtol=1e-3)
        for a in range(0, 10, 3):
            np.testing.assert_array_equal(mixed.coef(0, a) != 0, plain.coef(0, a)[order] != 0)


def test_a_sign_changed_changes_a_sign(loss):
    case = problems(loss)[0]
    signs = np.array([1, -1, 1, -1, -1, 1.0])
    plain = fit_grid(case.X, case.y, folds(40), loss=loss, alphas=10)
    flipped = fit_grid(case.X * signs, case.y, folds(40), loss=loss, alphas=10)
    for a in range(10):
        np.testing.assert_array_equal(flipped.coef(0, a), plain.coef(0, a) * signs)
