"""Error against cost: how good a model can be for so much."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from shrinkwise.report.figures.chart import Size, curve, figure, spread, text
from shrinkwise.report.figures.plane import FULL, Plane, dots, plane_axes, whiskers
from shrinkwise.report.markup import Html, el, join
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.tables import table_of
from shrinkwise.report.text import count, general, whole
from shrinkwise.report.words import plus_minus, score_words

POINTS = 60  # of the frontier at most


def budget_frontier(report: ReportInput, budget: Any) -> Html | None:
    """The figure; None where the frontier is empty.

    Parameters
    ----------
    report : ReportInput
    budget : BudgetFrontier
    """
    order = np.argsort(np.asarray(budget.cost), kind="stable")
    if not len(order):
        return None
    chosen = int(np.flatnonzero(order == int(budget.chosen))[0])
    step = max(1, -(-len(order) // POINTS))
    order = order[[rank for rank in range(len(order)) if rank % step == 0 or rank == chosen]]
    chosen = int(np.flatnonzero(order == int(budget.chosen))[0])
    cost, mean, se = (np.asarray(part, dtype=np.float64)[order] for part in (budget.cost, budget.mean, budget.se))
    sizes = np.asarray(budget.n_features)[order]
    low, high = float(np.min(mean - se)), float(np.max(mean + se))

    def draw(size: Size) -> Html:
        plane = Plane(
            spread(0.0, float(cost.max()) or 1.0, size.left, size.x_end),
            spread(low, high, size.y_end, size.top),
            "cost of the features",
            report.result.metric,
        )
        points = [(plane.x(c), plane.y(m)) for c, m in zip(cost, mean, strict=True)]
        steps = [corner for (x0, y0), (x1, y1) in pairwise(points) for corner in ((x0, y0), (x1, y0), (x1, y1))]
        spans = [(x, plane.y(m - s), plane.y(m + s)) for (x, _), m, s in zip(points, mean, se, strict=True) if s > 0]
        x, y = points[chosen]
        left = x > (size.left + size.x_end) / 2
        label = count(int(sizes[chosen]), report.noun)
        label = f"chosen: {label}, cost {general(float(cost[chosen]), 3)}" if size.kind == "wide" else label
        return join(
            [
                plane_axes(size, plane),
                curve(steps, "other"),
                whiskers(spans),
                dots(points),
                el("circle", cx=x, cy=y, r=5.5, class_="chosen-dot"),
                text(
                    x + (-7 if left else 7),
                    plane.y(mean[chosen] + se[chosen]) - 6,
                    label,
                    "end" if left else "start",
                    "strong",
                ),
            ]
        )

    title = "Held-out error against the cost of the features of a model"
    return figure(
        "budget",
        title,
        _sentence(report, cost, mean, se, chosen),
        draw,
        FULL,
        table=_table(report, cost, mean, se, sizes),
    )


def _sentence(report: ReportInput, cost: np.ndarray, mean: np.ndarray, se: np.ndarray, chosen: int) -> str:
    """What money buys."""
    score, best = score_words(report), int(np.argmin(mean))
    whole_cost, own = float(cost[best]), float(cost[chosen])
    at_best = plus_minus(score, float(mean[best]), float(se[best]))
    if chosen == best:
        return f"The lowest held-out error, {at_best}, costs {general(own, 3)}; nothing cheaper comes near enough."
    saved = f"{100 * (1 - own / whole_cost):.0f} % less" if whole_cost > 0 else "no more"
    return (
        f"The chosen features cost {general(own, 3)}, {saved} than those of the lowest held-out error ({at_best}), and "
        f"reach {plus_minus(score, float(mean[chosen]), float(se[chosen]))} (whiskers: one standard error)."
    )


def _table(report: ReportInput, cost: np.ndarray, mean: np.ndarray, se: np.ndarray, sizes: np.ndarray) -> Html:
    score = score_words(report)
    body = [
        el(
            "tr",
            el("th", general(float(c)), scope="row"),
            el("td", whole(int(k))),
            el("td", plus_minus(score, float(m), float(s))),
        )
        for c, k, m, s in zip(cost, sizes, mean, se, strict=True)
    ]
    return table_of("plain", ("cost", f"{report.noun}s", "held-out error ± SE"), body)
