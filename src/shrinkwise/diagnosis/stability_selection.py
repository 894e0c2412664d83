"""Which features would other rows select too? Paths on half-samples, and how many false selections they let through."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shrinkwise.diagnosis._batches import batches
from shrinkwise.diagnosis.refits import Refits
from shrinkwise.exceptions import UsageError
from shrinkwise.resampling import half_samples
from shrinkwise.result import GridResult
from shrinkwise.validation import check_count, check_number

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

THRESHOLDS = (0.6, 0.9)  # Meinshausen & Bühlmann 2010, sec. 3.1: they give similar results
ROWS_A_FEATURE = 4  # a half-sample of m rows says nothing of more than m/4 features
AHEAD = 2.0  # a half-sample has up to √2 times the noise, so its path may begin above that of all data
SPACING = 0.86  # of the strengths of a path: finer ones only order features that their size orders too
FLAT = 1 / math.sqrt(3)  # up to this q/p the unimodal bound is proved: Shah & Samworth 2013, theorem 2
NAMED = 6  # features that the sentence names
UNIMODAL, WORST = "Shah & Samworth 2013, theorem 2 (unimodal)", "Meinshausen & Bühlmann 2010, theorem 1"
TRIVIAL = "no more than are selected at all"


@dataclass(frozen=True, eq=False)
class StabilitySelection:
    """Features that most half-samples select, and how many of them are expected to be there by luck.

    Attributes
    ----------
    sentence : str
    frequency : ndarray of shape (p,)
        Share of the half-samples that select a feature.
    simultaneous : ndarray of shape (p,)
        Share of the complementary pairs of which both halves select it.
    threshold : float
        The frequency from which a feature is selected.
    average_size : float
        q, the mean number of features (or groups) that a half-sample selects.
    expected_false : float
        Bound on the expected number of false ones among the selected.
    n_halves : int
    selected : ndarray of int
    bound : str
        Where the bound comes from.
    l1_ratio : float
        The mix of the paths.
    strengths : ndarray of shape (A,)
        Those of the paths, down to where the half-samples have their q features.
    unpenalized : ndarray of int
        Features without a penalty: in every fit, neither counted nor selected here; their frequency is 1.
    """

    sentence: str
    frequency: Array
    simultaneous: Array
    threshold: float
    average_size: float
    expected_false: float
    n_halves: int
    selected: Indices
    bound: str
    l1_ratio: float
    strengths: Array
    unpenalized: Indices


def stability_selection(
    result: GridResult,
    refits: Refits,
    pairs: int = 50,
    expected_false: float = 1.0,
    ratio: int | None = None,
    rule: str = "1se",
) -> StabilitySelection | None:
    """Features that enter the path among the first q in most of 2B half-samples.

    A half-sample selects the q features that enter its path first; of those that enter at the same strength, the ones
    with larger standardized coefficients. Π̂ⱼ is the share of the 2B half-samples that select feature j, and the
    features with Π̂ⱼ ≥ τ are selected. Of them no more than

        C(τ, B) q² / p,    C = 1 / (2(2τ − 1 − 1/2B)) for τ ≤ 3/4,    4(1 − τ + 1/2B) / (1 + 1/B) above,

    are expected to be false; q and τ are chosen, before a look at the target, so that this is ``expected_false``.

    Parameters
    ----------
    result : GridResult
    refits : Refits
    pairs : int, default 50
        B, pairs of disjoint halves of the rows.
    expected_false : float > 0, default 1
        How many false selections are tolerated in expectation.
    ratio : int, optional
        The line of the grid whose mix is used; default that of the rule's cell, where this has an L1 part, else that
        with the largest l1_ratio; the lasso, where the grid is of ridge alone.
    rule : str

    Returns
    -------
    StabilitySelection or None
        None for networks.

    Raises
    ------
    UsageError
        If so few false selections are tolerated that not even one feature a half-sample is allowed.
    DataError
        If a half-sample cannot be fitted, for instance without a row of a rare class: blocks of rows should be
        stratified, see `shrinkwise.resampling.blocks_of`.

    Notes
    -----
    False are features that half-samples select with a probability of at most q/p, that of a random guess. With all
    noise features alike, and the procedure no worse than guessing, those are the noise features; features that are
    correlated with true ones are selected more often, and the bound does not count them. It supposes that the
    distribution of simultaneous selections of each such feature is unimodal; where q/p > 1/√3 the worst case
    q² / ((2τ − 1) p) takes its place, which supposes nothing.

    A feature with several outputs is selected if any of its coefficients is not zero. The columns of a group come in
    together, so a group counts once, in q and in p, and its columns have its frequency. Features that never vary or
    have no penalty do not count. Adaptive penalties are not made again: their paths are those of the plain penalty.

    All half-samples are sums of blocks of rows, so that a tall table is read once.

    References
    ----------
    Meinshausen & Bühlmann, "Stability selection", JRSS B 72:417, 2010; Shah & Samworth, "Variable selection with error
    control: another look at stability selection", JRSS B 75:55, 2013, sec. 2 and theorem 2.
    """
    if result.network is not None:
        return None
    pairs, limit = check_count("pairs", pairs), check_number("expected_false", expected_false, low=0, above=True)
    grid, ratio = _line(result, refits, ratio, rule)
    unit_of, n_units = _units(grid)
    free = _unpenalized(grid, ratio, refits)
    counted = np.setdiff1d(np.unique(unit_of[grid.scale > 0]), unit_of[free])
    splits = half_samples(refits.blocks, pairs, refits.seed)
    most = max(1, min(len(train) for train, _ in splits) // ROWS_A_FEATURE)
    q, threshold = allowed_size(len(counted), pairs, limit, most)
    alphas = _strengths(grid, ratio, unit_of, counted, q)
    options = {"l1_ratios": [float(grid.l1_ratios[ratio])], "alphas": alphas.tolist(), "relax": None}
    inside = np.zeros((len(splits), n_units), dtype=bool)
    done = 0
    for part in batches(result, splits, 2):
        for path in refits(part, **options).coefs[0][: len(part)]:
            inside[done, _first_to_enter(path, grid, unit_of, counted, q)] = True
            done += 1
    times, both = inside.sum(axis=0), (inside[::2] & inside[1::2]).sum(axis=0)
    size = float(inside.sum() / len(splits))
    bound, source = false_selections(size, len(counted), threshold, pairs)
    chosen = times >= round(threshold * len(splits))
    frequency, simultaneous = times[unit_of] / len(splits), both[unit_of] / pairs
    frequency[free] = simultaneous[free] = 1.0
    selected = np.setdiff1d(np.flatnonzero(chosen[unit_of]), free)
    selected = selected[np.argsort(-frequency[selected], kind="stable")]
    return StabilitySelection(
        sentence=_sentence(grid, selected, len(splits), threshold, size, bound, len(counted)),
        frequency=frequency,
        simultaneous=simultaneous,
        threshold=threshold,
        average_size=size,
        expected_false=bound,
        n_halves=len(splits),
        selected=selected,
        bound=source,
        l1_ratio=float(grid.l1_ratios[ratio]),
        strengths=alphas,
        unpenalized=free,
    )


def false_selections(size: float, p: int, threshold: float, pairs: int) -> tuple[float, str]:
    """Bound on the expected number of features that reach the threshold though at most random guesses, and its source.

    Parameters
    ----------
    size : float
        q, how many features a half-sample selects in expectation.
    p : int
    threshold : float in (1/2, 1]
        τ, a multiple of 1/(2B).
    pairs : int
        B.

    Returns
    -------
    (float, str)

    References
    ----------
    Shah & Samworth 2013, theorems 1 and 2, with θ = q/p.
    """
    if not p:
        return 0.0, TRIVIAL
    theta, known = size / p, [(min(float(p), size / threshold), TRIVIAL)]
    known.append((size * theta / (2 * threshold - 1), WORST))
    half = 1 / (2 * pairs)
    if threshold > 0.75:
        factor = 4 * (1 - threshold + half) / (1 + 2 * half)
    else:
        factor = 1 / (2 * (2 * threshold - 1 - half)) if 2 * threshold > 1 + half else math.inf
    if theta <= FLAT and threshold > 0.5 + min(theta**2, half + 0.75 * theta**2):
        known.append((factor * size * theta, UNIMODAL))
    return min(known)


def allowed_size(p: int, pairs: int, expected_false: float, most: int) -> tuple[int, float]:
    """How many of p features a half-sample may select, no more than ``most``, and the threshold that this asks for.

    Raises
    ------
    UsageError
        If it is none.
    """
    low, high = (math.ceil(share * 2 * pairs) / (2 * pairs) for share in THRESHOLDS)
    allowed = [q for q in range(1, max(1, p) + 1) if false_selections(q, p, high, pairs)[0] <= expected_false]
    if not allowed:
        least = false_selections(1, p, high, pairs)[0]
        raise UsageError(
            f"expected_false={expected_false:g} lets half-samples select not even one of {p} features; "
            f"take {least:.2g} or more"
        )
    q = min(max(allowed), most)
    thresholds = np.arange(round(low * 2 * pairs), round(high * 2 * pairs) + 1) / (2 * pairs)
    enough = (float(one) for one in thresholds if false_selections(q, p, float(one), pairs)[0] <= expected_false)
    return q, next(enough) if q < max(allowed) else high


def _line(result: GridResult, refits: Refits, ratio: int | None, rule: str) -> tuple[GridResult, int]:
    """A grid and its line that has the mix of the paths."""
    mixes = result.l1_ratios
    if ratio is None:
        ratio = result.select(rule).ratio
        ratio = ratio if mixes[ratio] > 0 else int(np.argmax(mixes))
    if not 0 <= ratio < len(mixes):
        raise UsageError(f"ratio must be the number of a line of the grid, from 0 to {len(mixes) - 1}, got {ratio}")
    if mixes[ratio] > 0:
        return result, ratio
    return refits(refits.splits[:1], l1_ratios=[1.0], relax=None), 0


def _units(grid: GridResult) -> tuple[Indices, int]:
    """What comes in together: the number of each feature's group, (p,), and how many there are."""
    p = len(grid.feature_names)
    if grid.groups is None:
        return np.arange(p), p
    alone = (f" {j}" if name == "" else f"g{name}" for j, name in enumerate(grid.groups))
    distinct, unit_of = np.unique(list(alone), return_inverse=True)
    return unit_of.ravel(), len(distinct)


def _unpenalized(grid: GridResult, ratio: int, refits: Refits) -> Indices:
    """Features that are in where the penalty is so strong that it lets none in."""
    if not grid.support_size[ratio, 0]:
        return np.zeros(0, dtype=np.int64)
    top = refits(refits.splits[:1], l1_ratios=[float(grid.l1_ratios[ratio])], alphas=1, relax=None)
    return np.unique(top.coefs[0][-1].indices // _n_outputs(grid)).astype(np.int64)


def _strengths(grid: GridResult, ratio: int, unit_of: Indices, counted: Indices, q: int) -> Array:
    """Strengths of the line, begun above it, down to where each of its fits has had q features."""
    line = grid.alphas[ratio]
    step = line[1] / line[0] if len(line) > 1 else 0.9
    ahead = line[0] * step ** np.arange(-math.ceil(math.log(AHEAD) / -math.log(step)), 0)
    last = 0
    for path in grid.coefs[ratio]:
        entered = np.sort(_entries(path, grid, unit_of)[0][counted])
        last = max(last, int(entered[min(q, len(entered)) - 1]) if len(entered) else 0)
    stride = max(1, int(math.log(SPACING) / math.log(step)))
    return np.concatenate([ahead, line[: last + 1]])[::-stride][::-1]


def _entries(path: sparse.csr_array, grid: GridResult, unit_of: Indices) -> tuple[Indices, Array]:
    """Where each unit of a path (A, p) comes in, A where it never does, and the square of its size there."""
    rows = np.repeat(np.arange(path.shape[0]), np.diff(path.indptr))
    features = path.indices // _n_outputs(grid)
    units, n_units = unit_of[features], int(unit_of.max()) + 1
    first = np.full(n_units, path.shape[0])
    first[units[::-1]] = rows[::-1]  # the last one written is the first row
    here = rows == first[units]
    squares = (path.data[here] * grid.scale[features[here]]) ** 2
    return np.asarray(first), np.bincount(units[here], weights=squares, minlength=n_units).astype(np.float64)


def _first_to_enter(path: sparse.csr_array, grid: GridResult, unit_of: Indices, counted: Indices, q: int) -> Indices:
    """The q units that come in first."""
    first, size = _entries(path, grid, unit_of)
    order = counted[np.lexsort((-size[counted], first[counted]))][:q]
    return np.asarray(order[first[order] < path.shape[0]])


def _n_outputs(grid: GridResult) -> int:
    return 1 if grid.outputs is None else len(grid.outputs)


def _sentence(
    grid: GridResult, selected: Indices, halves: int, threshold: float, size: float, bound: float, p: int
) -> str:
    noun = "features" if grid.groups is None else "features or groups"
    average = "" if size == round(size) else " on average"
    how = (
        f"at least {round(threshold * halves)} of {halves} half-samples, each of which keeps the first "
        f"{size:.3g} {noun} of its path{average}"
    )
    if not len(selected):
        return f"No feature of {p} is selected by {how}."
    names = [grid.feature_names[j] for j in selected[:NAMED]]
    more = f" and {len(selected) - NAMED} more" if len(selected) > NAMED else ""
    number = f"{len(selected)} of {p} {noun} {'is' if len(selected) == 1 else 'are'}"
    luck = f"of such a selection at most {bound:.2g} is expected to be luck"
    return f"{number} selected by {how}; {luck}: {', '.join(names)}{more}."
