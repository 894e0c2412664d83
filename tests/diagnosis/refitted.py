"""Grids beside what refits them."""

from functools import partial

import numpy as np

from shrinkwise.diagnosis.refits import Refits
from shrinkwise.grid import fit_grid
from shrinkwise.resampling import blocks_of
from tests.grid.splits import folds


def linear(n=200, p=12, k=3, noise=1.0, correlation=0.0, seed=0):
    """Columns of unit variance with one common correlation, the first k of which matter."""
    rng = np.random.default_rng(seed)
    X = np.sqrt(1 - correlation) * rng.standard_normal((n, p))
    X += np.sqrt(correlation) * rng.standard_normal((n, 1))
    return X, X[:, :k].sum(axis=1) + noise * rng.standard_normal(n)


def refitted(X, y, n_folds=5, dealt=True, strata=None, **options):
    """A grid and its refits; the latter remember what they were asked for."""
    splits, asked = folds(len(y), n_folds), []
    fit = partial(fit_grid, X, y, **{"extend": False, "unpenalized": False} | options)

    def remembered(splits, **changes):
        asked.append((splits, changes))
        return fit(splits, **changes)

    blocks = blocks_of(len(y), n_folds, strata=strata)
    refits = Refits(remembered, splits, blocks, dealt)
    return fit(splits), refits, asked
