"""Verdicts: pure functions that read a GridResult."""

from shrinkwise.diagnosis.comparison import Comparison, compare_with_linear
from shrinkwise.diagnosis.debiased import DebiasedIntervals, debiased_intervals
from shrinkwise.diagnosis.overfit import Verdict, overfit_verdict

__all__ = [
    "Comparison",
    "DebiasedIntervals",
    "Verdict",
    "compare_with_linear",
    "debiased_intervals",
    "overfit_verdict",
]
