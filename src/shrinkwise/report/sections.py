"""The page's sections, in order: each is a function of a ReportInput, and leaves itself out by returning None."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from shrinkwise.report.decision_sections import answers, budget, frequency, quality, removal, strength, uncertainty
from shrinkwise.report.decision_words import corrected_sentence, decided, left_out
from shrinkwise.report.figures import coefficient_paths, cv_curve, penalty_families, penalty_map
from shrinkwise.report.glossary import CRITERIA, DECISION, GLOSSARY, METRICS, NETWORK_GLOSSARY, PENALTIES
from shrinkwise.report.markup import Html, el, join, name
from shrinkwise.report.network_sections import inputs, layers
from shrinkwise.report.network_words import comparison_sentence, training_facts
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.slider import slider
from shrinkwise.report.tables import OUTPUTS, bar, feature_cell, most_rows, table_of, zeros_of
from shrinkwise.report.text import aligned, count, general, glued, shorten, whole
from shrinkwise.report.words import (
    certificate_sentence,
    data_line,
    dropped_sentence,
    edge_sentence,
    factor_of,
    factor_words,
    folds_words,
    groups_sentence,
    intercept_words,
    penalty_words,
    risk_sets_sentence,
    search_sentence,
    summary_rows,
    unit_words,
)
from shrinkwise.rules import parse_rule

FACTOR = 100.0  # that of one unit more is shown up to this, or its inverse; the slider's script has the same
HEAD = 24  # letters of the name of a column at most
NOTES = 200
NOTE = 600  # characters of one
SENTENCE = 2_000  # characters of any one text from outside


def header(report: ReportInput) -> Html:
    """The title and the four answers, the first one large."""
    about = [data_line(report), shorten(report.source, 120) if report.source else ""]
    return el(
        "header",
        el("h1", name(report.title, 120)),
        answers(report),
        el("p", " · ".join(part for part in about if part), class_="muted"),
    )


def summary(report: ReportInput) -> Html:
    """The small table: min, chosen, no penalty."""
    rows = summary_rows(report)
    body = [
        el(
            "tr",
            el(
                "th",
                row.name,
                el("span", "chosen", class_="badge") if row.chosen else None,
                el("small", row.meaning),
                scope="row",
            ),
            *(el("td", cell) for cell in (row.alpha, row.mix, row.features, row.error, row.train)),
            class_="chosen" if row.chosen else None,
        )
        for row in rows
    ]
    heads = ("model", report.symbol, report.mix_name, f"{report.noun}s", "CV error ± SE", "training error")
    remarks = [f"{row.name}: {shorten(row.note, 300)}" for row in rows if row.note]
    remarks += [
        comparison_sentence(report),
        search_sentence(report),
        risk_sets_sentence(report),
        edge_sentence(report),
        groups_sentence(report),
    ]
    return el("section", table_of("summary", heads, body), *(el("p", remark) for remark in remarks if remark))


def overfitting(report: ReportInput) -> Html:
    """Training and held-out error over λ, and the slider, which stays in sight from here on."""
    section = el("section", el("h2", f"Do I overfit, and which {report.symbol}?"), cv_curve(report))
    return join([slider(report), section])


def paths(report: ReportInput) -> Html:
    """Coefficient paths."""
    return el("section", el("h2", f"Which {report.noun}s, in which order?"), coefficient_paths(report))


def coefficients(report: ReportInput) -> Html:
    """The chosen model's coefficients, largest effect first; zeros are counted."""
    if report.result.network is not None:
        return inputs(report, most_rows(report))
    shown = report.leading(OUTPUTS)
    limit = most_rows(report)
    kept = report.kept[:limit]
    words = (
        f"What {unit_words(report)} changes by for one standard deviation of a feature, and for one of its own units. "
    )
    factor, intercept = factor_words(report), None
    factor = f"Here {factor}. The column is for one unit more. " if factor else ""
    if report.result.outputs is None:
        intercept = f"The intercept is {general(report.intercepts[0], 6)}." if intercept_words(report) else None
        tables = [_if_any(kept, _of_one(report, kept))]
    else:
        tables = _of_several(report, kept, shown)
    parts: list[Html | None] = [
        el("h2", f"The coefficients of the chosen model ({report.rule})"),
        el("p", words, factor, intercept and el("span", intercept, class_="of-chosen"), class_="muted"),
        *tables,
    ]
    if len(report.kept) > limit:
        words = f"Shown are the {limit} largest of {whole(len(report.kept))} nonzero ones; the model file holds all."
        parts.append(el("p", words, class_="of-chosen"))
    if len(report.outputs) > len(shown):
        many = count(len(report.outputs), report.output_word)
        parts.append(el("p", f"Shown are the {len(shown)} of {many} with the largest ones; the model file holds all."))
    zeros = np.flatnonzero(~np.any(report.coef, axis=0))
    return el("section", *parts, zeros_of(report, [int(column) for column in zeros]), id="coefficients")


def _if_any(kept: Sequence[int], table: Html) -> Html:
    """The table, without rows only for the slider to fill."""
    return table if kept else el("div", table, class_="of-others")


def _relativity(coef: float) -> float:
    """exp(coef); not a number where one unit is so much that nobody would read it."""
    return factor_of(coef) if abs(coef) <= math.log(FACTOR) else math.nan


def _of_one(report: ReportInput, kept: Sequence[int]) -> Html:
    """A row for each feature: a bar, its numbers and its standard deviation."""
    (coef,), (effect,), scale = report.coef, report.effect, report.result.scale
    told = [coef, list(map(_relativity, coef)), scale] if factor_words(report) else [coef, scale]
    longest, per_sd = float(np.abs(effect).max(initial=0)) or 1.0, aligned(effect)
    body = [
        el(
            "tr",
            feature_cell(report, column),
            el("td", bar(float(effect[column]) / longest), class_="bars"),
            el("td", per_sd(float(effect[column]))),
            *(el("td", general(float(value[column]))) for value in told),
        )
        for column in kept
    ]
    factor = ["factor"] if factor_words(report) else []
    return table_of("coefficients", ("feature", "", "per SD", "per unit", *factor, "SD"), body)


def _of_several(report: ReportInput, kept: Sequence[int], shown: Sequence[int]) -> list[Html]:
    """A row for each feature and a column for each predictor: per SD with bars, and folded away per unit."""
    effect, heads = report.effect[shown], [name(report.outputs[k], HEAD) for k in shown]
    longest, per_sd = float(np.abs(effect).max(initial=0)) or 1.0, aligned(effect.ravel())

    def with_bar(value: float) -> Html:
        words, drawn = (per_sd(value), bar(value / longest)) if value else ("0", None)
        return el("td", words, drawn, class_="share" if value else "share zero")

    first = [el("tr", feature_cell(report, column), *map(with_bar, effect[:, column].tolist())) for column in kept]
    numbers = [report.coef[shown, column].tolist() for column in kept]
    spread = [general(float(report.result.scale[column])) for column in kept]
    second = [
        el("tr", feature_cell(report, column), *(el("td", general(value)) for value in row), el("td", sd))
        for column, row, sd in zip(kept, numbers, spread, strict=True)
    ]
    intercepts = [el("td", general(report.intercepts[k])) for k in shown]
    second.append(el("tr", el("th", "(intercept)", scope="row"), *intercepts, el("td", "")))
    return [
        _if_any(kept, table_of("coefficients several effects", ("per SD", *heads), first)),
        el(
            "details",
            el("summary", "The same per unit of each feature, and the intercepts"),
            table_of("coefficients several", ("per unit", *heads, "SD"), second),
        ),
    ]


def penalty(report: ReportInput) -> Html | None:
    """The kinds of penalty side by side where there are several, and λ × l1_ratio where several were tried."""
    choice, remark = decided(report, "penalty_choice"), corrected_sentence(report)
    parts = [
        penalty_families(report) if report.result.network is None or choice is not None else None,
        el("p", glued(shorten(remark, SENTENCE))) if remark else None,
        penalty_map(report) if len(report.result.l1_ratios) > 1 else None,
    ]
    if not any(parts):
        return None
    words = "Which penalty: L1, L2 or a mix?" if report.result.network is None else "How much L2 beside L1?"
    return el("section", el("h2", words), *parts)


def notes(report: ReportInput) -> Html | None:
    """What was seen in the data and done about it, and which parts of the decision these data did not allow."""
    sentences = [shorten(note, NOTE) for note in report.notes[:NOTES]]
    if len(report.notes) > NOTES:
        sentences.append(f"And {whole(len(report.notes) - NOTES)} more notes, in the model file.")
    dropped = dropped_sentence(report)
    if dropped and not any("constant" in note for note in report.notes):
        sentences.append(dropped)
    missing = [shorten(note, NOTE) for note in left_out(report)]
    if not sentences and not missing:
        return None
    head = "The data, and what was left out" if missing else "The data"
    return el("section", el("h2", head), el("ul", *(el("li", sentence) for sentence in sentences + missing)))


def certificate(report: ReportInput) -> Html:
    """How exact the fits are, and how to repeat them."""
    certified, sentence = certificate_sentence(report)
    versions = ", ".join(
        f"{shorten(key, 40)} {shorten(value, 40)}" for key, value in list(report.versions.items())[:40]
    )
    result = report.result
    mixes = count(len(np.unique(result.l1_ratios)), "l1_ratio")
    if result.network is not None:
        mixes = f"{count(len(result.network.l2), 'value')} of l2"
    mixes += "" if result.relax is None else f" × {count(len(np.unique(result.relax)), 'share')} of the penalized fit"
    mixes += (
        "" if result.cost_powers is None else f" × {count(len(np.unique(result.cost_powers)), 'power')} of the costs"
    )
    facts = {
        "data": shorten(report.source, 300) if report.source else "",
        "target": shorten(report.target, 120) if report.target else "",
        "grid": f"{mixes} × {count(result.alphas.shape[1], 'strength' if result.network is None else 'value')}"
        f"{'' if result.network is None else ' of l1'} × "
        f"{folds_words(result)}, and once more on all rows",
        "seed": "" if report.seed is None else str(report.seed),
        "tolerance": "" if math.isnan(result.tol) else f"{general(result.tol)} of the loss without features",
        **training_facts(result),
        "made": shorten(report.created, 60) if report.created else "",
        "versions": versions,
    }
    return el(
        "section",
        el("h2", "How exact is this, and how to repeat it"),
        el("p", sentence, class_="good" if certified else "warning"),
        el("pre", el("code", shorten(report.command, SENTENCE))) if report.command else None,
        el("dl", *(join([el("dt", key), el("dd", value)]) for key, value in facts.items() if value), class_="facts"),
    )


def glossary(report: ReportInput) -> Html:
    """The words of this page, for a learner."""
    special = " ".join(penalty_words(report.result))
    shown = [
        *(GLOSSARY if report.result.network is None else NETWORK_GLOSSARY),
        *([CRITERIA] if parse_rule(report.rule).is_criterion else []),
        *((term, words) for record, term, words in DECISION if decided(report, record) is not None),
        *((term, words) for term, words in PENALTIES if term in special),
        *[(term, words) for term, words in METRICS if term in report.result.metric][:1],
    ]
    entries = [join([el("dt", term), el("dd", " ".join(words.split()))]) for term, words in shown]
    return el("section", el("h2", "The words on this page"), el("dl", *entries), class_="glossary")


SECTIONS: tuple[Callable[[ReportInput], Html | None], ...] = (
    header,
    summary,
    overfitting,
    penalty,
    strength,
    paths,
    coefficients,
    frequency,
    removal,
    uncertainty,
    budget,
    quality,
    notes,
    layers,
    certificate,
    glossary,
)
