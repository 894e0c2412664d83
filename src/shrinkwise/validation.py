"""Checks of parameters at the face: each error names the value and the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.exceptions import DataError, UsageError


def check_number(
    name: str,
    value: object,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    above: bool = False,
    below: bool = False,
    finite: bool = True,
    hint: str = "",
) -> float:
    """A real number in [low, high], as a float; ``above`` and ``below`` leave the ends out."""
    bounds = f"> {low:g}" if above else f">= {low:g}"
    if high < np.inf:
        bounds = f"in {'(' if above else '['}{low:g}, {high:g}{')' if below else ']'}"
    wanted = f"{name} must be {bounds}, got {value!r}{'; ' + hint if hint else ''}"
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise UsageError(f"{wanted} (not a number)")
    number = float(value)
    if np.isnan(number) or not low <= number <= high or (above and number == low) or (below and number == high):
        raise UsageError(wanted)
    if finite and np.isinf(number):
        raise UsageError(wanted)
    return number


def check_count(name: str, value: object, *, low: int = 1) -> int:
    """A whole number of at least ``low``."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral) or value < low:
        raise UsageError(f"{name} must be a whole number >= {low}, got {value!r}")
    return int(value)


def check_l1_ratio(value: object) -> float:
    """A mix in [0, 1]: 0 is ridge, 1 is lasso."""
    return check_number(
        "l1_ratio", value, low=0, high=1, hint="0 is ridge, 1 is lasso; for l1/l2 factors use ElasticNet.from_l1_l2"
    )


def check_alpha(value: object) -> float:
    """A strength: zero or more, infinity allowed (all penalized coefficients are then zero)."""
    return check_number("alpha", value, low=0, finite=False, hint="alpha is the strength λ of the penalty")


def check_sequence(name: str, value: Any) -> Sequence[Any]:
    """A sequence of numbers as a list; the numbers are not looked at."""
    if isinstance(value, str | bytes):
        raise UsageError(f"{name} must be a number or a sequence of numbers, got {value!r}")
    try:
        return list(value)
    except TypeError as error:
        raise UsageError(f"{name} must be a number or a sequence of numbers, got {value!r}") from error


def check_weights(weights: object, n_samples: int, name: str = "sample_weight") -> NDArray[np.float64]:
    """Nonnegative finite weights of shape (n,), not all zero, as float64."""
    if weights is None:
        return np.ones(n_samples)
    array = np.asarray(weights)
    if array.dtype.kind not in "fiub":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(f"{name} must be numbers, got dtype {array.dtype}") from error
    if array.ndim == 0 and isinstance(weights, Real):
        array = np.full(n_samples, array)
    if array.ndim != 1:
        raise DataError(f"{name} must be 1D, one weight for each sample, got shape {array.shape}")
    if len(array) != n_samples:
        raise DataError(f"{name} has length {len(array)}, but there are {n_samples} samples")
    array = array.astype(np.float64)
    if not np.all(np.isfinite(array)):
        row = int(np.flatnonzero(~np.isfinite(array))[0])
        raise DataError(f"{name} must be finite, got {array[row]} at row {row}; drop such rows or give them weight 0")
    if np.any(array < 0):
        row = int(np.flatnonzero(array < 0)[0])
        raise DataError(f"{name} must not be negative, got {array[row]} at row {row}")
    if not np.any(array > 0):
        raise DataError(f"{name} are all zero: at least one sample needs a positive weight")
    return array


def check_offset(offset: object, n_samples: int, name: str = "offset") -> NDArray[np.float64]:
    """A known part of the linear predictor: finite, of shape (n,), as float64; one number stands for all rows."""
    try:
        array = np.asarray(offset, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} must be numbers, one for each sample, got {offset!r}") from error
    if array.ndim == 0:
        array = np.full(n_samples, array)
    if array.ndim != 1:
        raise DataError(f"{name} must be 1D, one value for each sample, got shape {array.shape}")
    if len(array) != n_samples:
        raise DataError(f"{name} has length {len(array)}, but there are {n_samples} samples")
    if not np.all(np.isfinite(array)):
        raise DataError(non_finite_message(array, name))
    return array


def check_exposure(exposure: object, n_samples: int) -> NDArray[np.float64]:
    """Exposures > 0 of shape (n,) as the offset log(exposure)."""
    array = check_offset(exposure, n_samples, "exposure")
    if np.any(array <= 0):
        row = int(np.flatnonzero(array <= 0)[0])
        raise DataError(f"exposure must be > 0, got {array[row]:g} at row {row}; drop rows that were never exposed")
    return np.asarray(np.log(array))


def non_finite_message(array: NDArray[Any], name: str = "X") -> str:
    """Where the first NaN or infinity of a dense array is, as a sentence."""
    where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    value = array[where]
    kind = "NaN (a missing value)" if np.isnan(value) else "infinity"
    place = f"row {where[0]}" + (f", column {where[1]}" if len(where) > 1 else "")
    return f"Input {name} contains {kind} at {place}; impute or drop it before the fit"
