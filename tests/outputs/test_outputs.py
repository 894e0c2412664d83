"""Fits of several outputs: the optimum of the definition, with an honest certificate."""

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.design import as_design
from shrinkwise.exceptions import UsageError
from shrinkwise.grid import fit_grid
from shrinkwise.losses import as_loss
from shrinkwise.outputs import problems_of
from shrinkwise.path import solve
from shrinkwise.penalties import penalty_of
from shrinkwise.problem import power_of_two
from tests.oracles.outputs import Outputs

LOSSES = ["multinomial:3", "squared"]
CASES = {
    "lasso": {},
    "elastic net": {"l1_ratio": 0.5},
    "ridge": {"l1_ratio": 0.0},
    "grouped": {"grouped": True},
    "grouped elastic net": {"grouped": True, "l1_ratio": 0.5},
    "grouped ridge": {"grouped": True, "l1_ratio": 0.0},
    "weights": {"weights": True},
    "grouped, weights": {"grouped": True, "weights": True},
    "no intercept": {"l1_ratio": 0.5, "fit_intercept": False},
    "grouped, no intercept": {"grouped": True, "fit_intercept": False},
    "own scales": {"standardize": False},
    "grouped, own scales": {"grouped": True, "standardize": False},
    "bounds": {"lower": -0.05, "upper": 0.08},
    "nonnegative": {"l1_ratio": 0.5, "lower": 0.0},
    "columns free": {"penalty_weights": True},
    "grouped, columns free": {"grouped": True, "penalty_weights": True},
    "sparse": {"sparse": True},
    "grouped, sparse": {"grouped": True, "sparse": True, "weights": True},
    "more features than rows": {"p": 40, "n": 25},
    "grouped, more features than rows": {"p": 40, "n": 25, "grouped": True},
}
EPS = np.finfo(float).eps


def table(loss, n=45, p=6, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * 2.0 ** rng.integers(-2, 3, p) + rng.standard_normal(p)
    B = np.zeros((p, 3))
    B[:3] = rng.standard_normal((3, 3)) / X[:, :3].std(axis=0)[:, None]
    eta = (X - X.mean(axis=0)) @ B + [0.3, 0.0, -0.4]
    if loss == "squared":
        return X, eta + 0.5 * rng.standard_normal(eta.shape)
    return X, np.eye(3)[np.argmax(eta + rng.gumbel(size=eta.shape), axis=1)]


def posed(loss, kind, alpha):
    """(X as it is given to a fit, the definition, arguments of `solve`)."""
    options = dict(CASES[kind])
    X, y = table(loss, options.pop("n", 45), options.pop("p", 6))
    if options.pop("sparse", False):
        X = np.where(np.abs(X - 1) < 0.8, 0.0, X)
    rng = np.random.default_rng(1)
    if options.pop("weights", False):
        options["weights"] = rng.integers(1, 4, len(X)) * 1.0
    if options.pop("penalty_weights", False):
        options["penalty_weights"] = np.where(np.arange(X.shape[1]) % 3 == 1, 0.0, 1.0 + np.arange(X.shape[1]) % 2)
    exact = Outputs(X, y, alpha, loss=loss.split(":")[0], **options)
    named = {name: options.pop(name) for name in ("fit_intercept", "standardize") if name in options}
    named |= {"sample_weight": options.pop("weights", None), "grouped_outputs": options.pop("grouped", False)}
    return sparse.csr_array(X) if "sparse" in kind else X, exact, {"penalty": penalty_of(**options), **named}


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("loss", LOSSES)
def test_fits_are_the_optimum_of_the_definition(loss, kind):
    for alpha in (0.02, 0.15):
        X, exact, options = posed(loss, kind, alpha)
        fit = solve(X, exact.y, loss=as_loss(loss), alpha=alpha, tol=1e-10, **options)
        assert fit.converged
        assert fit.gap <= 1e-10
        coef, intercept = fit.coef.reshape(-1, 3).T, fit.intercept
        best = exact.solve()
        left = (exact.objective(coef, intercept) - exact.objective(*best)) / exact.null_loss
        assert -1e-12 <= left <= fit.gap + 1e-12, (left, fit.gap)
        if "free" not in kind or loss == "squared":  # without a penalty only differences of classes are determined
            np.testing.assert_allclose(coef * exact.scale, best[0] * exact.scale, atol=2e-5)
        np.testing.assert_allclose(
            exact.mean(exact.X @ coef.T + intercept), exact.mean(exact.X @ best[0].T + best[1]), atol=2e-5
        )


def problem_of(loss, exact, X, options):
    unit = power_of_two(exact.y) if loss == "squared" else 1.0
    fit_intercept, standardize = exact.fit_intercept, exact.standardize
    s = exact.s[:, None]
    design, column_unit = as_design(X)
    _, (problem,) = problems_of(
        design.standardized(s, fit_intercept),
        exact.y / unit,
        s,
        as_loss(loss).in_unit(unit),
        options["penalty"],
        grouped=exact.grouped,
        fit_intercept=fit_intercept,
        standardize=standardize,
        column_unit=column_unit,
        unit=unit,
        offset=0.0,
    )
    return problem, column_unit


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("loss", LOSSES)
def test_the_gap_is_never_below_what_is_left_to_gain(loss, kind):
    rng = np.random.default_rng(2)
    for alpha in (0.02, 0.15):
        X, exact, options = posed(loss, kind, alpha)
        problem, unit = problem_of(loss, exact, X, options)
        fit = solve(X, exact.y, loss=as_loss(loss), alpha=alpha, tol=1e-12, **options)
        best = exact.objective(fit.coef.reshape(-1, 3).T, fit.intercept)
        w = problem.standardized(fit.coef, unit)
        for noise in (1.0, 0.1, 1e-3, 1e-6):
            moved = w + noise * np.maximum(np.abs(w), 0.1) * rng.standard_normal(len(w))
            candidate = problem.rows.prox(moved, 1e-3 * noise * alpha)
            gap = problem.relative_gap(alpha, candidate, 0.0)
            coef, intercept = problem.in_data_units(candidate, 0.0, unit)
            here = exact.objective(coef.reshape(-1, 3).T, intercept)
            left = (here - best) / exact.null_loss
            assert gap >= left - 1e-12 * (1 + left), (alpha, noise, gap, left)


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("loss", LOSSES)
def test_units_of_the_data_and_standardized_ones_are_inverse(loss, kind):
    X, exact, options = posed(loss, kind, 0.05)
    problem, unit = problem_of(loss, exact, X, options)
    rng = np.random.default_rng(0)
    coef, b = rng.standard_normal(3 * X.shape[1]), rng.standard_normal(3) * exact.fit_intercept
    w = problem.standardized(coef, unit)
    np.testing.assert_allclose(problem.in_data_units(w, 0.0, unit)[0], coef, rtol=8 * EPS)
    eta = exact.X @ coef.reshape(-1, 3) + b
    found = problem.predictor_of(w, b).reshape(-1, 3) * problem.unit
    if loss == "squared":
        eta = eta - problem.unit * problem.centers
    else:  # a number for all classes of a row changes nothing
        eta, found = (part - part.mean(axis=1, keepdims=True) for part in (eta, found))
    np.testing.assert_allclose(found, eta, atol=1e-11 * np.max(np.abs(eta)))


@pytest.mark.parametrize("kind", ["lasso", "grouped", "elastic net", "grouped, weights", "no intercept", "columns free"])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_first_strength_leaves_nothing_in_and_a_hair_below_it_lets_something_in(loss, kind):
    X, exact, options = posed(loss, kind, 0.05)
    grid = {name: options[name] for name in ("sample_weight", "grouped_outputs")}
    grid |= {name: options[name] for name in ("fit_intercept", "standardize") if name in options}
    weights = options["penalty"].penalty_weights
    ratio = options["penalty"].l1_ratio
    rows = np.arange(len(X))
    splits = [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]
    result = fit_grid(
        X, exact.y, splits, loss=loss, l1_ratios=[ratio], alphas=3, penalty_weights=weights, extend=False, **grid
    )
    top = float(result.alphas[0, 0])
    held = np.ones(X.shape[1], dtype=bool) if weights is None else np.asarray(weights) > 0
    assert not np.any(result.coef(0, 0)[:, held])
    below = solve(X, exact.y, loss=as_loss(loss), alpha=top * (1 - 1e-6), tol=1e-14, **options)
    assert np.count_nonzero(below.coef.reshape(-1, 3)[held]) > 0
    at = solve(X, exact.y, loss=as_loss(loss), alpha=top * (1 + 1e-12), tol=1e-12, **options)
    assert not np.any(at.coef.reshape(-1, 3)[held])
