"""Training and held-out error over λ: where the two part, the model fits noise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from shrinkwise.report.figures.chart import (
    NARROW,
    Scale,
    Size,
    Strength,
    apart,
    area,
    axes,
    cursor,
    curve,
    figure,
    line,
    spread,
    strength_axis,
    text,
)
from shrinkwise.report.markup import Html, el, join
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.tables import table_of
from shrinkwise.report.text import count, general
from shrinkwise.report.words import plus_minus, score_words
from shrinkwise.result import Selection

CUT = 2.0  # the frame ends at this many times the useful range above the lowest error


def cv_curve(report: ReportInput) -> Html:
    """The figure: held-out error with its ±SE band, training error, the cells of min and 1se, the support size."""
    vertical = _range(report)
    title = f"Training and held-out error over {report.symbol}, at {report.at_mix(report.chosen.ratio)}"
    caption = _sentence(report) + _cut(report, vertical)
    return figure("cv", title, caption, lambda size: _draw(report, size, vertical), table=_numbers(report))


def _numbers(report: ReportInput) -> Html:
    """The curves' numbers, a row for each strength."""
    result, ratio, score = report.result, report.chosen.ratio, score_words(report)
    mean, se, train, size = result.mean[ratio], result.se[ratio], result.train_mean[ratio], result.support_size[ratio]
    body = [
        el(
            "tr",
            el("th", general(alpha), scope="row"),
            *(el("td", cell) for cell in (str(size[i]), plus_minus(score, mean[i], se[i]), score(train[i]))),
        )
        for i, alpha in enumerate(report.strengths(ratio))
    ]
    heads = (report.symbol, f"{report.noun}s", "held-out error ± SE", "training error")
    return table_of("plain", heads, body, label=f"errors over {report.symbol}")


def marks(report: ReportInput) -> list[Selection]:
    """The cells that get a line: min, 1se, and what the rule chose if it is neither."""
    found = [report.lowest, report.result.select("1se")]
    return found if report.rule in ("min", "1se") else [*found, report.chosen]


def mark_lines(report: ReportInput, size: Size, strength: Strength) -> Html:
    """A vertical line for each marked λ; names stand outside of them, or below each other where there is no room."""
    lines: list[Html] = []
    names: list[Html] = []
    cells = [cell for cell in marks(report) if strength.holds(report.strength(cell))]
    cells.sort(key=lambda cell: -report.strength(cell))
    for rank, cell in enumerate(cells):
        chosen, x = cell.rule == report.rule, strength(report.strength(cell))
        words = f"{cell.rule} (chosen)" if chosen and size.kind == "wide" else cell.rule
        width = 0.62 * size.font * len(words) + 5
        right = rank == len(cells) - 1
        crowded = size.x_end - x < width if right else x - size.left < width or rank > 0
        right ^= crowded and not (rank > 0 and x - size.left >= width)
        y = size.top + size.font + (1.2 * size.font if crowded else 0)
        lines.append(line(x, size.top, x, size.y_end, "mark chosen" if chosen else "mark"))
        side = (x + 5, "start") if right else (x - 5, "end")
        names.append(text(side[0], y, words, side[1], "strong" if chosen else "muted"))
    return el("g", *lines, *names, class_="of-line")


def _draw(report: ReportInput, size: Size, vertical: tuple[float, float]) -> Html:
    result, ratio = report.result, report.chosen.ratio
    others = sorted({cell.ratio for cell in marks(report)} - {ratio})
    lines = np.concatenate([report.strengths(row) for row in (ratio, *others)])
    strength = strength_axis(lines.tolist(), size, report.symbol)
    y = spread(*vertical, size.y_end, size.top, margin=0.07)
    mean, train = result.mean, result.train_mean
    alphas = [strength(alpha) for alpha in report.strengths(ratio)]

    def points(values: np.ndarray, row: int = ratio) -> list[tuple[float, float]]:
        return [(strength(a), y(v)) for a, v in zip(report.strengths(row), values, strict=True) if math.isfinite(v)]

    frame = f"clip-{size.kind}"
    lower, upper = _band(report)
    band = area(points(upper), points(lower), "band")
    curves = [
        band,
        *(curve(points(mean[row], row), "other") for row in others),
        curve(points(train[ratio]), "train"),
        curve(points(mean[ratio]), "cv"),
    ]
    dots = [
        el("circle", cx=strength(report.strength(cell)), cy=y(cell.mean), r=4, class_="cv dot")
        for cell in marks(report)
        if y.inside(cell.mean)
    ]
    return join(
        [
            el("clipPath", _rectangle(size), id=frame),
            axes(size, strength, y, _title(report, size)),
            *_support(report, size, strength, alphas),
            *_bound(report, size, strength, y),
            el("g", *curves, clip_path=f"url(#{frame})"),
            mark_lines(report, size, strength),
            el("g", *dots, class_="of-line"),
            *_ends(report, size, y, alphas[-1]),
            cursor(size, strength, y),
        ]
    )


def _band(report: ReportInput) -> tuple[np.ndarray, np.ndarray]:
    """One standard error below and above the held-out error; inf where it is not finite."""
    result, ratio = report.result, report.chosen.ratio
    mean, se = result.mean[ratio], result.se[ratio]
    finite = np.isfinite(mean) & np.isfinite(se)
    safe = np.where(finite, mean, np.inf)
    return safe - np.where(finite, se, 0.0), safe + np.where(finite, se, 0.0)


def _rectangle(size: Size) -> Html:
    return el("rect", x=size.left, y=size.top, width=size.x_end - size.left, height=size.y_end - size.top)


def _title(report: ReportInput, size: Size) -> str:
    metric = report.result.metric
    return f"{metric}" if size is NARROW else f"{metric}, lower is better"


def _bound(report: ReportInput, size: Size, strength: Strength, y: Scale) -> list[Html]:
    """The level of one standard error above the lowest error, named where the curve leaves room below it."""
    bound, words = report.lowest.mean + report.lowest.se, "lowest + 1 SE"
    if not y.inside(bound) or not report.lowest.se:
        return []
    parts = [line(size.left, y(bound), size.x_end, y(bound), "bound")]
    first = min(strength(report.strength(cell)) for cell in marks(report))
    if first - size.left > 0.62 * size.font * len(words):
        parts.append(text(size.left + 6, y(bound) + 1.2 * size.font, words, class_="muted"))
    return parts


def _support(report: ReportInput, size: Size, strength: Strength, alphas: list[float]) -> list[Html]:
    """Support sizes along the top."""
    sizes = report.result.support_size[report.chosen.ratio]
    wanted = np.linspace(alphas[0], alphas[-1], size.ticks)
    indices = sorted({int(np.argmin(np.abs(np.asarray(alphas) - x))) for x in wanted})
    parts = [line(size.left, size.top, size.x_end, size.top, "axis")]
    for index in indices:
        x = alphas[index]
        parts += [
            line(x, size.top - 4, x, size.top, "axis"),
            text(x, size.top - 8, str(sizes[index]), "middle", "tick"),
        ]
    parts.append(text(size.x_end + 8, size.top - 8, f"{report.noun}s kept", class_="muted"))
    return [el("g", *parts, class_="of-line")]


def _ends(report: ReportInput, size: Size, y: Scale, end: float) -> list[Html]:
    """To the right: the names of both curves, at the fit without a penalty where there is one."""
    result, free, ratio = report.result, report.result.unpenalized, report.chosen.ratio
    last = (float(result.mean[ratio, -1]), float(result.train_mean[ratio, -1]))
    parts: list[Html] = []
    if free is None or not free.converged:
        return [el("g", *_end_labels(report, size, y, size.x_end - 4.0, last), class_="of-line")]
    row = result.table(report.rule)[-1]
    x, levels = size.x_end + 22.0, (row["mean"], row["train"])
    parts.append(text(x - 4, size.height - 8, "no penalty", class_="muted"))
    for start, stop, class_ in zip(last, levels, ("cv", "train"), strict=True):
        if y.inside(start) and y.inside(stop):
            parts.append(line(end, y(start), x, y(stop), f"{class_} beyond of-line"))
    reach = [min(max(y(value), size.top), size.y_end) for value in (row["mean"] - row["se"], row["mean"] + row["se"])]
    parts.append(line(x, reach[0], x, reach[1], "cv"))
    return parts + _end_labels(report, size, y, x, levels)


def _end_labels(report: ReportInput, size: Size, y: Scale, x: float, levels: tuple[float, float]) -> list[Html]:
    score, parts = score_words(report), []
    wanted = [y(level) if math.isfinite(level) else size.top for level in levels]
    places = apart(wanted, 2.6 * size.font, size.top + 6, size.y_end - 1.6 * size.font)
    words = (("held-out", "cv"), ("training", "train"))
    for level, height, place, (label, class_) in zip(levels, wanted, places, words, strict=True):
        if y.inside(level):
            parts.append(el("circle", cx=x, cy=height, r=4, class_=f"{class_} dot"))
        arrow = "" if y.inside(level) else " ↓" if level < y.low else " ↑"
        parts.append(text(x + 10, place + 2, label, class_=f"{class_} label"))
        parts.append(text(x + 10, place + 2 + size.font * 1.15, score(level) + arrow, class_="tick"))
    return parts


def _range(report: ReportInput) -> tuple[float, float]:
    """Lowest and highest error of the frame: what lies far above all that is useful is cut."""
    result, ratio = report.result, report.chosen.ratio
    mean, train = result.mean[ratio], result.train_mean[ratio]
    values = np.concatenate([*_band(report), mean, train])
    free = result.unpenalized
    if free is not None and free.converged:
        row = result.table(report.rule)[-1]
        values = np.append(values, [row["mean"], row["train"]])
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    lowest = report.lowest.mean if math.isfinite(report.lowest.mean) else float(values.min())
    start = float(mean[0]) if math.isfinite(mean[0]) else lowest
    useful = max(
        start - lowest, lowest - float(values.min()), 4 * (report.lowest.se if math.isfinite(report.lowest.se) else 0)
    )
    top = lowest + CUT * useful
    return float(values.min()), float(min(values.max(), top)) if useful > 0 else float(values.max())


def _cut(report: ReportInput, vertical: tuple[float, float]) -> str:
    mean = report.result.mean[report.chosen.ratio]
    return " The frame cuts off what lies far above." if not np.all(mean <= vertical[1]) else ""


def _sentence(report: ReportInput) -> str:
    """What this curve shows."""
    result, lowest, ratio = report.result, report.lowest, report.chosen.ratio
    score: Callable[[float], str] = score_words(report)
    where = f"{report.symbol} = {general(report.strength(lowest))} with {count(lowest.n_features, report.noun)}"
    best = f"{plus_minus(score, lowest.mean, lowest.se)} at {where}"
    if lowest.ratio != ratio:
        best += f" and {report.at_mix(lowest.ratio)} (the thin curve)"
    if lowest.n_features == 0:
        nothing = f"on rows it has not seen, the model gains nothing from any {report.noun}"
        return f"Held-out error is lowest, {best}: {nothing}."
    last = int(np.flatnonzero(np.isfinite(result.mean[ratio]))[-1]) if result.network is not None else -1
    end, end_train = float(result.mean[ratio, last]), float(result.train_mean[ratio, last])
    if not end <= lowest.mean + lowest.se:
        story = (
            f"to the right of that the training error still falls, to {score(end_train)}, "
            f"while the held-out error rises to {score(end)}: noise is being fitted"
        )
    else:
        story = f"down to the weakest {report.symbol} it stays within one standard error of that ({score(end)})"
    return f"Held-out error is lowest, {best}; {story}."
