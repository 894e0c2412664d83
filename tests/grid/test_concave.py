"""MCP and SCAD: stationary points of the bent objective on every route, closed forms, and the lasso as a limit."""

import numpy as np
import pytest

from shrinkwise import LinearClassifierCV, LinearRegressorCV, UsageError
from shrinkwise.grid import fit_grid
from shrinkwise.losses import as_loss
from shrinkwise.penalties.concave import CONCAVE, MCP, SCAD, as_concave
from shrinkwise.testing import problems
from tests.grid.splits import folds

N = 120
KINDS = [MCP(3.0), MCP(1.8), SCAD(3.7)]


def data(p=12, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N, p)) + 0.5 * rng.standard_normal((N, 1))
    return X, X[:, :4] @ np.array([3.0, 1.5, 0.0, -2.0]) + rng.standard_normal(N)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_slope_is_the_derivative_of_the_value_strength_at_zero_and_nothing_far_away(kind):
    size, h = np.linspace(0.01, 9.0, 500), 1e-6
    away = np.min(np.abs(size[:, None] - np.array([1.3, 1.3 * kind.gamma])), axis=1) > h  # from the kinks
    slope = kind.slope(size, 1.3)
    difference = (kind.value(size + h, 1.3) - kind.value(size - h, 1.3)) / (2 * h)
    np.testing.assert_allclose(slope[away], difference[away], atol=1e-8)
    assert kind.slope(np.zeros(1), 1.3) == 1.3
    assert not kind.slope(size[size >= 1.3 * kind.gamma], 1.3).any()
    assert np.all(np.diff(slope) <= 0)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_on_orthogonal_columns_fits_have_the_closed_form(route, kind):
    """Zhang 2010, eq. 2.5 (firm threshold) and Fan & Li 2001, eq. 2.8."""
    rng = np.random.default_rng(1)
    Q, _ = np.linalg.qr(np.column_stack([np.ones(64), rng.standard_normal((64, 6))]))
    X = Q[:, 1:] * np.sqrt(64)  # mean 0, sd 1, orthogonal
    y = X @ np.array([4.0, -2.0, 1.5, 0.9, 0.4, 0.0]) + 0.1 * rng.standard_normal(64)
    c = X.T @ y / 64
    grid = fit_grid(X, y, folds(64), concave=kind, alphas=[1.2, 0.8, 0.5], tol=1e-12)
    for a, alpha in enumerate(grid.alphas[0]):
        size, g = np.abs(c), kind.gamma
        soft = np.maximum(size - alpha, 0)
        if kind.name == "mcp":
            expected = np.where(size <= g * alpha, soft / (1 - 1 / g), size)
        else:
            middle = ((g - 1) * size - g * alpha) / (g - 2)
            expected = np.where(size <= 2 * alpha, soft, np.where(size <= g * alpha, middle, size))
        np.testing.assert_allclose(grid.coef(0, a), np.sign(c) * expected, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson", "huber"])
def test_every_fit_is_a_stationary_point(loss, kind):
    """z'residual = p'(|w|; λ) sign(w) where w is not zero, and within λ where it is, on every training set."""
    case = problems(loss)[0]
    splits = folds(40)
    grid = fit_grid(case.X, case.y, splits, loss=loss, concave=kind, alphas=8, tol=1e-11, extend=False)
    of = as_loss(grid.loss)
    assert grid.concave == kind.spec
    assert grid.all_converged
    for fold, train in [*enumerate(train for train, _ in splits), (-1, np.arange(40))]:
        X, y = case.X[train], case.y[train]
        Z = (X - X.mean(axis=0)) / X.std(axis=0)
        for a, alpha in enumerate(grid.alphas[0]):
            coef = grid.coef(0, a, fold)
            eta = X @ coef + grid.intercept(0, a, fold)
            slope = -Z.T @ of.gradient(y, eta) / len(train)
            w = coef * X.std(axis=0)
            size = max(1.0, np.abs(slope).max())
            inside = w != 0
            expected = kind.slope(np.abs(w), alpha) * np.sign(w)
            np.testing.assert_allclose(slope[inside], expected[inside], atol=2e-5 * size)
            assert np.all(np.abs(slope[~inside]) <= alpha + 2e-5 * size)


def test_the_routes_reach_the_same_optima(take):
    X, y = data()
    grids = []
    for name in ("moments", "rows"):
        take(name)
        grids.append(fit_grid(X, y, folds(N), concave="mcp", alphas=30, tol=1e-11))
    np.testing.assert_allclose(grids[0].test_score, grids[1].test_score, rtol=1e-6)
    np.testing.assert_array_equal(grids[0].support_size, grids[1].support_size)


@pytest.mark.parametrize("kind", CONCAVE.values())
def test_a_gamma_without_end_is_the_lasso(route, kind):
    X, y = data()
    alphas = [0.5, 0.1, 0.02]
    bent = fit_grid(X, y, folds(N), concave=kind(1e9), alphas=alphas, tol=1e-12)
    plain = fit_grid(X, y, folds(N), alphas=alphas, tol=1e-12)
    np.testing.assert_allclose(bent.test_score, plain.test_score, rtol=1e-6)


def test_alpha_max_gives_zeros_and_units_of_the_target_do_not_matter(route):
    X, y = data()
    grid = fit_grid(X, y, folds(N), concave="scad", alphas=20)
    scaled = fit_grid(X, 1024.0 * y, folds(N), concave="scad", alphas=20)
    assert grid.support_size[0, 0] == 0
    assert grid.support_size[0, 1] > 0
    np.testing.assert_array_equal(scaled.coef(0, 9), 1024.0 * grid.coef(0, 9))


def test_large_coefficients_are_not_shrunk():
    X, y = data(p=40)
    truth = np.array([3.0, 1.5, 0.0, -2.0])
    plain, bent = (LinearRegressorCV(cv=5, rule="min", concave=kind).fit(X, y) for kind in (None, "mcp"))
    assert np.count_nonzero(bent.coef_) < np.count_nonzero(plain.coef_)
    assert np.abs(bent.coef_[:4] - truth).sum() < np.abs(plain.coef_[:4] - truth).sum()
    assert bent.converged_
    chosen = bent.result_.select("min")
    np.testing.assert_allclose(bent.coef_, bent.result_.coef(chosen.ratio, chosen.index), atol=1e-4)


def test_groups_classes_and_wide_tables_have_it_too():
    X, y = data()
    groups = np.arange(12) // 3
    inside = LinearRegressorCV(cv=4, alphas=20, concave="mcp", groups=groups).fit(X, y).coef_.reshape(4, 3) != 0
    np.testing.assert_array_equal(inside.any(axis=1), inside.all(axis=1))
    assert LinearClassifierCV(cv=4, alphas=10, concave="scad").fit(X, y > 0).converged_
    rng = np.random.default_rng(3)
    wide = rng.standard_normal((80, 600))
    model = LinearRegressorCV(cv=4, alphas=20, concave="mcp").fit(wide, wide[:, :3].sum(axis=1))
    assert set(np.flatnonzero(model.coef_)) >= {0, 1, 2}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("lasso", ["concave must be one of mcp, scad", "lasso"]),
        (3, ["concave must be one of mcp, scad", "3"]),
        ("mcp:1", ["gamma of mcp must be > 1", "1"]),
        ("scad:2", ["gamma of scad must be > 2", "2"]),
        ("mcp:nan", ["gamma of mcp must be > 1", "nan"]),
        ("mcp:many", ["gamma must be a number", "many"]),
    ],
)
def test_bad_input_is_refused_by_name(value, words):
    X, y = data()
    with pytest.raises(UsageError) as caught:
        LinearRegressorCV(concave=value).fit(X, y)
    assert all(word in str(caught.value) for word in words)


def test_a_penalty_is_known_by_its_text():
    assert as_concave(MCP(2.5).spec) == MCP(2.5)
    assert as_concave("scad") == SCAD()
