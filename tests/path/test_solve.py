"""One fit: certified, equal to FISTA, in the units of the data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from shrinkwise.engines import LocalEngine
from shrinkwise.losses import LOSSES, LogisticLoss, SquaredLoss
from shrinkwise.path import solve
from shrinkwise.penalties import ElasticNet, penalty_of
from shrinkwise.solvers import fista
from shrinkwise.testing import problems
from tests.oracles.definition import Definition
from tests.oracles.losses import null_predictor
from tests.problem.building import build
from tests.problem.penalized import MODES, PENALTIES, SHARES, cases, options

TOL = 1e-9
EPS = np.finfo(float).eps


def fitted(case, loss, alpha, penalty, **settings):
    settings = {"tol": TOL} | settings
    return solve(
        case.X,
        case.y,
        loss=LOSSES[loss],
        penalty=penalty_of(**penalty),
        alpha=alpha,
        sample_weight=case.weights,
        **settings,
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("every", SHARES)
def test_every_gap_is_confirmed_by_the_definition(loss, kind, mode, every):
    for case in cases(loss, kind, mode, every):
        penalty = options(kind, case.X.shape[1])
        for alpha in (3e-3, 0.1):
            found = fitted(case, loss, alpha, penalty, **MODES[mode])
            exact = Definition(case.X, case.y, alpha, weights=case.weights, loss=loss, **penalty, **MODES[mode])
            assert found.converged, f"{case}, alpha={alpha}: gap {found.gap}"
            assert found.gap <= TOL
            # coefficients are rounded once more on their way to the data's units
            assert exact.gap(found.coef, found.intercept) <= TOL + 1e-13, f"{case}, alpha={alpha}"


@pytest.mark.parametrize("kind", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("every", SHARES)
def test_prox_newton_reaches_what_fista_reaches(loss, kind, every):
    for case in cases(loss, kind, "plain", every):
        penalty = options(kind, case.X.shape[1])
        problem, unit = build(case, loss, **penalty)
        w, b, gap, _ = fista(problem, 0.05, 1e-8, 1000)
        found = fitted(case, loss, 0.05, penalty)
        exact = Definition(case.X, case.y, 0.05, weights=case.weights, loss=loss, **penalty)
        ours = exact.objective(found.coef, found.intercept)
        theirs = exact.objective(*problem.in_data_units(w, b, unit))
        difference = float((theirs - ours) / exact.null_loss)
        assert -found.gap - 1e-13 <= difference <= gap + 1e-13, case


@st.composite
def random_problems(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n, p = draw(st.integers(5, 40)), draw(st.integers(1, 15))
    X = rng.standard_normal((n, p)) @ (np.eye(p) + draw(st.sampled_from([0.0, 1.0])) * rng.standard_normal((p, p)))
    if draw(st.booleans()):
        X = np.where(rng.uniform(size=X.shape) < 0.4, X, 0.0)
    if draw(st.booleans()):
        X[:, rng.integers(p)] = rng.integers(3)
    eta = X @ (rng.standard_normal(p) * (rng.uniform(size=p) < 0.5))
    loss = draw(st.sampled_from(sorted(LOSSES)))
    noise = rng.standard_normal(n)
    kind = LOSSES[loss]
    y = eta + noise
    if not kind.degree:
        y = (y > 0).astype(float) if loss == "logistic" else np.round(np.exp(0.3 * np.minimum(y, 10.0)), 1)
    y[:2] = 0.1 * kind.positive, 1.0
    y = np.maximum(y, 0.1) if kind.positive else y
    weights = draw(
        st.sampled_from([None, rng.uniform(0.1, 2.0, n), rng.integers(0, 3, n) + np.r_[1, 1, np.zeros(n - 2)]])
    )
    penalty = {
        "l1_ratio": draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])),
        "penalty_weights": draw(st.sampled_from([None, rng.uniform(0.1, 3, p)])),
        "lower": draw(st.sampled_from([-np.inf, 0.0, -0.1])),
        "upper": draw(st.sampled_from([np.inf, 0.2])),
    }
    modes = {"fit_intercept": draw(st.booleans()), "standardize": draw(st.booleans())}
    return (
        sparse.csc_array(X) if draw(st.booleans()) else X,
        y,
        weights,
        loss,
        penalty,
        modes,
        10.0 ** draw(st.floats(-3, 0.5)),
    )


@given(random_problems())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_random_problems_are_certified(problem):
    X, y, weights, loss, penalty, modes, alpha = problem
    found = solve(
        X, y, loss=LOSSES[loss], penalty=ElasticNet(**penalty), alpha=alpha, sample_weight=weights, tol=TOL, **modes
    )
    exact = Definition(X, y, alpha, weights=weights, loss=loss, **penalty, **modes)
    assert found.converged
    assert exact.gap(found.coef, found.intercept) <= TOL + 1e-12


@pytest.mark.parametrize("loss", LOSSES)
def test_no_penalty_at_all_is_maximum_likelihood(loss):
    case = problems(loss)[0]
    found = fitted(case, loss, 0.0, {})
    assert found.converged
    design = np.column_stack([case.X, np.ones(40)])
    eta = design @ np.append(found.coef, found.intercept)
    kind = LOSSES[loss].for_target(case.y, np.ones(40))
    score = design.T @ kind.gradient(case.y, eta) / 40
    # gap ≥ ‖score‖² / (2 · smoothness · largest eigenvalue)
    smoothness = min(kind.smoothness, 2 * np.max(kind.hessian(case.y, eta)))  # the latter near the optimum
    largest = np.linalg.eigvalsh(design.T @ design / 40)[-1]
    null = Definition(case.X, case.y, 0.0, loss=loss).null_loss
    assert score @ score <= 2 * smoothness * largest * (found.gap + EPS) * float(null) + (64 * EPS) ** 2
    if loss == "squared":
        expected = np.linalg.lstsq(design, case.y, rcond=None)[0]
        np.testing.assert_allclose(np.append(found.coef, found.intercept), expected, rtol=1e-10)


@pytest.mark.parametrize("loss", LOSSES)
def test_an_infinite_strength_leaves_the_unpenalized_columns(loss):
    case = problems(loss)[0]
    found = fitted(case, loss, np.inf, {"penalty_weights": [0, 1, 1, 1, 0, 1]})
    assert found.converged
    assert np.flatnonzero(found.coef).tolist() == [0, 4]
    alone = solve(case.X[:, [0, 4]], case.y, loss=LOSSES[loss], penalty=ElasticNet(), alpha=0.0, tol=1e-14)
    np.testing.assert_allclose(found.coef[[0, 4]], alone.coef, rtol=1e-6)
    null = fitted(case, loss, np.inf, {})
    assert not null.coef.any()
    exact = Definition(case.X, case.y, 1.0, loss=loss)
    assert null.intercept == pytest.approx(float(null_predictor(exact.of, exact.s)), rel=1e-13)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_weight_of_zero_is_a_row_left_out(loss):
    case = problems(loss)[0]
    weights = np.where(np.arange(40) % 3 == 0, 0.0, 1.5)
    case.X[0] = 1e3  # weight 0
    kept = weights > 0
    whole = solve(case.X, case.y, loss=LOSSES[loss], penalty=ElasticNet(), alpha=0.02, sample_weight=weights, tol=TOL)
    part = solve(case.X[kept], case.y[kept], loss=LOSSES[loss], penalty=ElasticNet(), alpha=0.02, tol=TOL)
    np.testing.assert_array_equal(whole.coef, part.coef)
    assert whole.intercept == part.intercept


@pytest.mark.parametrize("loss", LOSSES)
def test_weights_are_repetitions_whatever_their_unit(loss):
    case = problems(loss)[0]
    times = np.random.default_rng(0).integers(1, 4, 40)
    rows = np.repeat(np.arange(40), times)
    arguments = {"loss": LOSSES[loss], "penalty": ElasticNet(0.9), "alpha": 0.02, "tol": 1e-13}
    repeated = solve(case.X[rows], case.y[rows], **arguments)
    for factor in (1.0, 1e-200, 1e200):
        weighted = solve(case.X, case.y, sample_weight=times * factor, **arguments)
        np.testing.assert_allclose(weighted.coef, repeated.coef, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
def test_powers_of_two_scale_the_bits(loss):
    case = problems(loss)[0]
    columns = 2.0 ** np.array([0, -30, 12, 300, -300, 1])
    target = 2.0**-20 if loss == "squared" else 1.0
    arguments = {"loss": LOSSES[loss], "tol": TOL}
    plain = solve(case.X, case.y, penalty=ElasticNet(0.5 if loss == "logistic" else 1.0), alpha=0.0625, **arguments)
    scaled = solve(
        case.X * columns,
        case.y * target,
        penalty=ElasticNet(0.5 if loss == "logistic" else 1.0),
        alpha=0.0625 * target,
        **arguments,
    )
    np.testing.assert_array_equal(scaled.coef * columns, plain.coef * target)
    assert scaled.intercept == plain.intercept * target


@pytest.mark.parametrize("kind", [np.float32, np.int64, "strided", "read-only", "Fortran"])
@pytest.mark.parametrize("loss", LOSSES)
def test_any_layout_and_number_type_gives_the_same_fit(loss, kind):
    case = problems(loss)[0]
    X = np.round(case.X * 64).astype(np.float64)
    if kind == "strided":
        given = np.repeat(X, 2, axis=0)[::2]
    elif kind == "read-only":
        given = X.copy()
        given.flags.writeable = False
    elif kind == "Fortran":
        given = np.asfortranarray(X)
    else:
        given = X.astype(kind)
    before = given.tobytes()
    arguments = {"loss": LOSSES[loss], "penalty": ElasticNet(), "alpha": 0.03, "tol": 1e-13}
    expected, found = solve(X, case.y, **arguments), solve(given, case.y, **arguments)
    np.testing.assert_allclose(found.coef, expected.coef, rtol=1e-8)
    assert given.tobytes() == before


@pytest.mark.parametrize("loss", LOSSES)
def test_dense_and_sparse_tables_give_the_same_fit(loss):
    case = next(case for case in problems(loss) if case.name == "sparse")
    for fit_intercept in (True, False):
        arguments = {"loss": LOSSES[loss], "penalty": ElasticNet(0.8), "alpha": 0.02, "tol": 1e-13}
        dense, csc, csr = (
            solve(X, case.y, fit_intercept=fit_intercept, **arguments) for X in (case.dense, case.X, case.X.tocsr())
        )
        np.testing.assert_allclose(csc.coef, dense.coef, rtol=1e-7, atol=1e-10)
        np.testing.assert_array_equal(csr.coef, csc.coef)
        np.testing.assert_array_equal(csc.coef != 0, dense.coef != 0)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_start_changes_the_work_and_not_the_answer(loss):
    case = problems(loss)[1]
    cold = fitted(case, loss, 0.01, {"l1_ratio": 0.9}, tol=1e-13)
    warm = fitted(case, loss, 0.01, {"l1_ratio": 0.9}, tol=1e-13, start=cold.coef)
    assert warm.converged
    assert warm.n_iter <= cold.n_iter
    np.testing.assert_allclose(warm.coef, cold.coef, rtol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_not_reached_is_said(loss):
    case = next(case for case in problems(loss) if case.name == "correlated")
    found = fitted(case, loss, 1e-4, {}, tol=1e-40)
    assert not found.converged
    assert found.gap > 1e-40
    exact = Definition(case.X, case.y, 1e-4, loss=loss)
    assert exact.gap(found.coef, found.intercept) <= 1e-12  # as good as double precision allows


def test_a_fit_that_is_stopped_early_says_its_gap():
    case = problems("logistic")[0]
    found = solve(case.X, case.y, loss=LogisticLoss(), penalty=ElasticNet(), alpha=1e-3, tol=1e-12, max_iter=1)
    assert not found.converged
    assert found.n_iter == 1
    exact = Definition(case.X, case.y, 1e-3, loss="logistic")
    true = exact.gap(found.coef, found.intercept)
    assert true <= found.gap * (1 + 1e-6)


@pytest.mark.parametrize("value", [0.0, 3.3, 1e9, -1e-9])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csc_array])
def test_a_constant_target_is_its_own_answer(value, kind):
    case = problems()[0]
    found = solve(kind(case.X), np.full(40, value), loss=SquaredLoss(), penalty=ElasticNet(), alpha=0.01)
    assert found.converged
    assert not found.coef.any()
    assert found.intercept == pytest.approx(value, rel=4 * EPS)


def test_the_number_of_threads_changes_no_bit():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 5000))  # 1.5 million entries: products are cut into blocks
    y = X[:, :5] @ np.ones(5) + rng.standard_normal(300)
    fits = [
        solve(X, y, loss=SquaredLoss(), penalty=ElasticNet(), alpha=0.2, engine=LocalEngine(workers))
        for workers in (1, 2, 4)
    ]
    for other in fits[1:]:
        np.testing.assert_array_equal(other.coef, fits[0].coef)
        assert other.intercept == fits[0].intercept
        assert other.gap == fits[0].gap
