"""Repeats of a cross-validation are known by the rows they hold out."""

import numpy as np
import pytest
from sklearn.model_selection import KFold, RepeatedKFold, RepeatedStratifiedKFold, ShuffleSplit, TimeSeriesSplit

from shrinkwise.grid import fit_grid
from shrinkwise.path import choose, repeats_of
from tests.grid.splits import every_kind, folds
from tests.linear.data import table, weights_of

N = 60
ROWS = np.zeros((N, 1))


def found(splitter, y=None):
    return repeats_of([test for _, test in splitter.split(ROWS, y)], N)


def test_each_repeat_is_numbered():
    labels = np.arange(N) % 2
    assert found(RepeatedKFold(n_splits=3, n_repeats=2, random_state=0)).tolist() == [0, 0, 0, 1, 1, 1]
    splitter = RepeatedStratifiedKFold(n_splits=2, n_repeats=3, random_state=0)
    assert found(splitter, labels).tolist() == [0, 0, 1, 1, 2, 2]


def test_repeats_need_not_have_as_many_folds_nor_all_rows():
    rows = np.arange(6, N)
    tests = [rows[rows % k == fold] for k in (2, 5) for fold in range(k)]
    assert repeats_of(tests, N).tolist() == [0] * 2 + [1] * 5


@pytest.mark.parametrize("splitter", [KFold(5), ShuffleSplit(6, test_size=0.3, random_state=0), TimeSeriesSplit(4)])
def test_other_splits_are_one_repeat(splitter):
    assert found(splitter) is None


@pytest.mark.parametrize("kind", sorted(set(every_kind()) - {"repeated"}))
def test_splits_that_only_overlap_are_one_repeat(kind):
    tests = [np.flatnonzero(test) if np.asarray(test).dtype == bool else test for _, test in every_kind()[kind]]
    assert repeats_of(tests, N) is None


def test_repeats_are_one_read_each_and_both_routes_agree(monkeypatch):
    X, y, _ = table(n=200, p=5, seed=1)
    weights = weights_of(200)
    splits = list(RepeatedKFold(n_splits=5, n_repeats=4, random_state=0).split(X))
    reads = []
    original = choose.moments_of_sets
    monkeypatch.setattr(choose, "moments_of_sets", lambda *args: reads.append(len(args[3])) or original(*args))
    moments = fit_grid(X, y, splits, alphas=10, sample_weight=weights, l1_ratios=(0.5, 1.0))
    assert reads == [40] + [10] * 4  # 5^4 cells would be too many
    monkeypatch.setattr(choose, "_is_tall", lambda task: False)
    rows = fit_grid(X, y, splits, alphas=10, sample_weight=weights, l1_ratios=(0.5, 1.0))
    np.testing.assert_allclose(moments.test_score, rows.test_score, rtol=1e-4)
    np.testing.assert_allclose(moments.train_score, rows.train_score, rtol=1e-4)
    assert moments.repeats.tolist() == rows.repeats.tolist() == sorted([*range(4)] * 5)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_the_standard_error_is_that_of_one_repeat_averaged(loss):
    X, y, labels = table(n=N, p=5, seed=2)
    target = y if loss == "squared" else labels
    splits = list(RepeatedKFold(n_splits=4, n_repeats=3, random_state=0).split(X))
    grid = fit_grid(X, target, splits, loss=loss, alphas=[0.2, 0.05, 0.01])
    alone = [fit_grid(X, target, splits[4 * r : 4 * r + 4], loss=loss, alphas=[0.2, 0.05, 0.01]) for r in range(3)]
    np.testing.assert_allclose(grid.se, np.mean([one.se for one in alone], axis=0), rtol=1e-4)
    np.testing.assert_allclose(grid.mean, np.mean([one.mean for one in alone], axis=0), rtol=1e-4)
    corrected = np.mean([one.corrected_error("min") for one in alone])
    assert grid.corrected_error("min") == pytest.approx(corrected, rel=1e-4)


def test_a_repeat_of_the_same_folds_changes_no_standard_error():
    X, y, _ = table(n=N, p=5, seed=3)
    once = fit_grid(X, y, folds(N, 4), alphas=8)
    twice = fit_grid(X, y, folds(N, 4) * 2, alphas=8)
    assert once.repeats is None
    np.testing.assert_allclose(once.se, twice.se, rtol=1e-9)
    assert once.select("1se").index == twice.select("1se").index
