import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shrinkwise.penalties import ElasticNet, Rows
from shrinkwise.solvers import _kernels, solve_quadratic, violation
from shrinkwise.solvers.psd import solve_psd
from shrinkwise.solvers.quadratic import KERNEL, Factor, solve_path, violations
from tests.oracles.clock import within

EPS = np.finfo(float).eps
TIGHT = 1e-12


def system(rng, m, rank=None, factor=1.0):
    """(G, c) of a least-squares problem; G is singular where the rank is below m."""
    X = rng.standard_normal((2 * m + 3, m if rank is None else rank)) * factor
    if rank is not None:
        X = X @ rng.standard_normal((rank, m))
    X /= np.sqrt(len(X))
    return np.ascontiguousarray(X.T @ X), X.T @ rng.standard_normal(len(X))


def penalty_rows(kind, m, rng):
    weights = rng.uniform(0.2, 2.0, m)
    return {
        "lasso": ElasticNet(),
        "elastic net": ElasticNet(0.5, penalty_weights=weights),
        "ridge": ElasticNet(0.0, penalty_weights=weights),
        "some free": ElasticNet(0.9, penalty_weights=np.where(np.arange(m) % 3, weights, 0.0)),
        "all free": ElasticNet(penalty_weights=np.zeros(m)),
        "nonnegative": ElasticNet(lower=0.0),
        "box": ElasticNet(0.7, penalty_weights=weights, lower=-0.05, upper=0.08),
        "free in a box": ElasticNet(
            penalty_weights=np.zeros(m), lower=-0.1, upper=np.where(np.arange(m) % 2, 0.0, 0.1)
        ),
    }[kind].rows(m)


KINDS = ["lasso", "elastic net", "ridge", "some free", "all free", "nonnegative", "box", "free in a box"]


def solved(gram, c, rows, tol=TIGHT, start=None):
    w = np.zeros(len(c)) if start is None else start.copy()
    q = c - gram @ w
    turns = solve_quadratic(gram, q, w, rows, tol)
    return w, q, turns


def fixed_point_residual(gram, c, w, rows):
    """‖w − prox(w − ∇)‖: zero at the minimum and nowhere else."""
    return np.max(np.abs(w - rows.prox(w + (c - gram @ w), 1.0)))


@given(st.integers(0, 10**6), st.integers(1, 12), st.sampled_from(KINDS), st.floats(-4, 1), st.booleans())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_minimum_is_a_fixed_point_of_the_prox(seed, m, kind, log_alpha, singular):
    rng = np.random.default_rng(seed)
    gram, c = system(rng, m, rank=max(1, m // 2) if singular else None)
    rows = penalty_rows(kind, m, rng).times(10.0**log_alpha)
    w, q, turns = solved(gram, c, rows)
    assert turns > 0
    assert fixed_point_residual(gram, c, w, rows) <= TIGHT + 64 * EPS * m * (1 + np.abs(w).max()) * np.abs(gram).max()
    np.testing.assert_allclose(q, c - gram @ w, atol=256 * EPS * m * (1 + np.abs(w).max()) * np.abs(gram).max())
    assert np.all(w >= rows.lower)
    assert np.all(w <= rows.upper)


@pytest.mark.parametrize("kind", KINDS)
def test_the_start_does_not_matter_where_the_minimum_is_unique(kind):
    rng = np.random.default_rng(1)
    gram, c = system(rng, 10)
    rows = penalty_rows(kind, 10, rng).times(0.1)
    first, _, _ = solved(gram, c, rows)
    start = np.clip(rng.standard_normal(10), rows.lower, rows.upper)
    second, _, _ = solved(gram, c, rows, start=start)
    condition = 1 / np.linalg.eigvalsh(gram)[0]
    np.testing.assert_allclose(first, second, atol=10 * TIGHT * condition)
    np.testing.assert_array_equal(first != 0, second != 0)


def test_a_single_coefficient_is_the_prox_in_closed_form():
    rows = ElasticNet(0.5, lower=-0.3).rows(1).times(0.4)
    for c in (-5.0, -0.25, 0.1, 0.2, 0.3, 2.0):
        w, _, _ = solved(np.array([[2.0]]), np.array([c]), rows)
        expected = max(np.sign(c) * max(abs(c) - 0.2, 0) / 2.2, -0.3)
        assert w[0] == pytest.approx(expected, abs=1e-15)


def test_without_a_penalty_the_linear_system_is_solved():
    rng = np.random.default_rng(2)
    gram, c = system(rng, 8)
    w, _, _ = solved(gram, c, penalty_rows("all free", 8, rng), tol=1e-15)
    np.testing.assert_allclose(w, np.linalg.solve(gram, c), rtol=1e-12)


def test_coefficients_beyond_the_kernels_take_the_same_way():
    """Supports above KERNEL go to LAPACK: the conditions of optimality hold all the same."""
    rng = np.random.default_rng(3)
    m = KERNEL + 40
    X = rng.standard_normal((m + 60, m)) / np.sqrt(m + 60)
    gram, c = np.ascontiguousarray(X.T @ X), X.T @ rng.standard_normal(m + 60)
    for rows in (ElasticNet(0.0).rows(m).times(0.01), ElasticNet(0.5, lower=-0.5, upper=0.5).rows(m).times(1e-3)):
        w, q, turns = solved(gram, c, rows, tol=1e-10)
        assert turns > 0
        assert np.count_nonzero(w) > KERNEL
        assert fixed_point_residual(gram, c, w, rows) <= 1e-10 + 64 * EPS * m
        np.testing.assert_allclose(q, c - gram @ w, atol=1e-11)


@pytest.mark.parametrize("ratio", [1e-5, 1e-10, 1e-20, 1e-100, 1e-200, 1e-300])
def test_a_system_of_any_scaling_is_solved(ratio):
    """Where a Hessian vanishes on the only rows of a column its diagonal does, too."""
    scale = np.sqrt(np.array([1.0, ratio, ratio]))
    system = np.array([[2.0, 0.5, 0.0], [0.5, 2.0, 1.0], [0.0, 1.0, 2.0]]) * scale * scale[:, None]
    with within(5):
        found = solve_psd(system.copy(), scale)
    np.testing.assert_allclose(found * scale, np.linalg.solve(system / scale / scale[:, None], np.ones(3)), rtol=1e-6)


def test_a_singular_system_is_solved_where_it_can_be():
    system = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    with within(5):
        found = solve_psd(system.copy(), np.array([2.0, 2.0, 0.0]))
    assert np.all(np.isfinite(found))
    np.testing.assert_allclose(system @ found, [2.0, 2.0, 0.0], atol=1e-6)


def test_what_could_not_be_reached_is_told_by_the_sign():
    rng = np.random.default_rng(4)
    gram, c = system(rng, 6)
    _, _, turns = solved(gram, c, ElasticNet().rows(6).times(1e-3), tol=-1.0)
    assert turns < 0


def test_powers_of_two_scale_the_bits():
    """c and l1 times 2^k give the coefficients times 2^k, to the last bit."""
    rng = np.random.default_rng(5)
    gram, c = system(rng, 9)
    rows = ElasticNet(0.7).rows(9).times(0.05)
    w, _, _ = solved(gram, c, rows)
    for factor in (2.0**-40, 2.0**33):
        scaled, _, _ = solved(gram, factor * c, rows._replace(l1=factor * rows.l1), tol=factor * TIGHT)
        np.testing.assert_array_equal(scaled, factor * w)


def test_violation_is_the_distance_from_the_subdifferential():
    rows = Rows(np.full(7, 1.0), np.full(7, 0.5), np.full(7, -2.0), np.array([2.0, 2, 2, 2, 2, 0, 2]))
    w = np.array([0.0, 0.0, 1.0, -1.0, 2.0, 0.0, -2.0])
    q = np.array([0.9, 1.5, 1.5, -1.75, 9.0, 3.0, -9.0])
    expected = [0.0, 0.5, 0.0, 0.25, 0.0, 0.0, 0.0]
    np.testing.assert_allclose(violations(q, w, rows), expected, atol=EPS)
    assert violation(q, w, rows) == 0.5


@given(st.integers(0, 10**6), st.sampled_from(KINDS))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_the_kernel_and_numpy_agree_on_violations(seed, kind):
    rng = np.random.default_rng(seed)
    rows = penalty_rows(kind, 8, rng).times(0.3)
    w = np.clip(np.where(rng.uniform(size=8) < 0.4, 0.0, rng.standard_normal(8)), rows.lower, rows.upper)
    q = rng.standard_normal(8)
    assert _kernels.violation(q, w, *rows.vectors) == pytest.approx(violation(q, w, rows), abs=4 * EPS)


def test_a_newton_step_never_increases_the_objective():
    rng = np.random.default_rng(6)
    for trial in range(50):
        gram, c = system(rng, 7, rank=4 if trial % 2 else None)
        rows = penalty_rows(KINDS[trial % len(KINDS)], 7, rng).times(0.05)
        w = np.clip(np.where(rng.uniform(size=7) < 0.3, 0.0, rng.standard_normal(7)), rows.lower, rows.upper)
        q = c - gram @ w

        def objective(at, gram=gram, c=c, rows=rows):
            return 0.5 * at @ gram @ at - c @ at + np.sum(rows.value(at))

        before = objective(w)
        _kernels.newton(gram, q, w, *rows.vectors)
        assert objective(w) <= before + 64 * EPS * (1 + abs(before))
        assert np.all((w >= rows.lower) & (w <= rows.upper))
        np.testing.assert_allclose(q, c - gram @ w, atol=1e-13 * (1 + np.abs(w).max()))


def test_a_path_is_what_its_strengths_give_one_by_one():
    rng = np.random.default_rng(7)
    gram, c = system(rng, 8)
    rows = ElasticNet(0.9).rows(8)
    alphas = np.abs(c).max() * np.geomspace(1, 1e-3, 12)
    coefs, slopes, turns = solve_path(gram, c.copy(), np.zeros(8), rows, alphas, np.full(12, TIGHT))
    condition = 1 / np.linalg.eigvalsh(gram)[0]
    for a, alpha in enumerate(alphas):
        alone, _, _ = solved(gram, c, rows.times(alpha))
        np.testing.assert_allclose(coefs[a], alone, atol=10 * TIGHT * condition)
        np.testing.assert_allclose(slopes[a], c - gram @ coefs[a], atol=1e-13)
    assert np.all(turns > 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("singular", [False, True])
def test_a_path_with_one_factor_meets_the_conditions_at_each_strength(kind, singular):
    rng = np.random.default_rng(8)
    gram, c = system(rng, 12, rank=5 if singular else None)
    if singular and kind == "all free":
        c = gram @ rng.standard_normal(12)  # else there is no minimum
    rows = penalty_rows(kind, 12, rng)
    alphas = np.abs(c).max() * np.geomspace(1, 1e-3, 15)
    w, q = np.zeros(12), c.copy()
    W, Q, turns = solve_path(gram, q, w, rows, alphas, np.full(15, TIGHT))
    for a, alpha in enumerate(alphas):
        np.testing.assert_allclose(Q[a], c - gram @ W[a], atol=1e-12 * (1 + np.abs(W[a]).max()))
        assert violation(Q[a], W[a], rows.times(alpha)) <= TIGHT
        assert np.all((W[a] >= rows.lower) & (W[a] <= rows.upper))
    assert np.all(turns > 0)
    assert np.array_equal(w, W[-1])


def test_a_factor_serves_a_gram_that_has_grown():
    rng = np.random.default_rng(9)
    gram, c = system(rng, 40)
    rows, factor, alpha = ElasticNet().rows(40), Factor(), np.array([0.02 * np.abs(c).max()])
    part = np.ascontiguousarray(gram[:10, :10])
    w, q = np.zeros(10), c[:10].copy()
    solve_path(part, q, w, rows.take(np.arange(10)), alpha, np.array([TIGHT]), factor)
    known = int(factor.counts[1])
    assert known == np.count_nonzero(w) > 0
    w = np.append(w, np.zeros(30))
    W, Q, _ = solve_path(gram, c - gram @ w, w, rows, alpha, np.array([TIGHT]), factor)
    assert violation(Q[0], W[0], rows.times(alpha[0])) <= TIGHT
    np.testing.assert_allclose(Q[0], c - gram @ W[0], atol=1e-13)
    support = factor.support[: factor.counts[0]]
    lower = np.tril(factor.factor[: len(support), : len(support)])
    np.testing.assert_allclose(lower @ lower.T, gram[np.ix_(support, support)], atol=1e-13)
