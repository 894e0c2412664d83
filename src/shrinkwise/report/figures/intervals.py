"""Confidence intervals of coefficients, debiased: a forest plot."""

from __future__ import annotations

from typing import Any

import numpy as np

from shrinkwise.report.decision_words import feature_name
from shrinkwise.report.figures.chart import figure
from shrinkwise.report.figures.row_plot import ROWS, TABLE, Row, RowPlot, named_head
from shrinkwise.report.markup import Html, el
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.tables import table_of
from shrinkwise.report.text import count, general, whole

ROOM = 1.25  # the frame ends at this many times the largest estimate, and holds all intervals without zero


def debiased_intervals(report: ReportInput, intervals: Any) -> Html | None:
    """The figure, per standard deviation of a feature; None where there is no interval.

    Parameters
    ----------
    report : ReportInput
    intervals : DebiasedIntervals
        In the units of the data.
    """
    columns = np.asarray(intervals.features, dtype=np.intp)
    scale = np.asarray(report.result.scale, dtype=np.float64)[columns]
    estimate, low, high = (np.asarray(part) * scale for part in (intervals.estimate, intervals.lower, intervals.upper))
    wide = [getattr(intervals, f"selected_{side}", None) for side in ("lower", "upper")]
    outer = (low, high) if wide[0] is None else tuple(np.asarray(part) * scale for part in wide)
    order = np.argsort(-np.abs(estimate), kind="stable").tolist()
    if not order:
        return None
    clear = [rank for rank in order if outer[0][rank] > 0 or outer[1][rank] < 0]
    rows = [
        Row(
            feature_name(report, int(columns[rank]), 60),
            float(estimate[rank]),
            words=general(float(estimate[rank]), 3),
            class_="cv" if rank in clear else "rest",
            ends=(float(outer[0][rank]), float(outer[1][rank])),
            inner=(float(low[rank]), float(high[rank])),
        )
        for rank in order[:ROWS]
    ]
    reach = [max(abs(outer[0][rank]), abs(outer[1][rank])) for rank in clear] + [ROOM * abs(estimate[order[0]])]
    plot = RowPlot(rows, "per standard deviation", limit=float(max(reach)) if np.all(np.isfinite(reach)) else None)
    level = f"{100 * float(intervals.level):.0f} %"
    which = f"the {level} interval" if wide[0] is None else "the wide interval, which allows for the selection,"
    caption = (
        f"For {whole(len(clear))} of {count(len(order), report.noun)} {which} leaves out zero (blue)"
        f"{_first(report, columns, outer[0], outer[1], clear)}"
    )
    caption += "." if wide[0] is None else f"; thick: the {level} interval of a {report.noun} named beforehand."
    if len(order) > ROWS:
        caption += f" Drawn are the {ROWS} largest."
    if any(max(abs(end) for end in row.ends or (0.0,)) > max(reach) for row in rows):
        caption += " The frame cuts off the ends of the widest."
    title = f"Debiased coefficients and their {level} intervals, per standard deviation"
    shown = (estimate, low, high) if wide[0] is None else (estimate, low, high, *outer)
    table = _table(report, columns, shown, order, level)
    return figure("intervals", title, caption, plot.draw, plot.sizes((60, 54)), table=table)


def _first(report: ReportInput, columns: np.ndarray, low: np.ndarray, high: np.ndarray, clear: list[int]) -> str:
    if not clear:
        return ""
    rank = clear[0]
    ends = f"{general(float(low[rank]), 3)} to {general(float(high[rank]), 3)}"
    return f", first of them {feature_name(report, int(columns[rank]))} from {ends}"


def _table(
    report: ReportInput, columns: np.ndarray, values: tuple[np.ndarray, ...], order: list[int], level: str
) -> Html:
    body = [
        el(
            "tr",
            named_head(report.result.feature_names[int(columns[rank])]),
            *(el("td", general(float(value[rank]), 3)) for value in values),
        )
        for rank in order[:TABLE]
    ]
    heads = (report.noun, "per SD", f"{level} from", "to", "selected: from", "to")[: 1 + len(values)]
    return table_of("plain", heads, body)
