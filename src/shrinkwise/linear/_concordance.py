"""Harrell's concordance: how often the row with the event sooner has the higher risk."""

from __future__ import annotations

import numpy as np

from shrinkwise.exceptions import DataError
from shrinkwise.linear._values import Array


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
    order = np.lexsort((event == 0, time, stratum))
    risk, time, event, stratum, weights = (part[order] for part in (risk, time, event, stratum, weights))
    same = (stratum[1:] == stratum[:-1]) & (time[1:] == time[:-1]) & (event[1:] == event[:-1])
    start = np.flatnonzero(np.append(True, ~same))
    after = np.repeat(np.append(start[1:], len(time)), np.diff(np.append(start, len(time))))
    end = np.searchsorted(stratum, stratum, side="right")
    rows = np.flatnonzero((event > 0) & (weights > 0))
    sums = np.append(0.0, np.cumsum(weights))
    pairs = float(weights[rows] @ (sums[end[rows]] - sums[after[rows]]))
    if not pairs > 0:
        raise DataError("no two rows can be compared: there is no event before the last time of a stratum")
    rank = np.unique(risk, return_inverse=True)[1]
    below = _tail_weight_below(rank, weights, after[rows], rank[rows]) - _tail_weight_below(
        rank, weights, end[rows], rank[rows]
    )
    return float(weights[rows] @ below) / pairs


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
