"""Verdicts: pure functions that read a GridResult."""

from shrinkwise.diagnosis.budget import BudgetFrontier, budget_frontier
from shrinkwise.diagnosis.comparison import Comparison, compare_with_linear
from shrinkwise.diagnosis.overfit import Verdict, overfit_verdict
from shrinkwise.diagnosis.removal_cost import RemovalCost, removal_cost

__all__ = [
    "BudgetFrontier",
    "Comparison",
    "RemovalCost",
    "Verdict",
    "budget_frontier",
    "compare_with_linear",
    "overfit_verdict",
    "removal_cost",
]
