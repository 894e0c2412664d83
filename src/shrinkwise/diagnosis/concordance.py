"""Harrell's concordance: how often the row with the event sooner has the higher risk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.exceptions import DataError

Array = NDArray[Any]


def concordance(risk: Array, time: Array, event: Array, stratum: Array, weights: Array) -> float:
    """The share of comparable pairs in which the row with the event has the higher risk; equal risks count a half.

    A row with an event is compared with all rows of its stratum that go on after its time, or are censored at it; two
    events of one time are not compared. A pair counts the product of its weights.

    Raises
    ------
    DataError
        If no two rows can be compared.

    References
    ----------
    Harrell, Califf, Pryor, Lee & Rosati, "Evaluating the yield of medical tests", JAMA 1982.
    """
    return _Pairs(risk, time, event, stratum, weights).share


def concordance_with_error(
    risk: Array, time: Array, event: Array, stratum: Array, weights: Array
) -> tuple[float, float]:
    """The concordance and its standard error, the infinitesimal jackknife √Σ sᵢ² (∂C/∂sᵢ)².

    Raises
    ------
    DataError
        If no two rows can be compared.

    References
    ----------
    Therneau & Atkinson, "Concordance", vignette of the R package survival, 2023: its variance by leverages.
    """
    pairs = _Pairs(risk, time, event, stratum, weights)
    right, all_ = pairs.right + pairs.right_as_later, pairs.all + pairs.all_as_later
    slope = (right - pairs.share * all_) / pairs.total
    return pairs.share, float(np.sqrt(np.sum((pairs.weights * slope) ** 2)))


class _Pairs:
    """Comparable pairs, in the order of strata and times; what each row adds to them as the event that is sooner."""

    def __init__(self, risk: Array, time: Array, event: Array, stratum: Array, weights: Array) -> None:
        order = np.lexsort((event == 0, time, stratum))
        risk, time, event, stratum, self.weights = (part[order] for part in (risk, time, event, stratum, weights))
        same = (stratum[1:] == stratum[:-1]) & (time[1:] == time[:-1]) & (event[1:] == event[:-1])
        start = np.flatnonzero(np.append(True, ~same))
        length = np.diff(np.append(start, len(time)))
        self.before, self.after = np.repeat(start, length), np.repeat(np.append(start[1:], len(time)), length)
        self.first, self.end = (np.searchsorted(stratum, stratum, side=side) for side in ("left", "right"))
        self.event, self.rank = event, np.unique(risk, return_inverse=True)[1]
        rows = np.flatnonzero((event > 0) & (self.weights > 0))
        sums = np.append(0.0, np.cumsum(self.weights))
        self.all, self.right = np.zeros(len(time)), np.zeros(len(time))
        self.all[rows] = sums[self.end[rows]] - sums[self.after[rows]]
        self.total = float(self.weights @ self.all)
        if not self.total > 0:
            raise DataError("no two rows can be compared: there is no event before the last time of a stratum")
        rank = self.rank
        self.right[rows] = _tail_weight_below(rank, self.weights, self.after[rows], rank[rows]) - _tail_weight_below(
            rank, self.weights, self.end[rows], rank[rows]
        )
        self.share = float(self.weights @ self.right) / self.total

    @property
    def all_as_later(self) -> Array:
        """Weight of the events that each row outlasts."""
        sums = np.append(0.0, np.cumsum(self.weights * (self.event > 0)))
        return np.asarray(sums[self.before] - sums[self.first])

    @property
    def right_as_later(self) -> Array:
        """Of those, the ones with the higher risk: the same sums over the rows in reverse, risks turned round."""
        n, turned = len(self.rank), int(self.rank.max()) - self.rank[::-1]
        weights = (self.weights * (self.event > 0))[::-1]
        starts = (n - self.before[::-1], n - self.first[::-1])
        near, far = (_tail_weight_below(turned, weights, start, turned) for start in starts)
        return np.asarray((near - far)[::-1])


def _tail_weight_below(rank: Array, weights: Array, start: Array, limit: Array) -> Array:
    """Σ weights of positions from ``start`` > 0 on whose rank is below ``limit``, half of those that equal it.

    A tail is at most one block of each power of two; in each size, all blocks are sorted together.
    """
    n, size, width = len(rank), 1, int(rank.max()) + 1
    total, start = np.zeros(len(start)), start.copy()
    while size <= n:
        odd = np.flatnonzero((start // size) % 2 == 1)
        odd = odd[start[odd] < n]
        if len(odd):
            key = np.arange(n) // size * width + rank
            order = np.argsort(key, kind="stable")
            sums = np.append(0.0, np.cumsum(weights[order]))
            sought, key = start[odd] // size * width + limit[odd], key[order]
            first = np.searchsorted(key, start[odd] // size * width)
            low, high = (np.searchsorted(key, sought, side=side) for side in ("left", "right"))
            total[odd] += 0.5 * (sums[low] + sums[high]) - sums[first]
            start[odd] += size
        size *= 2
    return total
