"""Standardized coefficients over λ: which features enter, in which order, how far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from shrinkwise.report.figures.chart import (
    NARROW,
    WIDE,
    Size,
    apart,
    axes,
    cursor,
    curve,
    figure,
    line,
    spread,
    strength_axis,
    text,
)
from shrinkwise.report.figures.cv_curve import mark_lines
from shrinkwise.report.markup import NAME, Html, el, join
from shrinkwise.report.markup import name as isolated
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.tables import table_of
from shrinkwise.report.text import count, general, glued, listed, shorten, whole

Array = NDArray[np.float64]

DRAWN = 120  # paths at most
PANELS = 6  # figures at most, one for each of several predictors
CUT = 3.0  # the frame ends at this many times the largest coefficient between the strongest λ and the marked ones
COLOURS = 8
TABLED, STRENGTHS = 40, 7  # rows of the table of a figure at most, and strengths
LINE_HEIGHT = 1.22


@dataclass(frozen=True)
class Paths:
    """The paths to draw, the most important first: of a feature one for each predictor of a row, in one colour."""

    columns: NDArray[np.intp]  # features
    values: Array  # (outputs, A, drawn): standardized coefficients
    moving: int  # features that are nonzero anywhere on the path
    marked: int  # of those drawn, how many are nonzero at the chosen or the lowest λ: these have names
    low: float
    high: float
    cut: bool


def coefficient_paths(report: ReportInput) -> Html:
    """One line for each feature, the most important ones in colour and with their names.

    Of several predictors each has a figure of its own, with the same colours and the same vertical scale.
    """
    paths, several = _paths(report), report.result.outputs is not None
    what = "Standardized coefficients" if report.result.network is None else "Norms of the weights of inputs"
    title = f"{what} over {report.symbol}, at {report.at_mix(report.chosen.ratio)}"
    caption = _sentence(report, paths)
    sizes = [replace(size, top=26.0, height=size.height - (100 if several else 10)) for size in (WIDE, NARROW)]
    if not several:
        return figure(
            "paths", title, caption, lambda size: _draw(report, size, paths, 0), sizes, table=_numbers(report, paths, 0)
        )
    shown = report.leading(PANELS)
    rest = len(report.outputs) - len(shown)
    caption += f" {count(rest, f'more {report.output_word}')}, of smaller coefficients, not drawn." if rest else ""
    panels = [
        figure(
            f"paths-{k}",
            f"{title}, of {shorten(report.outputs[k], 60)}",
            f"Largest at the chosen λ: {led}." if (led := _led(report, paths, k)) else "All are zero at the chosen λ.",
            partial(_draw, report, paths=paths, output=k),
            sizes,
            table=_numbers(report, paths, k),
        )
        for k in shown
    ]
    titles = [el("h3", isolated(report.outputs[k])) for k in shown]
    return join([el("p", glued(caption)), *(part for pair in zip(titles, panels, strict=True) for part in pair)])


def _paths(report: ReportInput) -> Paths:
    result, chosen, outputs = report.result, report.chosen, len(report.outputs)
    matrix = result.coefs[chosen.ratio][-1]
    moving = np.unique(matrix.indices[matrix.data != 0] // outputs)
    flat = matrix[:, (moving[:, None] * outputs + np.arange(outputs)).ravel()].toarray()
    values = flat.reshape(matrix.shape[0], len(moving), outputs).transpose(2, 0, 1)
    values = values * result.scale[moving] if result.network is None else values
    size = np.abs(values).max(axis=0)
    weakest = max(chosen.index, report.lowest.index if report.lowest.ratio == chosen.ratio else 0)
    here, there = size[chosen.index], size[weakest]
    drawn = DRAWN // min(outputs, PANELS)
    order = np.lexsort((-size.max(axis=0, initial=0), -there, -here))[:drawn]
    values, marked = values[:, :, order], int(np.count_nonzero((here + there)[order])) or len(order)
    useful = CUT * float(size[: weakest + 1, order].max(initial=0)) or np.inf
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    cut = max(-low, high) > useful
    return Paths(moving[order], values, moving.size, marked, max(low, -useful), min(high, useful), cut)


def _numbers(report: ReportInput, paths: Paths, output: int) -> Html | None:
    """The largest paths as rows, at a few strengths; the chosen one is among them."""
    values, strengths, chosen = paths.values[output], report.strengths(report.chosen.ratio), report.chosen.index
    rows = np.flatnonzero(np.any(values, axis=0))[: TABLED // min(len(report.outputs), PANELS)]
    if not rows.size:
        return None
    even = np.linspace(0, len(strengths) - 1, min(len(strengths), STRENGTHS)).round().astype(int)
    shown = sorted({*even.tolist(), chosen})
    heads = [f"{general(strengths[k])}{' (chosen)' if k == chosen else ''}" for k in shown]
    body = [
        el(
            "tr",
            el("th", el("bdi", shorten(report.result.feature_names[paths.columns[rank]], NAME)), scope="row"),
            *(el("td", general(value, 3)) for value in values[shown, rank].tolist()),
        )
        for rank in rows.tolist()
    ]
    what = f"{report.noun} paths" if report.result.outputs is None else f"paths {report.outputs[output]}"
    table = table_of("plain", (f"at {report.symbol} =", *heads), body, label=shorten(what, 60))
    more = paths.moving - len(rows)
    return join([table, el("p", f"And {count(more, f'more {report.noun}')}, of smaller ones.") if more > 0 else None])


def _draw(report: ReportInput, size: Size, paths: Paths, output: int) -> Html:
    alphas = report.strengths(report.chosen.ratio)
    strength = strength_axis(alphas.tolist(), size, report.symbol)
    y = spread(paths.low, paths.high, size.y_end, size.top)
    across = [strength(alpha) for alpha in alphas]
    frame = f"clip-paths-{output}-{size.kind}"
    values = paths.values[output]
    moving = np.flatnonzero(np.any(values, axis=0)).tolist()
    named = min(paths.marked, int((size.y_end - size.top) / (size.font * LINE_HEIGHT)))
    lines = []
    for rank in reversed(moving):
        points = list(zip(across, map(y, values[:, rank]), strict=True))
        column = int(paths.columns[rank])
        tooltip = shorten(report.result.feature_names[column], 60) if size.kind == "wide" else None
        lines.append(curve(points, f"path {_colour(rank) if rank < named else 'rest'}", tooltip, data_f=column))
    rectangle = el("rect", x=size.left, y=size.top, width=size.x_end - size.left, height=size.y_end - size.top)
    return join(
        [
            el("clipPath", rectangle, id=frame),
            axes(
                size,
                strength,
                y,
                _vertical(report, size),
            ),
            line(size.left, y(0), size.x_end, y(0), "zero"),
            mark_lines(report, size, strength),
            el("g", *lines, clip_path=f"url(#{frame})"),
            *_names(report, size, paths, across[-1], {rank: y(values[-1, rank]) for rank in moving if rank < named}),
            cursor(size, strength, y),
        ]
    )


def _names(report: ReportInput, size: Size, paths: Paths, edge: float, ends: dict[int, float]) -> list[Html]:
    """Names at the right ends of the paths of these ranks, moved apart where they would overlap."""
    inside = [min(max(end, size.top), size.y_end) for end in ends.values()]
    places = apart(inside, size.font * LINE_HEIGHT, size.top + size.font / 2, size.y_end - size.font / 2)
    room = int((size.right - 22) / (size.font * 0.6))
    parts: list[Html] = []
    for rank, start, place in zip(ends, inside, places, strict=True):
        points = [(edge, start), (size.x_end + 4, start), (size.x_end + 14, place), (size.x_end + 18, place)]
        leader = "M" + "L".join(f"{x:.1f} {level:.1f}" for x, level in points)
        column = int(paths.columns[rank])
        name = text(
            size.x_end + 21, place + size.font * 0.34, shorten(report.result.feature_names[column], room), class_="name"
        )
        drawn = el("path", d=leader, class_=f"leader c{rank % COLOURS}")
        parts.append(el("g", drawn, name, class_="label", data_f=column))
    return parts


def _vertical(report: ReportInput, size: Size) -> str:
    """The title of the vertical axis."""
    if report.result.network is not None:
        return "norm of weights" if size.kind == "narrow" else "norm of the weights that leave an input"
    return "per standard deviation" if size.kind == "narrow" else "coefficient per standard deviation"


def _colour(rank: int) -> str:
    return f"c{rank % COLOURS}" + (" dashed" if rank // COLOURS % 2 else "")


def _sentence(report: ReportInput, paths: Paths) -> str:
    """What these paths show."""
    result, chosen = report.result, report.chosen
    total = len(result.feature_names)
    if not paths.moving:
        return f"All {count(total, report.noun)} stay at exactly zero over the whole path."
    active = np.flatnonzero(result.support_size[chosen.ratio])
    entering = np.unique(result.coefs[chosen.ratio][-1][[active[0]]].indices // len(report.outputs))
    if chosen.l1_ratio == 0 or len(entering) > 3:
        alpha = general(float(report.strengths(chosen.ratio)[active[0]]))
        start = f"{count(len(entering), report.noun)} are in from {report.symbol} = {alpha}"
    else:
        names = [shorten(result.feature_names[column], 28) for column in entering]
        start = f"{listed(names)} {'enters' if len(names) == 1 else 'enter'} first"
    notes = ""
    if len(paths.columns) < paths.moving:
        notes = (
            f" Drawn are the {len(paths.columns)} of {whole(paths.moving)} paths that are largest at the chosen "
            f"{report.symbol}, then anywhere."
        )
    if paths.cut:
        notes += " The frame cuts off what grows far larger at weak penalties."
    return f"{start}; {_chosen(report, paths)}.{notes}"


def _chosen(report: ReportInput, paths: Paths) -> str:
    """How many features the chosen model has, and of one predictor the two largest."""
    result, chosen = report.result, report.chosen
    total, where = len(result.feature_names), f"at the chosen {report.symbol} = {general(report.strength(chosen))}"
    if not chosen.n_features:
        return f"{where} all {count(total, report.noun)} are still zero"
    kept = (
        f"{whole(chosen.n_features)} of {count(total, report.noun)} {'is' if chosen.n_features == 1 else 'are'} nonzero"
    )
    if result.outputs is not None:
        return f"{where}, {kept} for some {report.output_word}"
    return f"{where}, {kept}, led by {_led(report, paths, 0)}"


def _led(report: ReportInput, paths: Paths, output: int) -> str:
    """The two largest coefficients of a predictor, in words; nothing where all are zero."""
    here = paths.values[output, report.chosen.index]
    first = np.argsort(-np.abs(here), kind="stable")[:2]
    leading = [
        f"{shorten(report.result.feature_names[paths.columns[rank]], 28)} "
        f"({'+' if here[rank] > 0 and report.result.network is None else ''}{general(float(here[rank]), 3)})"
        for rank in first
        if here[rank]
    ]
    unit = " per standard deviation" if report.result.network is None else ""
    return f"{listed(leading)}{unit}" if leading else ""
