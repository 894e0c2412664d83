"""The relaxed lasso: between a fit and the fit without a penalty on the features that it selects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from shrinkwise.design.base import Array
from shrinkwise.path.base import Block, Refit, Route


def relaxed(route: Route, block: Block, shares: Sequence[float], tol: float) -> Block:
    """The fits of a block mixed with their refits: γ w + (1 − γ) w̃ for each share γ of the penalized fit.

    A fit whose support leaves no degree of freedom, or whose refit is not certified, stays as it is.

    Parameters
    ----------
    shares : G numbers in [0, 1]
    tol : float
        Relative gap that a refit has to reach.

    Returns
    -------
    Block
        With R · G lines, the shares of the first mix, those of the second one, and so on; gaps are the larger ones of
        fit and refit.

    References
    ----------
    Meinshausen, "Relaxed lasso", Comput. Stat. Data Anal. 2007; in the form of Hastie, Tibshirani & Tibshirani, "Best
    subset, forward stepwise or lasso?", Statistical Science 2020, eq. 6.
    """
    gammas = np.array(shares, dtype=np.float64)
    n_ratios, n_alphas, fits = block.gaps.shape
    size = len(gammas)
    shape = (n_ratios * size, n_alphas, fits)
    intercepts, gaps = np.empty(shape), np.repeat(block.gaps, size, axis=0)
    train, test = (np.empty((n_ratios * size, n_alphas, fits - 1)) for _ in range(2))
    deviance = np.empty((n_ratios * size, n_alphas))
    coefs: list[list[sparse.csr_array]] = [[] for _ in range(n_ratios * size)]

    def mix(cell: tuple[int, int]) -> tuple[Array, Array, Array, tuple[Array, Array]]:
        """(G, A, p) coefficients, (G, A) intercepts, (A,) gaps, scores of the path of a mix and a training set."""
        ratio, fit = cell
        W, b = block.coefs[ratio][fit].toarray(), block.intercepts[ratio, :, fit]
        V, c, worst = W.copy(), b.copy(), block.gaps[ratio, :, fit].copy()
        known: dict[bytes, Refit | None] = {}
        for a in range(n_alphas):
            support = np.flatnonzero(W[a])
            key = support.tobytes()
            if key == b"":
                continue  # the intercept alone has no penalty
            if key not in known:
                known[key] = route.refit(fit, support, W[a, support])
            found = known[key]
            if found is not None and found.gap <= tol:
                V[a, support], c[a], worst[a] = found.coef, found.intercept, max(worst[a], found.gap)
        mixed = gammas[:, None, None] * W + (1 - gammas[:, None, None]) * V
        shifts = gammas[:, None] * b + (1 - gammas[:, None]) * c
        scores = route.scores(fit, mixed.reshape(-1, W.shape[1]), shifts.ravel())
        return mixed, shifts, worst, scores

    cells = [(ratio, fit) for ratio in range(n_ratios) for fit in range(fits)]
    for (ratio, fit), (mixed, shifts, worst, scores) in zip(cells, route.engine.map(mix, cells), strict=True):
        lines = slice(ratio * size, (ratio + 1) * size)
        intercepts[lines, :, fit], gaps[lines, :, fit] = shifts, worst
        for line, part in zip(coefs[lines], mixed, strict=True):
            line.append(sparse.csr_array(part))
        first, second = (part.reshape(size, n_alphas) for part in scores)
        if fit < fits - 1:
            train[lines, :, fit], test[lines, :, fit] = first, second
        else:
            deviance[lines] = first
    return Block(
        tuple(map(tuple, coefs)), intercepts, gaps, np.repeat(block.n_iter, size, axis=0), train, test, deviance
    )
