"""Why a feature is in the chosen model, or why it is out: what the grid and the decision know of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.diagnosis.overfit import DISTINGUISHABLE
from shrinkwise.diagnosis.percent import NOTHING, percent
from shrinkwise.losses import named_loss
from shrinkwise.losses.base import LogLink
from shrinkwise.report.decision_words import decided
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.text import count, general, listed, scores, shorten, whole
from shrinkwise.report.words import factor_of, factor_words, plus_minus, unit_words

NAME = 48  # columns of a name in a sentence
OUTPUTS = 6  # coefficients that a line lists
Array = NDArray[Any]


@dataclass(frozen=True)
class Fact:
    """One thing that is known of a feature: what it is about, a sentence, and the numbers behind it."""

    label: str
    words: str
    numbers: dict[str, Any]


@dataclass(frozen=True)
class Explanation:
    """All that is known of one feature; ``lacking`` says what is not, in words."""

    name: str
    selected: bool
    sentence: str
    facts: tuple[Fact, ...]
    lacking: tuple[str, ...] = ()

    @property
    def numbers(self) -> dict[str, Any]:
        """Everything as JSON types and NumPy scalars."""
        own: dict[str, Any] = {"feature": self.name, "selected": self.selected, "sentence": self.sentence}
        return own | {fact.label.replace(" ", "_"): fact.numbers for fact in self.facts} | {"lacking": self.lacking}


def explain(report: ReportInput, column: int) -> Explanation:
    """Say why a feature is in the model that the rule chose, or why it is out.

    Parameters
    ----------
    report : ReportInput
        Its decision has half-samples, removals and intervals, as far as there are any; the grid has the rest.
    column : int
        Number of the feature.

    Returns
    -------
    Explanation
    """
    name, selected = report.result.feature_names[column], column in report.kept
    rank = report.kept.index(column) + 1 if selected else 0
    makers = (_group, _coefficient, _path, _folds, _half_samples, _dealt_again, _removal, _rejection, _interval)
    facts = [make(report, column) for make in makers]
    known = tuple(fact for fact in facts if fact is not None)
    lacking = () if report.result.network is not None else _lacking(report, selected)
    return Explanation(name, selected, _headline(report, column, rank), known, lacking)


def _lacking(report: ReportInput, selected: bool) -> tuple[str, ...]:
    """What a decision could tell and does not, in words."""
    words = {
        "stability_selection": "how often halves of the rows choose it",
        "removal_cost": "what the model loses without it" if selected else "how far it is from entering",
    }
    has_intervals = report.result.loss in ("squared", "logistic") and report.result.outputs is None
    words |= {"intervals": "an interval for its coefficient"} if selected and has_intervals else {}
    return tuple(told for part, told in words.items() if decided(report, part) is None)


def _headline(report: ReportInput, column: int, rank: int) -> str:
    """In or out, and how it ranks."""
    name, total = (
        shorten(report.result.feature_names[column], NAME),
        count(len(report.result.feature_names), report.noun),
    )
    if rank:
        by = "its effect" if report.result.network is None else "the norm of its weights"
        place = "the only one" if len(report.kept) == 1 else f"number {rank} of {whole(len(report.kept))} by {by}"
        return f"{name} is in the model, {place} ({report.rule}; {total})."
    if report.result.scale[column] == 0:
        return f"{name} is out: it never varies in these data."
    return f"{name} is out of the model, which keeps {whole(len(report.kept))} of {total} ({report.rule})."


def _group(report: ReportInput, column: int) -> Fact | None:
    groups = report.result.groups
    if groups is None or not groups[column]:
        return None
    members = [j for j, group in enumerate(groups) if group == groups[column]]
    inside = len(set(members) & set(report.kept))
    words = f"one of {count(len(members), 'feature')} of {shorten(groups[column], NAME)}, of which {so_many(inside)} in"
    return Fact("group", words, {"name": groups[column], "size": len(members), "n_selected": inside})


def _coefficient(report: ReportInput, column: int) -> Fact:
    result, per_sd, per_unit = report.result, report.effect[:, column], report.coef[:, column]
    sd = float(result.scale[column])
    numbers: dict[str, Any] = {"per_sd": per_sd.tolist(), "per_unit": per_unit.tolist(), "sd": sd}
    if result.outputs is None:
        numbers |= {"per_sd": float(per_sd[0]), "per_unit": float(per_unit[0])}
    else:
        numbers["outputs"] = list(result.outputs)
    if result.network is not None:
        norm = float(per_unit[0])
        words = f"the weights that leave it have a norm of {general(norm)}" if norm else "no weight leaves it"
        return Fact("weights", words, {"norm": norm})
    if not np.any(per_unit):
        return Fact("coefficient", "exactly zero", numbers)
    if result.outputs is not None:
        return Fact("coefficient", _several(report, per_sd), numbers)
    loss = named_loss(result.loss)
    words = f"{general(float(per_sd[0]))} per SD (of {general(sd)}), {general(float(per_unit[0]))} per unit, on "
    words += unit_words(report)
    if isinstance(loss, LogLink) or loss.coupled:
        factors = {"factor_per_sd": factor_of(per_sd[0]), "factor_per_unit": factor_of(per_unit[0])}
        by_sd, by_unit = (general(factor, 3) for factor in factors.values())
        what = factor_words(report).rpartition(" ")[2]
        words += f": times {by_sd} on the {what} for one SD more, {by_unit} for one unit more"
        numbers |= factors
    return Fact("coefficient", words, numbers)


def so_many(number: int) -> str:
    """``none is``, ``1 is``, ``3 are``."""
    return f"{whole(number) if number else 'none'} {'are' if number > 1 else 'is'}"


def _several(report: ReportInput, per_sd: Array) -> str:
    """Coefficients of several predictors, the largest first."""
    order = [int(k) for k in np.argsort(-np.abs(per_sd), kind="stable") if per_sd[k]]
    each = [f"{general(float(per_sd[k]))} for {shorten(report.outputs[k], 24)}" for k in order[:OUTPUTS]]
    more = [f"{len(order) - OUTPUTS} more"] if len(order) > OUTPUTS else []
    zeros = len(per_sd) - len(order)
    tail = f"; exactly zero for {count(zeros, report.output_word)}" if zeros else ""
    return f"per SD {listed([*each, *more])}{tail}"


def _path(report: ReportInput, column: int) -> Fact:
    """Where on the line of the choice it enters, in the fits on all rows."""
    result, chosen = report.result, report.chosen
    strengths, matrix = report.strengths(chosen.ratio), result.coefs[chosen.ratio][-1].tocoo()
    inside = matrix.data != 0
    entries = np.full(len(result.feature_names), len(strengths))
    np.minimum.at(entries, matrix.col[inside] // len(report.outputs), matrix.row[inside])
    first, symbol = int(entries[column]), report.symbol
    ever, mix = int(np.count_nonzero(entries < len(strengths))), report.at_mix(chosen.ratio)
    own = f"{symbol} = {general(float(strengths[chosen.index]))}"
    numbers = {"enters_at": None, "rank": None, "n_enter": ever, "chosen_at": float(strengths[chosen.index])}
    if first == len(strengths):
        return Fact("path", f"never enters, down to {symbol} = {general(float(strengths[-1]))} ({mix})", numbers)
    rank, at = int(np.count_nonzero(entries < first)) + 1, f"{symbol} = {general(float(strengths[first]))}"
    numbers |= {"enters_at": float(strengths[first]), "rank": rank}
    if first == 0:
        return Fact("path", f"in from the strongest {symbol} of the grid on ({mix})", numbers)
    if column in report.kept or first <= chosen.index:
        tail = f"the choice is {own}" if column in report.kept else f"and is out again at the choice, {own}"
        return Fact("path", f"enters {ordinal(rank)} of {whole(ever)}, at {at} ({mix}); {tail}", numbers)
    words = f"enters {ordinal(rank)} of {whole(ever)}, at {at} ({mix}), weaker than the choice, {own}"
    return Fact("path", words, numbers)


def _folds(report: ReportInput, column: int) -> Fact:
    result, chosen, outputs = report.result, report.chosen, len(report.outputs)
    times = 0
    for fold in range(result.n_folds):
        row = result.coefs[chosen.ratio][fold][[chosen.index]]
        times += bool(np.any(row.data[row.indices // outputs == column]))
    words = f"kept by {whole(times)} of {whole(result.n_folds)} fits that leave a fold out"
    return Fact("folds", words, {"kept": times, "of": result.n_folds})


def _half_samples(report: ReportInput, column: int) -> Fact | None:
    part = decided(report, "stability_selection")
    if part is None:
        return None
    frequency, threshold, halves = float(part.frequency[column]), float(part.threshold), int(part.n_halves)
    above = "above" if frequency >= threshold else "below"
    words = (
        f"chosen in {whole(round(frequency * halves))} of {whole(halves)} halves of the rows, {above} the threshold of "
        f"{100 * threshold:.0f} % that allows {general(float(part.expected_false), 2)} false "
        f"{'feature' if part.expected_false == 1 else 'features'} on average"
    )
    numbers = {"frequency": frequency, "threshold": threshold, "n_halves": halves, "stable": frequency >= threshold}
    return Fact("half-samples", words, numbers)


def _dealt_again(report: ReportInput, column: int) -> Fact | None:
    part = decided(report, "reproducibility")
    if part is None:
        return None
    frequency, repeats = float(part.frequency[column]), int(part.repeats)
    words = f"chosen in {whole(round(frequency * repeats))} of {whole(repeats)} cross-validations with folds dealt anew"
    return Fact("other folds", words, {"frequency": frequency, "repeats": repeats})


def _removal(report: ReportInput, column: int) -> Fact | None:
    """What the model loses without it, and which feature takes its place."""
    part = decided(report, "removal_cost")
    at = None if part is None else _place(part.features, column)
    if part is None or at is None:
        return None
    cost, se, other = float(part.cost[at]), float(part.cost_se[at]), int(part.successor[at])
    sure = cost > DISTINGUISHABLE * se
    told = "distinguishable" if sure else "not distinguishable from nothing"
    change = f"{'rises' if cost >= 0 else 'falls'} by {percent(abs(cost), se)}, {told}"
    if percent(cost, se) == NOTHING:
        change = "is the same"
    successor = report.result.feature_names[other] if other >= 0 else None
    place = f"{shorten(successor, NAME)} takes its place" if successor is not None else "no feature takes its place"
    numbers = {"cost": cost, "se": se, "distinguishable": sure, "successor": successor}
    return Fact("removal", f"without it the held-out error {change}; {place}", numbers)


def _rejection(report: ReportInput, column: int) -> Fact | None:
    """How far it is from entering, and which selected feature carries what it knows."""
    part = decided(report, "removal_cost")
    at = None if part is None else _place(part.rejected, column)
    if part is None or at is None:
        return None
    slack, other, correlation = float(part.slack[at]), int(part.carrier[at]), float(part.correlation[at])
    words = f"its pull is {100 * (1 - slack):.0f} % of what it takes to enter (KKT slack {general(slack, 2)})"
    carrier = report.result.feature_names[other] if other >= 0 else None
    if carrier is not None:
        words += f"; {shorten(carrier, NAME)}, which is in, carries it with a correlation of {general(correlation, 2)}"
    numbers = {"slack": slack, "carrier": carrier, "correlation": correlation if carrier is not None else None}
    return Fact("rejection", words, numbers)


def _interval(report: ReportInput, column: int) -> Fact | None:
    part = decided(report, "intervals")
    at = None if part is None else _place(part.features, column)
    if part is None or at is None:
        return None
    estimate, se, lower, upper = (float(getattr(part, name)[at]) for name in ("estimate", "se", "lower", "upper"))
    score = scores([estimate], [se])
    if not math.isfinite(se):
        numbers = {"estimate": estimate, "se": None, "lower": None, "upper": None, "level": float(part.level)}
        return Fact("interval", "none: the data cannot tell its part from that of features like it", numbers)
    words = f"{100 * part.level:.0f} % interval {score(lower)} to {score(upper)} around the debiased "
    words += f"{plus_minus(score, estimate, se)}"
    numbers = {"estimate": estimate, "se": se, "lower": lower, "upper": upper, "level": float(part.level)}
    wide = {name: float(getattr(part, name)[at]) for name in ("selected_lower", "selected_upper")}
    if part.selected_level != part.level:
        start, stop = map(score, wide.values())
        words += f", or {start} to {stop} for a feature that was picked because it stood out"
        numbers |= wide
    words += f". {part.assumptions}"
    return Fact("interval", words, numbers | {"assumptions": part.assumptions})


def _place(columns: Array, column: int) -> int | None:
    found = np.flatnonzero(np.asarray(columns) == column)
    return int(found[0]) if len(found) else None


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``11th``."""
    last = number % 10 if number % 100 not in (11, 12, 13) else 0
    return f"{whole(number)}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"
