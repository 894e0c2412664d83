"""A compiled Newton step and the dual point of its model, against their definitions in NumPy."""

import numpy as np
import pytest

from shrinkwise.dual_scaling import feasible_scaling
from shrinkwise.losses import LOSSES
from shrinkwise.solvers.curved_model import CurvedModel
from shrinkwise.solvers.quadratic import violation
from shrinkwise.testing import problems
from tests.problem.building import build

CURVED = [name for name, loss in LOSSES.items() if not (loss.quadratic or loss.kinked)]
PENALTIES = {
    "lasso": {},
    "elastic net": {"l1_ratio": 0.5},
    "bounds": {"lower": -0.3, "upper": 0.05},
    "nonnegative": {"lower": 0.0},
    "no intercept": {"fit_intercept": False},
}
PLAIN = [case.name for case in problems() if case.name != "constant columns"]


def standing(loss, name="weights", **options):
    """A problem, its predictor at some coefficients, and its penalty at a strength that leaves some of them."""
    case = next(case for case in problems(loss) if case.name == name)
    problem, _ = build(case, loss, **options)
    p = problem.design.shape[1]
    w = np.where(np.arange(p) % 3 == 0, 0.04, 0.0)
    w = np.clip(w, problem.rows.lower, problem.rows.upper)
    strength = 0.2 * float(np.max(np.abs(problem.slope(problem.null_eta))))
    return problem, w, problem.predictor(w, problem.null_intercept), problem.rows.times(strength)


def curvature(problem, Z, eta):
    """The Hessian in w and b."""
    Z = np.vstack([Z, np.ones(Z.shape[1])]) if problem.free_intercept else Z
    return (Z * problem.curvature(eta)) @ Z.T


@pytest.mark.parametrize("loss", CURVED)
@pytest.mark.parametrize("kind", PENALTIES)
@pytest.mark.parametrize("name", PLAIN)
def test_a_step_is_the_minimum_of_the_model_with_its_dual_point(loss, kind, name):
    problem, w, eta, rows = standing(loss, name, **PENALTIES[kind])
    model, s = CurvedModel(problem), problem.weights
    model.choose(np.arange(len(w)))
    step = model.step(eta, w, rows, 1e-13, np.inf)
    residual = -s * problem.loss.gradient(problem.y, eta)
    np.testing.assert_allclose(step.q, problem.slope(eta), atol=1e-9 if name == "huge means" else 1e-13)

    change = np.append(step.new - w, step.shift) if problem.free_intercept else step.new - w
    np.testing.assert_allclose(step.move, (step.new - w) @ model.Z + step.shift, atol=1e-13)
    pull = float(residual.sum()) if problem.free_intercept else 0.0
    start = np.append(step.q, pull) if problem.free_intercept else step.q
    slope = start - curvature(problem, model.Z, eta) @ change  # of the model at its minimum
    if problem.free_intercept:
        assert abs(slope[-1]) <= 1e-12
        slope = slope[:-1]
    assert violation(slope, step.new, rows) <= 1e-12
    assert step.left <= 1e-12
    assert step.violation == pytest.approx(max(violation(step.q, w, rows), abs(pull)), rel=1e-9, abs=1e-14)
    assert np.all((step.new >= rows.lower) & (step.new <= rows.upper))

    rigid, tau = feasible_scaling(rows, step.new, slope)
    np.testing.assert_allclose(step.dual, tau * (problem.curvature(eta) * step.move - residual), atol=1e-12)
    u = np.where(rigid, np.clip(tau * slope, -rows.l1, rows.l1), tau * slope)
    np.testing.assert_allclose(step.slope, u, atol=1e-11)
    assert step.slack == pytest.approx(float(rows.slack(step.new, u, rigid)), abs=1e-11)
    promised = float(np.sum(rows.value(step.new) - rows.value(w))) - float(start @ change)
    assert step.promised == pytest.approx(promised, rel=1e-9, abs=1e-13)
    assert promised <= 0


@pytest.mark.parametrize("loss", CURVED)
def test_a_support_too_large_for_the_kernel_ends_at_the_same_minimum(monkeypatch, loss):
    problem, w, eta, rows = standing(loss)
    found = []
    for room in (600, 1):
        monkeypatch.setattr("shrinkwise.solvers.quadratic.KERNEL", room)
        model = CurvedModel(problem)
        model.choose(np.arange(len(w)))
        found.append(model.step(eta, w, rows, 1e-13, np.inf))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-11)
    assert np.count_nonzero(found[0].new) > 1


@pytest.mark.parametrize("loss", CURVED)
def test_a_violation_beyond_its_limit_brings_the_hessian_of_the_present_predictor(loss):
    problem, w, eta, rows = standing(loss)
    model = CurvedModel(problem)
    model.choose(np.arange(len(w)))
    model.refresh(problem.null_eta)
    old = model.gram.copy()
    model.step(eta, w, rows, 1e-13, np.inf)
    np.testing.assert_array_equal(model.gram, old)
    model.step(eta, w, rows, 1e-13, 0.0)
    model_at = CurvedModel(problem)
    model_at.choose(np.arange(len(w)))
    model_at.refresh(eta)
    np.testing.assert_array_equal(model.gram, model_at.gram)
    assert not np.array_equal(model.gram, old)


def test_numbers_that_overflow_give_no_step():
    problem, w, eta, rows = standing("poisson")
    model = CurvedModel(problem)
    model.choose(np.arange(len(w)))
    model.refresh(eta)
    with np.errstate(all="ignore"):
        assert model.step(np.full_like(eta, np.nan), w, rows, 1e-13, np.inf) is None


@pytest.mark.parametrize("loss", CURVED)
def test_a_gram_that_grows_and_shrinks_is_that_of_its_columns(loss):
    rng = np.random.default_rng(0)
    for case in problems(loss):
        problem, _ = build(case, loss)
        n, p = problem.design.shape
        model, eta = CurvedModel(problem), problem.null_eta + 0.1 * rng.standard_normal(n)
        model.choose(np.arange(0, p, 2))
        model.refresh(eta)
        for cols in (np.arange(p // 2, p), np.arange(p), np.array([0, p - 1]), np.arange(1, p)):
            old = model.cols[np.isin(model.cols, cols)]
            cols = np.concatenate([old, np.setdiff1d(cols, old)])
            kept = model.choose(cols)
            assert np.count_nonzero(kept) == len(old)
            full, h = problem.design.explicit(cols), problem.curvature(eta)
            np.testing.assert_array_equal(model.Z, full.T)
            expected = full.T @ (h[:, None] * full) - np.outer(h @ full, h @ full) / h.sum()
            np.testing.assert_allclose(model.gram, expected, atol=1e-12)
            np.testing.assert_array_equal(model.gram, model.gram.T)
            np.testing.assert_allclose(model.column, h @ full, atol=1e-12)


def test_what_is_foreseen_goes_along_a_line_and_beyond_neither_zero_nor_a_bound():
    problem, w, _, _ = standing("logistic")
    model = CurvedModel(problem)
    model.choose(np.arange(len(w)))
    now = np.array([0.2, -0.2, 0.1, 0.0, 0.3, -0.3])
    before = np.array([0.1, -0.1, 0.3, 0.2, 0.0, 0.0])
    rows = problem.rows._replace(upper=np.array([np.inf, np.inf, np.inf, np.inf, 0.35, np.inf]))
    ahead, move = model.foresee(now, before, 0.75, rows)
    np.testing.assert_allclose(ahead, [0.275, -0.275, 0.0, 0.0, 0.35, -0.525])
    np.testing.assert_allclose(move, (ahead - now) @ model.Z, atol=1e-14)
