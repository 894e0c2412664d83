"""Standardized coefficients over λ: which features enter, in which order, how far."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shrinkwise.report.figures.chart import (
    NARROW,
    WIDE,
    Size,
    apart,
    axes,
    curve,
    figure,
    line,
    spread,
    strength_axis,
    text,
)
from shrinkwise.report.figures.cv_curve import mark_lines
from shrinkwise.report.markup import Html, el, join
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.text import count, general, listed, shorten, whole

Array = NDArray[np.float64]

DRAWN = 120  # paths at most
CUT = 3.0  # the frame ends at this many times the largest coefficient between the strongest λ and the marked ones
COLOURS = 8
LINE_HEIGHT = 1.22


@dataclass(frozen=True)
class Paths:
    """The paths to draw, the most important first."""

    columns: NDArray[np.intp]  # of the design
    values: Array  # (A, drawn): standardized coefficients
    moving: int  # features that are nonzero anywhere on the path
    marked: int  # of those drawn, how many are nonzero at the chosen or the lowest λ: these have names
    low: float
    high: float
    cut: bool


def coefficient_paths(report: ReportInput) -> Html:
    """The figure: one line for each feature, the most important ones in colour and with their names."""
    paths = _paths(report)
    title = f"Standardized coefficients over λ, at l1_ratio {general(report.chosen.l1_ratio)}"
    caption = _sentence(report, paths)
    sizes = [replace(size, top=26.0, height=size.height - 10) for size in (WIDE, NARROW)]
    return figure("paths", title, caption, lambda size: _draw(report, size, paths), sizes)


def _paths(report: ReportInput) -> Paths:
    result, chosen = report.result, report.chosen
    matrix = result.coefs[chosen.ratio][-1]
    moving = np.unique(matrix.indices[matrix.data != 0])
    values = np.asarray(matrix[:, moving].toarray() * result.scale[moving], dtype=np.float64)
    weakest = max(chosen.index, report.lowest.index if report.lowest.ratio == chosen.ratio else 0)
    here, there = np.abs(values[chosen.index]), np.abs(values[weakest])
    order = np.lexsort((-np.abs(values).max(axis=0, initial=0), -there, -here))[:DRAWN]
    values, marked = values[:, order], int(np.count_nonzero((here + there)[order])) or len(order)
    useful = CUT * float(np.abs(values[: weakest + 1]).max(initial=0)) or np.inf
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    cut = max(-low, high) > useful
    return Paths(moving[order], values, moving.size, marked, max(low, -useful), min(high, useful), cut)


def _draw(report: ReportInput, size: Size, paths: Paths) -> Html:
    alphas = report.result.alphas[report.chosen.ratio]
    strength = strength_axis(alphas.tolist(), size)
    y = spread(paths.low, paths.high, size.y_end, size.top)
    across = [strength(alpha) for alpha in alphas]
    frame = f"clip-paths-{size.kind}"
    named = min(paths.marked, int((size.y_end - size.top) / (size.font * LINE_HEIGHT)))
    lines = []
    for rank in reversed(range(len(paths.columns))):
        points = list(zip(across, map(y, paths.values[:, rank]), strict=True))
        name = report.result.feature_names[paths.columns[rank]]
        tooltip = shorten(name, 60) if size.kind == "wide" else None
        lines.append(curve(points, f"path {_colour(rank) if rank < named else 'rest'}", tooltip))
    rectangle = el("rect", x=size.left, y=size.top, width=size.x_end - size.left, height=size.y_end - size.top)
    return join(
        [
            el("clipPath", rectangle, id=frame),
            axes(
                size,
                strength,
                y,
                "per standard deviation" if size.kind == "narrow" else "coefficient per standard deviation",
            ),
            line(size.left, y(0), size.x_end, y(0), "zero"),
            *mark_lines(report, size, strength),
            el("g", *lines, clip_path=f"url(#{frame})"),
            *_names(report, size, paths, across[-1], [y(value) for value in paths.values[-1, :named]]),
        ]
    )


def _names(report: ReportInput, size: Size, paths: Paths, edge: float, ends: list[float]) -> list[Html]:
    """Names at the right ends of their paths, moved apart where they would overlap."""
    inside = [min(max(end, size.top), size.y_end) for end in ends]
    places = apart(inside, size.font * LINE_HEIGHT, size.top + size.font / 2, size.y_end - size.font / 2)
    room = int((size.right - 22) / (size.font * 0.6))
    parts: list[Html] = []
    for rank, (start, place) in enumerate(zip(inside, places, strict=True)):
        points = [(edge, start), (size.x_end + 4, start), (size.x_end + 14, place), (size.x_end + 18, place)]
        leader = "M" + "L".join(f"{x:.1f} {level:.1f}" for x, level in points)
        name = shorten(report.result.feature_names[paths.columns[rank]], room)
        parts += [
            el("path", d=leader, class_=f"leader c{rank % COLOURS}"),
            text(size.x_end + 21, place + size.font * 0.34, name, class_="label name"),
        ]
    return parts


def _colour(rank: int) -> str:
    return f"c{rank % COLOURS}" + (" dashed" if rank // COLOURS % 2 else "")


def _sentence(report: ReportInput, paths: Paths) -> str:
    """What these paths show."""
    result, chosen = report.result, report.chosen
    total = len(result.feature_names)
    if not paths.moving:
        return f"All {count(total, 'feature')} stay at exactly zero over the whole path."
    active = np.flatnonzero(result.support_size[chosen.ratio])
    entering = result.coefs[chosen.ratio][-1][[active[0]]].indices
    if chosen.l1_ratio == 0 or len(entering) > 3:
        alpha = general(result.alphas[chosen.ratio, active[0]])
        start = f"{count(len(entering), 'feature')} are in from λ = {alpha}"
    else:
        names = [shorten(result.feature_names[column], 28) for column in entering]
        start = f"{listed(names)} {'enters' if len(names) == 1 else 'enter'} first"
    notes = ""
    if len(paths.columns) < paths.moving:
        notes = (
            f" Drawn are the {DRAWN} of {whole(paths.moving)} paths that are largest at the chosen λ, then anywhere."
        )
    if paths.cut:
        notes += " The frame cuts off coefficients that grow far larger at weak penalties."
    return f"{start}; {_chosen(report, paths)}.{notes}"


def _chosen(report: ReportInput, paths: Paths) -> str:
    """How many features the chosen model has, and the two largest."""
    result, chosen = report.result, report.chosen
    total, where = len(result.feature_names), f"at the chosen λ = {general(chosen.alpha)}"
    if not chosen.n_features:
        return f"{where} all {count(total, 'feature')} are still zero"
    here = paths.values[chosen.index]
    leading = [
        f"{shorten(result.feature_names[column], 28)} ({'+' if value > 0 else ''}{general(value, 3)})"
        for column, value in zip(paths.columns[:2], here[:2], strict=True)
        if value
    ]
    kept = (
        f"{whole(chosen.n_features)} of {count(total, 'feature')} {'is' if chosen.n_features == 1 else 'are'} nonzero"
    )
    return f"{where}, {kept}, led by {listed(leading)} per standard deviation"
