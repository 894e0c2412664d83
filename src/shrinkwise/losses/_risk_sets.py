"""Who is at risk when: the sums over risk sets that a partial likelihood and its derivatives are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from shrinkwise.losses._formulas import divergence
from shrinkwise.losses.base import Array

SPREAD = 600.0  # of logarithms whose sums are formed as such: e^600 is a floating-point number
PAIRS = 1 << 20  # (term, event) looked at together
TINY = 1e-250  # a sum over a risk set below it has lost its digits


@dataclass(frozen=True, eq=False)
class RiskSets:
    """Rows in the order of strata and falling time, cut into groups: the events of one time and who enters with them.

    The risk set of a group are the rows of all groups of its stratum so far. Of each group come first those who enter
    without an event then, its events last. Rows that leave before the first event of their stratum, and rows without
    weight, are in no risk set. Events of one time make *terms*: one of weight d = Σ s (Breslow), or m of weight d/m in
    which the events themselves count 1, 1 − 1/m, 1 − 2/m, … (Efron).
    """

    rows: Array  # (m,)
    event: Array  # (m,) bool
    group: Array  # (m,)
    s: Array  # (m,) weights, as shares of those of all rows
    depth: Array  # (G,): groups of the same stratum before this one
    deaths: Array  # (G,): number of events
    term_group: Array  # (T,)
    share: Array  # (T,): a, the weight of a term
    left: Array  # (T,): log of what events count in the sums of their own term

    @classmethod
    def of(cls, time: Array, event: Array, stratum: Array, weights: Array, efron: bool) -> Self:
        """The risk sets of the rows with a positive weight; at least one of them has an event."""
        order = np.lexsort((event, -time, stratum))
        order = order[weights[order] > 0]
        happened = event[order] > 0
        at = np.flatnonzero(happened)
        where, when = stratum[order[at]], time[order[at]]
        begins = np.append(True, (where[1:] != where[:-1]) | (when[1:] != when[:-1]))
        number = np.cumsum(begins) - 1
        following = np.searchsorted(at, np.arange(len(order)))  # the event that a row is at risk for first
        inside = following < len(at)
        inside[inside] = where[following[inside]] == stratum[order[inside]]
        group = number[following[inside]]
        places = where[begins]
        first = np.flatnonzero(np.append(True, places[1:] != places[:-1]))
        depth = np.arange(len(places)) - np.repeat(first, np.diff(np.append(first, len(places))))
        deaths = np.bincount(number)
        rows, happened = order[inside], happened[inside]
        s = weights[rows] / weights.sum()
        died = np.bincount(group[happened], s[happened])
        terms = deaths if efron else np.ones_like(deaths)
        term_group = np.repeat(np.arange(len(deaths)), terms)
        passed = np.arange(len(term_group)) - np.repeat(np.cumsum(terms) - terms, terms)
        left = np.log1p(-passed / terms[term_group])
        return cls(rows, happened, group, s, depth, deaths, term_group, (died / terms)[term_group], left)

    @cached_property
    def log_s(self) -> Array:
        return np.log(self.s)

    @cached_property
    def starts(self) -> Array:
        """The first row of each group."""
        return np.searchsorted(self.group, np.arange(len(self.deaths)))

    @cached_property
    def events(self) -> Array:
        """The first event of each group, (G,)."""
        return np.append(self.starts[1:], len(self.rows)) - self.deaths

    @cached_property
    def died(self) -> Array:
        """d, the weight of the events of each group."""
        return np.bincount(self.term_group, self.share)

    @cached_property
    def single(self) -> bool:
        """Whether each group is one term, of its whole risk set."""
        return len(self.term_group) == len(self.deaths)

    @cached_property
    def best(self) -> Array:
        """Of each group Λ (see `AtRisk.level`) where its events have all of the risk, at predictors of 0."""
        return np.log(self.died) + self.averaged(self.left)

    def averaged(self, terms: Array) -> Array:
        """The mean over the terms of each group."""
        return np.bincount(self.term_group, self.share * terms) / self.died

    @cached_property
    def _steps(self) -> list[tuple[Array | slice, Array | slice]]:
        """Pairs (to, from) of groups 1, 2, 4, … apart in one stratum."""
        longest, steps, apart = int(self.depth.max()), [], 1
        while apart <= longest:
            to: Array | slice = slice(apart, None)
            source: Array | slice = slice(None, -apart)
            if longest < len(self.depth) - 1:
                to = np.flatnonzero(self.depth >= apart)
                source = to - apart
            steps.append((to, source))
            apart *= 2
        return steps

    def accumulate(self, values: Array, combine: np.ufunc = np.add, backward: bool = False) -> Array:
        """Running sums over the groups of each stratum, in place; by doubling, so that rounding grows with log G."""
        for to, source in self._steps:
            to, source = (source, to) if backward else (to, source)
            values[to] = combine(values[to], values[source])
        return values

    def running(self, logs: Array, backward: bool = False) -> Array:
        """Logarithms of running sums of what has these logarithms."""
        top = logs.max()
        if top - logs.min() > SPREAD:
            return self.accumulate(logs.copy(), np.logaddexp, backward)
        return np.asarray(np.log(self.accumulate(np.exp(logs - top), np.add, backward)) + top)

    def before(self, values: Array, nothing: float) -> Array:
        """Of each group the value of the one before it in its stratum."""
        shifted = np.concatenate([values[:1], values[:-1]])
        shifted[self.depth == 0] = nothing
        return shifted

    def after(self, values: Array, nothing: float) -> Array:
        """Of each group the value of the next one in its stratum."""
        shifted = np.concatenate([values[1:], values[:1]])
        shifted[np.append(self.depth[1:] == 0, True)] = nothing
        return shifted

    def blocks(self, values: Array) -> tuple[Array, Array]:
        """Sums of rows (m, c) over those of each group who enter without an event, and over its events."""
        ends = np.column_stack([self.starts, self.events]).ravel()
        sums = np.add.reduceat(values, ends, axis=0)
        alone = self.starts == self.events
        sums[::2][alone] = 0.0
        return sums[::2], sums[1::2]

    def pairs(self) -> Iterator[tuple[slice, Array, Array]]:
        """Pieces of all pairs of a term and an event of its group: terms, the number of each pair's in them, events."""
        counts = self.deaths[self.term_group]
        ends = np.cumsum(counts)
        start = 0
        while start < len(counts):
            done = ends[start] - counts[start]
            stop = max(start + 1, int(np.searchsorted(ends, done + PAIRS, side="right")))
            number = np.repeat(np.arange(stop - start), counts[start:stop])
            place = np.arange(len(number)) - (ends[start:stop] - counts[start:stop] - done)[number]
            yield slice(start, stop), number, self.events[self.term_group[start:stop]][number] + place
            start = stop


class AtRisk:
    """The sums over risk sets at predictors η (n,).

    S is Σ s e^η over a risk set, O over those of it who have no event then; the distribution q of a term is
    s e^η / S, events counting e^left of it.
    """

    def __init__(self, sets: RiskSets, eta: Array) -> None:
        self.sets = sets
        self.x = sets.log_s + eta[sets.rows]
        self.top = np.maximum.reduceat(self.x, sets.starts)
        size = np.exp(self.x - self.top[sets.group])
        self._died = np.bincount(sets.group, np.where(sets.event, size, 0.0))
        self._entered = np.bincount(sets.group, np.where(sets.event, 0.0, size))
        self.log_sum = sets.running(np.log(self._died + self._entered) + self.top)

    @cached_property
    def log_others(self) -> Array:
        """log O of each group, −∞ where there are none."""
        with np.errstate(divide="ignore"):
            return np.logaddexp(self.sets.before(self.log_sum, -np.inf), np.log(self._entered) + self.top)

    @cached_property
    def log_term(self) -> Array:
        """log S of each term."""
        sets = self.sets
        if sets.single:
            return self.log_sum
        with np.errstate(divide="ignore"):
            died = np.log(self._died) + self.top
        return np.logaddexp(self.log_others[sets.term_group], sets.left + died[sets.term_group])

    @cached_property
    def level(self) -> Array:
        """Λ of each group: the mean of log S over its terms. The loss is Σ s (Λ − η) over the events."""
        return self.sets.averaged(self.log_term)

    @cached_property
    def hazard(self) -> Array:
        """p of each row, (m,): Σ a q over the terms that it is at risk for."""
        sets = self.sets
        ratio = sets.share * np.exp(self.log_sum[sets.term_group] - self.log_term)
        since = sets.running(np.log(np.bincount(sets.term_group, ratio)) - self.log_sum, backward=True)
        own = since
        if not sets.single:
            at_death = np.log(np.bincount(sets.term_group, ratio * np.exp(sets.left))) - self.log_sum
            own = np.logaddexp(sets.after(since, -np.inf), at_death)
        return np.exp(self.x + np.where(sets.event, own[sets.group], since[sets.group]))

    def _weighted(self, columns: Array) -> tuple[Array, Array]:
        """Rows (m, c) times s e^η, and S of each term, in one unit; sums that underflow are 0."""
        unit = self.log_sum.max()
        total = np.exp(self.log_term - unit)
        return columns * np.exp(self.x - unit)[:, None], np.where(total > TINY, total, 0.0)

    def means(self, columns: Array) -> Array:
        """Σ_j q_j columns_j of each term, (T, c); 0 where S is too far below the others for its digits."""
        sets = self.sets
        rows, total = self._weighted(columns[sets.rows])
        entered, died = sets.blocks(rows)
        sums = sets.accumulate(entered + died)[sets.term_group]
        if not sets.single:
            sums -= -np.expm1(sets.left)[:, None] * died[sets.term_group]
        return np.divide(sums, total[:, None], out=np.zeros_like(sums), where=total[:, None] > 0)

    def slack(self, other: AtRisk, tau: float) -> float:
        """Σ a KL(v ‖ q) over the terms, v = τ q' + (1 − τ) c: q' is that of ``other``, c gives each event its share.

        Notes
        -----
        Σ a (v − c) is τ times the gradient at ``other``, and log S of a term is the supremum of v'η − KL(v ‖ weights)
        over distributions v, so that this is the Fenchel–Young slack, at most: loss(η) + loss*(u) − u'η for that u.
        """
        sets = self.sets
        total = 0.0
        others = self._others(other, tau)
        for terms, number, events in sets.pairs():
            left = sets.left[terms][number]
            log_q = self.x[events] + left - self.log_term[terms][number]
            there = other.x[events] + left - other.log_term[terms][number]
            v = tau * np.exp(there) + (1 - tau) * sets.s[events] / sets.died[sets.group[events]]
            own = np.bincount(number, divergence(v, np.exp(log_q), log_q, np))
            total += float(sets.share[terms] @ np.maximum(own + others[terms], 0.0))
        return total

    def _others(self, other: AtRisk, tau: float) -> Array:
        """Σ v log(v/q) − v + q over those of each term who have no event in it."""
        sets, zero = self.sets, np.zeros(1)
        here = np.exp(self.log_others[sets.term_group] - self.log_term)
        if other is self:
            return np.asarray(here * divergence(zero + tau, zero + 1.0, zero, np))
        there = np.exp(other.log_others[sets.term_group] - other.log_term)
        rows, total = other._weighted((other.x - self.x)[:, None])
        if not np.all(total > 0):
            return np.full_like(here, np.inf)  # no digits are left to prove anything with
        entered, died = sets.blocks(rows)
        sums = sets.before(sets.accumulate(entered + died)[:, 0], 0.0) + entered[:, 0]
        shift = sums[sets.term_group] / total - (other.log_term - self.log_term) * there
        log_tau = np.log(tau) if tau > 0 else 0.0
        return np.asarray(tau * (log_tau * there + shift) - tau * there + here)
