import numpy as np
import pytest

from shrinkwise.diagnosis import paired_rows
from shrinkwise.exceptions import DataError


def errors(n=50, seed=0):
    rng = np.random.default_rng(seed)
    return rng.exponential(size=n), rng.exponential(size=n)


def test_without_weights_it_is_the_paired_t_statistic():
    a, b = errors()
    found = paired_rows(a, b)
    assert found.errors == pytest.approx((a.mean(), b.mean()))
    assert found.difference == pytest.approx((a - b).mean())
    assert found.difference_se == pytest.approx((a - b).std(ddof=1) / np.sqrt(len(a)))
    assert found.n_rows == 50


def test_the_unit_of_the_weights_does_not_matter_and_rows_of_weight_zero_do_not_count():
    a, b = errors()
    ones, eights = paired_rows(a, b), paired_rows(a, b, np.full(50, 8.0))
    assert eights.difference_se == pytest.approx(ones.difference_se)
    s = np.where(np.arange(50) < 30, 1.0, 0.0)
    assert paired_rows(a, b, s) == paired_rows(a[:30], b[:30], np.ones(30))


def test_the_standard_error_with_weights_is_that_of_repeated_draws():
    rng = np.random.default_rng(1)
    draws, n = 4000, 60
    s = rng.uniform(0.2, 3, n)
    d = rng.normal(size=(draws, n)) * np.sqrt(s)  # spread goes with the weight
    found = [paired_rows(row, np.zeros(n), s) for row in d]
    spread = np.std([one.difference for one in found])
    # the mean of 4000 estimates is exact to less than one percent; the sd of 4000 draws to 1/sqrt(8000) = 1.1 %
    assert np.sqrt(np.mean([one.difference_se**2 for one in found])) == pytest.approx(spread, rel=0.04)


def test_swapping_the_two_changes_the_sign_and_nothing_else():
    a, b = errors()
    found, other = paired_rows(a, b + 1), paired_rows(b + 1, a)
    assert (found.better, other.better) == ("A", "B")
    assert found.difference == -other.difference
    assert found.difference_se == other.difference_se


def test_equal_errors_cannot_be_told_apart():
    a, _ = errors()
    assert paired_rows(a, a).better is None


def test_one_row_has_no_standard_error():
    with pytest.raises(DataError, match="two rows of positive weight or more, got 1"):
        paired_rows([1.0, 2.0], [2.0, 3.0], [0.0, 1.0])
