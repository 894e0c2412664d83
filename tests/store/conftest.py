"""A model with every part filled, small enough to be fuzzed."""

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.result import GridResult, Unpenalized
from shrinkwise.store import Model

RATIOS, ALPHAS, FOLDS, FEATURES, ROWS = 2, 4, 3, 5, 30
NAMES = ("age", "city=Zürich", '<script>"', "\u202eevil", "\ud800 lone surrogate")


def make_result(seed=0, loss="squared", unpenalized=True):
    rng = np.random.default_rng(seed)
    grid, fits = (RATIOS, ALPHAS, FOLDS), (RATIOS, ALPHAS, FOLDS + 1)
    return GridResult(
        loss=loss,
        metric="mean squared error",
        l1_ratios=np.array([0.5, 1.0]),
        alphas=np.array([[4.0, 2.0, 1.0, 0.5], [2.0, 1.0, 0.5, 0.25]]),
        train_score=rng.uniform(1, 2, grid),
        test_score=rng.uniform(1, 2, grid),
        fold_weights=np.array([0.3, 0.3, 0.4]),
        coefs=tuple(
            tuple(sparse.random_array((ALPHAS, FEATURES), density=0.5, format="csr", rng=rng) for _ in range(FOLDS + 1))
            for _ in range(RATIOS)
        ),
        intercepts=rng.normal(size=fits),
        gaps=rng.uniform(0, 1e-7, fits),
        converged=np.ones(fits, dtype=bool),
        n_iter=rng.integers(1, 50, fits),
        null_score=rng.uniform(2, 3, FOLDS),
        unpenalized=Unpenalized(
            train_score=rng.uniform(1, 2, FOLDS),
            test_score=rng.uniform(1, 2, FOLDS),
            coef=rng.normal(size=FEATURES),
            intercept=0.1,
            gap=float("nan"),
            converged=True,
            note="a note",
        )
        if unpenalized
        else None,
        feature_names=NAMES,
        center=rng.normal(size=FEATURES),
        scale=np.array([1.0, 2.0, 0.0, 3.0, 4.0]),
        target_scale=1.5,
        n_samples=ROWS,
        tol=1e-6,
        standardize=True,
        classes=None if loss == "squared" else ("no", "yes"),
        full_deviance=rng.uniform(20, 50, grid[:2]),
        degrees_of_freedom=rng.uniform(1, 5, grid[:2]),
        n_weighted=ROWS,
    )


def make_model(task="regression", **changes):
    rng = np.random.default_rng(1)
    loss = "logistic" if task == "classification" else "squared"
    values = {
        "task": task,
        "target": "price",
        "classes": None if task == "regression" else ("no", "yes"),
        "loss": loss,
        "l1_ratio": 0.5,
        "alpha": 0.1 + 0.2,
        "rule": "1se",
        "coef": rng.normal(size=FEATURES),
        "intercept": 1 / 3,
        "feature_names": NAMES,
        "encoder": {
            "columns": [{"name": "city", "levels": ["Zürich", "Basel"], "median": float("nan"), "n": np.int64(3)}]
        },
        "result": make_result(loss=loss),
        "folds": np.arange(ROWS, dtype=np.int16) % (FOLDS + 1) - 1,
        "certificate": {"max_gap": float("inf"), "tol": 1e-6, "n_fits": 32, "certified": False},
        "notes": ("2 constant columns dropped", "λ ≥ 0"),
        "seed": 7,
        "versions": {"shrinkwise": "0.1.0", "numpy": "2.4"},
        "created": "2025-11-22T20:00:00+00:00",
        "command": "shrinkwise fit houses.csv --target price",
        "source": "houses.csv",
    }
    return Model(**(values | changes))


@pytest.fixture
def model():
    return make_model()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.shrinkwise"
