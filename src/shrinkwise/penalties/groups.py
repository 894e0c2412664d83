"""Which coefficients belong together: groups as column numbers, group after group."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ALONE = -1  # the label of a column that is in no group


@dataclass(frozen=True, eq=False)
class Groups:
    """Disjoint groups of p columns.

    Attributes
    ----------
    labels : array of int of shape (p,)
        The group of each column; -1 is none.
    members : array of int
        The columns of the first group, then those of the second one, and so on.
    starts : array of int of shape (G,)
        Where each group begins in ``members``.
    place : array of int of shape (p,)
        The position of each column's group in ``starts``; 0 for a column alone.
    """

    labels: Array
    members: Array
    starts: Array
    place: Array

    @classmethod
    def of(cls, labels: Array) -> Groups:
        """Groups of the columns with equal labels >= 0."""
        inside = np.flatnonzero(labels >= 0)
        members = inside[np.argsort(labels[inside], kind="stable")]
        first = np.diff(labels[members], prepend=ALONE) != 0
        place = np.zeros(len(labels), dtype=np.int64)
        place[members] = np.cumsum(first) - 1
        return cls(np.asarray(labels), members, np.flatnonzero(first), place)

    @property
    def inside(self) -> Array:
        """Columns that are in a group, as a mask."""
        return np.asarray(self.labels >= 0)

    def take(self, cols: Array) -> Groups:
        """The groups among some columns; of a group that is not taken whole, the rest counts as zeros."""
        return Groups.of(self.labels[cols])

    def whole(self, cols: Array) -> Array:
        """Some columns together with all the others of their groups, ascending."""
        touched = np.unique(self.labels[cols]) if len(self.members) else self.members
        rest = np.flatnonzero(np.isin(self.labels, touched[touched >= 0])) if len(touched) else touched
        return np.union1d(cols, rest) if len(rest) else cols

    def sums(self, values: Array, xp: ModuleType = np) -> Array:
        """Sum over each group: (..., p) to (..., G)."""
        if xp is np:
            return np.asarray(np.add.reduceat(values[..., self.members], self.starts, axis=-1))
        sizes = np.diff(self.starts, append=len(self.members))
        padded = self.starts[:, None] + np.arange(np.max(sizes))
        there = np.arange(np.max(sizes)) < sizes[:, None]
        cols = self.members[np.where(there, padded, 0)]
        return xp.sum(xp.where(there, values[..., cols], 0.0), axis=-1)

    def spread(self, values: Array, xp: ModuleType = np) -> Array:
        """A number for each group on all its columns, 0 on columns alone: (..., G) to (..., p)."""
        return xp.where(self.inside, values[..., self.place], 0.0)

    def lengths(self, values: Array, xp: ModuleType = np) -> Array:
        """Euclidean norm of each group on all its columns, 0 on columns alone: (..., p) to (..., p)."""
        return self.spread(xp.sqrt(self.sums(values**2, xp)), xp)


NO_GROUPS = Groups.of(np.zeros(0, dtype=np.int64))
