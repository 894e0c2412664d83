"""Solvers of one problem: coordinate descent and Newton steps on Grams, prox-Newton on working sets, FISTA."""

from shrinkwise.solvers.fista import fista
from shrinkwise.solvers.newton import Track
from shrinkwise.solvers.quadratic import solve_quadratic, violation

__all__ = ["Track", "fista", "solve_quadratic", "violation"]
