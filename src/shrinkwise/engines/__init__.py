"""Where chunks are computed."""

from shrinkwise.engines.base import Engine
from shrinkwise.engines.local import LocalEngine

__all__ = ["Engine", "LocalEngine"]
