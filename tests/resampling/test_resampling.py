import numpy as np
import pytest

from shrinkwise.engines import LocalEngine
from shrinkwise.path import repeats_of
from shrinkwise.path.cells import moments_of_sets
from shrinkwise.resampling import blocks_of, dealt_again, half_samples, rows_of


@pytest.mark.parametrize(
    ("n", "n_folds", "count"), [(1000, 10, 40), (1000, 7, 42), (45, 5, 40), (33, 10, 30), (8, 10, 8)]
)
def test_blocks_are_even_and_a_multiple_of_the_folds(n, n_folds, count):
    blocks = blocks_of(n, min(n_folds, n))
    sizes = np.bincount(blocks)
    assert len(sizes) == count
    assert sizes.max() - sizes.min() <= 1


def test_blocks_keep_the_shares_of_strata():
    labels = np.repeat([0, 1], [920, 80])
    rare = np.bincount(blocks_of(1000, 10, strata=labels), weights=labels)
    assert set(rare) == {2.0}


def test_blocks_keep_groups_whole():
    groups = np.random.default_rng(0).integers(0, 60, 500)
    blocks = blocks_of(500, 5, groups=groups)
    assert all(len(set(blocks[groups == group])) == 1 for group in range(60))
    assert np.bincount(blocks).max() <= 2 * 500 / 40


def test_rows_outside_of_all_folds_are_in_no_half():
    blocks = blocks_of(100, 5, rows=np.arange(20, 100))
    assert np.all(blocks[:20] == -1)
    assert rows_of(half_samples(blocks, 3)).tolist() == list(range(20, 100))


def test_half_samples_are_pairs_of_disjoint_halves():
    splits = half_samples(blocks_of(1000, 10), 50)
    assert len(splits) == 100
    for (first, second), (other, back) in zip(splits[::2], splits[1::2]):
        np.testing.assert_array_equal(first, back)
        np.testing.assert_array_equal(second, other)
        assert len(first) == len(second) == 500
        assert not np.intersect1d(first, second).size


def test_every_row_is_in_half_of_the_halves():
    """Over many seeds of blocks and halves a row is in the first half with probability one half."""
    inside = np.mean([np.bincount(half_samples(blocks_of(60, 5, s), 1, s)[0][0], minlength=60) for s in range(2000)], 0)
    assert np.max(np.abs(inside - 0.5)) < 4.5 * 0.5 / np.sqrt(2000)


def test_repeats_deal_all_rows_anew():
    splits = dealt_again(blocks_of(403, 10), 10, 3)
    repeats = repeats_of([test for _, test in splits], 403)
    assert repeats.tolist() == np.repeat(range(3), 10).tolist()
    assert not np.array_equal(splits[0][1], splits[10][1])
    assert all(np.array_equal(np.sort(np.concatenate(pair)), np.arange(403)) for pair in splits)


def test_one_read_serves_halves_and_repeats():
    rng = np.random.default_rng(0)
    X, y, blocks = rng.standard_normal((400, 5)), rng.standard_normal(400), blocks_of(400, 10)
    splits = [*half_samples(blocks, 50), *dealt_again(blocks, 10, 5)]
    member = [np.bincount(rows, minlength=400) for pair in splits for rows in pair]
    _, sets = moments_of_sets(X, y, np.ones(400), member, LocalEngine(), 1e9)
    for inside, moments in zip(member, sets, strict=True):
        Z, t = X[inside > 0], y[inside > 0]
        slope = ((Z - Z.mean(axis=0)) / Z.std(axis=0)).T @ (t - t.mean()) / len(t)
        np.testing.assert_allclose(moments.quadratic().c, slope, atol=1e-12)
