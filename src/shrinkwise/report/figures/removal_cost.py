"""What it costs to ban a feature: the rise of the held-out error, and the feature that takes its place."""

from __future__ import annotations

from typing import Any

import numpy as np

from shrinkwise.diagnosis.overfit import DISTINGUISHABLE
from shrinkwise.diagnosis.percent import percent
from shrinkwise.report.decision_words import feature_name
from shrinkwise.report.figures.chart import figure
from shrinkwise.report.figures.row_plot import ROWS, TABLE, Row, RowPlot, named_head
from shrinkwise.report.markup import Html, el
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.tables import table_of
from shrinkwise.report.text import shorten, whole


def removal_costs(report: ReportInput, removal: Any) -> Html | None:
    """The figure; None where no feature was banned.

    Parameters
    ----------
    report : ReportInput
    removal : RemovalCost
    """
    order = np.argsort(-np.asarray(removal.cost), kind="stable").tolist()
    if not order:
        return None
    dear = [rank for rank in order if removal.cost[rank] > DISTINGUISHABLE * removal.cost_se[rank]]
    rows = [
        Row(
            feature_name(report, int(removal.features[rank]), 60),
            float(removal.cost[rank]),
            float(removal.cost_se[rank]),
            percent(float(removal.cost[rank]), float(removal.cost_se[rank]), signed=True),
            class_="cv" if rank in dear else "rest",
        )
        for rank in order[:ROWS]
    ]
    plot = RowPlot(rows, "change of the held-out error without it", percent=True)
    title = f"Change of the held-out error where a {report.noun} is banned and the rest fitted again"
    caption = _sentence(report, removal, order, dear)
    if len(order) > ROWS:
        caption += f" Drawn are the {ROWS} dearest of {whole(len(order))}."
    return figure("removal", title, caption, plot.draw, plot.sizes(), table=_table(report, removal, order))


def _sentence(report: ReportInput, removal: Any, order: list[int], dear: list[int]) -> str:
    """What these costs say."""
    one = len(order) == 1
    tested = f"{whole(len(order))} {report.noun}s that were banned in turn,"
    if not dear:
        alone = "without any one of them the others predict as well (whiskers: one and two SE)"
        return f"The one {report.noun} is not surely missed." if one else f"Of the {tested} none is missed: {alone}."
    first = dear[0]
    name, cost = (
        feature_name(report, int(removal.features[first])),
        percent(float(removal.cost[first]), float(removal.cost_se[first])),
    )
    successor = int(removal.successor[first])
    place = f", although {feature_name(report, successor)} takes its place" if successor >= 0 else ""
    words = f"Without {name} the held-out error is {cost} higher{place}"
    number = "all" if len(dear) == len(order) else whole(len(dear))
    how_many = f"of the {tested} {number} {'is' if len(dear) == 1 else 'are'} missed by"
    return f"{words}; {'that is' if one else how_many} more than two standard errors (blue)."


def _table(report: ReportInput, removal: Any, order: list[int]) -> Html:
    body = [
        el(
            "tr",
            named_head(report.result.feature_names[int(removal.features[rank])]),
            el("td", percent(float(removal.cost[rank]), float(removal.cost_se[rank]), signed=True)),
            el("td", _named(report, int(removal.successor[rank]))),
        )
        for rank in order[:TABLE]
    ]
    return table_of("plain", (report.noun, "change of the error ± SE", "takes its place"), body)


def _named(report: ReportInput, column: int) -> Html | str:
    return "–" if column < 0 else el("bdi", shorten(report.result.feature_names[column], 32))
