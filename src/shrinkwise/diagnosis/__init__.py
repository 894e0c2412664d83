"""Verdicts: pure functions that read a GridResult."""

from shrinkwise.diagnosis.comparison import Comparison, compare_with_linear
from shrinkwise.diagnosis.overfit import Verdict, overfit_verdict
from shrinkwise.diagnosis.paired_rows import PairedRows, paired_rows

__all__ = ["Comparison", "PairedRows", "Verdict", "compare_with_linear", "overfit_verdict", "paired_rows"]
