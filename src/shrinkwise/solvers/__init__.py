"""Solvers of one problem: coordinate descent and Newton steps on Grams, prox-Newton on working sets, FISTA."""

from shrinkwise.solvers.fista import fista
from shrinkwise.solvers.newton import Batch
from shrinkwise.solvers.quadratic import solve_quadratic, violation
from shrinkwise.solvers.working_set import WorkingSet

__all__ = ["Batch", "WorkingSet", "fista", "solve_quadratic", "violation"]
