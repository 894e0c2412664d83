"""Grids with groups: against plain proximal gradient, between routes, and at the ends of the path."""

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.grid import fit_grid
from shrinkwise.losses import LOSSES
from shrinkwise.path import solve
from shrinkwise.penalties import GroupLasso
from shrinkwise.testing import problems
from tests.grid.splits import folds
from tests.oracles.group_penalty import prox_of_group, proximal_gradient

MIXES = {
    "group lasso": {},
    "sparse": {"sparse_ratio": 0.4},
    "ridge": {"l1_ratio": 0.5},
    "all": {"l1_ratio": 0.6, "sparse_ratio": 0.3},
}


def data(loss, n=70, p=12, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) @ (np.eye(p) + 0.3 * rng.standard_normal((p, p))) * np.logspace(-1, 1, p)
    eta = X @ (rng.standard_normal(p) * (np.arange(p) < 6) / np.sqrt(np.arange(1, p + 1)))
    noise = rng.standard_normal(n) * np.std(eta)
    return X, (eta + noise if loss == "squared" else (eta + noise > 0).astype(float)), rng.uniform(0.3, 2, n)


def slow_fit(X, y, s, loss, alpha, labels, l1_ratio=1.0, sparse_ratio=0.0):
    """The definition, by proximal gradient on [standardized X, 1]; coefficients of the standardized columns."""
    s = s / s.sum()
    center = s @ X
    Z = X - center
    scale = np.sqrt(s @ Z**2)
    Z = np.column_stack([Z / scale, np.ones(len(y))])
    p = X.shape[1]
    groups = [np.flatnonzero(labels == g) for g in np.unique(labels[labels >= 0])]
    alone = np.flatnonzero(labels < 0)
    l1 = alpha * l1_ratio * np.where(labels >= 0, sparse_ratio, 1.0)
    l2 = np.full(p, alpha * (1 - l1_ratio))
    factor = alpha * l1_ratio * (1 - sparse_ratio)

    def gradient(v):
        eta = Z @ v
        return Z.T @ (s * (eta - y if loss == "squared" else 1 / (1 + np.exp(-eta)) - y))

    def prox(v, step):
        new = v.copy()
        for cols in [*groups, *([j] for j in alone)]:
            size = factor * np.sqrt(len(cols)) if labels[cols[0]] >= 0 else 0.0
            new[cols] = prox_of_group(v[cols], step * l1[cols], step * l2[cols], step * size)
        return new

    smooth = 1.0 if loss == "squared" else 0.25
    step = 1 / (smooth * np.linalg.eigvalsh(Z.T @ (s[:, None] * Z))[-1])
    v = proximal_gradient(gradient, prox, np.zeros(p + 1), step, 1500)
    return v[:p], scale


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_fits_are_those_of_plain_proximal_gradient(loss, mix):
    X, y, s = data(loss)
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2, -1, -1])
    for alpha in np.array([0.02, 0.15]) * (np.std(y) if loss == "squared" else 0.5):
        slow, scale = slow_fit(X, y, s, loss, alpha, labels, **MIXES[mix])
        found = solve(
            X,
            y,
            loss=LOSSES[loss],
            penalty=GroupLasso(labels, **MIXES[mix]),
            alpha=alpha,
            sample_weight=s,
            tol=1e-14,
        )
        np.testing.assert_allclose(found.coef * scale, slow, atol=1e-7 * np.abs(slow).max())
        assert np.array_equal(found.coef != 0, slow != 0)


@pytest.mark.parametrize("mix", MIXES)
def test_both_routes_give_the_same_coefficients(take, mix):
    X, y, s = data("squared")
    found = {}
    for name in ("moments", "rows"):
        take(name)
        found[name] = fit_grid(
            X,
            y,
            folds(len(y)),
            groups=np.arange(12) // 4,
            l1_ratios=(MIXES[mix].get("l1_ratio", 1.0),),
            sparse_ratio=MIXES[mix].get("sparse_ratio", 0.0),
            alphas=10,
            sample_weight=s,
            tol=1e-14,
            extend=False,
        )
    one, other = found["moments"], found["rows"]
    np.testing.assert_allclose(one.alphas, other.alphas, rtol=1e-12)
    for fold in range(4):
        left, right = (grid.coefs[0][fold].toarray() * one.scale for grid in (one, other))
        np.testing.assert_allclose(left, right, atol=1e-7 * np.abs(left).max())
        assert np.array_equal(left[0] != 0, right[0] != 0)
    assert not one.coefs[0][-1].toarray()[0].any()


def test_groups_stay_whole_in_wide_and_sparse_tables():
    rng = np.random.default_rng(0)
    for loss in ("squared", "logistic"):
        X = rng.standard_normal((60, 400))
        X[rng.uniform(size=X.shape) < 0.7] = 0.0
        eta = X[:, :10] @ rng.standard_normal(10)
        y = eta + rng.standard_normal(60) if loss == "squared" else (eta > 0).astype(float)
        grids = [
            fit_grid(table, y, folds(60), loss=loss, groups=np.arange(400) // 5, alphas=8, extend=False)
            for table in (X, sparse.csr_array(X))
        ]
        for grid in grids:
            assert grid.all_converged
            for fold in range(4):
                inside = (grid.coefs[0][fold].toarray() != 0).reshape(8, -1, 5)
                assert np.array_equal(inside.any(axis=2), inside.all(axis=2))
        np.testing.assert_allclose(grids[0].gaps, grids[1].gaps, atol=1e-6)
        np.testing.assert_allclose(grids[0].test_score, grids[1].test_score, rtol=1e-2)


def test_one_group_of_orthogonal_columns_is_shortened_by_the_closed_form():
    """X'X/n = I: w = (1 − α √m / ‖c‖)₊ c / (1 + α (1 − r)) with c = X'y/n."""
    n = 64
    hadamard = np.array([[1.0]])
    while len(hadamard) < n:
        hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
    X, y = hadamard[:, 1:6], np.random.default_rng(0).standard_normal(n)
    c = X.T @ y / n
    for l1_ratio in (1.0, 0.4):
        for alpha in (0.01, 0.05, 0.2):
            found = solve(X, y, loss=LOSSES["squared"], penalty=GroupLasso([0] * 5, l1_ratio), alpha=alpha, tol=1e-15)
            short = max(1 - alpha * l1_ratio * np.sqrt(5) / np.linalg.norm(c), 0)
            np.testing.assert_allclose(found.coef, short * c / (1 + alpha * (1 - l1_ratio)), atol=1e-12)


@pytest.mark.parametrize("sparse_ratio", [0.0, 0.5])
def test_a_hair_below_alpha_max_one_group_comes_in(route, sparse_ratio):
    for case in problems()[:4]:
        p = case.X.shape[1]
        options = {"groups": np.arange(p) // 3, "sparse_ratio": sparse_ratio, "sample_weight": case.weights}
        top = fit_grid(case.X, case.y, folds(len(case.y)), alphas=2, extend=False, **options)
        assert not top.coef(0, 0).any()
        below = fit_grid(
            case.X,
            case.y,
            folds(len(case.y)),
            alphas=[top.alphas[0, 0] * (1 - 1e-6)],
            tol=1e-14,
            extend=False,
            **options,
        )
        assert len(set(np.flatnonzero(below.coef(0, 0)) // 3)) == 1


def test_infinite_strength_leaves_what_is_free():
    case = problems()[0]
    penalty = GroupLasso([0, 0, 1, 1, None, None], penalty_weights=[0, 0, 1, 1, 1, 0])
    found = solve(case.X, case.y, loss=LOSSES["squared"], penalty=penalty, alpha=np.inf, tol=1e-12)
    assert np.flatnonzero(found.coef).tolist() == [0, 1, 5]
    assert found.converged


def test_the_unit_of_the_target_and_of_columns_changes_no_bit():
    case = problems()[0]
    options = {"groups": [0, 0, 1, 1, 2, 2], "sparse_ratio": 0.3, "extend": False, "unpenalized": False}
    one = fit_grid(case.X, case.y, folds(40), alphas=6, **options)
    other = fit_grid(case.X * 2.0 ** np.arange(6), case.y * 2.0**20, folds(40), alphas=6, **options)
    np.testing.assert_array_equal(
        one.coefs[0][-1].toarray() * 2.0**20, other.coefs[0][-1].toarray() * 2.0 ** np.arange(6)
    )
