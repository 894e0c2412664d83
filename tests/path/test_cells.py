import numpy as np
import pytest

from shrinkwise.engines import LocalEngine
from shrinkwise.moments import Moments
from shrinkwise.path.cells import moments_of_sets
from shrinkwise.resampling import blocks_of, dealt_again, half_samples
from tests.grid.splits import folds

N = 120


def table(weighted):
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.5, 2, N) if weighted else np.full(N, 0.5)
    return rng.standard_normal((N, 5)) + 3, rng.standard_normal(N), weights


def moments_of(splits, weighted=False):
    sets = [rows for pair in splits for rows in pair]
    member = [np.bincount(rows, minlength=N) for rows in sets]
    whole, moments = moments_of_sets(*table(weighted), member, LocalEngine(1), 1e9)
    return sets, whole, moments


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("deal", ["halves", "repeats", "bootstrap of blocks"])
def test_sets_of_many_cells_have_the_moments_of_their_rows(deal, weighted):
    blocks = blocks_of(N, 5)
    drawn = np.random.default_rng(1).integers(0, 3, (4, 40))
    splits = {
        "halves": half_samples(blocks, 4),
        "repeats": dealt_again(blocks, 5, 2),
        "bootstrap of blocks": [(np.repeat(np.arange(N), times[blocks]), np.arange(7)) for times in drawn],
    }[deal]
    X, y, weights = table(weighted)
    for rows, moments in zip(*moments_of(splits, weighted)[::2], strict=True):
        expected = Moments.of(X[rows], y[rows], weights[rows], moments.shift)
        assert moments.weight == pytest.approx(expected.weight)
        np.testing.assert_allclose(moments.first, expected.first, rtol=1e-12, atol=1e-11)
        np.testing.assert_allclose(moments.second, expected.second, rtol=1e-12, atol=1e-11)


def test_a_training_set_is_the_total_without_its_fold_to_the_last_bit():
    _, whole, moments = moments_of(folds(N, 4))
    for training, fold in zip(moments[::2], moments[1::2], strict=True):
        np.testing.assert_array_equal(training.second, (whole - fold).second)
        np.testing.assert_array_equal(training.first, (whole - fold).first)


def test_equal_sets_share_their_moments():
    """A half holds out its complement, and the complement the half: two sets of moments for four of rows."""
    _, _, moments = moments_of(half_samples(blocks_of(N, 5), 1))
    assert moments[0] is moments[3]
    assert moments[1] is moments[2]
