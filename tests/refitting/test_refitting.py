import numpy as np
from scipy import sparse

from shrinkwise import fit_grid
from shrinkwise.refitting import refits_of
from tests.grid.splits import folds


def data(n=60):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 5))
    return X, X[:, 0] + 0.3 * rng.standard_normal(n)


def test_the_same_folds_give_the_same_grid():
    X, y = data()
    options = {"l1_ratios": (0.5, 1.0), "alphas": [0.3, 0.1]}
    result, again = fit_grid(X, y, folds(60), **options), refits_of(X, y, folds(60), **options)()
    np.testing.assert_array_equal(again.test_score, result.test_score)
    assert again.unpenalized is None


def test_changes_have_the_last_word():
    X, y = data()
    again = refits_of(X, y, folds(60), alphas=5)(alphas=[0.2], unpenalized=True)
    assert again.alphas.tolist() == [[0.2]]
    assert again.unpenalized is not None


def test_other_folds_are_encoded_as_all_rows_are():
    X, y = data()
    maps = [sparse.csc_array(np.diag(np.arange(1.0, 6.0) * scale)) for scale in (1, 2, 3, 4)]
    refits = refits_of(X, y, folds(60), maps=maps, alphas=[0.1])
    own, other = refits(), refits([(np.arange(30), np.arange(30, 60))])
    expected = fit_grid(X @ maps[-1].toarray(), y, [(np.arange(30), np.arange(30, 60))], alphas=[0.1])
    np.testing.assert_allclose(other.test_score, expected.test_score, rtol=1e-10)
    np.testing.assert_allclose(own.scale, expected.scale, rtol=1e-12)


def test_blocks_are_made_for_the_folds_of_one_repeat():
    X, y = data()
    fold_of = [np.random.default_rng(seed).permutation(60) % 3 for seed in (0, 1)]
    twice = [(np.flatnonzero(one != k), np.flatnonzero(one == k)) for one in fold_of for k in range(3)]
    assert refits_of(X, y, twice).blocks.max() + 1 == 42
