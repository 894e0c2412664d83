"""Tables for the tests of this directory."""

import numpy as np

NAMES = ["age", "bmi", "bp", "s1"]


def table(n=80, p=6, seed=0, noise=0.5, correlation=0.4):
    """X with correlated columns, y of the first three, and whether y is above its median."""
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((n, 1))
    X = np.sqrt(1 - correlation) * rng.standard_normal((n, p)) + np.sqrt(correlation) * shared
    beta = np.zeros(p)
    beta[: min(3, p)] = [2.0, -1.5, 0.7][: min(3, p)]
    y = X @ beta + 0.7 + noise * rng.standard_normal(n)
    return X, y, (y + rng.standard_normal(n) > np.median(y)).astype(int)


def weights_of(n, seed=0):
    """Weights between 0 and 3, one of them zero."""
    weights = np.random.default_rng(seed).uniform(0.2, 3.0, n)
    weights[n // 2] = 0.0
    return weights
