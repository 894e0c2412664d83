"""The group lasso's formulas against their definitions, and the parameters that are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from shrinkwise.exceptions import UsageError
from shrinkwise.penalties import ElasticNet, GroupLasso, group_names
from tests.oracles.group_penalty import prox_of_group, value

EPS = np.finfo(np.float64).eps
SIZES = (4, 1, 3)
LABELS = np.repeat([0, -1, 2], SIZES)

MIX = st.sampled_from([0.0, 0.3, 1.0])
SEED = st.integers(0, 10**6)


def parts_of(rows):
    labels = rows.groups.labels
    return [(np.flatnonzero(labels == g), rows.norm[labels == g][0]) for g in np.unique(labels[labels >= 0])]


def penalty_and_point(seed, l1_ratio, sparse_ratio):
    rng = np.random.default_rng(seed)
    weights = np.repeat(rng.uniform(0.1, 3, 3), SIZES)
    penalty = GroupLasso(LABELS, l1_ratio, sparse_ratio, penalty_weights=weights)
    return penalty, rng.standard_normal(8) * 10.0 ** rng.uniform(-1, 1), rng


@given(SEED, st.sampled_from([0.2, 0.7, 1.0]), st.sampled_from([0.0, 0.3, 0.8]))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_value_and_prox_are_those_of_the_definition(seed, l1_ratio, sparse_ratio):
    penalty, v, rng = penalty_and_point(seed, l1_ratio, sparse_ratio)
    step = rng.uniform(0.05, 2)
    pi = np.repeat(np.asarray(penalty.penalty_weights)[[0, 4, 5]], SIZES)
    l1, l2 = np.where(LABELS >= 0, sparse_ratio, 1.0) * l1_ratio * pi, (1 - l1_ratio) * pi
    factors = l1_ratio * (1 - sparse_ratio) * pi * np.sqrt(np.repeat(SIZES, SIZES))
    parts = [(cols, factors[cols[0]]) for cols in (np.arange(4), np.arange(5, 8))]
    assert penalty.value(v) == pytest.approx(value(v, l1, l2, parts), rel=1e-13)
    expected = np.empty(8)
    for cols, factor in [*parts, (np.array([4]), 0.0)]:
        expected[cols] = prox_of_group(v[cols], step * l1[cols], step * l2[cols], step * factor)
    np.testing.assert_allclose(penalty.prox(v, step), expected, rtol=1e-11, atol=1e-14)
    assert np.array_equal(penalty.prox(v, step) != 0, expected != 0)


def test_prox_is_the_minimum_that_scipy_finds():
    rng = np.random.default_rng(0)
    for sparse_ratio in (0.0, 0.5):
        penalty = GroupLasso([0, 0, 0], 0.8, sparse_ratio)
        v = np.array([1.0, -2.0, 0.4])

        def objective(w, v=v, penalty=penalty):
            return 0.5 * np.sum((w - v) ** 2) + 0.3 * penalty.value(w)

        found = penalty.prox(v, 0.3)
        for start in (v, rng.standard_normal(3)):
            best = optimize.minimize(objective, start, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-14})
            assert objective(found) <= best.fun + 1e-14
            np.testing.assert_allclose(found, best.x, atol=1e-5)


@given(SEED, MIX, MIX)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_moreau_and_fenchel_young(seed, l1_ratio, sparse_ratio):
    penalty, v, rng = penalty_and_point(seed, l1_ratio, sparse_ratio)
    w = penalty.prox(v, 1.0)
    u = (v - w) * (1 - 64 * EPS)  # inside of the domain by the rounding of v - w
    slack = penalty.value(w) + penalty.conjugate(u, 1.0) - u @ w
    assert -64 * EPS * (1 + v @ v) <= slack <= 256 * EPS * (1 + v @ v)
    rows = penalty.rows(8)
    other = rng.standard_normal(8)
    slacks = rows.slack(other, u, np.zeros(8, bool))
    assert slacks >= 0
    assert slacks == pytest.approx(
        penalty.value(other) + penalty.conjugate(u, 1.0) - u @ other, abs=1e-12 * (1 + v @ v)
    )


@given(SEED, st.sampled_from([0.2, 1.0]), st.sampled_from([0.0, 0.3, 0.9]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_dual_norm_is_the_root_that_bisection_finds(seed, l1_ratio, sparse_ratio):
    penalty, u, _ = penalty_and_point(seed, l1_ratio, sparse_ratio)
    norm = penalty.dual_norm(u)
    assert not np.any(penalty.prox(u, norm))
    assert np.any(penalty.prox(u, norm * (1 - 1e-12)))
    rows = penalty.rows(8)

    def excess(step):
        return max(
            np.linalg.norm(np.maximum(np.abs(u[c]) - step * rows.l1[c], 0)) - step * f for c, f in parts_of(rows)
        )

    alone = np.abs(u[4]) / rows.l1[4]
    root = optimize.brentq(excess, 1e-12, 1e6, xtol=1e-300, rtol=8 * EPS)
    assert norm == pytest.approx(max(root, alone), rel=1e-13)
    limits = rows.limits(u)
    assert np.min(limits) == pytest.approx(1 / norm, rel=1e-13)


def test_the_plain_group_lasso_shortens_vectors():
    penalty = GroupLasso(["a", "a", None])
    v = np.array([3.0, 4.0, 0.5])
    np.testing.assert_allclose(penalty.prox(v, 1.0), [*(v[:2] * (1 - np.sqrt(2) / 5)), 0.0], rtol=1e-15)
    assert penalty.value(v) == pytest.approx(5 * np.sqrt(2) + 0.5)
    assert penalty.dual_norm(v) == pytest.approx(5 / np.sqrt(2))
    assert penalty.conjugate(np.array([0.9, 0.9, 0.0]), 1.0) == 0
    assert penalty.conjugate(np.array([1.1, 1.1, 0.0]), 1.0) == np.inf


@pytest.mark.parametrize("l1_ratio", [0.0, 0.4, 1.0])
def test_the_ends_are_the_elastic_net(l1_ratio):
    rng = np.random.default_rng(0)
    v = rng.standard_normal(4)
    net = ElasticNet(l1_ratio)
    ends = [GroupLasso([0, 0, 1, 1], l1_ratio, 1.0), GroupLasso([0, 1, 2, 3], l1_ratio), GroupLasso([[2]], l1_ratio)]
    ends += [GroupLasso([0, 0, 1, 1], 0.0)] * (l1_ratio == 0)
    for penalty in ends:
        assert not penalty.rows(4).grouped
        np.testing.assert_array_equal(penalty.prox(v, 0.3), net.prox(v, 0.3))
        assert penalty.value(v) == net.value(v)


def test_a_group_of_weight_zero_is_free():
    penalty = GroupLasso([0, 0, 1, 1], penalty_weights=[0, 0, 1, 1])
    v = np.array([0.1, 0.2, 0.3, 0.4])
    assert penalty.prox(v, 100.0).tolist() == [0.1, 0.2, 0.0, 0.0]
    assert penalty.dual_norm(v) == np.inf
    assert penalty.rows(4).free.tolist() == [True, True, False, False]


def test_many_equal_pulls_and_huge_groups_have_a_dual_norm():
    for size in (2, 1000):
        for sparse_ratio in (0.0, 0.5):
            penalty = GroupLasso(np.zeros(size, int), sparse_ratio=sparse_ratio)
            u = np.ones(size)
            # ‖S(u, a t)‖ = √m (1 − a t) = a (1 − t) √m  at  a = 1
            assert penalty.dual_norm(u) == pytest.approx(1.0, rel=1e-13)
            assert not np.any(penalty.prox(u, penalty.dual_norm(u)))


def test_whole_adds_the_rest_of_each_group_and_nothing_else():
    groups = GroupLasso([0, 1, 0, None, 1, 0]).rows(6).groups
    assert groups.whole(np.array([3])).tolist() == [3]
    assert groups.whole(np.array([2, 3])).tolist() == [0, 2, 3, 5]
    assert groups.whole(np.array([4])).tolist() == [1, 4]


def test_names_of_groups():
    assert group_names(["a", None, "a", "b", 3, 3], 6) == ("a", "", "a", "", "3", "3")
    assert group_names([[0, 2], [1], [3, 4]], 6) == ("0", "", "0", "2", "2", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"groups": [0, 0, 1]}, ["3 labels", "4 features"]),
        ({"groups": [[0, 1], [3, 1]]}, ["column 1 is in two groups (0 and 1)", "overlap"]),
        ({"groups": [[0, 4]]}, ["column 4", "0 to 3"]),
        ({"groups": [[0, True]]}, ["True"]),
        ({"groups": [["a", "b"]]}, ["column numbers", "'a'"]),
        ({"groups": "abcd"}, ["label", "abcd"]),
        ({"groups": None}, ["label", "None"]),
        ({"groups": [0, 0, {}, 1]}, ["{}", "column 2"]),
        ({"groups": [0, 0, 1, 1], "sparse_ratio": 1.01}, ["sparse_ratio", "1.01", "[0, 1]"]),
        ({"groups": [0, 0, 1, 1], "l1_ratio": -0.1}, ["l1_ratio", "-0.1"]),
        ({"groups": [0, 0, 1, 1], "penalty_weights": [1, 2, 1, 1]}, ["column 1", "is 2", "has 1"]),
        ({"groups": [0, 0, None, None], "upper": [np.inf, 1.0, 1.0, 1.0]}, ["column 1", "[-inf, 1]", "alone"]),
        ({"groups": [0, 0, 1, 1], "lower": 0.0}, ["column 0", "[0, inf]"]),
        ({"groups": [0, 0, 1, 1], "penalty_weights": [1, 1, 1]}, ["length 3", "4 features"]),
    ],
)
def test_wrong_parameters_are_refused_with_the_column_and_the_remedy(arguments, words):
    with pytest.raises(UsageError) as caught:
        GroupLasso(**arguments).rows(4)
    assert all(word in str(caught.value) for word in words), str(caught.value)
