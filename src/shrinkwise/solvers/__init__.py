"""Solvers of one problem: coordinate descent and Newton steps on Grams, prox-Newton on working sets, FISTA."""

from shrinkwise.solvers.fista import fista
from shrinkwise.solvers.newton import Batch, WorkingSet
from shrinkwise.solvers.quadratic import solve_quadratic, violation

__all__ = ["Batch", "WorkingSet", "fista", "solve_quadratic", "violation"]
