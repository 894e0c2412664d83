"""The quality of predictions at other strengths, as data for the page's script."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.diagnosis.quality_path import QualityPath
from shrinkwise.report.decision_words import decided
from shrinkwise.report.report_input import ReportInput

Array = NDArray[Any]

DIGITS = 4  # of the range of the figure: no pixel of it is finer
STRENGTH = 6  # digits of a strength, as the slider has them


def quality_cells(report: ReportInput) -> dict[str, Any] | None:
    """Calibration and confusion along the chosen line; None where nothing follows the slider.

    ``bins`` has of each strength a list of prediction, outcome and standard error of each bin, one after the other;
    ``confusion`` true and false negatives, false and true positives; ``right`` the share of right classes.
    """
    path: QualityPath | None = decided(report, "quality_path")
    chosen = report.chosen
    if path is None or decided(report, "quality") is None or path.line != chosen.ratio:
        return None
    own = np.flatnonzero(path.index == chosen.index)
    if not own.size:
        return None
    shown = path.calibration[own[0], :, :2]
    if path.confusion is None and path.right is None and np.count_nonzero(np.isfinite(shown[:, 0])) < 2:
        return None  # no figure either
    spread = float(np.nanmax(shown) - np.nanmin(shown)) if np.any(np.isfinite(shown)) else 0.0
    decimals = DIGITS - 1 - math.floor(math.log10(spread)) if spread > 0 else DIGITS
    cells: dict[str, Any] = {
        "strength": [float(f"{value:.{STRENGTH}g}") for value in report.strengths(path.line)[path.index].tolist()],
        "bins": [_bins(table, decimals) for table in path.calibration],
    }
    if path.confusion is not None:
        cells["confusion"] = [[_short(float(f"{value:.12g}")) for value in row] for row in path.confusion.tolist()]
    if path.right is not None:
        cells["right"] = [_short(round(value, DIGITS)) for value in path.right.tolist()]
    return cells


def _bins(table: Array, decimals: int) -> list[float | int | None]:
    """The bins that there are: prediction, outcome, SE; the error with fewer digits."""
    there = table[np.all(np.isfinite(table[:, :2]), axis=1)]
    return [_short(round(value, decimals)) for value in there.ravel().tolist()]


def _short(value: float) -> float | int | None:
    """As short as JSON has it; None for what is not a number."""
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 1e15 else value
