"""Figures over two plain numbers, and figures that stand two in a row: their sizes, axes, dots and whiskers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shrinkwise.report.figures.chart import (
    LEVELS,
    NARROW,
    WIDE,
    Point,
    Scale,
    Size,
    line,
    linear_ticks,
    text,
    tick_text,
)
from shrinkwise.report.markup import Html, el, join, pixels

WHISKER = 2.0  # standard errors that a thin whisker reaches to either side

FULL = (replace(WIDE, right=30.0, top=28.0, height=330.0), replace(NARROW, right=22.0, top=28.0, height=280.0))
HALF = (
    Size("wide", 352, 300, left=52, right=24, top=28, bottom=44, font=12.5, ticks=4),
    Size("narrow", 340, 290, left=48, right=24, top=28, bottom=44, font=11.5, ticks=4),
)


@dataclass(frozen=True)
class Plane:
    """The scales of a plot and what they measure."""

    x: Scale
    y: Scale
    x_title: str
    y_title: str
    percent: tuple[bool, bool] = (False, False)  # whether ticks of x and of y are shares


def plane_axes(size: Size, plane: Plane) -> Html:
    """Grid lines, ticks and titles."""
    parts = []
    ticks, words = _ticks(plane.y, LEVELS, plane.percent[1])
    for tick, word in zip(ticks, words, strict=True):
        y = plane.y(tick)
        parts += [line(size.left, y, size.x_end, y, "grid"), text(size.left - 7, y + 4, word, "end", "tick")]
    parts += [text(2, 14, plane.y_title, class_="muted"), line(size.left, size.y_end, size.x_end, size.y_end, "axis")]
    ticks, words = _ticks(plane.x, size.ticks, plane.percent[0])
    for tick, word in zip(ticks, words, strict=True):
        x = plane.x(tick)
        parts += [line(x, size.y_end, x, size.y_end + 4, "axis"), text(x, size.y_end + 18, word, "middle", "tick")]
    middle = (size.left + size.x_end) / 2
    return join([*parts, text(middle, size.height - 6, plane.x_title, "middle", "muted")])


def _ticks(scale: Scale, wanted: int, percent: bool) -> tuple[list[float], list[str]]:
    ticks = linear_ticks(scale.low, scale.high, wanted)
    shown = [100 * tick for tick in ticks] if percent else ticks
    return ticks, [tick_text(tick, shown) + (" %" if percent else "") for tick in shown]


def framed(size: Size, identity: str, content: Sequence[Html | None]) -> Html:
    """Content cut off at the frame of the plot."""
    frame = el("rect", x=size.left, y=size.top, width=size.x_end - size.left, height=size.y_end - size.top)
    name = f"clip-{identity}-{size.kind}"
    return join([el("clipPath", frame, id=name), el("g", *content, clip_path=f"url(#{name})")])


def diagonal(plane: Plane) -> Html:
    """Where both numbers are equal."""
    low, high = max(plane.x.low, plane.y.low), min(plane.x.high, plane.y.high)
    return line(plane.x(low), plane.y(low), plane.x(high), plane.y(high), "mark")


def dots(points: Sequence[Point], class_: str = "cv") -> Html:
    """A dot at each point, all of them one path."""
    return el("path", d="".join(f"M{pixels(x)} {pixels(y)}h0" for x, y in points), class_=f"dots {class_}")


def whiskers(spans: Sequence[tuple[float, float, float]], class_: str = "cv") -> Html | None:
    """A vertical line at each x from one y to another, all of them one path; None without any."""
    if not spans:
        return None
    path = "".join(f"M{pixels(x)} {pixels(low)}V{pixels(high)}" for x, low, high in spans)
    return el("path", d=path, class_=f"whisker {class_}")


def dot(x: float, y: float, class_: str = "cv", radius: float = 4.0) -> Html:
    """A dot with a thin edge of paper around it."""
    return el("circle", cx=x, cy=y, r=radius, class_=f"{class_} dot")


def ends_of(scale: Scale) -> str:
    """Lowest and highest value of a scale and their pixels: what the script needs to draw."""
    return " ".join(f"{value:.10g}" for value in (scale.low, scale.high, scale.start, scale.stop))
