"""Verdicts: pure functions that read a GridResult."""

from shrinkwise.diagnosis.overfit import Verdict, overfit_verdict

__all__ = ["Verdict", "overfit_verdict"]
