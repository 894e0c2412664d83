"""Numbers out of whatever a person brings: what is no number is refused with its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from shrinkwise.exceptions import DataError

Array = NDArray[Any]
Place = Callable[[tuple[int, ...]], str]


def place_of(position: tuple[int, ...]) -> str:
    """Words for a position in an array."""
    words = [f"row {position[0]}"] if position else []
    return ", ".join(words + [f"column {column}" for column in position[1:]])


def plain_array(values: Any, name: str) -> Array:
    """An array of any shape and layout, nothing copied where nothing has to be, of numbers, objects or text.

    Raises
    ------
    DataError
        If a value is masked, or the type can never become a real number.
    """
    if isinstance(values, np.ma.MaskedArray):
        masked = np.argwhere(np.ma.getmaskarray(values))
        if len(masked):
            raise DataError(
                f"Input {name} is a masked array with {len(masked)} masked (missing) values, the first at "
                f"{place_of(tuple(masked[0].tolist()))}; impute them, e.g. {name}.filled(value), or drop these rows"
            )
        values = values.data
    array = values if isinstance(values, np.ndarray) else np.asarray(values)
    if array.dtype.kind in "US" and array is not values:  # NumPy turns [1, "a"] into text
        objects = np.asarray(values, dtype=object)
        array = array if all(isinstance(value, str | bytes) for value in objects.flat) else objects
    if array.dtype.kind == "c":
        raise DataError(
            f"Complex data not supported: {name} has dtype {array.dtype}; give its real part, or real and imaginary "
            "part as features of their own"
        )
    if array.dtype.kind in "Mm":
        raise DataError(
            f"Input {name} holds dates or times (dtype {array.dtype}), which are not numbers; encode them first, e.g. "
            "as days since a start"
        )
    if array.dtype.kind == "V":
        fields = ", ".join(map(repr, array.dtype.names or ()))
        raise DataError(
            f"Input {name} is a structured array (fields {fields or 'none'}); give a plain array of numbers, e.g. by "
            "numpy.lib.recfunctions.structured_to_unstructured"
        )
    return array


def numbers(array: Array, name: str, place: Place = place_of) -> Array:
    """The array with its objects turned into float64; numeric types pass as they are.

    Raises
    ------
    DataError
        If there is text, or a missing value among the objects.
    TypeError
        If an object is no number.
    """
    if array.dtype.kind in "fiub":
        return array
    if array.dtype.kind != "O":
        first = array.ravel()[0] if array.size else ""
        raise DataError(
            f"Input {name} holds text (dtype {array.dtype}, e.g. {str(first)!r}); convert or encode it as numbers"
        )
    texts = {kind for kind in map(type, array.flat) if issubclass(kind, str | bytes)}
    if not texts:
        try:
            return array.astype(np.float64)
        except (TypeError, ValueError):
            pass
    for position in np.ndindex(array.shape):
        value = array[position]
        if isinstance(value, str | bytes):
            raise DataError(
                f"Input {name} holds text, {value!r} at {place(position)}, which cannot be used as a number; convert "
                "or encode it"
            )
        if is_missing(value):
            raise DataError(missing_message(value, name, place(position)))
        try:
            float(value)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"Input {name} holds a {type(value).__name__} at {place(position)}, which is not a number: {error}"
            ) from error
    raise DataError(f"Input {name} holds objects that cannot be used as numbers")


def is_missing(value: object) -> bool:
    """Whether an object stands for a missing value: None, NaN, pandas' NA and NaT."""
    return (
        value is None
        or type(value).__name__ in ("NAType", "NaTType")
        or bool(isinstance(value, float) and value != value)
    )


def missing_message(value: object, name: str, place: str) -> str:
    """The sentence for a missing or infinite value, like that of the core."""
    missing = is_missing(value) or value is np.ma.masked
    kind = "NaN (a missing value)" if missing else "infinity"
    return f"Input {name} contains {kind} at {place}; impute or drop it before the fit"


def series_values(series: nw.Series[Any], name: str) -> Array:
    """A column of a frame: booleans and numbers of any kind, missing as NaN; all else as objects."""
    dtype = series.dtype
    if dtype.is_temporal():
        raise DataError(
            f"Input {name} holds dates or times ({dtype}), which are not numbers; encode them first, e.g. as "
            "days since a start"
        )
    if dtype.is_numeric() or dtype == nw.Boolean:
        if series.null_count() == 0 and not dtype.is_decimal():
            values = series.to_numpy()
            if values.dtype.kind in "fiub":
                return np.asarray(values)
        return np.asarray(series.cast(nw.Float64).to_numpy())
    items = series.to_list()
    objects = np.empty(len(items), dtype=object)
    objects[:] = items
    return objects
