"""Would other folds choose the same? The cross-validation again with the rows dealt anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shrinkwise.diagnosis._batches import batches, is_tall
from shrinkwise.diagnosis.refits import Refits
from shrinkwise.held_out import repeats_as_groups
from shrinkwise.resampling import dealt_again
from shrinkwise.result import GridResult, Selection
from shrinkwise.rules import parse_rule
from shrinkwise.validation import check_count

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

SURE = 3.0  # standard errors of a paired difference, beyond which no deal of the folds takes a strength
STRIDE = 5  # of the strengths that only lead to those, every so many
FEWEST = 5  # repeats, where each costs a grid of its own


@dataclass(frozen=True, eq=False)
class Reproducibility:
    """How the choice of a rule moves when the rows are dealt to their folds anew.

    Attributes
    ----------
    sentence : str
    jaccard : float
        Mean over all pairs of repeats of |A ∩ B| / |A ∪ B|, of the features that they select; 1 where both are empty.
    frequency : ndarray of shape (p,)
        Share of the repeats that select a feature.
    strengths : ndarray of shape (repeats,)
        The λ of each repeat.
    sizes : ndarray of int, shape (repeats,)
        Its number of features.
    repeats : int
    l1_ratio : float
        The mix, which was held.
    """

    sentence: str
    jaccard: float
    frequency: Array
    strengths: Array
    sizes: Indices
    repeats: int
    l1_ratio: float


def reproducibility(result: GridResult, refits: Refits, rule: str = "1se", repeats: int = 10) -> Reproducibility | None:
    """The rule applied to the folds of each of several cross-validations: its λ, and the features at that λ.

    Parameters
    ----------
    result : GridResult
    refits : Refits
    rule : str
    repeats : int, at least 2, default 10
        How often the rows are dealt to as many folds again. On tall tables with the squared loss these cost one read
        of the rows; elsewhere there are no more than cost as many fits as the grid, but 5 where more are asked for.

    Returns
    -------
    Reproducibility or None
        None where the rows were not dealt at random, for networks, and where folds have no say in the rule (``"aic"``,
        ``"bic"`` …).

    Notes
    -----
    What moves is the deal alone: all rows are in every repeat, so this is less than new rows would do; for those see
    `stability_selection`. The mix is held at that of the chosen cell, and a rule looks at its line alone. Strengths
    that other deals are not expected to take are left out: those that are worse than the lowest error of the line by
    more than 3 standard errors of the paired difference and weaker, and of those that are that much and one standard
    error of the score worse than the choice and stronger, four in five. Scores are those of the loss.
    """
    repeats = check_count("repeats", repeats, low=2)
    if result.network is not None or not refits.dealt or result.n_folds < 2 or parse_rule(rule).is_criterion:
        return None
    chosen = result.select(rule)
    n_folds = len(repeats_as_groups(result.repeats, result.n_folds)[0])
    indices = _plausible(result, chosen)
    if not is_tall(result):
        affordable = result.gaps.size / (len(indices) * n_folds)
        repeats = min(repeats, max(FEWEST, int(affordable)))
    options = {
        "l1_ratios": [float(result.l1_ratios[chosen.ratio])],
        "alphas": result.alphas[chosen.ratio, indices].tolist(),
        "relax": None if result.relax is None else [chosen.relax],
    }
    splits = dealt_again(refits.blocks, n_folds, repeats, refits.seed)
    cells: list[Selection] = []
    for part in batches(result, splits, n_folds):
        grid = refits(part, **options)
        cells += [grid.on_folds(slice(at, at + n_folds)).select(rule) for at in range(0, len(part), n_folds)]
    inside = np.array([result.support(chosen.ratio, int(indices[cell.index])) for cell in cells])
    strengths, jaccard = np.array([cell.alpha for cell in cells]), mean_jaccard(inside)
    return Reproducibility(
        sentence=_sentence(result, chosen, inside, strengths, jaccard),
        jaccard=jaccard,
        frequency=inside.mean(axis=0),
        strengths=strengths,
        sizes=np.count_nonzero(inside, axis=1),
        repeats=repeats,
        l1_ratio=chosen.l1_ratio,
    )


def mean_jaccard(inside: NDArray[np.bool_]) -> float:
    """Mean of |A ∩ B| / |A ∪ B| over all pairs of sets, the rows of inside (m, p); 1 where both are empty."""
    both = inside.astype(np.float64) @ inside.T
    size = np.diagonal(both)
    either = size[:, None] + size - both
    shares = np.divide(both, either, out=np.ones_like(both), where=either > 0)
    return float(np.mean(shares[np.triu_indices(len(inside), 1)]))


def _plausible(result: GridResult, chosen: Selection) -> Indices:
    """Strengths of the chosen line that folds dealt anew may take, and some that lead to them."""
    scores = result.test_score[chosen.ratio]
    mean = np.where(np.isfinite(scores @ result.fold_weights), scores @ result.fold_weights, np.inf)
    best = int(np.argmin(mean))
    bound = float(result.standard_error(scores[best]))  # of 1se, and how far another deal may move it
    first = min(chosen.index, best, *_as_good(result, scores, mean, chosen.index, bound))
    last = max(chosen.index, best, *_as_good(result, scores, mean, best))
    return np.concatenate([np.arange(0, first, STRIDE), np.arange(first, last + 1)])


def _as_good(result: GridResult, scores: Array, mean: Array, anchor: int, more: float = 0.0) -> Indices:
    """Strengths whose scores (A, K) are not surely worse than those of one of them, or by no more than ``more``."""
    with np.errstate(invalid="ignore"):
        se = result.standard_error(scores - scores[anchor])
    return np.flatnonzero(mean - mean[anchor] <= SURE * se + more)


def _sentence(
    result: GridResult, chosen: Selection, inside: NDArray[np.bool_], strengths: Array, jaccard: float
) -> str:
    always, ever = np.count_nonzero(inside.all(axis=0)), np.count_nonzero(inside.any(axis=0))
    held = f" with l1_ratio held at {chosen.l1_ratio:g}" if len(np.unique(result.l1_ratios)) > 1 else ""
    low, high = float(strengths.min()), float(strengths.max())
    span = f"keeps lambda at {low:.3g}" if low == high else f"moves lambda between {low:.3g} and {high:.3g}"
    if not ever:
        return f"Dealing the rows to folds {len(inside)} times anew{held} {span}; no feature is ever selected."
    every = (
        f"{always} of the {ever} features {'is' if always == 1 else 'are'}"
        if always < ever
        else "the one feature is"
        if ever == 1
        else f"all {ever} features are"
    )
    return (
        f"Dealing the rows to folds {len(inside)} times anew{held} {span}; two such choices share "
        f"{100 * jaccard:.0f} % of their features (mean Jaccard similarity), and {every} selected every time."
    )
