"""Values as strict JSON and back: numbers that are not finite, NumPy scalars and tuples included."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from shrinkwise.store.container import Flaw

FLOAT = "$float"  # {"$float": "inf"}: JSON itself has no number for it
DEPTH = 50


def to_plain(value: Any, name: str, depth: int = 0) -> Any:
    """A copy made of dicts, lists, text, finite numbers, booleans and None."""
    if depth > DEPTH:
        raise Flaw(f"{name} is nested more than {DEPTH} deep")
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise Flaw(f"{name} has a key that is not text")
        return {str(key): to_plain(item, name, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item, name, depth + 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {FLOAT: str(value)}
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise Flaw(f"{name} holds a {type(value).__name__}, but only numbers, text, lists and dicts can be stored")


def from_plain(value: Any, depth: int = 0) -> Any:
    """Inverse of :func:`to_plain`, but for tuples, which come back as lists."""
    if depth > DEPTH + 2:
        raise Flaw("its header is nested too deep")
    if isinstance(value, dict):
        if value.keys() == {FLOAT}:
            if value[FLOAT] not in ("inf", "-inf", "nan"):
                raise Flaw(f"its header has the impossible number {value[FLOAT]!r}")
            return float(value[FLOAT])
        return {key: from_plain(item, depth + 1) for key, item in value.items()}
    return [from_plain(item, depth + 1) for item in value] if isinstance(value, list) else value
