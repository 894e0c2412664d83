"""The page's sections, in order: each is a function of a ReportInput, and leaves itself out by returning None."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from shrinkwise.report.figures import coefficient_paths, cv_curve, penalty_map
from shrinkwise.report.glossary import GLOSSARY, METRICS, PENALTIES
from shrinkwise.report.markup import Html, el, join, name
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.text import aligned, count, general, glued, shorten, whole
from shrinkwise.report.words import (
    certificate_sentence,
    data_line,
    dropped_sentence,
    edge_sentence,
    factor_words,
    folds_words,
    groups_sentence,
    intercept_words,
    penalty_words,
    plus_minus,
    risk_sets_sentence,
    score_words,
    search_sentence,
    summary_rows,
    unit_words,
)

COEFFICIENTS = 200  # of the coefficient table at most, a row each or, of several predictors, a cell
OUTPUTS, HEAD = 12, 24  # columns of it, and letters of their names, at most
MOST = 25  # rows of it that are shown whatever the columns
ZEROS = 300  # names of features at zero at most
NOTES = 200
NOTE = 600  # characters of one
SENTENCE = 2_000  # characters of any one text from outside


def header(report: ReportInput) -> Html:
    """The title and the verdict, large and first."""
    head, _, rest = glued(shorten(report.verdict.sentence, SENTENCE)).partition(": ")
    about = [data_line(report), shorten(report.source, 120) if report.source else ""]
    return el(
        "header",
        el("h1", name(report.title, 120)),
        el("p", el("strong", head + (":" if rest else "")), " " if rest else None, rest or None, class_="verdict"),
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
    heads = ("model", "λ", report.mix_name, "features", "CV error ± SE", "training error")
    remarks = [f"{row.name}: {shorten(row.note, 300)}" for row in rows if row.note]
    remarks += [search_sentence(report), risk_sets_sentence(report), edge_sentence(report), groups_sentence(report)]
    return el("section", _table("summary", heads, body), *(el("p", remark) for remark in remarks if remark))


def overfitting(report: ReportInput) -> Html:
    """Training and held-out error over λ, and the numbers behind the figure."""
    result, ratio, score = report.result, report.chosen.ratio, score_words(report)
    mean, se, train, size = result.mean[ratio], result.se[ratio], result.train_mean[ratio], result.support_size[ratio]
    body = [
        el(
            "tr",
            el("th", general(alpha), scope="row"),
            *(el("td", cell) for cell in (str(size[i]), plus_minus(score, mean[i], se[i]), score(train[i]))),
        )
        for i, alpha in enumerate(result.alphas[ratio])
    ]
    table = _table("plain", ("λ", "features", "held-out error ± SE", "training error"), body)
    return el(
        "section",
        el("h2", "Do I overfit, and which λ?"),
        cv_curve(report),
        el("details", el("summary", "The numbers of this figure"), table),
    )


def paths(report: ReportInput) -> Html:
    """Coefficient paths."""
    return el("section", el("h2", "Which features, in which order?"), coefficient_paths(report))


def coefficients(report: ReportInput) -> Html:
    """The chosen model's coefficients, largest effect first; zeros are counted."""
    shown = report.leading(OUTPUTS)
    limit = COEFFICIENTS if report.result.outputs is None else max(MOST, COEFFICIENTS // len(shown))
    kept = report.kept[:limit]
    words = (
        f"What {unit_words(report)} changes by for one standard deviation of a feature, and for one of its own units. "
    )
    factor = f"Here {factor_words(report)}. " if factor_words(report) else ""
    if report.result.outputs is None:
        factor += f"The intercept is {general(report.intercepts[0], 6)}." if intercept_words(report) else ""
        tables = [_of_one(report, kept)] if kept else []
    else:
        tables = _of_several(report, kept, shown)
    parts: list[Html | None] = [
        el("h2", f"The coefficients of the chosen model ({report.rule})"),
        el("p", words, factor, class_="muted"),
        *tables,
    ]
    if len(report.kept) > limit:
        words = f"Shown are the {limit} largest of {whole(len(report.kept))} nonzero ones; the model file holds all."
        parts.append(el("p", words))
    if len(report.outputs) > len(shown):
        many = count(len(report.outputs), report.output_word)
        parts.append(el("p", f"Shown are the {len(shown)} of {many} with the largest ones; the model file holds all."))
    zeros = np.flatnonzero(~np.any(report.coef, axis=0))
    return el("section", *parts, _zeros(report, [int(column) for column in zeros]))


def _of_one(report: ReportInput, kept: Sequence[int]) -> Html:
    """A row for each feature: a bar, its numbers and its standard deviation."""
    (coef,), (effect,), scale = report.coef, report.effect, report.result.scale
    longest, per_sd = float(np.abs(effect).max(initial=0)) or 1.0, aligned(effect)
    body = [
        el(
            "tr",
            _feature(report, column),
            el("td", _bar(float(effect[column]) / longest), class_="bars"),
            el("td", per_sd(float(effect[column]))),
            *(el("td", general(float(value[column]))) for value in (coef, scale)),
        )
        for column in kept
    ]
    return _table("coefficients", ("feature", "", "per SD", "per unit", "SD"), body)


def _of_several(report: ReportInput, kept: Sequence[int], shown: Sequence[int]) -> list[Html]:
    """A row for each feature and a column for each predictor: per SD with bars, and folded away per unit."""
    effect, heads = report.effect[shown], [name(report.outputs[k], HEAD) for k in shown]
    longest, per_sd = float(np.abs(effect).max(initial=0)) or 1.0, aligned(effect.ravel())

    def with_bar(value: float) -> Html:
        words, bar = (per_sd(value), _bar(value / longest)) if value else ("0", None)
        return el("td", words, bar, class_="share" if value else "share zero")

    first = [el("tr", _feature(report, column), *map(with_bar, effect[:, column].tolist())) for column in kept]
    numbers = [report.coef[shown, column].tolist() for column in kept]
    spread = [general(float(report.result.scale[column])) for column in kept]
    second = [
        el("tr", _feature(report, column), *(el("td", general(value)) for value in row), el("td", sd))
        for column, row, sd in zip(kept, numbers, spread, strict=True)
    ]
    intercepts = [el("td", general(report.intercepts[k])) for k in shown]
    second.append(el("tr", el("th", "(intercept)", scope="row"), *intercepts, el("td", "")))
    return [
        *([_table("coefficients several effects", ("per SD", *heads), first)] if kept else []),
        el(
            "details",
            el("summary", "The same per unit of each feature, and the intercepts"),
            _table("coefficients several", ("per unit", *heads, "SD"), second),
        ),
    ]


def _feature(report: ReportInput, column: int) -> Html:
    return el("th", name(report.result.feature_names[column]), scope="row")


def penalty(report: ReportInput) -> Html | None:
    """λ × l1_ratio, where several were tried."""
    if len(report.result.l1_ratios) < 2:
        return None
    return el("section", el("h2", "Which penalty: L1, L2 or a mix?"), penalty_map(report))


def notes(report: ReportInput) -> Html | None:
    """What was seen in the data and done about it."""
    sentences = [shorten(note, NOTE) for note in report.notes[:NOTES]]
    if len(report.notes) > NOTES:
        sentences.append(f"And {whole(len(report.notes) - NOTES)} more notes, in the model file.")
    dropped = dropped_sentence(report)
    if dropped and not any("constant" in note for note in report.notes):
        sentences.append(dropped)
    if not sentences:
        return None
    return el("section", el("h2", "The data"), el("ul", *(el("li", sentence) for sentence in sentences)))


def certificate(report: ReportInput) -> Html:
    """How exact the fits are, and how to repeat them."""
    certified, sentence = certificate_sentence(report)
    versions = ", ".join(
        f"{shorten(key, 40)} {shorten(value, 40)}" for key, value in list(report.versions.items())[:40]
    )
    result = report.result
    mixes = count(len(np.unique(result.l1_ratios)), "l1_ratio")
    mixes += "" if result.relax is None else f" × {count(len(np.unique(result.relax)), 'share')} of the penalized fit"
    facts = {
        "data": shorten(report.source, 300) if report.source else "",
        "target": shorten(report.target, 120) if report.target else "",
        "grid": f"{mixes} × {count(result.alphas.shape[1], 'strength')} × "
        f"{folds_words(result)}, and once more on all rows",
        "seed": "" if report.seed is None else str(report.seed),
        "tolerance": f"{general(result.tol)} of the loss without features",
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
        *GLOSSARY,
        *((term, words) for term, words in PENALTIES if term in special),
        *[(term, words) for term, words in METRICS if term in report.result.metric][:1],
    ]
    entries = [join([el("dt", term), el("dd", " ".join(words.split()))]) for term, words in shown]
    return el("section", el("h2", "The words on this page"), el("dl", *entries), class_="glossary")


SECTIONS: tuple[Callable[[ReportInput], Html | None], ...] = (
    header,
    summary,
    overfitting,
    paths,
    coefficients,
    penalty,
    notes,
    certificate,
    glossary,
)


def _table(class_: str, heads: Sequence[str], body: Sequence[Html]) -> Html:
    """A table in a box of its own, which scrolls where the screen is narrow."""
    row = el("tr", *(el("th", head, scope="col") for head in heads))
    return el("div", el("table", el("thead", row), el("tbody", *body), class_=class_), class_="scroll", tabindex=0)


def _bar(share: float) -> Html:
    """A bar to the right of the middle for positive, to the left for negative."""
    width = max(1.0, abs(share) * 50)
    left = 50 if share > 0 else 50 - width
    style = f"left:{left:.1f}%;width:{width:.1f}%"
    return el("span", class_="bar plus" if share > 0 else "bar minus", style=style)


def _zeros(report: ReportInput, columns: list[int]) -> Html | None:
    """How many features are at exactly zero, and which."""
    if not columns:
        return None
    names: list[Html | str] = []
    for column in columns[:ZEROS]:
        names += [name(report.result.feature_names[column], 32), ", "]
    names = names[:-1]
    if len(columns) > ZEROS:
        names.append(f" and {whole(len(columns) - ZEROS)} more, in the model file")
    words = f"{count(len(columns), 'feature')} at exactly zero"
    return el("details", el("summary", words), el("p", *names, "."))
