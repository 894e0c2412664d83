"""Penalties: they know the coefficients and nothing else, not even their own strength."""

from shrinkwise.penalties.base import Penalty, Rows
from shrinkwise.penalties.elastic_net import ElasticNet

PENALTIES: tuple[type[Penalty], ...] = (ElasticNet,)

__all__ = ["PENALTIES", "ElasticNet", "Penalty", "Rows"]
