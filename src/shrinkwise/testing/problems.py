"""Small random problems of the kinds that break solvers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from shrinkwise.design.base import Array
from shrinkwise.losses import LOSSES


@dataclass(frozen=True, eq=False, repr=False)
class Case:
    """A table, a target and weights.

    Attributes
    ----------
    name : str
    X : array or sparse.csc_array of shape (n, p)
    y : array of shape (n,)
        For the logistic loss 0 or 1; within the domain of each loss.
    weights : array of shape (n,) or None
    """

    name: str
    X: Any
    y: Array
    weights: Array | None = None

    @property
    def dense(self) -> Array:
        """X as an array."""
        return np.asarray(self.X.toarray() if sparse.issparse(self.X) else self.X)

    def __repr__(self) -> str:
        return f"Case({self.name!r}, {self.X.shape[0]} x {self.X.shape[1]})"

    def __str__(self) -> str:
        return self.name


def problems(loss: str = "squared", seed: int = 0) -> tuple[Case, ...]:
    """Seeded small problems, well-behaved ones and others.

    Parameters
    ----------
    loss : str
        What the target is for, a name of ``shrinkwise.losses.LOSSES``.
    seed : int

    Returns
    -------
    tuple of Case
        Well-conditioned, correlated, with more features than rows, with weights (some of them zero), with constant
        columns, with huge means, with mixed scales, sparse, and with columns that are copies of others.

    Examples
    --------
    >>> for case in problems():
    ...     print(case.name, case.X.shape)
    well-conditioned (40, 6)
    correlated (40, 8)
    more features than rows (20, 35)
    weights (40, 6)
    constant columns (40, 6)
    huge means (40, 5)
    mixed scales (40, 6)
    sparse (60, 20)
    copies (40, 6)
    """
    rng = np.random.default_rng(seed)
    plain = rng.standard_normal((40, 6))
    common = rng.standard_normal((40, 1))
    constant = plain.copy()
    constant[:, 1], constant[:, 4] = 0.0, 3.7
    weights = rng.uniform(0.2, 3.0, 40) * (rng.uniform(size=40) > 0.15)
    entries = np.where(rng.uniform(size=(60, 20)) < 0.2, rng.standard_normal((60, 20)), 0.0)
    tables = {
        "well-conditioned": plain,
        "correlated": common + 0.1 * rng.standard_normal((40, 8)),
        "more features than rows": rng.standard_normal((20, 35)),
        "weights": plain,
        "constant columns": constant,
        "huge means": rng.standard_normal((40, 5)) + np.array([1e6, -1e6, 0.0, 1e4, 1.0]),
        "mixed scales": plain * 10.0 ** np.arange(-6, 6, 2),
        "sparse": sparse.csc_array(entries),
        "copies": plain[:, [0, 1, 2, 0, 1, 3]] * np.array([1.0, 1.0, 1.0, 1.0, -2.0, 1.0]),
    }
    return tuple(
        Case(name, X, _target(X, loss, rng), weights if name == "weights" else None) for name, X in tables.items()
    )


def _target(X: Any, loss: str, rng: np.random.Generator) -> Array:
    """A few features of alternating signs, with noise of half of their size."""
    dense = X.toarray() if sparse.issparse(X) else X
    sd = dense.std(axis=0)
    Z = np.divide(dense - dense.mean(axis=0), sd, out=np.zeros_like(dense), where=sd > 0)
    kind = LOSSES[loss]
    signal = Z[:, :4] @ np.array([2.0, -1.0, 0.5, 1.0]) if kind.degree else Z[:, :3] @ np.array([1.0, -1.0, 0.5])
    if kind.degree:
        return np.asarray(3.0 + signal + 0.5 * np.std(signal) * rng.standard_normal(len(Z)))
    if kind.domain == (0.0, np.inf):
        mean = np.exp(0.4 * signal) * rng.gamma(3.0, 1 / 3, len(Z))
        return np.asarray(mean if kind.positive else rng.poisson(2 * mean), dtype=np.float64)
    y: Array = np.where(rng.uniform(size=len(Z)) < 1 / (1 + np.exp(-signal)), 1.0, 0.0)
    y[:2] = 0.0, 1.0  # both classes are there
    return y
