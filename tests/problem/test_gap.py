"""The certificate: an upper bound of what is left to gain, from the definition, tight at the optimum."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shrinkwise.dual_scaling import scaled_gap
from shrinkwise.losses import LOSSES
from shrinkwise.solvers import fista
from shrinkwise.testing import problems
from tests.oracles.definition import Definition
from tests.problem.building import build
from tests.problem.penalized import MODES, PAIRS, SHARES, cases, options

# 2-norm errors of a gap that is summed in double precision, in units of the null loss
ROUNDING = 1e-13


@pytest.mark.parametrize(("kind", "mode"), PAIRS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("every", SHARES)
def test_gap_is_never_below_what_is_left_to_gain(loss, kind, mode, every):
    rng = np.random.default_rng(0)
    for case in cases(loss, kind, mode, every):
        penalty = options(kind, case.X.shape[1])
        problem, unit = build(case, loss, **penalty, **MODES[mode])
        for alpha in (0.02, 0.3):
            exact = Definition(case.X, case.y, alpha, weights=case.weights, loss=loss, **penalty, **MODES[mode])
            w, b, _, _ = fista(problem, alpha, 1e-9, 600)
            best = exact.objective(*problem.in_data_units(w, b, unit))
            for noise in (1.0, 0.1, 1e-3, 1e-6):
                sizes = noise * np.maximum(np.abs(w), 0.1 * np.max(np.abs(w), initial=1e-3))
                candidate = problem.rows.prox(w + sizes * rng.standard_normal(len(w)), 1e-3 * noise * alpha)
                shift = b + noise * rng.standard_normal() * problem.free_intercept
                gap = problem.relative_gap(alpha, candidate, shift)
                here = exact.objective(*problem.in_data_units(candidate, shift, unit))
                left = float((here - best) / exact.null_loss)
                assert gap >= left - ROUNDING * (1 + left), f"{case}, alpha={alpha}, noise={noise}: {gap} < {left}"
                assert gap >= 0


@pytest.mark.parametrize(("kind", "mode"), PAIRS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("every", SHARES)
def test_gap_vanishes_at_the_optimum(loss, kind, mode, every):
    """What FISTA is certified for, the definition certifies too: both bounds are of the same size."""
    for case in cases(loss, kind, mode, every):
        if case.name in ("correlated", "mixed scales", "huge means", "more features than rows"):
            continue  # FISTA would be slow; tests/path certifies these
        penalty = options(kind, case.X.shape[1])
        problem, unit = build(case, loss, **penalty, **MODES[mode])
        alpha = 0.1
        w, b, gap, _ = fista(problem, alpha, 1e-11, 20_000)
        assert gap <= 1e-11, case
        exact = Definition(case.X, case.y, alpha, weights=case.weights, loss=loss, **penalty, **MODES[mode])
        assert exact.gap(*problem.in_data_units(w, b, unit)) <= 1e-10, case


@given(st.integers(0, 10**6), st.sampled_from(sorted(LOSSES)), st.sampled_from([0.0, 0.3, 1.0]), st.floats(1e-3, 1))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_gap_bounds_the_definition_at_arbitrary_points(seed, loss, l1_ratio, alpha):
    rng = np.random.default_rng(seed)
    case = problems(loss, seed=seed % 7)[seed % 4]
    problem, _ = build(case, loss, l1_ratio=l1_ratio)
    p = case.X.shape[1]
    w, other = (rng.standard_normal(p) * (rng.uniform(size=p) < 0.5) for _ in range(2))
    b = problem.null_intercept
    gap = problem.gap(alpha, w, b)
    here, there = (problem.objective(alpha, point, problem.predictor(point, b)) for point in (w, other))
    assert gap >= here - there - ROUNDING * (here + there)  # no point at all is better by more than the gap


def test_gap_of_the_null_model_is_zero_where_the_penalty_is_strong():
    for loss in LOSSES:
        for case in problems(loss):
            problem, _ = build(case, loss)
            null = np.zeros(case.X.shape[1])
            top = problem.rows.dual_norm(problem.slope(problem.predictor(null, problem.null_intercept)))
            assert problem.relative_gap(2 * top, null, problem.null_intercept) <= ROUNDING


def test_infinite_gap_is_said_where_no_dual_point_is_feasible():
    case = problems()[0]
    problem, _ = build(case, "squared", penalty_weights=np.zeros(6))
    w = np.ones(6)
    gap = problem.gap(1.0, w, 0.0)
    best = np.linalg.lstsq(np.column_stack([case.X, np.ones(40)]), case.y, rcond=None)[1][0] / 80
    eta = problem.predictor(w, 0.0)
    left = problem.objective(1.0, w, eta) * problem.unit**2 - best
    assert gap * problem.unit**2 == pytest.approx(left, rel=1e-10)  # projecting the residual makes the bound exact


def test_a_constant_column_and_a_weight_of_zero_do_not_count():
    case = next(case for case in problems() if case.name == "constant columns")
    problem, unit = build(case, "squared")
    w = np.full(6, 0.1)
    w[[1, 4]] = 0.0
    assert problem.rows.upper[[1, 4]].tolist() == [0.0, 0.0]
    assert not problem.slope(problem.predictor(w, 0.0))[[1, 4]].any()
    coef, _ = problem.in_data_units(w, 0.0, unit)
    assert coef[[1, 4]].tolist() == [0.0, 0.0]


def test_coefficients_go_to_data_units_and_back():
    for case in problems():
        problem, unit = build(case, "squared")
        w = np.where(problem.design.scale[:, 0] > 0, 1.0, 0.0)
        coef, intercept = problem.in_data_units(w, 0.25, unit)
        np.testing.assert_allclose(problem.standardized(coef, unit), w, rtol=1e-14)
        eta = problem.predictor(w, 0.25) * problem.unit + problem.unit * problem.y_center
        size = np.abs(case.dense) @ np.abs(coef) + abs(intercept)  # means of 1e6 cancel between X @ coef and intercept
        assert np.all(np.abs(case.dense @ coef + intercept - eta) <= 64 * np.finfo(float).eps * size)


def test_scaled_gap_takes_many_problems_at_once():
    problem, _ = build(problems()[0], "squared")
    rng = np.random.default_rng(0)
    W = rng.standard_normal((3, 6))
    Q = 2.0 * rng.standard_normal((3, 6))
    towards = np.array([0.2, 0.9, 1.1])
    together = scaled_gap(problem.rows, W, Q, lambda tau: 0.5 * (1 - tau) ** 2, towards)
    alone = [scaled_gap(problem.rows, W[i], Q[i], lambda tau: 0.5 * (1 - tau) ** 2, towards[i]) for i in range(3)]
    np.testing.assert_allclose(together, alone, rtol=1e-14)
