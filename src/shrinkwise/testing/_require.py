"""How a check says what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

EPS = float(np.finfo(np.float64).eps)


def require(condition: Any, sentence: str) -> None:
    """Raise AssertionError with a sentence unless the condition holds (also under ``python -O``)."""
    if not bool(condition):
        raise AssertionError(sentence)


def require_close(actual: ArrayLike, expected: ArrayLike, tol: ArrayLike, what: str) -> None:
    """Equal within an absolute tolerance, entry by entry; the same infinities and NaN count as equal."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    require(actual.shape == expected.shape, f"{what} has shape {actual.shape}, expected {expected.shape}")
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(actual - expected)
    same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
    wrong = ~(same | (distance <= tol))
    if np.any(wrong):
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        allowed = np.broadcast_to(tol, actual.shape)[at]
        raise AssertionError(
            f"{what} is {actual[at]!r}, expected {expected[at]!r} within {allowed:.3g}"
            f"{f' at index {at}' if at else ''} ({int(np.sum(wrong))} of {actual.size} entries are off)"
        )
