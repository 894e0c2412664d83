"""The λ slider: its panel, and the cells of the grid as data for the page's script."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.report.figures.coefficient_paths import PANELS
from shrinkwise.report.markup import NAME, Html, el
from shrinkwise.report.quality_cells import quality_cells
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.tables import OUTPUTS, most_rows
from shrinkwise.report.text import count, listed, shorten
from shrinkwise.report.words import intercept_words, plus_minus, score_words

Array = NDArray[np.float64]

STEPS = (25, 50, 100)  # strengths of a line of the grid that the slider stops at: the most that the budget allows
DIGITS = 5  # of a coefficient; four are shown
LEAST, EACH, MOST = 60_000, 200, 460_000  # bytes of a page, of each feature, and of any page, that the data may take
FEWEST = 120  # coefficients of a step of the chosen line that are there whatever they take: those that figures draw


def slider(report: ReportInput) -> Html | None:
    """The panel that moves the strength: hidden until the script fills it, absent where there is but one strength."""
    if report.result.alphas.shape[1] < 2:
        return None
    symbol = report.symbol
    controls = [
        el("label", symbol, for_="strength"),
        el("input", type="range", id="strength", min=0, autocomplete="off", aria_label=f"penalty {symbol}"),
        el("select", aria_label=report.mix_name, autocomplete="off"),
        el("button", f"Back to the chosen {symbol}", type="button"),
    ]
    return el(
        "div",
        el("div", *controls, class_="controls"),
        el("output", aria_live="polite", for_="strength"),
        role="group",
        aria_label=f"Another {symbol}",
        class_="strength",
        hidden="",
    )


def cells_of(report: ReportInput) -> dict[str, Any] | None:
    """What the slider shows: lines of the grid, each with its strengths, errors and coefficients.

    Coefficients are those of one standard deviation, nonzero ones alone: ``[cell, first, values…]``, where the cell is
    the place of a feature among the names (times the number of outputs, plus the output), from its first step on.
    """
    result, chosen = report.result, report.chosen
    if result.alphas.shape[1] < 2:
        return None
    shown = report.leading(OUTPUTS)
    lines = _fitting(report, shown)
    places = {column: place for place, column in enumerate(_columns(lines, len(shown)))}
    for line in lines:
        for entry in (*line["coef"], *line.get("times", ())):
            column, output = divmod(entry[0], len(shown))
            entry[0] = places[column] * len(shown) + output
    rank = next(rank for rank, line in enumerate(lines) if line["row"] == chosen.ratio)
    step = [line.pop("stops") for line in lines][rank].index(chosen.index)
    columns = list(places)
    return {
        "symbol": report.symbol,
        "nouns": [report.noun, f"{report.noun}s"],
        "total": len(result.feature_names),
        "unit": "" if result.network is not None else " per standard deviation",
        "chosen": [rank, step],
        "outputs": shown if result.outputs is not None else None,
        "network": result.network is not None,
        "folds": result.n_folds,
        "most": most_rows(report),
        "columns": columns,
        "names": [_name(report, column) for column in columns],
        "sd": _rounded(result.scale[columns], DIGITS + 1),
        "lines": lines,
        "omitted": _omitted(report, lines),
        "quality": quality_cells(report),
    }


def _fitting(report: ReportInput, shown: list[int]) -> list[dict[str, Any]]:
    """The lines that fit into the budget: coarse ones of all, then the chosen one finer, then the others."""
    result, chosen = report.result, report.chosen
    budget = min(LEAST + EACH * len(result.feature_names), MOST)
    best = np.min(np.where(np.isfinite(result.mean), result.mean, np.inf), axis=1)
    order = sorted(range(len(best)), key=lambda row: (row != chosen.ratio, best[row]))
    lines: dict[int, dict[str, Any]] = {}
    sizes: dict[int, int] = {}
    plan = [(row, STEPS[0]) for row in order]
    plan += [(row, steps) for rows in (order[:1], order[1:]) for steps in STEPS[1:] for row in rows]
    for row, steps in plan:
        if steps > STEPS[0] and row not in lines:
            continue
        line = _line(report, row, steps, shown)
        size = len(as_json(line).encode())
        columns = _columns((lines | {row: line}).values(), len(shown))
        names = sum(len(as_json(_name(report, column)).encode()) + 20 for column in columns)
        if sum((sizes | {row: size}).values()) + names <= budget:
            lines[row], sizes[row] = line, size
    if chosen.ratio not in lines:
        lines[chosen.ratio] = _line(report, chosen.ratio, STEPS[0], shown, FEWEST // min(len(shown), PANELS))
    return [lines[row] for row in sorted(lines)]


def _columns(lines: Iterable[dict[str, Any]], outputs: int) -> list[int]:
    """The features that lines mention."""
    return sorted({entry[0] // outputs for line in lines for entry in line["coef"]})


def _name(report: ReportInput, column: int) -> str:
    return shorten(report.result.feature_names[column], NAME)


def _omitted(report: ReportInput, lines: list[dict[str, Any]]) -> str:
    """Which cells of the grid the slider does not reach."""
    result, sentences = report.result, list[str]()
    missing = sorted(set(range(len(result.alphas))) - {line["row"] for line in lines})
    if missing:
        which = listed([report.at_mix(row) for row in missing]) if len(missing) <= 6 else count(len(missing), "mix")
        sentences.append(f"it leaves out {which}")
    if any(len(line["strength"]) < result.alphas.shape[1] for line in lines):
        sentences.append(f"it skips some values of {report.symbol}")
    if any(line["cut"] for line in lines):
        sentences.append(f"of each cell it shows the largest {report.noun}s only")
    return f"To keep this page small, {listed(sentences)}; the model file holds all." if sentences else ""


def _line(report: ReportInput, row: int, steps: int, shown: list[int], limit: int | None = None) -> dict[str, Any]:
    """A line of the grid at so many strengths; of a limit, so many features."""
    result, score = report.result, score_words(report)
    stops = _stops(report, row, steps)
    mean, se, train = (part[row, stops] for part in (result.mean, result.se, result.train_mean))
    values, columns, cut = _largest(report, row, stops, shown, limit)
    line: dict[str, Any] = {
        "row": row,
        "mix": report.at_mix(row),
        "stops": stops,
        "strength": _rounded(report.strengths(row)[stops], DIGITS + 1),
        "kept": result.support_size[row, stops].tolist(),
        "mean": _rounded(mean, DIGITS),
        "se": _rounded(se, DIGITS),
        "train": _rounded(train, DIGITS),
        "error": [plus_minus(score, *pair) for pair in zip(mean.tolist(), se.tolist(), strict=True)],
        "training": [score(value) for value in train.tolist()],
        "coef": _sparse(values, columns, DIGITS),
        "cut": cut,
    }
    if result.outputs is not None or intercept_words(report):
        intercepts = np.asarray(result.intercepts[row, stops, -1]).reshape(len(stops), -1)
        line["intercept"] = [_rounded(numbers[shown], DIGITS + 1) for numbers in intercepts]
    if result.network is not None:
        inside = sum(np.asarray(fit[stops].toarray() != 0, dtype=float) for fit in result.coefs[row][:-1])
        line["times"] = _sparse(np.asarray(inside)[:, columns, None], columns, DIGITS)
    return line


def _stops(report: ReportInput, row: int, steps: int) -> list[int]:
    """The strengths where the slider stops: evenly spread, the chosen one and that of the lowest error among them."""
    every = report.result.alphas.shape[1]
    marked = {cell.index for cell in (report.chosen, report.lowest) if cell.ratio == row}
    even = np.linspace(0, every - 1, min(every, steps - len(marked) if every > steps else every))
    return sorted({round(place) for place in even.tolist()} | marked)


def _largest(
    report: ReportInput, row: int, stops: list[int], shown: list[int], limit: int | None
) -> tuple[Array, NDArray[np.intp], bool]:
    """Coefficients per standard deviation (steps, features, outputs) of the features that a table of a step shows."""
    result, outputs = report.result, len(report.outputs)
    matrix = result.coefs[row][-1][stops]
    moving = np.unique(matrix.indices[matrix.data != 0] // outputs)
    flat = matrix[:, (moving[:, None] * outputs + np.array(shown)).ravel()].toarray()
    values = flat.reshape(len(stops), len(moving), len(shown))
    values = values * result.scale[moving][:, None] if result.network is None else values
    size, most = np.abs(values).max(axis=2, initial=0.0), most_rows(report)
    if limit is not None:
        rank = np.lexsort((-size.max(axis=0, initial=0.0), -size[stops.index(report.chosen.index)]))
        keep = np.sort(rank[:limit])
    else:
        inside = np.argsort(-size, axis=1, kind="stable")[:, :most]
        keep = np.unique(inside[np.take_along_axis(size, inside, axis=1) > 0])
    return values[:, keep], moving[keep], bool(len(keep) < len(moving))


def _sparse(values: Array, columns: NDArray[np.intp], digits: int) -> list[list[Any]]:
    """``[cell, first step, values…]`` of (steps, features, outputs), from the first nonzero to the last."""
    entries: list[list[Any]] = []
    outputs = values.shape[2]
    for place, column in enumerate(columns.tolist()):
        for output in range(outputs):
            numbers = values[:, place, output]
            inside = np.flatnonzero(numbers)
            if inside.size:
                part = numbers[inside[0] : inside[-1] + 1]
                entries.append([column * outputs + output, int(inside[0]), *_rounded(part, digits)])
    return entries


def _rounded(values: Iterable[float], digits: int) -> list[float | int | None]:
    """Numbers with so many significant digits, as short as JSON has them."""
    return [_short(float(f"{value:.{digits}g}")) for value in values]


def _short(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def as_json(data: Any) -> str:
    """JSON that can stand in a page: no character in it opens or closes anything."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def data_block(report: ReportInput) -> Html | None:
    """The element that holds the data of the slider."""
    cells = cells_of(report)
    if cells is None:
        return None
    return Html(f'<script type="application/json" id="cells">{as_json(cells)}</script>')
