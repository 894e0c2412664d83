"""Folds: even, stratified, whole groups, and the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shrinkwise.cli._folds import make_folds, repeated_folds, splits, splits_in_time, time_folds
from shrinkwise.exceptions import DataError


def counts(folds, n_folds, rows):
    return np.bincount(folds[rows], minlength=n_folds)


@given(st.integers(2, 12), st.lists(st.integers(0, 2), min_size=12, max_size=80), st.integers(0, 5))
def test_folds_and_the_classes_in_them_are_even_within_one_row(n_folds, classes, seed):
    classes = np.array(classes)
    folds = make_folds(n_folds, seed, classes=classes)
    assert np.ptp(np.bincount(folds, minlength=n_folds)) <= 1
    for one in np.unique(classes):
        assert np.ptp(counts(folds, n_folds, classes == one)) <= 1


@given(st.integers(2, 5), st.lists(st.integers(0, 9), min_size=30, max_size=80), st.integers(0, 3))
def test_groups_stay_whole_and_no_fold_is_empty(n_folds, groups, seed):
    groups = np.array([*groups, 0, 1, 2, 3, 4])
    classes = np.random.default_rng(seed).integers(0, 2, len(groups))
    folds = make_folds(n_folds, seed, classes=classes, groups=groups)
    assert all(np.ptp(folds[groups == group]) == 0 for group in np.unique(groups))
    assert np.all(np.bincount(folds, minlength=n_folds) > 0)
    largest = np.bincount(groups).max()
    even = make_folds(n_folds, seed, classes=np.zeros_like(classes), groups=groups)
    assert np.ptp(np.bincount(even, minlength=n_folds)) <= largest


def test_groups_of_both_classes_are_spread():
    groups = np.repeat(np.arange(40), 5)
    classes = (groups % 4 == 0).astype(int)  # ten groups of one class, thirty of the other
    folds = make_folds(5, 0, classes=classes, groups=groups)
    assert counts(folds, 5, classes == 1).tolist() == [10] * 5
    assert counts(folds, 5, classes == 0).tolist() == [30] * 5


def test_rows_that_do_not_count_are_in_no_fold_and_do_not_move_the_others_out_of_balance():
    weighed = np.arange(30) % 3 > 0
    folds = make_folds(4, 0, classes=np.zeros(30, int), counts=weighed)
    assert np.all(folds[~weighed] == -1)
    assert np.bincount(folds[weighed]).tolist() == [5, 5, 5, 5]
    for train, test in splits(folds, 4):
        assert np.all(weighed[train])
        assert sorted([*train, *test]) == np.flatnonzero(weighed).tolist()


@pytest.mark.parametrize("groups", [None, np.repeat(np.arange(20), 5)])
def test_the_seed_decides_the_folds(groups):
    classes = np.arange(100) % 2
    first, again, other = (make_folds(5, seed, classes=classes, groups=groups) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)


def test_repeats_are_dealt_anew_and_the_first_as_if_it_were_alone():
    classes = np.arange(40) % 2
    once = make_folds(4, 7, classes=classes)
    np.testing.assert_array_equal(repeated_folds(4, 1, 7, classes=classes), once)
    folds = repeated_folds(4, 3, 7, classes=classes)
    assert folds.shape == (40, 3)
    np.testing.assert_array_equal(folds[:, 0], once)
    assert np.any(folds[:, 1] - 4 != folds[:, 0])
    for repeat in range(3):
        assert np.bincount(folds[:, repeat], minlength=12).tolist() == [10 * (k // 4 == repeat) for k in range(12)]
    pairs = splits(folds, 12)
    for fold, (train, test) in enumerate(pairs):
        assert sorted([*train, *test]) == list(range(40))
        assert np.all(folds[test, fold // 4] == fold)


@given(st.integers(1, 6), st.lists(st.integers(0, 12), min_size=8, max_size=60), st.data())
def test_in_time_no_fold_is_predicted_from_its_future(n_folds, times, data):
    times = np.array([*times, *range(7)])
    counts = data.draw(st.sampled_from([None, np.arange(len(times)) % 4 > 0]))
    used = np.ones(len(times), bool) if counts is None else counts
    if len(np.unique(times[used])) <= n_folds:
        with pytest.raises(DataError, match=f"cannot make {n_folds} folds"):
            time_folds(n_folds, times, counts)
        return
    folds = time_folds(n_folds, times, counts)
    pairs = splits_in_time(folds, counts)
    assert len(pairs) == n_folds
    for train, test in pairs:
        assert min(len(train), len(test)) > 0
        assert np.all(used[np.concatenate([train, test])])
        assert times[train].max() < times[test].min()
        np.testing.assert_array_equal(train, np.flatnonzero(used & (times < times[test].min())))
    held_out = np.concatenate([test for _, test in pairs])
    assert len(held_out) == len(set(held_out))
    assert np.all(folds[~used] == -1)


def test_in_time_parts_are_even_where_times_allow():
    folds = time_folds(4, np.random.default_rng(0).permutation(100))
    assert np.bincount(folds + 1).tolist() == [20] * 5
    assert np.bincount(time_folds(2, np.array([0] * 50 + [1, 2])) + 1).tolist() == [50, 1, 1]
