"""All that is known about a choice: the parts of the decision, and how they lie in a model file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from shrinkwise._parts import from_parts, to_parts
from shrinkwise.diagnosis.budget import BudgetFrontier, budget_frontier
from shrinkwise.diagnosis.debiased import DebiasedIntervals, debiased_intervals
from shrinkwise.diagnosis.fit_stability import FitStability, fit_stability
from shrinkwise.diagnosis.held_out_predictor import first_fold, held_out_predictor
from shrinkwise.diagnosis.penalty_choice import PenaltyChoice, penalty_choice
from shrinkwise.diagnosis.quality import Quality, quality
from shrinkwise.diagnosis.quality_path import QualityPath, quality_path
from shrinkwise.diagnosis.refits import Observations, Refits
from shrinkwise.diagnosis.removal_cost import RemovalCost, removal_cost
from shrinkwise.diagnosis.reproducibility import Reproducibility, reproducibility
from shrinkwise.diagnosis.stability_selection import StabilitySelection, stability_selection
from shrinkwise.exceptions import ShrinkwiseError
from shrinkwise.resampling import Split
from shrinkwise.result import GridResult

Array = NDArray[Any]

DEBIASED = ("squared", "logistic")  # losses of debiased intervals
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

    @property
    def sentences(self) -> tuple[str, ...]:
        """What its parts say, a sentence each."""
        parts = (getattr(self, name) for name in RECORDS)
        return tuple(part.sentence for part in parts if part is not None)

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


def decide(
    result: GridResult,
    refits: Refits | None,
    rule: str = "1se",
    *,
    linear: GridResult | None = None,
    progress: Callable[[str], object] | None = None,
) -> Decision:
    """Find out how sure the choice of a rule is: every part of a `Decision` that these data and this model allow.

    Parameters
    ----------
    result : GridResult
    refits : Refits or None
        Its data, bound by `shrinkwise.refitting.refits_of`; None leaves parts that need them out.
    rule : str
    linear : GridResult or None
        Beside networks: linear models in the same folds.
    progress : function (words), optional
        Told before each part.

    Returns
    -------
    Decision
        A part that fails for a reason that can be told is left out, and its reason is in the notes.
    """
    found: dict[str, Any] = {}
    notes = []
    for name, make in _parts(result, refits, rule, linear).items():
        words = name.replace("_", " ")
        if progress is not None:
            progress(words)
        try:
            found[name] = make()
        except ShrinkwiseError as error:
            notes.append(f"The part on {words} was left out: {error}")
    return Decision(**found, notes=tuple(notes))


def _parts(
    result: GridResult, refits: Refits | None, rule: str, linear: GridResult | None
) -> dict[str, Callable[[], Any]]:
    """What makes each part; only what can be asked of these."""
    parts: dict[str, Callable[[], Any]] = {
        "penalty_choice": lambda: penalty_choice(result, refits, rule, linear),
        "fit_stability": lambda: fit_stability(result),
    }
    if refits is None or result.network is not None:
        return parts
    parts |= {
        "stability_selection": lambda: stability_selection(result, refits, rule=rule),
        "reproducibility": lambda: reproducibility(result, refits, rule),
        "removal_cost": lambda: removal_cost(result, refits, rule),
    }
    if result.costs is not None:
        parts["budget"] = lambda: budget_frontier(result, refits)
    data = refits.data
    if data is None:
        return parts
    if data.loss.name in DEBIASED and result.outputs is None:
        parts["intervals"] = lambda: _intervals(result, data, rule)
    parts["quality"] = lambda: _quality(result, data, refits.splits, rule)
    parts["quality_path"] = lambda: _quality_path(result, data, refits.splits, rule)
    return parts


def _intervals(result: GridResult, data: Observations, rule: str) -> DebiasedIntervals:
    return debiased_intervals(
        data.encoded, data.y, result, rule, loss=data.loss, sample_weight=data.weights, offset=data.offset
    )


def _quality(result: GridResult, data: Observations, splits: Sequence[Split], rule: str) -> Quality:
    eta = held_out_predictor(result, rule, data.X, splits, data.offset, data.maps)
    folds = first_fold(splits, len(data.y))
    return quality(data.y, eta, data.loss, data.weights, offset=data.offset, folds=folds)


def _quality_path(result: GridResult, data: Observations, splits: Sequence[Split], rule: str) -> QualityPath | None:
    return quality_path(
        result, rule, data.X, data.y, splits, data.loss, data.weights, offset=data.offset, maps=data.maps
    )
