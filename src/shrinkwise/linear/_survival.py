"""Times, events and strata on their way from the caller, and the baseline hazard that is left over from a fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from shrinkwise.exceptions import DataError, UsageError
from shrinkwise.linear._inputs import any_array
from shrinkwise.linear._values import Array, is_missing, missing_message, numbers
from shrinkwise.losses.cox import CoxLoss
from shrinkwise.validation import non_finite_message

SHAPE = "y must hold a time and an event for each row: an array of shape (n, 2) with columns time and event, or a "
SHAPE += "structured array with fields event and time"


def read_outcome(y: Any) -> tuple[Array, Array]:
    """(time, event), float64: times > 0, events 0 or 1.

    Raises
    ------
    DataError
        If y is neither an array of two columns, time and event, nor a structured array of two fields, the event (the
        one of booleans, or else the first) and the time; or if a value is out of range.
    """
    if isinstance(y, np.ndarray) and y.dtype.names is not None:
        names = list(y.dtype.names)
        if len(names) != 2 or y.ndim != 1:
            raise DataError(f"{SHAPE}; got the fields {', '.join(names)} and the shape {y.shape}")
        flags = [name for name in names if y.dtype[name].kind == "b"]
        first = flags[0] if len(flags) == 1 else names[0]
        columns = {"event": y[first], "time": y[names[1 - names.index(first)]]}
    else:
        table = any_array(y, "y")
        if table.ndim != 2 or table.shape[1] != 2:
            raise DataError(f"{SHAPE}; got an array of shape {table.shape}")
        columns = {"time": table[:, 0], "event": table[:, 1]}
    time, event = (numbers(columns[name], f"y ({name})").astype(np.float64) for name in ("time", "event"))
    for name, values in (("time", time), ("event", event)):
        if not np.all(np.isfinite(values)):
            raise DataError(non_finite_message(values, f"y ({name})"))
    for wrong, demand, values in (
        (time <= 0, "times must be > 0", time),
        ((event != 0) & (event != 1), "events must be 0 (censored) or 1", event),
    ):
        if np.any(wrong):
            row = int(np.flatnonzero(wrong)[0])
            swapped = "; the columns of y are time and event, in this order" if values is event else ""
            raise DataError(f"y: {demand}, got {values[row]:g} at row {row}{swapped}")
    return time, event


def read_strata(strata: Any, n_samples: int) -> tuple[Array, Array]:
    """(labels in ascending order, number of the label of each row)."""
    values = any_array(strata, "strata")
    if values.ndim != 1 or len(values) != n_samples:
        raise DataError(
            f"strata must hold one label for each of the {n_samples} samples, got an array of shape {values.shape}"
        )
    for row, value in enumerate(values.tolist()):
        if is_missing(value):
            raise DataError(missing_message(value, "strata", f"row {row}"))
    try:
        labels, codes = np.unique(values, return_inverse=True)
    except TypeError as error:
        raise DataError(f"the labels in strata must be of one kind, numbers or text: {error}") from error
    return labels, codes.astype(np.intp)


@dataclass(frozen=True, eq=False)
class Baseline:
    """The cumulative hazard H₀ of η = 0 in each stratum, a step function that rises at the times of events.

    Attributes
    ----------
    strata : array of S labels, or None where there are no strata
    times : tuple of S arrays
        Distinct times of events, ascending.
    log_hazard : tuple of S arrays
        log H₀ from these times on.
    """

    strata: Array | None
    times: tuple[Array, ...]
    log_hazard: tuple[Array, ...]

    @classmethod
    def of(cls, loss: CoxLoss, event: Array, weights: Array, eta: Array, labels: Array | None) -> Baseline:
        """H₀(t) = Σ s / Σ_{at risk} s e^η over the events up to t (Breslow); with Efron's ties, over his terms."""
        at = loss.of_rows(event, weights).at(eta)
        first = at.sets.rows[at.sets.events]
        stratum = np.zeros(len(first), dtype=np.intp) if loss.stratum is None else loss.stratum[first]
        of = [np.flatnonzero(stratum == number)[::-1] for number in range(1 if labels is None else len(labels))]
        times, hazards = loss.time[first], at.log_cumulative
        return cls(labels, tuple(times[groups] for groups in of), tuple(hazards[groups] for groups in of))

    def numbers_of(self, strata: Any, n_samples: int) -> Array:
        """The number of the stratum of each row.

        Raises
        ------
        UsageError, DataError
            If strata are missing, not asked for, or unknown.
        """
        if self.strata is None:
            if strata is not None:
                raise UsageError("strata were given, but the model was fitted without them; leave them out")
            return np.zeros(n_samples, dtype=np.intp)
        if strata is None:
            raise UsageError("the model was fitted with strata: give the stratum of each row, as strata=...")
        labels, codes = read_strata(strata, n_samples)
        number = {label: i for i, label in enumerate(self.strata.tolist())}
        found = np.array([number.get(label, -1) for label in labels.tolist()])[codes]
        if np.any(found < 0):
            row = int(np.flatnonzero(found < 0)[0])
            label = labels.tolist()[codes[row]]
            raise DataError(f"the stratum {label!r} at row {row} was not in the data of the fit")
        return found

    def log_cumulative(self, times: Array, stratum: Array) -> Array:
        """log H₀ of the stratum of each row at each time, (n, T); −∞ before the first event."""
        steps = [np.append(-np.inf, hazard) for hazard in self.log_hazard]
        lines = [step[np.searchsorted(at, times, side="right")] for step, at in zip(steps, self.times, strict=True)]
        return np.asarray(np.array(lines)[stratum])

    @property
    def all_times(self) -> Array:
        """Distinct times of events of all strata, ascending."""
        return np.unique(np.concatenate(self.times))
