"""How far coefficients and predictions differ from fold to fold, over λ: the stability that a penalty buys."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.report.figures.chart import Size, apart, axes, curve, figure, spread, strength_axis, text
from shrinkwise.report.figures.cv_curve import mark_lines
from shrinkwise.report.figures.plane import FULL
from shrinkwise.report.markup import Html, el, join
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.tables import table_of
from shrinkwise.report.text import general

Array = NDArray[np.float64]


def stability_curve(report: ReportInput, stability: Any) -> Html | None:
    """The figure: both spreads as shares of their largest on this line of the grid; None where nothing spreads.

    Parameters
    ----------
    report : ReportInput
    stability : FitStability
    """
    ratio = report.chosen.ratio
    raw = [np.asarray(part, dtype=np.float64)[ratio] for part in (stability.prediction_spread, stability.coef_spread)]
    largest = [float(np.max(part[np.isfinite(part)], initial=0.0)) for part in raw]
    if not max(largest) > 0:
        return None
    shares = [part / (most or 1.0) for part, most in zip(raw, largest, strict=True)]
    kinds = ("predictions", "cv"), ("coefficients", "train")

    def draw(size: Size) -> Html:
        strengths = report.strengths(ratio)
        strength = strength_axis(strengths.tolist(), size, report.symbol)
        y = spread(0.0, 100.0, size.y_end, size.top)
        lines, ends = [], []
        for share, (_, class_) in zip(shares, kinds, strict=True):
            points = [(strength(a), y(100 * v)) for a, v in zip(strengths, share, strict=True) if np.isfinite(v)]
            lines.append(curve(points, class_))
            ends.append(points[-1][1] if points else size.y_end)
        places = apart(ends, 1.3 * size.font, size.top + 6, size.y_end - 4)
        names = [
            text(size.x_end + 8, place + 4, word, class_=f"{class_} label")
            for place, (word, class_) in zip(places, kinds, strict=True)
        ]
        return join([axes(size, strength, y, "% of its largest"), *mark_lines(report, size, strength), *lines, *names])

    title = f"Spread of predictions and coefficients over the folds, at {report.at_mix(ratio)}"
    sizes = tuple(type(size)(**{**vars(size), "right": 112.0 if size.kind == "wide" else 88.0}) for size in FULL)
    caption = _sentence(report, shares)
    return figure("stability", title, caption, draw, sizes, table=_table(report, raw, ratio))


def _sentence(report: ReportInput, shares: list[Array]) -> str:
    """What this penalty buys."""
    here = [float(share[report.chosen.index]) for share in shares]
    weakest = [float(share[-1]) for share in shares]
    words = [
        f"{100 * now / end:.0f} % as far" if end > 0 and np.isfinite(now / end) else "as far"
        for now, end in zip(here, weakest, strict=True)
    ]
    return (
        f"From fold to fold, predictions of the chosen model differ {words[0]}, and its coefficients {words[1]}, as "
        f"those at the weakest {report.symbol}: that is the stability the penalty buys."
    )


def _table(report: ReportInput, raw: list[Array], ratio: int) -> Html:
    body = [
        el("tr", el("th", general(float(alpha)), scope="row"), *(el("td", general(float(part[i]), 3)) for part in raw))
        for i, alpha in enumerate(report.strengths(ratio))
    ]
    return table_of("plain", (report.symbol, "spread of predictions", "spread of coefficients"), body)
