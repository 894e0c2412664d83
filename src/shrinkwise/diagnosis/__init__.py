"""Verdicts: pure functions that read a GridResult, and ask `Refits` for others like it."""

from shrinkwise.diagnosis.comparison import Comparison, compare_with_linear
from shrinkwise.diagnosis.fit_stability import FitStability, fit_stability
from shrinkwise.diagnosis.overfit import Verdict, overfit_verdict
from shrinkwise.diagnosis.reproducibility import Reproducibility, reproducibility
from shrinkwise.diagnosis.stability_selection import StabilitySelection, stability_selection

__all__ = [
    "Comparison",
    "FitStability",
    "Reproducibility",
    "StabilitySelection",
    "Verdict",
    "compare_with_linear",
    "fit_stability",
    "overfit_verdict",
    "reproducibility",
    "stability_selection",
]
