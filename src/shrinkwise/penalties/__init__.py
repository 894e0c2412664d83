"""Penalties: they know the coefficients and nothing else, not even their own strength."""

from shrinkwise.penalties.base import Penalty, Rows
from shrinkwise.penalties.elastic_net import ElasticNet
from shrinkwise.penalties.group_lasso import GroupLasso, group_names, penalty_of
from shrinkwise.penalties.variants import varied

PENALTIES: tuple[type[Penalty], ...] = (ElasticNet, GroupLasso)

__all__ = ["PENALTIES", "ElasticNet", "GroupLasso", "Penalty", "Rows", "group_names", "penalty_of", "varied"]
