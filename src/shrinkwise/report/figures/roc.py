"""How well two classes are told apart: true against false positive rate."""

from __future__ import annotations

import numpy as np

from shrinkwise.diagnosis.percent import percent
from shrinkwise.diagnosis.quality import Quality
from shrinkwise.report.figures.chart import Scale, Size, curve, figure
from shrinkwise.report.figures.plane import HALF, Plane, diagonal, plane_axes
from shrinkwise.report.markup import Html, el, join
from shrinkwise.report.tables import table_of

SHOWN = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)  # false positive rates of the table


def roc_curve(quality: Quality) -> Html | None:
    """The figure; None where there is no curve."""
    points = quality.roc
    if points is None:
        return None

    def draw(size: Size) -> Html:
        x, y = Scale(0.0, 1.0, size.left, size.x_end), Scale(0.0, 1.0, size.y_end, size.top)
        plane = Plane(x, y, "false positives", "true positives", (True, True))
        line = curve([(x(a), y(b)) for a, b in points.tolist()], "cv")
        return join([plane_axes(size, plane), diagonal(plane), line])

    area = percent(float(quality.values[0]), float(quality.errors[0]))
    at = float(np.interp(0.1, points[:, 0], points[:, 1]))
    caption = (
        f"The area under the curve is {area} (no skill: 50 %); where one in ten of the first class is called positive, "
        f"{100 * at:.0f} % of the second are found."
    )
    body = [
        el("tr", el("th", f"{100 * rate:.0f} %", scope="row"), el("td", f"{100 * found:.1f} %"))
        for rate, found in zip(SHOWN, np.interp(SHOWN, points[:, 0], points[:, 1]).tolist(), strict=True)
    ]
    table = table_of("plain", ("false positives", "true positives"), body)
    return figure("roc", "ROC curve of held-out predictions", caption, draw, HALF, table=table)
