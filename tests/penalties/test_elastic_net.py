import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shrinkwise.exceptions import UsageError
from shrinkwise.penalties import ElasticNet
from tests.oracles.penalty import prox as prox_by_cases

NUMBER = st.floats(-1e3, 1e3, allow_subnormal=False)
MIX = st.sampled_from([0.0, 1.0]) | st.floats(0, 1, allow_subnormal=False)


@given(NUMBER, st.floats(0, 1e3, allow_subnormal=False), MIX, st.floats(0, 10), st.floats(-5, 0), st.floats(0, 5))
@settings(max_examples=200, deadline=None)
def test_prox_equals_the_cases_written_out(v, step, l1_ratio, weight, lower, upper):
    penalty = ElasticNet(l1_ratio, [weight], lower, upper)
    expected = prox_by_cases(v, step, l1_ratio, weight, lower, upper)
    np.testing.assert_allclose(penalty.prox(np.array([v]), step), expected, rtol=1e-14, atol=1e-300)


def test_lasso_is_soft_thresholding_and_zeros_are_exact():
    v = np.array([3.0, -3.0, 1.0, -1.0, 0.5, 0.0])
    assert ElasticNet().prox(v, 1.0).tolist() == [2.0, -2.0, 0.0, 0.0, 0.0, 0.0]


def test_ridge_shrinks_and_never_selects():
    v = np.array([3.0, -1e-12])
    assert ElasticNet(l1_ratio=0.0).prox(v, 2.0).tolist() == (v / 3).tolist()
    assert ElasticNet(l1_ratio=0.0).dual_norm(v) == np.inf


def test_an_unpenalized_coefficient_is_left_alone():
    penalty = ElasticNet(0.5, penalty_weights=[0.0, 1.0])
    assert penalty.prox(np.array([0.3, 0.3]), 100.0).tolist() == [0.3, 0.0]
    assert penalty.value(np.array([5.0, 0.0])) == 0.0
    assert penalty.conjugate(np.array([0.0, 0.1]), 1.0) == 0.0
    assert penalty.conjugate(np.array([0.1, 0.0]), 1.0) == np.inf


def test_dual_norm_is_the_largest_pull_in_units_of_the_weights():
    u = np.array([2.0, -3.0])
    assert ElasticNet().dual_norm(u) == 3.0
    assert ElasticNet(0.5).dual_norm(u) == 6.0
    assert ElasticNet(penalty_weights=[0.1, 1.0]).dual_norm(u) == 20.0
    assert ElasticNet(lower=0.0).dual_norm(u) == 2.0  # the other one cannot follow its pull
    assert ElasticNet(lower=0.0, upper=np.array([0.0, 1.0])).dual_norm(u) == 0.0


def test_bounds_cut_the_prox_and_bound_the_conjugate():
    penalty = ElasticNet(1.0, lower=-0.5, upper=2.0)
    assert penalty.prox(np.array([9.0, -9.0]), 1.0).tolist() == [2.0, -0.5]
    assert penalty.conjugate(np.array([3.0, -3.0]), 1.0) == 2.0 * 2.0 + 2.0 * 0.5


def test_the_ridge_unit_divides_the_square_and_nothing_else():
    plain, dollars = ElasticNet(0.25).rows(2), ElasticNet(0.25, ridge_unit=1000.0).rows(2)
    assert dollars.l1.tolist() == plain.l1.tolist()
    np.testing.assert_allclose(dollars.l2, plain.l2 / 1000)
    w = np.array([0.5, -2.0])
    in_dollars = ElasticNet(0.25, ridge_unit=1000.0).value(1000 * w)
    assert in_dollars == pytest.approx(1000 * ElasticNet(0.25).value(w))  # the mix means the same in both units


@given(st.floats(0, 100), st.floats(0, 100), st.lists(NUMBER, min_size=3, max_size=3))
@settings(max_examples=100, deadline=None)
def test_textbook_form_has_the_same_value(l1, l2, w):
    penalty, alpha = ElasticNet.from_l1_l2(l1, l2)
    w = np.array(w)
    assert alpha == l1 + 2 * l2
    expected = l1 * np.abs(w).sum() + l2 * (w**2).sum()
    np.testing.assert_allclose(alpha * penalty.value(w), expected, rtol=1e-13, atol=1e-300)


def test_textbook_form_passes_its_options_on():
    penalty, alpha = ElasticNet.from_l1_l2(0, 0, lower=0.0, penalty_weights=[1, 2])
    assert alpha == 0
    assert penalty.lower == 0.0
    assert penalty.rows(2).l1.tolist() == [1.0, 2.0]


def test_rows_at_a_strength_scale_the_factors_and_leave_the_bounds():
    rows = ElasticNet(0.25, penalty_weights=[1, 2], lower=-1).rows(2).times(4.0)
    assert rows.l1.tolist() == [1.0, 2.0]
    assert rows.l2.tolist() == [3.0, 6.0]
    assert rows.lower.tolist() == [-1.0, -1.0]


def test_penalty_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ElasticNet().l1_ratio = 0.5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"l1_ratio": 1.5}, ["l1_ratio", "1.5", "[0, 1]", "from_l1_l2"]),
        ({"l1_ratio": -0.1}, ["-0.1"]),
        ({"l1_ratio": float("nan")}, ["nan"]),
        ({"l1_ratio": np.float64(2)}, ["l1_ratio", "2"]),
        ({"l1_ratio": np.float32(2)}, ["l1_ratio", "2"]),
        ({"l1_ratio": True}, ["l1_ratio", "True"]),
        ({"ridge_unit": 0.0}, ["ridge_unit", "0.0"]),
        ({"ridge_unit": np.inf}, ["ridge_unit", "inf"]),
        ({"penalty_weights": [-1.0]}, ["penalty_weights", "-1", ">= 0"]),
        ({"penalty_weights": [np.inf]}, ["penalty_weights", "finite"]),
        ({"penalty_weights": [[1.0]]}, ["penalty_weights", "one for each feature"]),
        ({"lower": 0.1}, ["lower <= 0 <= upper", "0.1"]),
        ({"upper": -0.1}, ["lower <= 0 <= upper", "-0.1"]),
        ({"lower": [0.0, np.nan]}, ["bounds"]),
    ],
)
def test_wrong_parameter_is_refused_with_its_value_and_the_remedy(arguments, words):
    with pytest.raises(UsageError) as caught:
        ElasticNet(**arguments)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize("factors", [(-1, 0), (0, -1), (np.nan, 0), ("a", 1)])
def test_wrong_factor_of_the_textbook_form_is_refused(factors):
    with pytest.raises(UsageError, match="l[12] must be"):
        ElasticNet.from_l1_l2(*factors)


@pytest.mark.parametrize("name", ["penalty_weights", "lower", "upper"])
def test_arrays_of_another_length_are_refused(name):
    penalty = ElasticNet(**{name: np.zeros(3)})
    with pytest.raises(UsageError, match=f"{name} has length 3, but there are 4 features"):
        penalty.rows(4)
