"""Which penalty? None, ridge, lasso, elastic net, relaxed lasso and a network on the same folds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.diagnosis.families import FREE_NETWORK, NO_PENALTY, Family, families_of, fitted, listed
from shrinkwise.diagnosis.overfit import DISTINGUISHABLE, EXACT
from shrinkwise.diagnosis.percent import percent
from shrinkwise.diagnosis.refits import Refits
from shrinkwise.held_out import repeats_as_groups, standard_error
from shrinkwise.result import GridResult
from shrinkwise.rules import parse_rule
from shrinkwise.selection import MANY_FOLDS

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class PenaltyChoice:
    """m kinds of penalty, each at the strength and mix with its lowest held-out error.

    Parameters
    ----------
    sentence : str
    families : tuple of m str
        ``"no penalty"``, ``"ridge"``, ``"lasso"``, ``"elastic net"``, ``"relaxed lasso"``, ``"network"``, or what their
        penalty is called: ``"adaptive lasso"``, ``"group MCP"``.
    mean, se : ndarray of shape (m,)
        Held-out error and its standard error.
    difference, difference_se : ndarray of shape (m,)
        (error − error of the best) / |error of the best|, from paired folds: 0.09 is 9 % worse. The standard error is
        not a number with a single fold.
    n_features : ndarray of int, shape (m,)
    better : ndarray of int, shape (m,)
        1 the best itself, 0 not distinguishable from it, -1 distinguishably worse.
    recommended : str
        The simplest that is not distinguishable from the best.
    corrected : float
        Error of this way of choosing, family and strength: each fold scores what the other folds recommend. Not a
        number with fewer than three folds of a repeat, or more than 100.
    alpha, l1_ratio, relax : ndarray of shape (m,)
        Strength, mix and share of the penalized fit of each. Alpha is 0 without a penalty, infinite where no features
        at all predict best.
    note : str
        What was left out, and why.
    """

    sentence: str
    families: tuple[str, ...]
    mean: Array
    se: Array
    difference: Array
    difference_se: Array
    n_features: Array
    better: Array
    recommended: str
    corrected: float
    alpha: Array
    l1_ratio: Array
    relax: Array
    note: str = ""


def penalty_choice(
    result: GridResult, refits: Refits | None, rule: str = "1se", linear: GridResult | None = None
) -> PenaltyChoice:
    """Compare kinds of penalty on the same folds, and recommend the simplest that is not distinguishable from the best.

    With e_fk the error of family f on fold k, at the cell of its lowest mean over folds, and b the best family: f is
    distinguishable from b where Σ_k w_k (e_fk − e_bk) is more than two of its standard errors.

    Parameters
    ----------
    result : GridResult
    refits : Refits or None
        For the families that the grid lacks: ridge, lasso and elastic net (l1_ratio 0.5) over their own strengths, and
        the relaxed lasso. None: what is there is compared.
    rule : str
        ``"k=7"``: no family may keep more than 7 features. Other rules say how far to go along a path, not which one to
        take, and leave the comparison as it is.
    linear : GridResult, optional
        Where ``result`` is one of networks, the linear grid on the same folds; ``refits`` are then those of this one.

    Returns
    -------
    PenaltyChoice

    Raises
    ------
    UsageError
        If the rule is unknown, or leaves no model.

    Notes
    -----
    Every family ends in no features at all, as its penalty grows, and counts that model among its own; a path of the
    lasso ends there only on all data, and folds at its strongest penalty may keep a feature or two.

    The lowest error of a search flatters, that of a wide search (elastic net: several mixes) more than that of a narrow
    one, and folds share most of their training rows: a paired difference scatters one and a half to twice as much about
    the truth as its standard error says. `benchmarks/verdict.py` counts how often two of them claim what is not so.
    ``corrected`` has no such flattery.

    Ridge is left out beyond 1000 coefficients: it keeps them all, and a fit costs a Gram and a factorization of that
    size. On 200 rows, 10 folds and 20 strengths it takes 3 s at 1000 columns, and more than 8 minutes at 5000 with 100
    strengths, where the lasso takes half a second.

    References
    ----------
    Meinshausen, "Relaxed lasso", Comput. Stat. Data Anal. 2007. Varma & Simon, "Bias in error estimation when using
    cross-validation for model selection", BMC Bioinformatics 2006.
    """
    families, notes = _all_families(result, refits, linear)
    limit = parse_rule(rule)
    most = limit.number if limit.kind == "k" else np.inf
    result.select(rule if limit.kind == "k" else "min")  # says so where nothing can be chosen
    allowed = [family.at_most(most) for family in families]
    dropped = [family.name for family, few in zip(families, allowed, strict=True) if few is None]
    notes += [_too_large(name, int(limit.number)) for name in dropped]
    families = sorted((family for family in allowed if family is not None), key=lambda family: family.rank)
    null = abs(float(result.null_score @ result.fold_weights))
    rounding = EXACT * null
    contest = _contest(families, result.fold_weights, result.repeats, rounding)
    unit = abs(contest.mean[contest.best])
    unit = (unit if unit > rounding else null) or 1.0
    alpha, l1_ratio, relax = contest.settings.T
    note = "; ".join(notes)
    return PenaltyChoice(
        sentence=_sentence(families, contest, unit, result),
        families=tuple(family.name for family in families),
        mean=contest.mean,
        se=result.standard_error(contest.scores),
        difference=contest.difference / unit,
        difference_se=contest.difference_se / unit,
        n_features=contest.sizes,
        better=np.where(contest.worse, -1, 0) + (np.arange(len(families)) == contest.best),
        recommended=families[contest.recommended].name,
        corrected=_corrected(families, result, rounding),
        alpha=alpha,
        l1_ratio=l1_ratio,
        relax=relax,
        note=f"{_capital(note)}." if note else "",
    )


def _all_families(
    result: GridResult, refits: Refits | None, linear: GridResult | None
) -> tuple[list[Family], list[str]]:
    """Those of the grid, of the linear one beside it, and those that were asked for; what is missing, and why."""
    if result.network is None:
        known = families_of(result)
        more, notes = fitted(result, refits, known)
        known += more
        if any(family.penalized and np.any(family.sizes == 0) for family in known):  # nothing is forced in
            known = [family.with_null(result.null_score) for family in known]
        return known, _without_free_fit(result) + notes
    known, seeds = families_of(result), result.network.seeds
    if linear is None:
        return known, ["no linear model was fitted"]
    if linear.metric != result.metric or result.n_folds != seeds * linear.n_folds:
        return known, ["the linear models were left out: they have other folds or another error"]
    flat, notes = _all_families(linear, refits, None)
    return known + [family.for_seeds(seeds) for family in flat], notes


def _without_free_fit(result: GridResult) -> list[str]:
    free = result.unpenalized
    if free is None:
        return [f"without a penalty there is no fit ({len(result.feature_names)} features, {result.n_samples} rows)"]
    if not free.converged:
        return [f"without a penalty there is no fit: {free.note}"]
    return [f"no penalty ({free.note})"] if free.note else []


@dataclass(frozen=True, eq=False)
class _Contest:
    """What folds say of m families: the cell of each, its errors, and how they differ from those of the best."""

    scores: Array  # (m, K)
    sizes: Array  # (m,)
    settings: Array  # (m, 3)
    mean: Array  # (m,)
    difference: Array  # (m,)
    difference_se: Array  # (m,)
    worse: Array  # (m,)
    best: int
    recommended: int
    cells: tuple[int, ...]


def _contest(families: Sequence[Family], weights: Array, repeats: Array | None, rounding: float) -> _Contest:
    means = [_means(family.scores, weights) for family in families]
    cells = tuple(int(np.argmin(mean)) for mean in means)
    at = list(zip(families, cells, strict=True))
    scores = np.array([family.scores[cell] for family, cell in at])
    sizes = np.array([family.sizes[cell] for family, cell in at])
    settings = np.array([family.settings[cell] for family, cell in at])
    mean = np.array([mean[cell] for mean, cell in zip(means, cells, strict=True)])
    best = _simplest(families, sizes, mean <= mean.min() + rounding)
    finite = np.isfinite(mean)
    apart = np.where(finite[:, None], scores, 0.0) - scores[best]
    apart[np.abs(apart) <= rounding] = 0.0
    difference, error = apart @ weights, standard_error(apart, weights, repeats)
    alone = len(weights) == len(repeats_as_groups(repeats, len(weights)))  # one fold: no error is known
    error = np.where(finite, np.nan if alone else error, np.nan)
    worse = ~finite | (difference > DISTINGUISHABLE * error)
    difference = np.where(finite, difference, np.inf)
    recommended = _simplest(families, sizes, ~worse)
    return _Contest(scores, sizes, settings, mean, difference, error, worse, best, recommended, cells)


def _simplest(families: Sequence[Family], sizes: Array, among: Array) -> int:
    """A linear model before a network, then the fewest features, then the fewest strengths to tune."""
    places = [i for i in range(len(families)) if among[i]]
    return min(places, key=lambda i: (families[i].rank[0], sizes[i], families[i].rank[1]))


def _means(scores: Array, weights: Array) -> Array:
    with np.errstate(invalid="ignore"):
        mean = scores @ weights
    return np.asarray(np.where(np.isfinite(mean), mean, np.inf))


def _corrected(families: Sequence[Family], result: GridResult, rounding: float) -> float:
    """Each fold scores the family and cell that the other folds of its repeat recommend."""
    groups = repeats_as_groups(result.repeats, result.n_folds)
    if min(map(len, groups)) < 3 or result.n_folds > MANY_FOLDS:
        return float("nan")
    total = 0.0
    for group in groups:
        for fold in group:
            others = group[group != fold]
            rest = [family.on(others) for family in families]
            weights = result.fold_weights[others] / result.fold_weights[others].sum()
            found = _contest(rest, weights, None, rounding)
            choice = found.recommended
            total += float(result.fold_weights[fold] * families[choice].scores[found.cells[choice], fold])
    return total


def _sentence(families: Sequence[Family], contest: _Contest, unit: float, result: GridResult) -> str:
    """The best, the recommended one, and each of the others against the best."""
    best, taken = contest.best, contest.recommended
    names = [family.name for family in families]
    keeps = _keeps(int(contest.sizes[taken]), len(result.feature_names), result.network is not None)
    if len(names) == 1:
        return f"{_capital(names[0])} keeps {keeps}: there is nothing to compare it with."
    alike = (contest.difference == contest.difference[taken]) & (contest.sizes == contest.sizes[taken])
    same = [i for i in np.flatnonzero(alike) if i != taken]
    apart = [_apart(contest.difference[i] / unit, contest.difference_se[i] / unit) for i in range(len(names))]
    if best == taken or best in same:
        clauses = [f"{names[taken]} predicts best and keeps {keeps}"]
    else:
        clauses = [
            f"{names[best]} predicts best",
            f"{names[taken]}, the simplest that is not distinguishable from it, is {apart[taken]} and keeps {keeps}",
        ]
    if same:
        clauses[-1] += f", as {'does' if len(same) == 1 else 'do'} {listed([names[i] for i in same])}"
    for i in range(len(names)):
        if i not in (best, taken, *same):
            clauses.append(f"{names[i]} is {apart[i]}{_verdict(names[i], bool(contest.worse[i]))}")
    return f"{_capital('; '.join(clauses))}."


def _too_large(name: str, most: int) -> str:
    """Why a family is not there: each of its models keeps too many features."""
    family = "the fit without a penalty" if name == NO_PENALTY else name
    return f"{family} was left out: it keeps more than {most} {'feature' if most == 1 else 'features'}"


def _keeps(size: int, p: int, network: bool) -> str:
    noun = ("input" if network else "feature") + ("" if p == 1 else "s")
    return f"{size or 'none'} of {p} {noun}"


def _apart(difference: float, error: float) -> str:
    """``9.0 ± 2.1 % worse``."""
    if not math.isfinite(difference):
        return "without a finite held-out error"
    return f"{percent(difference, error)} worse"


def _verdict(name: str, worse: bool) -> str:
    if not worse:
        return ": not distinguishable"
    return {NO_PENALTY: ": you would overfit", FREE_NETWORK: ": it would overfit"}.get(name, "")


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
