"""Held-out error over λ × l1_ratio, in standard errors above the lowest: whether the mix of L1 and L2 matters."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from shrinkwise.report.figures.chart import NARROW, WIDE, Size, cursor, figure, strength_axis, strength_ticks, text
from shrinkwise.report.markup import Html, el, join
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.tables import table_of
from shrinkwise.report.text import count, general, listed, whole
from shrinkwise.report.words import plus_minus, score_words

STEPS = (1.0, 2.0, 4.0, 8.0)  # standard errors above the lowest error: where one colour ends and the next begins
WORDS = ("within 1 SE", "1 to 2", "2 to 4", "4 to 8", "above 8")
ROW = 26.0


def penalty_map(report: ReportInput) -> Html:
    """The figure: a row for each l1_ratio, coloured by how far its held-out error lies above the lowest."""
    title = f"Held-out error over {report.symbol} and {_line(report)}, in standard errors above the lowest"
    steps = _steps(report)
    rows = len(report.result.l1_ratios)
    room = 26.0 * report.mix_name.count(",")
    sizes = [
        replace(size, left=size.left + room, top=30.0, height=30.0 + ROW * rows + size.bottom)
        for size in (WIDE, NARROW)
    ]
    draw = partial(_draw, report, steps)
    return figure("map", title, _sentence(report, steps), draw, sizes, _legend(), _numbers(report))


def _numbers(report: ReportInput) -> Html:
    """The lowest error of each line of the grid."""
    result, score = report.result, score_words(report)
    best = np.argmin(np.where(np.isfinite(result.mean), result.mean, np.inf), axis=1)
    body = [
        el(
            "tr",
            el("th", report.mix(row), scope="row"),
            el("td", plus_minus(score, float(result.mean[row, index]), float(result.se[row, index]))),
            el("td", general(report.strengths(row)[index])),
            el("td", whole(int(result.support_size[row, index]))),
        )
        for row, index in enumerate(best.tolist())
    ]
    heads = (report.mix_name, "lowest error ± SE", f"at {report.symbol} =", f"{report.noun}s")
    return table_of("plain", heads, body, label=f"lowest error of each {report.mix_name}")


def _steps(report: ReportInput) -> NDArray[np.intp]:
    """The colour step of each cell of the grid, (R, A)."""
    mean, lowest = report.result.mean, report.lowest
    finite = mean[np.isfinite(mean)]
    reach = float(finite.max()) - lowest.mean if finite.size else 1.0
    # without folds there is no standard error: a tenth of the range stands for it
    unit = lowest.se if 0 < lowest.se < math.inf else reach / 10 or 1.0
    with np.errstate(invalid="ignore"):
        above = (mean - lowest.mean) / unit
    return np.searchsorted(STEPS, np.where(np.isfinite(above), above, np.inf), side="left")


def _draw(report: ReportInput, steps: NDArray[np.intp], size: Size) -> Html:
    result = report.result
    rows = range(len(result.l1_ratios))
    strength = strength_axis(np.concatenate([report.strengths(row) for row in rows]).tolist(), size, report.symbol)
    parts = [
        text(2, 14, report.mix_name, class_="muted"),
        text(size.x_end + 8, 14, "lowest error", class_="muted"),
    ]
    score = score_words(report)
    for row in rows:
        top = size.top + ROW * row
        across = [strength(alpha) for alpha in report.strengths(row)]
        parts.append(text(size.left - 7, top + ROW / 2 + 4, report.mix(row), "end", "tick"))
        parts += _cells(across, steps[row].tolist(), top)
        mean = np.where(np.isfinite(result.mean[row]), result.mean[row], np.inf)
        best = int(np.argmin(mean))
        words = score(float(mean[best]))
        if size.kind == "wide":
            words += f", {count(int(result.support_size[row, best]), report.noun)}"
        parts.append(text(size.x_end + 8, top + ROW / 2 + 4, words, class_="tick"))
    for cell, radius, class_ in (
        (report.lowest, 7, "map-min"),
        (report.lowest, 7, "map-min inner"),
        (report.chosen, 4.5, "map-chosen"),
    ):
        middle = size.top + ROW * (cell.ratio + 0.5)
        parts.append(el("circle", cx=strength(report.strength(cell)), cy=middle, r=radius, class_=class_))
    return join([*parts, strength_ticks(size, strength), cursor(size, strength, row=ROW)])


def _cells(across: list[float], steps: list[int], top: float) -> list[Html]:
    """One rectangle for each run of equal steps."""
    middles = [(left + right) / 2 for left, right in pairwise(across)]
    half = (middles[0] - across[0]) if middles else 8.0
    edges = [across[0] - half, *middles, 2 * across[-1] - middles[-1] if middles else across[0] + half]
    parts, start = [], 0
    for step, run in groupby(steps):
        stop = start + len(list(run))
        left, right = edges[start], edges[stop]
        parts.append(el("rect", x=left, y=top + 1, width=right - left, height=ROW - 2, class_=f"h{step}"))
        start = stop
    return parts


def _legend() -> Html:
    keys = [el("span", el("i", class_=f"swatch h{step}"), words) for step, words in enumerate(WORDS)]
    rings = [
        el("span", el("i", class_="ring chosen"), "chosen"),
        el("span", el("i", class_="ring"), "lowest"),
    ]
    return el("p", "Held-out error above the lowest, in SE: ", *keys, *rings, class_="legend")


def _sentence(report: ReportInput, steps: NDArray[np.intp]) -> str:
    """What this map shows."""
    near = [report.mix(row) for row, cells in enumerate(steps) if np.any(cells == 0)]
    several = "," in report.mix_name
    best, noun = f"The lowest error is at {report.at_mix(report.lowest.ratio)}", "mix" if several else _line(report)
    which = "the mix" if report.result.network is None else noun
    if len(near) == len(steps):
        return f"{best}, but every {noun} comes within one standard error of it: on these data {which} hardly matters."
    if len(near) == 1:
        return f"{best}, and no other {noun} comes within one standard error of it: on these data {which} matters."
    which = f"{len(near)} of {len(steps)} mixes" if several else listed(near)
    return f"{best}; within one standard error of it come {which}, the others do not."


def _line(report: ReportInput) -> str:
    """What a row of the map is called."""
    return "l1_ratio" if report.result.network is None else "l2"
