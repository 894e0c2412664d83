"""Where the outcomes are: the mean of each tenth of the rows, ordered by prediction, above that of all."""

from __future__ import annotations

import numpy as np

from shrinkwise.diagnosis.quality import Quality
from shrinkwise.report.figures.chart import Scale, Size, figure, line, linear_ticks, spread, text, tick_text
from shrinkwise.report.figures.plane import HALF
from shrinkwise.report.markup import Html, el, join
from shrinkwise.report.tables import table_of
from shrinkwise.report.text import general


def lift_bars(quality: Quality) -> Html | None:
    """The figure; None where the loss has none, or all rows are predicted alike."""
    lift = quality.lift
    if lift is None or len(lift) < 2 or not np.all(np.isfinite(lift)):
        return None
    what = "share" if quality.kind == "classification" else "mean"

    def draw(size: Size) -> Html:
        x = Scale(0.0, float(len(lift)), size.left, size.x_end)
        top = spread(0.0, float(max(lift[:, 2].max(), 1.0)), size.y_end, size.top)
        y = Scale(0.0, top.high, size.y_end, size.top)
        ticks = linear_ticks(0.0, y.high, 4)
        parts = []
        for tick in ticks:
            parts += [
                line(size.left, y(tick), size.x_end, y(tick), "grid"),
                text(size.left - 7, y(tick) + 4, tick_text(tick, ticks), "end", "tick"),
            ]
        parts.append(text(2, 14, f"times the {what} of all", class_="muted"))
        for rank, height in enumerate(lift[:, 2].tolist()):
            left, right = x(rank + 0.12), x(rank + 0.88)
            bar = {"x": left, "y": y(height), "width": right - left, "height": max(0.5, y(0) - y(height))}
            parts.append(el("rect", **bar, class_="fill cv"))
            parts.append(text((left + right) / 2, size.y_end + 16, str(rank + 1), "middle", "tick"))
        parts += [
            line(size.left, size.y_end, size.x_end, size.y_end, "axis"),
            line(size.left, y(1.0), size.x_end, y(1.0), "mark"),
            text((size.left + size.x_end) / 2, size.height - 6, "tenths, highest prediction first", "middle", "muted"),
        ]
        return join(parts)

    first, second = lift[0], lift[min(1, len(lift) - 1)]
    caption = (
        f"The tenth of the held-out rows with the highest predictions has {first[2]:.2f} times the {what} of all; the "
        f"first {100 * second[0]:.0f} % hold {100 * second[3]:.0f} % of the total."
    )
    body = [
        el(
            "tr",
            el("th", str(rank + 1), scope="row"),
            el("td", general(float(row[1]), 3)),
            el("td", f"{row[2]:.2f}"),
            el("td", f"{100 * row[3]:.1f} %"),
        )
        for rank, row in enumerate(lift)
    ]
    table = table_of("plain", ("tenth", what, "lift", "of the total so far"), body)
    return figure("lift", f"Lift: {what} of each tenth of the rows above that of all", caption, draw, HALF, table=table)
