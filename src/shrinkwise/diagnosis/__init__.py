"""Verdicts: pure functions that read a GridResult."""

from shrinkwise.diagnosis.comparison import Comparison, compare_with_linear
from shrinkwise.diagnosis.overfit import Verdict, overfit_verdict
from shrinkwise.diagnosis.penalty_choice import PenaltyChoice, penalty_choice

__all__ = [
    "Comparison",
    "PenaltyChoice",
    "Verdict",
    "compare_with_linear",
    "overfit_verdict",
    "penalty_choice",
]
