"""Measurements as Markdown, ready for the README, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from measure import Row
from peers import CrossProduct
from workloads import Workload

SOUND_GAP = 1e-3  # a peer above it did not solve the problem: it is shown, but is not "the best peer"
ROUNDING = 1e-14  # what the certificate, in float64, can tell from zero
HEAD = ("tool", "min s", "median s", "runs", "×", "gap: chosen", "all data", "folds", "CV error", "remark")


def table(rows: Sequence[Row]) -> list[str]:
    """One line a tool, fastest first; × is the median time as a multiple of that of the shrinkwise estimator."""
    ours = _ours(rows)
    unit = ours[-1].median if ours else np.nan
    ordered = sorted(rows, key=lambda row: row.median if row.seconds else np.inf)
    cells = [HEAD, *(_line(row, unit) for row in ordered)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    lines = ["| " + " | ".join(text.ljust(width) for text, width in zip(line, widths)) + " |" for line in cells]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def conclusions(workload: Workload, rows: Sequence[Row]) -> list[str]:
    """The ratios that the goals are about."""
    lines = [""]
    sound = [row for row in rows if row.seconds and not row.is_ours and row.worst_gap <= SOUND_GAP]
    yardsticks = [row for row in rows if row.seconds and isinstance(row.peer, CrossProduct)]
    for row in _ours(rows):
        if sound:
            best = min(sound, key=lambda peer: peer.median)
            times = f"{best.median / row.median:.1f} times as fast as the best peer, {best.label}"
            lines.append(f"{row.label}: {times} (goal: {workload.goal:g})")
        lines += [f"{row.label}: {row.median / rule.median:.1f} times one {rule.label}" for rule in yardsticks]
    return lines


def as_json(row: Row) -> dict[str, Any]:
    numbers = {name: getattr(row, name) for name in ("gap_chosen", "gap_all", "gap_folds", "cv_error")}
    known = {name: value if np.isfinite(value) else None for name, value in numbers.items()}
    times = {"min": min(row.seconds), "median": row.median} if row.seconds else {}
    return {"tool": row.label, "seconds": row.seconds, "remark": row.remark} | times | known


def _ours(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.is_ours and row.seconds]


def _line(row: Row, unit: float) -> tuple[str, ...]:
    gaps = (row.gap_chosen, row.gap_all, row.gap_folds, row.cv_error)
    if not row.seconds:
        time, times = (f"> {row.budget:g}", _times(row.budget, unit, "> ")) if row.budget else ("—", "—")
        return (row.label, "—", time, "0", times, *map(_small, gaps), "stopped" if row.budget else row.remark)
    ratio = _times(row.median, unit)
    times = (f"{min(row.seconds):.3f}", f"{row.median:.3f}", str(len(row.seconds)), ratio)
    return (row.label, *times, *map(_small, gaps), row.remark)


def _times(seconds: float, unit: float, sign: str = "") -> str:
    return f"{sign}{seconds / unit:.2f}" if np.isfinite(unit) else "—"


def _small(value: float) -> str:
    if np.isnan(value):
        return "—"
    return "< 1e-14" if abs(value) < ROUNDING else f"{value:.0e}"
