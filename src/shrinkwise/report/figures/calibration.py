"""Are predictions right on average? Observed means against predicted ones, by bins of the prediction."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from shrinkwise.diagnosis.quality import Quality
from shrinkwise.losses import QuantileLoss, named_loss
from shrinkwise.report.figures.chart import Size, figure, line, spread
from shrinkwise.report.figures.plane import (
    HALF,
    WHISKER,
    Plane,
    diagonal,
    dot,
    ends_of,
    framed,
    plane_axes,
    whiskers,
)
from shrinkwise.report.markup import Html, el, join
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.tables import table_of
from shrinkwise.report.text import general, listed, scores, whole
from shrinkwise.report.words import plus_minus

SURE = 0.95  # that no bin of right predictions is called off
ORDINALS = ("lowest", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "highest")


def calibration(report: ReportInput, quality: Quality) -> Html | None:
    """The figure; None where the loss has none."""
    bins = quality.calibration
    if bins is None or len(bins) < 2:
        return None
    predicted, observed = bins[:, 0], bins[:, 1]
    se = np.where(np.isfinite(bins[:, 2]), bins[:, 2], 0.0)
    percent = quality.kind in ("classification", "classes")
    level = _level(report, quality)
    ends = np.concatenate([observed - WHISKER * se, observed + WHISKER * se])
    if percent or level is not None:
        ends = ends.clip(0.0, 1.0)
    low, high = float(min(ends.min(), level or ends.min())), float(max(ends.max(), level or ends.max()))
    across = float(predicted.min()), float(predicted.max())
    if level is None:  # both axes measure the same
        low, high = across = min(low, across[0]), max(high, across[1])
    titles = _titles(quality)

    def draw(size: Size) -> Html:
        x, y = spread(*across, size.left, size.x_end), spread(low, high, size.y_end, size.top)
        plane = Plane(x, y, titles[0], titles[1], (percent, percent or level is not None))
        aim = diagonal(plane) if level is None else line(size.left, y(level), size.x_end, y(level), "mark")
        spans = [
            (x(p), y(o - WHISKER * s), y(o + WHISKER * s))
            for p, o, s in zip(predicted, observed, se, strict=True)
            if s > 0
        ]
        points = [dot(x(p), y(o)) for p, o in zip(predicted, observed, strict=True)]
        drawn = framed(size, "calibration", [whiskers(spans)])
        bins = el("g", drawn, *points, class_="bins", data_x=ends_of(x), data_y=ends_of(y))
        return join([plane_axes(size, plane), aim, bins])

    title = f"{titles[1].capitalize()} against {titles[0]}, by bins of the prediction"
    caption = _sentence(report, quality, level)
    return figure("calibration", title, caption, draw, HALF, table=_table(bins, percent, level is not None))


def _level(report: ReportInput, quality: Quality) -> float | None:
    """The share that should lie below a predicted quantile."""
    loss = named_loss(report.result.loss)
    return loss.quantile if quality.kind == "quantile" and isinstance(loss, QuantileLoss) else None


def _titles(quality: Quality) -> tuple[str, str]:
    return {
        "classification": ("predicted probability", "observed share"),
        "classes": ("probability of the likeliest class", "share that was right"),
        "quantile": ("predicted quantile", "share at or below it"),
    }.get(quality.kind, ("mean prediction", "mean of the target"))


def _sentence(report: ReportInput, quality: Quality, level: float | None) -> str:
    """Where predictions are off."""
    bins = quality.calibration
    assert bins is not None
    aim = bins[:, 0] if level is None else level
    far = -float(ndtri((1 - SURE) / 2 / len(bins)))  # standard errors that no bin of so many exceeds, Bonferroni
    off = np.flatnonzero(np.abs(bins[:, 1] - aim) > far * bins[:, 2]).tolist()
    line_ = "dashed line" if level is not None else "diagonal"
    tail = f" (held-out rows in bins of equal weight; whiskers: {WHISKER:g} SE)."
    if not off:
        near = f"none of {len(bins)} bins is further from the {line_} than chance explains"
        return f"Held-out predictions are right on average wherever they lie: {near}{tail}"
    names = [ORDINALS[rank] if len(bins) == len(ORDINALS) else f"{rank + 1}." for rank in off]
    which = f"the {listed(names)}" if len(off) <= 3 else f"{len(off)} of {len(bins)}"
    side = bins[off, 1] > bins[off, 0] if level is None else bins[off, 1] < level
    how = "too low" if np.all(side) else "too high" if not np.any(side) else "off"
    bin_ = "bin" if len(off) == 1 else "bins"
    return f"Held-out predictions are {how} in {which} {bin_}, further than chance in {len(bins)} bins explains{tail}"


def _table(bins: np.ndarray, percent: bool, coverage: bool) -> Html:
    def share(value: float, se: float) -> str:
        return f"{100 * value:.1f} ± {100 * se:.1f} %" if np.isfinite(se) else f"{100 * value:.1f} %"

    score = scores(bins[:, 1].tolist(), bins[:, 2].tolist())
    body = [
        el(
            "tr",
            el("th", f"{100 * row[0]:.1f} %" if percent else general(float(row[0])), scope="row"),
            el("td", share(row[1], row[2]) if percent or coverage else plus_minus(score, float(row[1]), float(row[2]))),
            el("td", whole(int(row[4]))),
        )
        for row in bins
    ]
    return table_of("plain", ("predicted", "observed ± SE", "rows"), body)
