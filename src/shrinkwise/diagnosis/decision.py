"""All that is known about a choice: the parts of the decision, and how they lie in a model file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from shrinkwise._parts import from_parts, to_parts
from shrinkwise.diagnosis.budget import BudgetFrontier
from shrinkwise.diagnosis.fit_stability import FitStability
from shrinkwise.diagnosis.intervals import DebiasedIntervals
from shrinkwise.diagnosis.penalty_choice import PenaltyChoice
from shrinkwise.diagnosis.quality import Quality
from shrinkwise.diagnosis.quality_path import QualityPath
from shrinkwise.diagnosis.removal_cost import RemovalCost
from shrinkwise.diagnosis.reproducibility import Reproducibility
from shrinkwise.diagnosis.stability_selection import StabilitySelection

Array = NDArray[Any]

RECORDS: dict[str, type[Any]] = {
    "penalty_choice": PenaltyChoice,
    "stability_selection": StabilitySelection,
    "reproducibility": Reproducibility,
    "fit_stability": FitStability,
    "removal_cost": RemovalCost,
    "budget": BudgetFrontier,
    "intervals": DebiasedIntervals,
    "quality": Quality,
    "quality_path": QualityPath,
}


@dataclass(frozen=True, eq=False)
class Decision:
    """Which penalty, which features, and how sure that is. A part is None where it was not asked for or cannot be had.

    Parameters
    ----------
    penalty_choice : PenaltyChoice or None
        No penalty, ridge, lasso, elastic net, relaxed lasso on the same folds.
    stability_selection : StabilitySelection or None
        How often each feature is selected in random halves of the rows.
    reproducibility : Reproducibility or None
        What the rule chooses where the rows are dealt to folds anew.
    fit_stability : FitStability or None
        How far coefficients move from fold to fold, over the strengths.
    removal_cost : RemovalCost or None
        What each selected feature is worth, and why the others are out.
    budget : BudgetFrontier or None
        Error against the cost of features, where features have one.
    intervals : DebiasedIntervals or None
        Debiased confidence intervals, for the squared and the logistic loss.
    quality : Quality or None
        Held-out predictions against what happened.
    quality_path : QualityPath or None
        Calibration and confusion at other strengths of the chosen line.
    notes : tuple of str
        What was left out, and why.
    """

    penalty_choice: PenaltyChoice | None = None
    stability_selection: StabilitySelection | None = None
    reproducibility: Reproducibility | None = None
    fit_stability: FitStability | None = None
    removal_cost: RemovalCost | None = None
    budget: BudgetFrontier | None = None
    intervals: DebiasedIntervals | None = None
    quality: Quality | None = None
    quality_path: QualityPath | None = None
    notes: tuple[str, ...] = ()

    def to_arrays(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """A header of JSON types and named arrays: all that a model file keeps of it."""
        header: dict[str, Any] = {"notes": list(self.notes)}
        arrays: dict[str, Array] = {}
        for name in RECORDS:
            part = getattr(self, name)
            if part is not None:
                header[name], own = to_parts(part, name)
                arrays |= own
        return header, arrays

    @classmethod
    def from_arrays(cls, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> Decision:
        """Inverse of :meth:`to_arrays`."""
        parts: dict[str, Any] = {
            name: from_parts(kind, header.get(name), arrays, name) for name, kind in RECORDS.items()
        }
        return cls(**parts, notes=tuple(header["notes"]))
