"""Fits of several outputs: the optimum of the definition, with an honest certificate."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_digits

from shrinkwise.design import as_design
from shrinkwise.exceptions import UsageError
from shrinkwise.grid import fit_grid
from shrinkwise.losses import as_loss
from shrinkwise.outputs import problems_of
from shrinkwise.path import solve
from shrinkwise.penalties import penalty_of
from shrinkwise.problem import power_of_two
from shrinkwise.result import GridResult
from tests.oracles.clock import within
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
    coef, b = rng.standard_normal((X.shape[1], 3)), rng.standard_normal(3) * exact.fit_intercept
    free = (exact.pi == 0) & (loss != "squared")  # only differences of classes are determined
    coef[free] -= coef[free].mean(axis=1, keepdims=True)
    coef = coef.ravel()
    w = problem.standardized(coef, unit)
    np.testing.assert_allclose(problem.in_data_units(w, 0.0, unit)[0], coef, rtol=8 * EPS, atol=8 * EPS)
    eta = exact.X @ coef.reshape(-1, 3) + b
    found = problem.predictor_of(w, b).reshape(-1, 3) * problem.unit
    if loss == "squared":
        eta = eta - problem.unit * problem.centers
    else:  # a number for all classes of a row changes nothing
        eta, found = (part - part.mean(axis=1, keepdims=True) for part in (eta, found))
    np.testing.assert_allclose(found, eta, atol=1e-11 * np.max(np.abs(eta)))


@pytest.mark.parametrize(
    "kind", ["lasso", "grouped", "elastic net", "grouped, weights", "no intercept", "columns free"]
)
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


def both(n=60):
    """(X, indicators of three classes, three targets)."""
    X, classes = table("multinomial:3", n)
    return X, classes, table("squared", n)[1]


def thirds(n):
    rows = np.arange(n)
    return [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]


@pytest.mark.parametrize("loss", LOSSES)
def test_what_needs_one_predictor_a_row_is_refused_by_name(loss):
    X, classes, targets = both()
    y = classes if loss != "squared" else targets
    for name, value in (("offset", np.ones(len(y))), ("l1_factors", np.ones((4, 6)))):
        with pytest.raises(UsageError, match=f"{name} needs one predictor a row, but there are 3"):
            fit_grid(X, y, thirds(60), loss=loss, alphas=3, **{name: value})
        with pytest.raises(UsageError, match=f"{name} needs one predictor a row, but there are 3"):
            solve(X, y, loss=as_loss(loss), penalty=penalty_of(), alpha=0.1, **{name: value[-1] * np.ones(6)})
    with pytest.raises(UsageError, match="groups of columns need a target of one column, got 3 outputs"):
        solve(X, y, loss=as_loss(loss), penalty=penalty_of(groups=[0, 0, 1, 1, 2, 2]), alpha=0.1)


@pytest.mark.parametrize("loss", LOSSES)
def test_bounds_of_grouped_outputs_are_refused_by_name(loss):
    X, classes, targets = both()
    y = classes if loss != "squared" else targets
    bounded = penalty_of(lower=[-np.inf, -np.inf, 0.0, -1.0, -np.inf, -np.inf])
    with pytest.raises(
        UsageError, match=r"grouped_outputs=True leaves no room for bounds, but column 2 has \[0, inf\]"
    ):
        solve(X, y, loss=as_loss(loss), penalty=bounded, alpha=0.1, grouped_outputs=True)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_constant_column_is_left_out(loss, grouped):
    X, classes, targets = both()
    y = classes if loss != "squared" else targets
    options = {"loss": as_loss(loss), "alpha": 0.02, "grouped_outputs": grouped, "tol": 1e-12}
    flat = np.insert(X, 2, 3.0, axis=1)
    whole = solve(flat, y, penalty=penalty_of(penalty_weights=[1, 1, 0, 1, 1, 0, 1]), **options)
    rest = solve(X, y, penalty=penalty_of(penalty_weights=[1, 1, 1, 1, 0, 1]), **options)
    assert whole.converged
    coef = whole.coef.reshape(7, 3)
    assert not np.any(coef[2])
    np.testing.assert_allclose(np.delete(coef, 2, axis=0), rest.coef.reshape(6, 3), atol=1e-7)


def test_coefficients_of_classes_without_a_penalty_sum_to_zero():
    X, classes, _ = both()
    loss = as_loss("multinomial:3")
    for penalty, alpha, free in (
        (penalty_of(), 0.0, slice(None)),
        (penalty_of(penalty_weights=[0, 1, 1, 0, 1, 1]), 0.02, [0, 3]),
    ):
        fit = solve(X, classes, loss=loss, penalty=penalty, alpha=alpha, tol=1e-12)
        coef = fit.coef.reshape(6, 3)
        assert fit.converged
        assert np.any(coef[free])
        np.testing.assert_allclose(coef[free].sum(axis=1), 0, atol=1e-12)
        mu = loss.inverse_link((X @ coef + fit.intercept).ravel()).reshape(-1, 3)
        residual = (classes - mu) / len(X)
        np.testing.assert_allclose(X[:, free].T @ residual, 0, atol=1e-7)
        np.testing.assert_allclose(residual.sum(axis=0), 0, atol=1e-8)


def test_the_order_of_classes_does_not_matter():
    X, classes, _ = both()
    order = [2, 0, 1]
    options = {"loss": as_loss("multinomial:3"), "penalty": penalty_of(0.7), "alpha": 0.01, "tol": 1e-13}
    one, other = solve(X, classes, **options), solve(X, classes[:, order], **options)
    np.testing.assert_allclose(other.coef.reshape(-1, 3), one.coef.reshape(-1, 3)[:, order], atol=1e-8)
    np.testing.assert_allclose(other.intercept, one.intercept[order], atol=1e-8)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_grid_with_several_outputs_survives_its_arrays(loss, grouped):
    X, classes, targets = both()
    y = classes if loss != "squared" else targets
    grid = fit_grid(X, y, thirds(60), loss=loss, alphas=4, grouped_outputs=grouped, degrees_of_freedom=True)
    again = GridResult.from_arrays(*grid.to_arrays())
    assert again.outputs == ("y0", "y1", "y2")
    np.testing.assert_array_equal(again.coef(0, 2), grid.coef(0, 2))
    np.testing.assert_array_equal(again.unpenalized.intercept, grid.unpenalized.intercept)
    assert again.unpenalized.intercept.shape == (3,)
    assert repr(again.table("bic")) == repr(grid.table("bic"))
    assert grid.table()[-1]["n_features"] == 6
    assert grid.coef(0, 1).shape == (3, 6)


def test_one_output_adds_nothing_to_the_arrays_of_a_grid():
    X, _, targets = both()
    header, arrays = fit_grid(X, targets[:, 0], thirds(60), alphas=3).to_arrays()
    assert "outputs" not in header
    assert "unpenalized_intercept" not in arrays


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
def test_degrees_of_freedom_are_the_trace_of_the_derivative_of_the_fit(loss, grouped, intercept):
    """Tr of dμ/dy, written out with all columns, intercepts and second derivatives; classes as equal as can be."""
    X, classes, targets = both()
    y = classes if loss != "squared" else targets
    if loss != "squared":  # 20 rows of each class: intercepts of the null model that are zero
        noisy = X[:, 0] / X[:, 0].std() + np.random.default_rng(4).standard_normal(60)
        y = np.eye(3)[np.argsort(np.argsort(noisy)) // 20]
    grid = fit_grid(
        X,
        y,
        thirds(60),
        loss=loss,
        l1_ratios=(0.0, 0.5, 1.0),
        alphas=6,
        grouped_outputs=grouped,
        fit_intercept=intercept,
        degrees_of_freedom=True,
        tol=1e-10,
    )
    scale = np.sqrt(np.mean((X - X.mean(axis=0) * intercept) ** 2, axis=0))
    Z = np.kron((X - X.mean(axis=0) * intercept) / scale, np.eye(3))
    ones = np.tile(np.eye(3), (60, 1))[:, : 3 * intercept]
    for r, ratio in enumerate(grid.l1_ratios):
        for a, alpha in enumerate(grid.alphas[r]):
            W = grid.coef(r, a).T * scale[:, None]
            H = np.zeros((180, 180))
            eta = X @ grid.coef(r, a).T + grid.intercept(r, a)
            mu = np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)
            for i in range(60):
                block = np.eye(3) if loss == "squared" else np.diag(mu[i]) - np.outer(mu[i], mu[i])
                H[3 * i : 3 * i + 3, 3 * i : 3 * i + 3] = block / 60
            bend = alpha * (1 - ratio) * np.eye(18)
            if grouped:
                for j, w in enumerate(W):
                    size = np.linalg.norm(w)
                    if size > 0:
                        part = alpha * ratio * (np.eye(3) / size - np.outer(w, w) / size**3)
                        bend[3 * j : 3 * j + 3, 3 * j : 3 * j + 3] += part
            cols = np.flatnonzero(W.ravel())
            M = np.hstack([Z[:, cols], ones])
            D = np.zeros((M.shape[1], M.shape[1]))
            D[: len(cols), : len(cols)] = bend[np.ix_(cols, cols)]
            G = M.T @ H @ M
            exact = np.trace(np.linalg.pinv(G + D, rcond=1e-9, hermitian=True) @ G)
            assert grid.degrees_of_freedom[r, a] == pytest.approx(exact, abs=1e-4), (ratio, a)


def test_the_criteria_of_several_targets_are_those_of_all_their_rows():
    """One variance for all columns of y: n·K observations, of which K are spent on the intercepts."""
    X, _, targets = both()
    grid = fit_grid(X, targets, thirds(60), alphas=6, degrees_of_freedom=True)
    squares = np.array([np.sum((targets - X @ grid.coef(0, a).T - grid.intercept(0, a)) ** 2) for a in range(6)])
    np.testing.assert_allclose(grid.full_deviance[0, :6], squares, rtol=1e-9)
    k = grid.degrees_of_freedom[0] + 1
    assert grid.degrees_of_freedom[0, 0] == 3
    expected = 180 * np.log(grid.full_deviance[0] / 180) + k * np.log(180)
    np.testing.assert_allclose(grid.criterion("bic")[0], expected)


def test_even_numbers_of_classes_share_one_direction_that_counts_for_nothing():
    """All four coefficients of a feature differ from 0, but a number added to all of them changes no share."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 2))
    y = np.eye(4)[np.argmax(X[:, :1] * [2.0, 1.0, -1.0, -2.0] + rng.gumbel(size=(200, 4)), axis=1)]
    grid = fit_grid(
        X, y, thirds(200), loss="multinomial:4", alphas=[1e-4], penalty_weights=[0, 1], degrees_of_freedom=True
    )
    assert np.count_nonzero(grid.coef(0, 0)[:, 0]) == 4
    inside = np.count_nonzero(grid.coef(0, 0)[:, 1])
    assert grid.degrees_of_freedom[0, 0] == 3 + 3 + min(inside, 3)


@pytest.mark.parametrize("loss", ["logistic", "multinomial:3"])
def test_a_fit_without_an_end_stops_where_the_classes_are_told_apart(loss):
    X, _ = table("multinomial:3", 90)
    order = np.argsort(np.argsort(X[:, 0]))
    y = np.eye(3)[order // 30] if loss != "logistic" else (order >= 45).astype(float)
    X = np.insert(X, 1, X[:, 0] + 5 * (order // 30 if loss != "logistic" else order >= 45), axis=1)
    with within(20):
        grid = fit_grid(X, y, thirds(90), loss=loss, alphas=3, extend=False)
    free = grid.unpenalized
    assert not free.converged
    assert "separated" in free.note
    assert np.all(np.isfinite(free.coef))
    assert np.min(free.train_score) > 1e-4  # the first predictor that tells them apart, not one of many steps later
    bounded = fit_grid(X, y, thirds(90), loss=loss, alphas=3, extend=False, lower=-1.0, upper=1.0)
    assert bounded.unpenalized.converged


def test_digits_end_in_time():
    """Ten classes, 64 features: a minute and more while the fit without a penalty did not stop."""
    X, labels = load_digits(return_X_y=True)
    with within(60):
        grid = fit_grid(X, np.eye(10)[labels], thirds(len(X)), loss="multinomial:10", alphas=4, extend=False)
    assert grid.all_converged
    assert "separated" in grid.unpenalized.note


def test_targets_of_more_features_than_rows_have_a_fit_of_least_norm_without_a_penalty():
    X, _, _ = both(24)
    X = np.hstack([X, np.random.default_rng(7).standard_normal((24, 30))])
    Y = np.random.default_rng(8).standard_normal((24, 3))
    free = fit_grid(X, Y, thirds(24), alphas=3).unpenalized
    alone = [fit_grid(X, Y[:, k], thirds(24), alphas=3).unpenalized for k in range(3)]
    np.testing.assert_allclose(free.coef.reshape(-1, 3), np.column_stack([one.coef for one in alone]), atol=1e-8)
    np.testing.assert_allclose(free.test_score, sum(one.test_score for one in alone), rtol=1e-7)
