"""How often each feature is chosen from half of the rows, and in repeated cross-validation."""

from __future__ import annotations

from typing import Any

import numpy as np

from shrinkwise.report.decision_words import feature_name
from shrinkwise.report.figures.chart import figure
from shrinkwise.report.figures.row_plot import ROWS, TABLE, Row, RowPlot, named_head
from shrinkwise.report.markup import Html, el
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.tables import table_of
from shrinkwise.report.text import count, shorten, whole

SENTENCE = 700  # characters of the record's own words
SELDOM = 0.05  # features chosen less often, and not by the chosen model, are left out


def selection_frequency(report: ReportInput, stable: Any, again: Any = None) -> Html:
    """The figure: a bar for the half-samples, a ring for the repeats.

    Parameters
    ----------
    report : ReportInput
    stable : StabilitySelection or None
    again : Reproducibility or None
        At least one of the two.
    """
    halves, repeats = (None if part is None else np.asarray(part.frequency) for part in (stable, again))
    first = halves if halves is not None else repeats
    assert first is not None
    kept = set(report.kept)
    inside = [
        column for column in np.argsort(-first, kind="stable").tolist() if first[column] > SELDOM or column in kept
    ]
    rows = [
        Row(
            feature_name(report, column, 60),
            float(first[column]),
            words=_share(first[column]),
            class_="cv" if column in kept else "rest",
            second=float(repeats[column]) if halves is not None and repeats is not None else float("nan"),
        )
        for column in inside[:ROWS]
    ]
    mark = None if stable is None else (float(stable.threshold), f"threshold {_share(stable.threshold)}")
    plot = RowPlot(rows, "chosen in", bars=True, most=1.0, percent=True, mark=mark)
    what = "Share of half-samples" if halves is not None else "Share of repeated cross-validations"
    caption = _sentence(report, stable, again, first) + _rest(report, len(rows), len(inside))
    table = _table(report, inside[:TABLE], halves, repeats)
    return figure(
        "frequency",
        f"{what} in which each {report.noun} is chosen",
        caption,
        plot.draw,
        plot.sizes((60, 46)),
        table=table,
    )


def _sentence(report: ReportInput, stable: Any, again: Any, first: np.ndarray) -> str:
    """What these frequencies say: the record's own words, where there are any."""
    noun, kept = report.noun, report.kept
    if stable is None:
        always = int(np.count_nonzero(first[kept] >= 1)) if kept else 0
        own = f"Of the {count(len(kept), noun)} of the chosen model (blue)"
        return f"{own} {whole(always)} are chosen in every repeat."
    rings = "; rings are for new deals of the folds" if again is not None else ""
    return f"{shorten(stable.sentence, SENTENCE)} Blue are those of the chosen model{rings}."


def _rest(report: ReportInput, shown: int, total: int) -> str:
    """How many are not drawn."""
    seldom = len(report.result.feature_names) - total
    words = f" Drawn are the first {shown} of {whole(total)}." if shown < total else ""
    return words + (f" {count(seldom, report.noun)} chosen in less than {_share(SELDOM)} left out." if seldom else "")


def _table(report: ReportInput, columns: list[int], halves: np.ndarray | None, repeats: np.ndarray | None) -> Html:
    kept, parts = set(report.kept), [part for part in (halves, repeats) if part is not None]
    heads = [words for words, part in (("half-samples", halves), ("repeats", repeats)) if part is not None]
    body = [
        el(
            "tr",
            named_head(report.result.feature_names[column]),
            *(el("td", _share(part[column])) for part in parts),
            el("td", "yes" if column in kept else "no"),
        )
        for column in columns
    ]
    return table_of("plain", (report.noun, *heads, "in the chosen model"), body)


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"
