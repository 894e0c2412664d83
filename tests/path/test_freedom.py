"""Degrees of freedom: the divergence of the fit, its trace by definition, and where columns depend on each other."""

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.grid import fit_grid
from shrinkwise.losses import LOSSES
from shrinkwise.losses.cox import CoxLoss
from shrinkwise.path import MomentsRoute, choose, solve
from shrinkwise.path.freedom import rank, spectrum
from shrinkwise.penalties import ElasticNet, GroupLasso
from tests.grid.splits import folds
from tests.linear.data import table, weights_of
from tests.oracles import cox

STORAGE = (np.asarray, lambda X: sparse.csr_array(np.where(np.abs(X) > 1, X, 0)))


def grid_of(X, y, **options):
    return fit_grid(X, y, folds(len(y)), **({"degrees_of_freedom": True, "alphas": 12} | options))


def by_definition(grid, X, r, a, *, weights, penalty_weights=1.0, intercept=True):
    """tr of the hat matrix, row by row: A (A'WA + αD)⁺ A'W with the intercept as a column of its own."""
    coef = grid.coef(r, a)
    cols = np.flatnonzero(coef)
    s = weights / weights.sum()
    mean, sd = s @ X, np.sqrt(s @ (X - s @ X) ** 2) if intercept else np.sqrt(s @ X**2)
    Z = ((X - mean * intercept) / sd)[:, cols]
    if grid.loss == "logistic":
        mu = 1 / (1 + np.exp(-(X @ coef + grid.intercept(r, a))))
        s = s * mu * (1 - mu)
    d = (grid.alphas[r, a] * (1 - grid.l1_ratios[r]) * (penalty_weights * np.ones(X.shape[1])))[cols]
    if intercept:
        Z, d = np.column_stack([Z, np.ones(len(Z))]), np.append(d, 0.0)
    return np.trace(np.linalg.pinv(Z.T @ (s[:, None] * Z) + np.diag(d), rcond=1e-12) @ (Z.T @ (s[:, None] * Z)))


def test_of_a_partial_likelihood_they_are_the_trace_of_its_own_hessian():
    X, time, event, weights, stratum = cox.sample(n=60, strata=2)
    mean = weights @ X / weights.sum()
    Z = (X - mean) / np.sqrt(weights @ (X - mean) ** 2 / weights.sum())
    grid = grid_of(X, event, loss=CoxLoss(time, stratum), l1_ratios=(0.0, 0.4, 1.0), sample_weight=weights)
    for r in range(3):
        for a in range(12):
            coef = grid.coef(r, a)
            cols = np.flatnonzero(coef)
            H = Z[:, cols].T @ cox.hessian(time, event, weights, stratum, X @ coef) @ Z[:, cols]
            bend = grid.alphas[r, a] * (1 - grid.l1_ratios[r]) * np.eye(len(cols))
            expected = np.trace(np.linalg.solve(H + bend, H))
            assert grid.degrees_of_freedom[r, a] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("storage", STORAGE)
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_they_are_the_trace_of_the_hat_matrix(loss, storage, intercept):
    X, y, labels = table(n=90, p=7, seed=2)
    X, weights = storage(X), weights_of(90)
    target, pi = y if loss == "squared" else labels, np.array([1, 2, 0, 0.5, 1, 1, 0])
    grid = grid_of(
        X,
        target,
        loss=loss,
        l1_ratios=(0.0, 0.4, 1.0),
        sample_weight=weights,
        penalty_weights=pi,
        fit_intercept=intercept,
    )
    dense = X.toarray() if sparse.issparse(X) else X
    for r in range(3):
        for a in range(12):
            expected = by_definition(grid, dense, r, a, weights=weights, penalty_weights=pi, intercept=intercept)
            assert grid.degrees_of_freedom[r, a] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_they_are_the_divergence_of_the_fit(l1_ratio):
    """Stein: Σ ∂ŷᵢ/∂yᵢ, by differences."""
    X, y, _ = table(n=30, p=5, seed=4)
    grid = grid_of(X, y, l1_ratios=(l1_ratio,), alphas=[0.3, 0.05])
    for a, alpha in enumerate(grid.alphas[0]):

        def fitted(target, alpha=alpha):
            found = solve(X, target, loss=LOSSES["squared"], penalty=ElasticNet(l1_ratio), alpha=alpha, tol=1e-14)
            return X @ found.coef + found.intercept

        step = 1e-4
        divergence = sum((fitted(y + e) - fitted(y - e)) @ e for e in step * np.eye(30)) / (2 * step**2)
        assert grid.degrees_of_freedom[0, a] == pytest.approx(divergence, abs=1e-5)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_columns_that_depend_on_each_other_count_once(loss):
    X, y, labels = table(n=120, p=3, seed=5)
    levels = np.eye(4)[np.arange(120) % 4]  # all levels of a text column: they sum to the intercept
    X = np.hstack([X, X[:, :1], levels])
    target = y if loss == "squared" else labels
    grid = grid_of(X, target, loss=loss, alphas=[1e-4], l1_ratios=(1.0, 0.999999))
    lasso, nearly = grid.degrees_of_freedom[:, 0]
    support = np.flatnonzero(grid.coef(0, 0))
    columns = np.column_stack([X[:, support], np.ones(120)])
    assert lasso == np.linalg.matrix_rank(columns)
    assert nearly == pytest.approx(np.linalg.matrix_rank(np.column_stack([X, np.ones(120)])), abs=1e-2)


def test_coefficients_at_a_bound_do_not_count():
    X, y, _ = table(n=60, p=4, seed=6)
    grid = grid_of(X, y, alphas=[1e-6], upper=np.array([0.1, np.inf, np.inf, np.inf]))
    assert grid.coef(0, 0)[0] == 0.1
    assert grid.degrees_of_freedom[0, 0] == 1 + np.count_nonzero(grid.coef(0, 0)) - 1


def test_both_routes_count_the_same(monkeypatch):
    X, y, _ = table(n=100, p=9, seed=7)
    moments = grid_of(X, y, l1_ratios=(0.2, 1.0))
    monkeypatch.setattr(choose, "_is_tall", lambda task: False)
    monkeypatch.setattr(MomentsRoute, "advance", None)
    rows = grid_of(X, y, l1_ratios=(0.2, 1.0))
    np.testing.assert_allclose(moments.degrees_of_freedom, rows.degrees_of_freedom, rtol=1e-5)
    np.testing.assert_allclose(moments.full_deviance, rows.full_deviance, rtol=1e-5)


def test_more_columns_than_rows_have_no_more_degrees_than_rows():
    rng = np.random.default_rng(8)
    X, y = rng.standard_normal((25, 400)), rng.standard_normal(25)
    grid = grid_of(X, y, l1_ratios=(0.0, 0.3, 1.0), alphas=30, alpha_min_ratio=1e-4)
    assert np.all(grid.degrees_of_freedom <= 25)
    assert np.all(grid.degrees_of_freedom >= 1 - 1e-12)
    assert grid.support_size[0].min() > 390


def test_the_rank_does_not_depend_on_scales_and_a_column_of_zeros_has_none():
    rng = np.random.default_rng(9)
    F = rng.standard_normal((50, 6))
    F[:, 5] = F[:, 0] - 2 * F[:, 3]
    G = (F * 10.0 ** np.arange(6)).T @ (F * 10.0 ** np.arange(6))
    assert rank(G) == 5
    assert rank(np.zeros((3, 3))) == rank(np.zeros((0, 0))) == 0
    assert spectrum(G, np.zeros(6))[0] == 5


GROUPS = np.array([0, 0, 0, 1, 1, 2, 2, -1])


@pytest.mark.parametrize("mix", [{}, {"l1_ratios": (0.5,)}, {"sparse_ratio": 0.4}], ids=str)
def test_with_groups_they_are_the_divergence_of_the_fit(mix):
    """Σ ∂ŷ/∂y by central differences, at strengths where no coefficient is about to come in or to leave."""
    X, y, _ = table(n=40, p=8, seed=3)
    penalty = GroupLasso(GROUPS, mix.get("l1_ratios", (1.0,))[0], mix.get("sparse_ratio", 0.0))
    grid = grid_of(X, y, groups=GROUPS, alphas=[0.3, 0.1, 0.02], unpenalized=False, **mix)

    def fitted(target, alpha):
        found = solve(X, target, loss=LOSSES["squared"], penalty=penalty, alpha=alpha, tol=1e-15)
        return X @ found.coef + found.intercept, found.coef != 0

    for a, alpha in enumerate(grid.alphas[0]):
        _, support = fitted(y, alpha)
        divergence = 0.0
        for i in range(40):
            step = 1e-5 * np.eye(40)[i]
            (up, above), (down, below) = fitted(y + step, alpha), fitted(y - step, alpha)
            assert np.array_equal(above, support)
            assert np.array_equal(below, support)
            divergence += (up[i] - down[i]) / 2e-5
        assert grid.degrees_of_freedom[0, a] == pytest.approx(divergence, rel=1e-5)


def test_with_groups_of_orthogonal_columns_they_are_the_formula_of_yuan_and_lin():
    """Σ_g 1 + (m_g − 1) ‖w_g‖/‖c_g‖ over the groups that are in, and the intercept (Yuan & Lin 2006)."""
    n = 64
    hadamard = np.array([[1.0]])
    while len(hadamard) < n:
        hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
    X, y = hadamard[:, 1:8], np.random.default_rng(1).standard_normal(n)
    c = X.T @ y / n
    grid = grid_of(X, y, groups=GROUPS[:7], unpenalized=False, extend=False)
    for a in range(12):
        coef, expected = grid.coef(0, a), 1.0
        for cols in (slice(0, 3), slice(3, 5), slice(5, 7)):
            if np.any(coef[cols]):
                m = len(coef[cols])
                expected += 1 + (m - 1) * np.linalg.norm(coef[cols]) / np.linalg.norm(c[cols])
        assert grid.degrees_of_freedom[0, a] == pytest.approx(expected, rel=1e-6)


def test_with_groups_both_routes_count_alike_and_the_logistic_loss_is_the_trace_too(monkeypatch):
    X, y, labels = table(n=90, p=8, seed=4)
    options = {"groups": GROUPS, "sparse_ratio": 0.3, "l1_ratios": (0.7,), "unpenalized": False, "tol": 1e-12}
    one = grid_of(X, y, **options)
    monkeypatch.setattr(choose, "_is_tall", lambda task: False)
    other = grid_of(X, y, **options)
    np.testing.assert_allclose(one.degrees_of_freedom, other.degrees_of_freedom, rtol=1e-6)
    logistic = grid_of(X, labels, loss="logistic", **options)
    assert np.all(logistic.degrees_of_freedom >= 1 - 1e-12)
    assert np.all(logistic.degrees_of_freedom <= logistic.support_size + 1 + 1e-9)
