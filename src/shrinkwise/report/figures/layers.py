"""What l1 does to each layer of a network: its share of exact zeros, and the norm of its weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
    spread,
    strength_axis,
    text,
)
from shrinkwise.report.figures.cv_curve import mark_lines
from shrinkwise.report.markup import Html, el, join, name
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.tables import table_of
from shrinkwise.report.text import count, general, shorten

Array = NDArray[np.float64]

DRAWN = 8  # layers at most, as many as there are colours


def layer_zeros(report: ReportInput) -> Html:
    """The figure: the share of weights that are exactly zero, a line for each layer."""
    network, chosen = report.result.network, report.chosen
    assert network is not None
    share = 100 * network.zeros[chosen.ratio, :, -1] / network.sizes
    total = 100 * network.sparsity[chosen.ratio, :, -1]
    here = f"{total[chosen.index]:.0f} % of all penalized weights are exactly zero"
    caption = f"At the chosen l1 = {general(report.strength(chosen))}, {here}; at the weakest l1, {total[-1]:.0f} %."
    return _figure(report, "zeros", "Exact zeros of each layer", "exact zeros, %", share, caption)


def layer_norms(report: ReportInput) -> Html:
    """The figure: the Euclidean norm of the weights, a line for each layer."""
    network, chosen = report.result.network, report.chosen
    assert network is not None
    norms = network.norms[chosen.ratio, :, -1]
    dead = [shorten(network.layers[k], 40) for k in np.flatnonzero(norms[chosen.index] == 0)]
    whole = np.linalg.norm(norms, axis=1)
    caption = (
        f"All penalized weights together have a norm of {general(float(whole[chosen.index]), 3)} at the chosen l1, and "
        f"of {general(float(whole[-1]), 3)} at the weakest."
    )
    if dead:
        caption = f"At the chosen l1 nothing passes through {', '.join(dead[:3])}: all its weights are zero."
    return _figure(report, "norms", "Norm of the weights of each layer", "norm of weights", norms, caption)


def _figure(report: ReportInput, identity: str, title: str, vertical: str, values: Array, caption: str) -> Html:
    """``values`` are (A, L)."""
    network = report.result.network
    assert network is not None
    shown = sorted(np.argsort(-network.sizes, kind="stable")[:DRAWN].tolist())
    rest = len(network.layers) - len(shown)
    caption += f" {count(rest, 'smaller layer')} not drawn." if rest > 0 else ""
    sizes = [replace(size, top=26.0, height=size.height - 140) for size in (WIDE, NARROW)]
    draw = partial(_draw, report, vertical, np.where(np.isfinite(values), values, 0.0)[:, shown], shown)
    table = _numbers(report, values, shown, title)
    return figure(
        identity, f"{title} over l1, at {report.at_mix(report.chosen.ratio)}", caption, draw, sizes, table=table
    )


def _numbers(report: ReportInput, values: Array, shown: Sequence[int], title: str) -> Html:
    """A row for each l1, a column for each layer."""
    network = report.result.network
    assert network is not None
    body = [
        el("tr", el("th", general(l1), scope="row"), *(el("td", general(value, 3)) for value in row))
        for l1, row in zip(report.strengths(report.chosen.ratio).tolist(), values[:, shown].tolist(), strict=True)
    ]
    heads = [name(network.layers[k], 24) for k in shown]
    return table_of("plain", (report.symbol, *heads), body, label=title)


def _draw(report: ReportInput, vertical: str, values: Array, shown: Sequence[int], size: Size) -> Html:
    strengths = report.strengths(report.chosen.ratio)
    strength = strength_axis(strengths.tolist(), size, report.symbol)
    y = spread(0.0, float(values.max(initial=0.0)) or 1.0, size.y_end, size.top)
    across = [strength(value) for value in strengths]
    lines = [
        curve(list(zip(across, map(y, column), strict=True)), f"path c{rank}") for rank, column in enumerate(values.T)
    ]
    return join(
        [
            axes(size, strength, y, vertical),
            mark_lines(report, size, strength),
            *lines,
            *_names(report, shown, size, across[-1], [y(float(value)) for value in values[-1]]),
            cursor(size, strength),
        ]
    )


def _names(report: ReportInput, shown: Sequence[int], size: Size, edge: float, ends: Sequence[float]) -> list[Html]:
    """Names of layers at the right ends of their lines."""
    network = report.result.network
    assert network is not None
    places = apart(ends, size.font * 1.22, size.top + size.font / 2, size.y_end - size.font / 2)
    room = int((size.right - 22) / (size.font * 0.6))
    parts: list[Html] = []
    for rank, (layer, start, place) in enumerate(zip(shown, ends, places, strict=True)):
        points = [(edge, start), (size.x_end + 4, start), (size.x_end + 14, place), (size.x_end + 18, place)]
        leader = "M" + "L".join(f"{x:.1f} {level:.1f}" for x, level in points)
        words = shorten(network.layers[layer].removesuffix("/kernel"), room)
        parts += [
            el("path", d=leader, class_=f"leader c{rank}"),
            text(size.x_end + 21, place + size.font * 0.34, words, class_="label name"),
        ]
    return parts
