"""The partial likelihood as it is written in textbooks: a loop over events, and Newton's method with full matrices."""

import numpy as np


def terms(time, event, weights, stratum, eta, ties):
    """(weight, distribution over all rows, log of the sum) of each term, and the weighted mean of η over the events."""
    weights = weights / weights.sum()
    found = []
    for t, g in sorted({(t, g) for t, g, d, s in zip(time, stratum, event, weights) if d and s > 0}):
        risk = weights * np.exp(eta) * ((time >= t) & (stratum == g))
        dead = (time == t) & (stratum == g) & (event > 0) & (weights > 0)
        d, m = weights[dead].sum(), dead.sum()
        for k in range(m if ties == "efron" else 1):
            share = k / m if ties == "efron" else 0.0
            each = risk * (1 - share * dead)
            found.append((d / m if ties == "efron" else d, each / each.sum(), np.log(each.sum())))
    return found


def loss(time, event, weights, stratum, eta, ties="breslow"):
    s = weights / weights.sum()
    return sum(a * log for a, _, log in terms(time, event, weights, stratum, eta, ties)) - s @ (event * eta)


def gradient(time, event, weights, stratum, eta, ties="breslow"):
    s = weights / weights.sum()
    return sum(a * q for a, q, _ in terms(time, event, weights, stratum, eta, ties)) - s * event


def hessian(time, event, weights, stratum, eta, ties="breslow"):
    return sum(a * (np.diag(q) - np.outer(q, q)) for a, q, _ in terms(time, event, weights, stratum, eta, ties))


def newton(X, time, event, weights, stratum, ties="breslow", offset=0.0, ridge=0.0):
    """Coefficients that minimize loss + ridge/2 Σ w²."""
    w = np.zeros(X.shape[1])
    for _ in range(50):
        eta = X @ w + offset
        slope = X.T @ gradient(time, event, weights, stratum, eta, ties) + ridge * w
        second = X.T @ hessian(time, event, weights, stratum, eta, ties) @ X + ridge * np.eye(len(w))
        step = np.linalg.solve(second, slope)
        w = w - step
        if np.abs(step).max() < 1e-13:
            break
    return w


def sample(n=60, p=4, seed=0, tied=True, strata=1, weighted=True):
    """(X, time, event, weights, stratum): exponential times, tied where rounded."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    time = rng.exponential(np.exp(-X[:, 0] + 0.5 * X[:, 1 % p]))
    time = np.ceil(4 * time) if tied else time
    event = (rng.random(n) < 0.7).astype(float)
    weights = rng.uniform(0.5, 2.0, n) if weighted else np.ones(n)
    return X, time, event, weights, rng.integers(strata, size=n)
