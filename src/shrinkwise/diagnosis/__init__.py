"""Verdicts: pure functions that read a GridResult, and what was refitted on the same data.

`decide.decide` makes all parts of a decision, and `debiased.debiased_intervals` intervals: they need the solvers.
"""

from shrinkwise.diagnosis.budget import BudgetFrontier, budget_frontier
from shrinkwise.diagnosis.comparison import Comparison, compare_with_linear
from shrinkwise.diagnosis.decision import Decision
from shrinkwise.diagnosis.fit_stability import FitStability, fit_stability
from shrinkwise.diagnosis.held_out_predictor import first_fold, held_out_predictor
from shrinkwise.diagnosis.intervals import DebiasedIntervals
from shrinkwise.diagnosis.overfit import Verdict, overfit_verdict
from shrinkwise.diagnosis.paired_rows import PairedRows, paired_rows
from shrinkwise.diagnosis.penalty_choice import PenaltyChoice, penalty_choice
from shrinkwise.diagnosis.quality import Quality, quality
from shrinkwise.diagnosis.quality_path import QualityPath, quality_path
from shrinkwise.diagnosis.refits import Refits
from shrinkwise.diagnosis.removal_cost import RemovalCost, removal_cost
from shrinkwise.diagnosis.reproducibility import Reproducibility, reproducibility
from shrinkwise.diagnosis.stability_selection import StabilitySelection, stability_selection

__all__ = [
    "BudgetFrontier",
    "Comparison",
    "DebiasedIntervals",
    "Decision",
    "FitStability",
    "PairedRows",
    "PenaltyChoice",
    "Quality",
    "QualityPath",
    "Refits",
    "RemovalCost",
    "Reproducibility",
    "StabilitySelection",
    "Verdict",
    "budget_frontier",
    "compare_with_linear",
    "first_fold",
    "fit_stability",
    "held_out_predictor",
    "overfit_verdict",
    "paired_rows",
    "penalty_choice",
    "quality",
    "quality_path",
    "removal_cost",
    "reproducibility",
    "stability_selection",
]
