"""Figures of one row a name: the name to the left, a dot or bar with its error, the number to the right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from shrinkwise.report.figures.chart import (
    NARROW,
    WIDE,
    Scale,
    Size,
    line,
    linear_ticks,
    text,
    tick_text,
)
from shrinkwise.report.figures.plane import WHISKER
from shrinkwise.report.markup import Html, el, join, pixels
from shrinkwise.report.text import shorten

ROWS = 24  # of a figure at most
TABLE = 30  # of its table at most
HEIGHT = 21.0
LETTER = 7.0  # pixels that a digit takes

NAMES = 40  # columns of a name in its table


def named_head(name: str) -> Html:
    """The head of a row of a figure's table: a name, isolated and shortened, without a tooltip."""
    return el("th", el("bdi", shorten(name, NAMES)), scope="row")


@dataclass(frozen=True)
class Row:
    """What a row shows: a value with its standard error, or with the ends of intervals, and words to the right."""

    name: str
    value: float
    se: float = math.nan
    words: str = ""
    more: str = ""  # after the words, where there is room
    class_: str = "cv"
    second: float = math.nan  # a ring beside the value
    ends: tuple[float, float] | None = None  # of the thin whisker, in place of two standard errors
    inner: tuple[float, float] | None = None  # of the thick whisker, in place of one


@dataclass(frozen=True)
class RowPlot:
    """All rows of a figure and the axis below them."""

    rows: Sequence[Row]
    x_title: str
    bars: bool = False  # from zero; else dots
    most: float | None = None  # where the axis ends, if not at the most that a row shows
    limit: float | None = None  # the axis goes no further than this to either side
    percent: bool = False
    mark: tuple[float, str] | None = None  # a vertical line and its name

    def sizes(self, right: tuple[float, float] = (120.0, 96.0)) -> tuple[Size, Size]:
        """A wide and a narrow canvas that hold so many rows."""
        height, top = HEIGHT * len(self.rows), 26.0 if self.mark else 10.0
        longest = max((len(row.words) for row in self.rows), default=0)
        room = [max(least, 16 + LETTER * longest) for least in right]
        wide = replace(WIDE, left=190.0, right=room[0], top=top, height=top + height + 46)
        narrow = replace(NARROW, left=104.0, right=room[1], top=top, height=top + height + 44)
        return wide, narrow

    def scale(self, size: Size) -> Scale:
        """From the least to the most that any row shows; what lies far beyond all others stands at the edge."""
        points = [point for row in self.rows for point in self._reach(row) if math.isfinite(point)]
        points += [0.0] if self.bars or all(row.ends is None for row in self.rows) else []
        points += [self.mark[0]] if self.mark else []
        if self.most is not None:
            points.append(self.most)
        high = self._without_outlier([max(0.0, *self._reach(row)) for row in self.rows], max(points, default=1.0))
        low = -self._without_outlier(
            [max(0.0, *(-p for p in self._reach(row))) for row in self.rows], -min(points, default=0.0)
        )
        if self.limit is not None:
            low, high = max(low, -self.limit), min(high, self.limit)
        room = 0.04 * (high - low) or abs(high) * 0.1 or 1.0
        return Scale(low if self.bars and low == 0 else low - room, high + room, size.left, size.x_end)

    @staticmethod
    def _without_outlier(reach: Sequence[float], most: float) -> float:
        """The most, or where one row reaches five times as far as all others, twice theirs."""
        known = sorted(value for value in reach if math.isfinite(value))
        second = known[-2] if len(known) > 2 else 0.0
        return min(most, 2 * second) if second > 0 and most > 5 * second else most

    @staticmethod
    def _reach(row: Row) -> tuple[float, float]:
        if row.ends is not None:
            return row.ends
        away = WHISKER * row.se if math.isfinite(row.se) else 0.0
        return row.value - away, row.value + away

    def draw(self, size: Size) -> Html:
        """The drawing on one canvas: of each kind of mark one element, so that many rows stay small."""
        x, room = self.scale(size), int((size.left - 12) / (size.font * 0.6))
        heights = [size.top + HEIGHT * (rank + 0.5) for rank in range(len(self.rows))]
        names = [text(size.left - 9, y + 4, shorten(row.name, room)) for row, y in zip(self.rows, heights, strict=True)]
        more = [row.more if size.kind == "wide" else "" for row in self.rows]
        numbers = [
            text(size.x_end + 10, y + 4, row.words + extra)
            for row, y, extra in zip(self.rows, heights, more, strict=True)
            if row.words
        ]
        parts = [
            self._axis(size, x),
            el("g", *names, class_="names", text_anchor="end"),
            *self._marks(heights, x),
            el("g", *numbers, class_="muted"),
        ]
        if self.mark:
            at = x(self.mark[0])
            side = "end" if at > (size.left + size.x_end) / 2 else "start"
            parts += [
                line(at, size.top - 6, at, size.y_end, "mark chosen"),
                text(at + (4 if side == "end" else -4), size.top - 11, self.mark[1], side, "muted"),
            ]
        return join(parts)

    def _axis(self, size: Size, x: Scale) -> Html:
        ticks, parts = linear_ticks(x.low, x.high, size.ticks - 2), []
        shown = [100 * tick for tick in ticks] if self.percent else ticks
        for tick, number in zip(ticks, shown, strict=True):
            words = tick_text(number, shown) + (" %" if self.percent else "")
            parts += [
                line(x(tick), size.top, x(tick), size.y_end, "grid"),
                text(x(tick), size.y_end + 16, words, "middle", "tick"),
            ]
        parts.append(line(size.left, size.y_end, size.x_end, size.y_end, "axis"))
        if x.inside(0.0):
            parts.append(line(x(0.0), size.top, x(0.0), size.y_end, "zero"))
        middle = (size.left + size.x_end) / 2
        return join([*parts, text(middle, size.height - 6, self.x_title, "middle", "muted")])

    def _marks(self, heights: Sequence[float], x: Scale) -> list[Html]:
        """Bars or whiskers and dots, and rings: what shares a class is one path; all is cut off at the frame."""

        def at(value: float) -> float:
            return x(min(max(value, x.low), x.high))

        found: dict[str, list[str]] = {}
        beyond: list[Html] = []

        def stretch(start: float, stop: float, y: float, class_: str) -> None:
            found.setdefault(class_, []).append(f"M{pixels(at(start))} {pixels(y)}H{pixels(at(stop))}")

        for row, y in zip(self.rows, heights, strict=True):
            if self.bars:
                stretch(0.0, row.value, y, f"bars-of {row.class_}")
            else:
                low, high = self._reach(row)
                if high > low:
                    stretch(low, high, y, f"whisker {row.class_}")
                if (inner := self._inner(row)) is not None:
                    stretch(*inner, y, f"whisker thick {row.class_}")
                if x.inside(row.value):
                    stretch(row.value, row.value, y, f"dots {row.class_}")
                elif math.isfinite(row.value):
                    beyond.append(text(at(row.value), y + 4, "▸" if row.value > x.high else "◂", "middle", row.class_))
            if math.isfinite(row.second) and x.inside(row.second):
                beyond.append(el("circle", cx=x(row.second), cy=y, r=4, class_="ring-mark"))
        order = sorted(found, key=lambda class_: ("dots" in class_, "thick" in class_))
        return [*(el("path", d="".join(found[class_]), class_=class_) for class_ in order), *beyond]

    @staticmethod
    def _inner(row: Row) -> tuple[float, float] | None:
        """The ends of the thick whisker."""
        if row.inner is None and row.ends is None and math.isfinite(row.se) and row.se > 0:
            return row.value - row.se, row.value + row.se
        return row.inner
