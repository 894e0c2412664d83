"""The quadratic problem with norms of groups: optimality from the definition, whatever the Gram."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shrinkwise.penalties import ElasticNet, GroupLasso
from shrinkwise.solvers import _group_kernels, solve_quadratic, violation
from shrinkwise.solvers.group_quadratic import kernel_data
from shrinkwise.solvers.quadratic import KERNEL
from tests.oracles.group_penalty import kkt, proximal_gradient, value

EPS = np.finfo(np.float64).eps
TIGHT = 1e-13

MIXES = {
    "group lasso": {},
    "sparse group lasso": {"sparse_ratio": 0.4},
    "with a ridge part": {"l1_ratio": 0.6},
    "all three": {"l1_ratio": 0.7, "sparse_ratio": 0.2},
}
TABLES = ["plain", "ill-conditioned", "copies", "fewer rows than columns"]


def system(kind, m, rng, n=80):
    X = rng.standard_normal((n if kind != "fewer rows than columns" else m // 2, m))
    if kind == "ill-conditioned":
        X = X * np.logspace(0, -5, m) @ rng.standard_normal((m, m))
    if kind == "copies":
        X[:, m // 2 :] = X[:, : m - m // 2]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = X @ (rng.standard_normal(m) * (np.arange(m) % 3 == 0)) + rng.standard_normal(len(X))
    y = (y - y.mean()) / y.std()
    return np.ascontiguousarray(X.T @ X / len(X)), X.T @ y / len(X)


def parts_of(rows):
    labels = rows.groups.labels
    return [(np.flatnonzero(labels == g), rows.norm[labels == g][0]) for g in np.unique(labels[labels >= 0])]


def solved(gram, c, rows, tol=TIGHT):
    w, q = np.zeros(len(c)), c.copy()
    turns = solve_quadratic(gram, q, w, rows, tol)
    np.testing.assert_allclose(q, c - gram @ w, atol=1e-13 * (1 + np.abs(w).max()))
    return w, c - gram @ w, turns


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("table", TABLES)
def test_the_minimum_meets_the_optimality_conditions(table, mix):
    rng = np.random.default_rng(1)
    m = 23
    for sizes in (2, 5, 12):
        gram, c = system(table, m, rng)
        labels = np.where(np.arange(m) < 20, np.arange(m) // sizes, -1)
        rows = GroupLasso(rng.permutation(labels), **MIXES[mix]).rows(m)
        top = rows.dual_norm(c)
        for share in (0.7, 0.1, 0.01):
            at = rows.times(share * top)
            w, q, turns = solved(gram, c, at)
            assert turns > 0
            assert kkt(q, w, at.l1, at.l2, parts_of(at)) <= 1e-12


@pytest.mark.parametrize("mix", MIXES)
def test_the_minimum_is_that_of_plain_proximal_gradient(mix):
    rng = np.random.default_rng(2)
    m = 18
    gram, c = system("plain", m, rng)
    rows = GroupLasso(np.arange(m) // 3, **MIXES[mix]).rows(m)
    at = rows.times(0.2 * rows.dual_norm(c))
    w, _, _ = solved(gram, c, at)
    slow = proximal_gradient(
        lambda w: gram @ w - c, at.prox, np.zeros(m), 1 / np.linalg.eigvalsh(gram)[-1], n_iter=3000
    )
    np.testing.assert_allclose(w, slow, atol=1e-11)
    assert np.array_equal(w != 0, slow != 0)

    def objective(w):
        return 0.5 * w @ gram @ w - c @ w + value(w, at.l1, at.l2, parts_of(at))

    assert objective(w) <= objective(slow) + 16 * EPS


def test_nothing_comes_in_at_the_dual_norm_and_a_whole_group_a_hair_below():
    rng = np.random.default_rng(3)
    gram, c = system("plain", 12, rng)
    rows = GroupLasso(np.arange(12) // 4).rows(12)
    top = rows.dual_norm(c)
    assert not np.any(solved(gram, c, rows.times(top))[0])
    w, _, _ = solved(gram, c, rows.times(top * (1 - 1e-6)))
    assert np.count_nonzero(w) == 4
    assert len(set(np.flatnonzero(w) // 4)) == 1


def test_columns_alone_keep_their_bounds_beside_groups():
    rng = np.random.default_rng(4)
    gram, c = system("plain", 9, rng)
    lower, upper = np.full(9, -np.inf), np.full(9, np.inf)
    lower[6:], upper[6:] = -0.02, 0.01
    rows = GroupLasso([0, 0, 0, 1, 1, 1, None, None, None], 0.9, lower=lower, upper=upper).rows(9).times(0.01)
    w, q, turns = solved(gram, c, rows)
    assert turns > 0
    assert np.all((w >= lower) & (w <= upper))
    assert np.any((w == lower) | (w == upper))
    assert violation(q, w, rows) <= TIGHT


def test_part_of_a_group_is_the_group_with_zeros():
    rng = np.random.default_rng(5)
    gram, c = system("plain", 8, rng)
    rows = GroupLasso([0, 0, 0, 0, 1, 1, 1, 1], sparse_ratio=0.3).rows(8).times(0.02)
    cols = np.array([5, 0, 2, 6, 7])  # two of the first group, three of the second one
    for some in (cols, cols[:2]):
        w, q, _ = solved(np.ascontiguousarray(gram[np.ix_(some, some)]), c[some], rows.take(some))
        parts = [(np.flatnonzero(np.isin(some, whole)), factor) for whole, factor in parts_of(rows)]
        assert kkt(q, w, rows.l1[some], rows.l2[some], [part for part in parts if len(part[0])]) <= 1e-12


@given(st.integers(0, 10**6), st.sampled_from(sorted(MIXES)))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_kernel_numpy_and_definition_agree_on_violations(seed, mix):
    rng = np.random.default_rng(seed)
    rows = GroupLasso([0, 1, 0, 1, 1, None, 2, 2], **MIXES[mix]).rows(8).times(0.5)
    w = np.where(rng.uniform(size=8) < 0.5, 0.0, rng.standard_normal(8))
    q = rng.standard_normal(8)
    found = violation(q, w, rows)
    assert found == pytest.approx(kkt(q, w, rows.l1, rows.l2, parts_of(rows)), abs=8 * EPS)
    assert _group_kernels.violation(q, w, *kernel_data(rows)) == pytest.approx(found, abs=8 * EPS)


def test_a_round_never_increases_the_objective():
    rng = np.random.default_rng(6)
    for trial in range(40):
        gram, c = system(TABLES[trial % 4], 12, rng)
        rows = GroupLasso(np.arange(12) // 3, **MIXES[sorted(MIXES)[trial % 4]]).rows(12).times(0.05)
        w = np.where(rng.uniform(size=12) < 0.3, 0.0, rng.standard_normal(12))
        q = c - gram @ w

        def objective(at, gram=gram, c=c, rows=rows):
            return 0.5 * at @ gram @ at - c @ at + value(at, rows.l1, rows.l2, parts_of(rows))

        before = objective(w)
        for step in (_group_kernels.newton, _group_kernels.settle):
            limits = (0.0,) if step is _group_kernels.newton else (0.0, 1, 1)
            step(gram, q, w, *kernel_data(rows), *limits)
            after = objective(w)
            assert after <= before + 64 * EPS * (1 + abs(before))
            before = after


def test_supports_beyond_the_kernels_take_the_same_way():
    rng = np.random.default_rng(7)
    m = KERNEL + 40
    gram, c = system("plain", m, rng, n=2 * m)
    rows = GroupLasso(np.arange(m) // 4, 0.9, sparse_ratio=0.1).rows(m)
    at = rows.times(1e-3 * rows.dual_norm(c))
    w, q, turns = solved(gram, c, at)
    assert np.count_nonzero(w) > KERNEL
    assert turns > 0
    assert kkt(q, w, at.l1, at.l2, parts_of(at)) <= 1e-12


def test_groups_of_one_column_are_the_elastic_net_bit_for_bit():
    rng = np.random.default_rng(8)
    gram, c = system("plain", 10, rng)
    for groups in (np.arange(10), [None] * 10, [[3]], [[0], [1], [5]]):
        one = GroupLasso(groups, 0.7, sparse_ratio=0.4).rows(10)
        plain = ElasticNet(0.7).rows(10)
        assert not one.grouped
        np.testing.assert_array_equal(solved(gram, c, one.times(0.1))[0], solved(gram, c, plain.times(0.1))[0])
