"""The same bits on any number of threads, in any process, over repeats."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from shrinkwise import LinearClassifier, LinearClassifierCV, LinearRegressor, LinearRegressorCV

MODELS = {
    "LinearRegressor": lambda: LinearRegressor(0.2),
    "LinearClassifier": lambda: LinearClassifier(0.05),
    "LinearRegressorCV": lambda: LinearRegressorCV(alphas=6, alpha_min_ratio=0.1, cv=3),
    "LinearClassifierCV": lambda: LinearClassifierCV(alphas=3, alpha_min_ratio=0.3, cv=2),
}


def digest():
    """A hash of all models on a tall and a wide table, large enough for threads and made without BLAS."""
    total = hashlib.sha256()
    for shape in ((5000, 60), (160, 7000)):
        rng = np.random.default_rng(7)
        X = rng.standard_normal(shape)
        X += 0.5 * X[:, :1]
        y = 2 * X[:, 0] - X[:, 1] + X[:, 2] + rng.standard_normal(shape[0])
        for name, make in MODELS.items():
            model = make().fit(X, y > 0 if "Classifier" in name else y)
            total.update(np.ascontiguousarray(model.coef_).tobytes() + np.ravel(model.intercept_).tobytes())
            total.update(np.float64(model.gap_).tobytes())
            if hasattr(model, "result_"):
                total.update(model.result_.test_score.tobytes() + model.result_.gaps.tobytes())
    return total.hexdigest()


@pytest.fixture(scope="module")
def here():
    return digest()


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_number_of_threads_changes_no_bit(threads, here, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(threads)))
    assert digest() == here


@pytest.mark.parametrize("threads", [1, 4])
def test_another_process_gives_the_same_bits(threads, here):
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    environment = os.environ | {name: str(threads) for name in names} | {"PYTHONHASHSEED": str(threads)}
    code = "from tests.linear.test_reproducible import digest; print(digest())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert ran.stdout.strip() == here, ran.stderr
