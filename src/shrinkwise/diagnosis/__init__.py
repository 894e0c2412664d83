"""Verdicts: pure functions that read a GridResult."""

from shrinkwise.diagnosis.comparison import Comparison, compare_with_linear
from shrinkwise.diagnosis.overfit import Verdict, overfit_verdict

__all__ = ["Comparison", "Verdict", "compare_with_linear", "overfit_verdict"]
