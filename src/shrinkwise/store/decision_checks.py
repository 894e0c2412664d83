"""What the decision in a model file must look like; every flaw is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import NoneType
from typing import Any, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from shrinkwise.diagnosis.decision import RECORDS, Decision
from shrinkwise.diagnosis.quality_path import SHAPE
from shrinkwise.exceptions import UsageError
from shrinkwise.store.container import Flaw

Array = NDArray[Any]

PREFIX = "decision_"
SIZE = 50_000_000  # numbers that an array of a decision may hold
COLUMNS = {  # features by their number, -1 for none
    "stability_selection": ("selected", "unpenalized"),
    "removal_cost": ("features", "successor", "rejected", "carrier"),
    "intervals": ("features",),
}
ALIKE: dict[str, dict[str, tuple[str, ...]]] = {  # arrays of one length: "P" of all features, "RA" of the grid
    "penalty_choice": {"": ("mean", "se", "difference", "difference_se", "n_features", "better")},
    "stability_selection": {"P": ("frequency", "simultaneous")},
    "reproducibility": {"P": ("frequency",), "": ("strengths", "sizes")},
    "fit_stability": {"RA": ("strengths", "coef_spread", "prediction_spread")},
    "removal_cost": {
        "": ("features", "cost", "cost_se", "successor", "successor_gain"),
        " ": ("rejected", "slack", "carrier", "correlation"),
    },
    "budget": {"": ("cost", "mean", "se", "n_features", "line", "index")},
    "intervals": {"": ("features", "estimate", "se", "lower", "upper")},
    "quality": {"": ("values", "errors")},
    "quality_path": {"": ("index", "right")},
}


def pack_decision(decision: Decision) -> tuple[dict[str, Any], dict[str, Array]]:
    """A header of JSON types and arrays with the names that they have in the file."""
    header, arrays = decision.to_arrays()
    return header, {f"{PREFIX}{name}": np.asarray(array) for name, array in arrays.items()}


def unpack_decision(header: Any, arrays: Mapping[str, Array], grid: tuple[int, int, int]) -> Decision:
    """Inverse of :func:`pack_decision`; ``grid`` has the lines, strengths and features of the grid that it is about."""
    own = {name.removeprefix(PREFIX): array for name, array in arrays.items() if name.startswith(PREFIX)}
    if not isinstance(header, dict) or not _texts(header.get("notes")):
        raise Flaw("its decision has no notes")
    unknown = set(header) - {*RECORDS, "notes"}
    if unknown:
        raise Flaw(f"its decision has an unknown part {sorted(unknown)[0][:40]!r}")
    for part, kind in RECORDS.items():
        if part in header:
            _check_types(part, kind, header[part], own)
            _check_lengths(part, own, grid)
    if "quality_path" in header:
        _check_path(header["quality_path"], own, grid)
    try:
        return Decision.from_arrays(header, own)
    except (UsageError, TypeError, ValueError) as error:
        raise Flaw(f"its decision does not fit together ({error})") from error


def _check_types(part: str, kind: type[Any], header: Any, arrays: Mapping[str, Array]) -> None:
    """Every field is there and of its type."""
    if not isinstance(header, dict):
        raise Flaw(f"the {part} of its decision has no header")
    hints = get_type_hints(kind)
    names = {field.name for field in fields(kind)}
    if not set(header) <= names:
        raise Flaw(f"the {part} of its decision has an unknown field {sorted(set(header) - names)[0][:40]!r}")
    for field in fields(kind):
        hint, array, what = hints[field.name], arrays.get(f"{part}_{field.name}"), f"{field.name} of its {part}"
        if array is not None:
            if array.dtype.kind not in "iufb" or array.ndim > 3 or array.size > SIZE:
                raise Flaw(f"{what} must be a table of numbers, got {array.dtype} {array.shape}")
        elif field.name not in header:
            if field.default is MISSING or _is_array(hint):
                raise Flaw(f"{what} is missing")
        elif not _fits(header[field.name], hint):
            raise Flaw(f"{what} cannot be {str(header[field.name])[:40]!r}")


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value of the header is of this type: a text, a number, texts, nothing where nothing is allowed."""
    allowed = get_args(hint) if NoneType in get_args(hint) else (hint,)
    if value is None:
        return NoneType in allowed
    if isinstance(value, list):
        return _texts(value) and any(str(one).startswith("tuple") for one in allowed)
    if isinstance(value, bool):
        return bool in allowed
    if isinstance(value, int):
        return (int in allowed or float in allowed) and abs(value) < 2**63
    return type(value) in allowed


def _is_array(hint: Any) -> bool:
    return NoneType not in get_args(hint) and "ndarray" in str(hint)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _check_lengths(part: str, arrays: Mapping[str, Array], grid: tuple[int, int, int]) -> None:
    """Arrays that belong together have one length; features are features of the grid."""
    lines, strengths, features = grid
    shapes = {"P": (features,), "RA": (lines, strengths)}
    for letters, names in ALIKE.get(part, {}).items():
        there = {name: arrays[f"{part}_{name}"].shape for name in names if f"{part}_{name}" in arrays}
        wanted = shapes.get(letters, next(iter(there.values()), ()))
        for name, shape in there.items():
            if shape != wanted or len(shape) != len(letters.strip() or "m"):
                raise Flaw(f"{name} of its {part} must have shape {wanted}, got {shape}")
    for name in COLUMNS.get(part, ()):
        array = arrays[f"{part}_{name}"]
        if array.dtype.kind not in "iu" or np.any(array < -1) or np.any(array >= features):
            raise Flaw(f"{name} of its {part} must be numbers of features, from 0 to {features - 1}")


def _check_path(header: Mapping[str, Any], arrays: Mapping[str, Array], grid: tuple[int, int, int]) -> None:
    """The path of the quality lies on a line of the grid, and its tables have a row for each of its strengths."""
    (lines, strengths, _), index = grid, arrays["quality_path_index"]
    if not 0 <= header["line"] < lines:
        raise Flaw(f"line of its quality_path must be from 0 to {lines - 1}, got {header['line']}")
    inside = index.size and index[0] >= 0 and index[-1] < strengths
    if index.dtype.kind not in "iu" or not inside or np.any(index[1:] <= index[:-1]):
        raise Flaw(f"index of its quality_path must be rising numbers of strengths, from 0 to {strengths - 1}")
    for name, wanted in (("calibration", (len(index), *SHAPE)), ("confusion", (len(index), 4))):
        table = arrays.get(f"quality_path_{name}")
        if table is not None and table.shape != wanted:
            raise Flaw(f"{name} of its quality_path must have shape {wanted}, got {table.shape}")
