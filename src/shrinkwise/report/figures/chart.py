"""What every figure shares: its two sizes, scales, ticks, axes, lines and labels that do not overlap."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shrinkwise.report.markup import Html, el, join, pixels
from shrinkwise.report.text import general, glued

Point = tuple[float, float]

LEVELS = 5  # ticks of a vertical axis, about


@dataclass(frozen=True)
class Size:
    """A canvas and the margins around its plot, in pixels."""

    kind: str
    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    font: float
    ticks: int

    @property
    def x_end(self) -> float:
        return self.width - self.right

    @property
    def y_end(self) -> float:
        return self.height - self.bottom


WIDE = Size("wide", 720, 400, left=58, right=158, top=46, bottom=48, font=12.5, ticks=7)
NARROW = Size("narrow", 340, 340, left=44, right=100, top=44, bottom=46, font=11.5, ticks=4)


@dataclass(frozen=True)
class Scale:
    """A straight line from data to pixels."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start)

    def inside(self, value: float) -> bool:
        return math.isfinite(value) and min(self.low, self.high) <= value <= max(self.low, self.high)


def spread(low: float, high: float, start: float, stop: float, margin: float = 0.04) -> Scale:
    """A scale with some room at both ends, also where low equals high."""
    room = (high - low) * margin or abs(high) * 0.1 or 1.0
    return Scale(low - room, high + room, start, stop)


@dataclass(frozen=True)
class Strength:
    """The horizontal axis: λ, or l1, on a log scale, strong on the left; 0 stands one step beyond the weakest."""

    scale: Scale
    zero: float
    name: str = "λ"

    def __call__(self, alpha: float) -> float:
        return self.scale(math.log10(alpha) if alpha > 0 else self.zero)

    def holds(self, alpha: float) -> bool:
        return self.scale.inside(math.log10(alpha) if alpha > 0 else self.zero)

    def ticks(self, wanted: int) -> list[tuple[float, str]]:
        low, high = sorted((self.scale.low, self.scale.high))
        marks = [(self.scale(math.log10(value)), general(value)) for value in log_ticks(low, high, wanted)]
        return [*marks, (self.scale(self.zero), "0")] if self.zero >= low else marks


def strength_axis(alphas: Sequence[float], size: Size, name: str = "λ") -> Strength:
    """The axis that holds all of these strengths."""
    logs = [math.log10(alpha) for alpha in alphas if alpha > 0] or [0.0]
    weakest, strongest = min(logs), max(logs)
    step = max(0.25, (strongest - weakest) / 12)
    zero = weakest - step if min(alphas) == 0 else -math.inf
    end = max(weakest, zero) if zero == -math.inf else zero
    room = 0.02 * (strongest - end) or 0.5
    return Strength(Scale(strongest + room, end - room, size.left, size.x_end), zero, name)


def linear_ticks(low: float, high: float, wanted: int) -> list[float]:
    """Round numbers between low and high, about as many as wanted."""
    raw = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [index * step for index in range(first, last + 1)]


def log_ticks(low: float, high: float, wanted: int) -> list[float]:
    """Round numbers between 10^low and 10^high: decades, or 1-2-5, or 1-3 where they fit."""
    decades = range(max(math.floor(low), -307), min(math.ceil(high), 307) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        values = [factor * 10.0**decade for decade in decades for factor in factors]
        inside = [value for value in values if low <= math.log10(value) <= high]
        if len(inside) <= wanted:
            break
    stride = max(1, math.ceil(len(inside) / wanted))
    return inside[::-1][::stride][::-1] or [10 ** ((low + high) / 2)]


def tick_text(value: float, ticks: Sequence[float]) -> str:
    """A tick's number with no more digits than tell it from its neighbours."""
    step = abs(ticks[1] - ticks[0]) if len(ticks) > 1 else abs(value) or 1.0
    largest = max(abs(tick) for tick in ticks)
    if largest >= 1e6 or (0 < largest < 1e-3):
        return general(0.0 if abs(value) < step / 2 else value, max(1, math.ceil(math.log10(largest / step)) + 1))
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if decimals and abs(step * 10**decimals - round(step * 10**decimals)) > 1e-6:
        decimals += 1  # a step of 2.5
    text = f"{value:.{decimals}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def text(x: float, y: float, words: str, anchor: str = "start", class_: str | None = None) -> Html:
    """A line of text."""
    return el("text", words, x=x, y=y, text_anchor=None if anchor == "start" else anchor, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Html:
    """A straight line."""
    return el("path", d=f"M{pixels(x1)} {pixels(y1)}L{pixels(x2)} {pixels(y2)}", class_=class_)


def curve(points: Sequence[Point], class_: str, tooltip: str | None = None, **attributes: str | int) -> Html | None:
    """A line through points, its joints left out where they lie within a third of a pixel of it."""
    if not points:
        return None
    title = None if tooltip is None else el("title", tooltip)
    return el("path", title, d=path_data(points), class_=class_, **attributes)


def area(upper: Sequence[Point], lower: Sequence[Point], class_: str) -> Html | None:
    """The band between two curves."""
    if not upper:
        return None
    return el("path", d=path_data(upper) + "L" + path_data(lower[::-1])[1:] + "Z", class_=class_)


def path_data(points: Sequence[Point]) -> str:
    """``M x y L x y …`` of a simplified line."""
    return "M" + "L".join(f"{pixels(x)} {pixels(y)}" for x, y in simplified(points))


def simplified(points: Sequence[Point], tolerance: float = 0.3) -> list[Point]:
    """Ramer-Douglas-Peucker: drop the points that nobody can see."""
    keep = {0, len(points) - 1}
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        (x0, y0), (x1, y1) = points[first], points[last]
        length = math.hypot(x1 - x0, y1 - y0) or 1.0
        away = [
            abs((x1 - x0) * (y0 - y) - (x0 - x) * (y1 - y0)) / length for x, y in points[first + 1 : last]
        ]  # distance from the chord
        if away and max(away) > tolerance:
            middle = first + 1 + away.index(max(away))
            keep.add(middle)
            spans += [(first, middle), (middle, last)]
    return [points[index] for index in sorted(keep)]


def apart(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions near the wanted ones, in the same order, at least a gap apart, between low and high."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    gap = min(gap, (high - low) / max(1, len(wanted) - 1))
    groups: list[list[float]] = []  # [sum of (wanted − offset), members]: pooled until no two groups overlap
    for index in order:
        groups.append([min(max(wanted[index], low), high), 1.0])
        while len(groups) > 1 and _start(groups[-1]) < _start(groups[-2]) + gap * groups[-2][1]:
            total, members = groups.pop()
            groups[-1][0] += total - gap * members * groups[-1][1]
            groups[-1][1] += members
    placed = [_start(group) + gap * member for group in groups for member in range(int(group[1]))]
    if placed:
        placed = [max(position, low + gap * rank) for rank, position in enumerate(placed)]
        placed = [min(position, high - gap * (len(placed) - 1 - rank)) for rank, position in enumerate(placed)]
    positions = [0.0] * len(wanted)
    for index, position in zip(order, placed, strict=True):
        positions[index] = position
    return positions


def _start(group: Sequence[float]) -> float:
    return group[0] / group[1]


def axes(size: Size, strength: Strength, vertical: Scale, y_title: str) -> Html:
    """Grid lines, ticks and titles of a plot over λ."""
    ticks = linear_ticks(vertical.low, vertical.high, LEVELS)
    parts: list[Html] = []
    for tick in ticks:
        y = vertical(tick)
        parts += [
            line(size.left, y, size.x_end, y, "grid"),
            text(size.left - 7, y + 4, tick_text(tick, ticks), "end", "tick"),
        ]
    return join([*parts, text(2, 14, y_title, class_="muted"), strength_ticks(size, strength)])


def strength_ticks(size: Size, strength: Strength) -> Html:
    """The axis of strengths along the bottom."""
    parts = [line(size.left, size.y_end, size.x_end, size.y_end, "axis")]
    for x, label in strength.ticks(size.ticks):
        parts += [line(x, size.y_end, x, size.y_end + 4, "axis"), text(x, size.y_end + 18, label, "middle", "tick")]
    y = size.height - 8
    title = f"penalty {strength.name}, log scale" if size.kind == "wide" else f"{strength.name} (log)"
    return join(
        [
            *parts,
            text(size.left, y, "← stronger", class_="muted"),
            text((size.left + size.x_end) / 2, y, title, "middle", "muted"),
            text(size.x_end, y, "weaker →", "end", "muted"),
        ]
    )


def cursor(size: Size, strength: Strength, vertical: Scale | None = None, *, row: float | None = None) -> Html:
    """The line that the slider moves, unseen until then; it tells the script where strengths and values lie.

    ``data-x`` are pixels at log10 λ = 0, for each decade, at λ = 0, and of both ends; ``data-y`` pixels at 0 and for
    each unit; ``data-row`` top and height of the first of several rows, one for each line of the grid.
    """
    x = strength.scale
    decade = (x.stop - x.start) / (x.high - x.low)
    places = [x.start - x.low * decade, decade, strength(0.0) if math.isfinite(strength.zero) else x.stop]
    places += [size.left, size.x_end]
    attributes: dict[str, str] = {"data_x": _numbers(places)}
    if vertical is not None:
        unit = (vertical.stop - vertical.start) / (vertical.high - vertical.low)
        attributes["data_y"] = _numbers([vertical.start - vertical.low * unit, unit])
    if row is not None:
        attributes["data_row"] = _numbers([size.top, row])
    return el("path", d=f"M0 {pixels(size.top)}V{pixels(size.y_end)}", class_="cursor", **attributes)


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:.7g}" for value in values)


def figure(
    identity: str,
    title: str,
    caption: str,
    draw: Callable[[Size], Html],
    sizes: Sequence[Size] = (WIDE, NARROW),
    legend: Html | None = None,
    table: Html | None = None,
) -> Html:
    """A figure drawn for a wide and for a narrow screen, of which one is shown, and its caption.

    Parameters
    ----------
    identity : str
        The element's id, also the stem of the ids within.
    title, caption : str
        The caption is one sentence on what these data show; it is the description for screen readers as well.
    draw : callable
        Draws on a canvas of the given size.
    sizes : sequence of Size
    legend : Html or None
        Stands between drawing and caption.
    table : Html or None
        The numbers of the figure, folded away below its caption.
    """
    drawings = [_svg(f"{identity}-{size.kind}", title, caption, size, draw(size)) for size in sizes]
    numbers = None if table is None else el("details", el("summary", "Show as table"), table, class_="numbers")
    return el("figure", *drawings, legend, el("figcaption", glued(caption)), numbers, id=identity)


def _svg(identity: str, title: str, description: str, size: Size, content: Html) -> Html:
    return el(
        "svg",
        el("title", title, id=f"{identity}-title"),
        el("desc", description, id=f"{identity}-desc"),
        content,
        class_=size.kind,
        viewBox=f"0 0 {pixels(size.width)} {pixels(size.height)}",
        role="img",
        aria_labelledby=f"{identity}-title {identity}-desc",
    )
