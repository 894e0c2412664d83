"""An encoding of its own for each training set: the designs of `fit_networks`."""

import numpy as np
import pytest

from shrinkwise.exceptions import UsageError
from shrinkwise.keras.grid import fit_networks
from shrinkwise.keras.networks import mlp

OPTIONS = {"l1": (0.1, 0.01), "epochs": 3, "seeds": 2, "batch_size": 16, "learning_rate": 0.02}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    rows = np.arange(60)
    return X, X[:, 0] + 0.1 * rng.normal(size=60), [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]


@pytest.fixture(scope="module")
def plain(data):
    return fit_networks(*data, mlp((5,)), **OPTIONS)


def test_equal_designs_are_one_design(data, plain):
    X, y, splits = data
    found = fit_networks(X, y, splits, mlp((5,)), designs=[X] * 4, **OPTIONS).result
    for name in ("test_score", "train_score", "fold_weights", "null_score", "center", "scale", "repeats"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(plain.result, name), rtol=1e-5, atol=1e-8, err_msg=name
        )
    assert (found.n_samples, found.n_weighted) == (60, 60)
    np.testing.assert_array_equal(found.network.zeros, plain.result.network.zeros)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras' own variables
def test_a_training_set_sees_its_own_design_alone(data, plain):
    X, y, splits = data
    other = X[np.random.default_rng(1).permutation(60)]
    found = fit_networks(X, y, splits, mlp((5,)), designs=[X, other, X, X], **OPTIONS)
    same = np.isclose(found.result.test_score, plain.result.test_score, rtol=1e-5).all(axis=(0, 1))
    assert same.tolist() == [True, False, True] * 2  # of both seeds
    np.testing.assert_allclose(found.result.coef(0, 1), plain.result.coef(0, 1), rtol=1e-4)
    ours, theirs = (grid.model(0, 1)(X.astype(np.float32), training=False) for grid in (found, plain))
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-4, atol=1e-5)


def test_designs_of_another_number_or_shape_are_refused(data):
    X, y, splits = data
    for designs in ([X] * 3, [X, X, X[:, :2], X], [X[:-1]] * 4):
        with pytest.raises(UsageError, match="designs must be 4 matrices of shape"):
            fit_networks(X, y, splits, mlp((5,)), designs=designs, **OPTIONS)
