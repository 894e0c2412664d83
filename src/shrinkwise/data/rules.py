"""What an encoder learned about one column: a number's median, a text column's levels; and its form in a model file."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from shrinkwise.data.expand import MISSING, OTHER
from shrinkwise.exceptions import ModelFileError


@dataclass(frozen=True)
class NumberRule:
    """A number column: missing cells become `median`; `value` and `indicator` say which outputs it has.

    `median` is None where none was needed: a fold of a column that has no missing cell.
    """

    name: str
    median: float | None
    value: bool
    indicator: bool

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the output columns."""
        value = (self.name,) if self.value else ()
        return (*value, self.missing_name) if self.indicator else value

    @property
    def missing_name(self) -> str:
        """Name of the missing indicator."""
        return f"{self.name} {MISSING}"


@dataclass(frozen=True)
class TextRule:
    """A text column: a 0/1 output for each of `levels`, in order, and, if `other`, one for all the rest."""

    name: str
    levels: tuple[str, ...]
    other: bool

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Names of the output columns."""
        levels = (*self.levels, OTHER) if self.other else self.levels
        return tuple(f"{self.name}={level}" for level in levels)


Rule = NumberRule | TextRule


def rule_to_dict(rule: Rule) -> dict[str, Any]:
    """The rule as JSON types."""
    if isinstance(rule, NumberRule):
        kept = {"median": rule.median, "value": rule.value, "indicator": rule.indicator}
        return {"kind": "number", "name": rule.name, **kept}
    return {"kind": "text", "name": rule.name, "levels": list(rule.levels), "other": rule.other}


def rule_from_dict(stored: Any) -> Rule:
    """The rule again; ModelFileError if it is not what `rule_to_dict` writes."""
    kind = stored.get("kind") if isinstance(stored, Mapping) else None
    if kind == "number":
        entry = checked(stored, {"kind": str, "name": str, "median": object, "value": bool, "indicator": bool})
        median = entry["median"]
        if median is not None:
            is_number = isinstance(median, int | float) and not isinstance(median, bool)
            if not is_number or not math.isfinite(median):
                raise nonsense(f"the median of {entry['name']!r} must be a finite number, got {median!r}")
            median = float(median)
        return NumberRule(entry["name"], median, entry["value"], entry["indicator"])
    if kind == "text":
        entry = checked(stored, {"kind": str, "name": str, "levels": list, "other": bool})
        levels = strings(entry["levels"], f"the levels of {entry['name']!r}")
        if OTHER in levels:
            raise nonsense(f"the levels of {entry['name']!r} contain {OTHER!r}, which stands for all others")
        return TextRule(entry["name"], levels, entry["other"])
    raise nonsense(f"a column is neither a number nor a text column: {str(stored)[:80]}")


def checked(stored: Any, types: Mapping[str, type]) -> Mapping[str, Any]:
    """`stored` if it has exactly these keys, with values of these types."""
    if not isinstance(stored, Mapping) or set(stored) != set(types):
        got = sorted(map(str, stored)) if isinstance(stored, Mapping) else type(stored).__name__
        raise nonsense(f"expected an entry with {sorted(types)}, got {got}")
    for key, type_ in types.items():
        value = stored[key]
        if not isinstance(value, type_) or (type_ is int and isinstance(value, bool)):
            raise nonsense(f"{key!r} must be of type {type_.__name__}, got {str(value)[:80]!r}")
    return stored


def strings(stored: list[Any], what: str) -> tuple[str, ...]:
    """`stored` as a tuple if it is a list of distinct strings."""
    if not all(isinstance(item, str) for item in stored) or len(set(stored)) != len(stored):
        raise nonsense(f"{what} must be distinct strings")
    return tuple(stored)


def nonsense(what: str) -> ModelFileError:
    """The error for an encoder that no fit wrote."""
    return ModelFileError(f"the encoder in the model file is damaged or altered: {what}; fit the model again")
