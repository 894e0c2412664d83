"""A design for several predictors of each row: one for each class, or for each column of the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from shrinkwise.design.base import ALL, Array, Cols, Design

Parts = tuple[Array, Array, Cols, Array, Array]


@dataclass(frozen=True, eq=False)
class OutputsDesign(Design):
    """X ⊗ I: K coefficients for each feature, K predictors for each row, over one storage of X.

    Predictors and residuals are numbered row by row, iK + c; columns feature by feature, jK + c. The last ``ones``
    columns are the intercepts of as many outputs.

    Attributes
    ----------
    store : Design
        Of X, for k problems.
    outputs : int
        K.
    ones : int
        0 ≤ ones ≤ K.
    """

    outputs: int = 1
    ones: int = 0

    @classmethod
    def over(cls, design: Design, outputs: int, ones: int) -> OutputsDesign:
        unit = np.ones((ones, design.n_problems))
        center = np.vstack([np.repeat(design.center, outputs, axis=0), 0 * unit])
        scale = np.vstack([np.repeat(design.scale, outputs, axis=0), unit])
        return cls(design, np.zeros(0), center, scale, None, outputs, ones)

    @property
    def shape(self) -> tuple[int, int]:
        return self.store.shape[0] * self.outputs, len(self.center)

    def problem(self, index: int | Sequence[int]) -> Self:
        picked = [index] if isinstance(index, int) else list(index)
        return replace(
            self, store=self.store.problem(picked), center=self.center[:, picked], scale=self.scale[:, picked]
        )

    def _spread(self) -> Design:
        """The design of X with each problem once for each output."""
        each: Design = self.store.problem(list(np.repeat(np.arange(self.n_problems), self.outputs)))
        return each

    def _features(self, cols: Cols) -> Parts:
        """Positions in ``cols`` of coefficients of features and of intercepts; the features, their places, outputs."""
        numbers = np.arange(len(self.center))[cols]
        n_features = self.store.shape[1]
        inner = np.flatnonzero(numbers < n_features * self.outputs)
        ones = np.flatnonzero(numbers >= n_features * self.outputs)
        feature, output = np.divmod(numbers[inner], self.outputs)
        features, place = np.unique(feature, return_inverse=True)
        return inner, ones, ALL if len(features) == n_features else features, place, output

    def matvec(self, W: Array, cols: Cols = ALL) -> Array:
        inner, ones, features, place, output = self._features(cols)
        n, k = self.store.shape[0], self.n_problems
        eta = np.zeros((n, k, self.outputs))
        if len(inner):
            V = np.zeros((place.max() + 1, k, self.outputs))
            V[place, :, output] = W[inner]
            eta += self._spread().matvec(V.reshape(len(V), -1), features).reshape(eta.shape)
        if len(ones):
            eta[:, :, self._output_of(cols, ones)] += W[ones].T
        return np.ascontiguousarray(eta.transpose(0, 2, 1)).reshape(n * self.outputs, k)

    def rmatvec(self, R: Array, cols: Cols = ALL) -> Array:
        if R.shape[1] > self.n_problems == 1:
            return self.problem([0] * R.shape[1]).rmatvec(R, cols)
        inner, ones, features, place, output = self._features(cols)
        n, k = self.store.shape[0], self.n_problems
        residual = np.ascontiguousarray(R.reshape(n, self.outputs, k).transpose(0, 2, 1))
        out = np.empty((len(inner) + len(ones), k))
        if len(inner):
            products = self._spread().rmatvec(residual.reshape(n, -1), features)
            out[inner] = products.reshape(-1, k, self.outputs)[place, :, output]
        if len(ones):
            out[ones] = residual.sum(axis=0).T[self._output_of(cols, ones)]
        return out

    def _output_of(self, cols: Cols, ones: Array) -> Array:
        return np.asarray(np.arange(len(self.center))[cols][ones] - self.store.shape[1] * self.outputs)

    def gram(self, weights: Array, cols: Cols = ALL, others: Cols | None = None) -> Array:
        """For weights of shape (nK,), one for each predictor, or (nK, K), a block for each row."""
        rows = self._of_outputs(cols)
        columns = rows if others is None else self._of_outputs(others)
        h = weights.reshape(self.store.shape[0], -1)  # a block row by row: its entry (c, d) is column cK + d
        diagonal, K = h.shape[1] == self.outputs, self.outputs
        pairs = [(c, d) for c in range(K) for d in range(K) if c == d or not (diagonal or (others is None and d < c))]
        jobs = [(c, d, c if diagonal else c * K + d) for c, d in pairs]
        parts = self.store.grams([part for _, part in rows], [part for _, part in columns], jobs, h)
        total = np.zeros((sum(len(place) for place, _ in rows), sum(len(place) for place, _ in columns)))
        for (c, d), part in zip(pairs, parts):
            total[np.ix_(rows[c][0], columns[d][0])] = part
            if others is None and d > c:
                total[np.ix_(columns[d][0], rows[c][0])] = part.T
        return total

    def _of_outputs(self, cols: Cols) -> list[tuple[Array, Array]]:
        """Positions in ``cols`` of each output's columns, and their features; the one past all is the intercept."""
        feature, output = np.divmod(np.arange(len(self.center))[cols], self.outputs)
        places = [np.flatnonzero(output == c) for c in range(self.outputs)]
        places = [place[np.argsort(feature[place], kind="stable")] for place in places]  # the intercept comes last
        return [(place, feature[place]) for place in places]

    def blocks(self) -> list[slice]:
        return [ALL]

    def standardized(self, weights: Array, centered: bool = True) -> Self:
        design = self.store.standardized(weights[:: self.outputs] * self.outputs, centered)
        return type(self).over(design, self.outputs, self.ones)  # type: ignore[return-value]

    def take(self, samples: Array | slice) -> Self:
        return replace(self, store=self.store.take(samples))

    def _times(self, V: Array, cols: Cols) -> Array:
        return self.matvec(V * self.scale[cols], cols)

    def _transpose_times(self, R: Array, cols: Cols) -> Array:
        return self.rmatvec(R, cols) * self.scale[cols]
