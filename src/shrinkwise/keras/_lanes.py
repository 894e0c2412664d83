"""Channels of tensors that must be kept or removed together, and those that are the same for every input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ALIVE = 0  # the lane of every channel that must stay


@dataclass(frozen=True, eq=False)
class Lanes:
    """What is known of the C channels along one axis of a tensor.

    Parameters
    ----------
    axis : int, >= 1
    ids : ndarray of int, shape (C,)
        The lane of each channel; channels of one lane stay or go together.
    values : ndarray of shape (C,)
        The value that a channel has at every place for every input; NaN where there is none.
    """

    axis: int
    ids: Array
    values: Array

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Use:
    """One kernel: which of its inputs each of its outputs reads.

    ``reads`` (inputs, outputs) is True where a weight is not zero, ``folds`` (inputs,) where the input has one of
    ``values`` for every input of the network that the bias can take over exactly.
    """

    ids: Array
    values: Array
    folds: Array
    reads: Array
    out: Array


class Ties:
    """Sets of lanes that stay or go together (union-find); lane `ALIVE` stays."""

    def __init__(self) -> None:
        self._parent: list[int] = [ALIVE]

    def fresh(self, count: int) -> Array:
        """New lanes, each for itself."""
        first = len(self._parent)
        self._parent.extend(range(first, first + count))
        return np.arange(first, first + count)

    def tie(self, a: Array, b: Array) -> None:
        """Make the lanes of a and b, pair by pair, one lane."""
        for i, j in zip(np.broadcast_to(a, b.shape).tolist(), b.tolist()):
            low, high = sorted((self._find(i), self._find(j)))
            self._parent[high] = low

    def pin(self, ids: Array) -> None:
        """These stay."""
        self.tie(np.asarray(ALIVE), np.unique(ids))

    def roots(self) -> Array:
        """The one lane that stands for each lane."""
        return np.array([self._find(i) for i in range(len(self._parent))])

    def _find(self, i: int) -> int:
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i


def alive_lanes(uses: list[Use], roots: Array) -> Array:
    """The least set of lanes that holds `ALIVE` and, with an output, each input that it reads and cannot fold.

    Returns
    -------
    ndarray of bool, one for each lane
    """
    alive: Array = roots == ALIVE
    growing = True
    while growing:
        growing = False
        for use in reversed(uses):
            read = use.reads[:, alive[use.out]].any(axis=1) & ~use.folds
            wanted = roots[use.ids[read]]
            if not alive[wanted].all():
                alive[wanted] = True
                alive = alive[roots]
                growing = True
    return alive
