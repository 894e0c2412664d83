"""Variants of a penalty: a line of the grid for each of them, as the grid of each alone has it."""

import numpy as np
import pytest

from shrinkwise import UsageError, fit_grid
from shrinkwise.testing import problems
from tests.grid.splits import folds

BAN = {"upper": [np.inf, np.inf, 0, np.inf, np.inf, np.inf], "lower": [-np.inf, -np.inf, 0, -np.inf, -np.inf, -np.inf]}
VARIANTS = [{}, BAN, {"penalty_weights": [0.5, 1, 1, 2, 1, 1]}]


def table_of(loss):
    return next(one for one in problems(loss) if one.name == "well-conditioned")


def test_variants_give_the_grids_of_each_alone(loss):
    table, mixes = table_of(loss), (0.5, 1.0)
    given = {"loss": loss, "l1_ratios": mixes, "alphas": [0.1, 0.03, 0.01], "tol": 1e-12}
    together = fit_grid(table.X, table.y, folds(40), variants=VARIANTS, **given)
    assert together.l1_ratios.tolist() == [0.5, 1.0] * 3
    for number, variant in enumerate(VARIANTS):
        alone = fit_grid(table.X, table.y, folds(40), **given, **variant)
        lines = slice(2 * number, 2 * number + 2)
        np.testing.assert_allclose(together.test_score[lines], alone.test_score, rtol=1e-7)
        for own, other in zip(together.coefs[lines], alone.coefs, strict=True):
            for mine, theirs in zip(own, other, strict=True):
                np.testing.assert_allclose(mine.toarray(), theirs.toarray(), atol=1e-6)
    assert together.all_converged


def test_a_banned_feature_stays_at_zero_in_its_own_lines_alone(loss):
    table = table_of(loss)
    grid = fit_grid(table.X, table.y, folds(40), loss=loss, variants=VARIANTS[:2], alphas=[0.001])
    assert all(grid.coef(0, 0, fold)[2] != 0 for fold in range(-1, 3))
    assert all(grid.coef(1, 0, fold)[2] == 0 for fold in range(-1, 3))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"variants": []}, "at least one mapping"),
        (
            {"variants": [{"groups": [0, 0]}]},
            "variants change banned, factors, lower, penalty_weights, upper, got groups",
        ),
        ({"variants": [{}], "relax": (1.0, 0.0)}, "leave out one of them"),
    ],
)
def test_what_variants_cannot_be_is_refused(options, words):
    table = table_of("squared")
    with pytest.raises(UsageError, match=words):
        fit_grid(table.X, table.y, folds(40), **options)


def alone_and_together(table, variant, loss, **options):
    """A grid with one variant, and the same fitted with other options."""
    given = {"loss": loss, "l1_ratios": (0.5, 1.0), "alphas": [0.1, 0.03, 0.01], "tol": 1e-12}
    own = {name: options.pop(name) for name in ("penalty_weights", "lower", "groups") if name in options}
    return (
        fit_grid(table.X, table.y, folds(40), variants=[{}, variant], **given, **own),
        fit_grid(table.X, table.y, folds(40), **given, **(own | options)),
    )


def same(together, alone, first=2):
    np.testing.assert_allclose(together.test_score[first:], alone.test_score, rtol=1e-7)
    np.testing.assert_allclose(together.coefs[-1][-1].toarray(), alone.coefs[-1][-1].toarray(), atol=1e-6)


def test_banned_columns_are_held_at_zero_within_the_bounds_of_the_penalty(loss):
    lower = np.array([-np.inf, 0, -np.inf, 0, -np.inf, 0])
    upper = np.where(np.isin(np.arange(6), [0, 3]), 0.0, np.inf)
    table = table_of(loss)
    together, other = alone_and_together(
        table, {"banned": [0, 3]}, loss, lower=lower
    )[0], fit_grid(
        table.X, table.y, folds(40), loss=loss, l1_ratios=(0.5, 1.0), alphas=[0.1, 0.03, 0.01], tol=1e-12,
        lower=np.where(upper == 0, 0.0, lower), upper=upper,
    )  # fmt: skip
    same(together, other)


def test_factors_multiply_the_weights_of_the_penalty(loss):
    weights, factors = np.array([1.0, 2, 0.5, 1, 1, 3]), np.array([0.5, 1, 2, 1, 3, 1])
    table = table_of(loss)
    together, _ = alone_and_together(table, {"factors": factors}, loss, penalty_weights=weights)
    same(together, fit_grid(
        table.X, table.y, folds(40), loss=loss, l1_ratios=(0.5, 1.0), alphas=[0.1, 0.03, 0.01], tol=1e-12,
        penalty_weights=weights * factors,
    ))  # fmt: skip


@pytest.mark.parametrize("groups", [["a", "a", "b", "b", "b", None], [[0, 1], [2, 3, 4]]])
def test_a_group_goes_on_without_a_banned_column(loss, groups):
    table = table_of(loss)
    together, _ = alone_and_together(table, {"banned": [3]}, loss, groups=groups)
    kept = [0, 1, 2, 4, 5]
    without = fit_grid(
        table.X[:, kept], table.y, folds(40), loss=loss, l1_ratios=(0.5, 1.0), alphas=[0.1, 0.03, 0.01], tol=1e-12,
        groups=["a", "a", "b", "b", None],
    )  # fmt: skip
    np.testing.assert_allclose(together.test_score[2:], without.test_score, rtol=1e-7)


@pytest.mark.parametrize("grouped", [False, True])
def test_a_banned_feature_is_out_for_all_outputs(grouped):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 5))
    Y = X[:, :3] @ rng.standard_normal((3, 2)) + rng.standard_normal((60, 2))
    given = {"alphas": [0.1, 0.02], "grouped_outputs": grouped, "tol": 1e-12}
    grid = fit_grid(X, Y, folds(60), variants=[{}, {"banned": [1]}], **given)
    without = fit_grid(X[:, [0, 2, 3, 4]], Y, folds(60), **given)
    assert np.all(grid.coef(1, 1)[:, 1] == 0)
    np.testing.assert_allclose(grid.test_score[1], without.test_score[0], rtol=1e-7)


STARTS = {
    "lasso": {},
    "ridge": {"l1_ratios": (0.0,)},
    "bounds": {"lower": 0.0},
    "an unpenalized feature": {"penalty_weights": [0.0, 1, 1, 1, 1, 1]},
    "groups": {"groups": ["a", "a", "b", "b", "b", None]},
    "columns as they came": {"standardize": False},
    "without an intercept": {"fit_intercept": False},
}


@pytest.mark.parametrize("options", STARTS.values(), ids=STARTS)
def test_a_start_near_the_fits_gives_the_same_fits(loss, options):
    table, variants = table_of(loss), [{}, {"banned": [0]}, {"banned": [1, 2]}]
    given = {"loss": loss, "tol": 1e-12} | options
    path = fit_grid(table.X, table.y, folds(40), alphas=[0.2, 0.05], **given)
    start = np.vstack([fit[[1]].toarray() for fit in path.coefs[0]])
    cold = fit_grid(table.X, table.y, folds(40), alphas=[0.05, 0.02], variants=variants, **given)
    near = fit_grid(table.X, table.y, folds(40), alphas=[0.05, 0.02], variants=variants, start=start, **given)
    assert near.all_converged
    np.testing.assert_allclose(near.test_score, cold.test_score, rtol=1e-7)
    np.testing.assert_allclose(near.test_score[0, 0], path.test_score[0, 1], rtol=1e-7)


def test_a_start_at_a_local_optimum_stays_there(loss):
    table = table_of(loss)
    given = {"loss": loss, "tol": 1e-12, "concave": "mcp", "alphas": [0.05]}
    cold = fit_grid(table.X, table.y, folds(40), **given)
    start = np.vstack([fit[[0]].toarray() for fit in cold.coefs[0]])
    near = fit_grid(table.X, table.y, folds(40), variants=[{}, {"banned": [0]}], start=start, **given)
    assert near.all_converged
    np.testing.assert_allclose(near.test_score[0], cold.test_score[0], rtol=1e-7)
    assert all(near.coef(1, 0, fold)[0] == 0 for fold in range(-1, 3))


@pytest.mark.parametrize("loss_name", ["multinomial:3", "squared", "poisson", "quantile:0.3"])
def test_a_start_serves_every_kind_of_target(loss_name):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((90, 5))
    eta = X @ [1.0, -0.5, 0, 0.3, 0]
    y = {
        "multinomial:3": np.eye(3)[np.digitize(eta + rng.standard_normal(90), [-0.7, 0.7])],
        "squared": np.column_stack([eta, -eta]) + rng.standard_normal((90, 2)),
        "poisson": rng.poisson(np.exp(0.5 * eta)).astype(float),
        "quantile:0.3": eta + rng.standard_normal(90),
    }[loss_name]
    given = {"loss": loss_name, "alphas": [0.05], "tol": 1e-9}
    path = fit_grid(X, y, folds(90), **given)
    start = np.vstack([fit[[0]].toarray() for fit in path.coefs[0]])
    variants = [{}, {"banned": [0]}, {"banned": [3]}]
    cold, near = (fit_grid(X, y, folds(90), variants=variants, **given, **more) for more in ({}, {"start": start}))
    np.testing.assert_allclose(near.test_score, cold.test_score, rtol=1e-4)
    assert near.all_converged


def test_a_start_shares_hessians_on_tall_and_on_wide_tables():
    rng = np.random.default_rng(2)
    for n, p in ((700, 90), (700, 280), (40, 300)):
        X = rng.standard_normal((n, p))
        y = (X[:, :5].sum(axis=1) + rng.standard_normal(n) > 0).astype(float)
        given = {"loss": "logistic", "alphas": [0.05], "tol": 1e-12}  # scores are off by the root of it
        path = fit_grid(X, y, folds(n), **given)
        start = np.vstack([fit[[0]].toarray() for fit in path.coefs[0]])
        variants = [{}, *({"banned": [j]} for j in range(4))]
        cold, near = (fit_grid(X, y, folds(n), variants=variants, **given, **more) for more in ({}, {"start": start}))
        np.testing.assert_allclose(near.test_score, cold.test_score, rtol=1e-5)
        assert near.all_converged
