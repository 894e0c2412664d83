"""What is left over: residuals against predictions, and against a normal law. No row is shown, only quantiles."""

from __future__ import annotations

import math

import numpy as np

from shrinkwise.diagnosis.quality import Quality
from shrinkwise.report.figures.chart import Size, area, curve, figure, line, spread
from shrinkwise.report.figures.plane import HALF, Plane, diagonal, dots, plane_axes
from shrinkwise.report.markup import Html, el, join
from shrinkwise.report.tables import table_of
from shrinkwise.report.text import general

CURVED = 0.25  # of the half-width of the middle band: medians that leave it are called a bend
FAN = 1.5  # the widest band above the narrowest, from which the spread is called uneven
SURE = 3.0  # standard errors; those of thirds of the rows, and of normal residuals
MEDIAN_SE, QUARTILE_SE = 0.93, 1.17  # of a median in widths of the middle half, of that width itself; times √(1/rows)
TAIL = 0.3  # standard deviations that the outermost quantiles may leave the line by


def residual_fan(quality: Quality) -> Html | None:
    """Median and two bands of the residuals over the prediction; None where the loss has none."""
    bins = quality.residuals
    if bins is None or len(bins) < 2:
        return None

    def draw(size: Size) -> Html:
        x = spread(float(bins[0, 0]), float(bins[-1, 0]), size.left, size.x_end)
        y = spread(float(bins[:, 1:].min()), float(bins[:, 1:].max()), size.y_end, size.top)
        lines = [[(x(p), y(v)) for p, v in zip(bins[:, 0], bins[:, k], strict=True)] for k in range(1, 6)]
        return join(
            [
                plane_axes(size, Plane(x, y, "prediction", "target minus prediction")),
                area(lines[4], lines[0], "band"),
                area(lines[3], lines[1], "band"),
                line(size.left, y(0.0), size.x_end, y(0.0), "zero") if y.inside(0.0) else "",
                curve(lines[2], "cv"),
            ]
        )

    body = [
        el("tr", el("th", general(float(row[0])), scope="row"), *(el("td", general(float(v), 3)) for v in row[1:]))
        for row in bins
    ]
    table = table_of("plain", ("prediction", "5 %", "25 %", "median", "75 %", "95 %"), body)
    return figure(
        "residuals", "Residuals over the prediction", _fan_sentence(bins, quality.rows), draw, HALF, table=table
    )


def _fan_sentence(bins: np.ndarray, rows: int) -> str:
    """Whether the residuals bend or fan out, by more than medians and quartiles of so many rows do by chance."""
    width = bins[:, 4] - bins[:, 2]
    third = max(1, len(bins) // 3)
    bend = bins[:, 3] - np.average(bins[:, 3])
    ends, middle = (
        np.mean(np.append(bend[:third], bend[-third:])),
        np.mean(bend[third:-third] if len(bins) > 2 else bend),
    )
    bent = abs(ends - middle) > max(CURVED, SURE * MEDIAN_SE * math.sqrt(4.5 / rows)) * float(np.mean(width))
    low, high = float(np.mean(width[:third])), float(np.mean(width[-third:]))
    fanned = min(low, high) > 0 and max(low, high) > max(FAN, math.exp(SURE * QUARTILE_SE * math.sqrt(6 / rows))) * (
        min(low, high)
    )
    words = []
    if bent:
        words.append("their median bends, so that a square or a product of features may be missing")
    if fanned:
        side = "high" if high > low else "low"
        words.append(f"they spread {max(low, high) / min(low, high):.1f} times as wide at {side} predictions")
    told = " and ".join(words) or "neither a bend nor a change of spread can be seen"
    return f"Held-out residuals over the prediction: {told} (line: median; bands: the middle 50 and 90 %)."


def normal_plot(quality: Quality) -> Html | None:
    """Standardized residuals against those of a normal law; None where the loss has none."""
    points = quality.normal
    if points is None or len(points) < 3:
        return None

    def draw(size: Size) -> Html:
        low, high = float(points.min()), float(points.max())
        x = spread(float(points[0, 0]), float(points[-1, 0]), size.left, size.x_end)
        y = spread(low, high, size.y_end, size.top)
        plane = Plane(x, y, "quantile of a normal law", "residual, in SD")
        shown = [(x(a), y(b)) for a, b in points[:: max(1, len(points) // 50)].tolist()]
        return join([plane_axes(size, plane), diagonal(plane), dots(shown, "cv small")])

    left, right = float(points[0, 1] - points[0, 0]), float(points[-1, 1] - points[-1, 0])
    tails = [
        f"the {side} tail is {'heavier' if away > 0 else 'lighter'}"
        for side, away in (("lower", -left), ("upper", right))
        if abs(away) > TAIL
    ]
    told = " and ".join(tails) + " than that of a normal law" if tails else "they are about normal, tails included"
    body = [
        el("tr", el("th", f"{a:.2f}".replace("-", "−"), scope="row"), el("td", f"{b:.2f}".replace("-", "−")))
        for a, b in points[:: max(1, len(points) // 20)].tolist()
    ]
    table = table_of("plain", ("normal quantile", "residual, in SD"), body)
    title = "Quantiles of the residuals against those of a normal law"
    return figure("normal", title, f"Held-out residuals: {told}.", draw, HALF, table=table)
