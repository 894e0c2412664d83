"""Conformance checks: whether a new loss, penalty, design or engine keeps its contract. They need numpy and scipy only.

Each check is a plain function that raises AssertionError with a sentence; call it from a test of yours. `problems`
are small random tables to try solvers on.
"""

from shrinkwise.testing.check_design import check_design
from shrinkwise.testing.check_engine import check_engine
from shrinkwise.testing.check_loss import check_loss
from shrinkwise.testing.check_penalty import check_penalty
from shrinkwise.testing.problems import Case, problems

__all__ = ["Case", "check_design", "check_engine", "check_loss", "check_penalty", "problems"]
