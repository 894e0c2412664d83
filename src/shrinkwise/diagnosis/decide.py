"""All parts of a decision, made one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from shrinkwise.diagnosis.budget import budget_frontier
from shrinkwise.diagnosis.debiased import MOST, debiased_intervals
from shrinkwise.diagnosis.decision import Decision
from shrinkwise.diagnosis.fit_stability import fit_stability
from shrinkwise.diagnosis.held_out_predictor import first_fold, held_out_predictor
from shrinkwise.diagnosis.intervals import DebiasedIntervals
from shrinkwise.diagnosis.penalty_choice import penalty_choice
from shrinkwise.diagnosis.quality import Quality, quality
from shrinkwise.diagnosis.quality_path import QualityPath, quality_path
from shrinkwise.diagnosis.refits import Observations, Refits
from shrinkwise.diagnosis.removal_cost import removal_cost
from shrinkwise.diagnosis.reproducibility import reproducibility
from shrinkwise.diagnosis.stability_selection import stability_selection
from shrinkwise.exceptions import ShrinkwiseError
from shrinkwise.resampling import Split
from shrinkwise.result import GridResult

DEBIASED = ("squared", "logistic")  # losses of debiased intervals
WIDE, FEW = 1000, 20  # columns beyond which an interval takes the better part of a second, and how many there are then


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
    X = None if refits is None or refits.data is None or result.network is not None else refits.data.encoded
    parts: dict[str, Callable[[], Any]] = {
        "penalty_choice": lambda: penalty_choice(result, refits, rule, linear),
        "fit_stability": lambda: fit_stability(result, X, rule),
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
        data.encoded,
        data.y,
        result,
        rule,
        loss=data.loss,
        limit=FEW if len(result.feature_names) > WIDE else MOST,
        sample_weight=data.weights,
        offset=data.offset,
        fit_intercept=data.fit_intercept,
    )


def _quality(result: GridResult, data: Observations, splits: Sequence[Split], rule: str) -> Quality:
    eta = held_out_predictor(result, rule, data.X, splits, data.offset, data.maps)
    folds = first_fold(splits, len(data.y))
    return quality(data.y, eta, data.loss, data.weights, offset=data.offset, folds=folds)


def _quality_path(result: GridResult, data: Observations, splits: Sequence[Split], rule: str) -> QualityPath | None:
    return quality_path(
        result, rule, data.X, data.y, splits, data.loss, data.weights, offset=data.offset, maps=data.maps
    )
