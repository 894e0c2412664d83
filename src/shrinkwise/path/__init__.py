"""Many strengths from one warm start to the next: paths of all folds and mixes together."""

from shrinkwise.path.base import Block, FreeFit, Route
from shrinkwise.path.choose import Task, choose_route, rows_route
from shrinkwise.path.moments import MomentsRoute
from shrinkwise.path.repeats import repeats_of
from shrinkwise.path.rows import LockstepRoute
from shrinkwise.path.solve import Solution, one_problem, solve
from shrinkwise.path.strengths import alpha_max, geometric

__all__ = [
    "Block",
    "FreeFit",
    "LockstepRoute",
    "MomentsRoute",
    "Route",
    "Solution",
    "Task",
    "alpha_max",
    "choose_route",
    "geometric",
    "one_problem",
    "repeats_of",
    "rows_route",
    "solve",
]
