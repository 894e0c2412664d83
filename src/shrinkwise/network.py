"""What a grid of networks knows besides its scores: strengths in the textbook's units, zeros and norms by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.exceptions import UsageError

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Network:
    """The networks behind a `GridResult`: R values of l2, A of l1, K folds, L penalized weight arrays.

    K counts the folds of each seed: first those of the first seed, then those of the second, and so on.

    The objective is loss + l1 Σ|w| + l2 Σ w², as in Keras. In the grid that they belong to alpha is l1 + 2 l2, the
    "coefficient" of a feature is the Euclidean norm of the weights that leave its input, and gaps are not numbers:
    the loss of a network is not convex, and nothing certifies its minimum.

    Parameters
    ----------
    l1 : ndarray of shape (A,), decreasing
    l2 : ndarray of shape (R,)
    layers : tuple of L str
        The penalized weights, as ``layer/kernel``.
    sizes : ndarray of int, shape (L,)
        Their numbers of entries.
    zeros : ndarray of int, shape (R, A, K + 1, L)
        Entries that are exactly zero.
    norms : ndarray of shape (R, A, K + 1, L)
        Euclidean norms.
    objective : ndarray of shape (R, A, K)
        Loss of the training rows and penalty together: what is minimized, and never compared over strengths.
    epochs, batch_size, seeds : int
    optimizer, backend : str
    route : str
        ``"vmap"``: members trained together in one program; ``"loop"``: one after the other.
    refit : int, default 0
        Epochs after those, in which what is not zero was trained without l1.
    """

    l1: Array
    l2: Array
    layers: tuple[str, ...]
    sizes: Array
    zeros: Array
    norms: Array
    objective: Array
    epochs: int
    batch_size: int
    seeds: int
    optimizer: str
    backend: str
    route: str
    refit: int = 0

    @property
    def sparsity(self) -> Array:
        """Share of exact zeros among all penalized weights, (R, A, K + 1)."""
        share: Array = self.zeros.sum(axis=-1) / self.sizes.sum()
        return share

    def strengths(self, ratio: int, index: int) -> dict[str, float]:
        """``l1`` and ``l2`` of one cell of the grid."""
        return {"l1": float(self.l1[index]), "l2": float(self.l2[ratio])}

    def ranked(self, mean: Array, converged: Array) -> Array:
        """Held-out errors (R, A) that a rule may compare: infinite where any of the cell's fits (R, A, F) diverged.

        Raises
        ------
        UsageError
            If none is left.
        """
        usable = np.where(np.all(converged, axis=-1), mean, np.inf)
        if not np.any(np.isfinite(usable)):
            raise UsageError("every network of this grid diverged; lower the learning rate, or scale the target")
        return usable
