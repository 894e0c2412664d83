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
from shrinkwise.diagnosis.percent import percent
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.text import count, general, listed, shorten, whole
from shrinkwise.report.words import RULES, plus_minus, score_words
from shrinkwise.rules import parse_rule

NAME = 28  # columns of a feature's name in a sentence
WIDE_RANGE = 3.0  # strengths that new folds move by a larger factor are called loose
ORDER = ("no penalty", "ridge", "elastic net", "lasso", "relaxed lasso", "network")  # of tables
OPTIONS = {
    "no penalty": "alpha = 0",
    "ridge": "l1_ratio = 0",
    "elastic net": "an l1_ratio between 0 and 1",
    "lasso": "l1_ratio = 1",
    "relaxed lasso": "relax",
    "network": "a network",
}
BEWARE = " Beware: "
MEANINGS = {"1se": "the simplest model within one standard error of the lowest held-out error"}


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
        step = f"{warning[0].upper()}{warning[1:]} Look for other {noun}s, or for more rows, before you rely on it."
    elif verdict.overfits is None:
        step = "Keep a penalty: without one there is nothing to fall back on."
    elif verdict.overfits:
        step = f"Keep the penalty; predict with the chosen model ({report.rule})."
    elif verdict.gain < -DISTINGUISHABLE * verdict.gain_se:
        step = "Predict without a penalty, or search weaker ones."
    else:
        step = f"Use the penalty to leave {noun}s out, not to predict better."
    return Answer("Do I overfit?", sentence, step)


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
    if own is not best:
        gap = percent(own.difference, own.difference_se)
        reason = f"{best.name} has the lowest held-out error, but {own.name} lies only {gap} above it, which cannot be "
        reason += "told from nothing, and is simpler"
    elif rest:
        near = listed([f"{one.name} ({percent(one.difference, one.difference_se)} above it)" for one in rest])
        reason = f"its held-out error is lowest, and it is simplest; {near} cannot be told from it"
    else:
        next_best = min((one for one in found if one is not own), key=lambda one: one.difference)
        gap = percent(next_best.difference, next_best.difference_se)
        reason = f"its held-out error is lowest; the next, {next_best.name}, lies {gap} above it"
    chosen = family_of(report)
    if chosen == own.name or report.result.network is not None:
        step = "Nothing to do: the chosen model is of that kind." if chosen == own.name else f"Keep {own.name}."
    else:
        option = OPTIONS.get(own.name, own.name)
        step = f"The chosen model is {_article(chosen)}; for {_article(own.name)} ask for {option}."
    return Answer(question, f"{size}: {reason}.", step)


def _strength(report: ReportInput) -> Answer:
    result, chosen, lowest, score = report.result, report.chosen, report.lowest, score_words(report)
    meaning = MEANINGS.get(parse_rule(report.rule).kind) or RULES.get(parse_rule(report.rule).kind, "")
    at = f"{report.symbol} = {general(report.strength(chosen))}, by the rule {report.rule}"
    sentence = f"{at}: {meaning}, with a held-out error of {plus_minus(score, chosen.mean, chosen.se)}"
    if (chosen.ratio, chosen.index) != (lowest.ratio, lowest.index):
        sentence += f" beside {plus_minus(score, lowest.mean, lowest.se)} at the lowest"
    again = decided(report, "reproducibility")
    loose = False
    if again is not None and len(again.strengths):
        low, high = float(np.min(again.strengths)), float(np.max(again.strengths))
        loose = low > 0 and high > WIDE_RANGE * low
        sentence += (
            f"; {whole(int(again.repeats))} new deals of the folds chose {general(low, 2)} to {general(high, 2)}"
        )
    edge = result.at_edge(chosen)
    if edge == "weak":
        step = f"Search weaker {report.symbol}: the choice lies at the end of the grid."
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
    sentence = f"{whole(len(kept))} of {count(total, noun)}, led by {led}: "
    cost = dearest(report)
    sentence += f"without {cost[0]} the error is {cost[1]} higher, and " if cost else ""
    stable = decided(report, "stability_selection")
    if stable is not None:
        inside = sorted(set(kept) & set(np.asarray(stable.selected).tolist()))
        sentence += (
            f"{_some(len(inside), len(kept))} of them {_are(len(inside))} chosen in at least "
            f"{100 * stable.threshold:.0f} % of {stable.n_halves} half-samples (false ones among all such: at most "
            f"{general(stable.expected_false, 2)} expected)"
        )
        step = _trust(len(inside), len(kept), noun)
    else:
        always, folds = int(np.count_nonzero(fold_counts(report) == report.result.n_folds)), report.result.n_folds
        where = "the one fold" if folds == 1 else f"all {folds} folds"
        sentence += f"{_some(always, len(kept))} of them {_are(always)} kept in {where}"
        step = _trust(always, len(kept), noun)
    if len(kept) == total > 1 and report.chosen.l1_ratio == 0:
        step = f"Ask for an l1_ratio above 0 if {noun}s should be left out: ridge keeps all."
    return Answer(question, f"{sentence}.", step)


def _trust(inside: int, kept: int, noun: str) -> str:
    """What to make of how many of the kept features come back."""
    if inside == kept:
        return f"Rely on the list: other rows would bring much the same {noun}s."
    if not inside:
        return f"Do not rely on single {noun}s: other rows would bring others that predict as well."
    return f"Rely on those {whole(inside)}; the other {whole(kept - inside)} may give way to {noun}s like them."


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


def dearest(report: ReportInput) -> tuple[str, str] | None:
    """The feature whose removal costs most, and by how much the error rises: ``("bmi", "9.1 ± 2.4 %")``."""
    removal = decided(report, "removal_cost")
    if removal is None or not len(removal.features):
        return None
    first = int(np.argmax(removal.cost))
    words = percent(float(removal.cost[first]), float(removal.cost_se[first]))
    return feature_name(report, int(removal.features[first])), words


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


def _some(part: int, whole_: int) -> str:
    return "none" if not part else "all" if part == whole_ > 1 else whole(part)


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _capital(name: str) -> str:
    return name if name.startswith("l2") else name[:1].upper() + name[1:]
