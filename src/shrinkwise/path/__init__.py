"""Many strengths from one warm start to the next: paths of all folds and mixes together."""

from shrinkwise.path.base import Block, FreeFit, Route
from shrinkwise.path.cells import moments_of_sets
from shrinkwise.path.lockstep import LockstepRoute
from shrinkwise.path.moments import MomentsRoute
from shrinkwise.path.solve import Solution, solve
from shrinkwise.path.strengths import alpha_max, geometric

__all__ = [
    "Block",
    "FreeFit",
    "LockstepRoute",
    "MomentsRoute",
    "Route",
    "Solution",
    "alpha_max",
    "geometric",
    "moments_of_sets",
    "solve",
]
