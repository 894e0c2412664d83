"""Sections of the page that a decision adds: how sure each answer is, and how good the predictions are."""

from __future__ import annotations

import math

import numpy as np

from shrinkwise.diagnosis.percent import percent
from shrinkwise.diagnosis.quality import Quality
from shrinkwise.report.decision_words import decided, four_answers
from shrinkwise.report.figures import (
    budget_frontier,
    calibration,
    debiased_intervals,
    lift_bars,
    normal_plot,
    removal_costs,
    residual_fan,
    roc_curve,
    selection_frequency,
    stability_curve,
)
from shrinkwise.report.figures.row_plot import TABLE, named_head
from shrinkwise.report.markup import Html, el, name
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.tables import bar, table_of
from shrinkwise.report.text import count, general, glued, scores, shorten, whole
from shrinkwise.report.words import plus_minus

SENTENCE = 700  # characters of a record's own words
TARGETS = 40  # rows of their table
NEAR = 0.1  # of the way that is left
CARRIED = 0.7  # correlation from which a feature is said to be carried by another


def answers(report: ReportInput) -> Html:
    """The four answers, the first one large: question, sentence, what to do next."""
    parts = []
    for rank, answer in enumerate(four_answers(report)):
        head, colon, rest = glued(answer.sentence).partition(": ")
        parts.append(
            el(
                "div",
                el("h2", answer.question),
                el(
                    "p",
                    el("strong", head + colon.strip()),
                    " " if rest else None,
                    rest or None,
                    class_=None if rank else "verdict",
                ),
                el("p", glued(answer.next_step), class_="next"),
                class_="answer",
            )
        )
    return el("div", *parts, class_="answers")


def strength(report: ReportInput) -> Html | None:
    """How sure λ is: over new deals of the folds, and how much steadier the fit is at it."""
    stability, again = decided(report, "fit_stability"), decided(report, "reproducibility")
    parts = [
        None if again is None else el("p", glued(shorten(again.sentence, SENTENCE))),
        None if again is None else _repeats(report),
        None if stability is None else stability_curve(report, stability),
    ]
    if not any(parts):
        return None
    return el("section", el("h2", f"How sure is this {report.symbol}?"), *parts)


def _repeats(report: ReportInput) -> Html:
    """The choices of the repeats, one a row."""
    again = decided(report, "reproducibility")
    body = [
        el("tr", el("th", str(rank + 1), scope="row"), el("td", general(float(alpha))), el("td", whole(int(size))))
        for rank, (alpha, size) in enumerate(zip(again.strengths, again.sizes, strict=True))
    ][:TABLE]
    table = table_of("plain", ("deal of the folds", report.symbol, f"{report.noun}s"), body)
    return el("details", el("summary", "The choice of each deal"), table)


def frequency(report: ReportInput) -> Html | None:
    """How often each feature is chosen."""
    stable, again = decided(report, "stability_selection"), decided(report, "reproducibility")
    if stable is None and again is None:
        return None
    return el(
        "section",
        el("h2", f"Which {report.noun}s come back with other rows?"),
        selection_frequency(report, stable, again),
    )


def removal(report: ReportInput) -> Html | None:
    """Why a feature is in, and why another is out."""
    record = decided(report, "removal_cost")
    if record is None:
        return None
    parts = [part for part in (removal_costs(report, record), _rejected(report, record)) if part is not None]
    if not parts:
        return None
    heading = (
        f"Why is a {report.noun} in, and why is it out?" if report.noun == "feature" else "Why is an input in or out?"
    )
    return el("section", el("h2", heading), *parts)


def _rejected(report: ReportInput, record: object) -> Html | None:
    """How near each feature that is out came to entering, and which of those in speaks for it."""
    rejected, slack, carrier, correlation = (
        np.asarray(getattr(record, field)).tolist() for field in ("rejected", "slack", "carrier", "correlation")
    )
    order = sorted(range(len(rejected)), key=lambda rank: (not math.isfinite(slack[rank]), slack[rank], rank))
    if not order:
        return None
    names = report.result.feature_names
    body = [
        el(
            "tr",
            named_head(names[rejected[rank]]),
            el("td", f"{100 * (1 - slack[rank]):.0f} %" if math.isfinite(slack[rank]) else "–"),
            el("td", "–" if carrier[rank] < 0 else el("bdi", shorten(names[carrier[rank]], 32))),
            el("td", "–" if carrier[rank] < 0 else f"{correlation[rank]:+.2f}".replace("-", "−")),
        )
        for rank in order[:TABLE]
    ]
    near = sum(1 for rank in order if slack[rank] < NEAR)
    carried = sum(1 for rank in order if carrier[rank] >= 0 and abs(correlation[rank]) > CARRIED)
    asked = f"more than {100 * (1 - NEAR):.0f} % of what {report.symbol} asks of a coefficient to leave zero"
    words = (
        f"Of the {count(len(order), report.noun)} left out, {_many(near, 'pulls', 'pull')} with {asked}, and "
        f"{_many(carried, 'correlates', 'correlate')} by more than {CARRIED:g} with one that is in, which speaks in "
        "its place."
    )
    more = f" Shown are the {TABLE} nearest." if len(order) > TABLE else ""
    table = table_of("plain", ("left out", "pull, of what is asked", "most like, of those in", "correlation"), body)
    title = el("h3", f"The {report.noun}s that are out")
    return el(
        "div", title, el("p", words, more), el("details", el("summary", "Show as table"), table, class_="numbers")
    )


def _many(number: int, one: str, several: str) -> str:
    """``none pulls``, ``1 pulls``, ``5 pull``."""
    return f"{whole(number) if number else 'none'} {one if number < 2 else several}"


def uncertainty(report: ReportInput) -> Html | None:
    """Intervals of the coefficients."""
    record = decided(report, "intervals")
    drawn = None if record is None else debiased_intervals(report, record)
    if drawn is None:
        return None
    return el(
        "section",
        el("h2", "How sure are the coefficients?"),
        drawn,
        el("p", el("strong", "Assumptions: "), shorten(record.assumptions, SENTENCE), class_="muted"),
    )


def budget(report: ReportInput) -> Html | None:
    """Error against cost."""
    record = decided(report, "budget")
    drawn = None if record is None else budget_frontier(report, record)
    return None if drawn is None else el("section", el("h2", "What does accuracy cost?"), drawn)


def quality(report: ReportInput) -> Html | None:
    """How good the predictions are, in the words of the loss."""
    record: Quality | None = decided(report, "quality")
    if record is None:
        return None
    drawn = (
        calibration(report, record),
        roc_curve(record),
        residual_fan(record),
        normal_plot(record),
        lift_bars(record),
    )
    figures = [part for part in drawn if part is not None]
    measures = _measures(record, folded=len(figures) % 2 == 0)
    tables = [_confusion(report, record), _classes(report, record), _risk(record), _targets(report, record)]
    return el(
        "section",
        el("h2", "How good are the predictions?"),
        el("p", glued(shorten(record.sentence, SENTENCE))),
        el("div", *figures, measures if len(figures) % 2 else None, class_="pair") if figures else None,
        *(part for part in tables if part is not None),
        None if len(figures) % 2 else measures,
        id="predictions",
    )


def _measures(record: Quality, *, folded: bool) -> Html:
    """All single numbers; beside the figures where there is a place left."""
    body = [
        el("tr", el("th", measure, scope="row"), el("td", _number(measure, float(value), float(se))))
        for measure, value, se in zip(record.measures, record.values, record.errors, strict=True)
    ]
    table = table_of("plain", ("measure", "held out ± SE"), body)
    words = f"All measures, of {count(record.rows, 'held-out row')}"
    return (
        el("details", el("summary", words), table) if folded else el("div", el("h3", words), table, class_="measures")
    )


def _number(measure: str, value: float, se: float) -> str:
    """A share as percent, anything else as it is."""
    if measure.startswith(("R²", "D²", "AUC", "coverage", "right", "wrong", "concordance")):
        return percent(value, se)
    return general(value) if not np.isfinite(se) else plus_minus(scores([value], [se]), value, se)


def _confusion(report: ReportInput, record: Quality) -> Html | None:
    """Two classes at two thresholds."""
    if record.kind != "classification" or record.confusion is None:
        return None
    classes = report.result.classes or ("first class", "second class")
    first, second = (name(label, 24) for label in classes[:2])
    parts = []
    for (at, tn, fn, fp, tp), why in zip(record.confusion.tolist(), ("", ", its share"), strict=True):
        wrong = (fn + fp) / (tn + fn + fp + tp)
        rows = ((first, tn, fp), (second, fn, tp))
        body = [
            el("tr", el("th", label, scope="row"), *(_share_cell(part, sum(cells)) for part in cells))
            for label, *cells in rows
        ]
        head = el(
            "tr", el("th", "is \\ called", scope="col"), el("th", first, scope="col"), el("th", second, scope="col")
        )
        table = el(
            "div",
            el("table", el("thead", head), el("tbody", *body), class_="plain confusion"),
            class_="scroll",
            tabindex=0,
        )
        parts.append(
            el(
                "div",
                el(
                    "p",
                    "Called ",
                    second,
                    glued(f" from {100 * at:.3g} %{why}: {100 * wrong:.1f} % wrong."),
                    class_="muted",
                ),
                table,
            )
        )
    return el("div", el("h3", "Right and wrong"), el("div", *parts, class_="pair level"))


def _share_cell(weight: float, total: float) -> Html:
    """A cell of a confusion matrix, the darker the larger its share of the row."""
    share = weight / total if total > 0 else 0.0
    words = whole(round(weight)) if abs(weight - round(weight)) < 1e-9 else general(weight)
    return el("td", words, el("small", f"{100 * share:.0f} %"), style=f"--share:{share:.2f}")


def _classes(report: ReportInput, record: Quality) -> Html | None:
    """Many classes: which is taken for which."""
    if record.kind != "classes" or record.confusion is None or record.labels is None:
        return None
    classes = report.result.classes or tuple(str(number) for number in range(int(record.labels.max()) + 1))
    labels = [name(classes[label], 16) if label >= 0 else Html("all others") for label in record.labels.tolist()]
    head = el("tr", el("th", "is \\ called", scope="col"), *(el("th", label, scope="col") for label in labels))
    body = [
        el("tr", el("th", label, scope="row"), *(_share_cell(value, sum(row)) for value in row))
        for label, row in zip(labels, record.confusion.tolist(), strict=True)
    ]
    table = el("table", el("thead", head), el("tbody", *body), class_="plain confusion")
    return el("div", el("h3", "Which class is taken for which"), el("div", table, class_="scroll", tabindex=0))


def _risk(record: Quality) -> Html | None:
    """Event rates of groups of rising risk."""
    if record.risk is None:
        return None
    longest = float(record.risk[:, 4].max()) or 1.0
    body = [
        el(
            "tr",
            el("th", str(rank + 1), scope="row"),
            el("td", bar(rate / longest, from_left=True), class_="bars right"),
            el("td", f"{general(rate, 3)} ± {general(se, 2)}"),
            *(el("td", general(value, 4)) for value in (events, time)),
            el("td", whole(int(rows))),
        )
        for rank, (_, rows, events, time, rate, se) in enumerate(record.risk.tolist())
    ]
    heads = ("risk group", "", "events per time ± SE", "events", "time", "rows")
    words = "Held-out rows in groups of equal size, from the lowest predicted risk to the highest."
    return el(
        "div", el("h3", "Event rates by predicted risk"), el("p", words, class_="muted"), table_of("plain", heads, body)
    )


def _targets(report: ReportInput, record: Quality) -> Html | None:
    """Each of several targets."""
    if record.targets is None:
        return None
    body = [
        el(
            "tr",
            el("th", name(target), scope="row"),
            el("td", percent(share, se)),
            el("td", general(off)),
        )
        for target, (share, se, off) in zip(report.outputs, record.targets.tolist(), strict=True)
    ][:TARGETS]
    return table_of("plain", ("target", "R² ± SE", "root mean squared error"), body)
