"""How far coefficients and predictions differ from fold to fold, over λ: the stability that a penalty buys."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.diagnosis.percent import percent
from shrinkwise.report.figures.chart import Size, apart, axes, curve, figure, spread, strength_axis, text
from shrinkwise.report.figures.cv_curve import mark_lines
from shrinkwise.report.figures.plane import FULL, framed
from shrinkwise.report.markup import Html, el, join
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.tables import table_of
from shrinkwise.report.text import general, listed

Array = NDArray[np.float64]

KINDS = (  # the field, what spreads, the colour
    ("prediction_spread", "predictions", "cv"),
    ("coef_spread", "coefficients", "train"),
    ("seed_spread", "seeds", "muted"),
)
CUT = 4.0  # the frame ends at this many times the widest spread at the marked strengths


def stability_curve(report: ReportInput, stability: Any) -> Html | None:
    """The figure, each spread in percent of what spreads; None where nothing does.

    Parameters
    ----------
    report : ReportInput
    stability : FitStability
    """
    ratio = report.chosen.ratio
    lines = {
        (words, class_): 100 * np.asarray(part, dtype=np.float64)[ratio]
        for field, words, class_ in KINDS
        if (part := getattr(stability, field, None)) is not None
    }
    known = [float(np.max(line[np.isfinite(line)], initial=0.0)) for line in lines.values()]
    if not max(known, default=0.0) > 0:
        return None
    marked = [line[report.chosen.index] for line in lines.values()]
    useful = CUT * max([value for value in marked if math.isfinite(value)], default=0.0)
    top = min(max(known), useful) if useful > 0 else max(known)

    def draw(size: Size) -> Html:
        strengths = report.strengths(ratio)
        strength = strength_axis(strengths.tolist(), size, report.symbol)
        y = spread(0.0, top, size.y_end, size.top)
        drawn, ends = [], []
        for (_, class_), line in lines.items():
            points = [(strength(a), y(v)) for a, v in zip(strengths, line, strict=True) if math.isfinite(v)]
            drawn.append(curve(points, class_ if class_ != "muted" else "mark"))
            ends.append(min(max(points[-1][1], size.top), size.y_end) if points else size.y_end)
        places = apart(ends, 1.3 * size.font, size.top + 6, size.y_end - 4)
        names = [
            text(size.x_end + 8, place + 4, words, class_=f"{class_} label")
            for place, (words, class_) in zip(places, lines, strict=True)
        ]
        title = "% of their size"
        return join(
            [
                axes(size, strength, y, title),
                *mark_lines(report, size, strength),
                framed(size, "stability", drawn),
                *names,
            ]
        )

    title = f"Spread over the folds of {listed([words for words, _ in lines])}, at {report.at_mix(ratio)}"
    sizes = tuple(replace(size, right=112.0 if size.kind == "wide" else 88.0) for size in FULL)
    caption = _sentence(report, {words: line for (words, _), line in lines.items()})
    caption += " The frame cuts off what lies far above." if max(known) > top else ""
    return figure("stability", title, caption, draw, sizes, table=_table(report, lines, ratio))


def _sentence(report: ReportInput, lines: dict[str, Array]) -> str:
    """What this penalty buys."""
    here, words = report.chosen.index, []
    for name, line in lines.items():
        weakest = line[np.isfinite(line)]
        if math.isfinite(line[here]):
            whose = "its coefficients from seed to seed" if name == "seeds" else f"its {name}"
            own, most = percent(line[here] / 100), percent(weakest[-1] / 100)
            words.append(f"{whose} by {own} (at the weakest {report.symbol} by {most})")
    if not words:
        return "Nothing can be said of the chosen model: its fits are not finite in every fold."
    return f"How far the chosen model moves from fold to fold, as a share of its size: {listed(words)}."


def _table(report: ReportInput, lines: dict[tuple[str, str], Array], ratio: int) -> Html:
    body = [
        el(
            "tr",
            el("th", general(float(alpha)), scope="row"),
            *(el("td", percent(line[i] / 100)) for line in lines.values()),
        )
        for i, alpha in enumerate(report.strengths(ratio))
    ]
    return table_of("plain", (report.symbol, *(f"spread of {words}" for words, _ in lines)), body)
