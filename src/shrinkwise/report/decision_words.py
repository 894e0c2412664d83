"""The four answers, and the words of a decision that the page and the terminal share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.diagnosis.decision import RECORDS
from shrinkwise.diagnosis.families import name_of
from shrinkwise.diagnosis.overfit import DISTINGUISHABLE, paired
from shrinkwise.diagnosis.percent import NOTHING, percent
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.text import count, general, listed, shorten, whole
from shrinkwise.report.words import RULES, plus_minus, score_words
from shrinkwise.rules import parse_rule

NAME = 28  # columns of a feature's name in a sentence
WIDE_RANGE = 3.0  # strengths that new folds move by a larger factor are called loose
ORDER = ("no penalty", "ridge", "elastic net", "lasso", "relaxed lasso", "network")  # of tables
BEWARE = " Beware: "
MEANINGS = {
    "min": "the lowest held-out error of the grid",
    "1se": "the simplest model within one standard error of the lowest held-out error",
    "k": "the lowest error with at most {}",
    "within": "the simplest model within {:g} % of the lowest held-out error",
    "cheapest": "the cheapest features within one standard error of the lowest held-out error",
}


@dataclass(frozen=True)
class Answer:
    """A question of the reader, the answer of these data in one sentence, and what to do next."""

    question: str
    sentence: str
    next_step: str


@dataclass(frozen=True)
class Family:
    """A kind of penalty, at the cell where its held-out error is lowest.

    ``difference`` is how much higher its error is than the lowest of all, relative to that, with its paired standard
    error; ``better`` is 1 for the best itself, 0 where the two cannot be told apart, -1 where it is worse.
    """

    name: str
    n_features: int
    mean: float
    se: float
    difference: float
    difference_se: float
    better: int


def four_answers(report: ReportInput) -> tuple[Answer, ...]:
    """Do I overfit? Which penalty? How strong? Which features? From the decision or, without one, from the grid alone.

    Parameters
    ----------
    report : ReportInput

    Returns
    -------
    tuple of four Answer
        Plain text; names of features are shortened and without control characters.
    """
    return _overfitting(report), _penalty(report), _strength(report), _features(report)


def _overfitting(report: ReportInput) -> Answer:
    verdict, noun = report.verdict, report.noun
    sentence, _, warning = verdict.sentence.partition(BEWARE)
    if not verdict.useful and warning:
        gain = _gain_of_lowest(report)
        step = f"Look for other {noun}s, or for more rows, before you rely on it."
        if gain:
            step = f"The model of the lowest error does, by {gain}: take the rule min."
        step = f"{_capital(warning)} {step}"
    elif verdict.overfits is None:
        step = "Keep a penalty: without one there is nothing to fall back on."
    elif verdict.overfits:
        step = f"Keep the penalty; predict with the chosen model ({report.rule})."
    elif verdict.gain < -DISTINGUISHABLE * verdict.gain_se:
        step = "Predict without a penalty, or search weaker ones."
    else:
        step = f"Use the penalty to leave {noun}s out, not to predict better."
    return Answer("Do I overfit?", sentence, step)


def _gain_of_lowest(report: ReportInput) -> str:
    """How much better the lowest error is than no features at all, less the luck of the search; "" if not surely."""
    result, lowest = report.result, report.lowest
    if result.network is not None or not lowest.n_features or result.n_folds < 2:
        return ""
    saved, se = paired(result, result.null_score - result.test_score[lowest.ratio, lowest.index])
    saved, null = saved - result.search_bias, abs(float(result.null_score @ result.fold_weights)) or 1.0
    return percent(saved / null, se / null) if saved > DISTINGUISHABLE * se else ""


def _penalty(report: ReportInput) -> Answer:
    question, (found, recommended) = "Which penalty?", families(report)
    noun, total = report.noun, len(report.result.feature_names)
    if not found:
        return Answer(
            question, "None can be named: no fit has a finite held-out error.", "Look at the notes on the data."
        )
    own = next((family for family in found if family.name == recommended), found[0])
    best = next((family for family in found if family.better == 1), own)
    size = f"{_capital(own.name)}, with {whole(own.n_features)} of {count(total, noun)} where it is best"
    if len(found) == 1:
        score = score_words(report)
        sentence = f"{size}: nothing else was tried; its held-out error is {plus_minus(score, own.mean, own.se)}."
        return Answer(question, sentence, f"Try others beside it: {_others(report, own)}.")
    rest = [family for family in found if family.better == 0 and family is not own]
    if not own.n_features and report.result.network is None:
        return Answer(question, _none_pays(report, own, best), f"Look for other {noun}s, or for more rows.")
    if own is not best:
        gap = percent(own.difference, own.difference_se)
        lies = "is as good" if gap == "0 %" else f"lies only {gap} above it, which cannot be told from nothing,"
        reason = f"{best.name} has the lowest held-out error, but {own.name} {lies} and is simpler"
    elif rest:
        near = listed([f"{one.name} ({_above(one)})" for one in rest])
        reason = f"its held-out error is the lowest, and it is the simplest; {near} cannot be told from it"
    else:
        next_best = min((one for one in found if one is not own), key=lambda one: one.difference)
        gap = percent(next_best.difference, next_best.difference_se)
        reason = f"its held-out error is lowest; the next, {next_best.name}, lies {gap} above it"
    chosen = family_of(report)
    if chosen == own.name:
        step = "Nothing to do: the chosen model is of that kind."
    elif report.result.network is not None:
        linear = "network" not in own.name
        step = "Take the linear model: `shrinkwise fit` makes it." if linear else "Search weaker penalties."
    else:
        step = f"The chosen model is {_article(chosen)}; {_how_to_have(own.name, chosen)}."
    return Answer(question, f"{size}: {reason}.", step)


def _none_pays(report: ReportInput, own: Family, best: Family) -> str:
    """No kind of penalty is surely better than a model that keeps nothing."""
    head = f"None beats a model without {report.noun}s:"
    if own is best or percent(own.difference, own.difference_se) == NOTHING:
        return f"{head} its held-out error of {plus_minus(score_words(report), own.mean, own.se)} is the lowest."
    gap = percent(own.difference, own.difference_se)
    return f"{head} {best.name} has the lowest held-out error, but no {report.noun}s at all lie only {gap} above it."


def _above(family: Family) -> str:
    """How far a family lies above the best."""
    gap = percent(family.difference, family.difference_se)
    return "just as low" if gap == "0 %" else f"{gap} above it"


def _how_to_have(name: str, chosen: str) -> str:
    """How to fit a kind of penalty that the grid of the chosen one lacks, or has and did not choose."""
    words, own = name.split(), chosen.split()
    if name == "no penalty":
        return "in Python alpha=0 fits without a penalty"
    mix = 0.5 if {"elastic", "with"} & set(words) else 0 if "ridge" in words else 1
    command, code = f"--l1-ratio {mix:g}", f"l1_ratio={mix:g}"
    if "relaxed" in words:
        command, code = f"{command} --relax", f"{code}, relax=True"
    options = (("relaxed", "--relax"), ("adaptive", "--adaptive"), ("MCP", "--concave"), ("SCAD", "--concave"))
    dropped = [option for word, option in options if word in own and word not in words]
    without = f", without {listed(dropped)}" if dropped else ""
    return f"for {_article(name)} fit again with {command} ({code} in Python){without}"


def _strength(report: ReportInput) -> Answer:
    result, chosen, lowest, score = report.result, report.chosen, report.lowest, score_words(report)
    rule = parse_rule(report.rule)
    number = count(int(rule.number), report.noun) if rule.kind == "k" else rule.number
    meaning = MEANINGS.get(rule.kind, RULES.get(rule.kind, "")).format(number)
    at = f"{report.symbol} = {general(report.strength(chosen))}, by the rule {report.rule}"
    sentence = f"{at}: {meaning}, with a held-out error of {plus_minus(score, chosen.mean, chosen.se)}"
    if (chosen.ratio, chosen.index) != (lowest.ratio, lowest.index):
        sentence += f" beside {plus_minus(score, lowest.mean, lowest.se)} at the lowest"
    again = decided(report, "reproducibility")
    loose = False
    if again is not None and len(again.strengths):
        low, high = float(np.min(again.strengths)), float(np.max(again.strengths))
        loose = low > 0 and high > WIDE_RANGE * low
        deals, (start, stop) = (
            f"{whole(int(again.repeats))} new deals of the folds",
            (general(low, 2), general(high, 2)),
        )
        sentence += f"; all {deals} chose {start}" if start == stop else f"; {deals} chose {start} to {stop}"
    edge = result.at_edge(chosen)
    if edge == "weak":
        step = f"Search weaker {report.symbol}: the choice lies at the end of the grid."
    elif edge == "strong" and _gain_of_lowest(report):
        step = "This is the end of the grid: take the rule min, whose error is lower."
    elif edge == "strong":
        step = f"No {report.noun} earns its place: look for others, or for more rows."
    elif loose:
        step = "Do not read much into its digits: other folds would have chosen quite another one, about as good."
    elif chosen.mean > lowest.mean + 2 * lowest.se:
        step = "For the lowest error take the rule min; this choice pays for its simplicity."
    else:
        step = "Keep it: neighbors on the grid predict as well."
    return Answer("How strong?", f"{sentence}.", step)


def _features(report: ReportInput) -> Answer:
    question, noun, total = "Which features?" if report.noun == "feature" else "Which inputs?", report.noun, 0
    total, kept = len(report.result.feature_names), report.kept
    if not kept:
        sentence = f"None of {count(total, noun)}: the chosen model predicts the same for every row."
        return Answer(question, sentence, "Take the rule min to see which would come first.")
    led = listed([feature_name(report, column) for column in kept[:2]])
    price = f" that cost {bill}" if (bill := _bill(report)) else ""
    sentence = f"{whole(len(kept))} of {count(total, noun)}{price}, {'led by ' if len(kept) > 2 else ''}{led}: "
    cost = dearest(report)
    if cost is not None:
        missed = f"without {cost[0]} the error is {cost[1]} higher"
        alone = "it is not surely missed" if len(kept) == 1 else "none of them is surely missed by itself"
        sentence += f"{missed if cost[2] else alone}, and "
    stable = decided(report, "stability_selection")
    if stable is not None:
        inside = sorted(set(kept) & set(np.asarray(stable.selected).tolist()))
        sentence += (
            f"{_so_many(len(inside), len(kept))} chosen in at least "
            f"{100 * stable.threshold:.0f} % of {stable.n_halves} half-samples (false ones among all such: at most "
            f"{general(stable.expected_false, 2)} expected)"
        )
        step = _trust(len(inside), len(kept), noun)
    else:
        always, folds = int(np.count_nonzero(fold_counts(report) == report.result.n_folds)), report.result.n_folds
        where = "the one fold" if folds == 1 else f"all {folds} folds"
        sentence += f"{_so_many(always, len(kept))} kept in {where}"
        step = _trust(always, len(kept), noun)
    if len(kept) == total > 1 and report.chosen.l1_ratio == 0:
        step = f"Ask for an l1_ratio above 0 if {noun}s should be left out: ridge keeps all."
    return Answer(question, f"{sentence}.", step)


def _trust(inside: int, kept: int, noun: str) -> str:
    """What to make of how many of the kept features come back."""
    if inside == kept:
        again = f"the list: other rows would bring much the same {noun}s"
        return f"Rely on {'it: other rows would bring it, too' if kept == 1 else again}."
    if not inside:
        return f"Do not rely on single {noun}s: other rows would bring others that predict as well."
    those = "that one" if inside == 1 else f"those {whole(inside)}"
    if kept - inside == 1:
        return f"Rely on {those}; the other one may give way to {noun}s like it."
    return f"Rely on {those}; the other {whole(kept - inside)} may give way to {noun}s like them."


def _bill(report: ReportInput) -> str:
    """What the chosen features cost, where the frontier of costs and errors has the chosen model."""
    record, chosen = decided(report, "budget"), report.chosen
    if record is None or (record.line[record.chosen], record.index[record.chosen]) != (chosen.ratio, chosen.index):
        return ""
    return general(float(record.cost[record.chosen]))


def families(report: ReportInput) -> tuple[list[Family], str]:
    """The kinds of penalty that were compared, and the name of the recommended one."""
    choice = decided(report, "penalty_choice")
    if choice is None:
        return _families_of_grid(report)
    columns = (choice.n_features, choice.mean, choice.se, choice.difference, choice.difference_se, choice.better)
    rows = zip(choice.families, *(np.asarray(column).tolist() for column in columns), strict=True)
    return [Family(str(name), int(size), *numbers) for name, size, *numbers in rows], choice.recommended


def _families_of_grid(report: ReportInput) -> tuple[list[Family], str]:
    """The same from the lines of the grid and the fit without a penalty, each paired with the lowest error."""
    result, free = report.result, report.result.unpenalized
    cells: dict[str, tuple[NDArray[np.float64], int]] = {}
    mean, sizes = np.where(np.isfinite(result.mean), result.mean, np.inf), result.support_size
    for ratio in np.argsort(mean.min(axis=1), kind="stable").tolist():
        index = int(np.argmin(mean[ratio]))
        if math.isfinite(mean[ratio, index]):
            cells.setdefault(family_of(report, ratio), (result.test_score[ratio, index], int(sizes[ratio, index])))
    if free is not None and free.converged and np.all(np.isfinite(free.test_score)):
        inside = np.any(free.coef.reshape(len(result.scale), -1), axis=1)
        cells["no penalty"] = (free.test_score, int(np.count_nonzero(inside)))
    if not cells:
        return [], ""
    best = min(cells, key=lambda name: float(cells[name][0] @ result.fold_weights))
    lowest = float(cells[best][0] @ result.fold_weights)
    found = []
    for name, (score, size) in cells.items():
        gap, se = (part / (abs(lowest) or 1.0) for part in paired(result, score - cells[best][0]))
        worse = result.n_folds > 1 and gap > DISTINGUISHABLE * se
        own = float(score @ result.fold_weights), float(result.standard_error(score))
        found.append(Family(name, size, *own, gap, se, 1 if name == best else -1 if worse else 0))
    found.sort(key=lambda family: (ORDER.index(family.name) if family.name in ORDER else 0, family.name))
    equal = [family for family in found if family.better >= 0]
    return found, min(equal, key=lambda family: (family.n_features, family.name != best)).name


def corrected_sentence(report: ReportInput) -> str:
    """The error of this way of choosing a penalty, and what was left out; nothing where neither is known."""
    choice = decided(report, "penalty_choice")
    if choice is None:
        return ""
    score, parts = score_words(report), []
    if math.isfinite(float(choice.corrected)):
        parts.append(
            "Where each fold scores what the others choose, this way of choosing a penalty has a held-out error of "
            f"{score(float(choice.corrected))}."
        )
    note = getattr(choice, "note", "")
    return " ".join([*parts, *([f"{_capital(note).rstrip('.')}."] if note else [])])


def family_of(report: ReportInput, ratio: int | None = None) -> str:
    """What the penalty of a line of the grid is called; of the chosen one by default."""
    result, line = report.result, report.chosen.ratio if ratio is None else ratio
    if result.network is not None:
        return "network" if decided(report, "penalty_choice") is not None else f"l2 = {report.mix(line)}"
    return name_of(result, line)


def fold_counts(report: ReportInput) -> NDArray[np.intp]:
    """In how many folds the chosen cell keeps each of the features that it keeps on all rows, (kept,)."""
    result, chosen, outputs = report.result, report.chosen, len(report.outputs)
    times = np.zeros(len(result.feature_names), dtype=np.intp)
    for fold in range(result.n_folds):
        row = result.coefs[chosen.ratio][fold][[chosen.index]]
        times[np.unique(row.indices[row.data != 0] // outputs)] += 1
    return times[report.kept]


def dearest(report: ReportInput) -> tuple[str, str, bool] | None:
    """What costs most to remove, by how much the error rises, and whether surely: ``("bmi", "9 ± 2 %", True)``."""
    removal = decided(report, "removal_cost")
    if removal is None or not len(removal.features):
        return None
    first = int(np.argmax(removal.cost))
    cost, se = float(removal.cost[first]), float(removal.cost_se[first])
    return feature_name(report, int(removal.features[first])), percent(cost, se), cost > DISTINGUISHABLE * se


def feature_name(report: ReportInput, column: int, limit: int = NAME) -> str:
    """A feature's name for a sentence."""
    return shorten(report.result.feature_names[column], limit)


def left_out(report: ReportInput) -> tuple[str, ...]:
    """Which parts of the decision were left out, and why: a sentence each, of any length."""
    return tuple(f"{note.rstrip('.')}." for note in (decided(report, "notes") or ())[: len(RECORDS)])


def decided(report: ReportInput, name: str) -> Any:
    """A record of the decision; None where there is none."""
    return None if report.decision is None else getattr(report.decision, name, None)


def _others(report: ReportInput, own: Family) -> str:
    """What could be tried beside the only penalty."""
    if report.result.network is not None:
        return "several values of l2"
    return "l1_ratio = 0 (ridge), 0.5 and 1 (lasso)" if own.name != "no penalty" else "a penalty"


def _article(name: str) -> str:
    return f"an {name}" if name[:1] in "aeio" else name if name in ("ridge", "no penalty") else f"a {name}"


def _so_many(part: int, total: int) -> str:
    """``all of them are``, ``1 of them is``, ``none of them is``; of a single one ``it is``, ``it is not``."""
    if total == 1:
        return "it is" if part else "it is not"
    number = "none" if not part else "all" if part == total else whole(part)
    return f"{number} of them {'is' if part < 2 else 'are'}"


def _capital(name: str) -> str:
    return name if name.startswith("l2") else name[:1].upper() + name[1:]
