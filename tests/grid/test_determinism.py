"""Same input, same bits; and the input stays what it was."""

import hashlib
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.engines import LocalEngine
from shrinkwise.grid import fit_grid
from shrinkwise.losses import LOSSES
from tests.grid.splits import folds


def same(one, other):
    for name in (
        "alphas",
        "test_score",
        "train_score",
        "intercepts",
        "gaps",
        "n_iter",
        "null_score",
        "center",
        "scale",
    ):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for left, right in zip(one.coefs, other.coefs, strict=True):
        for a, b in zip(left, right, strict=True):
            np.testing.assert_array_equal(a.toarray(), b.toarray())
    assert (one.unpenalized is None) == (other.unpenalized is None)
    if one.unpenalized is not None:
        np.testing.assert_array_equal(one.unpenalized.coef, other.unpenalized.coef)
        np.testing.assert_array_equal(one.unpenalized.test_score, other.unpenalized.test_score)


def table(n, p, loss, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    eta = X[:, :4] @ np.array([1.0, -1.0, 0.5, 2.0])
    y = eta + rng.standard_normal(n)
    if LOSSES[loss].degree:
        return X, y
    return X, (y > 0).astype(float) if loss == "logistic" else np.ceil(np.exp(0.3 * y))


SHAPES = {"tall": (7000, 6), "wide": (60, 700)}


@pytest.mark.parametrize("storage", [np.asarray, sparse.csc_array])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", LOSSES)
def test_the_number_of_threads_changes_no_bit(monkeypatch, name, shape, storage):
    """The work is cut into chunks of rows, blocks of columns and paths of folds, and threads get all of it."""
    monkeypatch.setattr("shrinkwise.path.lockstep.WORTH_A_THREAD", 1)
    n, p = SHAPES[shape] if shape == "wide" or name == "squared" else (700, 6)
    X, y = table(n, p, name)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, n)
    grids = [
        fit_grid(
            storage(X),
            y,
            folds(n),
            loss=name,
            l1_ratios=(0.5, 1.0),
            alphas=4,
            alpha_min_ratio=0.1,
            extend=False,
            sample_weight=weights,
            engine=LocalEngine(workers),
        )
        for workers in (1, 2, 4)
    ]
    same(grids[0], grids[1])
    same(grids[0], grids[2])


def test_other_processes_and_thread_limits_give_the_same_bits():
    code = textwrap.dedent("""
        import sys
        import numpy as np
        from shrinkwise.grid import fit_grid
        rng = np.random.default_rng(0)
        X = rng.standard_normal((400, 30))
        rows = np.arange(400)
        splits = [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]
        for loss in ("squared", "logistic"):
            y = X[:, 0] + rng.standard_normal(400)
            y = y if loss == "squared" else (y > 0).astype(float)
            grid = fit_grid(X, y, splits, loss=loss, l1_ratios=(0.5, 1.0), alphas=5)
            for array in (grid.alphas, grid.test_score, grid.intercepts, grid.gaps, grid.coefs[0][-1].toarray()):
                sys.stdout.buffer.write(array.tobytes())
    """)
    outputs = []
    for threads in ("1", "2"):
        limits = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "PYTHONHASHSEED": threads}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=os.environ | limits)
        outputs.append(hashlib.sha256(done.stdout).hexdigest())
    assert outputs[0] == outputs[1]


def test_a_grid_repeated_has_the_same_bits(loss):
    X, y = table(60, 8, loss)
    same(fit_grid(X, y, folds(60), loss=loss, alphas=10), fit_grid(X, y, folds(60), loss=loss, alphas=10))


@pytest.mark.parametrize("storage", [np.asarray, sparse.csc_array, sparse.csr_array, sparse.coo_array])
def test_inputs_are_never_modified(loss, storage):
    X, y = table(60, 8, loss)
    X[:, 3] = 0.0
    X[:, 5] += 1e6
    given = storage(X)
    arrays = {
        "y": y,
        "weights": np.random.default_rng(1).uniform(0.5, 2.0, 60),
        "penalty_weights": np.linspace(0, 2, 8),
        "lower": np.full(8, -5.0),
        "upper": np.full(8, 5.0),
    }
    parts = [given] if isinstance(given, np.ndarray) else [given.data]
    splits = folds(60)
    for array in (*arrays.values(), *parts, *(rows for split in splits for rows in split)):
        array.flags.writeable = False
    fit_grid(
        given,
        arrays["y"],
        splits,
        loss=loss,
        alphas=5,
        sample_weight=arrays["weights"],
        penalty_weights=arrays["penalty_weights"],
        lower=arrays["lower"],
        upper=arrays["upper"],
    )
    np.testing.assert_array_equal(given if isinstance(given, np.ndarray) else given.toarray(), X)
